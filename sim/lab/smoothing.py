"""The smoothing path: one campaign's budget spent in one event, in two, in four, up to a week's rhythm.

The campaign stands in its schedule as k events of the same offered budget, depth x days (`scenario.schedules.KEvents`),
and every k is then held to the promotion spend that the first realises (`compare.hold`, sim/lab/budget.py): more events
reach other buyers, and a pricer who adds a cut of his own to every event spends it more often. Events keep the
campaign's length where k of them fit into the scored days, and else are as many whole hours as fit. All k share their
draws, so each is compared with the first k seed by seed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from sim.errors import UsageError
from sim.lab import store
from sim.lab.budget import BudgetError
from sim.lab.compare import compare
from sim.lab.delivery import Progress
from sim.lab.texts import aligned, around, number
from sim.lab.twins import Change, changed, chosen, schedule_with
from sim.metrics import check_names
from sim.scenario import Scenario
from sim.scenario.campaigns import Campaign
from sim.scenario.schedules import KEvents, pieces

BUDGET = "promo_spend"
EVENTS = (1, 2, 4, 12, 52)


@dataclass(frozen=True)
class SmoothingPath:
    """What each number of events gives."""

    campaign: str
    schedule: str
    line_up: str
    table: pd.DataFrame
    """One row a k and metric: mean, difference from the first k, its 95 % interval, hours of an event, the factor of
    its offers, pairs."""
    failures: list[str]
    held: bool = True
    """Whether all k spend the same; else they offer the same."""

    def text(self) -> str:
        """The table for people."""
        base = int(self.table["events"].iloc[0])
        head = (
            "events",
            "hours each",
            "offers x",
            "metric",
            "mean",
            f"difference from {base}",
            "95 % interval",
            "pairs",
        )
        rows = [head]
        for row in self.table.to_dict("records"):
            own = row["events"] == base
            rows.append((
                str(row["events"]), f"{row['event_hours']:g}", f"{row['factor']:.3g}",
                f"{row['metric']} ({row['unit']})", number(row["mean"]),
                "" if own else number(row["difference"]),
                "" if own else around(row["difference"], row["low"], row["high"]), str(row["pairs"]),
            ))  # fmt: skip
        what = "realised" if self.held else "offered"
        title = f"{self.campaign} in {self.schedule} with {self.line_up}: the same {what} budget in k events"
        note = (
            "hours each: how long one event lasts; offers x: the factor on what each offers (markdown, savings, gifts, "
            "paid traffic), found so that all spend what the first spends."
            if self.held
            else "hours each: how long one event lasts; offers x: 1, as each number of events offers the same in all."
        )
        return "\n".join([title, "", *aligned(rows, {0, 1, 2, 4, 5, 6, 7}), "", note, self._realised()])

    def _realised(self) -> str:
        """How far the realised budgets lie apart, in words."""
        spent = self.table.loc[self.table["metric"] == BUDGET, "mean"].to_numpy(float)
        if not spent[0]:
            return "Nothing was spent on promotion."
        low, high = (100 * (float(x) / spent[0] - 1) for x in (spent.min(), spent.max()))
        return f"What was spent lies {low:+.1f} % to {high:+.1f} % from the first."

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; NaN becomes null."""
        rows = self.table.astype(object).where(self.table.notna(), None).to_dict("records")
        return {"campaign": self.campaign, "schedule": self.schedule, "line_up": self.line_up, "path": rows,
                "held": self.held, "failed": self.failures}  # fmt: skip


def smoothing(
    scenario: Scenario, campaign: str, events: Sequence[int] = EVENTS, *, schedule: str | None = None,
    line_up: str | None = None, replications: int | None = None, seed: int | None = None, workers: int | None = None,
    out: Path | None = None, progress: Progress | None = None, held: bool = True,
) -> SmoothingPath:  # fmt: skip
    """Profit, peak load and retention (the scenario's `compare.metrics`) by number of events, each against the first
    number named, all held to its realised promotion spend unless not `held`. An experiment of `compare` in `out`, with
    smoothing_path.csv beside its tables. Raises UsageError where k events do not fit, BudgetError where they cannot
    spend as much."""
    names = list(dict.fromkeys([*scenario.compare.metrics, BUDGET]))
    check_names(names)
    schedule = schedule_with(scenario, campaign, schedule)
    line_up = chosen(scenario, schedule, line_up)[1]
    if not events:
        raise UsageError("--events: must be numbers of events, got none")
    laid, hours = laid_out(scenario, campaign, schedule, line_up, list(dict.fromkeys(events)), held)
    with _folder(out) as folder:
        try:
            result = compare(
                laid, replications=replications, seed=seed, workers=workers or 1, out=folder, progress=progress
            )
        except BudgetError as error:
            raise BudgetError(f"{error}; --offered compares equal offers instead") from None
    table = _table(result.comparison, result.budget, names, hours)
    if out is not None:
        store.write_csv(out / "smoothing_path.csv", table)
    return SmoothingPath(campaign, schedule, line_up, table, result.failures(), held)


