"""Which assumptions does a verdict hang on? One at a time: each is moved by a share, all else and all draws held.

A field's effect is by how much the difference between two schedules changes when the field alone is multiplied by
1 + step (1 - step where that is not allowed), in the metric's unit, seed by seed: its interval is chance alone. It is
local and knows no interplay of fields (that is what `sensitivity` with --over measures); it ranks a hundred fields for
two worlds a field and seed. A field at 0, or that holds no number, cannot be multiplied and is not ranked.

Source: one-at-a-time screening, Saltelli et al. 2008, section 2.4.
"""

from __future__ import annotations

import copy
import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.errors import Fault, ScenarioError, did_you_mean
from sim.lab import store
from sim.lab.breakeven import counts, default_folder, manifest, prepared
from sim.lab.delivery import Progress
from sim.lab.design import Base
from sim.lab.plan import plan
from sim.lab.points import Question, Study, raise_all
from sim.lab.statistics import paired
from sim.scenario import Scenario, resolved
from sim.scenario.load import read_back
from sim.scenario.schema import field_table
from sim.scenario.units import ASSUMPTION

Tree = dict[str, Any]
Floats = NDArray[np.float64]
COLUMNS = ("field", "factor", "effect", "low", "high", "p", "difference", "metric", "unit", "schedule", "against",
           "line_up", "consumers", "pairs")  # fmt: skip


def held(tree: Tree) -> Iterator[tuple[dict[str, str], list[Any]]]:
    """(row of the field table, its values) of each assumption that a resolved scenario holds, each path once. Fields of
    parts that it does not have (no stores, no gifts) are left out: they cannot matter."""
    for row in {row["path"]: row for row in field_table()}.values():
        if ASSUMPTION in row["source"].lower():
            values = [place[key] for place, key in places(tree, row["path"].split("."))]
            if values:
                yield row, values


def places(part: Any, path: Sequence[str]) -> Iterator[tuple[Any, Any]]:
    """(mapping, key) of every value at a path; `*` is every name of a mapping and every item of a list."""
    if isinstance(part, list):
        for item in part:
            yield from places(item, path[1:] if path[0] == "*" else path)
    elif isinstance(part, dict):
        for key in list(part) if path[0] == "*" else [path[0]] if path[0] in part else []:
            if len(path) == 1:
                yield part, key
            else:
                yield from places(part[key], path[1:])


@dataclass(frozen=True)
class Assumed:
    """What came out, and where it is stored. `effects` has one row an assumption, the largest effect first, and
    `COLUMNS`; `factor` and `effect` are NaN where it is not ranked."""

    scenario: Scenario
    folder: Path
    question: Question
    step: float
    effects: pd.DataFrame
    failed: list[str] = field(default_factory=list)

    def text(self, most: int = 20) -> str:
        """The largest effects as an aligned table."""
        ranked = self.effects[self.effects["effect"].notna()]
        unit = self.question.metric.unit
        if ranked.empty:
            return "No assumption could be moved."
        head = (f"{self.scenario.name}: {self.question.words()}: {ranked['difference'].iloc[0]:,.4g} {unit}; what each "
                f"assumption changes in it when multiplied by its factor, {ranked['pairs'].iloc[0]} seeds")  # fmt: skip
        shown = ranked.head(most)[["field", "factor", "effect", "low", "high"]]
        table = shown.to_string(index=False, float_format=lambda v: f"{v:,.4g}")
        rest = f"{len(ranked)} ranked, {len(self.effects) - len(ranked)} not (at 0, or no number)."
        return f"{head}\n\n{table}\n\n{rest} 95 % intervals: chance alone, each field for itself."

    def to_dict(self) -> dict[str, Any]:
        """JSON-able result; NaN becomes null."""
        rows = self.effects.astype(object).where(self.effects.notna(), None).to_dict("records")
        return {"name": self.scenario.name, "folder": str(self.folder), "step": self.step, "effects": rows,
                "failed": self.failed}  # fmt: skip


