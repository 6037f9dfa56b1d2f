"""What `peakshift loop` does: checks, replications, tables, and the folder they go to."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from sim import plugins
from sim.actors.view import shop_of
from sim.errors import PeakshiftError, UsageError, all_told, one_of
from sim.lab import store
from sim.lab.executor import WorkerKilled, map_tasks
from sim.lab.loop import tables
from sim.lab.loop.live import Replication, Span, Task, live
from sim.lab.loop.readme import MARK, readme
from sim.lab.plan import baseline, seed_of
from sim.lab.wording import aligned, interval, number, printable, signed
from sim.scenario import Scenario
from sim.scenario.root import KINDS

FILES = ("forecast.csv", "orders.csv", "prices.csv", "outreach.csv", "summary.csv", "README.md")
"""What the folder holds; README.md, written last, marks it as ours."""


@dataclass(frozen=True)
class LoopResult:
    """A plan and what it is worth."""

    scenario: Scenario
    schedule: str
    line_up: str
    usual: str
    span: Span
    tables: dict[str, pd.DataFrame] = field(repr=False)
    """forecast, orders, prices, outreach, summary."""
    covered: float
    """Share of (SKU, city, day) whose wanted units lay within the first morning's 5 % and 95 % quantiles, mean over
    replications; 0.9 where the forecaster knows what it does not know."""
    failures: list[str]
    replaced: bool = False
    """Whether the folder held an earlier plan."""

    @property
    def first(self) -> str:
        """Date of the plan's first day."""
        return self.scenario.calendar.date_of(self.span.first).isoformat()

    def verdict(self) -> str:
        """What the plan is worth, in words."""
        row = self.tables["summary"].iloc[0]
        weeks, after = (self.span.last - self.span.first) // 7, self.span.end - self.span.last
        told = {"better": "pays", "worse": "costs money", "tie": "is worth the same, within 1 %",
                "undecided": "is undecided: more replications would tell"}[row["verdict"]]  # fmt: skip
        interval = f" (95 % {signed(row['low'], 'yuan')} to {signed(row['high'], 'yuan')})"
        return (
            f"{self.line_up} {told}: {signed(row['difference'], 'yuan')} yuan of profit"
            f"{interval if math.isfinite(row['low']) else ''} against {self.usual}, over {weeks} "
            f"week{'s' if weeks != 1 else ''} from {self.first} and the {after} days after them; {row['pairs']} "
            f"pair{'s' if row['pairs'] != 1 else ''} of simulated futures."
        )

    def text(self) -> str:
        """For a terminal."""
        head = ("figure", "usual", "loop", "difference", "95 % interval")
        rows = [head]
        for row in self.tables["summary"].to_dict("records"):
            unit = row["unit"] if row["unit"] in ("yuan", "share") else ""
            rows.append((f"{row['figure']} ({row['unit']})", number(row["usual"], unit), number(row["loop"], unit),
                         signed(row["difference"], unit), interval(row["low"], row["high"], unit)))  # fmt: skip
        title = printable(f"{self.scenario.name}: {self.schedule}, {self.line_up} against {self.usual}")
        forecast = f"Forecast: {self.covered:.0%} of what was wanted lay between its 5 % and 95 % quantiles."
        return "\n".join([title, "", *aligned(rows, {1, 2, 3, 4}), "", self.verdict(), forecast])

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; NaN becomes null."""
        summary = self.tables["summary"]
        return {
            "schedule": self.schedule, "line_up": self.line_up, "usual": self.usual, "first": self.first,
            "weeks": (self.span.last - self.span.first) // 7, "days_after": self.span.end - self.span.last,
            "verdict": self.verdict(), "forecast_covered": self.covered,
            "summary": summary.astype(object).where(summary.notna(), None).to_dict("records"),
            "rows": {name: len(frame) for name, frame in self.tables.items()}, "failed": self.failures,
        }  # fmt: skip


def _span(scenario: Scenario, weeks: int) -> Span:
    """The plan begins where the warm-up, the history, ends."""
    calendar = scenario.calendar
    left = calendar.days - calendar.warm_up_days
    if not 1 <= weeks <= left // 7:
        raise UsageError(
            f"--weeks: must be 1 to {left // 7}, as the calendar goes on for {left} days after the "
            f"{calendar.warm_up_days} days of history, got {weeks}"
        )
    last = calendar.warm_up_days + 7 * weeks
    return Span(calendar.warm_up_days, last, min(calendar.days, last + 7 * weeks))


def _no_oracle(scenario: Scenario, option: str, line_up: str) -> None:
    uses = scenario.line_ups[line_up]
    if any(plugins.find(k, getattr(uses, k).use, scenario.folder).info == "oracle" for k in KINDS):
        raise UsageError(f"{option}: must hold no oracle, whom no merchant can ask, got {line_up!r}")


def loop(
    scenario: Scenario, *, weeks: int = 4, schedule: str | None = None, line_up: str = "closed_loop",
    usual: str | None = None, replications: int | None = None, seed: int | None = None, workers: int | None = None,
    out: Path | str | None = None, progress: Callable[[int, int], None] | None = None,
) -> LoopResult:  # fmt: skip
    """The plan of the coming weeks and its worth; with `out` also as files (see `FILES`).

    `schedule` and `usual` are the baseline's by default. The same seed gives the same bytes with any number of
    `workers`. Raises UsageError for what does not exist or does not fit, PeakshiftError where the first replication,
    whose decisions are the plan, fails.
    """
    base = baseline(scenario)
    schedule, line_up, usual = all_told(
        partial(one_of, "--schedule", schedule or base[0], scenario.schedules),
        partial(one_of, "--line-up", line_up, scenario.line_ups),
        partial(one_of, "--usual", usual or base[1], scenario.line_ups),
    )
    span = _span(scenario, weeks)
    for option, name in (("--line-up", line_up), ("--usual", usual)):
        _no_oracle(scenario, option, name)
    folder = None if out is None else _folder(Path(out))
    root, count = scenario.seed if seed is None else seed, replications or scenario.replications
    tasks = [Task(scenario, schedule, line_up, usual, span, seed_of(root, n)) for n in range(count)]
    found = _all(tasks, workers or os.cpu_count() or 1, progress)
    if found[0].error is not None:
        raise PeakshiftError(f"the first replication, whose decisions are the plan, failed: {found[0].error}")
    good = [r for r in found if r.error is None]
    failures = [f"replication {n}: {r.error}" for n, r in enumerate(found) if r.error is not None]
    covered = sum(r.covered for r in good) / len(good)
    parts, replaced = _tables(scenario, span, good), folder is not None and (folder / FILES[-1]).exists()
    result = LoopResult(scenario, schedule, line_up, usual, span, parts, covered, failures, replaced)
    if folder is not None:
        write(folder, result)
    return result


def _all(tasks: list[Task], workers: int, progress: Callable[[int, int], None] | None) -> list[Replication]:
    out: dict[int, Replication] = {}
    for n, result in map_tasks(live, tasks, workers):
        out[n] = Replication({}, {}, None, error=str(result)) if isinstance(result, WorkerKilled) else result
        if progress is not None:
            progress(len(out), len(tasks))
    return [out[n] for n in range(len(tasks))]


def _tables(scenario: Scenario, span: Span, good: list[Replication]) -> dict[str, pd.DataFrame]:
    shop, notes = shop_of(scenario), [r.notes for r in good if r.notes is not None]
    return {
        "forecast": tables.forecast(scenario, shop, span, notes[0]),
        "orders": tables.orders(scenario, shop, span, notes),
        "prices": tables.prices(scenario, shop, span, notes),
        "outreach": tables.outreach(scenario, shop, span, notes),
        "summary": tables.summary(good),
    }


def _folder(folder: Path) -> Path:
    """A folder that may be written to: new, empty, or one that holds an earlier plan and nothing else."""
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    foreign = sorted(names - set(FILES))
    mark = folder / FILES[-1]
    ours = not names or (mark.is_file() and mark.read_text("utf-8", "replace").startswith(MARK))
    if foreign or not ours:
        raise UsageError(
            f"--out: must be a new or empty folder, or one with an earlier plan alone, got {folder}, which holds "
            f"{(foreign or sorted(names))[0]}"
        )
    store.prepare(folder)
    return folder


def write(folder: Path, result: LoopResult) -> None:
    """All files, each whole or not at all, README.md last; an earlier plan is replaced."""
    text = readme(result.text(), result.failures)
    for name, frame in result.tables.items():
        store.write_csv(folder / f"{name}.csv", frame)
    store.write_atomic(folder / "README.md", lambda stream: stream.write(text.encode()))
