"""Who comes back, whom a festival wins, and how unevenly sales are spread."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.contracts import Floats
from sim.lab.credibility.bench import WANDERING_WEEKS, Bench
from sim.lab.credibility.figures import figure
from sim.ledger import History

_FESTIVAL = 3
"""`History.source` of customers won by a festival."""
SMALL = (800, 1_600)
"""Consumers of the small worlds, in which soft drinks and the other replenishables sell about ten a week."""
NEAR_TEN = (5.0, 20.0)
"""Mean units a week of the SKUs that are looked at."""


def newcomers(history: History, days: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(source, orders on later days within `days`) of customers won on a scored day and followed so long."""
    who, when = history.order_customer, history.order_day.astype(np.int64)
    first = np.full(history.source.size, np.iinfo(np.int64).max)
    np.minimum.at(first, who, when)
    last = history.scenario.calendar.days - 1 - days
    mine = (history.source > 0) & (first >= history.scored.start) & (first < history.scored.stop) & (first <= last)
    later = (when > first[who]) & (when <= first[who] + days)
    orders = np.bincount(who[later], minlength=first.size)
    return history.source[mine].astype(np.int64), orders[mine]


def _repeat(bench: Bench, days: int) -> float:
    _, orders = newcomers(bench.baseline().history, days)
    return float((orders > 0).mean()) if orders.size else float("nan")


@figure("repeat_7", "new customers who order again on a later day within 7 days, baseline pair")
def repeat_7(bench: Bench) -> float:
    """Won on scored days, however they were won."""
    return _repeat(bench, 7)


@figure("repeat_30", "the same, 30 days")
def repeat_30(bench: Bench) -> float:
    """Won on scored days, however they were won."""
    return _repeat(bench, 30)


@figure("repeat_90", "the same, 90 days")
def repeat_90(bench: Bench) -> float:
    """Won on scored days of which 90 days are left."""
    return _repeat(bench, 90)


@figure("event_acquired_orders_ratio", "later orders in 90 days of customers won by a festival / of others")
def event_acquired_orders_ratio(bench: Bench) -> float:
    """Orders a head after the first; baseline pair, won on scored days of which 90 days are left."""
    source, orders = newcomers(bench.baseline().history, 90)
    event = source == _FESTIVAL
    return float(orders[event].mean() / orders[~event].mean()) if event.any() and not event.all() else float("nan")


def dispersion(weekly: Floats) -> Floats:
    """(K,) variance / mean over weeks of (K, weeks) units; NaN for a SKU that never sold."""
    mean = weekly.mean(axis=1)
    spread = weekly.var(axis=1, ddof=1)
    return np.asarray(np.divide(spread, mean, out=np.full(mean.size, np.nan), where=mean > 0))


def near_ten(bench: Bench) -> Floats:
    """(K, weeks) units of 26 weeks at list price of the SKUs that sell 5-20 a week among 800 or 1,600 consumers."""
    found = []
    for consumers in SMALL:
        world = bench.quiet(days=7 * WANDERING_WEEKS.stop, consumers=consumers)
        weekly = world.weekly(world.units)[:, WANDERING_WEEKS]
        found.append(weekly[(weekly.mean(axis=1) >= NEAR_TEN[0]) & (weekly.mean(axis=1) <= NEAR_TEN[1])])
    return np.concatenate(found)


@figure("sku_week_dispersion", "variance / mean of a SKU's weekly units at about 10 a week, no promotion, median SKU")
def sku_week_dispersion(bench: Bench) -> float:
    """How far weeks differ beyond Poisson's 1."""
    return float(np.median(dispersion(near_ten(bench))))


def moving_average_wape(weekly: Floats, weeks: int = 8) -> float:
    """Sum of |units - mean of the `weeks` before| / sum of units, of (K, weeks) units.

    >>> moving_average_wape(np.array([[2.0, 4.0, 3.0, 6.0]]), weeks=2)
    0.2777777777777778
    """
    before = np.lib.stride_tricks.sliding_window_view(weekly, weeks, axis=1).mean(axis=2)[:, :-1]
    came = weekly[:, weeks:]
    return float(np.abs(came - before).sum() / came.sum())


@figure("ma8_wape", "error of an 8-week moving average, one week ahead, of the same SKUs, share of units")
def ma8_wape(bench: Bench) -> float:
    """WAPE over all of them."""
    return moving_average_wape(near_ten(bench))


def top_share(values: Floats, share: float = 0.2) -> float:
    """Share of the sum that the largest `share` of `values` hold.

    >>> top_share(np.array([6.0, 1.0, 1.0, 1.0, 1.0]))
    0.6
    """
    largest = np.sort(values)[::-1][: max(1, round(share * values.size))]
    return float(largest.sum() / values.sum())


@figure("top20_sku_share", "sales value of the best-selling 20 % of SKUs, baseline pair, scored days")
def top20_sku_share(bench: Bench) -> float:
    """Units at the price paid; SKUs that were never sold count."""
    world = bench.baseline()
    scored = world.history.scored
    return top_share((world.units * world.paid)[:, scored].sum(axis=1))


@figure("top20_customer_share", "orders of the 20 % of customers who order most, baseline pair, all days")
def top20_customer_share(bench: Bench) -> float:
    """Customers with an order; History holds whose order it is, not what it was worth."""
    counts = np.bincount(bench.baseline().history.order_customer)
    return top_share(counts[counts > 0].astype(np.float64))
