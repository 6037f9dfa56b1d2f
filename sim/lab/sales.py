"""Units that ship before, in and after a campaign: what the twins of a decomposition are compared by.

Axes: K SKUs, O offers (the channels, the pre-sale last), S segments, C cities. A unit is a unit that ships, at the
second at which it was paid; a pre-sale's units are those of its balances, which are due in the campaign itself, and
deposits that are not followed by a balance are no units. So the units of all days are `History.sku_units`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from sim.contracts import Ints
from sim.kernels.people import Rows
from sim.ledger import History
from sim.scenario import Scenario

if TYPE_CHECKING:
    from sim.kernels.experience import Coming
    from sim.world import World

SOON_DAYS = 28
"""The weeks after a campaign in which its dip is measured, as the bands' (van Heerde et al. 2000)."""
AROUND_DAYS = 56
"""How far before and after a campaign units are counted: eight weeks, as the bands' windows (`credibility.bench`)."""


PERIODS = ("before", "event", "after", "returned")
"""What units are counted by: where they ship in a campaign's time, and those of it that come back."""


@dataclass(frozen=True)
class Window:
    """Seconds from the start of the world: [first, start) is before, [start, end) the campaign, [end, last) after."""

    first: int
    start: int
    end: int
    last: int

    @classmethod
    def of(cls, scenario: Scenario, campaign: str, around_days: int = AROUND_DAYS) -> Window:
        """The campaign's seconds, and so many days around them as the calendar has."""
        terms, midnight = scenario.campaigns[campaign], datetime.combine(scenario.calendar.start, time())
        start = int((terms.start - midnight).total_seconds())
        end = int((terms.end + timedelta(seconds=1) - midnight).total_seconds())
        around, last = around_days * 86_400, scenario.calendar.days * 86_400
        return cls(max(0, start - around), start, min(end, last), min(end + around, last))


@dataclass(frozen=True)
class Sales:
    """What one world sold around a campaign."""

    before: Ints
    """(K, O, S, C) units; likewise `event` and `after`."""
    event: Ints
    after: Ints
    returned: Ints
    """(K, O, S, C) units of the campaign's window that come back, by the calendar's end or later."""
    soon: Ints
    """(K,) units of the four weeks after, which `after` holds too."""
    outside: Ints
    """(K,) units of all other days."""
    lines: Ints
    """(n, 4) consumer, SKU, offer and units of the window, one row for each of the first three, in their order."""
    homes: Ints
    """(m, 3) consumer, segment and city of everybody in `lines`."""
    daily: Ints
    """(4, T) units of each day of the calendar in `PERIODS`; of what comes back, by the day of its order."""