@contextmanager
def _folder(out: Path | None) -> Iterator[Path]:
    """Where the runs go: kept in `out`, else gone with the command."""
    if out is not None:
        yield out
        return
    with tempfile.TemporaryDirectory(prefix="peakshift-smoothing-") as folder:
        yield Path(folder)


def _table(
    comparison: pd.DataFrame, budget: pd.DataFrame | None, names: list[str], hours: dict[int, float]
) -> pd.DataFrame:
    """The path's rows out of an experiment's; the first k stands against itself."""
    factors = {} if budget is None else dict(zip(budget["schedule"], budget["factor"], strict=True))
    first, rows = next(iter(hours)), list[tuple[Any, ...]]()
    found = {(row["schedule"], row["metric"]): row for row in comparison.to_dict("records")}
    for k, length in hours.items():
        for name in names:
            row = found[_named(next(n for n in hours if n != first) if k == first else k), name]
            told = (row["baseline_mean"], 0.0, 0.0, 0.0) if k == first else (
                row["mean"], row["difference"], row["low"], row["high"])  # fmt: skip
            rows.append((k, length, factors.get(_named(k), 1.0), name, row["unit"], *told, row["pairs"]))
    columns = ["events", "event_hours", "factor", "metric", "unit", "mean", "difference", "low", "high", "pairs"]
    return pd.DataFrame(rows, columns=columns)


def _named(k: int) -> str:
    return f"events_{k}"


def laid_out(
    scenario: Scenario, campaign: str, schedule: str, line_up: str, events: Sequence[int], held: bool
) -> tuple[Scenario, dict[int, float]]:
    """The experiment: a schedule for each number of events, the first the baseline; and the hours of an event by k."""
    if len(events) < 2:
        raise UsageError(f"--events: must be at least two different numbers, got {', '.join(map(str, events))} alone")
    changes, hours, others = list[Change](), dict[int, float](), scenario.schedules[schedule]
    at = others.index(campaign)
    for k in events:
        made = spread(scenario, campaign, k)
        changes += [(("campaigns", name), event.model_dump(mode="json")) for name, event in made.items()]
        changes.append((("schedules", _named(k)), [*others[:at], *made, *others[at + 1 :]]))
        first = next(iter(made.values()))
        hours[k] = (first.end - first.start + timedelta(seconds=1)) / timedelta(hours=1)
    base = {"schedule": _named(events[0]), "line_up": line_up}
    asked = {"baseline": base, "schedules": [_named(k) for k in events], "line_ups": [line_up],
             "hold": "promo_budget" if held else None}  # fmt: skip
    return changed(scenario, *changes, *((("compare", name), value) for name, value in asked.items())), hours


def spread(scenario: Scenario, campaign: str, k: int) -> dict[str, Campaign]:
    """The k events that stand for a campaign, by name."""
    source = scenario.campaigns[campaign]
    days = _days(scenario, source, k)
    cities = {name: city.share for name, city in scenario.market.cities.items()}
    try:
        return pieces(KEvents(k_events=k, of=campaign, days=days), source, scenario.scored, cities)
    except ValueError as error:
        raise UsageError(f"--events: {k} of {campaign} {error}") from None


def _days(scenario: Scenario, source: Campaign, k: int) -> float | None:
    """Length of an event where the campaign's own does not fit k times."""
    if not 1 <= k <= 52:
        raise UsageError(f"--events: must be numbers from 1 to 52, got {k}")
    clock = timedelta(hours=source.start.hour, minutes=source.start.minute, seconds=source.start.second)
    room = timedelta(days=scenario.calendar.scored_days // k) - clock
    if source.end - source.start + timedelta(seconds=1) <= room:
        return None
    hours = room // timedelta(hours=1)
    if hours < 1:
        raise UsageError(
            f"--events: must leave an event at least an hour, got {k}: {scenario.calendar.scored_days} scored days "
            f"hold no {k} events that start at {source.start:%H:%M}"
        )
    return hours / 24
