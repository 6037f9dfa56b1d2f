"""The fitted scenario lived through again at the prices of the file: what it would have sold."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.contracts import Forecast, Info, Offers, Pricer, View
from sim.errors import PeakshiftError
from sim.fit.elasticity import demand_at, estimate
from sim.fit.estimates import Fit
from sim.fit.scenario import Tuning, scale_of, scenario_text, sku_names
from sim.lab.executor import WorkerKilled, map_tasks
from sim.scenario import load_scenario
from sim.world import World, line_up_of

Floats = NDArray[np.float64]
R = TypeVar("R")

WARM_UP_WEEKS = 4
MOST_PEOPLE = 20_000
"""People in a simulated market; beyond that a part of the market is simulated and its units are scaled up."""
_NEED, _SENSITIVITY = (0.05, 50.0), (0.3, 3.0)
"""Bounds of the tuning."""


@dataclass
class Replay(Pricer):
    """Every SKU at the price that the file tells, week by week."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 0
    price_yuan: Floats = field(default_factory=lambda: np.ones((1, 1)))
    """(weeks, K) prices; before the first week, its own."""

    def price(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Offers:
        """The week's prices, in every channel; no coupons."""
        shop = view.shop
        week = min(max(0, view.day // 7 - WARM_UP_WEEKS), len(self.price_yuan) - 1)
        return Offers(
            np.tile(self.price_yuan[week], (len(shop.channels), 1)), np.zeros((len(shop.groups), len(shop.skus)))
        )


def simulated(fit: Fit, table: pd.DataFrame, yuan: float, tuning: Tuning, seed: int) -> pd.DataFrame:
    """`table` with the units that the fitted world wants in its weeks, on the scale of the data.

    Wanted, not sold: a sold-out shelf is the merchant's, and the data know none. Campaigns are off, the margin floor
    is open.
    """
    skus = list(sku_names(fit))
    prices = table.pivot(index="week", columns="sku", values="log_price").reindex(columns=skus)
    weeks = prices.index.to_numpy(int)
    every = prices.reindex(range(weeks.min(), weeks.max() + 1)).ffill()
    for sku in skus:  # one without a whole week has no price yet
        every[sku] = every[sku].fillna(float(np.log(fit.pattern.list_price[sku])))
    whole = _people(fit, yuan, tuning)
    people = min(MOST_PEOPLE, whole)
    days = 7 * len(every)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "fitted.yaml"
        file.write_text(scenario_text(fit, yuan, tuning), encoding="utf-8")
        scenario = load_scenario(file, [
            f"market.consumers={people}", "schedules={quiet: []}", "red_lines.margin_floor=-10",
            f"calendar={{warm_up_days: {7 * WARM_UP_WEEKS}, scored_days: {days}, settlement_days: 0}}",
            "compare.baseline={schedule: quiet, line_up: gut_feel}",
        ])  # fmt: skip
    line_up = line_up_of(scenario, "gut_feel") | {"pricing": Replay(price_yuan=np.exp(every.to_numpy(float)) * yuan)}
    world = World(scenario, "quiet", line_up, seed)
    world.run()
    wanted = world.records.wanted.sum(axis=1)[:, 7 * WARM_UP_WEEKS :]
    weekly = wanted[:, :days].reshape(len(skus), len(every), 7).sum(axis=2) * (whole / people / scale_of(fit))
    units = pd.DataFrame(weekly.T, index=every.index, columns=skus).loc[weeks]
    found = units.rename_axis(index="week").reset_index().melt("week", var_name="sku", value_name="units")
    return table.drop(columns="units").merge(found, on=["sku", "week"], how="left")


def _people(fit: Fit, yuan: float, tuning: Tuning) -> int:
    """The market's size as the scenario writes it."""
    line = next(t for t in scenario_text(fit, yuan, tuning).splitlines() if t.startswith("  consumers:"))
    return int(line.split()[1])


def tune(fit: Fit, table: pd.DataFrame, yuan: float, seed: int, rounds: int = 3) -> Tuning:
    """Simulates, fits again, and corrects need and price sensitivity until the world gives the data's units and the
    elasticity used back (the method of simulated moments, two moments and two parameters).

    The elasticity is left alone where it is not identified: there is no price movement to find it by.
    """
    tuning = Tuning()
    target = float(table["units"].sum())
    for _ in range(rounds):
        world = simulated(fit, table, yuan, tuning, seed)
        units = float(world["units"].sum())
        again = estimate(world)
        slope = 1.0
        if fit.elasticity.identified != "not identified" and again.estimate < -0.1 and fit.elasticity.pooled < -0.1:
            slope = fit.elasticity.pooled / again.estimate
        tuning = Tuning(
            float(np.clip(tuning.need * target / max(units, 1.0), *_NEED)) if units > 0 else tuning.need,
            float(np.clip(tuning.sensitivity * slope, *_SENSITIVITY)),
        )
    return tuning


def side_by_side(function: Callable[..., R], tasks: Sequence[tuple[Any, ...]], workers: int) -> list[R]:
    """`function` of each task, in the tasks' order, on so many processes; whatever their number, the same results.

    Raises PeakshiftError where a process was killed.
    """
    found: dict[int, R] = {}
    for n, result in map_tasks(_starred, [(function, task) for task in tasks], workers):
        if isinstance(result, WorkerKilled):
            raise PeakshiftError(str(result))
        found[n] = result
    return [found[n] for n in range(len(tasks))]


def _starred(task: tuple[Callable[..., R], tuple[Any, ...]]) -> R:
    function, values = task
    return function(*values)


def at_elasticity(fit: Fit, table: pd.DataFrame, elasticity: float) -> Fit:
    """The fit as if the elasticity used were another; base demand follows."""
    base = demand_at(table, fit.pattern.list_price, elasticity)
    return replace(fit, elasticity=replace(fit.elasticity, pooled=elasticity), base_units=base)
