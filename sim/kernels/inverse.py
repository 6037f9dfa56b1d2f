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

from sim.kernels.draws import exp32
from sim.kernels.people import CLOSED, F32, F64, I32, U8, Mind, Rows, Slice

MOST = 4
"""Price classes a table holds; shelves with more are weighed alternative by alternative."""
UNFILLED, _TOO_MANY = 255, 254


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
    shelves: Shelves, mind: Mind, looks: Rows, n_looks: int, table_of: I32, share: F64, terms: F32, later: F32,
    waits: F32,
) -> None:  # fmt: skip
    """Fills alternative of the looks whose `table_of` (n,) is not -1, at `share` (n,) of all weights, "not now" last.

    `terms` (n x MOST) price terms by class, `later` (n,) utility of "not now", `waits` (n,) what an announced event has
    added to it. Exponentials of the whole block come
    first, in vector code; a search that waited for its own would wait again after each branch guessed wrong.
    """
    stops, places, uptos, guides, classes_of = shelves.stop, shelves.place, shelves.upto, shelves.guide, shelves.classes
    demands, width = mind.demand, mind.key.size
    for m in range(n_looks * MOST):
        terms[m] = exp32(terms[m])
    for m in range(n_looks):
        later[m] = exp32(later[m])
    for m in range(n_looks):
        table = table_of[m]
        if table < 0:
            continue
        it = looks[m]
        j = it.category
        to, begin, total = table * width + demands[j].first, 0, float(later[m])
        for c in range(classes_of[table, j]):
            total += terms[m * MOST + c] * uptos[to + stops[table, j, c] - 1]
        rest = share[m] * total
        if waits[m] > 0.0:  # who would buy but for the event; a purchase found below overwrites it
            nothing = later[m] * (1.0 - math.exp(-waits[m]))
            if share[m] * (total - nothing) < total - later[m]:
                it.alternative = -2
        for c in range(classes_of[table, j]):
            end = stops[table, j, c]
            weight = terms[m * MOST + c] * uptos[to + end - 1]
            if rest < weight:
                part = rest / weight
                at = guides[to + begin + min(end - begin - 1, int(part * (end - begin)))]
                wanted = part * uptos[to + end - 1]
                while at < end - 1 and uptos[to + at] <= wanted:
                    at += 1
                it.alternative = places[to + at]
                break
            rest -= weight
            begin = end
