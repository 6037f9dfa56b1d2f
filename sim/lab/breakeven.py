"""Where does one schedule beat another? A map over two fields, refined along the line where it turns, and a rule.

Each point of the map is a world of its own, lived through by both schedules on the same draws; each cell between
points is better, worse, a tie, or undecided. Cells that are undecided, or whose corners disagree, are cut into four,
level by level. The line of break-even comes with an interval: where the points' own 95 % intervals first exclude 0 on
either side of it.
"""

from __future__ import annotations

import datetime
import os
import platform
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.errors import Fault
from sim.lab import store
from sim.lab.delivery import Progress
from sim.lab.design import Base, Range, Value, corners, latin_hypercube, read_ranges, typed
from sim.lab.points import Answer, Question, Study, question_of, raise_all
from sim.lab.rules import FOLDS, Rule, learn, sentence
from sim.lab.worlds import claim_apart
from sim.plugins import engine_hash
from sim.scenario import Scenario, resolved, scenario_hash

MOST_LEVELS = 6
MARKS = {"better": "+", "worse": "-", "tie": "=", "undecided": "?"}


@dataclass(frozen=True)
class Cell:
    """A rectangle between points of the map."""

    x0: Value
    x1: Value
    y0: Value
    y1: Value
    level: int

    @property
    def corners(self) -> tuple[tuple[Value, Value], ...]:
        """Its four points."""
        return ((self.x0, self.y0), (self.x1, self.y0), (self.x0, self.y1), (self.x1, self.y1))


@dataclass(frozen=True)
class Breakeven:
    """What came out, and where it is stored; frames are empty where no map, or no sample, was asked for."""

    scenario: Scenario
    folder: Path
    question: Question
    axes: tuple[Range, ...]
    sampled: tuple[Range, ...]
    points: pd.DataFrame
    cells: pd.DataFrame
    line: pd.DataFrame
    samples: pd.DataFrame
    rule: Rule | None
    words: str
    failed: list[str] = field(default_factory=list)

    def text(self) -> str:
        """The map in characters, what it says, and the rule."""
        out = [f"{self.scenario.name}: {self.question.words()}", ""]
        if len(self.points):
            out += [*_drawn(self.points), "", *self.verdict(), ""]
        if self.words:
            out += [self.words, ""]
        return "\n".join(out).rstrip()

    def verdict(self) -> list[str]:
        """Counts of points, and where the line runs."""
        count = self.points["verdict"].value_counts()
        told = ", ".join(f"{name} at {int(count.get(name, 0))}" for name in MARKS)
        out = [f"{self.question.schedule} is {told} of {len(self.points)} points."]
        for row in self.line.to_dict("records"):
            interval = ", ".join(
                f"{row[end]:.4g}" if np.isfinite(row[end]) else "beyond the map" for end in ("low", "high")
            )
            out.append(f"  {row['other_path']} = {row['other']:.6g}: breaks even at {row['path']} = {row['zero']:.4g} "
                       f"[{interval}]")  # fmt: skip
        return out

    def to_dict(self, figures: Sequence[Path] = ()) -> dict[str, Any]:
        """JSON-able result; NaN becomes null."""
        frames = {"points": self.points, "cells": self.cells, "line": self.line, "samples": self.samples}
        tables = {name: f.astype(object).where(f.notna(), None).to_dict("records") for name, f in frames.items()}
        q = self.question
        return {
            "name": self.scenario.name, "folder": str(self.folder), "schedule": q.schedule, "against": q.against,
            "line_up": q.line_up, "metric": q.metric.name, "unit": q.metric.unit, **tables,
            "rule": self.rule.to_dict([r.path for r in self.sampled]) if self.rule else None,
            "words": self.words, "failed": self.failed, "figures": [str(path) for path in figures],
        }  # fmt: skip


def prepared(
    base: Base, written: Sequence[tuple[str, str]], over: Sequence[str], schedules: str | None, line_up: str | None,
    metric: str, more: Sequence[Fault] = (),
) -> tuple[Scenario, Question, list[Range], list[Range]]:  # fmt: skip
    """All that is asked, checked before anything is run: (scenario, question, axes, sampled fields). Raises
    ScenarioError with all faults."""
    scenario = base.scenario()
    faults = list(more)
    axes, wrong = read_ranges(scenario, written, points=True)
    sampled, wrong_too = read_ranges(scenario, [("--over", text) for text in over], points=False)
    question, unknown = question_of(scenario, schedules, line_up, metric)
    faults += wrong + wrong_too + unknown
    if scenario.replications < 2:
        faults.append(Fault("--replications", "", "must be at least 2 for an interval", str(scenario.replications)))
    for ranges in (axes, sampled):
        faults += base.faults_at(ranges, corners(ranges)) if ranges else []
    raise_all(faults)
    assert question is not None  # else there was a fault
    return scenario, question, axes, sampled


