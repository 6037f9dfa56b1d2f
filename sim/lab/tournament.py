"""Line-ups ranked: who is best, with what certainty, the oracle and do-nothing always among them.

The contenders are a scenario's line-ups, or all combinations of named strategies. Replications are on common random
numbers. Either KN screens until one is left (sim/lab/selection.py), or OCBA spends a fixed budget of runs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim import plugins
from sim.errors import PluginError, UsageError, one_of
from sim.lab import store
from sim.lab.compare import default_folder, deliver
from sim.lab.delivery import Progress, keeping
from sim.lab.plan import Run, baseline, runs_of
from sim.lab.selection import KimNelson, ocba
from sim.lab.statistics import paired, verdict
from sim.lab.wording import aligned, interval, number, printable, signed
from sim.lab.worlds import claim
from sim.metrics import all_metrics
from sim.scenario import Scenario
from sim.scenario.root import KINDS, LineUp, StrategyUse

NEUTRAL = {"forecasting": "moving_average", "pricing": "list_price", "stocking": "base_stock", "staffing": "fixed",
           "outreach": "none"}  # fmt: skip
"""The do-nothing line-up: shipped strategies that only keep the shop running."""
DO_NOTHING, ORACLE = "do_nothing", "oracle"
BATCH, _MOST_CONTENDERS, _MATRIX = 4, 500, 20
"""Replications handed out at once (workers take seconds to start; KN still screens after each); contenders at most;
how many of the best stand in the matrix."""


@dataclass(frozen=True)
class Tournament:
    """A ranking and where it is stored."""

    scenario: Scenario
    folder: Path
    schedule: str
    metric: str
    table: pd.DataFrame
    """One row a contender, the best first; see results/README.md."""
    rule: str
    """How it was selected, and with what certainty, in words."""
    matrix: pd.DataFrame
    """One row an ordered pair of the best; see `matrix_of`."""

    def failures(self) -> list[str]:
        """One line a contender that failed."""
        bad = self.table[self.table["status"] == "failed"]
        return [printable(f"{row.line_up}: {row.error}") for row in bad.itertuples()]

    def text(self) -> str:
        """The ranking as aligned text."""
        unit = all_metrics()[self.metric].unit
        head = ("rank", "line-up", f"{self.metric} ({unit})", "from the best", "95 % interval", "runs", "status")
        rows = [head]
        for row in self.table.to_dict("records"):
            rows.append((str(row["rank"]), row["line_up"], number(row["mean"], unit), signed(row["difference"], unit),
                         interval(row["low"], row["high"], unit), str(row["runs"]), row["status"]))  # fmt: skip
        title = printable(f"{self.scenario.name}: line-ups on schedule {self.schedule}")
        return "\n".join([title, "", *aligned(rows, {0, 2, 3, 4, 5}), "", self.rule])

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; NaN becomes null."""
        rows = self.table.astype(object).where(self.table.notna(), None).to_dict("records")
        return {"name": self.scenario.name, "folder": str(self.folder), "schedule": self.schedule,
                "metric": self.metric, "ranking": rows, "rule": self.rule, "failed": self.failures()}  # fmt: skip


