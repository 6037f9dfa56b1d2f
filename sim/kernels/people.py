"""The consumers as arrays, and the numbers that the consumer kernels read.

N consumers, J categories, K SKUs, O offers (channels, then pre-sale), C cities, W warehouses,
S segments, G groups. float32 where it suffices: 24 bytes of scalars and 12 bytes a category and
person.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
I16 = NDArray[np.int16]
U8 = NDArray[np.uint8]

NEVER = -10_000
"""Day number of something that has not happened."""

START, ORGANIC, PAID, FESTIVAL, PROSPECT = 0, 1, 2, 3, 255
"""How a customer was won: was one at the start, came by himself, by paid traffic, by a festival."""

STAYED, NATURAL, LATE, STOCKOUT, WAIT, REGRET = 0, 1, 2, 3, 4, 5
CAUSES: tuple[str, ...] = ("stayed", "natural", "late", "stockout", "wait", "regret")
"""Why a customer left: by nature, or because of what last hurt his trust."""


class People(NamedTuple):
    """One row a consumer. Days are simulated days, fractions allowed where float."""

    segment: U8
    city: U8
    channel: U8
    source: U8
    grievance: U8  # cause of the last loss of trust
    left: U8  # cause of leaving, 0 while he stays
    visit_rate: F32  # own visits a day as a customer, at starting trust
    rate: F32  # visits a day now: discovery for prospects, 0 for those who left
    leave_chance: F32  # chance to leave after an order, by nature
    beta: F32  # price coefficient
    hassle: F32
    trust: F32
    fatigue: F32  # as of fatigue_day
    fatigue_day: I16
    message_day: I16  # day on which the last message is felt
    message_coupon: I32  # fen off an order, valid seven days
    orders: I32
    first_day: I16
    last_day: I16
    pantry: F32  # (N, J) day on which the stock at home runs out
    reference: F32  # (N, J) remembered price index, as of reference_day
    reference_day: I16  # (N, J)


class Mind(NamedTuple):
    """Parameters of the consumers' behaviour; by segment (S), category (J) or SKU (K)."""

    need: F64  # (S, J) chance to look at a category with an empty pantry
    appeal: F64  # (S, K) utility at list price and starting trust
    loss_aversion: F64  # (S,)
    impatience: F64  # (S,) per day
    storage: F64  # (S,) packs
    service: F64  # (S,)
    beta_factor: F64  # (J,)
    not_now: F64  # (J,)
    pack_days: F64  # (J,)
    storability: F64  # (J,)
    expansion: F64  # (J,)
    first_sku: I64  # (J + 1,) SKUs are sorted by category: category j is first_sku[j]:first_sku[j+1]
    reference_weight: float
    reference_memory: float  # per day
    waiting_weight: float
    waiting_intercept: float
    stockpiling: float
    fatigue_per_ritual: float  # added once a festival, per ritual strength
    fatigue_decay: float  # per day, log
    fatigue_damping: float
    message_attention: float
    trust_start: float
    trust_visit: float
    trust_choice: float
    kept_promise: float
    late_first: float
    late_established: float
    stockout_hit: float
    wait_hit: float
    leave_weight: float
    event_acquired_rate: float
    other_channel: float  # utility lost in a channel that is not one's own


class Slice(NamedTuple):
    """What is on offer in a part of a day in which no public offer changes."""

    begin: int  # seconds from midnight
    end: int
    log_index: F64  # (24, O, K) log of price / list price, public mechanics in, coupon not
    price: I64  # (24, O, K) fen, likewise
    shelf: I64  # (24, O, K) fen before the markdown
    floor: I64  # (K,) fen, lowest price paid
    listed: I64  # (K,) fen
    coupon: I64  # (G, K) fen
    offers: int  # offers open now: channels, and pre-sale when one runs
    eligible: U8  # (K,) counts toward the threshold
    presale: U8  # (K,) can be had in pre-sale
    presale_days: float  # until the balance is due
    threshold_spend: int  # fen, 0 = no rule
    threshold_save: int
    threshold_pull: float  # utility per unit of beta of an eligible SKU, before hassle
    wait_index: F64  # (J,) log price index that the next announced event promises, 0 = none
    wait_days: F64  # (J,) days until it starts
    outside: float  # rival's utility added to "not now"
    ritual: float  # strength running now
    ritual_day: int  # day on which that festival began
    paid_share: float  # share of visits that paid traffic brings


class Lines(NamedTuple):
    """Order lines as they are written by the shop kernel; one visit's lines share an order number."""

    order: I32
    consumer: I32
    second: I32  # of the day
    sku: I16
    units: I16
    offer: U8
    warehouse: U8
    filler: U8
    listed: I32  # fen a line, before anything
    markdown: I32  # fen: list minus public price
    threshold: I32
    coupon: I32
    paid: I32


class Tallies(NamedTuple):
    """Counters of a day, added to by the kernels."""

    visits: I64  # (C,)
    wanted: I64  # (K, C) units that would have been bought with everything on the shelf
    lost: I64  # (K, C) of these, refused for want of stock
    sold: I64  # (K, C)
    group_orders: I64  # (G,)
    orders_by_hour: I64  # (24,)
    corrections: I64  # (1,) lines on which the margin floor bound
    won: I64  # (4,) new customers by source


def empty_lines(size: int) -> Lines:
    """Room for `size` lines."""
    kinds = {"second": np.int32, "order": np.int32, "consumer": np.int32, "sku": np.int16, "units": np.int16,
             "offer": np.uint8, "warehouse": np.uint8, "filler": np.uint8}  # fmt: skip
    return Lines(**{name: np.zeros(size, kinds.get(name, np.int32)) for name in Lines._fields})


def empty_tallies(cities: int, skus: int, groups: int) -> Tallies:
    """All counters at zero."""
    zero = np.zeros
    return Tallies(
        visits=zero(cities, np.int64), wanted=zero((skus, cities), np.int64), lost=zero((skus, cities), np.int64),
        sold=zero((skus, cities), np.int64), group_orders=zero(groups, np.int64), orders_by_hour=zero(24, np.int64),
        corrections=zero(1, np.int64), won=zero(4, np.int64),
    )  # fmt: skip
