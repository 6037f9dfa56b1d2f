"""The smoothing path: one campaign's budget spent in one event, in two, in four, up to a week's rhythm.

The campaign stands in its schedule as k events of the same offered budget, depth x days (`scenario.schedules.KEvents`);
what is realised of it is printed too, and is not held equal: more events reach other buyers, and a pricer who adds a
cut of his own to every event spends it more often. Events keep the campaign's length where k of them fit into the
scored days, and else are as many whole hours as fit. All k share their draws, so each is compared with the first k
seed by seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.errors import UsageError
from sim.lab import store
from sim.lab.statistics import paired
from sim.lab.texts import aligned, interval, number
from sim.lab.twins import Change, Progress, Twin, changed, chosen, live_all, metrics_of, schedule_with
from sim.metrics import all_metrics, check_names
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
    """One row a k and metric: mean, difference from the first k, its 95 % interval, hours of an event, pairs."""
    failures: list[str]

    def text(self) -> str:
        """The table for people."""
        base = int(self.table["events"].iloc[0])
        rows = [("events", "hours each", "metric", "mean", f"difference from {base}", "95 % interval", "pairs")]
        for row in self.table.to_dict("records"):
            own = row["events"] == base
            rows.append((
                str(row["events"]), f"{row['event_hours']:g}", f"{row['metric']} ({row['unit']})", number(row["mean"]),
                "" if own else number(row["difference"]),
                "" if own else interval(row["low"], row["high"], "{:,.4g}"), str(row["pairs"]),
            ))  # fmt: skip
        title = f"{self.campaign} in {self.schedule} with {self.line_up}: the same offered budget in k events"
        return "\n".join([title, "", *aligned(rows, {0, 1, 3, 4, 5, 6}), "", self._realised()])

    def _realised(self) -> str:
        """How far the realised budgets lie apart, in words."""
        spent = self.table.loc[self.table["metric"] == BUDGET, "mean"].to_numpy(float)
        if not spent[0]:
            return "Nothing was spent on promotion."
        low, high = (100 * (float(x) / spent[0] - 1) for x in (spent.min(), spent.max()))
        return f"Offered budgets are equal; what was realised lies {low:+.0f} % to {high:+.0f} % from the first."

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; NaN becomes null."""
        rows = self.table.astype(object).where(self.table.notna(), None).to_dict("records")
        return {"campaign": self.campaign, "schedule": self.schedule, "line_up": self.line_up, "path": rows,
                "failed": self.failures}  # fmt: skip


def smoothing(
    scenario: Scenario, campaign: str, events: Sequence[int] = EVENTS, *, schedule: str | None = None,
    line_up: str | None = None, replications: int | None = None, seed: int | None = None, workers: int | None = None,
    out: Path | None = None, progress: Progress | None = None,
) -> SmoothingPath:  # fmt: skip
    """Profit, peak load and retention (the scenario's `compare.metrics`) by number of events, each against the first
    number named. Writes smoothing.csv where `out` is given. Raises UsageError where k events do not fit."""
    names = list(dict.fromkeys([*scenario.compare.metrics, BUDGET]))
    check_names(names)
    schedule = schedule_with(scenario, campaign, schedule)
    line_up = chosen(scenario, schedule, line_up)[1]
    if not events:
        raise UsageError("--events: must be numbers of events, got none")
    made = {k: spread(scenario, campaign, schedule, k) for k in dict.fromkeys(events)}
    if out is not None:
        store.prepare(out)
    worlds = {str(k): Twin(changed_, schedule, line_up) for k, (changed_, _) in made.items()}
    root = scenario.seed if seed is None else seed
    lives = live_all(worlds, metrics_of, root, replications or scenario.replications, workers or 1, progress)
    rows, first = [], str(next(iter(made)))
    for k, (_, hours) in made.items():
        for name in names:
            mine, base = (np.array([life[name] for life in lives.of[n]]) for n in (str(k), first))
            d = paired(mine, base)
            mean = float(mine.mean())
            unit = all_metrics()[name].unit
            rows.append((k, hours, name, unit, mean, d.mean, d.low, d.high, d.pairs))
    columns = ["events", "event_hours", "metric", "unit", "mean", "difference", "low", "high", "pairs"]
    result = SmoothingPath(campaign, schedule, line_up, pd.DataFrame(rows, columns=columns), lives.failures)
    if out is not None:
        store.write_csv(out / "smoothing.csv", result.table)
    return result


def spread(scenario: Scenario, campaign: str, schedule: str, k: int) -> tuple[Scenario, float]:
    """The scenario with k events in place of the campaign in its schedule, and the hours of each."""
    source = scenario.campaigns[campaign]
    days = _days(scenario, source, k)
    cities = {name: city.share for name, city in scenario.market.cities.items()}
    try:
        events = pieces(KEvents(k_events=k, of=campaign, days=days), source, scenario.scored, cities)
    except ValueError as error:
        raise UsageError(f"--events: {k} of {campaign} {error}") from None
    changes: list[Change] = [(("campaigns", name), event.model_dump(mode="json")) for name, event in events.items()]
    others = scenario.schedules[schedule]
    at = others.index(campaign)
    changes.append((("schedules", schedule), [*others[:at], *events, *others[at + 1 :]]))
    first = next(iter(events.values()))
    return changed(scenario, *changes), (first.end - first.start + timedelta(seconds=1)) / timedelta(hours=1)


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