def breakeven(
    scenario: str | Path, x: str | None = None, y: str | None = None, *, settings: Sequence[str] = (),
    metric: str = "profit", schedules: str | None = None, line_up: str | None = None, refine: int = 0,
    over: Sequence[str] = (), samples: int = 64, replications: int | None = None, seed: int | None = None,
    workers: int | None = None, out: Path | str | None = None, resume: bool = True, progress: Progress | None = None,
) -> Breakeven:  # fmt: skip
    """The map over `x` and `y` (each `PATH=lo:hi:n`) and the rule over `over` (each `PATH=lo:hi`), run and stored.

    `scenario` is a path or a shipped scenario's name. A is the first of `schedules` ("A,B"); by default the baseline's,
    against the first other one. Results do not depend on `workers`; runs already in the folder are taken from there
    unless `resume` is False. Intervals and verdicts are each point's own: no correction for their number.
    """
    begun = datetime.datetime.now(datetime.UTC)
    base = Base(scenario, (*settings, *counts(replications, seed)))
    written = [(option, text) for option, text in (("--x", x), ("--y", y)) if text is not None]
    faults = []
    if len(written) == 1:
        other = "--y" if written[0][0] == "--x" else "--x"
        faults.append(Fault(other, "", f"must be given with {written[0][0]}: a map has two axes"))
    if not written and not over:
        faults.append(Fault("breakeven", "", "must have --x and --y for a map, or --over for a rule"))
    for option, value, least, most in (
        ("--refine", refine, 0, MOST_LEVELS),
        ("--samples", samples, 2 * FOLDS, 100_000),
    ):
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            faults.append(Fault(option, "", f"must be a whole number from {least} to {most}", repr(value)))
    loaded, question, axes, sampled = prepared(base, written, over, schedules, line_up, metric, faults)
    if axes:
        raise_all(base.faults_at(axes, [(a, b) for a in axes[0].grid() for b in axes[1].grid()]))
    folder = Path(out) if out is not None else default_folder(loaded, "breakeven")
    claim_apart(folder, "breakeven", resolved(loaded))
    study = Study(base, question, folder, workers, resume, progress)
    points, cells, line, refined = _map(study, axes, refine) if axes else (pd.DataFrame(),) * 3 + (0,)
    table, rule, words = _rule(study, sampled, samples, loaded.seed) if sampled else (pd.DataFrame(), None, "")
    result = Breakeven(loaded, folder, question, tuple(axes), tuple(sampled), points, cells, line, table, rule, words,
                       study.failures())  # fmt: skip
    _store(result)
    more = {"refine_levels": refined, "samples": len(table), "rule": words}
    store.write_json(folder / "manifest.json", manifest("breakeven", loaded, study, (*axes, *sampled), begun, more))
    return result


def counts(replications: int | None, seed: int | None) -> list[str]:
    """As settings."""
    told = (("replications", replications), ("seed", seed))
    return [f"{name}={value!r}" for name, value in told if value is not None]


def default_folder(scenario: Scenario, what: str) -> Path:
    """Where an experiment goes that was given no folder: one for all maps of a scenario, whose runs they share."""
    slug = re.sub(r"[^a-z0-9]+", "-", scenario.name.lower()).strip("-")[:40] or "scenario"
    return Path("results") / "runs" / f"{slug}-{what}-{scenario_hash(scenario)[:12]}"


# ---- the map -----------------------------------------------------------------------------------
def _map(study: Study, axes: Sequence[Range], refine: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, int]:
    """(points, cells, line, levels of refinement that found something to cut)."""
    xs, ys = axes[0].grid(), axes[1].grid()
    level_of = {(x, y): 0 for y in ys for x in xs}
    known = dict(zip(level_of, study.ask(axes, list(level_of)), strict=True))
    cells = [Cell(a, b, c, d, 0) for c, d in pairwise(ys) for a, b in pairwise(xs)]
    reached = 0
    for level in range(1, refine + 1):
        cells = [part for cell in cells for part in _cut(cell, axes, known, level)]
        fresh = [p for p in dict.fromkeys(p for cell in cells for p in cell.corners) if p not in known]
        if not fresh:
            break
        level_of |= dict.fromkeys(fresh, level)
        known |= dict(zip(fresh, study.ask(axes, fresh), strict=True))
        reached = level
    points = points_frame(study.question, axes, known, level_of)
    return points, _cells_frame(cells, known), line_frame(points), reached


def _verdict(cell: Cell, known: dict[tuple[Value, Value], Answer]) -> str:
    """What its corners agree on; else undecided."""
    said = {known[p].verdict for p in cell.corners}
    return said.pop() if len(said) == 1 else "undecided"


