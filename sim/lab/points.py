"""The same question asked at many points: by how much does one schedule beat another, on common draws?

Runs go through the store of `compare`, named by what decides them: an interrupted or finer map, or another metric on
the same points, lives through new worlds only.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sim.errors import Fault, ScenarioError, did_you_mean
from sim.lab import store
from sim.lab.delivery import Progress, Task, deliver, keeping
from sim.lab.design import Base, Range, Value
from sim.lab.plan import Run, baseline, plan
from sim.lab.run import RunResult
from sim.lab.statistics import Difference, paired, verdict
from sim.metrics import Metric, all_metrics
from sim.scenario import Scenario

Point = tuple[Value, ...]


@dataclass(frozen=True)
class Question:
    """Does `schedule` beat `against` on a metric, both with one line-up?"""

    schedule: str
    against: str
    line_up: str
    metric: Metric

    def words(self) -> str:
        """`big_promo against always_on with gut_feel, profit`."""
        return f"{self.schedule} against {self.against} with {self.line_up}, {self.metric.name}"


@dataclass(frozen=True)
class Answer:
    """At one point: means over the pairs, and their difference, `schedule` less `against`."""

    mean: float
    baseline_mean: float
    difference: Difference
    verdict: str
    """better, worse, tie, undecided; each point at 5 % for itself."""
    failures: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether at least one pair came through."""
        return self.difference.pairs > 0


def question_of(
    scenario: Scenario, schedules: str | None, line_up: str | None, metric: str
) -> tuple[Question | None, list[Fault]]:
    """What is asked, and what is wrong with it. By default the baseline's schedule against the first other one, with
    the baseline's line-up."""
    base, faults = baseline(scenario), list[Fault]()
    names = [base[0], *(s for s in scenario.compare.schedules or scenario.schedules if s != base[0])][:2]
    if schedules is not None:
        names = [part.strip() for part in schedules.split(",")]
    if len(names) != 2 or names[0] == names[1]:
        got = schedules if schedules is not None else ", ".join(names)
        faults.append(Fault("--schedules", "", "must be two schedules A,B", repr(got)))
    known = [("--schedules", name, list(scenario.schedules)) for name in names]
    known += [("--line-up", line_up or base[1], list(scenario.line_ups)), ("--metric", metric, list(all_metrics()))]
    for option, name, among in known:
        if name not in among:
            hint = did_you_mean(name, among)
            faults.append(Fault(option, "", f"must be one of {', '.join(among)}", repr(name), hint))
    if faults:
        return None, faults
    return Question(names[0], names[1], line_up or base[1], all_metrics()[metric]), []


@dataclass
class Study:
    """Asks a question at points of a scenario's fields, and keeps what it has asked."""

    base: Base
    question: Question
    folder: Path
    workers: int | None = None
    resume: bool = True
    progress: Progress | None = None
    answers: dict[tuple[tuple[str, ...], Point], Answer] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    """All runs asked for so far, each once."""
    _told: list[str] = field(default_factory=list)
    _total: int = 0

    def ask(self, ranges: Sequence[Range], points: Sequence[Point]) -> list[Answer]:
        """The answers at these points, in their order; what is known already is not run again."""
        paths = tuple(r.path for r in ranges)
        fresh = [p for p in dict.fromkeys(points) if (paths, p) not in self.answers]
        scenarios = [self.asked(self.base.at(ranges, p)) for p in fresh]
        plans = [plan(scenario) for scenario in scenarios]
        tasks = [(scenario, run) for scenario, runs in zip(scenarios, plans, strict=True) for run in runs]
        results = self.live(tasks)
        for point, runs in zip(fresh, plans, strict=True):
            self.answers[paths, point] = self._answer([(run, results[run.key]) for run in runs])
        return [self.answers[paths, p] for p in points]

    def failures(self) -> list[str]:
        """One line a failed run."""
        told = list(self._told)
        for (paths, point), answer in self.answers.items():
            where = ", ".join(f"{path}={value!r}" for path, value in zip(paths, point, strict=True))
            told += [f"{where}: {line}" for line in answer.failures]
        return ["".join(c if c.isprintable() else repr(c)[1:-1] for c in line) for line in told]

    def note(self, where: str, failures: Sequence[str]) -> None:
        """Failed runs of a world that is no point of a range."""
        self._told += [f"{where}: {line}" if where else line for line in failures]

    def asked(self, scenario: Scenario) -> Scenario:
        """The scenario, comparing what is asked."""
        q = self.question
        asked = {"baseline": None, "schedules": [q.against, q.schedule], "line_ups": [q.line_up]}
        changed = scenario.model_copy(update={"compare": scenario.compare.model_copy(update=asked)})
        changed._folder = scenario.folder
        return changed

    def live(self, tasks: list[Task]) -> dict[str, RunResult]:
        """Results by key; their tables stay on disk."""
        runs = self.folder / "runs"
        store.prepare(runs)
        by_key = {run.key: (scenario, run) for scenario, run in tasks}
        known = {run.key for run in self.runs}
        self.runs += [run for key, (_, run) in by_key.items() if key not in known]
        before, self._total = self._total, self._total + len(by_key)

        def told(done: int, _: int) -> None:
            if self.progress:
                self.progress(before + done, self._total)

        workers = self.workers or os.cpu_count() or 1
        with keeping(runs, self.resume):
            results = deliver(list(by_key.values()), runs, workers, self.resume, told)
        return dict(zip(by_key, results, strict=True))

    def _answer(self, outcomes: list[tuple[Run, RunResult]]) -> Answer:
        q, values = self.question, dict[tuple[str, int], float]()
        for run, result in outcomes:
            values[run.schedule, run.replication] = result.metrics.get(q.metric.name, float("nan"))
        seeds = sorted({run.replication for run, _ in outcomes})
        mine = np.array([values[q.schedule, r] for r in seeds])
        theirs = np.array([values[q.against, r] for r in seeds])
        d, both = paired(mine, theirs), np.isfinite(mine) & np.isfinite(theirs)
        failures = tuple(f"{run.name}: {result.error}" for run, result in outcomes if result.error is not None)
        mean, base = (float(v[both].mean()) if both.any() else float("nan") for v in (mine, theirs))
        return Answer(mean, base, d, verdict(d, d.p, q.metric.better), failures)


def raise_all(faults: Sequence[Fault]) -> None:
    """All faults at once, each once; nothing where there are none."""
    if faults:
        raise ScenarioError(list(dict.fromkeys(faults)))
