"""How the risk list came true: many seeds, each with its one true future and a forecast made before it.

The forecast of an event-seed comes from continuations with other draws of the world that stood there on the morning N
days before, so it knows that world's state as a whole (trucks on the road and people's traits included), more than a
merchant sees, and none of its future. What is scored is therefore the best that a forecast from this state can do.

Events: each reading at its threshold in the table where that came true in 5 to 95 % of the seeds; otherwise, as it
would be certain either way, at the upper tercile of the true readings (the usual choice where ensembles are verified);
never, where the readings do not differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim import snapshot
from sim.lab.executor import WorkerKilled, map_tasks
from sim.lab.plan import seed_of
from sim.lab.preflight.forecast import Progress, continued, lived
from sim.lab.preflight.risks import Window, threshold_of
from sim.scenario import Scenario
from sim.world import World

Floats = NDArray[np.float64]
WARNED = 0.5
"""Probability from which an event counts as warned of."""
_RARE, _SURE = 0.05, 0.95
_BINS = 5


@dataclass(frozen=True)
class Task:
    """One event-seed."""

    scenario: Scenario
    schedule: str
    line_up: str
    campaign: str
    days: int
    seed: int
    replications: int


@dataclass(frozen=True)
class Event:
    """(value, days from the morning of the forecast to the worst day) by reading: true, and (R,) foretold values."""

    truth: dict[str, tuple[float, int]]
    foretold: dict[str, Floats]


@dataclass(frozen=True)
class Skill:
    """How well one risk was foretold."""

    name: str
    threshold: float
    tercile: bool
    """Whether the threshold is the upper tercile and not the table's."""
    base_rate: float
    brier: float
    climatology: float
    """Brier score of the base rate of the other events."""
    slope: float
    """Of outcomes on probabilities, least squares: 1 where probabilities mean what they say."""
    warned: int
    """Events that came true after a probability of at least `WARNED`."""
    happened: int
    lead_days: float
    """Mean days from warning to worst day of these."""

    @property
    def skill(self) -> float:
        """1 - Brier / climatology."""
        return 1.0 - self.brier / self.climatology if self.climatology > 0 else float("nan")


@dataclass(frozen=True)
class Backtest:
    """All risks' skills, those at the table's thresholds first, the most common first."""

    events: int
    replications: int
    skills: list[Skill]
    pooled_slope: float
    reliability: list[tuple[float, float, int]]
    """(mean probability, share that came true, forecasts) in bins of probability, all risks together."""


def scaled(scenario: Scenario, consumers: int) -> Scenario:
    """A smaller market with as much less of everything that serves it; whole people, so loads are only about alike."""
    factor, ops = consumers / scenario.market.consumers, scenario.operations

    def heads(n: int | None) -> int | None:
        return n if not n else max(1, round(factor * n))

    warehouses = {name: w.model_copy(update={
        "pickers": heads(w.pickers), "inspectors": heads(w.inspectors), "dockers": heads(w.dockers),
        "space_litres": factor * w.space_litres,
    }) for name, w in ops.warehouses.items()}  # fmt: skip
    couriers = {name: f.model_copy(update={"couriers": heads(f.couriers)}) for name, f in ops.couriers.items()}
    desk = ops.service_desk.model_copy(update={"agents": heads(ops.service_desk.agents)})
    cash = ops.finance.model_copy(update={"opening_cash_yuan": factor * ops.finance.opening_cash_yuan})
    smaller = ops.model_copy(
        update={"warehouses": warehouses, "couriers": couriers, "service_desk": desk, "finance": cash}
    )
    market = scenario.market.model_copy(update={"consumers": consumers})
    out = scenario.model_copy(update={"market": market, "operations": smaller})
    out._folder = scenario.folder
    return out


