"""The main job: every schedule x line-up x seed on common random numbers, and what it says."""

from __future__ import annotations

import datetime
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.errors import PeakshiftError, UsageError
from sim.lab import budget, delivery, store
from sim.lab.delivery import Progress
from sim.lab.plan import SOURCE, Run, baseline, plan, strategy_hashes
from sim.lab.run import RunResult
from sim.lab.sequential import Design, design
from sim.lab.sources import PACKAGES, version_of
from sim.lab.statistics import MARGIN, holm, paired, verdict
from sim.lab.tables import read_table, write_tables
from sim.lab.wording import aligned, cells, fact, held_line, printable
from sim.lab.worlds import claim
from sim.metrics import Metric, all_metrics, check_names
from sim.plugins import engine_hash
from sim.scenario import Scenario, resolved, scenario_hash


@dataclass(frozen=True)
class Comparison:
    """An experiment's tables and where they are stored."""

    scenario: Scenario
    folder: Path
    runs: pd.DataFrame
    comparison: pd.DataFrame
    budget: pd.DataFrame | None = field(default=None, repr=False)
    """With `compare.hold`: one row a pair that was held, its factor and what it offered and spent."""
    stopping: str | None = None
    """With `until`: after how many pairs it stopped and why."""

    @property
    def daily(self) -> pd.DataFrame:
        """One row a run and day; read from the folder."""
        return read_table(self.folder, "daily")

    @property
    def hourly(self) -> pd.DataFrame:
        """One row a run, station, day and hour; read from the folder."""
        return read_table(self.folder, "hourly")

    def drawn(self, name: str, replications: int = 20) -> pd.DataFrame:
        """The table behind a figure, of the first replications alone: a figure needs no more, memory must hold it."""
        return read_table(self.folder, name, replications)

    def failures(self) -> list[str]:
        """One line a failed run."""
        bad = self.runs[self.runs["status"] == "failed"]
        lines = (f"{r.schedule}/{r.line_up} replication {r.replication}: {r.error}" for r in bad.itertuples())
        return [printable(line) for line in lines]

    def shown(self) -> pd.DataFrame:
        """Rows of the scenario's own metrics."""
        order = {name: n for n, name in enumerate(self.scenario.compare.metrics)}
        rows = self.comparison[self.comparison["metric"].isin(list(order))]
        pair = rows["schedule"] + "/" + rows["line_up"]
        keys = pd.DataFrame({"pair": pd.factorize(pair)[0], "metric": rows["metric"].map(order)}, index=rows.index)
        return rows.loc[keys.sort_values(["pair", "metric"]).index]

    def table(self) -> str:
        """The verdict table as aligned text."""
        base = baseline(self.scenario)
        head = ("schedule", "line-up", "metric", "baseline", "mean", "difference", "95 % interval", "verdict", "pairs")
        rows = [head, *(cells(row) for row in self.shown().to_dict("records"))]
        title = printable(f"{self.scenario.name}: against {base[0]} with {base[1]}")
        return "\n".join([title, "", *aligned(rows, {3, 4, 5, 6, 8})])

    def verdict(self) -> list[str]:
        """The verdict in plain words: one sentence a pair."""
        base, out = baseline(self.scenario), []
        for pair, rows in self.shown().groupby(["schedule", "line_up"], sort=False):
            facts = [fact(row) for row in rows.to_dict("records")]
            out.append(f"{pair[0]} with {pair[1]}, against {base[0]} with {base[1]}: {'; '.join(facts)}.")
        if self.budget is not None:
            out += [held_line(row) for row in self.budget.to_dict("records")]
        rows = self.shown()
        clear = (rows["low"] > 0) | (rows["high"] < 0)
        if (clear & (rows["verdict"] == "undecided")).any():
            out.append(f"An interval is that of its own figure, a verdict holds for all {len(rows)} together (Holm): "
                       "a figure may be undecided though its interval leaves 0 out.")  # fmt: skip
        return out + ([self.stopping] if self.stopping else [])

    def to_dict(self, figures: list[Path]) -> dict[str, Any]:
        """JSON-able result; NaN becomes null."""
        rows = self.comparison.astype(object).where(self.comparison.notna(), None).to_dict("records")
        return {
            "name": self.scenario.name,
            "folder": str(self.folder),
            "comparison": rows,
            "verdict": self.verdict(),
            "budget": None if self.budget is None else self.budget.to_dict("records"),
            "failed": self.failures(),
            "figures": [str(path) for path in figures],
        }


