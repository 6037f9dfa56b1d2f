"""How the risk list came true: many seeds, each with its one true future and a forecast made before it.

The forecast of an event-seed comes from continuations with other draws of the world that stood there on the morning N
days before, so it knows that world's state as a whole (trucks on the road and people's traits included), more than a
merchant sees, and none of its future. What is scored is therefore the best that a forecast from this state can do.

Events differ as a merchant's do, in what they offer and how many hands there are (sim/lab/preflight/circumstances.py);
or, `alike`, they are one event lived again and again.

Whatever a score needs to know beforehand comes from an archive: further event-seeds, half as many, none of which is
scored. From it are
- the base rate [c] that is to be beaten, and that a forecast is drawn to;
- the threshold of each risk: the table's where it came true in 5 to 95 % of the archive; otherwise, as it would be
  certain either way, the upper tercile of the archive's readings (the usual choice where ensembles are verified); none,
  where these do not differ.

Of few futures [R] the share [k/R] in which a risk came true is a noisy forecast: taken at its word it costs p(1-p)/R of
Brier score, so that where the state tells nothing its skill is -1/R and not 0. A forecast is therefore

    p = (k + m c) / (R + m),   m = (1 - rho) / rho

the posterior mean of a beta-binomial; rho, the share of the events' variance that lies between forecasts, is found by
moments from the forecasts k alone (Kleinman, JASA 68, 1973), never from what came true.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sim import snapshot
from sim.lab.executor import WorkerKilled, map_tasks
from sim.lab.plan import seed_of
from sim.lab.preflight.circumstances import USUAL, Circumstances, of_event, under
from sim.lab.preflight.forecast import Progress, continued, lived
from sim.lab.preflight.risks import Window, threshold_of
from sim.scenario import Scenario
from sim.world import World

Floats = NDArray[np.float64]
WARNED = 0.5
"""Probability from which an event counts as warned of."""
_RARE, _SURE = 0.05, 0.95
_ARCHIVE = 1_000_000
"""Number of the archive's first seed, far from those that are scored."""
_MOST_WEIGHT = 1000.0
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
    """Futures; 0 for the archive, which is not foretold."""
    circumstances: Circumstances = USUAL


@dataclass(frozen=True)
class Event:
    """(value, days from the morning of the forecast to the worst day) by reading: true, and (R,) foretold values."""

    truth: dict[str, tuple[float, int]]
    foretold: dict[str, Floats]
    circumstances: Circumstances = USUAL


@dataclass(frozen=True)
class Skill:
    """How well one risk was foretold."""

    name: str
    threshold: float
    tercile: bool
    """Whether the threshold is the upper tercile of the archive and not the table's."""
    rate: float
    """Share of all event-seeds, the archive's and the scored, in which it came true: how common it is."""
    archive_rate: float
    """Base rate of the archive."""
    base_rate: float
    """Base rate of the events that are scored."""
    brier: float
    climatology: float
    """Brier score of the archive's base rate."""
    alike: float
    """Brier score of the true base rate of events of the same circumstances: what is known without the state."""
    raw: float
    """Brier score of the plain shares k/R."""
    weight: float
    """[m] futures that the archive's base rate counts as."""
    slope: float
    """Of outcomes on probabilities, least squares: 1 where probabilities mean what they say."""
    warned: int
    """Events that came true after a probability of at least `WARNED`."""
    happened: int
    lead_days: float
    """Mean days from warning to worst day of these."""

    @property
    def skill(self) -> float:
        """1 - Brier / climatology: the Brier skill score against the base rate."""
        return 1.0 - self.brier / self.climatology if self.climatology > 0 else float("nan")

    @property
    def state_skill(self) -> float:
        """The same against the base rate of events of the same circumstances."""
        return 1.0 - self.brier / self.alike if self.alike > 0 else float("nan")


