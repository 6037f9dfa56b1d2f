"""A station: people who serve a queue. SimPy moves the people, a compiled kernel serves the queue."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from sim.kernels.station import ABANDONED as ABANDONED
from sim.kernels.station import advance, count_by_hour

Seconds = NDArray[np.int64]
FOREVER = np.int64(1) << 40
"""Patience of a job that never gives up."""
_COLUMNS = ("arrival", "service", "patience", "start", "done", "job", "rank")


class Station:
    """One queue in order of (arrival, rank) and a number of servers that shifts change.

    The exact rules of simultaneous events stand in `sim.kernels.station`.
    """

    def __init__(self, name: str, env: simpy.Environment) -> None:
        self.name, self.env = name, env
        self.servers = 0
        self._now = 0
        self._busy = np.zeros(64, np.int64)
        self._n_busy = 0
        self._head = self._tail = self._taken = 0
        self._queue = {column: np.zeros(256, np.int64) for column in _COLUMNS}
        self.arrived = self.finished = self.abandoned = 0

    def push(
        self, job: Seconds, arrival: Seconds, service: Seconds, rank: Seconds, patience: Seconds | None = None
    ) -> None:
        """Adds jobs; their arrival must not lie before the last `advance`.

        Jobs of the same second queue in order of `rank`, who they are for: so the order in which
        they were pushed changes nothing.
        """
        n = job.size
        if n == 0:
            return
        self._room(n)
        t, q = self._tail, self._queue
        new: dict[str, Any] = {
            "job": job, "arrival": arrival, "service": service, "rank": rank, "start": 0, "done": 0,
        }  # fmt: skip
        new["patience"] = FOREVER if patience is None else patience
        for column, values in new.items():
            q[column][t : t + n] = values
        self._tail += n
        self.arrived += n
        first = max(self._head, t - 1)  # what stood there before is in order: look at the seam and the new
        arrival, rank = q["arrival"][first : self._tail], q["rank"][first : self._tail]
        later, same = arrival[1:] > arrival[:-1], arrival[1:] == arrival[:-1]
        if not np.all(later | (same & (rank[1:] >= rank[:-1]))):
            waiting = slice(self._head, self._tail)
            order = np.lexsort((q["rank"][waiting], q["arrival"][waiting])) + self._head
            for column in _COLUMNS:
                q[column][waiting] = q[column][order]

    def _room(self, n: int) -> None:
        """Drops jobs that were taken and makes room for `n` more."""
        if self._tail + n <= self._queue["job"].size:
            return
        keep = slice(self._taken, self._tail)
        size = max(256, 2 * (self._tail - self._taken + n))
        for column, old in self._queue.items():
            fresh = np.zeros(size, np.int64)
            fresh[: self._tail - self._taken] = old[keep]
            self._queue[column] = fresh
        self._head -= self._taken
        self._tail -= self._taken
        self._taken = 0

    def advance(self) -> None:
        """Serves until now (events of this very second excepted)."""
        q = self._queue
        self._n_busy, self._head, self._busy = advance(
            self._now, int(self.env.now), self.servers, self._busy, self._n_busy, q["arrival"], q["service"],
            q["patience"], q["start"], q["done"], self._head, self._tail,
        )  # fmt: skip
        self._now = int(self.env.now)

    def work(self, plan: Iterable[tuple[int, int]]) -> Generator[Any, Any, None]:
        """SimPy process: at each (second, servers) of the plan the number of servers changes."""
        for second, servers in plan:
            if second > self.env.now:
                yield self.env.timeout(second - self.env.now)
            self.advance()
            self.servers = servers

    def take(self) -> tuple[Seconds, Seconds, Seconds]:
        """(job, start, done) of jobs that are finished or gave up by now and were not taken before.

        A job that gave up has start `ABANDONED`.
        """
        self.advance()
        q = self._queue
        part = slice(self._taken, self._head)
        ready = q["done"][part] < self._now
        job, start, done = (q[column][part][ready] for column in ("job", "start", "done"))
        late = np.flatnonzero(~ready) + self._taken
        first = self._head - late.size
        for column in _COLUMNS:
            q[column][first : self._head] = q[column][late]
        self._taken = first
        gave_up = int((start == ABANDONED).sum())
        self.abandoned += gave_up
        self.finished += job.size - gave_up
        return job, start, done

    @property
    def inside(self) -> int:
        """Jobs that arrived, or will later today, and were not taken yet."""
        return self._tail - self._taken

    def backlog(self) -> int:
        """Jobs waiting or in work now."""
        arrival = self._queue["arrival"][self._taken : self._tail]
        return int(np.searchsorted(np.sort(arrival), self.env.now, side="right"))


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


def capacity_of(plan: list[tuple[int, int]], day: int, per_server_hour: float) -> NDArray[np.float64]:
    """(24,) jobs an hour that a plan can do, in the 24 hours from 06:00."""
    begin = day * 86_400 + 6 * 3600
    out = np.zeros(24)
    for n, (second, servers) in enumerate(plan):
        end = plan[n + 1][0] if n + 1 < len(plan) else begin + 86_400
        for hour in range(24):
            overlap = min(end, begin + (hour + 1) * 3600) - max(second, begin + hour * 3600)
            if overlap > 0:
                out[hour] += servers * per_server_hour * overlap / 3600
    return out
