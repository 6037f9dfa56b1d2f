"""The `peakshift` command: parse, call, print. No logic lives here.

Imports inside the commands are deliberate: `--help` and `validate` must not wait for mesa, numba,
pandas or matplotlib (see tests/test_startup.py).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim import __version__
from sim.errors import PeakshiftError, UsageError

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from sim.lab.compare import Comparison
    from sim.report.language import Language
    from sim.scenario import Scenario

DONE, NO, BAD_INPUT, SOME_FAILED, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit codes."""


class _Commands(click.Group):
    """A group that suggests the command that was probably meant."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from sim.errors import did_you_mean  # light, and only when something is wrong

            near = did_you_mean(args[0], self.list_commands(ctx))
            known = ", ".join(self.list_commands(ctx))
            hint = f"; did you mean {near!r}?" if near else f"; commands: {known}"
            raise click.UsageError(f"no command {args[0]!r}{hint}", ctx) from error

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # here, as click itself would exit with 1, which means that the answer is no
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(DONE)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="peakshift")
def cli() -> None:
    """Big promotions against always-on retail, simulated: which way of working wins, by how much, how
    certainly, and why."""


_set_option = click.option(
    "--set", "settings", multiple=True, metavar="PATH=VALUE", help="Change a field, e.g. market.consumers=5000."
)


def _scenario_options(command: Callable[..., None]) -> Callable[..., None]:
    """SCENARIO and --set."""
    return click.argument("scenario")(_set_option(command))


def _run_options(command: Callable[..., None]) -> Callable[..., None]:
    """Options of commands that run many worlds."""
    for option in (
        click.option("--replications", type=click.IntRange(1), help="Paired seeds per comparison."),
        click.option("--seed", type=click.IntRange(0), help="Root of all random numbers."),
        click.option("--workers", type=click.IntRange(1), help="Processes; all cores by default."),
        click.option("--out", type=click.Path(path_type=Path), help="Folder for the results."),
        click.option("--resume/--fresh", default=True, help="Keep runs that are there already (default)."),
        click.option("--quiet", is_flag=True, help="Print nothing but errors."),
        click.option("--json", "as_json", is_flag=True, help="Machine-readable result on standard output."),
    ):
        command = option(command)
    return command


def _dask_options(command: Callable[..., None]) -> Callable[..., None]:
    """Where else the runs may go; commands turn the two options into an executor with `_executor`."""
    for option in (
        click.option("--dask", metavar="ADDRESS", help="Run on Dask's workers, e.g. tcp://127.0.0.1:8786."),
        click.option("--dask-insecure", is_flag=True, help="Join a scheduler on another machine without TLS."),
    ):
        command = option(command)
    return command


def _executor(options: dict[str, Any]) -> AbstractContextManager[Executor | None]:
    """Takes the two options out and opens what they ask for; None without --dask."""
    address, insecure = options.pop("dask"), options.pop("dask_insecure")
    if address is None:
        return nullcontext()
    from sim.lab.remote import dask_executor  # the lab, and distributed

    return dask_executor(address, insecure)


def _load(reference: str, settings: Sequence[str], metrics: bool = False) -> Scenario:
    from sim.scenario import load_scenario  # pydantic, not needed for --help

    scenario = load_scenario(reference, settings)
    if metrics:
        from sim.metrics import check_names  # numpy alone

        check_names(scenario.compare.metrics)
    return scenario


# ---- experiments -------------------------------------------------------------------------------
def _share(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """`2%` or `0.02`."""
    text = "" if value is None else value.strip()
    try:
        return float(text[:-1]) / 100 if text.endswith("%") else float(text) if value is not None else None
    except ValueError:
        raise click.BadParameter(f"must be a share like 2% or 0.02, got {value!r}", ctx, param) from None


@cli.command(short_help="The verdict: every schedule x line-up x seed, on common draws.")
@_set_option
@click.argument("scenarios", metavar="SCENARIO...", nargs=-1, required=True)
@_run_options
@_dask_options
@click.option(
    "--decision-seconds", type=click.FloatRange(0, 86_400, min_open=True),
    help="Longest that a strategy may take for one answer; a run that hangs fails, the others go on.",
)  # fmt: skip
@click.option(
    "--until", callback=_share, metavar="SHARE",
    help="Add replications until every figure is decided or known within this share of the baseline's mean, e.g. 2%.",
)  # fmt: skip
@click.option("--most", type=click.IntRange(1), help="With --until: at most so many replications; 10 times the first.")
@click.option("--language", type=click.Choice(["en", "zh"]), default="en", help="Language of report.html.")
def compare(scenarios: tuple[str, ...], settings: tuple[str, ...], language: Language, **options: Any) -> None:
    """Every schedule x line-up x seed of SCENARIO on common random numbers: the verdict, tables, figures, report.

    Of several scenarios each in turn, then how often each pair won, tied and lost.
    """
    loaded = [_load(scenario, settings, metrics=True) for scenario in scenarios]
    from sim.lab.compare import compare as run_compare  # pandas and the lab
    from sim.lab.tally import folders, tally  # pandas
    from sim.report.figures import save_figures  # matplotlib
    from sim.report.html import write_report  # matplotlib and jinja2

    quiet, as_json, out = options.pop("quiet"), options.pop("as_json"), options.pop("out")
    results, told = [], []
    with _executor(options) as executor:
        for scenario, folder in zip(loaded, folders(loaded, out), strict=True):
            with _progress(quiet) as progress:
                result = run_compare(scenario, progress=progress, out=folder, executor=executor, **options)
            daily, hourly = result.drawn("daily"), result.drawn("hourly")
            figures = save_figures(result.folder, result.runs, result.comparison, daily, hourly, result.scenario)
            report = write_report(result.folder, language)
            results.append(result)
            told.append(result.to_dict(figures))
            if not quiet and not as_json:
                _print_comparison(result, figures, report)
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
    click.echo(f"Tables:  {_shown(result.folder)}")
    click.echo(f"Figures: {_shown(result.folder / 'figures')} ({len(figures)} files)")
    click.echo(f"Report:  {_shown(report)}")


def _shown(path: Path) -> str:
    """A path as short as it can be said."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