@dataclass(frozen=True)
class Bin:
    """What came of forecasts of about the same probability."""

    predicted: float
    """Mean probability."""
    observed: float
    """Share that came true."""
    low: float
    high: float
    """95 % interval of it (Jeffreys), an event-seed counted once however many of its risks are here: they hang
    together, a queue makes parcels late. So it is rather too wide than too narrow."""
    count: int
    """Forecasts."""


@dataclass(frozen=True)
class Backtest:
    """All risks' skills, those at the table's thresholds first, the most common first."""

    events: int
    archive: int
    """Event-seeds that taught base rates and thresholds."""
    replications: int
    skills: list[Skill]
    pooled_slope: float
    reliability: list[Bin]
    """Bins of probability, all risks together."""


def live_event(task: Task) -> Event:
    """One event-seed: its snapshot, its true future, its forecast."""
    scenario = under(task.scenario, task.schedule, task.campaign, task.circumstances)
    world, where = lived(scenario, task.schedule, task.line_up, task.campaign, task.days, task.seed)
    today, frozen = world.days_lived, snapshot.freeze(world) if task.replications else b""
    truth = continued(world, where, today).readings
    foretold = [_branched(frozen, seed_of(task.seed, 1 + n), where) for n in range(task.replications)]
    return Event(
        {name: (r.value, r.day - today) for name, r in truth.items()},
        {name: np.array([future[name] for future in foretold]) for name in truth},
        task.circumstances,
    )


def _branched(frozen: bytes, seed: int, where: Window) -> dict[str, float]:
    world = World.thawed(frozen)
    today = world.days_lived
    world.branch(seed)
    return {name: r.value for name, r in continued(world, where, today).readings.items()}


