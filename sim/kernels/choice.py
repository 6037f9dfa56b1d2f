"""What visitors want: needs, and the choice among SKU x offer and "not now", before anybody asks for stock.

A block of visitors passes three loops: `look` (who needs what; reads memory), `choose` (a multinomial logit for
each look; arithmetic, in vector code) and `conclude` (remembers prices, regrets, decides how many).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.kernels.coupled import UNTIL_THEN, compare
from sim.kernels.draws import bits, gumbel32, poisson, uniform
from sim.kernels.instructions import prefetch
from sim.kernels.inverse import Shelves, search
from sim.kernels.people import (
    CACHE_LINE,
    CELL,
    CLOSED,
    FINE,
    I32,
    LATE,
    MATCHED,
    PUT_OFF,
    REGRET,
    ROW,
    U64,
    Mind,
    People,
    Rows,
    Slice,
    Tallies,
)  # fmt: skip
from sim.kernels.utility import SPARES, priced
from sim.kernels.visits import fatigue_of, wanted_still

LOOK = np.dtype(
    [(name, np.int32) for name in (
        "visitor",  # place in the order of arrival
        "person", "category", "segment", "channel", "panel", "group", "zone",
        "voucher",  # fen of a message's coupon that he counts on
        "alternative",  # the choice, counted from the category's first; NOT_NOW; UNTIL_THEN
        "day",  # today, or the day on which he put this purchase off: he still wants what he wanted then
        "units",
    )]
    + [(name, np.float32) for name in (
        "beta", "trust", "pull", "hassle",
        "reference",  # price index that he remembers; 1 when memory is turned off
        "cover",  # days of use at home
        "fresh",  # 1 = first look in a while: he would rather sleep on it
        "lowest",  # lowest price index on offer
        "later",  # value of "not now", noise in when draws are coupled
    )]
)  # fmt: skip
"""A visitor before the shelf of a category; with an alternative it is a wish."""

_N, _ROW, _CELL = np.uint64, ROW.itemsize, CELL.itemsize
_PRICE, _INDEX = MATCHED - 1, PUT_OFF - 1
_AHEAD = 48
"""Visitors between asking for a row and reading it."""
_ROOM = 8192
"""Alternatives weighed at a time, all visitors together: they stay in the nearest cache."""


@njit(cache=True, inline="always")
def words_of(key, i):
    """A person's 64 random bits of the day as two words."""
    b = bits(key, i, 0)
    return np.uint32(b & np.uint64(0xFFFFFFFF)), np.uint32(b >> np.uint64(32))


