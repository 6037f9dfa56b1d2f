"""A multi-server queue in arrival order whose number of servers changes in time, with abandonment.

The definition of one station: at any second, first finished jobs free their servers, then the
number of servers changes, then waiting jobs start in order of (arrival, rank), then new jobs
arrive. A job in work is never interrupted: when servers are taken away, they leave as they finish.
A job whose patience ends before it starts abandons; one whose patience ends in the very second in
which it could start, starts.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

import sim.kernels.cache  # noqa: F401  # before the first kernel is compiled

Seconds = NDArray[np.int64]
ABANDONED = np.int64(-1)
"""Start time of a job that gave up."""


@njit(cache=True, inline="always")
def _push(heap, size, value):
    child = size
    while child > 0:
        parent = (child - 1) >> 1
        if heap[parent] <= value:
            break
        heap[child] = heap[parent]
        child = parent
    heap[child] = value


@njit(cache=True, inline="always")
def _pop(heap, size):
    """Removes the smallest of `size` values; the caller lowers its count."""
    value = heap[size - 1]
    parent, last = 0, size - 1
    while True:
        child = 2 * parent + 1
        if child >= last:
            break
        if child + 1 < last and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= value:
            break
        heap[parent] = heap[child]
        parent = child
    heap[parent] = value


@njit(cache=True)
def advance(
    now: int,
    until: int,
    servers: int,
    busy: Seconds,
    n_busy: int,
    arrival: Seconds,
    service: Seconds,
    patience: Seconds,
    start: Seconds,
    done: Seconds,
    head: int,
    tail: int,
) -> tuple[int, int, Seconds]:
    """Serves jobs `head`.. of the queue from second `now` to before `until` with `servers` servers.

    `busy[:n_busy]` is the heap of finish times of jobs in work. `arrival` is sorted; `start` and
    `done` are filled in. Returns (n_busy, head, busy): `head` is the first job not started yet;
    `busy` is a larger heap when the old one was too small.
    """
    t = now
    while True:
        while n_busy > 0 and busy[0] <= t:
            _pop(busy, n_busy)
            n_busy -= 1
        while head < tail and arrival[head] <= t and (n_busy < servers or arrival[head] + patience[head] < t):
            if arrival[head] + patience[head] < t:
                start[head] = ABANDONED
                done[head] = arrival[head] + patience[head]
            else:
                start[head] = t
                done[head] = t + service[head]
                if n_busy == busy.size:
                    larger = np.empty(2 * n_busy + 16, np.int64)
                    larger[:n_busy] = busy[:n_busy]
                    busy = larger
                _push(busy, n_busy, done[head])
                n_busy += 1
            head += 1
        if head == tail:
            break
        if arrival[head] > t:
            t = arrival[head]
        elif n_busy > 0:
            t = busy[0]
        else:
            break
        if t >= until:
            break
    while n_busy > 0 and busy[0] < until:
        _pop(busy, n_busy)
        n_busy -= 1
    return n_busy, head, busy


@njit(cache=True)
def count_by_hour(times: Seconds, first: int, hours: int) -> NDArray[np.int64]:
    """(hours,) events in each hour from second `first`; events outside are not counted."""
    out = np.zeros(hours, np.int64)
    for n in range(times.size):
        hour = (times[n] - first) // 3600
        if 0 <= hour < hours:
            out[hour] += 1
    return out
