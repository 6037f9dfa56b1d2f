"""Churn accounting: whom one way of working loses that the other keeps, and why, person by person.

On common draws every person lives in both worlds, so losses compare as flows: of those who leave in the first world for
a cause, some leave in the second too, for the same cause or another, and some stay. One cross table of
people holds it all: its rows are what became of people in one pair, its columns in the other, its sum is everybody.
The net difference by cause is gross flow in less gross flow out, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.contracts import Ints
from sim.errors import UsageError, one_of
from sim.lab import store
from sim.lab.plan import baseline, pairs
from sim.lab.statistics import paired
from sim.lab.texts import aligned, interval, number
from sim.lab.twins import Progress, Twin, live_all, mean_of, plain
from sim.ledger import CAUSES, History
from sim.scenario import Scenario

FATES: tuple[str, ...] = (*CAUSES, "never bought")
"""What may become of a person: he stays, leaves for a cause, or is no customer at all."""
_GONE = slice(1, len(CAUSES))


@dataclass(frozen=True)
class Churn:
    """What became of everybody in two pairs of schedule and line-up."""

    pair: tuple[str, str]
    against: tuple[str, str]
    flows: Ints
    """(R, F, F) people by replication, fate in `pair`, fate in `against`."""
    replications: list[int]
    failures: list[str]

    @property
    def table(self) -> pd.DataFrame:
        """Tidy flows: replication, fate in each, people; fates that nobody met are left out."""
        r, a, b = np.nonzero(self.flows)
        fates = np.array(FATES)
        return pd.DataFrame({"replication": np.array(self.replications)[r], "fate": fates[a], "fate_against": fates[b],
                             "people": self.flows[r, a, b]})  # fmt: skip

    @property
    def by_cause(self) -> pd.DataFrame:
        """Means by cause: lost in each; of these kept in the other, or lost there for another cause; net, interval."""
        rows, f = [], self.flows.astype(np.float64)
        for n, name in [*enumerate(FATES[_GONE], start=1), (-1, "all causes")]:
            at = slice(n, n + 1) if n > 0 else _GONE
            mine, theirs = f[:, at, :].sum(axis=(1, 2)), f[:, :, at].sum(axis=(1, 2))
            same = f[:, at, at].sum(axis=(1, 2)) if n > 0 else f[:, _GONE, _GONE].sum(axis=(1, 2))
            kept_there = f[:, at, 0].sum(axis=1) + f[:, at, -1].sum(axis=1)
            kept_here = f[:, 0, at].sum(axis=1) + f[:, -1, at].sum(axis=1)
            other_there, other_here = mine - same - kept_there, theirs - same - kept_here
            d = paired(mine, theirs)
            means = [float(x.mean()) for x in (mine, theirs, kept_there, other_there, kept_here, other_here)]
            rows.append((name, *means, d.mean, d.low, d.high, d.pairs))
        columns = ["cause", "lost", "lost_against", "lost_only_here", "here_other_cause_there", "lost_only_there",
                   "there_other_cause_here", "net", "low", "high", "pairs"]  # fmt: skip
        return pd.DataFrame(rows, columns=columns)

    def text(self) -> str:
        """Both tables for people."""
        head = ("cause", "lost", "there", "only here", "there for another", "only there", "here for another", "net",
                "95 % interval")  # fmt: skip
        rows: list[tuple[str, ...]] = [head]
        for r in self.by_cause.to_dict("records"):
            means = [r[c] for c in self.by_cause.columns[1:8]]
            rows.append((str(r["cause"]), *(number(x) for x in means), interval(r["low"], r["high"], "{:,.1f}")))
        mean = self.flows.mean(axis=0)
        cross = [("here \\ there", *FATES, "sum")]
        cross += [(f, *(number(x) for x in mean[n]), number(mean[n].sum())) for n, f in enumerate(FATES)]
        cross.append(("sum", *(number(x) for x in mean.sum(axis=0)), number(mean.sum())))
        title = (
            f"{' with '.join(self.pair)} (here) against {' with '.join(self.against)} (there): customers lost, mean of "
        )
        title += f"{len(self.replications)} replications"
        net = mean_of(self.flows[:, 0, :].sum(axis=1) - self.flows[:, :, 0].sum(axis=1))
        kept = f"customers at the end: {number(net.mean)} more here {interval(net.low, net.high, '{:,.1f}')}"
        right = set(range(1, 12))
        return "\n".join([title, "", *aligned(rows, right), "", *aligned(cross, right), "", kept])

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; NaN becomes null."""
        rows = self.by_cause.astype(object).where(self.by_cause.notna(), None).to_dict("records")
        return {"pair": self.pair, "against": self.against, "by_cause": rows, "flows": self.table.to_dict("records"),
                "failed": self.failures}  # fmt: skip


def churn(
    scenario: Scenario, pair: str | None = None, against: str | None = None, *, replications: int | None = None,
    seed: int | None = None, workers: int | None = None, out: Path | None = None, progress: Progress | None = None,
) -> Churn:  # fmt: skip
    """Flows between `pair` and `against`, SCHEDULE/LINE_UP each: where not named, the first other schedule with the
    baseline's line-up, and the baseline. Writes churn.csv and churn_flows.parquet where `out` is given."""
    there = _pair(scenario, "--against", against) if against else baseline(scenario)
    others = sorted((p for p in pairs(scenario) if p != there), key=lambda p: (p[0] == there[0], p[1] != there[1]))
    here = _pair(scenario, "--pair", pair) if pair else next(iter(others), there)
    if out is not None:
        store.prepare(out)
    worlds = {"here": Twin(scenario, *here), "there": Twin(scenario, *there)}
    root = scenario.seed if seed is None else seed
    lives = live_all(worlds, plain(fates), root, replications or scenario.replications, workers or 1, progress)
    flows = [cross(a, b) for a, b in zip(lives.of["here"], lives.of["there"], strict=True)]
    result = Churn(here, there, np.stack(flows), lives.replications, lives.failures)
    if out is not None:
        store.write_csv(out / "churn.csv", result.by_cause)
        store.write_parquet(out / "churn_flows.parquet", result.table)
    return result


def _pair(scenario: Scenario, option: str, text: str) -> tuple[str, str]:
    parts = text.split("/")
    if len(parts) != 2:
        raise UsageError(f"{option}: must be SCHEDULE/LINE_UP, got {text!r}")
    schedule, line_up = parts
    return one_of(option, schedule, scenario.schedules), one_of(option, line_up, scenario.line_ups)


def fates(history: History) -> NDArray[np.int8]:
    """(N,) what became of each person, an index of `FATES`."""
    return np.where((history.source < 0) & (history.left == 0), np.int8(len(CAUSES)), history.left)


def cross(here: NDArray[np.int8], there: NDArray[np.int8]) -> Ints:
    """(F, F) people by fate here and there."""
    size = len(FATES)
    both = here.astype(np.int64) * size + there
    return np.bincount(both, minlength=size * size).astype(np.int64).reshape(size, size)