@njit(cache=True)
def look(
    need_key: np.uint64, people: People, mind: Mind, offer: Slice, day: int, came: I32, second: I32, first: int,
    last: int, looks: Rows, tally: Tallies,
) -> int:  # fmt: skip
    """Which categories visitors `first` to `last` look at; returns how many looks.

    A purchase that was put off is looked for whatever the chance of a need.
    """
    row_of, cell_of, demands, zone_of, clock = people.row, people.cell, mind.demand, offer.zone, offer.clock
    need_of, season, zones, tempers, visits = mind.need, offer.need, offer.zones, mind.temper, tally.visits
    stages, bonds, found = people.stage, people.bond, 0
    message_days, by_group, ahead, size = people.message_day, offer.by_group == 1, _N(_AHEAD), _N(came.size)
    cells_end = _CELL * demands.size - 1
    far = _ROW + cells_end >= CACHE_LINE
    # places are unsigned, or every load would first ask whether to count from the end
    for v in range(_N(first), _N(last)):
        if v + ahead < size:
            prefetch(row_of, came[v + ahead], 0)
            if far:
                prefetch(cell_of, came[v + ahead], cells_end)
            if by_group:
                prefetch(stages, came[v + ahead], 0)
        i = _N(came[v])
        row = row_of[i]
        c, seg = row.city, row.segment
        z = zone_of[c]
        zone = zones[z]
        visits[c] += 1
        if zone.ritual > 0.0 and bonds[i].fatigue_day < zone.ritual_day:  # first visit of this festival
            bond = bonds[i]
            bond.fatigue = fatigue_of(bond, mind.fatigue_decay, day) + mind.fatigue_per_ritual * zone.ritual
            bond.fatigue_day = day
        begin = found
        for j in range(_N(demands.size)):
            demand, cell = demands[j], cell_of[i, j]
            put_off = wanted_still(cell, mind.waiting_days, day)
            cover = max(0.0, cell.pantry - day)
            if not put_off:
                need = need_of[seg, j] * season[c, j]
                u = uniform(need_key, i, demand.key)
                if u >= need:
                    continue
                if (
                    cover > 0.0
                    and demand.storability > 0.0
                    and u >= need * math.exp(-demand.storability * cover / demand.pack_days)
                ):
                    continue
            it = looks[_N(found)]
            it.visitor, it.person, it.category, it.segment = v, i, j, seg
            it.channel, it.zone, it.panel = row.channel, z, z * offer.clocks + clock[_N(second[v]) // _N(3600)]
            it.beta, it.trust, it.cover = row.beta * demand.beta_factor, row.trust, cover
            it.reference = max(FINE, (cell.reference & _INDEX) * FINE) if mind.reference_weight > 0.0 else 1.0
            it.fresh = 1.0 if not put_off and day - cell.reference_day > mind.deliberation_days else 0.0
            it.day = cell.reference_day if put_off else day
            it.group, it.voucher, it.units, it.pull, it.hassle = 0, 0, 1, 0.0, 0.0
            found += 1
        if found == begin:
            continue
        if by_group or row.coupon > 0:
            group = seg * 6 + stages[i]
            for n in range(begin, found):
                looks[n].group = group
            if row.coupon > 0 and day - message_days[i] <= 7:  # counts on it at the first shelf only
                looks[begin].voucher = row.coupon
        if zone.threshold_pull > 0.0 or zone.presale_due > 0:
            hassle = tempers[seg].hassle * 2.0 * uniform(mind.hassle_key, i, 0)
            for n in range(begin, found):
                looks[n].hassle, looks[n].pull = hassle, zone.threshold_pull * math.exp(-hassle)
    return found


@njit(cache=True)
def choose(
    choice_keys: U64, mind: Mind, offer: Slice, shelves: Shelves, looks: Rows, n_looks: int
) -> None:  # fmt: skip
    """Fills alternative, later and lowest of each look: a multinomial logit among SKU x offer and "not now".

    Weighed are as many looks at a time as have room, by coupled draws (`coupled`) or through the inverse CDF
    (`inverse`). The draws of a purchase that was put off are those of that day: the wish is the same, the price another.
    """
    demands, lowests, promised, days, pulls = (
        mind.demand, offer.lowest, offer.wait_index, offer.wait_days, offer.pull_now,
    )  # fmt: skip
    lanes, prices, waits, noise, low, high, key, orders = (
        np.empty(n_looks, np.int32), np.empty(n_looks, np.int64), np.zeros(n_looks, np.float32),
        np.empty(n_looks, np.float32), np.empty(n_looks, np.uint32), np.empty(n_looks, np.uint32),
        np.empty(n_looks, np.uint32), np.empty(max(_ROOM, mind.key.size), np.int32),
    )  # fmt: skip
    tempers, deliberation, by_group, all_lanes = mind.temper, mind.deliberation, offer.by_group, offer.has_presale == 1
    coupled, width, groups, waiting = mind.coupled == 1, mind.key.size, lowests.shape[1], mind.waiting_weight > 0.0
    if coupled:
        for m in range(n_looks):
            it = looks[m]
            low[m], high[m] = words_of(choice_keys[_N(it.day)], it.person)
            key[m] = demands[_N(it.category)].later_key
        for m in range(n_looks):
            noise[m] = gumbel32(low[m], high[m], key[m])
    m = 0
    while m < n_looks:
        first, filled, spare = m, 0, 0
        while m < n_looks and spare < SPARES:
            it = looks[m]
            demand, j, group = demands[it.category], it.category, it.group * by_group
            lanes[m] = demand.all_lanes if all_lanes else demand.lanes
            if filled + lanes[m] > orders.size:
                break
            filled += lanes[m]
            lowest, prices[m] = lowests[it.panel, group, j], (it.panel * groups + group) * width + demand.first
            if it.voucher > 0:
                at, spare = offer.ratio.size - (spare + 1) * width, spare + 1
                lowest = priced(
                    mind.sku, mind.item, offer.price, offer.coupon, it.panel, it.group, demand.first, demand.all_lanes,
                    it.voucher, offer.utility, offer.log_index, offer.ratio, at,
                )  # fmt: skip
                prices[m] = at + demand.first
            it.lowest = lowest
            later = demand.not_now + offer.outside - mind.trust_choice * (it.trust - mind.trust_start)
            if it.fresh > 0.0:
                later += deliberation[it.segment, j]
            if not lowest < 1e9:  # nothing of it on offer
                lanes[m] = 0
            elif waiting and promised[it.zone, j] < 0.0:
                waits[m] = _waiting(mind, promised[it.zone, j], days[it.zone, j], tempers[it.segment].impatience, it.beta,
                                    math.log(lowest) - pulls[it.zone, j], it.cover)  # fmt: skip
                later += waits[m]
            it.later = later + noise[m] if coupled else later
            m += 1
        if coupled:
            compare(mind, offer, looks, first, m, lanes, prices, waits, low, high, orders)
        else:
            search(choice_keys, shelves, mind, offer, looks, first, m, lanes, prices, waits)


@njit(cache=True)
def _waiting(
    mind: Mind, wait_index: float, days: float, impatience: float, beta: float, now: float, cover: float
) -> float:
    """What an announced event adds to "not now": log(1 + w exp(iv - impatience x days) (exp(beta x saving) - 1)), which
    is 0 where nothing is saved: an event that is no cheaper keeps nobody from buying.

    `now` is the log of the lowest price index today, what a running threshold saves taken off, as in `wait_index`.
    """
    saving = now - wait_index
    if saving <= 0.0:
        return 0.0
    patience = math.exp(mind.waiting_intercept - impatience * (days + max(0.0, days - cover)))
    return math.log1p(mind.waiting_weight * patience * math.expm1(beta * saving))


@njit(cache=True)
def conclude(
    unit_key: np.uint64, people: People, mind: Mind, offer: Slice, day: int, looks: Rows, n_looks: int, wishes: I32,
    claims: Rows, tally: Tallies,
) -> tuple[int, int]:  # fmt: skip
    """After the look: lower prices are regretted or claimed, prices remembered, numbers of units decided. Places of
    the looks that became wishes go to `wishes`; returns (wishes, price-match claims).

    While a purchase is put off, the price of the day on which it was stays the remembered one.
    """
    cells, demands, indices, lowests = people.cell, mind.demand, offer.ratio, offer.lowest
    found, claimed = 0, 0
    for m in range(_N(n_looks)):
        it = looks[m]
        i, j, lowest, ref = _N(it.person), _N(it.category), it.lowest, it.reference
        cell, demand = cells[i, j], demands[j]
        if cell.paid > 0 and lowest < (cell.paid & _PRICE) / 100.0 * (1.0 - mind.regret_gap):
            k, age, matched = mind.first_sku[j] + cell.bought, day - cell.bought_day, cell.paid >= MATCHED
            limit, now = (cell.paid & _PRICE) / 100.0 * (1.0 - mind.regret_gap), _index_of(mind, offer, it, k)
            if age > max(mind.regret_days, mind.match_days if matched else 0.0):
                cell.paid = 0
            elif now < limit:
                if matched and age <= mind.match_days:
                    claim = claims[claimed]
                    claim.consumer, claim.sku, claim.index = i, k, now
                    claimed += 1
                else:
                    hurt(people.row[i], people.grief[i], mind.temper[it.segment].service, mind.regret_hit, REGRET)
                    tally.regrets[0] += 1
                cell.paid = 0
        put_off = it.alternative == UNTIL_THEN
        if lowest < 1e9 and not (put_off and it.day < day):
            kept = mind.kept[min(mind.kept.size - 1, day - cell.reference_day)]
            seen = offer.seen[_N(it.panel), _N(it.group * offer.by_group), j]
            cell.reference = min(_INDEX, int((kept * ref + (1.0 - kept) * seen) / FINE + 0.5)) + PUT_OFF * put_off
            cell.reference_day = day
        wishes[_N(found)] = m  # kept if it is one: a branch on a coin's toss costs more
        found += it.alternative >= 0
        if lowest >= ref:
            continue
        index = it.lowest
        if it.voucher == 0 and it.alternative >= 0:
            group = it.group * offer.by_group
            index = indices[(it.panel * lowests.shape[1] + group) * mind.key.size + demand.first + it.alternative]
        gain = (ref - index) / ref
        if gain > 0.0 and it.alternative >= 0:
            extra = mind.stockpiling * demand.storability * it.beta * gain
            room = max(0, int(mind.temper[it.segment].storage - it.cover / demand.pack_days))
            it.units = 1 + min(room, poisson(extra, uniform(unit_key, i, demand.key)))
    return found, claimed


@njit(cache=True)
def _index_of(mind, offer, it, k):
    """Lowest price index of an SKU on offer in any channel to a person of this group, 1e9 where there is none."""
    table = (it.panel * offer.lowest.shape[1] + it.group * offer.by_group) * mind.key.size
    shown = it.panel * (offer.utility.size // offer.price.shape[0])
    lowest = 1e9
    for o in range(mind.alternative.shape[1]):
        a = mind.alternative[k, o]
        if offer.utility[shown + a] > CLOSED:
            lowest = min(lowest, float(offer.ratio[table + a]))
    return lowest


@njit(cache=True, inline="always")
def hurt(row, grief, service, hit, cause):
    """Something went wrong: trust falls by `hit` x `service`, and the loss is remembered under its cause."""
    loss = min(float(row.trust), hit * service)
    row.trust -= loss
    grief[cause - LATE] = min(255, grief[cause - LATE] + int(100.0 * loss + 0.5))
