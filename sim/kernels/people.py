"""The consumers as arrays, and the numbers that the consumer kernels read.

N consumers, J categories, K SKUs, V variants (sizes), O offers (channels, then pre-sale), A alternatives
(SKU x offer), C cities, W warehouses, S segments, G groups, Z zones (cities with the same campaigns), H clocks
(hours with the same shelf prices and channels). What a whole sweep reads is a column; what one visit reads of a person
lies side by side, his row and then his cells, in one cache line up to four categories: 48 bytes and 12 a category.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
I16 = NDArray[np.int16]
U8 = NDArray[np.uint8]
U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]
Rows = NDArray[Any]

NEVER = -10_000
"""Day number of something that has not happened."""

START, ORGANIC, PAID, FESTIVAL, PROSPECT = 0, 1, 2, 3, 255
"""How a customer was won: was one at the start, came by himself, by paid traffic, by a festival."""

STAYED, NATURAL, LATE, STOCKOUT, WAIT, REGRET, GIFT = 0, 1, 2, 3, 4, 5, 6
CAUSES: tuple[str, ...] = ("stayed", "natural", "late", "stockout", "wait", "regret", "gift")
"""Why a customer left: by nature, or because of what took most of his trust."""

GRIEVANCES = len(CAUSES) - LATE
"""Causes that take trust; grief of cause `c` is column `c - LATE`."""

FINE = 1.0 / 16_384
"""Step in which a remembered price index is kept: finer than a fen on 160 yuan."""

PUT_OFF = 32_768
"""Added to a remembered price (at most 2 times the list price) while a purchase is put off until an announced event."""

CLOSED = np.float32(-1e30)
"""Utility of what is not on offer."""

LANES = 16
"""Blocks of alternatives are padded to a multiple of this many, so that loops over them are whole vectors."""

ROW = np.dtype(
    [
        ("beta", np.float32),  # price coefficient
        ("trust", np.float32),
        ("coupon", np.int32),  # fen off a unit from the last message, valid seven days
        ("orders", np.uint8),  # at most 255
        ("channel", np.uint8),
        ("segment", np.uint8),  # again, as columns are: one cache line less a visit, in bytes that align the row
        ("city", np.uint8),
    ],
    align=True,
)
"""What a visit reads of a person: 16 bytes."""

BOND = np.dtype(
    [
        ("visit_rate", np.float32),  # own visits a day as a customer, at starting trust
        ("fatigue", np.float32),  # as of fatigue_day
        ("fatigue_day", np.int16),
        ("judged_day", np.int16),  # last order day up to which his chance to leave has been drawn
    ],
    align=True,
)
"""What festivals, messages and deliveries read of a person, a plain visit does not: 12 bytes."""

CELL = np.dtype(
    [
        ("pantry", np.float32),  # day on which the stock at home runs out
        ("reference", np.uint16),  # remembered price index in steps of FINE, as of reference_day; + PUT_OFF
        ("reference_day", np.int16),
        ("bought_day", np.int16),
        ("paid", np.uint8),  # price index paid then, in hundredths, + MATCHED; 0 = nothing to compare with
        ("bought", np.uint8),  # which SKU of the category it was; from 255 on not remembered
    ],
    align=True,
)
"""What a visit reads of a person and category: 12 bytes."""

LINE = np.dtype(
    [("entity", np.int64)]  # its buyer, day and SKU in one: what later draws of it are keyed by; set when it ships
    + [(name, np.int32) for name in (
        "order", "consumer",
        "second",  # of the day; when it ships, from the first midnight on
        "due",  # second from the first midnight at which a pre-sale balance falls due, 0 = paid at once
        "staged",  # job that packs it ahead of its balance, -1 = none; set when it ships
        "listed",  # fen a line, before anything
        "markdown",  # fen: list minus public price
        "bundle", "threshold", "coupon",  # fen
        "deposit",  # fen of `paid` that were paid as a pre-sale deposit
        "paid",  # fen: listed - markdown - bundle - threshold - coupon
    )]
    + [(name, np.int16) for name in ("sku", "variant", "units")]
    + [(name, np.uint8) for name in (
        "city", "segment",  # its buyer's
        "offer", "warehouse",
        "home",  # the node that it would come back to; set when it ships
        "till",  # 1 = taken home from a store; set when it ships
        "filler",  # 1 = a unit was added to reach a threshold or as a bundle's second part
        "misfit",  # 1 = a neighbour of one's own size
        "joins",  # 1 = its bundle's partner is wanted too
        "gift",  # 0 none promised, 1 in the parcel, 2 promised and gone
        "event",  # 1 = ordered at a festival or in pre-sale
    )],
    align=True,
)  # fmt: skip
"""An itemised order line; the lines of one visit share an order number."""

MATCHED = 128
"""Added to a price paid under a price-match promise."""

CLAIM = np.dtype([("consumer", np.int32), ("sku", np.int32), ("index", np.float64)])
"""A buyer under a price-match promise has seen his SKU at this lower price index."""


CACHE_LINE = 64
"""Bytes."""


class People(NamedTuple):
    """One row a consumer. Days are simulated days, fractions allowed where float."""

    rate: F32  # visits a day now: discovery for prospects, 0 for those who left
    segment: U8
    city: U8
    source: U8
    left: U8  # cause of leaving, 0 while he stays
    stage: U8  # life-cycle stage this morning, an index of `contracts.STAGES`
    first_day: I16
    last_day: I16
    message_day: I16  # day on which the last message is felt
    grief: U8  # (N, GRIEVANCES) trust lost so far by cause, in hundredths, at most 2.55
    bond: Rows  # (N,) of BOND
    row: Rows  # (N,) of ROW
    cell: Rows  # (N, J) of CELL, each person's beside his row

    def bytes_each(self) -> float:
        """Memory that a person takes, what fills up his cache line included."""
        columns = [column for column in self if column is not self.row and column is not self.cell]
        return self.row.strides[0] + sum(column.nbytes for column in columns) / self.row.size


def _record(**fields: Any) -> np.dtype[Any]:
    return np.dtype(list(fields.items()), align=True)


_F8, _F4, _I8, _U4, _U1 = np.float64, np.float32, np.int64, np.uint32, np.uint8

TEMPER = _record(loss_aversion=_F4, impatience=_F8, hassle=_F8, storage=_F8, service=_F8)
"""A segment: loss aversion; utility lost a day of waiting; mean aversion to deposits and arithmetic; packs of room;
service sensitivity."""

DEMAND = _record(
    first=_I8, lanes=_I8, all_lanes=_I8, key=_U4, later_key=_U4, beta_factor=_F4, not_now=_F8, pack_days=_F8, storability=_F8,
    expansion=_F8,
)  # fmt: skip
"""A category: its alternatives are first : first + all_lanes, pads included, those in pre-sale behind `lanes`; keys of draws from its name; utility of not buying;
days a pack lasts; 0 perishable .. 1 storable; share of extra stock that is used up on top."""

ITEM = _record(
    category=_I8, place=_I8, first_variant=_I8, variants=_I8, keep=_F8, listed=_I8, floor=_I8,
)  # fmt: skip
"""An SKU: its category and its place in it; its sizes; share of a pack's
days until it is replaced (trade-in shortens them); list price and lowest price paid, fen."""

ZONE = _record(
    ritual=_F8, ritual_day=_I8, presale_due=_I8, presale_share=_F8, presale_days=_F8, threshold_spend=_I8,
    threshold_save=_I8, threshold_pull=_F8,
)  # fmt: skip
"""What runs in the cities of a zone: ritual strength and the day on which that festival began; second at which
pre-sale balances fall due (0 = no pre-sale), deposit as a share, days until then; threshold in fen (0 = no rule),
its saving, and the utility per unit of beta that it lends an eligible SKU, before hassle."""

TERMS = _record(matched=_U1, partner=_I8, saving=_F8, pull=_F8)
"""An SKU in a zone: sold under a price-match promise; the SKU that completes a bundle or matching
set, -1 none; the bundle's saving on both; utility added to the partner at service sensitivity 1."""


