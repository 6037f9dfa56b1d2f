"""Win, tie, loss over several scenarios: how often each pair beat its scenario's baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sim.errors import UsageError
from sim.lab.compare import Comparison, default_folder
from sim.lab.wording import aligned
from sim.scenario import Scenario

VERDICTS = ("better", "tie", "worse", "undecided")


@dataclass(frozen=True)
class Tally:
    """One row a pair and metric: in how many scenarios it was better, tie, worse, undecided."""

    table: pd.DataFrame

    def rows(self) -> list[dict[str, Any]]:
        """JSON-able."""
        return [{str(k): v for k, v in row.items()} for row in self.table.to_dict("records")]

    def text(self) -> str:
        """Aligned text."""
        head = ("schedule", "line-up", "metric", "win", "tie", "loss", "undecided")
        body = [tuple(str(row[name]) for name in self.table.columns) for row in self.rows()]
        return "\n".join(["Over all scenarios, each against its baseline", "", *aligned([head, *body], {3, 4, 5, 6})])


def tally(results: Sequence[Comparison]) -> Tally:
    """Counts the verdicts on the scenarios' own metrics; a pair counts where a scenario has it."""
    counts: dict[tuple[str, str, str], dict[str, int]] = {}
    for result in results:
        for row in result.shown().to_dict("records"):
            key = (row["schedule"], row["line_up"], row["metric"])
            counts.setdefault(key, dict.fromkeys(VERDICTS, 0))[row["verdict"]] += 1
    rows = [(*key, *(count[name] for name in VERDICTS)) for key, count in counts.items()]
    return Tally(pd.DataFrame(rows, columns=["schedule", "line_up", "metric", *VERDICTS]))


def folders(scenarios: Sequence[Scenario], out: Path | None) -> list[Path | None]:
    """Where each scenario's results go: `out` for a single one, below it for several."""
    if out is None or len(scenarios) == 1:
        return [out for _ in scenarios]
    names = [default_folder(scenario).name for scenario in scenarios]
    if len(set(names)) < len(names):
        raise UsageError("SCENARIO: must each be given once")
    return [out / name for name in names]