def contenders(scenario: Scenario, choices: Mapping[str, Sequence[str]] | None = None) -> Scenario:
    """The scenario with the tournament's line-ups: its own, or all combinations of the strategies named by role, the
    baseline's in the other roles; do-nothing and the oracle in any case.

    A strategy's file (`./mine.py:Mine`) is looked for in the current folder, then beside the scenario. Do-nothing and
    the oracle are the scenario's line-ups of these names where it has them; else the neutral strategies, and the
    baseline's line-up with the shipped oracle in each role that has one. Raises PluginError for a strategy that does
    not exist.
    """
    base = scenario.line_ups[baseline(scenario)[1]]
    own = dict(scenario.line_ups)
    if choices:
        found = {name: _from_here(name, scenario.folder) for names in choices.values() for name in names}
        for kind, names in choices.items():
            for name in names:
                try:
                    plugins.find(kind, found[name], scenario.folder)
                except PluginError as error:
                    raise PluginError(f"{kind}: {error}") from error
        asked = [kind for kind in KINDS if choices.get(kind)]
        picks = list(product(*(dict.fromkeys(choices[kind]) for kind in asked)))
        if len(picks) > _MOST_CONTENDERS:
            raise UsageError(f"combinations: must be at most {_MOST_CONTENDERS}, got {len(picks)}")
        own = {
            "+".join(pick): mixed(base, {kind: found[name] for kind, name in zip(asked, pick, strict=True)})
            for pick in picks
        }
    oracle = mixed(base, {kind: ORACLE for kind in KINDS if ORACLE in plugins.shipped(kind)})
    for name, shipped in ((DO_NOTHING, mixed(base, NEUTRAL)), (ORACLE, oracle)):
        line_up = scenario.line_ups.get(name, shipped)
        if line_up not in own.values():
            own[name] = line_up
    return with_line_ups(scenario, own)


def _from_here(name: str, folder: Path) -> str:
    """A reference to a file of the current folder as one that a scenario in `folder` can hold; others as they are."""
    target, colon, cls = name.partition(":")
    if not target.endswith(".py") or not Path(target).is_file():
        return name
    return os.path.relpath(target, folder) + colon + cls


def mixed(base: LineUp, names: Mapping[str, str | StrategyUse]) -> LineUp:
    """A line-up with other strategies in some roles."""
    uses = {kind: StrategyUse(use=name) if isinstance(name, str) else name for kind, name in names.items()}
    return base.model_copy(update=uses)


def with_line_ups(scenario: Scenario, line_ups: dict[str, LineUp]) -> Scenario:
    """The same scenario with these line-ups."""
    changed = scenario.model_copy(update={"line_ups": line_ups})
    changed._folder = scenario.folder
    return changed


class Field:
    """Values of contenders by replication, lived through as they are asked for; who fails leaves."""

    def __init__(
        self, scenario: Scenario, schedule: str, metric: str, folder: Path, workers: int | None, resume: bool,
        progress: Progress | None = None,
    ) -> None:  # fmt: skip
        self.scenario, self.schedule, self.metric, self.folder = scenario, schedule, metric, folder
        self.workers, self.resume, self.progress = workers or os.cpu_count() or 1, resume, progress
        self.values: dict[str, list[float]] = {name: [] for name in scenario.line_ups}
        self.errors: dict[str, str] = {}

    def extend(self, wanted: Mapping[str, int]) -> None:
        """Lives through replications until each contender named has so many."""
        todo: dict[int, list[str]] = {}
        for name, runs in wanted.items():
            for replication in range(len(self.values[name]), runs):
                if name not in self.errors:
                    todo.setdefault(replication, []).append(name)
        planned: list[Run] = []
        for replication, names in sorted(todo.items()):
            planned += runs_of(self.scenario, [(self.schedule, name) for name in names], [replication])
        with keeping(self.folder / "runs", self.resume):
            lived = deliver(self.scenario, planned, self.folder, self.workers, self.resume, self.progress)
        for run, result in lived:
            value = result.metrics.get(self.metric, float("nan"))
            if result.error is not None or not np.isfinite(value):
                self.errors.setdefault(run.line_up, result.error or f"{self.metric} is not a number")
            self.values[run.line_up].append(value)

    @property
    def sound(self) -> list[str]:
        """Who has not failed."""
        return [name for name in self.values if name not in self.errors]


