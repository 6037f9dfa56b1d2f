"""One forecast and what came: what the merchant expected on the eve of a campaign, beside what was then wanted.

The forecast is the one that he acts on at 06:00 of that day. Its sample paths are added up over all SKUs and cities
before quantiles are taken, as quantiles of a sum are no sum of quantiles. What came is the units WANTED, which is what
a forecaster is asked for (`sim/actors/critic.py`): with everything on the shelf they would have been ordered.
"""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.actors.base import Actor
from sim.lab.executor import WorkerKilled, map_tasks
from sim.lab.plan import from_outside
from sim.lab.run import RunResult, run_one
from sim.scenario import Scenario

PERCENT = (5, 25, 50, 75, 95)
"""Quantiles that are kept."""


def run_with_fan(scenario: Scenario, schedule: str, line_up: str, seed: int) -> tuple[RunResult, pd.DataFrame]:
    """A run, and its fan (`forecast_fan.csv`): day, date, the campaigns that run, `actual` units and quantiles q05 ...
    q95 of the units forecast on the first of these days; days after the calendar have NaN. Empty where the run failed.
    A strategy that is not shipped runs in a process apart, which it may end.
    """
    task, apart = (scenario, schedule, line_up, seed), from_outside(scenario, line_up)
    ((_, found),) = map_tasks(_live, [task], 1, apart=apart)
    if isinstance(found, WorkerKilled):
        return RunResult(schedule, line_up, seed, {}, str(found)), pd.DataFrame()
    return found


def _live(task: tuple[Scenario, str, str, int]) -> tuple[RunResult, pd.DataFrame]:
    scenario, schedule, line_up, seed = task
    day = eve(scenario, schedule)
    paths, actual = list[NDArray[np.float64]](), np.full(scenario.calendar.days, np.nan)

    class Onlooker(Actor):
        """Keeps the forecast of one day and counts what is wanted on all."""

        def decide(self) -> None:
            """The merchant, who settled in before, has just asked."""
            answer = self.world.merchant.last
            if self.world.day == day and answer is not None:
                paths.append(answer.forecast.paths.sum(axis=(1, 2)))

        def settle(self) -> None:
            """The day is over."""
            actual[self.world.day] = self.world.records.wanted[:, :, self.world.day].sum()

    result = run_one(scenario, schedule, line_up, seed, guests=(Onlooker,))
    return result, _frame(scenario, schedule, day, paths[0], actual) if result.error is None else pd.DataFrame()


def eve(scenario: Scenario, schedule: str) -> int:
    """The day before the first campaign that starts in the scored days; their first day where none does."""
    calendar = scenario.calendar
    last = calendar.warm_up_days + calendar.scored_days
    starts = ((scenario.campaigns[name].start.date() - calendar.start).days for name in scenario.schedules[schedule])
    inside = [start for start in starts if max(1, calendar.warm_up_days) <= start < last]
    return min(inside) - 1 if inside else calendar.warm_up_days


def _frame(
    scenario: Scenario, schedule: str, day: int, paths: NDArray[np.float64], actual: NDArray[np.float64]
) -> pd.DataFrame:
    days = np.arange(day, day + paths.shape[1])
    dates = [scenario.calendar.date_of(int(d)) for d in days]
    known = np.append(actual, np.full(paths.shape[1], np.nan))
    quantiles = np.quantile(paths, np.array(PERCENT) / 100, axis=0)
    return pd.DataFrame({
        "day": days, "date": [date.isoformat() for date in dates],
        "campaigns": [_running(scenario, schedule, date) for date in dates], "actual": known[days],
        **{f"q{p:02d}": q for p, q in zip(PERCENT, quantiles, strict=True)},
    })  # fmt: skip


def _running(scenario: Scenario, schedule: str, date: datetime.date) -> str:
    """Campaigns of the schedule on a day, with `, ` between; empty where there is none."""
    terms = ((name, scenario.campaigns[name]) for name in scenario.schedules[schedule])
    return ", ".join(name for name, c in terms if c.start.date() <= date <= c.end.date())
