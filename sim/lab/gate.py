"""The gate: are the strategies still as good as when the baseline was written?

A baseline is a small JSON file that is committed: per pair of schedule and line-up the metrics of each seed, and what
they came from. The gate lives through the same seeds again. A metric fails only when it lost more than the margin *and*
the 95 % interval of the paired differences excludes 0; a change of code that changes no draw and no decision gives
differences of exactly 0 and never fails. Several metrics are several chances of a false alarm: each is held to its own
95 %, which the margin keeps rare.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sim.errors import PeakshiftError, UsageError, all_told, one_of
from sim.lab import store
from sim.lab.baseline import Baseline, PairValues, read, uses_of, world_hash, write
from sim.lab.compare import deliver
from sim.lab.delivery import Progress, keeping
from sim.lab.plan import Run, pairs, plan
from sim.lab.run import RunResult
from sim.lab.sources import Sources, version_of
from sim.lab.statistics import paired
from sim.lab.wording import number, printable
from sim.lab.worlds import world_of
from sim.metrics import all_metrics, check_names
from sim.scenario import Scenario
from sim.scenario.root import Pair

MARGIN = 0.005
"""Loss that matters, share of the baseline's mean."""

Floats = NDArray[np.float64]


class GateError(PeakshiftError):
    """No baseline can be made of runs that failed."""

    exit_code = 3


