"""Peak load: how far the busiest hour and day stand above the ordinary ones, and what it costs in hours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.ledger import History
from sim.metrics import metric


def _pick_pack(history: History, table: NDArray[np.generic]) -> NDArray[np.float64]:
    """(stations, days, 24) of the pick-pack stations, scored days."""
    rows = [n for n, name in enumerate(history.stations) if name.endswith("/pick_pack")]
    return np.asarray(table[rows][:, history.scored], np.float64)


@metric("peak_load", "ratio", "lower", "busiest hour over mean hour, orders arriving in the warehouses, scored days")
def peak_load(history: History) -> float:
    """Peak hour / mean hour; 0 when nothing was ordered."""
    hours = _pick_pack(history, history.arrivals_hourly).sum(axis=0)
    return float(hours.max() / hours.mean()) if hours.sum() > 0 else 0.0


@metric("peak_day", "ratio", "lower", "busiest day over median day, parcels dispatched, scored days")
def peak_day(history: History) -> float:
    """Max day / median day; 0 when the median day sends nothing."""
    days = history.daily["parcels_dispatched"][history.scored]
    return float(days.max() / np.median(days)) if np.median(days) > 0 else 0.0


@metric("hours_above_capacity", "hours", "lower", "hours with more arrivals than pick-pack can do, scored days")
def hours_above_capacity(history: History) -> float:
    """Hours in which any warehouse got more than those on shift can do; another's spare hands do not help."""
    above = _pick_pack(history, history.arrivals_hourly) > _pick_pack(history, history.capacity_hourly)
    return float(above.any(axis=0).sum())


@metric("overtime_hours", "hours", "lower", "overtime worked, scored days")
def overtime_hours(history: History) -> float:
    """All stations."""
    return float(history.daily["overtime_hours"][history.scored].sum())


@metric("temp_hours", "hours", "lower", "hours worked by temps, scored days")
def temp_hours(history: History) -> float:
    """All stations."""
    return float(history.daily["temp_hours"][history.scored].sum())
