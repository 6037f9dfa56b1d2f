"""Which runs an experiment consists of, and what identifies each of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sim import plugins
from sim.scenario import Scenario, resolved
from sim.scenario.root import KINDS
from sim.streams import mix

SOURCE = Path(__file__).resolve().parents[1]
ELSEWHERE = ("name", "description", "replications", "compare", "seed", "schedules", "line_ups")
"""Fields of a scenario that are no part of its world."""


@dataclass(frozen=True)
class Run:
    """One world to be lived through."""

    schedule: str
    line_up: str
    replication: int
    seed: int
    key: str
    """Hash of all that decides its result: scenario, strategies' sources, seed, our own sources, the libraries'
    versions."""
    factor: float = 1.0
    """What the schedule's campaigns are scaled by (sim/lab/budget.py)."""

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.schedule}/{self.line_up} replication {self.replication}"

    def file(self, folder: Path) -> Path:
        """Where its result is kept in a folder of runs."""
        return folder / f"{self.key}.npz"

    def note(self, folder: Path) -> Path:
        """Where a worker notes there whom it is asking."""
        return folder / f"{self.key}.asking"


def seed_of(root: int, replication: int) -> int:
    """Seed of a replication: the same for all schedules and line-ups, and in an enlarged experiment."""
    return mix(mix(root % 2**64) + replication) >> 2


@cache
def versions() -> dict[str, str]:
    """Versions of the libraries whose arithmetic and event order decide a run's bytes."""
    found = {}
    for name in ("mesa", "numba", "numpy", "simpy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def strategy_hashes(scenario: Scenario, line_up: str) -> dict[str, str]:
    """SHA-256 of the file of each strategy in a line-up."""
    uses = scenario.line_ups[line_up]
    found = {kind: plugins.find(kind, getattr(uses, kind).use, scenario.folder) for kind in KINDS}
    return {kind: plugins.source_hash(cls) for kind, cls in found.items()}


def from_outside(scenario: Scenario, line_up: str) -> bool:
    """Whether a line-up holds a strategy that is not shipped: it is run in a process apart, which it may end."""
    return plugins.from_outside(scenario.line_ups[line_up].model_dump())


def baseline(scenario: Scenario) -> tuple[str, str]:
    """The schedule and line-up that all others are compared with; the first pair where none is named."""
    base = scenario.compare.baseline
    return (base.schedule, base.line_up) if base is not None else _crossed(scenario)[0]


def pairs(scenario: Scenario) -> list[tuple[str, str]]:
    """Every schedule with every line-up of the comparison, and the baseline in any case."""
    crossed, base = _crossed(scenario), baseline(scenario)
    return crossed if base in crossed else [base, *crossed]


def _crossed(scenario: Scenario) -> list[tuple[str, str]]:
    schedules = scenario.compare.schedules or list(scenario.schedules)
    line_ups = scenario.compare.line_ups or list(scenario.line_ups)
    return [(schedule, name) for schedule in dict.fromkeys(schedules) for name in dict.fromkeys(line_ups)]


def plan(scenario: Scenario, factors: Mapping[tuple[str, str], float] | None = None) -> list[Run]:
    """All runs, replication by replication, so that an interrupted experiment has whole pairs.

    `factors` scale the campaigns of a pair's schedule; 1 where a pair is not named.
    """
    return runs_of(scenario, pairs(scenario), range(scenario.replications), factors)


def runs_of(
    scenario: Scenario, compared: Iterable[tuple[str, str]], replications: Iterable[int],
    factors: Mapping[tuple[str, str], float] | None = None,
) -> list[Run]:  # fmt: skip
    """The runs of these (schedule, line-up) pairs in these replications. Two scenarios that differ in campaigns of
    another schedule share a run."""
    data, compared = resolved(scenario), list(compared)
    world = {name: value for name, value in data.items() if name not in (*ELSEWHERE, "campaigns")}
    base = json.dumps([world, plugins.engine_hash(), versions()])
    hashes = {name: strategy_hashes(scenario, name) for name in dict.fromkeys(name for _, name in compared)}
    runs = []
    for replication in replications:
        seed = seed_of(scenario.seed, replication)
        for schedule, name in compared:
            factor = (factors or {}).get((schedule, name), 1.0)
            campaigns = {campaign: data["campaigns"][campaign] for campaign in data["schedules"][schedule]}
            own = [campaigns, data["line_ups"][name], hashes[name], schedule, name, seed, factor]
            key = hashlib.sha256((base + json.dumps(own)).encode()).hexdigest()[:32]
            runs.append(Run(schedule, name, replication, seed, key, factor))
    return runs
