"""The same station in plain SimPy, one process a job: the definition that the compiled one must equal to the second.

SimPy orders simultaneous events by when they were scheduled, so the phases of a second are written out: whatever
finishes, changes or arrives is an ordinary event and rings a bell; the bell is heard after all of them, and then
the first of the waiting start; patience ends after that. See the total order in `sim.kernels.station`.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import simpy
from numpy.typing import NDArray
from simpy.events import EventPriority

from sim.actors.station import Station
from sim.errors import UsageError
from sim.kernels.station import ABANDONED, FOREVER

if TYPE_CHECKING:
    from sim.world import World

Seconds = NDArray[np.int64]
_BELL, _LAST = 2, 3
"""Phases of a second after SimPy's own URGENT (0) and NORMAL (1)."""


class _Later(simpy.Event):
    """A timeout that comes in a later phase of its second than SimPy's own."""

    def __init__(self, env: simpy.Environment, delay: int, phase: int) -> None:
        super().__init__(env)
        self._ok, self._value = True, None  # triggered from the start, as simpy.Timeout is
        env.schedule(self, EventPriority(phase), delay)  # SimPy's own phases are 0 and 1; it compares numbers


@dataclass(order=True)
class _Job:
    """One job; jobs compare in the order in which they start."""

    priority: int
    arrival: int
    rank: int
    number: int
    job: int = field(compare=False)
    service: int = field(compare=False)
    patience: int = field(compare=False)
    turn: simpy.Event = field(compare=False)
    start: int | None = field(default=None, compare=False)
    done: int | None = field(default=None, compare=False)


class ParcelStation:
    """A `sim.actors.station.Station` that is slow and easy to read."""

    def __init__(self, name: str, env: simpy.Environment) -> None:
        self.name, self.env = name, env
        self.servers = 0
        self._busy = 0
        self._waiting: list[_Job] = []
        self._inside: list[_Job] = []
        """Pushed and not taken."""
        self._begun: list[_Job] = []
        """Of these, in order of their start or of giving up."""
        self._rung = False
        self._number, self._since, self._area, self._sojourn = 0, 0, 0, 0
        self.arrived = self.finished = self.abandoned = 0

    def push(
        self, job: Seconds, arrival: Seconds, service: Seconds, rank: Seconds, patience: Seconds | None = None,
        priority: Seconds | None = None,
    ) -> None:  # fmt: skip
        """As `Station.push`: every job becomes a process."""
        if job.size and int(arrival.min()) < self.env.now:
            raise ValueError(f"{self.name}: arrival: must not lie before second {self.env.now}, got {arrival.min()}")
        for n in range(job.size):
            one = _Job(
                priority=0 if priority is None else int(priority[n]), arrival=int(arrival[n]), rank=int(rank[n]),
                number=self.arrived, job=int(job[n]), service=int(service[n]),
                patience=int(FOREVER if patience is None else patience[n]), turn=self.env.event(),
            )  # fmt: skip
            self.arrived += 1
            self._inside.append(one)
            self.env.process(self._life(one))

    def _life(self, one: _Job) -> Generator[Any, Any, None]:
        """SimPy process: a job arrives, waits for its turn or until its patience ends, is served and leaves."""
        yield self.env.timeout(one.arrival - self.env.now)
        self._count(+1)
        insort(self._waiting, one)
        self._ring()
        if one.patience < FOREVER:
            yield one.turn | _Later(self.env, one.patience, _LAST)
        else:
            yield one.turn
        if one.start is None:
            del self._waiting[bisect_left(self._waiting, one)]
            one.start, one.done = int(ABANDONED), int(self.env.now)
            self._begun.append(one)
        else:
            yield self.env.timeout(one.service)
            one.done = int(self.env.now)
            self._busy -= 1
            self._ring()
        self._count(-1)

    def _ring(self) -> None:
        """Asks for the free servers to be given out when all else of this second has happened."""
        if not self._rung:
            self._rung = True
            _Later(self.env, 0, _BELL).callbacks.append(self._give_out)

    def _give_out(self, _: simpy.Event) -> None:
        self._rung = False
        while self._waiting and self._busy < self.servers:
            one = self._waiting.pop(0)
            one.start = int(self.env.now)
            self._busy += 1
            self._begun.append(one)
            one.turn.succeed()

    def _count(self, change: int) -> None:
        """One more or one less inside; the number is integrated over time."""
        self._area += self._number * (int(self.env.now) - self._since)
        self._number, self._since = self._number + change, int(self.env.now)

    def __getstate__(self) -> dict[str, Any]:
        """Its jobs are SimPy processes. Raises UsageError."""
        raise UsageError("operations.fidelity: must be compiled for a world to be saved, got parcel")

    def advance(self) -> None:
        """SimPy has done it."""

    def work(self, plan: Iterable[tuple[int, int]]) -> Generator[Any, Any, None]:
        """SimPy process: at each (second, servers) of the plan the number of servers changes."""
        for second, servers in plan:
            if second > self.env.now:
                yield self.env.timeout(second - self.env.now)
            self.servers = servers
            self._ring()

    def _left(self, one: _Job) -> bool:
        return one.done is not None and one.done < self.env.now

    def take(self) -> tuple[Seconds, Seconds, Seconds]:
        """As `Station.take`."""
        gone = [one for one in self._begun if self._left(one)]
        lost = sorted(
            (one for one in gone if one.start == ABANDONED), key=lambda j: (j.done, j.arrival, j.rank, j.number)
        )
        gone = [one for one in gone if one.start != ABANDONED] + lost
        self._begun = [one for one in self._begun if not self._left(one)]
        self._inside = [one for one in self._inside if not self._left(one)]
        self._sojourn += sum(one.done - one.arrival for one in gone if one.done is not None)
        self.abandoned += len(lost)
        self.finished += len(gone) - len(lost)
        job, start, done = np.array([(one.job, one.start, one.done) for one in gone], np.int64).reshape(-1, 3).T
        return job, start, done

    @property
    def inside(self) -> int:
        """Jobs that arrived, or will later today, and were not taken yet."""
        return len(self._inside)

    def backlog(self) -> int:
        """Jobs waiting or in work now."""
        return sum(one.arrival <= self.env.now and not self._left(one) for one in self._inside)

    def little(self) -> tuple[int, int]:
        """As `Station.little`, now."""
        now = int(self.env.now)
        ends = ((now if one.done is None else one.done) - one.arrival for one in self._inside if one.arrival <= now)
        return self._area + self._number * (now - self._since), self._sojourn + sum(ends)


AnyStation = Station | ParcelStation
FIDELITIES: dict[str, type[Station] | type[ParcelStation]] = {"compiled": Station, "parcel": ParcelStation}


def station_of(world: World, name: str) -> AnyStation:
    """A station of the fidelity that the scenario asks for."""
    return FIDELITIES[world.spec.operations.fidelity](name, world.env)
