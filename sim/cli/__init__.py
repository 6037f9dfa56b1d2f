"""The `peakshift` command: parse, call, print. No logic lives here."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from sim.cli import ahead, experiments, reasons, scenarios
from sim.cli.options import BAD_INPUT, DONE, INTERRUPTED, cli
from sim.errors import PeakshiftError, unmasked

__all__ = ["ahead", "cli", "experiments", "main", "reasons", "scenarios"]


@contextmanager
def _terminable() -> Iterator[None]:
    """Here a SIGTERM is what a Ctrl-C is: what has been finished is kept, and said."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before if before is not None else signal.SIG_DFL)


def main(args: Sequence[str] | None = None) -> None:
    """Entry point: errors become one line a fault on standard error, and an exit code."""
    try:
        with _terminable(), unmasked():
            cli.main(args=list(args) if args is not None else None, prog_name="peakshift", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(DONE)
    except click.ClickException as error:
        where = f"{error.ctx.command_path}: " if isinstance(error, click.UsageError) and error.ctx else ""
        click.echo("\n".join(f"{where}{line}" for line in error.format_message().splitlines()), err=True)
        sys.exit(BAD_INPUT)
    except PeakshiftError as error:
        click.echo(str(error), err=True)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.exceptions.Abort) as error:
        told = error.__cause__ or error  # click makes an Abort of a Ctrl-C; what it leaves behind is said with that
        click.echo(f"interrupted: {told}".removesuffix(": "), err=True)
        sys.exit(INTERRUPTED)