class Clerk:
    """Writes down what ships (`actors.base.Witness`)."""

    def __init__(self, world: World, window: Window) -> None:
        self.world, self.window = world, window
        shop, market = world.shop, world.spec.market
        shape = (len(shop.skus), len(shop.channels) + 1, len(market.segments), len(shop.cities))
        self._counts = {name: np.zeros(shape, np.int64) for name in PERIODS}
        self._daily = {name: np.zeros(world.spec.calendar.days, np.int64) for name in PERIODS}
        self._soon, self._outside = np.zeros(len(shop.skus), np.int64), np.zeros(len(shop.skus), np.int64)
        self._lines: list[Ints] = []

    def shipped(self, rows: Rows) -> None:
        """Adds lines to their period."""
        w, second = self.window, rows["second"]
        period = np.searchsorted([w.first, w.start, w.end, w.last], second, side="right")
        for number, name in ((1, "before"), (2, "event"), (3, "after")):
            self._add(name, rows, period == number)
        soon = (period == 3) & (second < w.end + SOON_DAYS * 86_400)
        for total, mask in ((self._soon, soon), (self._outside, (period == 0) | (period == 4))):
            np.add.at(total, rows["sku"][mask], rows["units"][mask])
        now = period == 2
        self._lines.append(np.stack([rows[name][now] for name in ("consumer", "sku", "offer", "units")], axis=1))

    def coming_back(self, lines: Coming) -> None:
        """Adds lines of the window that come back."""
        rows = {name: getattr(lines, name).astype(np.int64) for name in ("sku", "offer", "units")}
        rows["consumer"], rows["second"] = lines.entity >> 24, lines.placed
        self._add("returned", rows, (self.window.start <= lines.placed) & (lines.placed < self.window.end))

    def _add(self, name: str, rows: Rows | dict[str, Ints], mask: np.ndarray) -> None:
        who, people = rows["consumer"][mask], self.world.consumers.people
        at = rows["sku"][mask], rows["offer"][mask], people.segment[who], people.city[who]
        np.add.at(self._counts[name], at, rows["units"][mask])
        np.add.at(self._daily[name], rows["second"][mask] // 86_400, rows["units"][mask])

    def close(self, history: History) -> Sales:
        """What was written down, checked against the history's own books."""
        lines = np.concatenate([np.zeros((0, 4), np.int64), *self._lines])
        who, number = np.unique(lines[:, :3], axis=0, return_inverse=True)
        units = np.bincount(number.ravel(), lines[:, 3], minlength=who.shape[0]).astype(np.int64)
        buyers, people = np.unique(who[:, 0]), self.world.consumers.people
        homes = np.column_stack([buyers, people.segment[buyers], people.city[buyers]]).astype(np.int64)
        sales = Sales(
            **self._counts, soon=self._soon, outside=self._outside, lines=np.column_stack([who, units]), homes=homes,
            daily=np.stack(list(self._daily.values())),
        )  # fmt: skip
        inside = (sales.before + sales.event + sales.after).sum(axis=(1, 2, 3))
        for sku, mine, booked in zip(history.skus, inside + sales.outside, history.sku_units.sum(axis=1), strict=True):
            self.world.ledger.check("units", f"{sku} shipped, by segment", int(booked), int(mine))
        return sales


def watch(window: Window) -> Callable[[World], Callable[[History], Sales]]:
    """For `twins.live_all`: a clerk in every world."""
    return partial(_begin, window)


def _begin(window: Window, world: World) -> Callable[[History], Sales]:
    clerk = Clerk(world, window)
    world.witnesses.append(clerk)
    return clerk.close


def replaced(on: Ints, off: Ints, category: Ints) -> tuple[Ints, Ints, Ints]:
    """What each person bought in one world in place of what he bought in its twin, in the same window.

    `on` and `off` are `Sales.lines`, `category` (K,). Person by person, units of the same SKU and offer in both worlds
    are the same purchase; of what is left, units of the same SKU in another offer have switched channels; of what
    is left then, units of the same category have switched SKUs. Returns (n, 3) consumer, SKU, offer and
    (n,) units that switched channels and (n,) that switched SKUs: above 0 where the unit was bought, below 0 where
    its twin was left; each adds up to 0 within every person and category.
    """
    keys, number = np.unique(np.concatenate([on[:, :3], off[:, :3]]), axis=0, return_inverse=True)
    number = number.ravel()
    a = np.bincount(number[: len(on)], on[:, 3], minlength=len(keys)).astype(np.int64)
    b = np.bincount(number[len(on) :], off[:, 3], minlength=len(keys)).astype(np.int64)
    same = np.minimum(a, b)
    a, b = a - same, b - same
    out = []
    for group in (keys[:, :2], np.column_stack([keys[:, 0], category[keys[:, 1]]])):
        taken, left = _matched(group, a, b)
        a, b = a - taken, b - left
        out.append(taken - left)
    return keys, out[0], out[1]


def _matched(group: Ints, a: Ints, b: Ints) -> tuple[Ints, Ints]:
    """As many units of `a` as of `b` within each group, the lesser of both sums, the first rows first."""
    _, number = np.unique(group, axis=0, return_inverse=True)
    number = number.ravel()
    size = int(number.max()) + 1 if number.size else 0
    most = np.minimum(*(np.bincount(number, x, minlength=size).astype(np.int64) for x in (a, b)))
    order = np.argsort(number, kind="stable")
    begins = np.flatnonzero(np.r_[True, np.diff(number[order]) != 0]) if number.size else np.zeros(0, np.int64)
    out = []
    for units in (a, b):
        mine = units[order]
        before = np.cumsum(mine) - mine
        before -= np.repeat(before[begins], np.diff(np.r_[begins, mine.size]))
        taken = np.zeros_like(units)
        taken[order] = np.clip(most[number[order]] - before, 0, mine)
        out.append(taken)
    return out[0], out[1]
