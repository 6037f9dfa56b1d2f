"""Peak load: how far the busiest hour and day stand above the ordinary ones, what waits then, and what it costs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.ledger import History
from sim.metrics import metric

Floats = NDArray[np.float64]
COURIERS = "couriers"


def _rows(history: History, kind: str, table: NDArray[np.generic]) -> Floats:
    """(stations, days, ...) of the stations of a kind, all days."""
    rows = [n for n, name in enumerate(history.stations) if name.rsplit("/")[-1] == kind]
    return np.asarray(table[rows] if table.shape[0] else table[:0], np.float64)


def _kind(history: History, kind: str, stations: NDArray[np.generic], couriers: NDArray[np.generic]) -> Floats:
    """(stations, days, 24) of a kind of station, scored days; the cities' depots for `couriers`."""
    table = np.asarray(couriers, np.float64) if kind == COURIERS else _rows(history, kind, stations)
    return table[:, history.scored]


def _arrivals(history: History, kind: str) -> Floats:
    return _kind(history, kind, history.arrivals_hourly, history.courier_arrivals_hourly)


def peak_hour(history: History, kind: str) -> float:
    """Busiest / mean hour of what arrives at a kind of station, all of them together; 0 when nothing does."""
    hours = _arrivals(history, kind).sum(axis=0)
    return float(hours.max() / hours.mean()) if hours.sum() > 0 else 0.0


def busiest_over_median(days: Floats) -> float:
    """Max day / median day; 0 when the median day brings nothing."""
    median = float(np.median(days)) if days.size else 0.0
    return float(days.max()) / median if median > 0 else 0.0


def above_capacity(history: History, kind: str) -> float:
    """Hours in which any station of a kind got more than those at work can do; another's spare hands do not help."""
    capacity = _kind(history, kind, history.capacity_hourly, history.courier_capacity_hourly)
    return float((_arrivals(history, kind) > capacity).any(axis=0).sum())


def hours_to_clear(history: History, kind: str) -> float:
    """Hours from the end of the busiest scored day until no more waits than is usual at that hour of the day.

    The busiest day is the one with most arrivals at all stations of the kind; usual is the median, over scored days,
    of what was inside at the end of the same hour. 0 without arrivals; where the queue does not come down again, the
    hours to the end of the run: a lower bound.
    """
    arrived = _rows(history, kind, history.arrivals_hourly)
    done = _rows(history, kind, history.finished_hourly)
    if kind == COURIERS:
        arrived = np.asarray(history.courier_arrivals_hourly, np.float64)
        done = np.asarray(history.courier_finished_hourly, np.float64)
    if done.shape != arrived.shape or not arrived[:, history.scored].any():
        return 0.0
    inside = np.cumsum((arrived - done).sum(axis=0).reshape(-1))
    usual = np.median(inside.reshape(-1, 24)[history.scored], axis=0)
    busiest = history.scored.start + int(np.argmax(arrived.sum(axis=(0, 2))[history.scored]))
    after = inside[24 * (busiest + 1) :].reshape(-1, 24) <= usual
    return float(np.argmax(after.reshape(-1))) if after.any() else float(after.size)


@metric("peak_load", "ratio", "lower", "busiest hour over mean hour, orders arriving in the warehouses, scored days")
def peak_load(history: History) -> float:
    """Peak hour / mean hour; 0 when nothing was ordered."""
    return peak_hour(history, "pick_pack")


@metric("peak_load_returns", "ratio", "lower", "the same for parcels that come back")
def peak_load_returns(history: History) -> float:
    """They dock by day, a week or two after the peak."""
    return peak_hour(history, "returns")


@metric("peak_load_desk", "ratio", "lower", "the same for contacts that need a person")
def peak_load_desk(history: History) -> float:
    """Those that the bot passed on."""
    return peak_hour(history, "service_desk")


@metric("peak_day", "ratio", "lower", "busiest day over median day, parcels dispatched, scored days")
def peak_day(history: History) -> float:
    """Max day / median day; 0 when the median day sends nothing."""
    return busiest_over_median(np.asarray(history.daily["parcels_dispatched"][history.scored], np.float64))


@metric("peak_day_returns", "ratio", "lower", "the same, parcels that come back")
def peak_day_returns(history: History) -> float:
    """By the day on which they dock."""
    return busiest_over_median(_arrivals(history, "returns").sum(axis=(0, 2)))


@metric("peak_day_desk", "ratio", "lower", "the same, contacts that need a person")
def peak_day_desk(history: History) -> float:
    """Those that the bot passed on."""
    return busiest_over_median(_arrivals(history, "service_desk").sum(axis=(0, 2)))


@metric("peak_day_couriers", "ratio", "lower", "the same, parcels that reach the couriers' depots")
def peak_day_couriers(history: History) -> float:
    """All cities; by truck, so waves and road times have spread the peak already."""
    return busiest_over_median(_arrivals(history, COURIERS).sum(axis=(0, 2)))


@metric("courier_load_peak", "ratio", "lower", "parcels a courier hands over, busiest over median day, scored days")
def courier_load_peak(history: History) -> float:
    """The worst of all cities; surge runs count as couriers, overtime does not, as the same people work it."""
    parcels = history.courier_finished_hourly[:, history.scored].sum(axis=2).astype(np.float64)
    people = history.couriers_on_road[:, history.scored]
    load = np.divide(parcels, people, out=np.zeros_like(parcels), where=people > 0)
    return max((busiest_over_median(city) for city in load), default=0.0)


@metric("hours_above_capacity", "hours", "lower", "hours with more arrivals than pick-pack can do, scored days")
def hours_above_capacity(history: History) -> float:
    """Hours in which any warehouse got more than those on shift can do; another's spare hands do not help."""
    return above_capacity(history, "pick_pack")


@metric("hours_above_capacity_desk", "hours", "lower", "hours with more contacts than agents can answer, scored days")
def hours_above_capacity_desk(history: History) -> float:
    """At the desk's mean handle time."""
    return above_capacity(history, "service_desk")


@metric(
    "days_above_capacity_couriers", "days", "lower", "days with more parcels than couriers, in any city, scored days"
)
def days_above_capacity_couriers(history: History) -> float:
    """By day, because trucks come a few times a day: parcels that reached a depot against what those at work can do."""
    arrived = _arrivals(history, COURIERS).sum(axis=2)
    capacity = history.courier_capacity_hourly[:, history.scored].sum(axis=2)
    return float((arrived > capacity).any(axis=0).sum())


@metric("hours_to_clear", "hours", "lower", "from the end of the busiest day until pick-pack's queue is as usual")
def hours_to_clear_pick_pack(history: History) -> float:
    """All warehouses together."""
    return hours_to_clear(history, "pick_pack")


@metric("hours_to_clear_couriers", "hours", "lower", "the same for the couriers' depots")
def hours_to_clear_couriers(history: History) -> float:
    """All cities together."""
    return hours_to_clear(history, COURIERS)


@metric("overtime_hours", "hours", "lower", "overtime worked, scored days")
def overtime_hours(history: History) -> float:
    """All stations."""
    return float(history.daily["overtime_hours"][history.scored].sum())


@metric("courier_overtime_hours", "hours", "lower", "overtime worked by couriers, scored days")
def courier_overtime_hours(history: History) -> float:
    """All cities."""
    return float(history.daily["courier_overtime_hours"][history.scored].sum())


@metric("temp_hours", "hours", "lower", "hours worked by temps, scored days")
def temp_hours(history: History) -> float:
    """All stations."""
    return float(history.daily["temp_hours"][history.scored].sum())