@dataclass(frozen=True)
class Finding:
    """What became of one metric of one pair. Differences are now - baseline, in the metric's unit."""

    schedule: str
    line_up: str
    metric: str
    unit: str
    status: Literal["ok", "fail"]
    before: float
    now: float
    difference: float
    low: float
    high: float
    pairs: int
    why: str
    """In words, for people."""

    def line(self) -> str:
        """`FAIL always_on/closed_loop profit: ...`."""
        word = "FAIL" if self.status == "fail" else "ok  "
        return printable(f"{word} {self.schedule}/{self.line_up} {self.metric} ({self.unit}): {self.why}")

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; NaN becomes null."""
        return {k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in vars(self).items()}


@dataclass(frozen=True)
class GateResult:
    """The gate's answer."""

    baseline: Path
    margin: float
    findings: tuple[Finding, ...]
    changes: tuple[str, ...]
    """What is different since the baseline: strategies, our sources, packages."""
    renewed: bool = False

    @property
    def passed(self) -> bool:
        """Nothing failed, or the baseline was written anew."""
        return self.renewed or all(finding.status == "ok" for finding in self.findings)

    def lines(self) -> list[str]:
        """One line a finding, what changed, and the verdict."""
        out = [finding.line() for finding in self.findings]
        if self.changes:
            out.append(printable(f"changed since the baseline: {', '.join(self.changes)}"))
        failed = sum(finding.status == "fail" for finding in self.findings)
        if self.renewed:
            return [*out, f"baseline written: {self.baseline}"]
        if failed:
            lost = f"{failed} of {len(self.findings)} metrics lost more than {self.margin:.2%} of the baseline"
            return [*out, f"gate failed: {lost}; meant so? --renew makes this the baseline"]
        return [*out, "gate passed"]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able result."""
        return {
            "baseline": str(self.baseline), "passed": self.passed, "renewed": self.renewed, "margin": self.margin,
            "findings": [finding.to_dict() for finding in self.findings], "changes": list(self.changes),
        }  # fmt: skip


def gate(
    scenario: Scenario,
    baseline: Path | str,
    *,
    schedule: str | None = None,
    line_up: str | None = None,
    replications: int | None = None,
    margin: float = MARGIN,
    renew: bool = False,
    scenario_name: str = "",
    settings: Sequence[str] = (),
    workers: int | None = None,
    out: Path | str | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> GateResult:
    """Holds a scenario's pairs of schedule and line-up against a stored baseline.

    `renew` writes the baseline instead: the pairs of the scenario's comparison, or one schedule, one line-up of them,
    with `replications` seeds (the scenario's number). Without it the baseline's pairs and seeds are lived through
    again, the first `replications` seeds (all). `scenario_name` and `settings` go into a baseline, so that the pytest
    plugin finds the scenario again. Runs are kept in `out`; nowhere by default.
    Raises UsageError when the baseline cannot be read, is of another world or lacks a pair.
    """
    if not 0 <= margin < 1:
        raise UsageError(f"margin: must be a share from 0 to below 1, got {margin!r}")
    file = Path(baseline)
    old = None if renew and not file.exists() else read(file)
    if old is None or renew:
        chosen = _of_scenario(scenario, schedule, line_up, replications)
    else:
        chosen = _of_baseline(scenario, old, file, schedule, line_up, replications)
    check_names(chosen.compare.metrics)
    runs = plan(chosen)
    with _folder(out) as folder:
        outcomes = deliver(chosen, runs, folder, workers or os.cpu_count() or 1, True, progress, executor)
    failed = [f"{run.name}: {result.error}" for run, result in outcomes if result.error is not None]
    if renew and failed:
        raise GateError(printable(f"{file}: not written, {len(failed)} of {len(runs)} runs failed: {failed[0]}"))
    new = _measured(chosen, outcomes, _reference(scenario_name, file), settings)
    if renew:
        write(file, new)
    same_seeds = old is not None and old.scenario_hash == new.scenario_hash and old.seeds[: len(new.seeds)] == new.seeds
    findings = list(_held(old, new, outcomes, margin)) if old is not None and same_seeds else []
    return GateResult(file, margin, tuple(findings), tuple(old.changes(new)) if old is not None else (), renew)


@contextmanager
def _folder(out: Path | str | None) -> Iterator[Path]:
    """Where the runs go: kept in `out`, else gone with the command."""
    if out is not None:
        store.prepare(Path(out) / "runs")
        with keeping(Path(out) / "runs"):
            yield Path(out)
        return
    with tempfile.TemporaryDirectory(prefix="peakshift-gate-") as folder:
        store.prepare(Path(folder) / "runs")
        yield Path(folder)


def _reference(scenario_name: str, file: Path) -> str:
    """The scenario as it is found from the baseline's folder: a shipped one's name or a relative path."""
    if not scenario_name or not Path(scenario_name).exists():
        return scenario_name
    return Path(os.path.relpath(Path(scenario_name).resolve(), file.resolve().parent)).as_posix()


def _narrowed(scenario: Scenario, chosen: list[tuple[str, str]], seed: int, replications: int) -> Scenario:
    """The scenario whose comparison is these pairs and their crossings; `plan` makes the runs of it."""
    if replications < 2:
        raise UsageError(f"replications: must be at least 2, one difference has no interval, got {replications}")
    names = {"schedules": [s for s, _ in chosen], "line_ups": [name for _, name in chosen]}
    unique = {key: list(dict.fromkeys(values)) for key, values in names.items()}
    base = Pair(schedule=chosen[0][0], line_up=chosen[0][1])
    compared = scenario.compare.model_copy(update={**unique, "baseline": base})
    changed = scenario.model_copy(update={"compare": compared, "seed": seed, "replications": replications})
    changed._folder = scenario.folder
    return changed


def _of_scenario(scenario: Scenario, schedule: str | None, line_up: str | None, replications: int | None) -> Scenario:
    """What a new baseline is made of."""
    _asked(schedule, line_up, scenario.schedules, scenario.line_ups)
    compared = pairs(scenario)
    schedules = [schedule] if schedule else list(dict.fromkeys(s for s, _ in compared))
    line_ups = [line_up] if line_up else list(dict.fromkeys(name for _, name in compared))
    chosen = [(s, name) for s in schedules for name in line_ups]
    return _narrowed(scenario, chosen, scenario.seed, replications or scenario.replications)


def _of_baseline(
    scenario: Scenario, old: Baseline, file: Path, schedule: str | None, line_up: str | None, replications: int | None
) -> Scenario:
    """What is held against the baseline. Raises UsageError where that cannot be done."""
    remedy = "peakshift gate --renew writes it anew"
    known = (dict.fromkeys(p.schedule for p in old.pairs), dict.fromkeys(p.line_up for p in old.pairs))
    _asked(schedule, line_up, *known, f" (in {file}; {remedy})")
    kept = [p for p in old.pairs if schedule in (None, p.schedule) and line_up in (None, p.line_up)]
    if not kept:
        raise UsageError(f"{file}: must hold {schedule}/{line_up}; {remedy}")
    stale = old.stale(scenario, kept)
    if stale:
        raise UsageError(printable(f"{file}: is stale: {'; '.join(stale)}; {remedy}"))
    number = replications or len(old.seeds)
    if number > len(old.seeds):
        raise UsageError(f"replications: must be at most the {len(old.seeds)} of {file}, got {number}; {remedy}")
    metrics = list(dict.fromkeys(name for p in kept for name in p.values))
    compared = scenario.compare.model_copy(update={"metrics": metrics})
    measured = scenario.model_copy(update={"compare": compared})
    measured._folder = scenario.folder
    return _narrowed(measured, [(p.schedule, p.line_up) for p in kept], old.seed, number)


def _asked(
    schedule: str | None, line_up: str | None, schedules: Iterable[str], line_ups: Iterable[str], more: str = ""
) -> None:
    asked = (("schedule", schedule, schedules), ("line_up", line_up, line_ups))
    all_told(*(partial(one_of, what, name, known, more) for what, name, known in asked if name is not None))


def _measured(
    scenario: Scenario, outcomes: list[tuple[Run, RunResult]], reference: str, settings: Sequence[str]
) -> Baseline:
    """What was lived through, in the form of a baseline."""
    chosen = pairs(scenario)
    sources = Sources.now(scenario, [name for _, name in chosen])
    return Baseline(
        peakshift_gate=1, version=version_of("peakshift"), source_hash=sources.engine, packages=sources.packages,
        scenario=reference, settings=list(settings), scenario_hash=world_hash(scenario), world=world_of(scenario),
        seed=scenario.seed, seeds=list(dict.fromkeys(run.seed for run, _ in outcomes)),
        pairs=[
            PairValues(
                schedule=schedule, line_up=name, campaigns=list(scenario.schedules[schedule]),
                uses=uses_of(scenario, name), hashes=sources.strategies[name],
                values=_values(scenario, [r for run, r in outcomes if (run.schedule, run.line_up) == (schedule, name)]),
            )
            for schedule, name in chosen
        ],
    )  # fmt: skip


def _values(scenario: Scenario, results: list[RunResult]) -> dict[str, list[float | None]]:
    got = {name: [r.metrics.get(name, float("nan")) for r in results] for name in scenario.compare.metrics}
    return {name: [v if np.isfinite(v) else None for v in values] for name, values in got.items()}


def _held(old: Baseline, new: Baseline, outcomes: list[tuple[Run, RunResult]], margin: float) -> Iterator[Finding]:
    """Pair by pair, metric by metric, in the baseline's order."""
    for now in new.pairs:
        before = old.pair(now.schedule, now.line_up)
        errors = [
            str(r.error) for run, r in outcomes
            if (run.schedule, run.line_up) == (now.schedule, now.line_up) and r.error is not None
        ]  # fmt: skip
        for metric in before.values if before is not None else ():
            if before is None or metric not in now.values:
                continue
            values = np.array(now.values[metric], np.float64)
            base = np.array(before.values[metric][: values.size], np.float64)
            yield judge((now.schedule, now.line_up), metric, base, values, margin, errors)


def judge(
    pair: tuple[str, str], metric: str, before: Floats, now: Floats, margin: float, errors: Sequence[str] = ()
) -> Finding:
    """The rule. `before` and `now` (N,) seed by seed, NaN where not defined; `errors` of the pair's failed runs."""
    known, d = all_metrics()[metric], paired(now, before)
    both = np.isfinite(before) & np.isfinite(now)
    old_mean, mean = (float(x[both].mean()) if both.any() else float("nan") for x in (before, now))
    loss = -d.mean if known.better == "higher" else d.mean
    sure = d.low > 0 or d.high < 0
    gone = int((np.isfinite(before) & ~np.isfinite(now)).sum())
    lost = bool(sure and loss > margin * abs(old_mean))
    if errors:
        why = f"{len(errors)} of {now.size} runs failed: {errors[0]}"
    elif gone:
        why = f"was defined and is no longer on {gone} of {now.size} seeds"
    elif not both.any():
        why = f"not defined on any of {now.size} seeds, as before"
    elif (before[both] == now[both]).all():
        why = f"{number(mean, known.unit)}, identical on {d.pairs} seeds"
    else:
        why = _told(old_mean, mean, d.mean, d.low, d.high, known.unit)
        why += f" on {d.pairs} seeds" + (f"; margin {margin:.2%}" if lost else "")
    status: Literal["ok", "fail"] = "fail" if errors or gone or lost else "ok"
    return Finding(*pair, metric, known.unit, status, old_mean, mean, d.mean, d.low, d.high, d.pairs, why)


def _told(before: float, now: float, mean: float, low: float, high: float, unit: str) -> str:
    """`1,000 -> 988, -1.20 % [-1.40, -1.00]`; without a scale to take shares of, in the unit itself."""
    text = f"{number(before, unit)} -> {number(now, unit)}"
    if before == 0:
        return f"{text}, {mean:+.6g} [{low:+.6g}, {high:+.6g}]"
    share = 100 / abs(before)
    return f"{text}, {mean * share:+.3f} % [{low * share:+.3f}, {high * share:+.3f}]"