def backtest(
    scenario: Scenario, campaign: str, schedule: str, line_up: str, events: int, days: int = 10,
    replications: int = 8, thresholds: dict[str, float] | None = None, workers: int = 1, progress: Progress = None,
    alike: bool = False,
) -> Backtest:  # fmt: skip
    """Forecasts and outcomes of `events` seeds, scored."""
    past = max(2, events // 2)
    tasks = [
        Task(scenario, schedule, line_up, campaign, days, seed_of(scenario.seed, first + n), futures,
             USUAL if alike else of_event(n))
        for first, count, futures in ((0, events, replications), (_ARCHIVE, past, 0)) for n in range(count)
    ]  # fmt: skip
    found: dict[int, Event] = {}
    for n, result in map_tasks(live_event, tasks, workers):
        if isinstance(result, WorkerKilled):
            raise result
        found[n] = result
        if progress is not None:
            progress(len(found), len(tasks))
    lived_ = [found[n] for n in range(len(tasks))]
    return score(lived_[:events], lived_[events:], thresholds or {})


def score(events: Sequence[Event], archive: Sequence[Event], thresholds: dict[str, float]) -> Backtest:
    """Skills of all risks that came true sometimes and not always."""
    skills, probabilities, outcomes = [], [], []
    for name in events[0].truth:
        past = np.array([e.truth[name][0] for e in archive])
        limit, tercile = threshold_of(name, thresholds), False
        if not _RARE <= float((past > limit).mean()) <= _SURE:
            limit, tercile = float(np.quantile(past, 2 / 3)), True
        rate = float((past > limit).mean())
        o = np.array([e.truth[name][0] > limit for e in events], np.float64)
        if not _RARE <= rate <= _SURE or o.min() == o.max():
            continue
        k = np.array([(e.foretold[name] > limit).sum() for e in events], np.float64)
        p, weight = drawn_to(k, events[0].foretold[name].size, rate)
        common = float(np.concatenate([past > limit, o]).mean())
        skills.append(_skill(name, limit, tercile, common, rate, weight, p, k, o, events))
        probabilities.append(p)
        outcomes.append(o)
    p, o = (np.concatenate([*part, np.zeros(0)]) for part in (probabilities, outcomes))
    seed = np.tile(np.arange(len(events)), len(skills))
    skills.sort(key=lambda s: (s.tercile, -s.rate, s.name))
    futures = next(iter(events[0].foretold.values())).size
    return Backtest(len(events), len(archive), futures, skills, slope_of(p, o), reliability(p, o, seed))


def drawn_to(k: Floats, futures: int, rate: float) -> tuple[Floats, float]:
    """(p (N,), m): probabilities from counts k (N,) of `futures`, drawn to a base rate; see the head of the file.

    >>> drawn_to(np.array([0.0, 4.0] * 20), 4, 0.5)[0][:2].round(2).tolist()  # they differ for good: as they are
    [0.0, 1.0]
    >>> drawn_to(np.array([1.0, 2.0, 3.0] * 20), 4, 0.5)[0][:3].round(2).tolist()  # chance alone: the base rate
    [0.5, 0.5, 0.5]
    """
    mean = float(k.mean()) / futures
    chance = mean * (1.0 - mean)
    if chance == 0.0:
        return (k + _MOST_WEIGHT * rate) / (futures + _MOST_WEIGHT), _MOST_WEIGHT
    spread = float((k / futures).var(ddof=1)) / chance  # 1/R + rho (1 - 1/R)
    rho = (spread - 1.0 / futures) / (1.0 - 1.0 / futures) if futures > 1 else 0.5
    weight = float(np.clip((1.0 - rho) / max(rho, 1e-9), 0.0, _MOST_WEIGHT))
    return (k + weight * rate) / (futures + weight), weight


def _skill(
    name: str, limit: float, tercile: bool, common: float, rate: float, weight: float, p: Floats, k: Floats, o: Floats,
    events: Sequence[Event],
) -> Skill:  # fmt: skip
    futures = events[0].foretold[name].size
    lead = np.array([e.truth[name][1] for e in events])
    warned = (o == 1) & (p >= WARNED)
    return Skill(
        name, limit, tercile, common, rate, float(o.mean()),
        float(((p - o) ** 2).mean()), float(((rate - o) ** 2).mean()),
        _alike(o, [e.circumstances for e in events]), float(((k / futures - o) ** 2).mean()), weight,
        slope_of(p, o), int(warned.sum()), int(o.sum()), float(lead[warned].mean()) if warned.any() else float("nan"),
    )  # fmt: skip


def _alike(o: Floats, circumstances: Sequence[Circumstances]) -> float:
    """Brier score of the true base rate of each circumstance: the unbiased estimate of c (1 - c) within each, weighted
    by its events; those of a circumstance that came once are left out."""
    parts = [o[[c == one for c in circumstances]] for one in dict.fromkeys(circumstances)]
    several = [part for part in parts if part.size > 1]
    if not several:
        return float("nan")
    return float(sum(part.size * part.var(ddof=1) for part in several) / sum(part.size for part in several))


def slope_of(p: Floats, o: Floats) -> float:
    """Least-squares slope of outcomes on probabilities; NaN where all probabilities are alike.

    >>> round(slope_of(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.0, 1.0, 1.0, 1.0])), 3)
    0.5
    """
    spread = p - p.mean() if p.size else p
    return float((spread * o).sum() / (spread**2).sum()) if p.size and spread.any() else float("nan")


def reliability(p: Floats, o: Floats, seed: NDArray[np.int64]) -> list[Bin]:
    """The bins that hold any of the forecasts: probabilities p (N,), outcomes o (N,) 0 or 1, event-seeds (N,)."""
    bins, out = np.minimum((p * _BINS).astype(np.int64), _BINS - 1), []
    for b in np.unique(bins):
        mine = bins == b
        observed, events = float(o[mine].mean()), np.unique(seed[mine]).size
        came = observed * events
        low = float(stats.beta.ppf(0.025, came + 0.5, events - came + 0.5)) if observed > 0 else 0.0
        high = float(stats.beta.ppf(0.975, came + 0.5, events - came + 0.5)) if observed < 1 else 1.0
        out.append(Bin(float(p[mine].mean()), observed, low, high, int(mine.sum())))
    return out
