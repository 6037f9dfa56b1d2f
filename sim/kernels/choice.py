"""What visitors want: needs, and the choice among SKU x offer and "not now", before anybody asks for stock.

A block of visitors passes three loops: `look` (who needs what; reads memory), `choose` (a multinomial logit for
each look; arithmetic, in vector code) and `conclude` (remembers prices, regrets, decides how many).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.kernels.draws import bits, exp32, gumbel32, poisson, uniform
from sim.kernels.inverse import MOST, UNFILLED, Shelves, fill, search
from sim.kernels.people import (
    CLOSED,
    F32,
    FINE,
    I32,
    I64,
    LATE,
    MATCHED,
    PUT_OFF,
    REGRET,
    U64,
    Mind,
    People,
    Rows,
    Slice,
    Tallies,
)  # fmt: skip
from sim.kernels.prefetch import prefetch
from sim.kernels.visits import fatigue_of, wanted_still

LOOK = np.dtype(
    [(name, np.int32) for name in (
        "visitor",  # place in the order of arrival
        "person", "category", "segment", "stage", "channel", "panel", "group", "zone",
        "voucher",  # fen of a message's coupon that he counts on
        "alternative",  # the choice, counted from the category's first; NOT_NOW; UNTIL_THEN
        "day",  # today, or the day on which he put this purchase off: he still wants what he wanted then
        "units",
    )]
    + [(name, np.uint32) for name in ("low", "high")]  # his random bits of the day
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

NOT_NOW, UNTIL_THEN = -1, -2
"""Buys nothing; buys nothing only because an announced event is worth waiting for."""

_F, _I, _L, _N = np.float32, np.int32, np.int64, np.uint64
_ONE, _ZERO = _F(1.0), _F(0.0)
_PRICE, _INDEX = MATCHED - 1, PUT_OFF - 1
_AHEAD = 32
"""Visitors between asking for a row and reading it."""
_GRAIN, _WHOLE = _F(1_048_576.0), _F(1e9)
"""The inverse CDF adds whole grains: 2^20 to a weight of 1, weights up to e^20."""


@njit(cache=True, inline="always")
def words_of(key, i):
    """A person's 64 random bits of the day as two words."""
    b = bits(key, i, 0)
    return np.uint32(b & np.uint64(0xFFFFFFFF)), np.uint32(b >> np.uint64(32))


@njit(cache=True, inline="always")
def _liking(utility, x, index, rule, deposit, beta, weight, loss, ref, inverse, pull, hassle):
    """Utility of one alternative without noise: the price by its logarithm and against the remembered price."""
    change = _F(_F(ref - index) * inverse)
    side = _ONE if change > _ZERO else loss
    value = _F(x - _F(weight * _F(side * change)) - _F(pull * rule))
    return _F(_F(utility - _F(beta * value)) - _F(hassle * deposit))


@njit(cache=True, inline="always")
def _ordered_bits(x):
    """Bits of a float32 as an integer that sorts as the number does; the same turns them back."""
    return _I(x ^ _I(_I(x >> _I(31)) & _I(0x7FFFFFFF)))


@njit(cache=True)
def priced(
    sku: I64, item: Rows, floor_price: I64, coupon: I64, panel: int, group: int, first: int, size: int, voucher: int,
    utility: F32, log_index: F32, index: F32,
) -> float:  # fmt: skip
    """Prices of `size` alternatives with a message's coupon in, written to the spare end of the tables; returns the
    lowest index on offer."""
    lowest, spare, width = 1e9, index.size - sku.size, utility.size // floor_price.shape[0]
    for a in range(first, first + size):
        k = sku[a]
        if k < 0:
            continue
        ratio = max(item[k].floor, floor_price[panel, a] - max(coupon[group, k], voucher)) / item[k].listed
        index[spare + a], log_index[spare + a] = ratio, math.log(ratio)
        if utility[panel * width + a] > CLOSED:
            lowest = min(lowest, ratio)
    return lowest


