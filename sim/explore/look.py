"""One look: some paired seeds of two schedules, lived through and reduced to what the page draws."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sim.actors.deadline import Deadline
from sim.lab.statistics import ALPHA, holm, paired, verdict
from sim.ledger import History
from sim.metrics import all_metrics
from sim.scenario import Scenario
from sim.world import World

METRICS = ("profit", "orders", "peak_load", "repurchase_30d", "late_share", "hours_above_capacity")
"""What is shown; `orders` is the sum of the scored days, the others are metrics."""
SCALED = {"profit", "orders"}
"""Sums, which are told for the scenario's whole market."""
SHOWN_DAYS = 14
"""Days of the animation."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """One world: a scenario that holds this schedule and line-up alone."""

    scenario: Scenario
    schedule: str
    line_up: str
    seed: int
    goes_on: bool = False
    """Whether the shop goes on after the last day: what is left on its shelves then counts at cost."""
    hourly: bool = True
    """Whether its stations are kept hour by hour, to be played; a season's take ten times the room of all the rest."""
    dropped: Path | None = None
    """A file that exists once nobody waits for this world any more."""


class Dropped(Exception):
    """The world was given up between two days: nobody waits for it."""


@dataclass(frozen=True)
class Glimpse:
    """What is kept of one run. `orders` (T,) a scored day; `profit` (T + settlement days,) yuan a day; `inside`,
    `arrivals`, `capacity` (St, T, 24) jobs."""

    metrics: dict[str, float]
    orders: Floats
    profit: Floats
    stations: tuple[str, ...]
    arrivals: Floats
    capacity: Floats
    inside: Floats
    error: str | None = None


def live(task: Task) -> Glimpse:
    """Lives through one world, in a worker. Whatever goes wrong in it is its `error`. Raises Dropped."""
    deadline = Deadline(task.scenario.compare.decision_seconds)
    try:
        world = World(task.scenario, task.schedule, task.line_up, task.seed)
        world.merchant.deadline = deadline
        for day in range(task.scenario.calendar.days):
            if task.dropped is not None and task.dropped.exists():
                world.release()
                raise Dropped
            world.live(day + 1)
        return glimpse(world.run(), task.goes_on, task.hourly)
    except (KeyboardInterrupt, Dropped):
        raise
    except BaseException as error:  # a strategy may fail in any way, sys.exit() too; the page goes on
        none = np.zeros((0, 0, 24))
        return Glimpse({}, np.zeros(0), np.zeros(0), (), none, none, none, f"{type(error).__name__}: {error}"[:500])
    finally:
        deadline.close()


def glimpse(history: History, goes_on: bool = False, hourly: bool = True) -> Glimpse:
    """A history's figures for the page. `goes_on` and `hourly`: see `Task`."""
    scored, known = history.scored, all_metrics()
    accounts = {name: fen for name, fen in history.accounts.items() if not (goes_on and name == "salvage_loss")}
    profit = np.sum([fen[history.counted] for fen in accounts.values()], axis=0) / 100
    orders = np.asarray(history.daily["orders"][scored], np.float64)
    names = [*history.stations, *(f"{city}/couriers" for city in history.scenario.market.cities)]
    arrivals, capacity, done = (
        np.concatenate(parts).astype(np.float64)
        for parts in (
            (history.arrivals_hourly, history.courier_arrivals_hourly),
            (history.capacity_hourly, history.courier_capacity_hourly),
            (history.finished_hourly, history.courier_finished_hourly),
        )
    )
    # a station of which the ends are kept, and that has work
    keep = [n for n in range(len(names)) if hourly and arrivals[n].any() and done[n].any()]
    inside = np.cumsum((arrivals - done)[keep].reshape(len(keep), arrivals[0].size), axis=1)
    metrics = {name: float(known[name].of(history)) for name in METRICS if name not in SCALED}
    return Glimpse(
        {**metrics, "orders": float(orders.sum()), "profit": float(profit.sum())},
        orders,
        profit,
        tuple(names[n] for n in keep),
        arrivals[keep][:, scored],
        capacity[keep][:, scored],
        inside.reshape(-1, *arrivals.shape[1:])[:, scored],
    )


def summary(first: list[Glimpse], second: list[Glimpse], factor: float) -> dict[str, Any]:
    """JSON-able comparison of `first` with `second`, seed by seed. `factor` is people simulated / people meant."""
    rows: list[dict[str, Any]] = []
    differences = []
    for name in METRICS:
        scale = 1 / factor if name in SCALED else 1.0
        a, b = (np.array([g.metrics[name] for g in side]) * scale for side in (first, second))
        differences.append(paired(a, b))
        rows.append({"metric": name, "first": _mean(a), "second": _mean(b)})
    adjusted = holm(np.array([d.p for d in differences]))
    known = all_metrics()
    for row, d, p in zip(rows, differences, adjusted, strict=True):
        name = str(row["metric"])
        better = "higher" if name == "orders" else known[name].better
        unit = "orders" if name == "orders" else known[name].unit
        row |= {"unit": unit, "better": better, "verdict": verdict(d, float(p), better),
                "difference": _finite([d.mean, d.low, d.high]), "pairs": d.pairs}  # fmt: skip
    return {
        "rows": rows,
        "gap": _band([np.cumsum(a.profit - b.profit) / factor for a, b in zip(first, second, strict=True)]),
        "daily": {
            "first": _band([g.orders / factor for g in first]),
            "second": _band([g.orders / factor for g in second]),
        },
    }


def played(first: Glimpse, second: Glimpse, factor: float) -> dict[str, Any]:
    """JSON-able queues of one seed, hour by hour, around the busiest day of either schedule; jobs, whole market."""
    rows = range(len(first.stations))
    busiest = int(np.argmax(np.maximum(first.orders, second.orders))) if first.orders.size else 0
    start = max(0, min(busiest - 2, first.orders.size - SHOWN_DAYS))
    days = slice(start, start + SHOWN_DAYS)
    out: list[dict[str, Any]] = []
    for n in rows:
        name = first.stations[n]
        if name not in second.stations:
            continue
        pair = {"first": (first, n), "second": (second, second.stations.index(name))}
        out.append({"name": name} | {
            side: {
                key: np.round(getattr(g, key)[m, days].reshape(-1) / factor, 1).tolist()
                for key in ("arrivals", "capacity", "inside")
            }
            for side, (g, m) in pair.items()
        })  # fmt: skip
    return {"start_day": start, "stations": out}


def _mean(values: Floats) -> list[float | None]:
    """Mean and 95 % interval (Student); the interval is unknown with one seed."""
    known = values[np.isfinite(values)]
    if known.size == 0:
        return [None, None, None]
    mean = float(known.mean())
    if known.size == 1:
        return [mean, None, None]
    half = float(stats.t.ppf(1 - ALPHA / 2, known.size - 1) * known.std(ddof=1) / np.sqrt(known.size))
    return [mean, mean - half, mean + half]


def _finite(values: list[float]) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in values]


def _band(days: list[Floats]) -> dict[str, list[float]]:
    """Mean, least and most a day over seeds."""
    table = np.stack(days)
    return {"mean": table.mean(axis=0).round(1).tolist(), "low": table.min(axis=0).round(1).tolist(),
            "high": table.max(axis=0).round(1).tolist()}  # fmt: skip
