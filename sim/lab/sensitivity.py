"""Which fields does the difference hang on? Morris' screening and Sobol's indices, by SALib (extra `sensitivity`).

Morris [mu*] is the mean size of what one field alone changes, in the metric's unit, when it moves over a stretch of
its range; [sigma] its spread: large where the effect hangs on other fields, or bends. Sobol [S1] is the share of the
difference's variance that a field explains alone, [ST] with all it does together with others. The difference at a
point is a mean over seeds, so its own noise is in all of them.

Source: Morris 1991; Campolongo, Cariboni & Saltelli 2007 (mu*); Saltelli et al. 2010; Jansen 1999; SALib.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.errors import Fault, MissingExtraError, PeakshiftError, UsageError
from sim.lab import store
from sim.lab.breakeven import counts, default_folder, manifest, prepared
from sim.lab.delivery import Progress
from sim.lab.design import Base, Range, typed
from sim.lab.points import Question, Study, raise_all
from sim.lab.worlds import claim_apart
from sim.scenario import Scenario, resolved
from sim.streams import Streams

METHODS = ("morris", "sobol")
LEVELS = 4
"""Morris' grid: each field takes 4 values and moves over two thirds of its range."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sensitivity:
    """What came out, and where it is stored. `indices` has one row a field, the most important first."""

    scenario: Scenario
    folder: Path
    question: Question
    method: str
    indices: pd.DataFrame
    samples: pd.DataFrame
    failed: list[str] = field(default_factory=list)

    def text(self) -> str:
        """The indices as an aligned table."""
        shown = self.indices.drop(columns=["unit"])
        table = shown.to_string(index=False, float_format=lambda v: f"{v:,.0f}" if abs(v) >= 1000 else f"{v:.3g}")
        unit = f" ({self.question.metric.unit})" if self.method == "morris" else ""
        head = f"{self.scenario.name}: {self.question.words()}{unit}, {len(self.samples)} worlds, 95 % intervals"
        return f"{head}\n\n{table}"

    def to_dict(self) -> dict[str, Any]:
        """JSON-able result; NaN becomes null."""
        tables = {name: frame.astype(object).where(frame.notna(), None).to_dict("records")
                  for name, frame in (("indices", self.indices), ("samples", self.samples))}  # fmt: skip
        q = self.question
        return {
            "name": self.scenario.name, "folder": str(self.folder), "method": self.method, "schedule": q.schedule,
            "against": q.against, "line_up": q.line_up, "metric": q.metric.name, "unit": q.metric.unit, **tables,
            "failed": self.failed,
        }  # fmt: skip


def sensitivity(
    scenario: str | Path, over: Sequence[str], *, method: str = "morris", samples: int = 8,
    settings: Sequence[str] = (), metric: str = "profit", schedules: str | None = None, line_up: str | None = None,
    replications: int | None = None, seed: int | None = None, workers: int | None = None,
    out: Path | str | None = None, resume: bool = True, progress: Progress | None = None,
) -> Sensitivity:  # fmt: skip
    """Indices of the paired difference over the fields `over` (each `PATH=lo:hi`, at least two), run and stored.

    `samples` is Morris' number of trajectories (fields + 1 points each) or Sobol's base sample, a power of 2
    (fields + 2 points each). Raises MissingExtraError without SALib.
    """
    begun = datetime.datetime.now(datetime.UTC)
    salib = _salib(method if method in METHODS else METHODS[0])
    base = Base(scenario, (*settings, *counts(replications, seed)))
    loaded, question, _, ranges = prepared(
        base, (), over, schedules, line_up, metric, _faults(method, samples, len(over))
    )
    folder = Path(out) if out is not None else default_folder(loaded, "sensitivity")
    problem = {"num_vars": len(ranges), "names": [r.path for r in ranges], "bounds": [[0.0, 1.0]] * len(ranges)}
    shares = _sample(salib, method, problem, samples, loaded.seed)
    points = [typed(ranges, [r.at(float(u)) for r, u in zip(ranges, row, strict=True)]) for row in shares]
    raise_all(base.faults_at(ranges, list(dict.fromkeys(points))))
    claim_apart(folder, "sensitivity", resolved(loaded))
    study = Study(base, question, folder, workers, resume, progress)
    answers = study.ask(ranges, points)
    lost = [n for n, answer in enumerate(answers) if not answer.known]
    if lost:
        told = "\n".join(study.failures()[:10])
        raise PeakshiftError(f"sensitivity: every sampled world must come through, {len(lost)} did not:\n{told}")
    worth = np.array([answer.difference.mean for answer in answers])
    if method == "sobol" and np.ptp(worth) == 0.0:
        raise UsageError(f"--over: must hold a field that the difference hangs on, got {worth[0]:g} everywhere")
    indices = _indices(salib, method, problem, shares, worth, ranges, loaded.seed)
    table = pd.DataFrame(points, columns=[r.path for r in ranges])
    table["difference"], table["pairs"] = worth, [answer.difference.pairs for answer in answers]
    store.write_csv(folder / "sensitivity.csv", indices)
    store.write_csv(folder / "samples.csv", table)
    result = Sensitivity(loaded, folder, question, method, indices, table, study.failures())
    more = {"method": method, "samples": samples}
    store.write_json(folder / "manifest.json", manifest("sensitivity", loaded, study, ranges, begun, more))
    return result


