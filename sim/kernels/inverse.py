"""The uncoupled choice: one uniform through the inverse CDF of the logit, with what many visitors share summed up once.

exp(taste - price term) = exp(taste) exp(price term). Tastes are shared by all visitors of a segment and own channel in
a zone and clock; the price term is a person's own, but the same for all alternatives at one price index under one
rule: a price class. So a table keeps, class by class, the cumulated exp(taste), and a visitor costs an exponential a class
and one search instead of an exponential an alternative. Tables are filled when the first visitor asks.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from sim.kernels.coupled import NOT_NOW, UNTIL_THEN
from sim.kernels.draws import exp32, uniform
from sim.kernels.people import CLOSED, F32, F64, I32, I64, U8, U64, Mind, Rows, Slice
from sim.kernels.utility import net_utility

MOST = 4
"""Price classes a table holds; shelves with more are weighed alternative by alternative."""
UNFILLED, _TOO_MANY = 255, 254
_F = np.float32
_GRAIN, _WHOLE = _F(1_048_576.0), _F(1e9)
"""Alternatives weighed one by one add whole grains: 2^20 to a weight of 1, weights up to e^20."""


class Shelves(NamedTuple):
    """Tables of a slice, a row for each zone x clock x (segment, or group under coupons) x own channel (T)."""

    classes: U8  # (T, J) price classes of a category
    stop: I32  # (T, J, MOST) where a class ends, counted from the category's first alternative
    place: I32  # (T x A) alternatives in the order of the table, counted from the category's first
    upto: F64  # (T x A) exp(taste) summed over the class up to here
    guide: I32  # (T x A) entry n of a class of s: the first place whose sum exceeds n / s of the class's


@njit(cache=True)
def empty_shelves(mind: Mind, offer: Slice) -> Shelves:
    """No table filled; none has room when draws are coupled."""
    kinds = offer.lowest.shape[1] if offer.by_group == 1 else mind.temper.size
    tables = offer.lowest.shape[0] * kinds * offer.channels if mind.coupled == 0 else 0
    cells = tables * mind.key.size
    return Shelves(
        np.full((tables, mind.demand.size), UNFILLED, np.uint8),
        np.empty((tables, mind.demand.size, MOST), np.int32),
        np.empty(cells, np.int32), np.empty(cells, np.float64), np.empty(cells, np.int32),
    )  # fmt: skip


@njit(cache=True)
def fill(
    shelves: Shelves, mind: Mind, offer: Slice, table: int, j: int, utility: int, price: int, rule: int
) -> int:  # fmt: skip
    """Fills a table of category `j`; `utility`, `price` and `rule` are where its block begins in the offer's tables.
    Returns the number of classes."""
    tastes, ratios, rules, deposits = offer.utility, offer.ratio, offer.rules, offer.deposits
    n, to = mind.demand[j].all_lanes, table * mind.key.size + mind.demand[j].first
    example, kind, classes = np.empty(MOST, np.int64), np.empty(n, np.int64), 0
    for a in range(n):
        kind[a] = -1
        if tastes[utility + a] <= CLOSED:
            continue
        c = 0
        while c < classes and not (
            ratios[price + a] == ratios[price + example[c]]
            and rules[rule + a] == rules[rule + example[c]]
            and deposits[rule + a] == deposits[rule + example[c]]
        ):
            c += 1
        if c == MOST:
            shelves.classes[table, j] = _TOO_MANY
            return _TOO_MANY
        if c == classes:
            example[c] = a
            classes += 1
        kind[a] = c
    end = 0
    for c in range(classes):
        begin, total = end, 0.0
        for a in range(n):
            if kind[a] == c:
                total += math_exp(tastes[utility + a])
                shelves.place[to + end], shelves.upto[to + end] = a, total
                end += 1
        at = begin
        for g in range(begin, end):
            while at < end - 1 and shelves.upto[to + at] * (end - begin) <= total * (g - begin):
                at += 1
            shelves.guide[to + g] = at
        shelves.stop[table, j, c] = end
    shelves.classes[table, j] = classes
    return classes


@njit(cache=True, inline="always")
def math_exp(x):
    """Exponential of a taste, bounded as `exp32` is."""
    return np.exp(min(88.0, float(x)))


@njit(cache=True)
def search(
    choice_keys: U64, shelves: Shelves, mind: Mind, offer: Slice, looks: Rows, first: int, last: int, lanes: I32,
    prices: I64, waits: F32,
) -> None:  # fmt: skip
    """Fills alternative of the looks `first` : `last`, a multinomial logit from one uniform a look, "not now" last.

    Arguments as in `coupled.compare`. Exponentials of all looks come first, in vector code; a search that waited for
    its own would wait again after each branch guessed wrong.
    """
    stops, places, uptos, guides, classes_of = shelves.stop, shelves.place, shelves.upto, shelves.guide, shelves.classes
    n, width, demands = last - first, mind.key.size, mind.demand
    table_of, term_of, share, terms, nothing = (
        np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.float64), np.empty(n * MOST, np.float32),
        np.empty(n, np.float32),
    )  # fmt: skip
    used = _terms(
        choice_keys, shelves, mind, offer, looks, first, lanes, prices, waits, table_of, term_of, share, terms
    )
    for m in range(used):
        terms[m] = exp32(terms[m])
    for m in range(n):
        nothing[m] = looks[first + m].later
    for m in range(n):
        nothing[m] = exp32(nothing[m])
    for m in range(n):
        table = table_of[m]
        if table < 0:
            continue
        it = looks[first + m]
        j = it.category
        to, begin, term, total = table * width + demands[j].first, 0, term_of[m], float(nothing[m])
        for c in range(classes_of[table, j]):
            total += terms[term + c] * uptos[to + stops[table, j, c] - 1]
        rest = share[m] * total
        if waits[first + m] > 0.0:  # who would buy but for the event; a purchase found below overwrites it
            calm = total - nothing[m] * (1.0 - math.exp(-waits[first + m]))
            if share[m] * calm < total - nothing[m]:
                it.alternative = UNTIL_THEN
        for c in range(classes_of[table, j]):
            end = stops[table, j, c]
            weigh = terms[term + c] * uptos[to + end - 1]
            if rest < weigh:
                part = rest / weigh
                at = guides[to + begin + min(end - begin - 1, int(part * (end - begin)))]
                wanted = part * uptos[to + end - 1]
                while at < end - 1 and uptos[to + at] <= wanted:
                    at += 1
                it.alternative = places[to + at]
                break
            rest -= weigh
            begin = end


@njit(cache=True)
def _terms(
    choice_keys: U64, shelves: Shelves, mind: Mind, offer: Slice, looks: Rows, first: int, lanes: I32, prices: I64,
    waits: F32, table_of: I32, term_of: I32, share: F64, terms: F32,
) -> int:  # fmt: skip
    """For each look from `first` on, (n,): its table (-1 = nothing to search), where its price terms begin in `terms`,
    one a class, and its uniform; returns how many terms there are.

    A look with a coupon of its own, or at more price classes than a table holds, is weighed here alternative by
    alternative.
    """
    stops, places, classes_of, demands, tempers = shelves.stop, shelves.place, shelves.classes, mind.demand, mind.temper
    logs, ratios, rules, deposits, by_group = (
        offer.log_index,
        offer.ratio,
        offer.rules,
        offer.deposits,
        offer.by_group == 1,
    )
    width, weight, channels, used = mind.key.size, mind.reference_weight, offer.channels, 0
    kinds = offer.lowest.shape[1] if by_group else tempers.size
    for m in range(table_of.size):
        it = looks[first + m]
        j, demand, price = it.category, demands[it.category], prices[first + m]
        it.alternative, table_of[m] = NOT_NOW, -1
        if lanes[first + m] == 0:
            continue
        share[m] = uniform(choice_keys[it.day], it.person, np.int64(demand.key) + 1)
        rule, classes, table = it.zone * width + demand.first, MOST + 1, 0
        if it.voucher == 0:
            table = (it.panel * kinds + (it.group if by_group else it.segment)) * channels + it.channel
            classes = int(classes_of[table, j])
            if classes == UNFILLED:
                classes = fill(shelves, mind, offer, table, j, _taste(it, mind, offer), price, rule)
        if classes > MOST:
            _each(mind, offer, it, lanes[first + m], price, waits[first + m], share[m])
            continue
        to, table_of[m], term_of[m] = table * width + demand.first, table, used
        loss, recall, bargain = tempers[it.segment].loss_aversion, _F(it.beta * weight), _F(it.beta * it.pull)
        for c in range(classes):
            one = places[to + stops[table, j, c] - 1]
            terms[used + c] = net_utility(
                _F(0.0), logs[price + one], ratios[price + one], rules[rule + one], deposits[rule + one], it.beta,
                recall, loss, _F(_F(1.0) / it.reference), bargain, it.hassle,
            )  # fmt: skip
        used += classes
    return used


@njit(cache=True)
def _taste(it, mind, offer):
    """Where a look's block of tastes begins."""
    row = (it.panel * mind.temper.size + it.segment) * offer.channels + it.channel
    return row * mind.key.size + mind.demand[it.category].first