@njit(cache=True)
def look(
    need_key: np.uint64, choice_keys: U64, people: People, mind: Mind, offer: Slice, day: int, came: I32,
    second: I32, first: int, last: int, looks: Rows, tally: Tallies,
) -> int:  # fmt: skip
    """Which categories visitors `first` to `last` look at; returns how many looks.

    A purchase that was put off is looked for whatever the chance of a need, with the draws of the day it was put off:
    the wish is the same, the price another.

    The rows of visitors a little further on are asked for on the way, beyond `last` too.
    """
    row_of, cell_of, demands, zone_of, clock = people.row, people.cell, mind.demand, offer.zone, offer.clock
    need_of, season, zones, tempers, visits = mind.need, offer.need, offer.zones, mind.temper, tally.visits
    stages, last_days, found, cells_end = people.stage, people.last_day, 0, 12 * mind.demand.size - 1
    message_days = people.message_day
    for v in range(first, last):
        if v + _AHEAD < came.size:
            i = came[v + _AHEAD]
            prefetch(row_of, i, 0)
            prefetch(row_of, i, 27)
            prefetch(cell_of, i, 0)
            prefetch(cell_of, i, cells_end)
            prefetch(stages, i, 0)
            prefetch(last_days, i, 0)
        i = came[v]
        row = row_of[i]
        c, seg = row.city, row.segment
        z = zone_of[c]
        zone = zones[z]
        visits[c] += 1
        if zone.ritual > 0.0 and row.fatigue_day < zone.ritual_day:  # first visit of this festival
            row.fatigue = fatigue_of(row, mind.fatigue_decay, day) + mind.fatigue_per_ritual * zone.ritual
            row.fatigue_day = day
        begin = found
        for j in range(demands.size):
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
            it = looks[found]
            it.visitor, it.person, it.category, it.segment, it.stage = v, i, j, seg, stages[i]
            it.channel, it.zone, it.panel = row.channel, z, z * offer.clocks + clock[second[v] // 3600]
            it.beta, it.trust, it.cover = row.beta * demand.beta_factor, row.trust, cover
            it.reference = max(FINE, (cell.reference & _INDEX) * FINE) if mind.reference_weight > 0.0 else 1.0
            it.fresh = 1.0 if not put_off and day - cell.reference_day > mind.deliberation_days else 0.0
            it.day = cell.reference_day if put_off else day
            it.low, it.high = words_of(choice_keys[it.day], i)
            it.group, it.voucher, it.units, it.pull, it.hassle = 0, 0, 1, 0.0, 0.0
            found += 1
        if found == begin:
            continue
        if offer.by_group == 1 or row.coupon > 0:
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

    Coupled draws give each alternative its own Gumbel, so that improving one moves buyers only toward it. Values
    are compared as 32-bit integers and the place is found in a second pass: eight lanes of vector code (88 ns a look of
    16 alternatives; value and place in one 64-bit integer took 138). Uncoupled draws take one uniform through the
    inverse CDF (`inverse`); a look with a voucher, or at more price classes than a table holds, weighs each alternative.
    Arrays are hoisted and indices unsigned, or every look would count references and every load become a gather
    (3 x as slow).
    """
    utilities, logs, indices = offer.utility, offer.log_index, offer.ratio
    rules, deposits, keys, demands, lowests = offer.rules, offer.deposits, mind.key, mind.demand, offer.lowest
    weights, orders, noise, low_of, high_of, key_of = (
        np.empty(keys.size, np.int64), np.empty(keys.size, np.int32), np.empty(n_looks, np.float32), np.empty(n_looks, np.uint32),
        np.empty(n_looks, np.uint32), np.empty(n_looks, np.uint32),
    )  # fmt: skip
    stops, classes_of, places, n_free = shelves.stop, shelves.classes, shelves.place, (1 - mind.coupled) * n_looks
    table_of, share, terms, laters, waits = (
        np.full(n_free, -1, np.int32), np.empty(n_free, np.float64), np.zeros(n_free * MOST, np.float32),
        np.zeros(n_free, np.float32), np.zeros(n_free, np.float32),
    )  # fmt: skip
    if mind.coupled == 1:
        for m in range(n_looks):
            it = looks[m]
            low_of[m], high_of[m], key_of[m] = it.low, it.high, demands[it.category].later_key
        for m in range(n_looks):
            noise[m] = gumbel32(low_of[m], high_of[m], key_of[m])
    width, groups = _N(keys.size), _N(lowests.shape[1])
    segments, channels, weight = _N(mind.temper.size), _N(offer.channels), mind.reference_weight
    for m in range(n_looks):
        it = looks[m]
        demand, j = demands[it.category], it.category
        g = it.group * offer.by_group
        lowest = lowests[it.panel, g, j]
        start, n = _N(demand.first), _N(demand.all_lanes if offer.has_presale == 1 else demand.lanes)
        price = (_N(it.panel) * groups + _N(g)) * width + start
        if it.voucher > 0:
            lowest = priced(mind.sku, mind.item, offer.price, offer.coupon, it.panel, it.group, demand.first,
                            demand.all_lanes, it.voucher, utilities, logs, indices)  # fmt: skip
            price = _N(indices.size) - width + start
        it.alternative, it.lowest = NOT_NOW, lowest
        if not lowest < 1e9:  # nothing of it on offer
            continue
        later, waiting = demand.not_now + offer.outside - mind.trust_choice * (it.trust - mind.trust_start), 0.0
        if it.fresh > 0.0:
            later += mind.deliberation[it.segment, j]
        if offer.wait_index[it.zone, j] < 0.0 and mind.waiting_weight > 0.0:
            waiting = _waiting(mind, offer.wait_index[it.zone, j], offer.wait_days[it.zone, j],
                               mind.temper[it.segment].impatience, it.beta,
                               math.log(lowest) - offer.pull_now[it.zone, j], it.cover)  # fmt: skip
            later += waiting
        utility = ((_N(it.panel) * segments + _N(it.segment)) * channels + _N(it.channel)) * width + start
        rule = _N(it.zone) * width + start
        loss, ref = mind.temper[it.segment].loss_aversion, it.reference
        beta, pull, hassle, low, high = it.beta, it.pull, it.hassle, it.low, it.high
        inverse = _F(_ONE / ref)
        if mind.coupled == 1:
            best = _I(-(2**31) + 1)
            for a in range(n):
                value = _liking(utilities[utility + a], logs[price + a], indices[price + a], rules[rule + a],
                                deposits[rule + a], beta, weight, loss, ref, inverse, pull, hassle)  # fmt: skip
                order = _ordered_bits(_F(value + gumbel32(low, high, keys[start + a])).view(np.int32))
                orders[a] = order
                best = max(best, order)
            left = _I(0)
            for a in range(n):
                left = max(left, _I(_I(orders[a] == best) * _I(n - a)))
            later += noise[m]
            value = _F(_I(_ordered_bits(best)).view(np.float32))
            place = _L(n) - _L(left)
            nothing = _L(UNTIL_THEN) if waiting > 0.0 and value > _F(later - waiting) else _L(NOT_NOW)
            it.alternative = place if value > _F(later) else nothing
        else:
            u, classes, table = uniform(choice_keys[it.day], it.person, _L(demand.key) + 1), MOST + 1, 0
            if it.voucher == 0:
                kind = it.group if offer.by_group == 1 else it.segment
                kinds = lowests.shape[1] if offer.by_group == 1 else mind.temper.size
                table = (it.panel * kinds + kind) * offer.channels + it.channel
                classes = int(classes_of[table, j])
                if classes == UNFILLED:
                    classes = fill(shelves, mind, offer, table, j, int(utility), int(price), int(rule))
            if classes <= MOST:
                to = table * _L(width) + demand.first
                for c in range(classes):
                    one = _N(places[to + stops[table, j, c] - 1])
                    terms[m * MOST + c] = _liking(
                        _ZERO, logs[price + one], indices[price + one], rules[rule + one], deposits[rule + one], beta, weight,
                        loss, ref, inverse, pull, hassle,
                    )  # fmt: skip
                table_of[m], share[m], laters[m], waits[m] = table, u, later, waiting
            else:
                total = _L(0)
                for a in range(n):
                    weights[a] = _L(_GRAIN * min(_WHOLE, exp32(
                        _liking(utilities[utility + a], logs[price + a], indices[price + a], rules[rule + a],
                                deposits[rule + a], beta, weight, loss, ref, inverse, pull, hassle)
                    )))  # fmt: skip
                    total += weights[a]
                nothing = _L(min(_WHOLE, exp32(_F(later))) * _GRAIN)
                rest = _L(u * (total + nothing))
                place, upto = _L(0), _L(0)
                for a in range(n):
                    upto += weights[a]
                    place += upto <= rest
                calm = u * (total + nothing * math.exp(-waiting)) < total
                it.alternative = place if place < _L(n) else _L(UNTIL_THEN if waiting > 0.0 and calm else NOT_NOW)
        it.later = later
    if mind.coupled == 0:
        search(shelves, mind, looks, n_looks, table_of, share, terms, laters, waits)


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
    for m in range(n_looks):
        it = looks[m]
        i, j, lowest, ref = it.person, it.category, it.lowest, it.reference
        cell, demand = cells[i, j], demands[it.category]
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
            seen = offer.seen[it.panel, it.group * offer.by_group, j]
            cell.reference = min(_INDEX, int((kept * ref + (1.0 - kept) * seen) / FINE + 0.5)) + PUT_OFF * put_off
            cell.reference_day = day
        wishes[found] = m  # kept if it is one: a branch on a coin's toss costs more
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
