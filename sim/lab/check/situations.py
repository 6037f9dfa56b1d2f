"""Laws on hard mornings: whatever the day brings, there is an answer that the engine takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sim.lab.check import change
from sim.lab.check.subject import Broken, Subject
from sim.lab.check.views import FESTIVAL, LAST, QUIET, SECOND, Told, recorded_by_hour

LARGE = 25
"""Times that the 20 SKUs of the recorded world stand in the large one: 500, in 10 cities."""


def survives_day_0(s: Subject) -> None:
    """Nothing was ever sold: all histories are empty."""
    s.accepted(s.morning(0))


def survives_day_1(s: Subject) -> None:
    """A history of one day."""
    s.accepted(s.morning(SECOND))


def survives_a_festival_day(s: Subject) -> None:
    """11 November, on which another campaign is already announced."""
    s.accepted(s.morning(FESTIVAL))


def survives_the_last_day(s: Subject) -> None:
    """The last day of the calendar, with no sales to come."""
    s.accepted(s.morning(LAST))


def survives_prices_by_hour(s: Subject) -> None:
    """A history of other prices in every hour, and coupons."""
    s.accepted(recorded_by_hour()[QUIET])


def survives_one_sku(s: Subject) -> None:
    """A catalogue of one SKU."""
    for told in (s.morning(), s.morning(0)):
        s.accepted(change.taken(told, "K", [7]))


def survives_one_city(s: Subject) -> None:
    """A market of one city."""
    for told in (s.morning(), s.morning(0)):
        s.accepted(change.taken(told, "C", [0]))


def survives_500_skus_in_10_cities(s: Subject) -> None:
    """A large shop, on the first and on a later day."""
    for told in (s.morning(0), s.morning()):
        s.accepted(large(told))


def large(told: Told) -> Told:
    """The same shop with each SKU standing 25 times."""
    return change.taken(told, "K", np.tile(np.arange(len(told.view.shop.skus)), LARGE))


def survives_a_long_history(s: Subject) -> None:
    """Three years of days."""
    s.accepted(change.repeated(s.morning(), 26))


def survives_zero_sales(s: Subject) -> None:
    """Nobody ever bought anything, and nobody is expected to."""
    s.accepted(change.sold_nothing(s.morning()))


def survives_all_stocked_out(s: Subject) -> None:
    """Nothing was on the shelf on any day, nothing is on order, and demand is expected."""
    s.accepted(change.sold_out(s.morning()))


def survives_no_campaigns(s: Subject) -> None:
    """An empty calendar."""
    for told in (s.morning(), s.morning(0)):
        s.accepted(change.without_campaigns(told))


def survives_campaigns_only(s: Subject) -> None:
    """A campaign on all SKUs that never began and never ends."""
    for told in (s.morning(), s.morning(0)):
        s.accepted(change.only_campaigns(told))


def survives_debt(s: Subject) -> None:
    """Cash far below zero."""
    told = s.morning()
    s.accepted(replace(told, view=replace(told.view, cash=-1e7)))


def survives_backlogs(s: Subject) -> None:
    """Every queue a hundred thousand long, every hour of overtime used up."""
    told = s.morning()
    view = told.view
    view = replace(
        view, backlog=np.full_like(view.backlog, 100_000), courier_backlog=np.full_like(view.courier_backlog, 100_000),
        overtime_left=np.zeros_like(view.overtime_left),
    )  # fmt: skip
    s.accepted(replace(told, view=view))


def answers_in_time(s: Subject) -> None:
    """Neither a usual morning nor one with 500 SKUs in 10 cities takes longer than the deadline."""
    mornings: tuple[Callable[[Told], Told], ...] = (lambda told: told, large)
    for made in mornings:
        told = made(s.morning())
        s.ask(told)  # what is compiled on first use is compiled now
        s.ask(told)
    slow = max(s.slowest.values())
    if slow > s.deadline.seconds:
        raise Broken(f"must answer within {s.deadline.seconds:g} s, took {slow:.3g} s")
