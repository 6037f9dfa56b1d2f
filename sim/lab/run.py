"""One run: a world lived through, measured, and reduced to what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import UsageError, all_told, one_of
from sim.ledger import History
from sim.metrics import all_metrics
from sim.scenario import Scenario

if TYPE_CHECKING:
    from sim.actors.base import Actor

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class RunResult:
    """Metrics and tables of one run, or the error that ended it.

    `daily` columns are (T,); `hourly` holds the names of stations and couriers' depots (St + C,) and their
    arrivals and capacity (St + C, T, 24); `pnl` account names (A,) and fen (A, T); `cohorts` one row a group of
    customers.
    """

    schedule: str
    line_up: str
    seed: int
    metrics: dict[str, float]
    error: str | None = None
    daily: Columns = field(default_factory=dict, repr=False)
    hourly: Columns = field(default_factory=dict, repr=False)
    pnl: Columns = field(default_factory=dict, repr=False)
    cohorts: Columns = field(default_factory=dict, repr=False)

    @property
    def status(self) -> str:
        """`done` or `failed`."""
        return "done" if self.error is None else "failed"

    def without_tables(self) -> RunResult:
        """Its metrics or error alone: what is kept in memory."""
        return replace(self, daily={}, hourly={}, pnl={}, cohorts={})

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; NaN becomes null."""
        metrics = {name: value if np.isfinite(value) else None for name, value in self.metrics.items()}
        head = {"schedule": self.schedule, "line_up": self.line_up, "seed": self.seed, "status": self.status}
        return {**head, "error": self.error, "metrics": metrics}


def run_one(
    scenario: Scenario, schedule: str, line_up: str, seed: int, note: Path | None = None,
    guests: Sequence[type[Actor]] = (),
) -> RunResult:  # fmt: skip
    """Lives through one world. Whatever goes wrong in it ends this run only, as its error. `guests` look on.

    With a `note` (workers only: see sim/actors/deadline.py) a strategy that hangs ends the process. Raises UsageError
    for a schedule, line-up or seed that cannot be.
    """
    all_told(
        lambda: one_of("schedule", schedule, scenario.schedules),
        lambda: one_of("line_up", line_up, scenario.line_ups),
    )
    if not isinstance(seed, int | np.integer) or seed < 0:
        raise UsageError(f"seed: must be a whole number of at least 0, got {seed!r}")
    from sim.actors.deadline import Deadline  # with the world
    from sim.world import World  # mesa and compiled kernels: 1 s, only where a world is run

    deadline = Deadline(scenario.compare.decision_seconds, note)
    try:
        world = World(scenario, schedule, line_up, seed, guests)
        world.merchant.deadline = deadline
        return reduce(world.run())
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a strategy may fail in any way, sys.exit() too; the experiment goes on
        return RunResult(schedule, line_up, seed, {}, f"{type(error).__name__}: {error}")
    finally:
        deadline.close()


def reduce(history: History) -> RunResult:
    """A history's metrics and tables."""
    calendar = history.scenario.calendar
    days = np.arange(calendar.days, dtype=np.int32)
    dates = np.datetime64(calendar.start.isoformat()) + days.astype("timedelta64[D]")
    date = np.datetime_as_string(dates)
    depots = [f"{city}/couriers" for city in history.scenario.market.cities]
    return RunResult(
        history.schedule,
        history.line_up,
        history.seed,
        metrics={name: _one_nan(metric.of(history)) for name, metric in all_metrics().items()},
        daily={"day": days, "date": date, **history.daily},
        hourly={
            "station": np.array([*history.stations, *depots]),
            "arrivals": np.concatenate([history.arrivals_hourly, history.courier_arrivals_hourly]),
            "capacity": np.concatenate([history.capacity_hourly, history.courier_capacity_hourly]),
        },
        pnl={"account": np.array(list(history.accounts)), "fen": np.stack(list(history.accounts.values()))},
        cohorts=_cohorts(history),
    )


def _one_nan(value: float) -> float:
    """The same number; of the many NaNs the one that reading a stored run gives, so that bytes agree."""
    return float(value) if value == value else float("nan")


def _cohorts(history: History) -> Columns:
    """Customers by how they were won and by days from first to second order (-1 = none yet)."""
    who, when = history.order_customer, history.order_day.astype(np.int64)
    order = np.lexsort((when, who))
    who, when = who[order], when[order]
    first = np.flatnonzero(np.r_[True, who[1:] != who[:-1]]) if who.size else np.zeros(0, np.int64)
    second = np.minimum(first + 1, max(0, who.size - 1))
    has = (who[second] == who[first]) & (second != first) if who.size else np.zeros(0, np.bool_)
    gap = np.where(has, when[second] - when[first], -1) if who.size else np.zeros(0, np.int64)
    source = history.source[who[first]] if who.size else np.zeros(0, np.int8)
    start = when[first] if who.size else np.zeros(0, np.int64)
    table = np.stack([source.astype(np.int64), start // 30, gap], axis=1) if who.size else np.zeros((0, 3), np.int64)
    rows, count = np.unique(table, axis=0, return_counts=True)
    return {
        "source": rows[:, 0].astype(np.int8), "month": rows[:, 1].astype(np.int32),
        "days_to_second_order": rows[:, 2].astype(np.int32), "customers": count.astype(np.int64),
    }  # fmt: skip