def compare(
    scenario: Scenario,
    *,
    replications: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    out: Path | str | None = None,
    resume: bool = True,
    progress: Progress | None = None,
    decision_seconds: float | None = None,
    until: float | None = None,
    most: int | None = None,
    executor: Executor | None = None,
) -> Comparison:
    """Runs a scenario's experiment and stores it.

    `workers` defaults to the number of cores; results do not depend on it. Runs that are in the
    folder already are taken from there unless `resume` is False. A failed run is a row with its
    error; the others are delivered. A strategy that takes longer than `decision_seconds` (the scenario's
    `compare.decision_seconds`) for an answer ends its run; where it does not even hear an alarm its worker is ended.
    That takes a process apart, which strategies that are not shipped have even where `workers` is 1. This contains
    accidents; it is no security sandbox. With an `executor` the runs go there instead of to processes of our own, with
    the same results (see sim/lab/remote.py).

    With `until` (a share, 0.02) replications are added, as many again each time, until every asked metric of every pair
    is decided or its difference known within that share of the baseline's mean, up to `most` replications (10 times the
    first where not given). Intervals and p are valid at whichever look it stops (sim/lab/sequential.py).
    """
    changes = {"replications": replications, "seed": seed}
    scenario = _with(scenario, {name: value for name, value in changes.items() if value is not None})
    if decision_seconds is not None:
        scenario = _hurried(scenario, decision_seconds)
    check_names(scenario.compare.metrics)
    begun = datetime.datetime.now(datetime.UTC)
    looks = _looks(scenario.replications, until, most)
    folder = Path(out) if out is not None else default_folder(scenario)
    claim(folder, scenario)
    workers = workers or os.cpu_count() or 1
    held: dict[tuple[str, str], float] | None = None
    with delivery.keeping(folder / "runs", resume):
        if scenario.compare.hold:
            held = budget.factors(
                scenario, lambda runs: deliver(scenario, runs, folder, workers, resume, None, executor)
            )
        stopping = None
        for look in looks.looks:
            scenario = _with(scenario, {"replications": look})
            runs = plan(scenario, held)
            outcomes = deliver(scenario, runs, folder, workers, resume or look > looks.looks[0], progress, executor)
            frame = store.runs_frame(outcomes)
            comparison = comparison_frame(scenario, frame, looks if until else None)
            if until and (stopping := _stopping(scenario, comparison, until, looks)):
                break
        result = _tables(scenario, folder, outcomes, comparison, held, stopping)
        store.write_json(folder / "manifest.json", _manifest(scenario, runs, result, begun))
    return result


