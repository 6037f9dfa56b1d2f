"""What visitors get: wishes meet live stock in order of arrival, and become itemised order lines."""

from __future__ import annotations

import math

import numpy as np
from numba import int64, njit
from numpy.typing import NDArray

from sim.kernels.choice import LOOK, choose, conclude, hurt, look, words_of
from sim.kernels.draws import gumbel32, uniform
from sim.kernels.instructions import borrowed, prefetch
from sim.kernels.inverse import empty_shelves
from sim.kernels.people import (
    CLOSED,
    FESTIVAL,
    I32,
    ORGANIC,
    PAID,
    STOCKOUT,
    U64,
    Mind,
    People,
    Rows,
    Slice,
    Tallies,
)
from sim.kernels.rules import NEAR, apply_rules, find, remembered
from sim.kernels.utility import priced

_BLOCK = 1024
_AHEAD = 16
_NONE = -1


@njit(cache=True, locals={"n_lines": int64})  # else `_trade` and all below it compile a second time, for a literal 0
def serve(
    need_key: np.uint64, choice_keys: U64, unit_key: np.uint64, people: People, mind: Mind, offer: Slice,
    stock: NDArray[np.int64], route: NDArray[np.int64], day: int, came: I32, second: I32, first: int, lines: Rows,
    claims: Rows, n_orders: int, tally: Tallies,
) -> tuple[int, int, int, int]:  # fmt: skip
    """Serves visitors `first`.. that come before `offer.end`: (next visitor, lines, claims, orders).

    Blocks of visitors first decide (`choice`), then are served one after the other: `stock` (V, W) is lowered as
    units are sold. `choice_keys` (days,) holds the key of each day so far: a purchase put off keeps its draws. `route`
    (O, C, R) names the nodes that serve an offer in a city, first asked first, -1 after the last; each has at least
    one. `lines` must have room for two lines per visitor and category, `claims` for one.
    """
    people, mind, offer, tally = borrowed(people), borrowed(mind), borrowed(offer), borrowed(tally)
    stock, route, second, lines, claims = (
        borrowed(stock), borrowed(route), borrowed(second), borrowed(lines), borrowed(claims),
    )  # fmt: skip
    looks, chosen = np.empty(_BLOCK * mind.demand.size, LOOK), np.empty(_BLOCK * mind.demand.size, np.int32)
    shelves, v = empty_shelves(mind, offer), first
    n_lines = n_claims = 0
    while v < came.size and second[v] < offer.end:
        last = v + 1
        while last < came.size and last - v < _BLOCK and second[last] < offer.end:
            last += 1
        n_looks = look(need_key, people, mind, offer, day, came, second, v, last, looks, tally)
        choose(choice_keys, mind, offer, shelves, looks, n_looks)
        wishes, claimed = conclude(unit_key, people, mind, offer, day, looks, n_looks, chosen, claims[n_claims:], tally)
        n_claims += claimed
        n_lines, n_orders = _trade(need_key, choice_keys, unit_key, people, mind, offer, stock, route, day, second,
                                   looks, chosen, wishes, lines, n_lines, n_orders, tally)  # fmt: skip
        v = last
    return v, n_lines, n_claims, n_orders