def _salib(method: str) -> Any:
    """(sampler, analyser) of SALib, an extra: 4 s to import, and only here."""
    try:
        if method == "morris":
            from SALib.analyze import morris as analyser  # heavy optional library
            from SALib.sample import morris as sampler  # heavy optional library
        else:
            from SALib.analyze import sobol as analyser  # heavy optional library
            from SALib.sample import sobol as sampler  # heavy optional library
    except ImportError:
        raise MissingExtraError("SALib", "sensitivity", "peakshift sensitivity") from None
    return sampler, analyser


def _faults(method: str, samples: int, fields: int) -> list[Fault]:
    out = []
    if method not in METHODS:
        out.append(Fault("--method", "", f"must be one of {', '.join(METHODS)}", repr(method)))
    if isinstance(samples, bool) or not isinstance(samples, int) or not 2 <= samples <= 100_000:
        out.append(Fault("--samples", "", "must be a whole number from 2 to 100000", repr(samples)))
    elif method == "sobol" and samples & (samples - 1):
        out.append(Fault("--samples", "", "must be a power of 2 for --method sobol", repr(samples)))
    if fields < 2:
        out.append(Fault("--over", "", "must be given for at least two fields", str(fields)))
    return out


def _generator(seed: int, what: str) -> int:
    """A seed for SALib, which takes 32 bits."""
    return int(Streams(seed).generator(what).integers(2**31))


def _sample(salib: Any, method: str, problem: dict[str, Any], samples: int, seed: int) -> Floats:
    """(points, fields) shares of the ranges, 0 to 1."""
    drawn = _generator(seed, "sensitivity sample")
    if method == "morris":
        return np.asarray(salib[0].sample(problem, samples, num_levels=LEVELS, seed=drawn), np.float64)
    return np.asarray(salib[0].sample(problem, samples, calc_second_order=False, seed=drawn), np.float64)


def _indices(
    salib: Any, method: str, problem: dict[str, Any], shares: Floats, worth: Floats, ranges: Sequence[Range], seed: int
) -> pd.DataFrame:
    """One row a field, the most important first, with 95 % bootstrap intervals."""
    drawn = _generator(seed, "sensitivity bootstrap")
    head = {"field": [r.path for r in ranges], "unit": [r.unit for r in ranges]}
    if method == "morris":
        found = salib[1].analyze(problem, shares, worth, num_levels=LEVELS, num_resamples=1000, seed=drawn)
        names, lead = {"mu_star": "mu_star", "mu": None, "sigma": None}, "mu_star"
    else:
        found = salib[1].analyze(problem, worth, calc_second_order=False, num_resamples=1000, seed=drawn)
        names, lead = {"S1": "S1", "ST": "ST"}, "ST"
    columns: dict[str, Any] = {}
    for name, spread in names.items():
        middle = np.asarray(found[name], np.float64)
        columns[name] = middle
        if spread is not None:
            half = np.asarray(found[f"{spread}_conf"], np.float64)
            columns[f"{name}_low"], columns[f"{name}_high"] = middle - half, middle + half
    return pd.DataFrame(head | columns).sort_values(lead, ascending=False, kind="stable", ignore_index=True)
