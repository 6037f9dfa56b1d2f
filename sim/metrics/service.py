"""Service: promises kept, shelves full, contacts caused, goods sent back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.ledger import History, wait_quantile
from sim.metrics import metric

Ints = NDArray[np.int64]


def _total(history: History, name: str) -> float:
    return float(history.daily[name][history.scored].sum())


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")


@metric("late_share", "share", "lower", "parcels handed over after the promised hour, scored days")
def late_share(history: History) -> float:
    """Late / delivered."""
    return _share(_total(history, "parcels_late"), _total(history, "parcels_delivered"))


@metric("order_to_door_hours", "hours", "lower", "mean time from order to door, scored days")
def order_to_door_hours(history: History) -> float:
    """Weighted by parcels."""
    hours = history.daily["order_to_door_hours"][history.scored]
    parcels = history.daily["parcels_delivered"][history.scored]
    return _share(float(np.nansum(hours * parcels)), float(parcels.sum()))


@metric("fill_rate", "share", "higher", "wanted units that were on the shelf, scored days")
def fill_rate(history: History) -> float:
    """1 - lost / wanted."""
    return 1.0 - _share(_total(history, "lost_units"), _total(history, "wanted_units"))


@metric("contacts_per_100_orders", "contacts", "lower", "contacts that need a person, per 100 orders, scored days")
def contacts_per_100_orders(history: History) -> float:
    """After the bot."""
    return 100 * _share(_total(history, "tickets") - _total(history, "tickets_bot"), _total(history, "orders"))


@metric("abandoned_share", "share", "lower", "contacts given up in the queue, of those that need a person, scored days")
def abandoned_share(history: History) -> float:
    """Abandoned / passed on by the bot."""
    return _share(_total(history, "tickets_abandoned"), _total(history, "tickets") - _total(history, "tickets_bot"))


def _served(history: History, kind: str) -> tuple[Ints, float]:
    """((B,) histogram of waits, their sum in seconds) at the stations of a kind, scored days."""
    rows = [n for n, name in enumerate(history.stations) if name.rsplit("/")[-1] == kind]
    if not history.wait_counts.size:
        return np.zeros(1, np.int64), 0.0
    counts = history.wait_counts[rows][:, history.scored].sum(axis=(0, 1))
    return counts, float(history.wait_seconds[rows][:, history.scored].sum())


@metric("pick_pack_wait_hours", "hours", "lower", "mean time from order to the start of picking, scored days")
def pick_pack_wait_hours(history: History) -> float:
    """Nights in which nobody picks included."""
    counts, seconds = _served(history, "pick_pack")
    return _share(seconds / 3600.0, float(counts.sum()))


@metric("pick_pack_wait_p99_hours", "hours", "lower", "the time within which 99 of 100 orders were begun, scored days")
def pick_pack_wait_p99_hours(history: History) -> float:
    """From a histogram: right to 9 %."""
    return wait_quantile(_served(history, "pick_pack")[0], 0.99) / 3600.0


@metric("desk_wait_minutes", "minutes", "lower", "mean wait of the contacts that an agent answered, scored days")
def desk_wait_minutes(history: History) -> float:
    """Those that gave up are not among them: see `abandoned_share`."""
    counts, seconds = _served(history, "service_desk")
    return _share(seconds / 60.0, float(counts.sum()))


@metric(
    "desk_wait_p99_minutes", "minutes", "lower", "the wait within which 99 of 100 of them were answered, scored days"
)
def desk_wait_p99_minutes(history: History) -> float:
    """From a histogram: right to 9 %."""
    return wait_quantile(_served(history, "service_desk")[0], 0.99) / 60.0


@metric("return_rate", "share", "lower", "units inspected on the returns dock per unit ordered, scored days")
def return_rate(history: History) -> float:
    """Lags make this a flow ratio, not a cohort rate."""
    return _share(_total(history, "returned_units"), _total(history, "units"))


@metric("misfit_share", "share", "lower", "lines in a neighbour of the buyer's own size, of all units, scored days")
def misfit_share(history: History) -> float:
    """Broken sizes that were bought all the same."""
    return _share(_total(history, "misfit_lines"), _total(history, "units"))


@metric("gifts_missing", "count", "lower", "orders whose promised gift was gone, scored days")
def gifts_missing(history: History) -> float:
    """Each may cost trust and a contact."""
    return _total(history, "gifts_missing")


@metric("regrets", "count", "lower", "buyers who have seen cheaper what they bought, scored days")
def regrets(history: History) -> float:
    """In any channel, within the days of regret, without a price-match promise."""
    return _total(history, "regrets")


@metric("split_share", "share", "lower", "orders that ship from more than one warehouse, scored days")
def split_share(history: History) -> float:
    """Split / accepted."""
    return _share(_total(history, "split_orders"), _total(history, "orders"))
