"""What deliveries, waits and returns do to the people who lived through them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from sim.kernels.choice import hurt
from sim.kernels.draws import normal, uniform
from sim.kernels.instructions import prefetch
from sim.kernels.parcels import LineRows, ParcelRows
from sim.kernels.people import (
    F64,
    FESTIVAL,
    GIFT,
    GRIEVANCES,
    I16,
    I32,
    I64,
    LATE,
    NATURAL,
    PROSPECT,
    START,
    U8,
    WAIT,
    Mind,
    People,
)

_AHEAD = 16
"""Parcels between asking for their buyer's row and reading it."""

_MOST_ORDERS = 5.0
"""A long silence counts as at most this many usual orders (assumption)."""


@njit(cache=True, inline="always")
def _rate_of(visit_rate, trust, source, trust_visit, trust_start, event_acquired):
    """A customer's visit rate as his trust has it."""
    rate = visit_rate * math.exp(trust_visit * (trust - trust_start))
    return rate * (event_acquired if source == FESTIVAL else 1.0)


@njit(cache=True, inline="always")
def _leave_chance(chances, key, i, source):
    """A person's own chance to leave after an order: a trait, drawn again from its key when it is asked for."""
    kind, last = 1 if source == START else 0, chances.shape[1] - 1
    at = max(0.0, uniform(key, i, 0) * (last + 1) - 0.5)
    n = min(last - 1, int(at))
    share = min(1.0, at - n)
    return chances[kind, n] * (1.0 - share) + chances[kind, n + 1] * share


@njit(cache=True)
def delivered(
    key: np.uint64, people: People, mind: Mind, consumer: I32, late: U8, missing_gift: U8, number: I64
) -> I64:
    """Each delivered parcel changes its buyer's trust and may end the relation.

    Kept promises restore a share of missing trust, late ones take it, more from first orders
    (Intelipost), and so does a promised gift that is not in the parcel. Then the buyer may leave. BG/NBD gives each
    order the same chance p; but an order more, because something was cheap, drives nobody away: p is the chance per
    *usual* time between orders, so he stays with (1 - p)^(x exp(w x missing trust)), x being the usual orders in the
    time since he was last asked. A loss beyond the natural one is booked under the cause that has taken most of his
    trust. Draws are keyed by (consumer, day of the order). Returns (7,) leavers by cause.
    """
    causes = np.zeros(LATE + GRIEVANCES, np.int64)
    # arrays by name: handing their tuple to an inlined function would count a reference to each, twice a parcel
    rows, bonds, griefs, sources, lefts, rates = (
        people.row, people.bond, people.grief, people.source, people.left, people.rate,
    )  # fmt: skip
    tempers, usual_orders, chances = mind.temper, mind.order_chance, mind.leave_chance
    for n in range(consumer.size):
        if n + _AHEAD < consumer.size:
            prefetch(rows, consumer[n + _AHEAD], 0)
            prefetch(bonds, consumer[n + _AHEAD], 0)
            if late[n + _AHEAD]:
                prefetch(griefs, consumer[n + _AHEAD], 0)
            prefetch(rates, consumer[n + _AHEAD], 0)
            prefetch(sources, consumer[n + _AHEAD], 0)
            prefetch(lefts, consumer[n + _AHEAD], 0)
        i = np.uint64(consumer[n])  # unsigned, or every load would first ask whether to count from the end
        if lefts[i] > 0:
            continue
        row, bond = rows[i], bonds[i]
        if late[n]:
            hit = mind.late_first if row.orders <= 1 else mind.late_established
            hurt(row, griefs[i], tempers[row.segment].service, hit, LATE)
        if missing_gift[n]:
            hurt(row, griefs[i], tempers[row.segment].service, mind.gift_hit, GIFT)
        if not late[n] and not missing_gift[n]:
            row.trust += mind.kept_promise * (1.0 - row.trust)
        missing = max(0.0, mind.trust_start - row.trust)
        usual = bond.visit_rate * usual_orders[row.segment] * max(0, number[n] - bond.judged_day)
        bond.judged_day = max(np.int64(bond.judged_day), number[n])
        own = min(0.999999, _leave_chance(chances, mind.leave_key, i, sources[i]))
        orders, weight = min(_MOST_ORDERS, usual), math.exp(mind.leave_weight * missing) if missing > 0.0 else 1.0
        u = uniform(key, i, number[n])
        # 1 - (1 - own)^x <= own x / (1 - own), here with room for rounding: mostly there is no need to take logarithms
        if u * (1.0 - own) < 1.000001 * own * orders * weight and u < -math.expm1(math.log1p(-own) * orders * weight):
            natural = u < -math.expm1(math.log1p(-own) * orders) or griefs[i].max() == 0
            cause = NATURAL if natural else LATE + np.argmax(griefs[i])
            lefts[i] = cause
            causes[cause] += 1
            rates[i] = 0.0
        elif sources[i] != PROSPECT:
            rates[i] = _rate_of(
                bond.visit_rate, row.trust, sources[i], mind.trust_visit, mind.trust_start, mind.event_acquired_rate
            )
    return causes