class _progress:
    """A progress bar on standard error, only on a terminal; `None` where there is none."""

    def __init__(self, quiet: bool) -> None:
        self.on = not quiet and sys.stderr.isatty()

    def __enter__(self) -> Callable[[int, int], None] | None:
        if not self.on:
            return None
        from rich.console import Console  # only where a bar is drawn
        from rich.progress import (  # only where a bar is drawn
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self.bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self.bar.start()
        task = self.bar.add_task("runs", total=None)
        return lambda done, total: self.bar.update(task, completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        if self.on:
            self.bar.stop()


@cli.command(short_help="One world, one history: all metrics.")
@_scenario_options
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
    """One world, one history: all metrics of one schedule with one line-up."""
    loaded = _load(scenario, settings)
    _one_of("--schedule", schedule, loaded.schedules)
    _one_of("--line-up", line_up, loaded.line_ups)
    from sim.lab.run import run_one  # the lab, and the world behind it

    result = run_one(loaded, schedule, line_up, loaded.seed if seed is None else seed)
    if out is not None and result.error is None:
        from sim.lab.store import write_run  # pyarrow

        write_run(out, result)
    if result.error is not None:
        click.echo(f"failed: {result.error}", err=True)
        sys.exit(SOME_FAILED)
    if as_json:
        click.echo(json.dumps(result.to_dict(), indent=2, allow_nan=False))
    elif not quiet:
        from sim.metrics import all_metrics  # numpy alone

        for name, metric in all_metrics().items():
            click.echo(f"{name:<24}{_figure(result.metrics[name]):>18} {metric.unit}")
        if out is not None:
            click.echo(f"Tables: {_shown(out)}")


def _figure(value: float) -> str:
    """Whole numbers from a thousand up, four digits below."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _one_of(option: str, value: str, known: Sequence[str] | dict[str, Any]) -> None:
    if value not in known:
        from sim.errors import did_you_mean  # light, and only when something is wrong

        near = did_you_mean(value, known)
        hint = f"; did you mean {near!r}?" if near else ""
        raise UsageError(f"{option}: must be one of {', '.join(known)}, got {value!r}{hint}")


@cli.command(short_help="Repeat a stored result and say whether it is identical.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--workers", type=click.IntRange(1), help="Processes; all cores by default.")
def rerun(folder: Path, workers: int | None) -> None:
    """Repeats a stored result from its manifest and says whether it is identical."""
    from sim.lab.rerun import rerun as run_again  # pandas and the lab

    same, text = run_again(folder, workers)
    click.echo(text)
    sys.exit(DONE if same else NO)


# ---- scenarios ---------------------------------------------------------------------------------
@cli.command(short_help="Check a scenario and say all that is wrong; run nothing.")
@_scenario_options
def validate(scenario: str, settings: tuple[str, ...]) -> None:
    """Checks SCENARIO and says what is wrong, all at once; runs nothing."""
    loaded = _load(scenario, settings, metrics=True)
    from sim.scenario.warnings import warnings_of  # pydantic, not needed for --help

    for warning in warnings_of(loaded):
        click.echo(f"warning: {warning}", err=True)
    pairs = len(loaded.schedules) * len(loaded.line_ups)
    click.echo(
        f"{scenario}: valid. {loaded.market.consumers:,} consumers, {len(loaded.catalogue.skus)} SKUs, "
        f"{loaded.calendar.days} days, {pairs} pairs x {loaded.replications} replications"
    )


@cli.command(short_help="The JSON Schema of scenarios, with units and sources.")
@click.option("--table", is_flag=True, help="One line a field instead of JSON Schema: path, unit, default, source.")
def schema(table: bool) -> None:
    """The JSON Schema of scenarios, for editors; every field with unit, meaning and source."""
    from sim.scenario.schema import field_table, json_schema  # pydantic, not needed for --help

    if not table:
        click.echo(json.dumps(json_schema(), indent=2))
        return
    for row in field_table():
        click.echo(f"{row['path']}  [{row['unit']}]  {row['default']}  {row['meaning']}  ({row['source']})")


@cli.command(short_help="Write a commented scenario to start from.")
@click.argument("name")
def new(name: str) -> None:
    """Writes NAME.yaml, a commented scenario to start from."""
    import re  # only here

    from sim.scenario.starter import starter  # only here

    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise UsageError(f"NAME: must be letters, digits, _ and -, at most 64, got {name!r}")
    file = Path(f"{name}.yaml")
    if file.exists():
        raise UsageError(f"{file}: must not exist yet; nothing was written")
    try:
        file.write_text(starter(name))
    except OSError as error:
        raise UsageError(f"{file}: could not be written: {error.strerror}") from None
    click.echo(f"wrote {file}; next: peakshift validate {file}")


@cli.command(name="list")
@click.argument("what", type=click.Choice(["strategies", "scenarios", "metrics", "campaigns"]))
def list_(what: str) -> None:
    """What there is, one line each."""
    from sim.lab.listing import listing  # strategies and metrics are found by looking

    for line in listing(what):
        click.echo(line)


@cli.command(short_help="Your order history -> a calibrated scenario.")
@click.argument("orders", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The scenario file to write.")
@click.option("--yuan", type=click.FloatRange(0, min_open=True), default=1.0, help="Worth of the file's currency unit.")
@click.option(
    "--columns", multiple=True, metavar="FIELD=COLUMN[,...]",
    help="What the file's columns are, e.g. ordered_at=date,paid=price; others are guessed, and shown.",
)  # fmt: skip
@click.option("--rates", multiple=True, metavar="CURRENCY=WORTH", help="Other currencies in the file's main one.")
@click.option("--time-zone", metavar="ZONE", help="Move times there, e.g. Asia/Shanghai; unmarked ones are UTC.")
@click.option("--keep-duplicates", is_flag=True, help="Use lines that equal an earlier one in every column.")
@click.option("--skus", type=click.IntRange(1, 500), default=100, show_default=True, help="The best-selling SKUs.")
@click.option(
    "--replications", type=click.IntRange(0), default=5, show_default=True,
    help="Simulations of the last four weeks, held out to score the fit; 0 simulates nothing, not even to tune.",
)  # fmt: skip
@click.option("--report", type=click.Path(path_type=Path), help="The report to write; beside the scenario by default.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable result on standard output.")
def fit(
    orders: Path, out: Path, yuan: float, replications: int, report: Path | None, quiet: bool, as_json: bool,
    **reading: Any,
) -> None:  # fmt: skip
    """A user's order history ORDERS (CSV or Parquet) -> a calibrated scenario that `compare` runs, and a report.

    Exports of Shopify, Taobao, JD, WooCommerce and UCI Online Retail are known. Rows that are not used are listed
    with their line numbers.
    """
    from sim.fit.job import asking, fit_file  # pandas, and the world to simulate

    done = fit_file(orders, out, yuan, asking(**reading), replications, report)
    if as_json:
        click.echo(json.dumps(done.to_dict(), indent=2, allow_nan=False))
    elif not quiet:
        click.echo(done.told())
        for file in done.files[1:]:
            click.echo(f"wrote {_shown(file)}")
        click.echo(f"wrote {_shown(out)}; next: peakshift compare {_shown(out)}")


@cli.command(short_help="The laws on strategies, one line each.")
@click.argument("references", metavar="[REF]...", nargs=-1)
@click.option(
    "--decision-seconds", type=click.FloatRange(0, 86_400, min_open=True), default=10.0, show_default=True,
    help="Longest that a strategy may take for one answer.",
)  # fmt: skip
@click.option("--workers", type=click.IntRange(1), help="Processes; all cores by default.")
@click.option("--quiet", is_flag=True, help="Print broken laws alone.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable result on standard output.")
def check(references: tuple[str, ...], quiet: bool, as_json: bool, **options: Any) -> None:
    """The laws on each strategy REF, one line a law; on all shipped ones where none is given. Exit code 1 when a law is
    broken.

    REF is stocking/newsvendor, newsvendor, ./mine.py:Cautious or module:Class. Its code is run: the laws find
    accidents, they are no security sandbox.
    """
    from sim.lab.check import check as run_check  # mesa and the lab

    reports = run_check(references, **options)
    if as_json:
        click.echo(json.dumps([report.to_dict() for report in reports], indent=2, allow_nan=False))
    else:
        for report in reports:
            for line in report.lines(quiet):
                click.echo(line)
    sys.exit(DONE if all(report.passed for report in reports) else NO)


# ---- twins --------------------------------------------------------------------------------------
def _twin_options(command: Callable[..., None]) -> Callable[..., None]:
    """Options of commands that live through twins on common seeds; nothing is kept between two calls."""
    for option in (
        click.option("--replications", type=click.IntRange(1), help="Common seeds; the scenario's own by default."),
        click.option("--seed", type=click.IntRange(0), help="Root of all random numbers."),
        click.option("--workers", type=click.IntRange(1), help="Processes; all cores by default."),
        click.option("--out", type=click.Path(path_type=Path), help="Folder for the tables."),
        click.option("--quiet", is_flag=True, help="Print nothing but errors."),
        click.option("--json", "as_json", is_flag=True, help="Machine-readable result on standard output."),
    ):
        command = option(command)
    return command


def _tell(result: Any, as_json: bool, quiet: bool, out: Path | None) -> None:
    """Prints the result of an experiment with twins, and which worlds failed."""
    if as_json:
        click.echo(json.dumps(result.to_dict(), indent=2, allow_nan=False))
    elif not quiet:
        click.echo(result.text())
        if out is not None:
            click.echo(f"Tables: {_shown(out)}")
    for failure in result.failures:
        click.echo(f"failed: {failure}", err=True)
    if result.failures:
        sys.exit(SOME_FAILED)


def _twins(run: Callable[..., Any], quiet: bool, as_json: bool, options: dict[str, Any]) -> None:
    """Runs an experiment with twins and tells what came out."""
    options["workers"] = options["workers"] or os.cpu_count() or 1
    try:
        with _progress(quiet) as progress:
            result = run(progress=progress, **options)
    except KeyboardInterrupt:
        click.echo("interrupted: nothing is kept of an experiment with twins", err=True)
        sys.exit(INTERRUPTED)
    _tell(result, as_json, quiet, options["out"])


@cli.command(short_help="Where a campaign's bump came from, to the unit.")
@_scenario_options
@click.option("--campaign", required=True, help="A campaign of the scenario.")
@click.option("--schedule", help="A schedule that holds it; the first one by default.")
@click.option("--line-up", help="A line-up of the scenario; the baseline's by default.")
@_twin_options
def decompose(
    scenario: str, settings: tuple[str, ...], campaign: str, quiet: bool, as_json: bool, **options: Any
) -> None:  # fmt: skip
    """Where a campaign's bump came from: incremental, pulled forward, postponed, switched, stockpiled, lost, returned.
    Seven twin worlds a replication; the parts add up to the unit."""
    loaded = _load(scenario, settings)
    from sim.lab.decompose import decompose as run  # pandas and the lab

    _twins(partial(run, loaded, campaign), quiet, as_json, options)


@cli.command(short_help="The same budget in 1, 2, 4, ... 52 events.")
@_scenario_options
@click.option("--campaign", required=True, help="A campaign of the scenario.")
@click.option(
    "--events", default="1,2,4,12,52", show_default=True, help="Numbers of events; the first is the baseline."
)
@click.option("--schedule", help="A schedule that holds it; the first one by default.")
@click.option("--line-up", help="A line-up of the scenario; the baseline's by default.")
@click.option("--held/--offered", default=True, help="All spend what the first spends (default), or offer the same.")
@_twin_options
def smoothing(
    scenario: str, settings: tuple[str, ...], campaign: str, events: str, quiet: bool, as_json: bool, **options: Any
) -> None:
    """The smoothing path: a campaign's budget spent in k events; profit, peak load and retention by k, on common
    draws."""
    loaded = _load(scenario, settings, metrics=True)
    from sim.lab.smoothing import smoothing as run  # pandas and the lab

    counts = [part.strip() for part in events.split(",")]
    if not all(part.isascii() and part.isdigit() for part in counts):
        raise UsageError(f"--events: must be whole numbers with commas between, got {events!r}")
    _twins(partial(run, loaded, campaign, [int(part) for part in counts]), quiet, as_json, options)


@cli.command(short_help="What one more picker, courier or agent-hour is worth a day.")
@_scenario_options
@click.option("--schedule", help="A schedule of the scenario; the baseline's by default.")
@click.option("--line-up", help="A line-up of the scenario; the baseline's by default.")
@_twin_options
def shadow(scenario: str, settings: tuple[str, ...], quiet: bool, as_json: bool, **options: Any) -> None:
    """Shadow prices of capacity: yuan per unit and day, with its own pay in them and without, on common draws."""
    loaded = _load(scenario, settings)
    from sim.lab.shadow import shadow as run  # pandas and the lab

    _twins(partial(run, loaded), quiet, as_json, options)


@cli.command(short_help="Whom one pair loses that another keeps, by cause.")
@_scenario_options
@click.option("--pair", metavar="SCHEDULE/LINE_UP", help="Whose losses; the first compared pair by default.")
@click.option("--against", metavar="SCHEDULE/LINE_UP", help="Compared with; the baseline by default.")
@_twin_options
def churn(
    scenario: str, settings: tuple[str, ...], pair: str | None, against: str | None, quiet: bool, as_json: bool,
    **options: Any,
) -> None:  # fmt: skip
    """Churn accounting: customers lost by cause under two pairs, person by person on common draws."""
    loaded = _load(scenario, settings)
    from sim.lab.churn import churn as run  # pandas and the lab

    _twins(partial(run, loaded, pair, against), quiet, as_json, options)


def _names(ctx: click.Context, param: click.Parameter, value: str | None) -> list[str]:
    return [name.strip() for name in (value or "").split(",") if name.strip()]


def _kind_options(command: Callable[..., None]) -> Callable[..., None]:
    """One option a role: the strategies to combine."""
    for kind in ("outreach", "staffing", "stocking", "pricing", "forecasting"):
        text = f"{kind.capitalize()} strategies to combine."
        command = click.option(f"--{kind}", metavar="A,B", callback=_names, help=text)(command)
    return command


@cli.command(short_help="Line-ups ranked, with the oracle and do-nothing among them.")
@_scenario_options
@_kind_options
@click.option("--schedule", help="On which schedule; the baseline's.")
@click.option("--metric", default="profit", show_default=True, help="What is ranked.")
@click.option(
    "--indifference", callback=_share, default="1%", show_default=True, metavar="SHARE",
    help="Smallest difference worth finding, of the baseline's mean.",
)  # fmt: skip
@click.option(
    "--confidence", callback=_share, default="0.95", show_default=True, metavar="SHARE",
    help="Wanted chance of the right choice.",
)  # fmt: skip
@click.option("--budget", type=click.IntRange(1), metavar="RUNS", help="Spend so many runs by OCBA instead of KN.")
@click.option("--most", type=click.IntRange(3), default=200, show_default=True, help="At most so many replications.")
@click.option("--attribute", metavar="A,B", callback=_names, help="Instead: the gap of line-up B over A by role.")
@click.option("--information", is_flag=True, help="Instead: what knowing more is worth in each role.")
@_run_options
def tournament(
    scenario: str, settings: tuple[str, ...], attribute: list[str], information: bool, **options: Any
) -> None:
    """Ranks the line-ups of SCENARIO on common draws, or all combinations of the strategies named by role; the oracle
    and do-nothing are always in.

    KN's procedure selects the best with the confidence asked for, OCBA spends a budget. --attribute splits the gap
    between two line-ups over the five roles (Shapley).
    """
    loaded = _load(scenario, settings)
    from sim.lab import attribution  # pandas and the lab
    from sim.lab.tournament import Tournament  # pandas and the lab
    from sim.lab.tournament import tournament as run_tournament  # pandas and the lab

    quiet, as_json = options.pop("quiet"), options.pop("as_json")
    choices = {kind: options.pop(kind) for kind in ("forecasting", "pricing", "stocking", "staffing", "outreach")}
    rules = {name: options.pop(name) for name in ("indifference", "confidence", "budget", "most")}
    result: attribution.Attribution | Tournament
    with _progress(quiet) as progress:
        if attribute:
            if len(attribute) != 2 or information:
                raise UsageError("--attribute: must be two line-ups, A,B, without --information")
            result = attribution.attribute(loaded, *attribute, progress=progress, **options)
        elif information:
            result = attribution.information(loaded, progress=progress, **options)
        else:
            chosen = {kind: names for kind, names in choices.items() if names}
            result = run_tournament(loaded, choices=chosen, progress=progress, **rules, **options)
    if as_json:
        click.echo(json.dumps(result.to_dict(), indent=2, allow_nan=False))
    elif not quiet:
        click.echo(f"{result.text()}\n\nTables:  {_shown(result.folder)}")
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
@_scenario_options
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
@_dask_options
def gate(scenario: str, settings: tuple[str, ...], quiet: bool, as_json: bool, **options: Any) -> None:
    """Holds SCENARIO's strategies against a stored baseline, seed by seed. Exit code 1 when a metric lost more than the
    margin and the 95 % interval of the difference excludes 0; a change that changes nothing never fails."""
    loaded = _load(scenario, settings, metrics=True)
    from sim.lab.gate import gate as run_gate  # pandas and the lab

    with _executor(options) as executor, _progress(quiet) as progress:
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


@cli.command(short_help="The interactive page, on loopback.")
@click.argument("scenario", default="double12")
@click.option("--set", "settings", multiple=True, metavar="PATH=VALUE", help="Change a field beforehand.")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="Port on 127.0.0.1; a free one by default.")
@click.option("--workers", type=click.IntRange(1), help="Processes; all cores by default.")
@click.option("--no-browser", is_flag=True, help="Print the address and open nothing.")
def explore(scenario: str, settings: tuple[str, ...], port: int, workers: int | None, no_browser: bool) -> None:
    """Serves a page on 127.0.0.1 on which the levers of SCENARIO (double12 by default) are moved and both schedules
    answer. Ctrl-C ends it."""
    loaded = _load(scenario, settings)
    import webbrowser  # only here

    from sim.explore import explore as serve  # the extra that it needs is looked for there

    def ready(address: str) -> None:
        click.echo(f"peakshift explore: {address}  (Ctrl-C ends it)")
        if not no_browser:
            webbrowser.open(address)

    serve(loaded, Path(scenario).stem, port, workers, ready)


# ---- maps over fields --------------------------------------------------------------------------
def _question_options(command: Callable[..., None]) -> Callable[..., None]:
    """Options of commands that ask at many points whether one schedule beats another."""
    for option in (
        click.option("--metric", default="profit", show_default=True, help="By which metric."),
        click.option("--schedules", metavar="A,B", help="A against B; the baseline's and the first other by default."),
        click.option("--line-up", help="A line-up of the scenario; the baseline's by default."),
    ):
        command = option(command)
    return _run_options(command)


def _tell_map(result: Any, figures: list[Path], as_json: bool, quiet: bool) -> None:
    """Prints what came out of many points, and which worlds failed."""
    if as_json:
        told = result.to_dict() | {"figures": [str(path) for path in figures]}
        click.echo(json.dumps(told, indent=2, allow_nan=False))
    elif not quiet:
        click.echo(result.text() + "\n")
        click.echo(f"Tables:  {_shown(result.folder)}")
        if figures:
            click.echo(f"Figures: {_shown(result.folder / 'figures')} ({len(figures)} files)")
    for failure in result.failed:
        click.echo(f"failed: {failure}", err=True)
    if result.failed:
        sys.exit(SOME_FAILED)


@cli.command(short_help="The map of where one schedule beats another, and a rule for it.")
@_scenario_options
@click.option("--x", metavar="PATH=lo:hi:n", help="Field along the map, e.g. campaigns.double12.markdown=0:0.4:5.")
@click.option("--y", metavar="PATH=lo:hi:n", help="Field up the map.")
@click.option("--refine", type=click.IntRange(0), default=0, show_default=True, help="Levels of finer points.")
@click.option("--over", multiple=True, metavar="PATH=lo:hi", help="A field to sample for the rule in words.")
@click.option("--samples", type=click.IntRange(1), default=64, show_default=True, help="Sampled worlds for the rule.")
@_question_options
def breakeven(scenario: str, settings: tuple[str, ...], quiet: bool, as_json: bool, **options: Any) -> None:
    """The map over --x and --y of where schedule A (the festival) beats B, finer along the line of break-even; with
    --over also the rule in words, a shallow decision tree over sampled worlds."""
    from sim.lab.breakeven import breakeven as run  # pandas and the lab
    from sim.report.breakeven_map import save_breakeven  # matplotlib

    with _progress(quiet) as progress:
        result = run(scenario, settings=settings, progress=progress, **options)
    _tell_map(result, save_breakeven(result.folder, result.points, result.cells), as_json, quiet)


@cli.command(short_help="Which fields the difference between two schedules hangs on.")
@_scenario_options
@click.option("--over", multiple=True, metavar="PATH=lo:hi", help="A field, at least two of them.")
@click.option("--assumptions", is_flag=True, help="Instead: each assumption without evidence, one at a time.")
@click.option("--step", type=float, default=0.2, show_default=True, help="With --assumptions: the share it moves by.")
@click.option("--method", type=click.Choice(["morris", "sobol"]), default="morris", show_default=True, help="Indices.")
@click.option(
    "--samples", type=click.IntRange(2), default=8, show_default=True,
    help="Morris: trajectories; Sobol: base sample, a power of 2.",
)  # fmt: skip
@_question_options
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

    with _progress(quiet) as progress:
        if assumptions:
            for name in ("over", "method", "samples"):
                options.pop(name)
            result: Any = assumed(scenario, step=step, settings=settings, progress=progress, **options)
        else:
            result = indices(scenario, settings=settings, progress=progress, **options)
    _tell_map(result, [], as_json, quiet)


@cli.command(short_help="The risk list before a campaign: how likely, how dear, what to do by when.")
@_scenario_options
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
@click.option("--consumers", type=click.IntRange(100), help="Scale market, staff and fleets to so many people first.")
@click.option("--seed", type=click.IntRange(0), help="Root of all random numbers.")
@click.option("--workers", type=click.IntRange(1), help="Processes; all cores by default.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the table and the figure.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable result on standard output.")
def preflight(scenario: str, settings: tuple[str, ...], events: int | None, **options: Any) -> None:
    """The risk list of SCENARIO some days before a campaign, from many futures of one saved world.

    The futures go on from the world's whole state, people's traits and trucks on the road included.
    """
    loaded = _load(scenario, settings)
    from sim.lab.preflight import run  # mesa and the lab

    quiet, as_json, out = options.pop("quiet"), options.pop("as_json"), options.pop("out")
    act, alike = options.pop("act"), options.pop("alike")
    if alike and events is None:
        raise UsageError("--alike: must be given with --backtest alone")
    with _progress(quiet) as progress:
        if events is None:
            result: Any = run.risk_list(loaded, act=act, progress=progress, **options)
        elif act:
            raise UsageError("--act: must be left out of a back-test")
        else:
            result = run.back_test(loaded, events=events, alike=alike, progress=progress, **options)
    if out is not None:
        from sim.report.risk_list import save_risk_list  # matplotlib

        save_risk_list(out, result)
    if as_json:
        click.echo(json.dumps(result.to_dict(), indent=2, allow_nan=False))
    elif not quiet:
        click.echo(result.table())
        if out is not None:
            click.echo(f"Tables: {_shown(out)}")


@cli.command(short_help="The closed loop: orders, prices and messages of the coming weeks, and their worth.")
@_scenario_options
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
    loaded = _load(scenario, settings)
    from sim.lab.loop.run import loop as run  # mesa and the lab

    with _progress(quiet) as progress:
        result = run(loaded, out=out, progress=progress, **options)
    if as_json:
        click.echo(json.dumps(result.to_dict(), indent=2, allow_nan=False))
    elif not quiet:
        earlier = " (the earlier plan in it is replaced)" if result.replaced else ""
        click.echo(f"{result.text()}\n\nPlan: {_shown(out)}{earlier}")
    for failure in result.failures:
        click.echo(f"failed: {failure}", err=True)
    if result.failures:
        sys.exit(SOME_FAILED)


def main(args: Sequence[str] | None = None) -> None:
    """Entry point: errors become one line a fault on standard error, and an exit code."""
    try:
        cli.main(args=list(args) if args is not None else None, prog_name="peakshift", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(DONE)
    except click.ClickException as error:
        where = f"{error.ctx.command_path}: " if isinstance(error, click.UsageError) and error.ctx else ""
        click.echo(f"{where}{error.format_message()}", err=True)
        sys.exit(BAD_INPUT)
    except PeakshiftError as error:
        click.echo(str(error), err=True)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.exceptions.Abort):
        click.echo("interrupted: finished runs are kept; the same command goes on from there", err=True)
        sys.exit(INTERRUPTED)
