"""What the commands share: the group, options, loading, a progress bar.

Imports inside functions are deliberate, here and in the commands: `--help` and `validate` must not wait for
mesa, numba, pandas or matplotlib (see tests/test_startup.py).
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim import __version__
from sim.errors import PeakshiftError

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from sim.scenario import Scenario

DONE, NO, BAD_INPUT, SOME_FAILED, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit codes."""


class Command(click.Command):
    """A command that tells all wrong values of its options at once, in the form of all faults."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.BadParameter:
            raise click.UsageError("\n".join(self._faults(ctx, given)), ctx) from None

    def _faults(self, ctx: click.Context, args: list[str]) -> Iterator[str]:
        options, *_ = self.make_parser(ctx).parse_args(args)
        for param in self.get_params(ctx):
            value, _ = param.consume_value(ctx, options)
            try:
                param.process_value(ctx, value)
            except click.BadParameter as error:
                yield _fault(param, value, error)


def _fault(param: click.Parameter, value: Any, error: click.BadParameter) -> str:
    """What an option or argument must be, and what it got."""
    from sim.errors import Fault, did_you_mean  # light, and only when something is wrong

    name = max(param.opts, key=len) if isinstance(param, click.Option) else param.human_readable_name.rstrip(".")
    if isinstance(error, click.MissingParameter):
        return str(Fault(name, "", "must be given"))
    kind, hint = param.type, None
    if isinstance(kind, click.Choice):
        must_be, hint = f"must be one of {', '.join(kind.choices)}", did_you_mean(str(value), kind.choices)
    elif isinstance(kind, click.IntRange):
        must_be = f"must be a whole number{_range(kind)}"
    elif isinstance(kind, click.FloatRange):
        must_be = f"must be a number{_range(kind)}"
    else:
        return f"{name}: {error.message}"
    return str(Fault(name, "", must_be, repr(value), hint))


def _range(kind: click.IntRange | click.FloatRange) -> str:
    """` of at least 1`, ` from 1 to 500`, ` above 0 and at most 86400`: every range of ours has a lower end."""
    least, most = kind.min, kind.max
    if kind.min_open:
        return f" above {least}" + (f" and at most {most}" if most is not None else "")
    return f" from {least} to {most}" if most is not None else f" of at least {least}"


class Commands(click.Group):
    """A group that suggests the command that was probably meant."""

    command_class = Command

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
        except PeakshiftError as error:
            command = self.get_command(ctx, ctx.invoked_subcommand or "")
            if command is None or error.args != (str(error),):
                raise
            raise type(error)(_as_option(str(error), command)) from error


def _as_option(text: str, command: click.Command) -> str:
    """What the lab says of a parameter (`most: must be`), said of the command's option (`--most: must be`)."""
    option = f"--{text.partition(':')[0].replace('_', '-')}"
    known = any(option in param.opts for param in command.params)
    return option + ":" + text.partition(":")[2] if known else text


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="peakshift")
def cli() -> None:
    """Big promotions against always-on retail, simulated: which way of working wins, by how much, how
    certainly, and why."""


set_option = click.option(
    "--set", "settings", multiple=True, metavar="PATH=VALUE", help="Change a field, e.g. market.consumers=5000."
)


consumers_option = click.option(
    "--consumers", type=click.IntRange(100), help="So many people, and as much less staff, fleets and space."
)


def scenario_options(command: Callable[..., None]) -> Callable[..., None]:
    """SCENARIO, --set and --consumers, which a command gets as further settings."""

    @wraps(command)
    def sized(scenario: str, settings: tuple[str, ...], consumers: int | None, **options: Any) -> None:
        command(scenario=scenario, settings=resized(scenario, settings, consumers), **options)

    return click.argument("scenario")(set_option(consumers_option(sized)))


def resized(reference: str, settings: tuple[str, ...], consumers: int | None) -> tuple[str, ...]:
    """The settings, and those that make the scenario a market of so many people in its own proportions."""
    if consumers is None:
        return settings
    from sim.scenario.scaled import scale_settings  # pydantic, not needed for --help

    return (*settings, *scale_settings(load(reference, settings), consumers))


def run_options(command: Callable[..., None]) -> Callable[..., None]:
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


def dask_options(command: Callable[..., None]) -> Callable[..., None]:
    """Where else the runs may go; commands turn the two options into an executor with `executor_of`."""
    for option in (
        click.option("--dask", metavar="ADDRESS", help="Run on Dask's workers, e.g. tcp://127.0.0.1:8786."),
        click.option("--dask-insecure", is_flag=True, help="Join a scheduler on another machine without TLS."),
    ):
        command = option(command)
    return command


def executor_of(options: dict[str, Any]) -> AbstractContextManager[Executor | None]:
    """Takes the two options out and opens what they ask for; None without --dask."""
    address, insecure = options.pop("dask"), options.pop("dask_insecure")
    if address is None:
        return nullcontext()
    from sim.lab.remote import dask_executor  # the lab, and distributed

    return dask_executor(address, insecure)


def load(reference: str, settings: Sequence[str]) -> Scenario:
    from sim.metrics import all_metrics  # numpy alone
    from sim.scenario import load_scenario  # pydantic, not needed for --help

    return load_scenario(reference, settings, all_metrics())


def warn(scenario: Scenario) -> None:
    """Says on standard error what a scenario allows and probably does not mean."""
    from sim.scenario.warnings import warnings_of  # pydantic, not needed for --help

    for warning in warnings_of(scenario):
        click.echo(f"warning: {warning}", err=True)


def share(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """`2%` or `0.02`."""
    text = "" if value is None else value.strip()
    try:
        return float(text[:-1]) / 100 if text.endswith("%") else float(text) if value is not None else None
    except ValueError:
        raise click.BadParameter(f"must be a share like 2% or 0.02, got {value!r}", ctx, param) from None


def shown(path: Path) -> str:
    """A path as short as it can be said."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def where(folder: Path | None, figures: Sequence[Path] = ()) -> None:
    """Says where tables and figures lie; nothing without a folder."""
    if folder is not None:
        click.echo(f"Tables:  {shown(folder)}")
        if figures:
            click.echo(f"Figures: {shown(folder / 'figures')} ({len(figures)} files)")


_LINE_SECONDS = 30.0
"""Seconds between two lines of progress in a log."""


class Progress:
    """Progress on standard error: a bar on a terminal, elsewhere a line now and then; `None` where it is not wanted."""

    def __init__(self, quiet: bool) -> None:
        self.wanted, self.on = not quiet, not quiet and sys.stderr.isatty()
        self.told = time.monotonic()

    def _line(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self.told >= _LINE_SECONDS:
            click.echo(f"{done} of {total} runs", err=True)
            self.told = now

    def __enter__(self) -> Callable[[int, int], None] | None:
        if not self.on:
            return self._line if self.wanted else None
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


def figure(value: float) -> str:
    """Whole numbers from a thousand up, four digits below; no zero has a sign."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:z.4g}"


def twin_options(command: Callable[..., None]) -> Callable[..., None]:
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


def names(ctx: click.Context, param: click.Parameter, value: str | None) -> list[str]:
    return [name.strip() for name in (value or "").split(",") if name.strip()]


def question_options(command: Callable[..., None]) -> Callable[..., None]:
    """Options of commands that ask at many points whether one schedule beats another."""
    for option in (
        click.option("--metric", default="profit", show_default=True, help="By which metric."),
        click.option("--schedules", metavar="A,B", help="A against B; the baseline's and the first other by default."),
        click.option("--line-up", help="A line-up of the scenario; the baseline's by default."),
    ):
        command = option(command)
    return run_options(command)
