"""`python -m sim.lab.credibility`: prints the credibility table; exit code 1 when a figure misses its band."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from sim.errors import PeakshiftError
from sim.lab.credibility.table import SEEDS, measure, text
from sim.lab.store import write_json


@click.command()
@click.option("--seeds", type=click.IntRange(1), default=SEEDS, show_default=True, help="Seeds to take the mean over.")
@click.option("--only", default="", metavar="NAME,...", help="Measure these figures alone.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write the table with every seed's value here.")
@click.option("--workers", type=click.IntRange(1), help="Processes; all cores by default.")
def main(seeds: int, only: str, file: Path | None, workers: int | None) -> None:
    """The simulated market's figures beside published bands: mean over seeds, standard error, ok or MISSED."""
    names = [name.strip() for name in only.split(",") if name.strip()]
    try:
        rows = measure(seeds, names, workers or os.cpu_count() or 1, _progress)
        if file:
            write_json(file, {"seeds": seeds, "figures": [row.to_dict() for row in rows]})
    except PeakshiftError as error:
        click.echo(str(error), err=True)
        sys.exit(error.exit_code)
    click.echo(text(rows))
    sys.exit(0 if all(row.holds for row in rows) else 1)


def _progress(done: int, of: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{done} of {of} seeds", nl=done == of, err=True)


if __name__ == "__main__":
    main()