def assumed(
    scenario: str | Path, *, step: float = 0.2, settings: Sequence[str] = (), metric: str = "profit",
    schedules: str | None = None, line_up: str | None = None, replications: int | None = None, seed: int | None = None,
    workers: int | None = None, out: Path | str | None = None, resume: bool = True, progress: Progress | None = None,
    only: Sequence[str] = (),
) -> Assumed:  # fmt: skip
    """The effect of each assumption, or of `only` those paths, on the paired difference, run and stored as
    `assumptions.csv`.

    In the folder of a comparison it leaves that as it is; its report then ranks the assumptions. Raises ScenarioError
    with every fault of what is asked.
    """
    begun = datetime.datetime.now(datetime.UTC)
    wrong = [] if 0.0 < step < 1.0 else [Fault("--step", "", "must be above 0 and below 1", repr(step))]
    base = Base(scenario, (*settings, *counts(replications, seed)))
    loaded, question, _, _ = prepared(base, (), (), schedules, line_up, metric, wrong)
    folder = Path(out) if out is not None else default_folder(loaded, "assumptions")
    study = Study(base, question, folder, workers, resume, progress)
    tree = _plain(resolved(loaded))
    worlds: dict[str, tuple[float, Scenario]] = {"": (1.0, read_back(tree, loaded.folder))}
    known = [row["path"] for row, _ in held(tree)]
    raise_all([Fault("only", "", "must be an assumption of this scenario", repr(path), did_you_mean(path, known))
               for path in only if path not in known])  # fmt: skip
    for row, _ in held(tree):
        moved = _moved(tree, row["path"], step, loaded.folder) if not only or row["path"] in only else None
        if moved is not None:
            worlds[row["path"]] = moved
    differences = _differences(study, {path: world for path, (_, world) in worlds.items()})
    rows = []
    for row, _ in held(tree):
        path = row["path"]
        d = paired(differences[path], differences[""]) if path in worlds else None
        factor = worlds[path][0] if path in worlds else float("nan")
        nan = (float("nan"),) * 4
        rows.append((path, factor, *((d.mean, d.low, d.high, d.p) if d else nan), float(differences[""].mean()), metric,
                     question.metric.unit, question.schedule, question.against, question.line_up,
                     loaded.market.consumers, d.pairs if d else 0))  # fmt: skip
    effects = pd.DataFrame(rows, columns=list(COLUMNS))
    order = effects["effect"].abs().sort_values(ascending=False, kind="stable", na_position="last").index
    effects = effects.loc[order].reset_index(drop=True)
    store.write_csv(folder / "assumptions.csv", effects)
    store.write_json(folder / "assumptions.json", manifest("assumptions", loaded, study, (), begun, {"step": step}))
    return Assumed(loaded, folder, question, step, effects, study.failures())


def _plain(tree: Tree) -> Tree:
    """With campaigns named as a scenario may name them: parts of one are called `double11/week 1 of 4`."""
    names = {name: re.sub(r"[^A-Za-z0-9_-]+", "-", name)[:64] for name in tree["campaigns"]}
    if len(set(names.values())) < len(names):
        names = {name: f"{plain[:58]}-{n}" for n, (name, plain) in enumerate(names.items())}
    schedules = {key: [names[name] for name in listed] for key, listed in tree["schedules"].items()}
    campaigns = {names[name]: campaign for name, campaign in tree["campaigns"].items()}
    return {**tree, "campaigns": campaigns, "schedules": schedules}


def _moved(tree: Tree, path: str, step: float, folder: Path) -> tuple[float, Scenario] | None:
    """(factor, scenario) with every value at the path multiplied; None where nothing moves or no factor is allowed."""
    for factor in (1.0 + step, 1.0 - step):
        data = copy.deepcopy(tree)
        found = list(places(data, path.split(".")))
        for place, key in found:
            place[key] = scaled(place[key], factor)
        if all(place[key] == old for (place, key), old in zip(found, _values(tree, path), strict=True)):
            return None
        try:
            return factor, read_back(data, folder)
        except ScenarioError:
            continue
    return None


def _values(tree: Tree, path: str) -> list[Any]:
    return [place[key] for place, key in places(tree, path.split("."))]


def scaled(value: Any, factor: float) -> Any:
    """A number, or a mapping of them, multiplied; whole numbers stay whole and move by at least 1. All else as it is:
    a list holds weights, whose scale means nothing.

    >>> scaled(10, 1.2), scaled(2, 1.2), scaled(0, 1.2), scaled({"a": 0.5}, 2.0), scaled(True, 2.0), scaled([1.0], 2.0)
    (12, 3, 0, {'a': 1.0}, True, [1.0])
    """
    if isinstance(value, dict):
        return {key: scaled(part, factor) for key, part in value.items()}
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if isinstance(value, float):
        return float(f"{value * factor:.12g}")
    away = 1 if factor > 1.0 else -1
    return value + away * max(1, round(abs(value * (factor - 1.0)))) if value else 0


def _differences(study: Study, worlds: dict[str, Scenario]) -> dict[str, Floats]:
    """World -> (replications,) `schedule` less `against`, NaN where a run failed; all runs at once."""
    q, asked = study.question, {path: study.asked(world) for path, world in worlds.items()}
    plans = {path: plan(world) for path, world in asked.items()}
    results = study.live([(asked[path], run) for path, runs in plans.items() for run in runs])
    found = {}
    for path, runs in plans.items():
        told = {(run.schedule, run.replication): results[run.key] for run in runs}
        study.note(path, [f"{run.name}: {r.error}" for run in runs if (r := results[run.key]).error is not None])
        seeds = sorted({run.replication for run in runs})
        mine, theirs = (
            np.array([told[side, n].metrics.get(q.metric.name, float("nan")) for n in seeds])
            for side in (q.schedule, q.against)
        )
        found[path] = mine - theirs
    return found
