"""Commands that run worlds and judge: compare, run, rerun, tournament, gate."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.options import (
    DONE,
    NO,
    SOME_FAILED,
    Progress,
    cli,
    consumers_option,
    dask_options,
    executor_of,
    figure,
    load,
    names,
    resized,
    run_options,
    scenario_options,
    set_option,
    share,
    shown,
    warn,
    where,
)
from sim.errors import UsageError, all_told, one_of

if TYPE_CHECKING:
    from sim.lab.compare import Comparison
    from sim.report.language import Language


@cli.command(short_help="The verdict: every schedule x line-up x seed, on common draws.")
@set_option
@consumers_option
@click.argument("scenarios", metavar="SCENARIO...", nargs=-1, required=True)
@run_options
@dask_options
@click.option(
    "--decision-seconds", type=click.FloatRange(0, 86_400, min_open=True),
    help="Longest that a strategy may take for one answer; a run that hangs fails, the others go on.",
)  # fmt: skip
@click.option(
    "--until", callback=share, metavar="SHARE",
    help="Add replications until every figure is decided or known within this share of the baseline's mean, e.g. 2%.",
)  # fmt: skip
@click.option("--most", type=click.IntRange(1), help="With --until: at most so many replications; 10 times the first.")
@click.option("--language", type=click.Choice(["en", "zh"]), default="en", help="Language of report.html.")
def compare(
    scenarios: tuple[str, ...], settings: tuple[str, ...], consumers: int | None, language: Language, **options: Any
) -> None:  # fmt: skip
    """Every schedule x line-up x seed of SCENARIO on common random numbers: the verdict, tables, figures, report.

    Of several scenarios each in turn, then how often each pair won, tied and lost.
    """
    loaded = all_told(*(lambda name=name: load(name, resized(name, settings, consumers)) for name in scenarios))
    from sim.lab.compare import compare as run_compare  # pandas and the lab
    from sim.lab.delivery import keeping  # the lab
    from sim.lab.tally import folders, tally  # pandas
    from sim.report.figures import save_figures  # matplotlib
    from sim.report.html import write_report  # matplotlib and jinja2

    quiet, as_json, out = options.pop("quiet"), options.pop("as_json"), options.pop("out")
    results, told = [], []
    with executor_of(options) as executor:
        for scenario, folder in zip(loaded, folders(loaded, out), strict=True):
            with Progress(quiet) as progress:
                result = run_compare(scenario, progress=progress, out=folder, executor=executor, **options)
            with keeping(result.folder / "runs", options["resume"]):
                daily, hourly = result.drawn("daily"), result.drawn("hourly")
                figures = save_figures(result.folder, result.runs, result.comparison, daily, hourly, result.scenario)
                report = write_report(result.folder, language)
            results.append(result)
            told.append(result.to_dict(figures))
            if not quiet and not as_json:
                _print_comparison(result, figures, report)
            if not quiet:
                warn(scenario)
            for failure in result.failures():
                click.echo(f"failed: {failure}", err=True)
    count = tally(results)
    if as_json:
        several = {"scenarios": told, "tally": count.rows()}
        click.echo(json.dumps(told[0] if len(told) == 1 else several, indent=2, allow_nan=False))
    elif len(results) > 1 and not quiet:
        click.echo("\n" + count.text())
    if any(result.failures() for result in results):
        sys.exit(SOME_FAILED)


def _print_comparison(result: Comparison, figures: list[Path], report: Path) -> None:
    click.echo(result.table())  # plain on terminals too: a table that wraps to fit breaks numbers in two
    click.echo("\n" + "\n".join(result.verdict()) + "\n")
    where(result.folder, figures)
    click.echo(f"Report:  {shown(report)}")


@cli.command(short_help="One world, one history: all metrics.")
@scenario_options
@click.option("--schedule", required=True, help="A schedule of the scenario.")
@click.option("--line-up", required=True, help="A line-up of the scenario.")
@click.option("--seed", type=click.IntRange(0), help="Root of all random numbers.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the day-by-day tables.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable result on standard output.")
def run(
    scenario: str, settings: tuple[str, ...], schedule: str, line_up: str, seed: int | None, out: Path | None,
    quiet: bool, as_json: bool,
) -> None:  # fmt: skip
    """One world, one history: all metrics of one schedule with one line-up.

    With --out also what was forecast on the eve of its first campaign, and what came.
    """
    loaded = load(scenario, settings)
    all_told(
        partial(one_of, "--schedule", schedule, loaded.schedules),
        partial(one_of, "--line-up", line_up, loaded.line_ups),
    )
    from sim.lab import store  # pyarrow
    from sim.lab.fan import run_with_fan  # the lab, and the world behind it

    if out is not None:
        store.prepare(out)
    result, fan = run_with_fan(loaded, schedule, line_up, loaded.seed if seed is None else seed)
    figures: list[Path] = []
    if out is not None and result.error is None:
        from sim.report.figures import save_experiment  # matplotlib

        store.write_run(out, result)
        store.write_csv(out / "forecast_fan.csv", fan)
        figures = save_experiment(out, "forecast_fan", fan)
    if result.error is not None:
        click.echo(f"failed: {schedule}/{line_up} seed {result.seed}: {result.error}", err=True)
        sys.exit(SOME_FAILED)
    if as_json:
        click.echo(json.dumps(result.to_dict() | {"figures": list(map(str, figures))}, indent=2, allow_nan=False))
    elif not quiet:
        from sim.metrics import all_metrics  # numpy alone

        width = max(map(len, all_metrics()))
        for name, metric in all_metrics().items():
            click.echo(f"{name:<{width}}  {figure(result.metrics[name]):>14} {metric.unit}")
        where(out, figures)


@cli.command(short_help="Repeat a stored result and say whether it is identical.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--workers", type=click.IntRange(1), help="Processes; all cores by default.")
def rerun(folder: Path, workers: int | None) -> None:
    """Repeats a stored result from its manifest and says whether it is identical."""
    from sim.lab.rerun import rerun as run_again  # pandas and the lab

    same, text = run_again(folder, workers)
    click.echo(text)
    sys.exit(DONE if same else NO)


def _kind_options(command: Callable[..., None]) -> Callable[..., None]:
    """One option a role: the strategies to combine."""
    for kind in ("outreach", "staffing", "stocking", "pricing", "forecasting"):
        text = f"{kind.capitalize()} strategies to combine."
        command = click.option(f"--{kind}", metavar="A,B", callback=names, help=text)(command)
    return command


@cli.command(short_help="Line-ups ranked, with the oracle and do-nothing among them.")
@scenario_options
@_kind_options
@click.option("--schedule", help="On which schedule; the baseline's.")
@click.option("--metric", default="profit", show_default=True, help="What is ranked.")
@click.option(
    "--indifference", callback=share, default="1%", show_default=True, metavar="SHARE",
    help="Smallest difference worth finding, of the baseline's mean.",
)  # fmt: skip
@click.option(
    "--confidence", callback=share, default="0.95", show_default=True, metavar="SHARE",
    help="Wanted chance of the right choice.",
)  # fmt: skip
@click.option("--budget", type=click.IntRange(1), metavar="RUNS", help="Spend so many runs by OCBA instead of KN.")
@click.option("--most", type=click.IntRange(3), default=200, show_default=True, help="At most so many replications.")
@click.option("--attribute", metavar="A,B", callback=names, help="Instead: the gap of line-up B over A by role.")
@click.option("--information", is_flag=True, help="Instead: what knowing more is worth in each role.")
@run_options
def tournament(
    scenario: str, settings: tuple[str, ...], attribute: list[str], information: bool, **options: Any
) -> None:
    """Ranks the line-ups of SCENARIO on common draws, or all combinations of the strategies named by role; the oracle
    and do-nothing are always in.

    KN's procedure selects the best with the confidence asked for, OCBA spends a budget. --attribute splits the gap
    between two line-ups over the five roles (Shapley).
    """
    loaded = load(scenario, settings)
    from sim.lab import attribution  # pandas and the lab
    from sim.lab.tournament import Tournament  # pandas and the lab
    from sim.lab.tournament import tournament as run_tournament  # pandas and the lab

    quiet, as_json = options.pop("quiet"), options.pop("as_json")
    choices = {kind: options.pop(kind) for kind in ("forecasting", "pricing", "stocking", "staffing", "outreach")}
    rules = {name: options.pop(name) for name in ("indifference", "confidence", "budget", "most")}
    result: attribution.Attribution | Tournament
    with Progress(quiet) as progress:
        if attribute:
            if len(attribute) != 2 or information:
                raise UsageError("--attribute: must be two line-ups, A,B, without --information")
            result = attribution.attribute(loaded, *attribute, progress=progress, **options)
        elif information:
            result = attribution.information(loaded, progress=progress, **options)
        else:
            chosen = {kind: names for kind, names in choices.items() if names}
            result = run_tournament(loaded, choices=chosen, progress=progress, **rules, **options)
    figures: list[Path] = []
    if isinstance(result, Tournament):
        from sim.report.figures import save_experiment  # matplotlib

        figures = save_experiment(result.folder, "tournament_matrix", result.matrix)
    if as_json:
        click.echo(json.dumps(result.to_dict() | {"figures": list(map(str, figures))}, indent=2, allow_nan=False))
    elif not quiet:
        click.echo(result.text() + "\n")
        where(result.folder, figures)
    failures = result.failures() if isinstance(result, Tournament) else []
    for failure in failures:
        click.echo(f"failed: {failure}", err=True)
    if failures:
        sys.exit(SOME_FAILED)


def _percentage(ctx: click.Context, param: click.Parameter, value: str) -> float:
    """`0.5%` -> 0.005."""
    try:
        share = float(value.removesuffix("%")) / 100
    except ValueError:
        share = -1.0
    if not value.endswith("%") or not 0 <= share < 1:
        raise click.BadParameter(f"must be a percentage from 0% to below 100%, such as 0.5%, got {value!r}", ctx, param)
    return share


@cli.command(short_help="Are the strategies still as good as the stored baseline?")
@scenario_options
@click.option("--baseline", required=True, type=click.Path(path_type=Path), help="The baseline's JSON file.")
@click.option("--line-up", help="This line-up alone.")
@click.option("--schedule", help="This schedule alone.")
@click.option("--replications", type=click.IntRange(2), help="Paired seeds; the baseline's where absent.")
@click.option("--margin", callback=_percentage, default="0.5%", show_default=True, help="Smallest loss that matters.")
@click.option("--renew", is_flag=True, help="Write the baseline instead: the pairs chosen here, nothing else.")
@click.option("--workers", type=click.IntRange(1), help="Processes; all cores by default.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder that keeps the runs; nowhere by default.")
@click.option("--quiet", is_flag=True, help="Print what failed alone.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable result on standard output.")
@dask_options
def gate(scenario: str, settings: tuple[str, ...], quiet: bool, as_json: bool, **options: Any) -> None:
    """Holds SCENARIO's strategies against a stored baseline, seed by seed. Exit code 1 when a metric lost more than the
    margin and the 95 % interval of the difference excludes 0; a change that changes nothing never fails."""
    loaded = load(scenario, settings)
    from sim.lab.gate import gate as run_gate  # pandas and the lab

    with executor_of(options) as executor, Progress(quiet) as progress:
        result = run_gate(
            loaded, scenario_name=scenario, settings=settings, executor=executor, progress=progress, **options
        )
    if as_json:
        click.echo(json.dumps(result.to_dict(), indent=2, allow_nan=False))
    else:
        for line in result.lines():
            if not quiet or line.startswith("FAIL"):
                click.echo(line)
    sys.exit(DONE if result.passed else NO)
