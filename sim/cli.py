"""The `peakshift` command: parse, call, print. No logic lives here.

Imports inside the commands are deliberate: `--help` and `validate` must not wait for mesa, numba,
pandas or matplotlib (see tests/test_startup.py).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim import __version__
from sim.errors import PeakshiftError, UsageError

if TYPE_CHECKING:
    from sim.lab.compare import Comparison
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


def _scenario_options(command: Callable[..., None]) -> Callable[..., None]:
    """SCENARIO and --set."""
    command = click.option(
        "--set", "settings", multiple=True, metavar="PATH=VALUE", help="Change a field, e.g. market.consumers=5000."
    )(command)
    return click.argument("scenario")(command)


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


def _load(reference: str, settings: Sequence[str], metrics: bool = False) -> Scenario:
    from sim.scenario import load_scenario  # pydantic, not needed for --help

    scenario = load_scenario(reference, settings)
    if metrics:
        from sim.metrics import check_names  # numpy alone

        check_names(scenario.compare.metrics)
    return scenario


# ---- experiments -------------------------------------------------------------------------------
@cli.command(short_help="The verdict: every schedule x line-up x seed, on common draws.")
@_scenario_options
@_run_options
@click.option(
    "--decision-seconds", type=click.FloatRange(0, 86_400, min_open=True),
    help="Longest that a strategy may take for one answer; a run that hangs fails, the others go on.",
)  # fmt: skip
def compare(scenario: str, settings: tuple[str, ...], **options: Any) -> None:
    """Every schedule x line-up x seed of SCENARIO on common random numbers: the verdict, tables, figures."""
    loaded = _load(scenario, settings, metrics=True)
    from sim.lab.compare import compare as run_compare  # pandas and the lab
    from sim.report.figures import save_figures  # matplotlib

    quiet, as_json = options.pop("quiet"), options.pop("as_json")
    with _progress(quiet) as progress:
        result = run_compare(loaded, progress=progress, **options)
    figures = save_figures(result.folder, result.runs, result.comparison, result.daily, result.hourly, result.scenario)
    if as_json:
        click.echo(json.dumps(result.to_dict(figures), indent=2, allow_nan=False))
    elif not quiet:
        _print_comparison(result, figures)
    for failure in result.failures():
        click.echo(f"failed: {failure}", err=True)
    if result.failures():
        sys.exit(SOME_FAILED)


def _print_comparison(result: Comparison, figures: list[Path]) -> None:
    click.echo(result.table())  # plain on terminals too: a table that wraps to fit breaks numbers in two
    click.echo("\n" + "\n".join(result.verdict()) + "\n")
    click.echo(f"Tables:  {_shown(result.folder)}")
    click.echo(f"Figures: {_shown(result.folder / 'figures')} ({len(figures)} files)")


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
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable result on standard output.")
def fit(orders: Path, out: Path, yuan: float, quiet: bool, as_json: bool) -> None:
    """A user's order history ORDERS.csv -> a calibrated scenario that `compare` runs."""
    from sim.fit import fit_orders, write_scenario  # pandas

    estimates = fit_orders(orders)
    write_scenario(estimates, out, yuan)
    if as_json:
        click.echo(json.dumps(estimates.to_dict(), indent=2, allow_nan=False))
    elif not quiet:
        click.echo(estimates.summary())
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


@cli.command(short_help="The risk list before a campaign: how likely, how dear, what to do by when.")
@_scenario_options
@click.option("--campaign", required=True, help="A campaign of the schedule.")
@click.option("--days", type=click.IntRange(1, 3660), default=10, show_default=True, help="Days before its first.")
@click.option("--schedule", help="A schedule of the scenario; that of the baseline by default.")
@click.option("--line-up", help="A line-up of the scenario; that of the baseline by default.")
@click.option("--replications", type=click.IntRange(2), help="Futures; 40 by default, 20 an event in a back-test.")
@click.option("--act", metavar="RISK", help="Also apply this risk's action to the same futures: what it gains.")
@click.option("--threshold", "limits", multiple=True, metavar="RISK=VALUE", help="Another threshold for an event.")
@click.option("--backtest", "events", type=click.IntRange(2), metavar="EVENTS",
              help="Instead: score the lists of so many seeds against what came true.")  # fmt: skip
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
    act = options.pop("act")
    with _progress(quiet) as progress:
        if events is None:
            result: Any = run.risk_list(loaded, act=act, progress=progress, **options)
        elif act:
            raise UsageError("--act: must be left out of a back-test")
        else:
            result = run.back_test(loaded, events=events, progress=progress, **options)
    if out is not None:
        from sim.report.risk_list import save_risk_list  # matplotlib

        save_risk_list(out, result)
    if as_json:
        click.echo(json.dumps(result.to_dict(), indent=2, allow_nan=False))
    elif not quiet:
        click.echo(result.table())
        if out is not None:
            click.echo(f"Tables: {_shown(out)}")


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