@njit(cache=True)
def _each(mind, offer, it, lanes, price, wait, share):
    """Fills alternative of one look, every alternative weighed: whole grains, so that their sum has no order."""
    taste, rule, weights = (
        _taste(it, mind, offer),
        it.zone * mind.key.size + mind.demand[it.category].first,
        np.empty(lanes, np.int64),
    )
    loss, recall, bargain, total = (
        mind.temper[it.segment].loss_aversion,
        _F(it.beta * mind.reference_weight),
        _F(it.beta * it.pull),
        0,
    )
    for a in range(lanes):
        value = net_utility(offer.utility[taste + a], offer.log_index[price + a], offer.ratio[price + a], offer.rules[rule + a],
                            offer.deposits[rule + a], it.beta, recall, loss, _F(_F(1.0) / it.reference), bargain, it.hassle)  # fmt: skip
        weights[a] = np.int64(_GRAIN * min(_WHOLE, exp32(value)))
        total += weights[a]
    nothing = np.int64(min(_WHOLE, exp32(it.later)) * _GRAIN)
    rest, upto, place = np.int64(share * (total + nothing)), 0, 0
    for a in range(lanes):
        upto += weights[a]
        place += upto <= rest
    if place < lanes:
        it.alternative = place
    elif wait > 0.0 and share * (total + nothing * math.exp(-wait)) < total:
        it.alternative = UNTIL_THEN