def _cut(cell: Cell, axes: Sequence[Range], known: dict[tuple[Value, Value], Answer], level: int) -> list[Cell]:
    """Its quarters, or halves where an axis has no value between, where it is undecided; else itself."""
    if cell.level != level - 1 or _verdict(cell, known) != "undecided":
        return [cell]
    x, y = axes[0].between(cell.x0, cell.x1), axes[1].between(cell.y0, cell.y1)
    if x is None and y is None:
        return [cell]
    across = [(cell.x0, cell.x1)] if x is None else [(cell.x0, x), (x, cell.x1)]
    up = [(cell.y0, cell.y1)] if y is None else [(cell.y0, y), (y, cell.y1)]
    return [Cell(a, b, c, d, level) for c, d in up for a, b in across]


def _columns(question: Question, answer: Answer) -> dict[str, Any]:
    d = answer.difference
    return {
        "schedule": question.schedule, "baseline_schedule": question.against, "line_up": question.line_up,
        "metric": question.metric.name, "unit": question.metric.unit, "baseline_mean": answer.baseline_mean,
        "mean": answer.mean, "difference": d.mean, "low": d.low, "high": d.high, "p": d.p, "verdict": answer.verdict,
        "pairs": d.pairs, "failed_runs": len(answer.failures),
    }  # fmt: skip


def points_frame(
    question: Question, axes: Sequence[Range], known: dict[tuple[Value, Value], Answer],
    level_of: dict[tuple[Value, Value], int],
) -> pd.DataFrame:  # fmt: skip
    """One row a point, by y, then x."""
    rows = []
    for x, y in sorted(known, key=lambda p: (p[1], p[0])):
        head = {"x_path": axes[0].path, "x": x, "x_unit": axes[0].unit, "y_path": axes[1].path, "y": y,
                "y_unit": axes[1].unit, "level": level_of[x, y]}  # fmt: skip
        rows.append(head | _columns(question, known[x, y]))
    return pd.DataFrame(rows)


def _cells_frame(cells: Sequence[Cell], known: dict[tuple[Value, Value], Answer]) -> pd.DataFrame:
    """One row a cell: its bounds, the mean difference of its corners, what they agree on."""
    rows = []
    for c in sorted(cells, key=lambda c: (c.y0, c.x0)):
        mean = float(np.mean([known[p].difference.mean for p in c.corners]))
        rows.append({"x_low": c.x0, "x_high": c.x1, "y_low": c.y0, "y_high": c.y1, "level": c.level,
                     "difference": mean, "verdict": _verdict(c, known)})  # fmt: skip
    return pd.DataFrame(rows, columns=["x_low", "x_high", "y_low", "y_high", "level", "difference", "verdict"])


def line_frame(points: pd.DataFrame) -> pd.DataFrame:
    """The line of break-even: where the difference passes 0 along each row and column of the base grid.

    One row a crossing: `path` is the field that varies, `other` the value of the one that is held; `low` and `high`
    are where the 95 % intervals, straight between points, first exclude 0 on either side, NaN where none does.
    """
    rows = []
    for along, held in (("x", "y"), ("y", "x")):
        for other in sorted(points.loc[points["level"] == 0, held].unique()):
            part = points[points[held] == other].sort_values(along)
            curves = [part[name].to_numpy(float) for name in (along, "difference", "low", "high")]
            for zero, low, high in crossings(*curves):
                rows.append({"path": part[f"{along}_path"].iloc[0], "zero": zero, "low": low, "high": high,
                             "other_path": part[f"{held}_path"].iloc[0], "other": float(other)})  # fmt: skip
    return pd.DataFrame(rows, columns=["path", "zero", "low", "high", "other_path", "other"])


def crossings(
    at: np.ndarray[Any, np.dtype[np.float64]], mean: np.ndarray[Any, np.dtype[np.float64]],
    low: np.ndarray[Any, np.dtype[np.float64]], high: np.ndarray[Any, np.dtype[np.float64]],
) -> list[tuple[float, float, float]]:  # fmt: skip
    """(zero, from, to) of a curve with its band, given at ascending places.

    >>> crossings(np.arange(3.0), np.array([-2.0, 1.0, 2.0]), np.array([-3.0, 0.0, 1.0]), np.array([-1.0, 2.0, 3.0]))
    [(0.6666666666666666, 0.3333333333333333, 1.0)]
    """
    known = np.isfinite(mean)
    at, mean, low, high = at[known], mean[known], low[known], high[known]
    out = []
    for i in range(at.size - 1):
        if not (mean[i] < 0 <= mean[i + 1] or mean[i] >= 0 > mean[i + 1]):
            continue
        zero = float(at[i] + (at[i + 1] - at[i]) * mean[i] / (mean[i] - mean[i + 1]))
        below, above = (high, low) if mean[i] < 0 else (-low, -high)  # turned so that the curve rises
        first = next((_root(at, below, j) for j in range(i, -1, -1) if below[j] < 0), float("nan"))
        last = next((_root(at, above, j - 1) for j in range(i + 1, at.size) if above[j] > 0), float("nan"))
        out.append((zero, first, last))
    return out