def tournament(
    scenario: Scenario,
    *,
    choices: Mapping[str, Sequence[str]] | None = None,
    schedule: str | None = None,
    metric: str = "profit",
    indifference: float = 0.01,
    confidence: float = 0.95,
    budget: int | None = None,
    replications: int | None = None,
    most: int = 200,
    seed: int | None = None,
    workers: int | None = None,
    out: Path | str | None = None,
    resume: bool = True,
    progress: Progress | None = None,
) -> Tournament:
    """Ranks the line-ups of a scenario, or combinations of strategies, on one schedule (the baseline's).

    KN: `replications` (the scenario's) in the first stage, then one by one until a single line-up is left or `most` are
    run; `indifference` is a share of the baseline's mean in the first stage. With a `budget` of runs: OCBA instead.
    """
    one_of("metric", metric, all_metrics())
    schedule = schedule_of(scenario, schedule)
    for name, value in (("indifference", indifference), ("confidence", confidence)):
        if not 0 < value < 1:
            raise UsageError(f"{name}: must be a share above 0 and below 1, got {value!r}")
    first = max(3, scenario.replications if replications is None else replications)
    if budget is None and most < first:
        raise UsageError(f"most: must be at least the {first} replications of the first stage, got {most}")
    if seed is not None:
        scenario = with_line_ups(scenario.model_copy(update={"seed": seed}), scenario.line_ups)
    folder = Path(out) if out is not None else default_folder(scenario)
    reference = scenario.line_ups[baseline(scenario)[1]]
    entered = contenders(scenario, choices)
    if budget is not None and budget < 3 * len(entered.line_ups):
        raise UsageError(f"budget: must be at least 3 runs for each of {len(entered.line_ups)}, got {budget}")
    claim(folder, scenario)
    field = Field(entered, schedule, metric, folder, workers, resume, progress)
    near = next((name for name, line_up in entered.line_ups.items() if line_up == reference), None)
    sign = 1.0 if all_metrics()[metric].better == "higher" else -1.0
    if budget is not None:
        out_at: dict[str, int] = {}
        _by_ocba(field, sign, min(first, budget // len(entered.line_ups)), budget)
        rule = f"OCBA: {sum(map(len, field.values.values()))} of {budget} runs; no stated confidence."
    else:
        field.extend(dict.fromkeys(entered.line_ups, first))
        scale = np.mean(field.values[near]) if near and near not in field.errors else _scale(field)
        out_at, rule = _by_kn(field, sign, KimNelson(max(indifference * abs(float(scale)), 1e-9), confidence), most)
        rule = rule.format(share=f"{100 * indifference:.3g} %", unit=all_metrics()[metric].unit)
    table = ranking(field, sign, out_at)
    matrix = matrix_of(field, table.loc[table["status"] != "failed", "line_up"].head(_MATRIX).tolist())
    store.write_csv(folder / "tournament.csv", table)
    store.write_csv(folder / "tournament_matrix.csv", matrix)
    return Tournament(entered, folder, schedule, metric, table, rule, matrix)


def schedule_of(scenario: Scenario, schedule: str | None) -> str:
    """The schedule asked for, the baseline's where none is. Raises UsageError for one that does not exist."""
    if schedule is None:
        return baseline(scenario)[0]
    return one_of("schedule", schedule, scenario.schedules)


def _scale(field: Field) -> float:
    means = [abs(float(np.mean(field.values[name]))) for name in field.sound]
    return float(np.median(means)) if means else 1.0


def _by_kn(field: Field, sign: float, kn: KimNelson, most: int) -> tuple[dict[str, int], str]:
    """(replication at which each was screened out, the rule in words)."""
    names = field.sound
    out_at: dict[str, int] = {}
    if not names:
        return out_at, "KN: nobody finished the first stage."
    values = sign * np.array([field.values[name] for name in names]).T
    r, alive = len(values), kn.first(values)
    sums = values.sum(axis=0)
    while True:
        for n in np.flatnonzero(~alive):
            out_at.setdefault(names[n], r)
        if alive.sum() <= 1 or r >= most:
            break
        if r == min(len(field.values[names[n]]) for n in np.flatnonzero(alive)):
            field.extend({names[n]: min(r + BATCH, most) for n in np.flatnonzero(alive)})
        r += 1
        for n in np.flatnonzero(alive):
            if names[n] in field.errors:
                alive[n] = False
            else:
                sums[n] += sign * field.values[names[n]][r - 1]
        alive = kn.screen(alive, sums, r)
    zone = f"indifference zone {kn.indifference:,.4g} {{unit}} ({{share}} of the baseline's mean in the first stage)"
    if int(alive.sum()) <= 1:
        left = names[int(np.argmax(alive))] if alive.any() else "nobody"
        return out_at, f"KN: {left} is the best or within the {zone} of it, confidence {kn.confidence:.3g}."
    left = ", ".join(names[n] for n in np.flatnonzero(alive))
    return out_at, f"KN: not decided within {r} replications between {left}; {zone}, confidence {kn.confidence:.3g}."


def _by_ocba(field: Field, sign: float, first: int, budget: int) -> None:
    """Spends the budget, a few runs at a time.

    Values are differences from the first sound contender, which is run wherever another is: contenders with different
    numbers of runs are so still compared on common draws.
    """
    field.extend(dict.fromkeys(field.values, first))
    while len(names := field.sound) >= 2:
        left = budget - sum(map(len, field.values.values()))
        control = np.array(field.values[names[0]])
        d = [sign * (np.array(field.values[name]) - control[: len(field.values[name])]) for name in names]
        have = np.array([x.size for x in d])
        means, variances = np.array([x.mean() for x in d]), np.array([x.var(ddof=1) for x in d])
        want = ocba(means, variances, int(have.sum()) + min(left, BATCH))
        short = int(1 + np.argmax((want - have)[1:]))
        more = next((m for m in range(BATCH, 0, -1) if m + max(0, have[short] + m - have[0]) <= left), 0)
        if not more:
            return
        runs = int(have[short]) + more
        field.extend({names[short]: runs, names[0]: max(runs, int(have[0]))})


def ranking(field: Field, sign: float, out_at: Mapping[str, int]) -> pd.DataFrame:
    """One row a contender: survivors by their mean paired difference, then who was screened out, the last out first;
    who failed at the end with the error. Intervals are of the paired difference from the best, each for itself."""
    names = field.sound
    mean = {name: float(np.mean(field.values[name])) for name in names}
    # against one with all replications: contenders with different numbers are ranked on common draws
    control = max(names, key=lambda name: len(field.values[name]), default="")
    ahead = {name: sign * paired(np.array(field.values[name]), _of(field, control, name)).mean for name in names}
    order = sorted(names, key=lambda name: (-out_at.get(name, 10**9), -ahead[name]))
    rows: list[dict[str, Any]] = []
    for name in order:
        d = paired(np.array(field.values[name]), _of(field, order[0], name))
        status = "best" if name == order[0] else f"out after {out_at[name]}" if name in out_at else "in"
        rows.append({"line_up": name, "status": status, "runs": len(field.values[name]), "mean": mean[name],
                     "difference": d.mean, "low": d.low, "high": d.high, "error": ""})  # fmt: skip
    nan = float("nan")
    rows += [
        {"line_up": name, "status": "failed", "runs": len(field.values[name]), "mean": nan, "difference": nan,
         "low": nan, "high": nan, "error": error}
        for name, error in field.errors.items()
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    return table


def matrix_of(field: Field, names: Sequence[str]) -> pd.DataFrame:
    """Each of `names` against each other: mean difference on the replications that both have lived through, its 95 %
    interval, and the verdict; every pair for itself, without correction for their number."""
    metric, rows = all_metrics()[field.metric], []
    for one, other in permutations(names, 2):
        d = paired(np.array(field.values[one]), _of(field, other, one))
        told = verdict(d, d.p, metric.better)
        rows.append((one, other, d.mean, d.low, d.high, metric.name, metric.unit, told, d.pairs))
    columns = ["one", "other", "difference", "low", "high", "metric", "unit", "verdict", "pairs"]
    return pd.DataFrame(rows, columns=columns)


def _of(field: Field, reference: str, name: str) -> np.ndarray:
    """The reference's values on a contender's replications, NaN where it has none."""
    out = np.full(len(field.values[name]), np.nan)
    shared = field.values[reference][: out.size]
    out[: len(shared)] = shared
    return out