class Mind(NamedTuple):
    """Parameters of the consumers' behaviour."""

    need: F64  # (S, J) chance to look at a category with an empty pantry
    deliberation: F64  # (S, J) utility of sleeping on it at the first look
    temper: Rows  # (S,) of TEMPER
    demand: Rows  # (J,) of DEMAND
    item: Rows  # (K,) of ITEM
    sku: I64  # (A,) -1 for pads
    offer: I64  # (A,)
    key: U32  # (A,) of the names: adding an SKU leaves the draws of all others alone
    alternative: I64  # (K, O)
    first_sku: I64  # (J + 1,) SKUs are sorted by category
    presale: int  # the offer that is pre-sale
    size_below: F64  # (V,) share of people whose size is at most this variant
    leave_chance: F64  # (2, n) quantiles of the chance to leave after an order: newcomers, customers at the start
    size_key: np.uint64
    hassle_key: np.uint64
    leave_key: np.uint64
    coupled: int  # 1: a Gumbel per alternative; 0: one uniform through the inverse CDF, faster
    deliberation_days: float
    reference_weight: np.float32
    kept: F64  # (days,) share of a remembered price kept after so many days
    waiting_weight: float
    waiting_intercept: float
    waiting_days: float  # how long a purchase that was put off stays wanted
    stockpiling: float
    misfit: float  # utility lost on a neighbour of one's own size
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
    regret_hit: float
    regret_days: float
    match_days: float  # longest price-match promise of the schedule
    regret_gap: float  # share by which it must be cheaper
    gift_hit: float
    leave_weight: float
    order_chance: F64  # (S,) usual share of visits that end in an order
    event_acquired_rate: float


