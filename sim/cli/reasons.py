"""Commands that say why and when: decompose, smoothing, shadow, churn, breakeven, sensitivity."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from sim.cli.options import (
    SOME_FAILED,
    Progress,
    cli,
    load,
    question_options,
    scenario_options,
    twin_options,
    where,
)
from sim.errors import UsageError


def _tell(result: Any, figures: list[Path], as_json: bool, quiet: bool, out: Path | None) -> None:
    """Prints the result of an experiment with twins, and which worlds failed."""
    if as_json:
        click.echo(json.dumps(result.to_dict() | {"figures": list(map(str, figures))}, indent=2, allow_nan=False))
    elif not quiet:
        click.echo(result.text())
        where(out, figures)
    for failure in result.failures:
        click.echo(f"failed: {failure}", err=True)
    if result.failures:
        sys.exit(SOME_FAILED)


def _twins(
    run: Callable[..., Any], quiet: bool, as_json: bool, options: dict[str, Any], figure: str = "", table: str = ""
) -> None:
    """Runs an experiment with twins and tells what came out; its `table` is drawn where tables are written."""
    options["workers"] = options["workers"] or os.cpu_count() or 1
    with Progress(quiet) as progress:
        result = run(progress=progress, **options)
    figures: list[Path] = []
    if figure and options["out"] is not None:
        from sim.report.figures import save_experiment  # matplotlib

        figures = save_experiment(options["out"], figure, getattr(result, table))
    _tell(result, figures, as_json, quiet, options["out"])


@cli.command(short_help="Where a campaign's bump came from, to the unit.")
@scenario_options
@click.option("--campaign", required=True, help="A campaign of the scenario.")
@click.option("--schedule", help="A schedule that holds it; the first one by default.")
@click.option("--line-up", help="A line-up of the scenario; the baseline's by default.")
@twin_options
def decompose(
    scenario: str, settings: tuple[str, ...], campaign: str, quiet: bool, as_json: bool, **options: Any
) -> None:  # fmt: skip
    """Where a campaign's bump came from: incremental, pulled forward, postponed, switched, stockpiled, lost, returned.
    Seven twin worlds a replication; the parts add up to the unit."""
    loaded = load(scenario, settings)
    from sim.lab.decompose import decompose as run  # pandas and the lab

    _twins(partial(run, loaded, campaign), quiet, as_json, options, "bump_decomposition", "days")


@cli.command(short_help="The same budget in 1, 2, 4, ... 52 events.")
@scenario_options
@click.option("--campaign", required=True, help="A campaign of the scenario.")
@click.option(
    "--events", default="1,2,4,12,52", show_default=True, help="Numbers of events; the first is the baseline."
)
@click.option("--schedule", help="A schedule that holds it; the first one by default.")
@click.option("--line-up", help="A line-up of the scenario; the baseline's by default.")
@click.option("--held/--offered", default=True, help="All spend what the first spends (default), or offer the same.")
@twin_options
def smoothing(
    scenario: str, settings: tuple[str, ...], campaign: str, events: str, quiet: bool, as_json: bool, **options: Any
) -> None:
    """The smoothing path: a campaign's budget spent in k events; profit, peak load and retention by k, on common
    draws."""
    loaded = load(scenario, settings)
    from sim.lab.smoothing import smoothing as run  # pandas and the lab

    counts = [part.strip() for part in events.split(",")]
    if not all(part.isascii() and part.isdigit() for part in counts):
        raise UsageError(f"--events: must be whole numbers with commas between, got {events!r}")
    path = partial(run, loaded, campaign, [int(part) for part in counts])
    _twins(path, quiet, as_json, options, "smoothing_path", "table")


@cli.command(short_help="What one more picker, courier or agent-hour is worth a day.")
@scenario_options
@click.option("--schedule", help="A schedule of the scenario; the baseline's by default.")
@click.option("--line-up", help="A line-up of the scenario; the baseline's by default.")
@twin_options
def shadow(scenario: str, settings: tuple[str, ...], quiet: bool, as_json: bool, **options: Any) -> None:
    """Shadow prices of capacity: yuan per unit and day, with its own pay in them and without, on common draws."""
    loaded = load(scenario, settings)
    from sim.lab.shadow import shadow as run  # pandas and the lab

    _twins(partial(run, loaded), quiet, as_json, options)


@cli.command(short_help="Whom one pair loses that another keeps, by cause.")
@scenario_options
@click.option("--pair", metavar="SCHEDULE/LINE_UP", help="Whose losses; the first compared pair by default.")
@click.option("--against", metavar="SCHEDULE/LINE_UP", help="Compared with; the baseline by default.")
@twin_options
def churn(
    scenario: str, settings: tuple[str, ...], pair: str | None, against: str | None, quiet: bool, as_json: bool,
    **options: Any,
) -> None:  # fmt: skip
    """Churn accounting: customers lost by cause under two pairs, person by person on common draws."""
    loaded = load(scenario, settings)
    from sim.lab.churn import churn as run  # pandas and the lab

    _twins(partial(run, loaded, pair, against), quiet, as_json, options)


def _tell_map(result: Any, figures: list[Path], as_json: bool, quiet: bool) -> None:
    """Prints what came out of many points, and which worlds failed."""
    if as_json:
        told = result.to_dict() | {"figures": [str(path) for path in figures]}
        click.echo(json.dumps(told, indent=2, allow_nan=False))
    elif not quiet:
        click.echo(result.text() + "\n")
        where(result.folder, figures)
    for failure in result.failed:
        click.echo(f"failed: {failure}", err=True)
    if result.failed:
        sys.exit(SOME_FAILED)


@cli.command(short_help="The map of where one schedule beats another, and a rule for it.")
@scenario_options
@click.option("--x", metavar="PATH=lo:hi:n", help="Field along the map, e.g. campaigns.double12.markdown=0:0.4:5.")
@click.option("--y", metavar="PATH=lo:hi:n", help="Field up the map.")
@click.option("--refine", type=click.IntRange(0), default=0, show_default=True, help="Levels of finer points.")
@click.option("--over", multiple=True, metavar="PATH=lo:hi", help="A field to sample for the rule in words.")
@click.option("--samples", type=click.IntRange(1), default=64, show_default=True, help="Sampled worlds for the rule.")
@question_options
def breakeven(scenario: str, settings: tuple[str, ...], quiet: bool, as_json: bool, **options: Any) -> None:
    """The map over --x and --y of where schedule A (the festival) beats B, finer along the line of break-even; with
    --over also the rule in words, a shallow decision tree over sampled worlds."""
    from sim.lab.breakeven import breakeven as run  # pandas and the lab
    from sim.report.breakeven_map import save_breakeven  # matplotlib

    with Progress(quiet) as progress:
        result = run(scenario, settings=settings, progress=progress, **options)
    _tell_map(result, save_breakeven(result.folder, result.points, result.cells), as_json, quiet)


@cli.command(short_help="Which fields the difference between two schedules hangs on.")
@scenario_options
@click.option("--over", multiple=True, metavar="PATH=lo:hi", help="A field, at least two of them.")
@click.option("--assumptions", is_flag=True, help="Instead: each assumption without evidence, one at a time.")
@click.option("--step", type=float, default=0.2, show_default=True, help="With --assumptions: the share it moves by.")
@click.option("--method", type=click.Choice(["morris", "sobol"]), default="morris", show_default=True, help="Indices.")
@click.option(
    "--samples", type=click.IntRange(2), default=8, show_default=True,
    help="Morris: trajectories; Sobol: base sample, a power of 2.",
)  # fmt: skip
@question_options
def sensitivity(
    scenario: str, settings: tuple[str, ...], quiet: bool, as_json: bool, assumptions: bool, step: float, **options: Any
) -> None:
    """Morris or Sobol indices of the difference between two schedules over several fields (extra `sensitivity`).

    With --assumptions: what each assumption without evidence changes in the difference, one at a time. Stored in the
    folder of a comparison (--out), the comparison's report ranks them when it is made again.
    """
    if assumptions and options["over"]:
        raise UsageError("--over: must be left out with --assumptions")
    from sim.lab.assumed import assumed  # pandas and the lab
    from sim.lab.sensitivity import sensitivity as indices  # pandas and the lab

    with Progress(quiet) as progress:
        if assumptions:
            for name in ("over", "method", "samples"):
                options.pop(name)
            result: Any = assumed(scenario, step=step, settings=settings, progress=progress, **options)
        else:
            result = indices(scenario, settings=settings, progress=progress, **options)
    _tell_map(result, [], as_json, quiet)
