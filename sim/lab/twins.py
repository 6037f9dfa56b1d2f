"""Twins: worlds that differ in one thing and share every draw, lived through seed by seed.

Because draws are keyed by what they are for, the difference between two twins of one seed was caused by the thing
in which they differ, person by person. Twins that turn out to be the same world are lived through once, so that
what was switched off already makes a difference of exactly nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from sim.actors.deadline import Deadline
from sim.errors import PeakshiftError, UsageError, all_told, one_of
from sim.lab.executor import KILLED, map_tasks
from sim.lab.plan import ELSEWHERE, baseline, from_outside, seed_of
from sim.lab.statistics import Difference, paired
from sim.ledger import History
from sim.metrics import all_metrics
from sim.scenario import Scenario, resolved

if TYPE_CHECKING:
    from sim.world import World

R = TypeVar("R")
Progress = Callable[[int, int], None]
Watch = Callable[["World"], Callable[[History], R]]
"""What is kept of a world: told of it before its first day, it returns what reads the finished history."""
Change = tuple[tuple[str, ...], Any]
"""A path into a scenario and the value there."""


@dataclass(frozen=True)
class Twin:
    """A world without its seed."""

    scenario: Scenario
    schedule: str
    line_up: str

    @property
    def key(self) -> str:
        """Equal for twins that are the same world, whatever their schedule is called."""
        data = resolved(self.scenario)
        running = [[name, data["campaigns"][name]] for name in data["schedules"][self.schedule]]
        world = {name: value for name, value in data.items() if name not in (*ELSEWHERE, "campaigns")}
        return json.dumps([world, running, data["line_ups"][self.line_up]])


@dataclass(frozen=True)
class Lives(Generic[R]):
    """What is kept of the twins, by name, one entry a seed; seeds on which any of them failed are left out."""

    of: dict[str, list[R]]
    replications: list[int]
    failures: list[str]
    """One line a world that failed."""


@dataclass(frozen=True)
class _Failed:
    error: str


def changed(scenario: Scenario, *changes: Change) -> Scenario:
    """The same scenario with other values at some paths; JSON-able values, in the form of `scenario.resolved`."""
    data = resolved(scenario)
    for path, value in changes:
        place = data
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = value
    out = Scenario.model_validate(data)
    out._folder = scenario.folder
    return out


def chosen(scenario: Scenario, schedule: str | None, line_up: str | None) -> tuple[str, str]:
    """A schedule and a line-up that exist; the baseline's where not named."""
    base = baseline(scenario)
    first, second = all_told(
        lambda: one_of("--schedule", schedule or base[0], scenario.schedules),
        lambda: one_of("--line-up", line_up or base[1], scenario.line_ups),
    )
    return first, second


def schedule_with(scenario: Scenario, campaign: str, schedule: str | None) -> str:
    """The schedule asked for, or the first one that holds the campaign, the baseline's before others."""
    one_of("--campaign", campaign, scenario.campaigns)
    holds = [name for name, running in scenario.schedules.items() if campaign in running]
    if not holds:
        raise UsageError(f"--campaign: must stand in a schedule, got {campaign!r}, which stands in none")
    if schedule is not None and one_of("--schedule", schedule, scenario.schedules) not in holds:
        raise UsageError(f"--schedule: must hold {campaign} ({', '.join(holds)} do), got {schedule!r}")
    first = baseline(scenario)[0]
    return schedule or (first if first in holds else holds[0])


def live(watch: Watch[R], job: tuple[Twin, int]) -> R | _Failed:
    """One world; whatever goes wrong in it ends this world only."""
    from sim.world import World  # mesa and compiled kernels: 1 s, only where a world is run

    twin, seed = job
    deadline = Deadline(twin.scenario.compare.decision_seconds, None)
    try:
        world = World(twin.scenario, twin.schedule, twin.line_up, seed)
        world.merchant.deadline = deadline
        finish = watch(world)
        return finish(world.run())
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a strategy may fail in any way, sys.exit() too; the other worlds go on
        return _Failed(f"{type(error).__name__}: {error}")
    finally:
        deadline.close()


class NothingCameThroughError(PeakshiftError):
    """On every seed a world failed."""

    exit_code = 3


def live_each(
    twins: Mapping[str, Twin], watch: Watch[R], seed: int, replications: int, workers: int = 1,
    progress: Progress | None = None, failures: list[str] | None = None,
) -> Iterator[tuple[int, dict[str, R]]]:  # fmt: skip
    """(replication, what is kept of each twin) as all twins of a seed are through, in any order of seeds; so no more
    than a few seeds are held at a time. `watch` must be picklable. A seed on which a world failed is left out, and
    `failures` gets a line for it."""
    keys = {name: twin.key for name, twin in twins.items()}
    first = {key: name for name, key in reversed(keys.items())}
    distinct = list(dict.fromkeys(first[key] for key in keys.values()))
    tasks = [(r, name) for r in range(replications) for name in distinct]
    open_: dict[int, dict[str, Any]] = {}
    jobs = [(twins[name], seed_of(seed, r)) for r, name in tasks]
    apart = any(from_outside(twin.scenario, twin.line_up) for twin in twins.values())
    for done, (n, result) in enumerate(map_tasks(partial(live, watch), jobs, workers, apart=apart), start=1):
        r, name = tasks[n]
        through = open_.setdefault(r, {})
        through[name] = result if not isinstance(result, Exception) else _Failed(KILLED)
        if progress:
            progress(done, len(tasks))
        if len(through) < len(distinct):
            continue
        bad = [f"{name} replication {r}: {x.error}" for name, x in through.items() if isinstance(x, _Failed)]
        if failures is not None:
            failures += sorted(bad)
        if not bad:
            yield r, {name: through[first[key]] for name, key in keys.items()}
        del open_[r]


def live_all(
    twins: Mapping[str, Twin], watch: Watch[R], seed: int, replications: int, workers: int = 1,
    progress: Progress | None = None,
) -> Lives[R]:  # fmt: skip
    """All twins on `replications` common seeds, in their order; results do not depend on `workers`."""
    failures: list[str] = []
    found = dict(live_each(twins, watch, seed, replications, workers, progress, failures))
    kept = came_through(found, failures)
    return Lives({name: [found[r][name] for r in kept] for name in twins}, kept, sorted(failures))


def came_through(found: Mapping[int, Any], failures: Sequence[str]) -> list[int]:
    """Replications that came through, in order; NothingCameThroughError where there is none."""
    if not found:
        raise NothingCameThroughError("no replication came through:\n" + "\n".join(sorted(failures)))
    return sorted(found)


def mean_of(values: NDArray[Any]) -> Difference:
    """Mean over seeds with its t interval; of paired differences, one a seed."""
    return paired(values.astype(np.float64), np.zeros(values.size))


def plain(reduce: Callable[[History], R]) -> Watch[R]:
    """A watch that reads the finished history alone."""
    return partial(_afterwards, reduce)


def _afterwards(reduce: Callable[[History], R], world: World) -> Callable[[History], R]:
    return reduce


def _all_metrics(history: History) -> dict[str, float]:
    return {name: float(metric.of(history)) for name, metric in all_metrics().items()}


metrics_of: Watch[dict[str, float]] = plain(_all_metrics)
"""Keeps every metric."""
