"""What the rules of an offer make of a basket: bundles and sets, thresholds, gifts, deposits; and who serves a line."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.kernels.draws import uniform
from sim.kernels.people import MATCHED

NEAR = 0.8
"""Share of a threshold from which an order is near enough to be filled up (assumption)."""
_NONE = -1


@njit(cache=True)
def apply_rules(need_key, people, mind, offer, stock, route, day, i, lines, first, last, tally):
    """Bundles, then the threshold, then gifts and deposits of one order; returns the number of lines."""
    c = people.city[i]
    z = offer.zone[c]
    last = _bundles(people, mind, offer, stock, route, day, i, lines, first, last, tally)
    if offer.zones[z].threshold_spend > 0:
        _threshold(need_key, people, mind, offer, stock, i, c, z, lines, first, last, tally)
    _gifts_and_deposits(mind, offer, z, lines, first, last, tally)
    for n in range(first, last):  # what he remembers having paid is what he paid in the end
        item = mind.item[lines[n].sku]
        cell = people.cell[i, item.category]
        if cell.bought == item.place:
            cell.paid = remembered(lines[n], item, offer.terms[z, lines[n].sku])
    return last


@njit(cache=True)
def _bundles(people, mind, offer, stock, route, day, i, lines, first, last, tally):
    """Completes bundles and matching sets: the partner of a bought SKU may join, both at the bundle's saving.

    A partner that is not in the basket joins it if it is wanted and there. Returns the number of lines.
    """
    c = people.city[i]
    z = offer.zone[c]
    for n in range(first, last):
        k = lines[n].sku
        terms = offer.terms[z, k]
        mate = terms.partner
        if mate < 0 or lines[n].due > 0:
            continue
        at = _NONE
        for m in range(first, last):
            if lines[m].sku == mate:
                at = m
        if at >= 0 and (lines[at].due > 0 or (at < n and offer.terms[z, mate].partner == k)):
            continue  # a pre-sale is no part of a bundle; a pair is dealt with once
        saving = terms.saving
        if at < 0:
            if lines[n].joins == 0:
                continue
            item, nodes = mind.item[mate], route[lines[n].offer, c]
            variant, node, misfit = find(item, mind.size_below, mind.size_key, stock, nodes, i)
            if node < 0 or misfit == 1:
                continue
            a, j = mind.alternative[mate, lines[n].offer], item.category
            panel = z * offer.clocks + offer.clock[lines[n].second // 3600]
            stock[variant, node] -= 1
            tally.sold[mate, c] += 1
            tally.wanted[mate, c] += 1
            tally.by_offer[lines[n].offer] += 1
            at = last
            lines[at] = lines[n]
            extra = lines[at]
            extra.sku, extra.variant, extra.units, extra.warehouse = mate, variant, 1, node
            extra.filler, extra.misfit, extra.coupon, extra.bundle, extra.joins = 1, 0, 0, 0, 0
            extra.listed, extra.markdown = item.listed, item.listed - offer.price[panel, a]
            extra.paid = offer.price[panel, a]
            last += 1
            cell, demand = people.cell[i, j], mind.demand[j]
            again = cell.bought_day == day
            use = demand.pack_days * item.keep * (1.0 - demand.expansion if again else 1.0)
            cell.pantry = max(float(day), float(cell.pantry)) + use
            if not again:
                cell.bought_day, cell.bought = day, min(255, item.place)
        for m in (n, at):  # one unit of each part is cheaper, never below the floor
            line = lines[m]
            if line.bundle == 0 and saving > 0.0:
                most = max(0, line.paid - mind.item[line.sku].floor * line.units)
                cut = int(saving * (line.listed - line.markdown) / line.units + 0.5)
                tally.corrections[0] += cut > most
                line.bundle = min(cut, most)
                line.paid -= line.bundle
    return last


@njit(cache=True)
def _threshold(key, people, mind, offer, stock, i, c, z, lines, first, last, tally):
    """Applies spend-X-save-Y to an order; within a fifth of reach, a filler unit may be added."""
    spend, save, subtotal = offer.zones[z].threshold_spend, offer.zones[z].threshold_save, np.int64(0)
    seg, rules = people.segment[i], z * mind.key.size  # pre-sale does not count toward a threshold
    for n in range(first, last):
        if offer.rules[rules + mind.alternative[lines[n].sku, lines[n].offer]] > 0.0:
            subtotal += lines[n].paid
    near = NEAR * spend <= subtotal < spend
    if near and uniform(key, i, 1000) < math.exp(-mind.temper[seg].hassle * 2.0 * uniform(mind.hassle_key, i, 0)):
        for n in range(last - 1, first - 1, -1):
            line = lines[n]
            each = (line.listed - line.markdown) // line.units  # no coupon on a filler
            enough = stock[line.variant, line.warehouse] > 0 and subtotal + each >= spend
            if offer.rules[rules + mind.alternative[line.sku, line.offer]] > 0.0 and enough:
                stock[line.variant, line.warehouse] -= 1
                tally.sold[line.sku, c] += 1
                tally.wanted[line.sku, c] += 1
                tally.by_offer[line.offer] += 1
                line.listed += line.listed // line.units
                line.markdown += line.markdown // line.units
                line.paid += each
                line.units += 1
                line.filler = 1
                subtotal += each
                demand = mind.demand[mind.item[line.sku].category]
                extra = demand.pack_days * mind.item[line.sku].keep * (1.0 - demand.expansion)
                people.cell[i, mind.item[line.sku].category].pantry += extra
                break
    if subtotal < spend:
        return
    left = save
    for n in range(first, last):
        line = lines[n]
        if offer.rules[rules + mind.alternative[line.sku, line.offer]] == 0.0:
            continue
        share = min(left, (save * line.paid + subtotal - 1) // subtotal)
        most = max(0, line.paid - mind.item[line.sku].floor * line.units)
        if share > most:
            share = most
            tally.corrections[0] += 1
        line.threshold = share
        line.paid -= share
        left -= share


@njit(cache=True)
def _gifts_and_deposits(mind, offer, z, lines, first, last, tally):
    """One gift of each kind an order, while they last; pre-sale lines pay a share of the price as deposit."""
    for n in range(first, last):
        line = lines[n]
        if line.due > 0:
            line.deposit = int(offer.zones[z].presale_share * line.paid + 0.5)
    for gift in range(offer.gift_left.size):
        for n in range(first, last):
            line = lines[n]
            if offer.gifts[z, gift, mind.alternative[line.sku, line.offer]] == 0:
                continue
            missing = 1 if offer.gift_left[gift] <= 0 else 0
            line.gift = max(line.gift, 1 + missing)
            offer.gift_left[gift] -= 1 - missing
            tally.gifts[gift, missing] += 1
            break


@njit(cache=True, inline="always")
def remembered(line, item, term):
    """Price index paid on a line in hundredths, 1 to 127, + MATCHED under a promise; 0 for SKUs beyond memory."""
    if item.place >= 255:
        return 0
    return max(1, min(MATCHED - 1, int(100.0 * line.paid / line.listed + 0.5))) + MATCHED * term.matched


@njit(cache=True, inline="always")
def find(item, size_below, size_key, stock, nodes, i):
    """(variant, warehouse, misfit) that would serve a person: his own size, else a neighbour; warehouse -1 if none.

    Nodes are asked in the order of the route (R,), all of them for his own size before any for another.
    """
    first = item.first_variant
    stop = first + item.variants
    own = first
    if stop - first > 1:
        u = uniform(size_key, i, 0)
        while own < stop - 1 and u >= size_below[own]:
            own += 1
    for node in nodes:
        if node >= 0 and stock[own, node] > 0:
            return own, node, 0
    for near in (own + 1, own - 1):
        if first <= near < stop:
            for node in nodes:
                if node >= 0 and stock[near, node] > 0:
                    return near, node, 1
    return own, _NONE, 0