@njit(cache=True)
def _trade(
    need_key: np.uint64, choice_keys: U64, unit_key: np.uint64, people: People, mind: Mind, offer: Slice,
    stock: NDArray[np.int64], route: NDArray[np.int64], day: int, second: I32, looks: Rows, chosen: I32,
    n_wishes: int, lines: Rows, n_lines: int, n_orders: int, tally: Tallies,
) -> tuple[int, int]:  # fmt: skip
    """Serves the wishes of a block in order; returns (lines, orders).

    The plain case (own size in the nearest warehouse, no rule touches the basket) runs in this loop with hoisted arrays; a
    call with all of them costs as much as serving a visitor, so only the others pay for it. That is also why this is
    one long function.
    """
    rows, cells, items, demands, offers = people.row, people.cell, mind.item, mind.demand, mind.offer
    skus, zones, terms, prices, coupons = mind.sku, offer.zones, offer.terms, offer.price, offer.coupon
    wanted, sold, lost, by_offer, by_hour, by_group = (
        tally.wanted, tally.sold, tally.lost, tally.by_offer, tally.orders_by_hour, tally.group_orders,
    )  # fmt: skip
    size_below, stages, rules, gifts, width = mind.size_below, people.stage, offer.rules, offer.gifts, mind.key.size
    tastes, tempers, channels, alternative, keys = (
        offer.utility,
        mind.temper,
        offer.channels,
        mind.alternative,
        mind.key,
    )
    last_day, first_day, source_of, rate_of = people.last_day, people.first_day, people.source, people.rate
    w = 0
    while w < n_wishes:
        if w + _AHEAD < n_wishes:
            ahead = looks[chosen[w + _AHEAD]].person
            prefetch(stages, ahead, 0)
            prefetch(last_day, ahead, 0)
        basket, wish = n_lines, looks[chosen[w]]
        visitor, i, zone = wish.visitor, wish.person, zones[wish.zone]
        stage = stages[i]
        row, s, group = rows[i], second[visitor], wish.segment * 6 + stage
        c, special, sets, subtotal = row.city, False, False, np.int64(0)
        while w < n_wishes and looks[chosen[w]].visitor == visitor:
            wish = looks[chosen[w]]
            w += 1
            demand, units = demands[wish.category], np.int64(wish.units)
            a = demand.first + wish.alternative
            k = skus[a]
            wanted[k, c] += units
            variant, node, misfit = items[k].first_variant, route[offers[a], c, 0], np.int64(0)
            if items[k].variants > 1:  # his own size
                u, end = uniform(mind.size_key, i, 0), variant + items[k].variants - 1
                while variant < end and u >= size_below[variant]:
                    variant += 1
            if stock[variant, node] <= 0:
                a, variant, node, misfit = _look_for(choice_keys, people, mind, offer, stock, route, c, i, wish, tally)
                if a < 0:
                    continue
                k = skus[a]
            o, item, z = offers[a], items[k], wish.zone
            if units > stock[variant, node]:
                if k == skus[demand.first + wish.alternative]:
                    lost[k, c] += units - stock[variant, node]
                units = stock[variant, node]
            stock[variant, node] -= units
            sold[k, c] += units
            by_offer[o] += units
            line = lines[n_lines]
            prefetch(lines, n_lines + 8, 0)
            prefetch(lines, n_lines + 8, 64)
            line.order, line.consumer, line.second, line.city, line.segment = n_orders, i, s, c, wish.segment
            line.sku, line.variant, line.units, line.offer, line.warehouse = k, variant, units, o, node
            line.filler, line.misfit, line.gift, line.bundle, line.threshold, line.deposit = 0, misfit, 0, 0, 0, 0
            line.joins = 0
            line.due = zone.presale_due if o == mind.presale else 0
            line.event = 1 if o == mind.presale or zone.ritual > 0.0 else 0
            # list - markdown - coupon = paid, never below the floor: the group's coupon is off every unit, a larger
            # voucher from a message replaces it on one
            price, cut, one = prices[wish.panel, a], np.int64(0), np.int64(wish.voucher)
            if offer.by_group == 1:
                cut = coupons[wish.group, k]
                one = max(np.int64(0), one - cut)
            most = max(0, price - item.floor)
            if cut + one > most:
                cut = min(cut, most)
                one = min(one, most - cut)
                tally.corrections[0] += 1
            line.listed, line.markdown = item.listed * units, (item.listed - price) * units
            line.coupon = cut * units + one
            line.paid = (price - cut) * units - one
            if wish.voucher > 0:
                row.coupon = 0
            cell = cells[i, wish.category]
            start = max(float(day), float(cell.pantry))
            cell.pantry = start + demand.pack_days * item.keep * (1.0 + (units - 1) * (1.0 - demand.expansion))
            term = terms[z, k]
            if term.partner >= 0 and line.due == 0:  # weighed once, in the same channel, against not now
                partner, b = items[term.partner], alternative[term.partner, o]
                taste = tastes[((wish.panel * tempers.size + wish.segment) * channels + wish.channel) * width + b]
                if taste > CLOSED:
                    low, high = words_of(choice_keys[day], i)
                    other, together = demands[partner.category], prices[wish.panel, b] * (1.0 - term.saving)
                    x = math.log(max(partner.floor, together) / partner.listed)
                    value = taste + term.pull * tempers[wish.segment].service - row.beta * other.beta_factor * x
                    value += gumbel32(low, high, ~keys[b])
                    line.joins = value > other.not_now + gumbel32(low, high, ~other.later_key)
                special |= line.joins == 1 or n_lines > basket
            special |= line.due > 0 or (sets and n_lines > basket)
            sets |= term.partner >= 0
            if zone.threshold_spend > 0 and rules[z * width + a] > 0.0:
                subtotal += line.paid
            for gift in range(gifts.shape[1]):
                special |= gifts[z, gift, a] == 1
            cell.bought_day, cell.bought = day, min(255, item.place)
            cell.paid = remembered(line, item, term)
            n_lines += 1
        if n_lines == basket:
            continue
        if special or subtotal >= NEAR * zone.threshold_spend > 0.0:
            n_lines = apply_rules(need_key, people, mind, offer, stock, route, day, i, lines, basket, n_lines, tally)
        by_group[group] += 1
        by_hour[s // 3600] += 1
        n_orders += 1
        if stage == 0:  # a prospect becomes a customer, won by the festival, by paid traffic or by himself
            source, rate = ORGANIC, people.bond[i].visit_rate
            if zone.ritual > 0.0:
                source, rate = FESTIVAL, np.float32(rate * mind.event_acquired_rate)
            elif uniform(unit_key, i, 2000) < offer.paid_share:
                source = PAID
            first_day[i], source_of[i], rate_of[i], people.bond[i].judged_day = day, source, rate, day
            tally.won[source] += 1
        if row.orders < 255:
            row.orders += 1
        last_day[i] = day
    return n_lines, n_orders


@njit(cache=True)
def _look_for(choice_keys, people, mind, offer, stock, route, c, i, wish, tally):
    """(alternative or -1, variant, warehouse, misfit): one's own size wherever it is, else the second choice.
    What was wanted and is not there hurts."""
    a, units = mind.demand[wish.category].first + wish.alternative, wish.units
    k = mind.sku[a]
    variant, node, misfit = find(mind.item[k], mind.size_below, mind.size_key, stock, route[mind.offer[a], c], i)
    if node >= 0 and misfit == 0:
        return a, variant, node, misfit
    a, variant, node, misfit = _second_choice(choice_keys, mind, offer, stock, route, c, i, wish)
    if a < 0 or mind.sku[a] != k:
        tally.lost[k, c] += units
        hurt(people.row[i], people.grief[i], mind.temper[wish.segment].service, mind.stockout_hit, STOCKOUT)
    tally.misfits[0] += misfit
    return a, variant, node, misfit


@njit(cache=True)
def _second_choice(choice_keys, mind, offer, stock, route, c, i, wish):
    """The best alternative among what can be had, by the same draws: (alternative or -1, variant, warehouse,
    misfit). The slow path of those who find their first choice gone."""
    demand, width = mind.demand[wish.category], mind.key.size
    price, rule = offer.ratio.size - width, wish.zone * width
    priced(mind.sku, mind.item, offer.price, offer.coupon, wish.panel, wish.group, demand.first, demand.all_lanes,
           wish.voucher, offer.utility, offer.log_index, offer.ratio, price)  # fmt: skip
    liking = ((wish.panel * mind.temper.size + wish.segment) * offer.channels + wish.channel) * width
    beta, ref, loss = float(wish.beta), float(wish.reference), mind.temper[wish.segment].loss_aversion
    low, high = words_of(choice_keys[wish.day], i)
    best, out = float(wish.later), (np.int64(_NONE), np.int64(_NONE), np.int64(_NONE), np.int64(0))
    if mind.coupled == 0:  # the noise that coupled draws have had
        best += gumbel32(low, high, demand.later_key)
    for a in range(demand.first, demand.first + demand.all_lanes):
        if offer.utility[liking + a] <= CLOSED:
            continue
        variant, node, misfit = find(
            mind.item[mind.sku[a]], mind.size_below, mind.size_key, stock, route[mind.offer[a], c], i
        )
        if node < 0:
            continue
        change = (ref - offer.ratio[price + a]) / ref
        side = 1.0 if change > 0.0 else loss
        value = offer.log_index[price + a] - mind.reference_weight * side * change - wish.pull * offer.rules[rule + a]
        value = offer.utility[liking + a] - beta * value - wish.hassle * offer.deposits[rule + a]
        value += gumbel32(low, high, mind.key[a]) - mind.misfit * misfit
        if value > best:
            best, out = value, (np.int64(a), variant, node, misfit)
    return out