def _root(at: Any, curve: Any, j: int) -> float:
    """Where the straight line from place j to the next passes 0."""
    return float(at[j] + (at[j + 1] - at[j]) * curve[j] / (curve[j] - curve[j + 1]))


def _drawn(points: pd.DataFrame) -> list[str]:
    """The base grid in characters: + better, - worse, = tie, ? undecided."""
    grid = points[points["level"] == 0].pivot(index="y", columns="x", values="verdict").sort_index(ascending=False)
    ticks = [f"{y:.6g}" for y in grid.index]
    width = max(len(t) for t in ticks)
    lines = [f"{points['y_path'].iloc[0]} (up) by {points['x_path'].iloc[0]} (right): "
             + ", ".join(f"{mark} {name}" for name, mark in MARKS.items())]  # fmt: skip
    for tick, row in zip(ticks, grid.to_numpy(), strict=True):
        lines.append(f"{tick.rjust(width)} | " + " ".join(MARKS[v] for v in row))
    ends = f"{grid.columns[0]:.6g} .. {grid.columns[-1]:.6g}"
    return [*lines, f"{' ' * width}   {ends}"]


# ---- the rule ----------------------------------------------------------------------------------
def _rule(study: Study, ranges: Sequence[Range], samples: int, seed: int) -> tuple[pd.DataFrame, Rule | None, str]:
    """(one row a sampled world, the rule, the rule in words)."""
    drawn = [typed(ranges, row) for row in latin_hypercube(ranges, samples, seed)]
    raise_all(study.base.faults_at(ranges, drawn))
    answers = study.ask(ranges, drawn)
    q = study.question
    rows = [dict(zip([r.path for r in ranges], p, strict=True)) | _columns(q, a)
            for p, a in zip(drawn, answers, strict=True)]  # fmt: skip
    table = pd.DataFrame(rows)
    kept = [n for n, a in enumerate(answers) if a.known]
    if len(kept) < 2 * FOLDS:
        return table, None, f"No rule: only {len(kept)} of {samples} sampled worlds came through."
    x = np.array([[float(v) for v in drawn[n]] for n in kept])
    sign = 1.0 if q.metric.better == "higher" else -1.0
    wins = np.array([sign * answers[n].difference.mean > 0 for n in kept])
    rule = learn(x, wins, seed)
    told = sentence(rule, q.schedule, q.against, [r.path for r in ranges], [r.whole for r in ranges])
    unsure = sum(answers[n].verdict in ("undecided", "tie") for n in kept)
    return table, rule, f"{told} Who is ahead is a tie or undecided in {unsure} of {len(kept)} worlds."


# ---- what is stored ----------------------------------------------------------------------------
def _store(result: Breakeven) -> None:
    if len(result.points):
        store.write_csv(result.folder / "breakeven.csv", result.points)
        store.write_parquet(result.folder / "breakeven.parquet", result.points)
        store.write_csv(result.folder / "cells.csv", result.cells)
        store.write_csv(result.folder / "line.csv", result.line)
    if len(result.samples):
        store.write_csv(result.folder / "samples.csv", result.samples)


def manifest(
    experiment: str, scenario: Scenario, study: Study, ranges: Sequence[Range], begun: datetime.datetime,
    more: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """What is needed to know, and to repeat, where the results come from.

    The scenario stands under `base_scenario`, not `scenario`: `peakshift rerun` repeats comparisons alone, and must
    not take this for one.
    """
    q = study.question
    return {
        "experiment": experiment,
        "base_scenario": resolved(scenario),
        "scenario_folder": os.path.relpath(scenario.folder, study.folder.resolve()),
        "scenario_hash": scenario_hash(scenario),
        "question": {"schedule": q.schedule, "against": q.against, "line_up": q.line_up, "metric": q.metric.name},
        "ranges": [{"option": r.option, "path": r.path, "low": r.low, "high": r.high, "points": r.points,
                    "unit": r.unit, "whole": r.whole} for r in ranges],
        **more,
        "runs": len(study.runs),
        "seeds": sorted({run.seed for run in study.runs}),
        "source_hash": engine_hash(),
        "version": version("peakshift"),
        "python": platform.python_version(),
        "command": ["peakshift", *sys.argv[1:]],
        "begun": begun.isoformat(timespec="seconds"),
        "ended": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "failed": study.failures(),
    }  # fmt: skip