class Slice(NamedTuple):
    """What is on offer in a part of a day in which no public offer changes.

    Tables have a row for each panel p = zone x H + clock. `by_group` is 1 when coupons make prices differ between
    groups, else the tables have one group. The tables of the choice itself are flat: a view of a row would be
    counted by reference, at twice the cost of all the arithmetic; their spare end is for a message's coupon.
    """

    begin: int  # seconds from midnight
    end: int
    zone: I64  # (C,)
    clock: I64  # (24,)
    clocks: int
    by_group: int
    need: F64  # (C, J) season, weather and gifts multiply the need
    channels: int
    log_index: F32  # (P x (G or 1) x A, + A for each of SPARES) log of price paid / list price, coupon in
    ratio: F32  # (P x (G or 1) x A, + A for each of SPARES) the same, not as a logarithm
    lowest: F64  # (P, G or 1, J) lowest index of a category
    seen: F64  # (P, G or 1, J) mean index of a category
    utility: F32  # (P x S x L x A) liking by segment and own channel at list price; CLOSED where not on offer
    rules: F32  # (Z x A) 1 = counts toward the threshold
    deposits: F32  # (Z x A) 1 = in pre-sale
    price: I64  # (P, A) fen, public
    coupon: I64  # (G, K) fen
    zones: Rows  # (Z,) of ZONE
    terms: Rows  # (Z, K) of TERMS
    wait_index: F64  # (Z, J) log price index that the next announced event promises, 0 = none
    wait_days: F64  # (Z, J) days until it starts
    pull_now: F64  # (Z, J) what a threshold that runs now saves, as the promise counts it
    has_presale: int  # 1 = a pre-sale is open somewhere
    gifts: U8  # (Z, gifts, A) 1 = the gift comes with it
    gift_left: I64  # (gifts,) units, lowered as they are given
    outside: float  # rival's utility added to "not now"
    paid_share: float  # share of visits that paid traffic brings


class Tallies(NamedTuple):
    """Counters of a day, added to by the kernels."""

    visits: I64  # (C,)
    wanted: I64  # (K, C) units that would have been bought with everything on the shelf
    lost: I64  # (K, C) of these, refused for want of stock
    sold: I64  # (K, C)
    group_orders: I64  # (G,)
    orders_by_hour: I64  # (24,)
    by_offer: I64  # (O,) units
    corrections: I64  # (1,) lines on which the margin floor bound
    misfits: I64  # (1,) lines in a neighbour of one's own size
    gifts: I64  # (gifts, 2) given; promised and gone
    regrets: I64  # (1,) buyers who saw it cheaper
    won: I64  # (4,) new customers by source


def rows(kind: np.dtype[Any], shape: tuple[int, ...] | None = None, **columns: Any) -> Rows:
    """Records of a kind from columns of equal shape."""
    out = np.zeros(np.shape(next(iter(columns.values()))) if shape is None else shape, kind)
    for name, column in columns.items():
        out[name] = column
    return out


def rows_and_cells(people: int, categories: int) -> tuple[Rows, Rows]:
    """((N,) of ROW, (N, J) of CELL), all zero: a person's row and his cells lie side by side, as one visit reads them.

    Where they fit into one cache line they never lie across two: then a visitor costs one line, where arrays of rows
    and of cells cost 2.6 (31 -> 23 ns a visitor in `look`).
    """
    size = ROW.itemsize + CELL.itemsize * categories
    step = size if size > CACHE_LINE else 1 << (size - 1).bit_length()
    block = np.zeros(people * step + CACHE_LINE, np.uint8)
    block = block[-block.ctypes.data % CACHE_LINE :]
    return (
        np.ndarray((people,), ROW, block, 0, (step,)),
        np.ndarray((people, categories), CELL, block, ROW.itemsize, (step, CELL.itemsize)),
    )


def empty_tallies(cities: int, skus: int, groups: int, offers: int, gifts: int) -> Tallies:
    """All counters at zero."""
    zero, i = np.zeros, np.int64
    return Tallies(
        visits=zero(cities, i), wanted=zero((skus, cities), i), lost=zero((skus, cities), i),
        sold=zero((skus, cities), i), group_orders=zero(groups, i), orders_by_hour=zero(24, i),
        by_offer=zero(offers, i), corrections=zero(1, i), misfits=zero(1, i), gifts=zero((gifts, 2), i),
        regrets=zero(1, i), won=zero(4, i),
    )  # fmt: skip
