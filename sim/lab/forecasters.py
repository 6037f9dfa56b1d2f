"""Forecasters side by side: all are asked every morning in one and the same world, and marked on what was wanted.

`python -m sim.lab.forecasters double12` prints the table. The merchant acts on his own line-up's forecaster; the others
are guests whose answers nobody uses, so all are marked on the same days and none can make its own forecast come true.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from sim import plugins
from sim.actors.base import Actor
from sim.actors.critic import MarkBook, promo_day
from sim.actors.view import view_of
from sim.contracts import HORIZON_DAYS, Forecaster
from sim.errors import PeakshiftError, UsageError
from sim.lab.plan import seed_of
from sim.metrics.forecast_skill import mean_mark
from sim.scenario import load_scenario
from sim.world import World

NAMES = "promo_regression,last_year,moving_average,seasonal_naive"
Marks = dict[str, NDArray[np.float64]]


def contest(scenario: str, schedule: str, line_up: str, replication: int, names: list[str]) -> Marks:
    """Sums (scored days, 2, 4, M) of each forecaster's marks in one world."""
    spec = load_scenario(scenario)
    rivals = {name: plugins.build("forecasting", name, {}, spec.folder) for name in names}
    books: dict[str, MarkBook] = {}

    class Guests(Actor):
        """Asks every forecaster after the merchant has decided, and marks them when the day is over."""

        def decide(self) -> None:
            world = self.world
            view = view_of(world)
            for name, rival in rivals.items():
                assert isinstance(rival, Forecaster)
                if name not in books:
                    books[name] = MarkBook(spec.calendar.days, len(world.shop.skus), len(world.shop.cities))
                shown = world.with_truth(view) if rival.info == "oracle" else view
                rng = world.streams.generator(f"contest {name}", world.day)
                books[name].note(world.day, rival.forecast(shown, HORIZON_DAYS, rng))

        def settle(self) -> None:
            world = self.world
            for book in books.values():
                book.mark(world.day, world.records.wanted[:, :, world.day], promo_day(world))

    history = World(spec, schedule, line_up, seed_of(spec.seed, replication), guests=(Guests,)).run()
    return {name: book.sums[history.scored] for name, book in books.items()}


def table(results: dict[tuple[str, str], list[Marks]], names: list[str]) -> list[str]:
    """Lines: each schedule and line-up, then all together; a forecaster's marks are means over all their days."""
    head = (f"{'forecaster':<24}{'CRPS promo':>11}{'vs first':>9}{'in 50 %':>8}{'80 %':>7}{'90 %':>7}"
            f"{'CRPS normal':>13}{'vs first':>9}{'90 %':>7}")  # fmt: skip
    lines = []
    together = [("all of these", [marks for found in results.values() for marks in found])] if len(results) > 1 else []
    for title, runs in [(f"{s} / {n}", found) for (s, n), found in results.items()] + together:
        sums = {name: np.concatenate([run[name] for run in runs]) for name in names}
        first = {kind: mean_mark(sums[names[0]], kind, "crps") for kind in ("promo", "normal")}
        lines += ["", f"{title}, {len(runs)} runs", head]
        for name in names:
            got: dict[str, Any] = {
                f"{kind} {measure}": mean_mark(sums[name], kind, measure)
                for kind in ("promo", "normal") for measure in ("crps", "coverage_50", "coverage_80", "coverage_90")
            }  # fmt: skip
            lines.append(
                f"{name:<24}{got['promo crps']:>11.2f}{first['promo'] / got['promo crps'] - 1:>9.0%}"
                f"{got['promo coverage_50']:>8.1%}{got['promo coverage_80']:>7.1%}{got['promo coverage_90']:>7.1%}"
                f"{got['normal crps']:>13.2f}{first['normal'] / got['normal crps'] - 1:>9.0%}"
                f"{got['normal coverage_90']:>7.1%}"
            )
    return lines


@click.command()
@click.argument("scenario", default="double12")
@click.option("--names", default=NAMES, show_default=True, help="Forecasters; the first is compared with the others.")
@click.option("--line-up", "line_ups", default="gut_feel", show_default=True, help="Who runs the shop meanwhile.")
@click.option("--schedules", default="", help="Schedules; all of the scenario by default.")
@click.option("--seeds", type=click.IntRange(1), default=20, show_default=True)
@click.option("--workers", type=click.IntRange(1), default=os.cpu_count() or 1, help="Processes; all cores by default.")
def main(scenario: str, names: str, line_ups: str, schedules: str, seeds: int, workers: int) -> None:
    """CRPS (units a SKU, city and day) and coverage of forecasters in the same worlds."""
    who = list(dict.fromkeys(names.split(",")))
    try:
        spec = load_scenario(scenario)
        where = [(s, n) for s in (schedules.split(",") if schedules else spec.schedules) for n in line_ups.split(",")]
        for s, n in where:
            if s not in spec.schedules or n not in spec.line_ups:
                raise UsageError(f"{s} / {n}: must be a schedule and a line-up of the scenario")
        for name in who:
            plugins.build("forecasting", name, {}, spec.folder)
        with ProcessPoolExecutor(workers) as pool:
            jobs = {pair: [pool.submit(contest, scenario, *pair, n, who) for n in range(seeds)] for pair in where}
            found = {pair: [job.result() for job in waiting] for pair, waiting in jobs.items()}
    except PeakshiftError as error:
        click.echo(str(error), err=True)
        sys.exit(error.exit_code)
    click.echo("\n".join(table(found, who)[1:]))


if __name__ == "__main__":
    main()