@njit(cache=True)
def waited_in_vain(people: People, mind: Mind, consumer: I32) -> None:
    """Customers whose call for help was abandoned lose trust."""
    for n in range(consumer.size):
        i = consumer[n]
        row, source = people.row[i], people.source[i]
        hurt(row, people.grief[i], mind.temper[row.segment].service, mind.wait_hit, WAIT)
        if people.left[i] == 0 and source != PROSPECT:
            people.rate[i] = _rate_of(
                people.bond[i].visit_rate, row.trust, source, mind.trust_visit, mind.trust_start,
                mind.event_acquired_rate,
            )  # fmt: skip


class Coming(NamedTuple):
    """Lines that will come back (b,), and the count of all that were handed over."""

    entity: I64
    sku: I16
    variant: I16
    units: I16
    paid: I64  # fen
    offer: U8
    home: U8  # where it comes back to
    lag: I16  # days until it is back at the dock
    placed: I64  # second of its order
    delivered: I64  # (2,) lines, by 1 = bought at a festival
    returned: I64  # (2,) the same of those that come back


class ReturnRows(NamedTuple):
    """Columns of the lines that come back (n,)."""

    entity: I64
    sku: I16
    variant: I16
    units: I16
    paid: I64  # fen
    home: U8  # where it comes back to
    done: U8  # 1 = inspected


class Inspected(NamedTuple):
    """Lines that are back (n,), and what they come to; money in fen."""

    entity: I64  # (n,)
    consumer: I32  # (n,)
    units: I64  # (K,)
    good: I64  # (V,) units that can be sold again
    paid: int
    commission: int
    cost: int
    lost: int  # cost of those that cannot be sold again
    carried: int  # lines, those that were not brought to a store


class Odds(NamedTuple):
    """What makes a line come back, and when."""

    chance: F64  # (K,) of a line bought in an ordinary way
    offer: F64  # (O,) factor by offer
    event: float  # factors: bought at a festival
    late: float
    filler: float
    misfit: float
    median_days: float
    log_sd: float
    window_days: int


@njit(cache=True)
def returning(
    key: np.uint64, odds: Odds, parcels: ParcelRows, lines: LineRows, first_parcel: int, first_line: int, number: I64,
    late: U8,
) -> Coming:  # fmt: skip
    """Draws which lines of the parcels `number` (m,), handed over today, come back.

    P is the SKU's chance times its factors; the lag is lognormal, cut at the return window. `parcels` and `lines` are
    the order book's rows from `first_parcel` and `first_line` on.
    """
    _, _, _, seconds, _, events, first_lines, counts, _, _, _, _ = parcels
    _, entities, skus, variants, units, paid, offers, fillers, misfits, homes = lines
    most = 0
    for n in number:
        most += counts[n - first_parcel]
    which, of, lags = np.empty(most, np.uint64), np.empty(most, np.uint64), np.empty(most, np.int16)
    delivered, returned, found = np.zeros(2, np.int64), np.zeros(2, np.int64), 0
    chances, by_offer = odds.chance, odds.offer
    for n in range(number.size):
        p = np.uint64(number[n] - first_parcel)
        event = events[p]
        occasion = (odds.event if event == 1 else 1.0) * (odds.late if late[n] else 1.0)
        begin = np.uint64(first_lines[p] - first_line)
        for m in range(begin, begin + np.uint64(counts[p])):
            factor = occasion * (odds.filler if fillers[m] == 1 else 1.0)
            factor = factor * (odds.misfit if misfits[m] == 1 else 1.0) * by_offer[offers[m]]
            delivered[event] += 1
            if uniform(key, entities[m], 0) >= chances[skus[m]] * factor:
                continue
            lag = odds.median_days * math.exp(odds.log_sd * normal(key, entities[m], 1))
            which[found], of[found], lags[found] = m, p, min(odds.window_days, max(1, int(lag + 0.5)))
            returned[event] += 1
            found += 1
    which, of = which[:found], of[:found]
    return Coming(entities[which], skus[which], variants[which], units[which], paid[which], offers[which],
                  homes[which], lags[:found].copy(), seconds[of], delivered, returned)  # fmt: skip


@njit(cache=True)
def inspect(
    key: np.uint64, lines: ReturnRows, first: int, number: I64, resale_share: F64, cost_fen: I64, fee: F64,
    variants: int, warehouses: int,
) -> Inspected:  # fmt: skip
    """Lines `number` (n,) have been inspected: marks them as done, and sums up what becomes of them.

    `lines` are the rows of all that come back, from number `first` on; a share `resale_share` (K,) can be sold again,
    draw 0 of the line's entity. `cost_fen` (K,) a unit, `fee` (W,) by where a line is back, warehouses first.
    """
    entities, skus, variant_of, units_of, amounts, homes, done = lines
    entity, consumer = np.empty(number.size, np.int64), np.empty(number.size, np.int32)
    units, good = np.zeros(cost_fen.size, np.int64), np.zeros(variants, np.int64)
    paid = commission = cost = lost = carried = 0
    for n in range(number.size):
        m = np.uint64(number[n] - first)
        k, count, home = skus[m], np.int64(units_of[m]), homes[m]
        entity[n], consumer[n], done[m] = entities[m], entities[m] >> 24, 1
        units[k] += count
        paid += amounts[m]
        commission += int(np.rint(fee[home] * amounts[m]))
        cost += cost_fen[k] * count
        carried += home < warehouses
        if uniform(key, entities[m], 0) < resale_share[k]:
            good[variant_of[m]] += count
        else:
            lost += cost_fen[k] * count
    return Inspected(entity, consumer, units, good, paid, commission, cost, lost, carried)
