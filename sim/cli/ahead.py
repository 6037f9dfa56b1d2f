"""Commands that look ahead: the risk list before a campaign, the plan of the coming weeks."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from sim.cli.options import SOME_FAILED, Progress, cli, load, scenario_options, shown, where
from sim.errors import UsageError


@cli.command(short_help="The risk list before a campaign, and what to do by when.")
@scenario_options
@click.option("--campaign", required=True, help="A campaign of the schedule.")
@click.option("--days", type=click.IntRange(1, 3660), default=10, show_default=True, help="Days before its first.")
@click.option("--schedule", help="A schedule of the scenario; that of the baseline by default.")
@click.option("--line-up", help="A line-up of the scenario; that of the baseline by default.")
@click.option("--replications", type=click.IntRange(2), help="Futures; 40 by default, 8 an event in a back-test.")
@click.option("--act", metavar="RISK", help="Also act on this risk, or the top one: what it gains.")
@click.option("--threshold", "limits", multiple=True, metavar="RISK=VALUE", help="Another threshold for an event.")
@click.option("--backtest", "events", type=click.IntRange(2), metavar="EVENTS",
              help="Instead: score the lists of so many seeds against what came true.")  # fmt: skip
@click.option("--alike", is_flag=True, help="With --backtest: one event again and again, not events that differ.")
@click.option("--seed", type=click.IntRange(0), help="Root of all random numbers.")
@click.option("--workers", type=click.IntRange(1), help="Processes; all cores by default.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the tables and the figure.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable result on standard output.")
def preflight(scenario: str, settings: tuple[str, ...], events: int | None, **options: Any) -> None:
    """The risk list of SCENARIO some days before a campaign, from many futures of one saved world.

    The futures go on from the world's whole state, people's traits and trucks on the road included.
    """
    loaded = load(scenario, settings)
    from sim.lab import store  # pandas
    from sim.lab.preflight import run  # mesa and the lab

    quiet, as_json, out = options.pop("quiet"), options.pop("as_json"), options.pop("out")
    if out is not None:
        store.prepare(out)
    act, alike = options.pop("act"), options.pop("alike")
    if alike and events is None:
        raise UsageError("--alike: must be given with --backtest alone")
    with Progress(quiet) as progress:
        if events is None:
            result: Any = run.risk_list(loaded, act=act, progress=progress, **options)
        elif act:
            raise UsageError("--act: must be left out of a back-test")
        else:
            result = run.back_test(loaded, events=events, alike=alike, progress=progress, **options)
    figures: list[Path] = []
    if out is not None:
        from sim.report.figures import save_experiment  # matplotlib

        result.write(out)
        name, table = ("risk_list", result.frame()) if events is None else ("reliability", result.reliability())
        figures = save_experiment(out, name, table)
    if as_json:
        click.echo(json.dumps(result.to_dict() | {"figures": list(map(str, figures))}, indent=2, allow_nan=False))
    elif not quiet:
        click.echo(result.table())
        where(out, figures)


@cli.command(short_help="Orders, prices, messages of the coming weeks: their worth.")
@scenario_options
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the plan's CSV files.")
@click.option("--weeks", type=click.IntRange(1), default=4, show_default=True, help="Weeks from the warm-up's end on.")
@click.option("--line-up", default="closed_loop", show_default=True, help="Whose decisions the plan is.")
@click.option("--usual", help="Business as usual: a line-up of the scenario; the baseline's by default.")
@click.option("--schedule", help="A schedule of the scenario; that of the baseline by default.")
@click.option("--replications", type=click.IntRange(1), help="Paired seeds; the scenario's own by default.")
@click.option("--seed", type=click.IntRange(0), help="Root of all random numbers.")
@click.option("--workers", type=click.IntRange(1), help="Processes; all cores by default.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable result on standard output.")
def loop(scenario: str, settings: tuple[str, ...], out: Path, quiet: bool, as_json: bool, **options: Any) -> None:
    """What to order, to charge and to write in the coming weeks of SCENARIO, one you fitted or a shipped one, as CSV
    files; and what it earns over business as usual, on common draws."""
    loaded = load(scenario, settings)
    from sim.lab.loop.run import loop as run  # mesa and the lab

    with Progress(quiet) as progress:
        result = run(loaded, out=out, progress=progress, **options)
    if as_json:
        click.echo(json.dumps(result.to_dict(), indent=2, allow_nan=False))
    elif not quiet:
        earlier = " (the earlier plan in it is replaced)" if result.replaced else ""
        click.echo(f"{result.text()}\n\nPlan: {shown(out)}{earlier}")
    for failure in result.failures:
        click.echo(f"failed: {failure}", err=True)
    if result.failures:
        sys.exit(SOME_FAILED)
