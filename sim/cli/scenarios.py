"""Commands about scenarios, strategies and orders: validate, schema, new, list, fit, check; and the page, explore."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from pathlib import Path
from typing import Any

import click

from sim.cli.options import BAD_INPUT, DONE, NO, cli, consumers_option, load, resized, set_option, shown, warn
from sim.errors import ScenarioError, UsageError, one_of


@cli.command(short_help="Check a scenario and say all that is wrong; run nothing.")
@click.argument("scenario")
@set_option
@consumers_option
@click.option("--json", "as_json", is_flag=True, help="Machine-readable result on standard output, faults too.")
def validate(scenario: str, settings: tuple[str, ...], consumers: int | None, as_json: bool) -> None:
    """Checks SCENARIO and says what is wrong, all at once; runs nothing."""
    try:
        loaded = load(scenario, resized(scenario, settings, consumers))
    except ScenarioError as error:
        if not as_json:
            raise
        told = {"scenario": scenario, "valid": False, "faults": [vars(fault) for fault in error.faults]}
        click.echo(json.dumps(told, indent=2))
        sys.exit(BAD_INPUT)
    from sim.lab.plan import pairs  # light
    from sim.scenario.warnings import warnings_of  # pydantic, not needed for --help

    compared = len(pairs(loaded))
    people, skus, days = loaded.market.consumers, len(loaded.catalogue.skus), loaded.calendar.days
    if as_json:
        told = {
            "scenario": scenario, "valid": True, "consumers": people, "skus": skus, "days": days, "pairs": compared,
            "replications": loaded.replications, "schedules": list(loaded.schedules),
            "line_ups": list(loaded.line_ups), "warnings": warnings_of(loaded),
        }  # fmt: skip
        click.echo(json.dumps(told, indent=2))
        return
    warn(loaded)
    click.echo(
        f"{scenario}: valid. {people:,} consumers, {skus} SKUs, {days} days, "
        f"{compared} pairs x {loaded.replications} replications; "
        f"schedules {', '.join(loaded.schedules)}; line-ups {', '.join(loaded.line_ups)}"
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


_LISTED = ("strategies", "scenarios", "metrics", "campaigns")


@cli.command(name="list")
@click.argument("what", metavar="|".join(_LISTED))
def list_(what: str) -> None:
    """What there is of one kind, found by looking."""
    one_of("list", what, _LISTED)
    from sim.lab.listing import listing  # strategies and metrics are found by looking

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    for line in listing(what):
        under = " " * (len(line) - len(line.lstrip()) + 4)
        click.echo(textwrap.fill(line, width, subsequent_indent=under, break_long_words=False))


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
@click.option("--workers", type=click.IntRange(1), help="Processes that simulate; all cores by default.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable result on standard output.")
def fit(
    orders: Path, out: Path, yuan: float, replications: int, report: Path | None, workers: int | None, quiet: bool,
    as_json: bool, **reading: Any,
) -> None:  # fmt: skip
    """A user's order history ORDERS (CSV or Parquet) -> a calibrated scenario that `compare` runs, and a report.

    Exports of Shopify, Taobao, JD, WooCommerce and UCI Online Retail are known. Rows that are not used are listed
    with their line numbers.
    """
    from sim.fit.job import asking, fit_file  # pandas, and the world to simulate

    done = fit_file(orders, out, yuan, asking(**reading), replications, report, workers or os.cpu_count() or 1)
    if as_json:
        click.echo(json.dumps(done.to_dict(), indent=2, allow_nan=False))
    elif not quiet:
        click.echo(done.told())
        for file in done.files[1:]:
            click.echo(f"wrote {shown(file)}")
        click.echo(f"wrote {shown(out)}; next: peakshift compare {shown(out)}")


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


@cli.command(short_help="The interactive page, on loopback.")
@click.argument("scenario", default="double12")
@click.option("--set", "settings", multiple=True, metavar="PATH=VALUE", help="Change a field beforehand.")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="Port on 127.0.0.1; a free one by default.")
@click.option("--workers", type=click.IntRange(1), help="Processes; all cores by default.")
@click.option("--no-browser", is_flag=True, help="Print the address and open nothing.")
def explore(scenario: str, settings: tuple[str, ...], port: int, workers: int | None, no_browser: bool) -> None:
    """Serves a page on 127.0.0.1 on which the levers of SCENARIO (double12 by default) are moved and both schedules
    answer. Ctrl-C ends it.

    There is no --consumers: a look has a market of at most 20,000 people whatever the size of SCENARIO. The scenario
    that the page gives away has SCENARIO's own size.
    """
    loaded = load(scenario, settings)
    import webbrowser  # only here

    from sim.explore import explore as serve  # the extra that it needs is looked for there

    def ready(address: str) -> None:
        click.echo(f"peakshift explore: {address}  (Ctrl-C ends it)")
        if not no_browser:
            webbrowser.open(address)

    serve(loaded, Path(scenario).stem, port, workers, ready)