def live_event(task: Task) -> Event:
    """One event-seed: its snapshot, its true future, its forecast."""
    world, where = lived(task.scenario, task.schedule, task.line_up, task.campaign, task.days, task.seed)
    today, frozen = world.days_lived, snapshot.freeze(world)
    truth = continued(world, where, today).readings
    foretold = [_branched(frozen, seed_of(task.seed, 1 + n), where) for n in range(task.replications)]
    return Event(
        {name: (r.value, r.day - today) for name, r in truth.items()},
        {name: np.array([future[name] for future in foretold]) for name in truth},
    )


def _branched(frozen: bytes, seed: int, where: Window) -> dict[str, float]:
    world = World.thawed(frozen)
    today = world.days_lived
    world.branch(seed)
    return {name: r.value for name, r in continued(world, where, today).readings.items()}


def backtest(
    scenario: Scenario, campaign: str, schedule: str, line_up: str, events: int, days: int = 10,
    replications: int = 20, thresholds: dict[str, float] | None = None, workers: int = 1, progress: Progress = None,
) -> Backtest:  # fmt: skip
    """Forecasts and outcomes of `events` seeds, scored."""
    tasks = [
        Task(scenario, schedule, line_up, campaign, days, seed_of(scenario.seed, n), replications)
        for n in range(events)
    ]
    found: dict[int, Event] = {}
    for n, result in map_tasks(live_event, tasks, workers):
        if isinstance(result, WorkerKilled):
            raise result
        found[n] = result
        if progress is not None:
            progress(len(found), events)
    return score([found[n] for n in range(events)], thresholds or {})


def score(events: Sequence[Event], thresholds: dict[str, float]) -> Backtest:
    """Skills of all risks that came true sometimes and not always."""
    skills, probabilities, outcomes = [], [], []
    for name in events[0].truth:
        values = np.array([e.truth[name][0] for e in events])
        foretold = np.array([e.foretold[name] for e in events])
        limit, tercile = threshold_of(name, thresholds), False
        if not _RARE <= float((values > limit).mean()) <= _SURE:
            limit, tercile = float(np.quantile(values, 2 / 3)), True
        o = (values > limit).astype(np.float64)
        if not _RARE <= float(o.mean()) <= _SURE:
            continue
        p = (foretold > limit).mean(axis=1)
        lead = np.array([e.truth[name][1] for e in events])
        skills.append(_skill(name, limit, tercile, p, o, lead))
        probabilities.append(p)
        outcomes.append(o)
    p, o = (np.concatenate([*part, np.zeros(0)]) for part in (probabilities, outcomes))
    skills.sort(key=lambda s: (s.tercile, -s.base_rate, s.name))
    return Backtest(len(events), foretold.shape[1], skills, slope_of(p, o), reliability(p, o))


def _skill(name: str, limit: float, tercile: bool, p: Floats, o: Floats, lead: NDArray[np.int64]) -> Skill:
    n = o.size
    others = (o.sum() - o) / max(1, n - 1)
    warned = (o == 1) & (p >= WARNED)
    return Skill(
        name, limit, tercile, float(o.mean()), float(((p - o) ** 2).mean()), float(((others - o) ** 2).mean()),
        slope_of(p, o), int(warned.sum()), int(o.sum()), float(lead[warned].mean()) if warned.any() else float("nan"),
    )  # fmt: skip


def slope_of(p: Floats, o: Floats) -> float:
    """Least-squares slope of outcomes on probabilities; NaN where all probabilities are alike.

    >>> round(slope_of(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.0, 1.0, 1.0, 1.0])), 3)
    0.5
    """
    spread = p - p.mean() if p.size else p
    return float((spread * o).sum() / (spread**2).sum()) if p.size and spread.any() else float("nan")


def reliability(p: Floats, o: Floats) -> list[tuple[float, float, int]]:
    """(mean probability, share that came true, forecasts) of each bin that holds any."""
    bins = np.minimum((p * _BINS).astype(np.int64), _BINS - 1)
    return [(float(p[bins == b].mean()), float(o[bins == b].mean()), int((bins == b).sum())) for b in np.unique(bins)]
