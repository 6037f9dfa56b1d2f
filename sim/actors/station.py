"""A station: people who serve a queue. SimPy moves the people, a compiled kernel serves the queue."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from sim.kernels import station as kernel
from sim.kernels.counts import count_by_hour
from sim.kernels.station import ABANDONED as ABANDONED
from sim.kernels.station import FOREVER as FOREVER

Seconds = NDArray[np.int64]
_FOREVER, _ALIKE, _NO_ORDER = np.array([FOREVER]), np.zeros(1, np.int64), np.zeros(0, np.int64)
"""Patience and priority of all jobs where none are given; no order of them that is known."""


class Station:
    """One queue in order of (priority, arrival, rank) and a number of servers that shifts change.

    The exact rules of simultaneous events stand in `sim.kernels.station`.
    """

    def __init__(self, name: str, env: simpy.Environment) -> None:
        self.name, self.env = name, env
        self.servers = 0
        self._now = 0
        self._busy = np.zeros(64, np.int64)
        self._queue = np.empty((kernel.COLUMNS, 256), np.int64)
        self._state = np.zeros(kernel.FIELDS, np.int64)
        self._priority = 0
        """What all jobs inside share, unless `_ranked`."""
        self._ranked = self._patient = False
        self.arrived = self.finished = self.abandoned = 0

    def push(
        self, job: Seconds, arrival: Seconds, service: Seconds, rank: Seconds, patience: Seconds | None = None,
        priority: Seconds | None = None,
    ) -> None:  # fmt: skip
        """Adds jobs, (n,) each; their arrival must not lie before the last `advance`.

        Of those who wait, the one with the smallest `priority` starts first (0 if not given). Jobs of the same
        second queue in order of `rank`, who they are for: so the order in which they were pushed changes nothing.
        """
        if job.size == 0:
            return
        self._room(job.size)
        waits, ranks = _FOREVER if patience is None else patience, _ALIKE if priority is None else priority
        if self.inside == 0:
            self._priority, self._ranked = int(ranks[0]), False
        into = self._queue, self._state, self._now, self._priority
        first, differs = kernel.enter(*into, job, arrival, service, rank, waits, ranks, _NO_ORDER)
        if first == kernel.CROWDED:
            order = np.lexsort((rank, arrival))
            first, differs = kernel.enter(*into, job, arrival, service, rank, waits, ranks, order)
        if first < self._now:
            raise ValueError(f"{self.name}: arrival: must not lie before second {self._now}, got {first}")
        self._patient |= patience is not None
        self._ranked |= differs
        self.arrived += job.size

    def _room(self, n: int) -> None:
        """Drops jobs that were taken and makes room for `n` more."""
        if self._state[kernel.TAIL] + n <= self._queue.shape[1]:
            return
        needed = self.inside + n
        target = self._queue
        if 2 * needed > target.shape[1]:
            target = np.empty((kernel.COLUMNS, 2 * needed), np.int64)
        kernel.compact(self._queue, self._state, target)
        self._queue = target

    def advance(self) -> None:
        """Serves until now (events of this very second excepted)."""
        now, missing = int(self.env.now), self.servers - self._busy.size
        if missing > 0:
            self._busy = np.concatenate([self._busy, np.zeros(missing + self.servers, np.int64)])
        serve = kernel.serve_by_priority if self._ranked else kernel.serve_in_order
        serve(now, self.servers, self._busy, self._queue, self._state, self._now)
        self._now = now

    def work(self, plan: Iterable[tuple[int, int]]) -> Generator[Any, Any, None]:
        """SimPy process: at each (second, servers) of the plan the number of servers changes."""
        for second, servers in plan:
            if second > self.env.now:
                yield self.env.timeout(second - self.env.now)
            self.advance()
            self.servers = servers

    def take(self) -> tuple[Seconds, Seconds, Seconds]:
        """(job, start, done) of jobs that finished or gave up before now and were not taken yet.

        The served come in order of their start, then those that gave up, with start `ABANDONED`, in order of the
        second in which they did.
        """
        self.advance()
        self._expire()
        job, start, done, gave_up = kernel.collect(self._now, self._queue, self._state)
        self.abandoned += gave_up
        self.finished += job.size - gave_up
        return job, start, done

    def _expire(self) -> None:
        """Those whose patience is over leave now, not when their turn comes."""
        if self._patient:
            kernel.expire(self._now, self._queue, self._state)

    @property
    def inside(self) -> int:
        """Jobs that arrived, or will later today, and were not taken yet."""
        return self.arrived - self.finished - self.abandoned

    def backlog(self) -> int:
        """Jobs waiting or in work now."""
        self.advance()
        self._expire()
        return int(kernel.waiting(self._now, self._queue, self._state))

    def little(self) -> tuple[int, int]:
        """Little's law, L = lambda W, when jobs were last taken: the number inside integrated over time, and the
        seconds that all jobs spent inside, each followed by itself. Two ways to count the same job-seconds."""
        state = self._state
        _, so_far = kernel.standing(int(state[kernel.TIME]), self._queue, state)
        return int(state[kernel.AREA]), int(state[kernel.SOJOURN]) + int(so_far)


def hourly(times: Seconds, day: int) -> NDArray[np.int64]:
    """(24,) events of `day` by hour."""
    return count_by_hour(times, day * 86_400, 24)


def plan_of(hours: NDArray[np.float64], day: int, per_person: int = 1) -> list[tuple[int, int]]:
    """Hours of work in the three shifts -> (second, servers): so many people for the whole shift,
    and one more at its start for the hours that are left over."""
    plan: list[tuple[int, int]] = []
    for shift, worked in enumerate(hours):
        begin = day * 86_400 + (6 + 8 * shift) * 3600
        people, rest = divmod(float(worked), 8.0)
        seconds = int(rest * 3600)
        if seconds > 0:
            plan.append((begin, (int(people) + 1) * per_person))
            plan.append((begin + seconds, int(people) * per_person))
        else:
            plan.append((begin, int(people) * per_person))
    return plan