def _looks(first: int, until: float | None, most: int | None) -> Design:
    """When the experiment is looked at: once, or with `until` after each `first` more pairs."""
    if until is None:
        if most is not None:
            raise UsageError("until: must be given with most")
        return Design((first,))
    if isinstance(until, bool) or not isinstance(until, int | float) or not 0 < until <= 1:
        raise UsageError(f"until: must be a share above 0 and at most 1, like 2%, got {until!r}")
    first = max(first, 3)
    most = 10 * first if most is None else most
    if isinstance(most, bool) or not isinstance(most, int) or most < first:
        raise UsageError(f"most: must be a whole number of at least {first} replications, got {most!r}")
    return design(first, max(first, -(-most // 40)), most)


def _stopping(scenario: Scenario, comparison: pd.DataFrame, until: float, looks: Design) -> str | None:
    """Why to stop here, or None: each asked figure decided or known within `until` of the baseline's mean."""
    asked = comparison[comparison["metric"].isin(scenario.compare.metrics) & (comparison["pairs"] > 0)]
    half, scale = (asked["high"] - asked["low"]) / 2, asked["baseline_mean"].abs()
    decided, narrow = asked["verdict"] != "undecided", half <= until * scale
    last = scenario.replications == looks.looks[-1]
    if not (decided | narrow).all() and not last:
        return None
    left = int((~(decided | narrow)).sum())
    look = looks.looks.index(scenario.replications) + 1
    why = f"{left} of {len(asked)} figures neither decided nor" if left else "every figure decided or"
    return (
        f"Stopped after {scenario.replications} replications, look {look} of {len(looks.looks)}: {why} known within "
        f"{until:.3g} of the baseline's mean; intervals hold at every look."
    )


def _with(scenario: Scenario, changes: dict[str, int]) -> Scenario:
    for name, value in changes.items():
        least = 1 if name == "replications" else 0
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise UsageError(f"{name}: must be a whole number of at least {least}, got {value!r}")
    changed = scenario.model_copy(update=changes)
    changed._folder = scenario.folder
    return changed


def _hurried(scenario: Scenario, seconds: float) -> Scenario:
    """The same with another deadline for each answer."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= 86_400:
        raise UsageError(f"decision_seconds: must be more than 0 and at most 86400, got {seconds!r}")
    compared = scenario.compare.model_copy(update={"decision_seconds": float(seconds)})
    changed = scenario.model_copy(update={"compare": compared})
    changed._folder = scenario.folder
    return changed


def default_folder(scenario: Scenario) -> Path:
    """Where an experiment's results go: results/runs/SCENARIO-HASH."""
    slug = re.sub(r"[^a-z0-9]+", "-", scenario.name.lower()).strip("-")[:40] or "scenario"
    return Path("results") / "runs" / f"{slug}-{scenario_hash(scenario)[:12]}"


def deliver(
    scenario: Scenario, runs: Sequence[Run], folder: Path, workers: int, resume: bool, progress: Progress | None,
    executor: Executor | None = None,
) -> list[tuple[Run, RunResult]]:  # fmt: skip
    """All runs' metrics, in the order of the plan, out of the folder's `runs` where they are there already."""
    results = delivery.deliver(_tasks(scenario, runs), folder / "runs", workers, resume, progress, executor)
    store.sweep(folder)
    return list(zip(runs, results, strict=True))


def _reload(scenario: Scenario, folder: Path, run: Run) -> RunResult:
    return delivery.reload(folder, _tasks(scenario, [run])[0])


def _tasks(scenario: Scenario, runs: Sequence[Run]) -> list[delivery.Task]:
    """Each run with its campaigns scaled."""
    worlds = {(run.schedule, run.factor): budget.scaled(scenario, run.schedule, run.factor) for run in runs}
    return [(worlds[run.schedule, run.factor], run) for run in runs]


def _tables(
    scenario: Scenario, folder: Path, outcomes: list[tuple[Run, RunResult]], comparison: pd.DataFrame,
    held: dict[tuple[str, str], float] | None, stopping: str | None,
) -> Comparison:  # fmt: skip
    """Writes the tidy tables and the comparison."""
    runs = store.runs_frame(outcomes)
    came = [run for run, result in outcomes if result.error is None]
    write_tables(folder, came, partial(_reload, scenario, folder / "runs"))
    store.write_parquet(folder / "runs.parquet", runs)
    store.write_parquet(folder / "campaigns.parquet", campaigns_frame(scenario))
    store.write_csv(folder / "comparison.csv", comparison)
    spent = None
    if held is not None:
        spent = budget.frame(scenario, held, runs, read_table(folder, "daily"))
        store.write_csv(folder / "budget.csv", spent)
    return Comparison(scenario, folder, runs, comparison, spent, stopping)


def campaigns_frame(scenario: Scenario) -> pd.DataFrame:
    """One row a schedule and campaign: window and mechanics."""
    rows = []
    for schedule, names in scenario.schedules.items():
        for name in names:
            c = scenario.campaigns[name]
            rows.append({
                "schedule": schedule, "campaign": name, "start": c.start.isoformat(), "end": c.end.isoformat(),
                "markdown_share": c.markdown, "ritual": c.ritual,
                "threshold_spend_yuan": c.threshold.spend_yuan if c.threshold else 0.0,
                "threshold_save_yuan": c.threshold.save_yuan if c.threshold else 0.0,
                "presale": c.presale is not None, "traffic_yuan_per_day": c.traffic_yuan_per_day,
            })  # fmt: skip
    columns = ["schedule", "campaign", "start", "end", "markdown_share", "ritual", "threshold_spend_yuan",
               "threshold_save_yuan", "presale", "traffic_yuan_per_day"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def comparison_frame(scenario: Scenario, runs: pd.DataFrame, design: Design | None = None) -> pd.DataFrame:
    """One row a pair and metric: paired differences from the baseline, intervals, p, verdict; in a sequential `design`
    they hold at every look.

    Holm's adjustment runs over the scenario's own metrics of all pairs; other metrics are adjusted
    among themselves, so that asking for more figures does not weaken the verdict.
    """
    done = runs[runs["status"] == "done"]
    base = done[(done["schedule"] == baseline(scenario)[0]) & (done["line_up"] == baseline(scenario)[1])]
    base = base.set_index("replication")
    rows: list[dict[str, Any]] = []
    for pair, group in done.groupby(["schedule", "line_up"], sort=False):
        if pair == baseline(scenario):
            continue
        both = group.set_index("replication").join(base.add_suffix("_base"), how="inner")
        for metric in all_metrics().values():
            rows.append(_row(pair, scenario, metric, both, design))
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    if len(frame):
        own = frame["metric"].isin(scenario.compare.metrics).to_numpy()
        adjusted = np.full(len(frame), np.nan)
        for part in (own, ~own):
            adjusted[part] = holm(frame["p"].to_numpy(float)[part])
        frame["p_holm"] = adjusted
        frame["verdict"] = [
            verdict(row["difference_"], p, all_metrics()[row["metric"]].better)
            for row, p in zip(rows, adjusted, strict=True)
        ]
    return frame


_COLUMNS = ["schedule", "line_up", "baseline_schedule", "baseline_line_up", "metric", "unit", "baseline_mean", "mean",
            "difference", "low", "high", "p", "p_holm", "verdict", "pairs",
            "boot_low", "boot_high"]  # fmt: skip


def _row(pair: Any, scenario: Scenario, metric: Metric, both: pd.DataFrame, design: Design | None) -> dict[str, Any]:
    mine, theirs = both[metric.name].to_numpy(float), both[f"{metric.name}_base"].to_numpy(float)
    d = paired(mine, theirs, design)
    known = np.isfinite(mine) & np.isfinite(theirs)
    mean = float(mine[known].mean()) if known.any() else float("nan")
    base_mean = float(theirs[known].mean()) if known.any() else float("nan")
    base = baseline(scenario)
    return {
        "schedule": pair[0], "line_up": pair[1], "baseline_schedule": base[0], "baseline_line_up": base[1],
        "metric": metric.name, "unit": metric.unit, "baseline_mean": base_mean, "mean": mean, "difference": d.mean,
        "low": d.low, "high": d.high, "p": d.p, "pairs": d.pairs, "boot_low": d.boot_low,
        "boot_high": d.boot_high, "difference_": d,
    }  # fmt: skip


def _manifest(scenario: Scenario, runs: list[Run], result: Comparison, begun: datetime.datetime) -> dict[str, Any]:
    """What is needed to know, and to repeat, where these results come from."""
    line_ups = dict.fromkeys(run.line_up for run in runs)
    return {
        "scenario": resolved(scenario),
        "scenario_folder": os.path.relpath(scenario.folder, result.folder.resolve()),
        "scenario_hash": scenario_hash(scenario),
        "version": version_of("peakshift"),
        "commit": _commit(),
        "source_hash": engine_hash(),
        "strategies": {name: strategy_hashes(scenario, name) for name in line_ups},
        "seeds": sorted({run.seed for run in runs}),
        "equivalence_margin_share": MARGIN,
        "python": platform.python_version(),
        "packages": {name: version_of(name) for name in PACKAGES},
        "command": ["peakshift", *sys.argv[1:]],
        "begun": begun.isoformat(timespec="seconds"),
        "ended": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "failed": result.failures(),
    }


def _commit() -> str | None:
    """The commit of a source checkout, `+dirty` when the code differs from it; None where it is installed."""
    git = ["git", "-C", str(SOURCE.parent)]
    if not (SOURCE.parent / ".git").exists():
        return None
    try:
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True, timeout=10)
        state = [*git, "status", "--porcelain", "--", "sim", "strategies", "scenarios"]
        changed = subprocess.run(state, capture_output=True, text=True, check=True, timeout=10).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return head.stdout.strip() + ("+dirty" if changed else "")


def manifest_scenario(folder: Path) -> Scenario:
    """The scenario of a stored experiment, from its manifest."""
    try:
        data = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        scenario = Scenario.model_validate(data["scenario"])
        scenario._folder = (folder / data["scenario_folder"]).resolve()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PeakshiftError(f"{folder}: must be the folder of a stored experiment: {error}") from None
    return scenario
