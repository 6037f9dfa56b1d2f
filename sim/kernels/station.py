"""A multi-server queue whose number of servers changes in time, with priorities and abandonment.

The definition of one station, in one total order. In any second, in this order:
 1. finished jobs free their servers;
 2. the number of servers changes;
 3. the jobs of this second arrive and wait;
 4. while a server is free, the first of the waiting starts: smallest (priority, arrival, rank, number of push).
    A job that takes no time frees its server in the same second, and step 4 goes on;
 5. a waiting job whose patience ends in this second abandons: in the second in which it could start, it starts.
A job in work is never interrupted: when servers are taken away, they leave as they finish. Priorities serve promise
classes (0 before 1 before 2) as well as the earliest promise (priority = promised second).
`sim.actors.parcel_station` is the same definition in plain SimPy.

Jobs stand in the columns of `queue`, (COLUMNS, size), one a slot, in order of (arrival, rank); a job is moved only
before it arrives. Two paths give the same times: `serve_in_order` when all priorities are equal, else `serve_by_priority`.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sim.kernels.heaps import FEW, join, push, replace, replace_sorted, sift, sort

Seconds = NDArray[np.int64]
FOREVER = np.int64(1) << 40
"""Patience of a job that never gives up."""
ABANDONED = np.int64(-1)
"""Start time of a job that gave up."""
CROWDED = np.int64(-4)
"""First arrival of jobs too many of which come at a time for `order_of`."""
WAITING, TAKEN = np.int64(-2), np.int64(-3)
"""Start time of a job that has not started, and of an empty slot."""

ARRIVAL, SERVICE, START, JOB, RANK, PATIENCE, PRIORITY, LEFT, KEY, SLOT, COLUMNS = range(11)
"""Rows of `queue`. LEFT lists the slots that started or gave up and were not taken yet; KEY and SLOT are the heap of
the waiting, used by `serve_by_priority` alone."""
BUSY, HEAD, TAIL, WAITS, LEAVING, SEEN, STANDING, TIME, AREA, SOJOURN, FIELDS = range(11)
"""Fields of `state`: servers in the heap of finish times; first slot that neither started nor joined the heap; end of
the slots; sizes of the heap of the waiting and of LEFT; for Little's law: first slot that had not arrived when the last
jobs were taken, jobs standing then, that second, the integral of their number until then and the sojourns that ended."""


@njit(cache=True)
def serve_in_order(until: int, servers: int, busy: Seconds, queue: Seconds, state: Seconds, now: int) -> None:
    """Serves from second `now` to before `until` in order of (arrival, rank): all priorities are equal.

    `busy` is the heap of finish times, with room for `servers`; finished ones may stand in it until their server is
    needed. Priorities and the heap of the waiting are not looked at.
    """
    arrival, service, start, patience, left = queue[ARRIVAL], queue[SERVICE], queue[START], queue[PATIENCE], queue[LEFT]
    n_busy, t, few = state[BUSY], now, servers <= FEW  # nobody starts before `now`
    # slots are unsigned, or every load would first ask whether to count from the end
    one, head, tail, leaving = np.uint64(1), np.uint64(state[HEAD]), np.uint64(state[TAIL]), np.uint64(state[LEAVING])
    while n_busy > servers and busy[0] < until:
        t = max(t, busy[0])
        n_busy -= 1
        replace(busy, n_busy, busy[n_busy])
    if few:
        sort(busy, n_busy)
    if n_busy > servers or servers == 0:
        tail = head
    while head < tail:
        if start[head] != WAITING:
            head += one
            continue
        begin = max(t, arrival[head])
        if n_busy == servers:
            begin = max(begin, busy[0])
        if begin >= until:
            break
        if arrival[head] + patience[head] < begin:
            start[head] = ABANDONED
        else:
            start[head] = begin
            done = begin + service[head]
            if n_busy < servers:
                push(busy, n_busy, done)
                n_busy += 1
                if few:
                    sort(busy, n_busy)
            elif few:
                replace_sorted(busy, servers, done)
            else:
                replace(busy, servers, done)
        left[leaving] = head
        leaving += one
        head += one
    state[BUSY], state[HEAD], state[LEAVING] = n_busy, head, leaving


@njit(cache=True)
def serve_by_priority(until: int, servers: int, busy: Seconds, queue: Seconds, state: Seconds, now: int) -> None:
    """Serves from second `now` to before `until` in order of (priority, arrival, rank): the general case.

    `busy` as in `serve_in_order`: a server is free when the first of as many finish times as there are servers is over.
    """
    arrival, service, start, patience, left = queue[ARRIVAL], queue[SERVICE], queue[START], queue[PATIENCE], queue[LEFT]
    priority, keys, slots = queue[PRIORITY], queue[KEY], queue[SLOT]
    n_busy, waits, few, t = state[BUSY], state[WAITS], servers <= FEW, now
    one, head, tail, leaving = np.uint64(1), np.uint64(state[HEAD]), np.uint64(state[TAIL]), np.uint64(state[LEAVING])
    if few:
        sort(busy, n_busy)
    while t < until:
        while n_busy > servers and busy[0] <= t:
            n_busy -= 1
            replace(busy, n_busy, busy[n_busy])
            if few:
                sort(busy, n_busy)
        while head < tail and arrival[head] <= t:
            if start[head] == WAITING:
                join(keys, slots, waits, priority[head], np.int64(head))
                waits += 1
            head += one
        while waits > 0 and (n_busy < servers or (n_busy == servers and servers > 0 and busy[0] <= t)):
            slot = np.uint64(slots[0])
            waits -= 1
            if waits > 0:
                sift(keys, slots, 0, waits, keys[waits], slots[waits])
            if arrival[slot] + patience[slot] < t:
                start[slot] = ABANDONED
            else:
                start[slot] = t
                done = t + service[slot]
                if n_busy < servers:
                    push(busy, n_busy, done)
                    n_busy += 1
                    if few:
                        sort(busy, n_busy)
                elif few:
                    replace_sorted(busy, servers, done)
                else:
                    replace(busy, servers, done)
            left[leaving] = slot
            leaving += one
        t = until
        if head < tail:
            t = min(t, arrival[head])
        if waits > 0 and n_busy > 0:
            t = min(t, busy[0])
    state[BUSY], state[HEAD], state[LEAVING], state[WAITS] = n_busy, head, leaving, waits


@njit(cache=True, inline="always")
def _move(queue, source, target):
    for row in range(LEFT):
        queue[row, target] = queue[row, source]


@njit(cache=True)
def admit(
    queue: Seconds, state: Seconds, job: Seconds, arrival: Seconds, service: Seconds, rank: Seconds,
    patience: Seconds, priority: Seconds, order: Seconds,
) -> None:  # fmt: skip
    """Puts new jobs, in `order`, in at their place among those that have not arrived; the queue has room for them.

    `patience` and `priority` may be one value for all.
    """
    jobs, arrivals, services, ranks = queue[JOB], queue[ARRIVAL], queue[SERVICE], queue[RANK]
    starts, patiences, priorities = queue[START], queue[PATIENCE], queue[PRIORITY]
    n, i = job.size, state[TAIL] - 1
    first = order[0] if order.size > 0 else 0
    behind = i < state[HEAD] or arrivals[i] < arrival[first]
    if behind or (arrivals[i] == arrival[first] and ranks[i] <= rank[first]):  # nobody has to move
        begin, end = state[TAIL], state[TAIL] + n
        starts[begin:end], patiences[begin:end], priorities[begin:end] = WAITING, patience, priority
        if order.size == 0:
            jobs[begin:end], arrivals[begin:end], services[begin:end], ranks[begin:end] = job, arrival, service, rank
        for k in range(np.uint64(order.size)):
            place, at = np.uint64(order[k]), np.uint64(begin) + k
            jobs[at], arrivals[at], services[at], ranks[at] = job[place], arrival[place], service[place], rank[place]
        if order.size > 0 and patience.size > 1:
            patiences[begin:end] = patience[order]
        if order.size > 0 and priority.size > 1:
            priorities[begin:end] = priority[order]
        state[TAIL] += n
        return
    end = state[TAIL] + n - 1
    for k in range(n - 1, -1, -1):
        new = order[k] if order.size > 0 else k
        while i >= state[HEAD] and (
            queue[ARRIVAL, i] > arrival[new] or (queue[ARRIVAL, i] == arrival[new] and queue[RANK, i] > rank[new])
        ):
            _move(queue, i, end)
            i -= 1
            end -= 1
        queue[JOB, end], queue[ARRIVAL, end], queue[SERVICE, end] = job[new], arrival[new], service[new]
        queue[RANK, end], queue[START, end] = rank[new], WAITING
        queue[PATIENCE, end] = patience[new] if patience.size > 1 else patience[0]
        queue[PRIORITY, end] = priority[new] if priority.size > 1 else priority[0]
        end -= 1
    state[TAIL] += n


@njit(cache=True)
def order_of(arrival: Seconds, rank: Seconds) -> Seconds:
    """(n,) places of jobs in order of (arrival, rank), as a stable sort would give; empty when they stand in it.

    Sorted by buckets of time, then by insertion within them: 10 ns a job where `np.lexsort` takes 60. An answer of
    one place too many says that too many jobs fall into one bucket for this to pay.
    """
    n, unsorted = arrival.size, False
    low = high = arrival[0]
    for i in range(1, n):  # no branch: whether the next is later is a coin's toss
        tie = (arrival[i] == arrival[i - 1]) & (rank[i] < rank[i - 1])
        unsorted |= (arrival[i] < arrival[i - 1]) | tie
        low, high = min(low, arrival[i]), max(high, arrival[i])
    if not unsorted:
        return np.empty(0, np.int64)
    shift = 0
    while (high - low) >> shift >= 2 * n:
        shift += 1
    first = np.zeros(((high - low) >> shift) + 2, np.int64)
    most, one = 0, np.uint64(1)
    for i in range(n):
        bucket = np.uint64((arrival[i] - low) >> shift) + one
        first[bucket] += 1
        most = max(most, first[bucket])
    if most > 64:
        return np.empty(n + 1, np.int64)
    for b in range(1, first.size):
        first[b] += first[b - 1]
    order = np.empty(n, np.int64)
    for i in range(n):
        bucket = np.uint64((arrival[i] - low) >> shift)
        order[np.uint64(first[bucket])] = i
        first[bucket] += 1
    for i in range(1, n):
        job, j = order[i], i - 1
        while j >= 0 and (
            arrival[order[j]] > arrival[job] or (arrival[order[j]] == arrival[job] and rank[order[j]] > rank[job])
        ):
            order[j + 1] = order[j]
            j -= 1
        order[j + 1] = job
    return order


@njit(cache=True)
def enter(
    queue: Seconds, state: Seconds, now: int, shared: int, job: Seconds, arrival: Seconds, service: Seconds,
    rank: Seconds, patience: Seconds, priority: Seconds, order: Seconds,
) -> tuple[int, bool]:  # fmt: skip
    """Admits new jobs; returns the first arrival and whether any priority is another than `shared`.

    Nobody is admitted where the first arrival lies before `now`, or where it is CROWDED: then `order` (n,) must be
    given, the places of the jobs in order of (arrival, rank), else empty.
    """
    if order.size == 0:
        order = order_of(arrival, rank)
        if order.size > job.size:
            return int(CROWDED), False
    first, differs = int(arrival[order[0] if order.size > 0 else 0]), False
    if first < now:
        return first, differs
    for n in range(priority.size):
        differs |= priority[n] != shared
    admit(queue, state, job, arrival, service, rank, patience, priority, order)
    return first, differs


@njit(cache=True)
def expire(now: int, queue: Seconds, state: Seconds) -> None:
    """Marks the waiting whose patience ended before `now` as abandoned: they leave now, not when their turn comes."""
    arrival, start, patience = queue[ARRIVAL], queue[START], queue[PATIENCE]
    keys, slots, kept = queue[KEY], queue[SLOT], 0
    for i in range(state[WAITS]):
        slot = slots[i]
        if arrival[slot] + patience[slot] < now:
            start[slot] = ABANDONED
            queue[LEFT, state[LEAVING]] = slot
            state[LEAVING] += 1
        else:
            keys[kept], slots[kept] = keys[i], slot
            kept += 1
    if kept < state[WAITS]:
        state[WAITS] = kept
        for parent in range(kept // 2 - 1, -1, -1):
            sift(keys, slots, parent, kept, keys[parent], slots[parent])
    for slot in range(state[HEAD], state[TAIL]):
        if arrival[slot] >= now:
            break
        if start[slot] == WAITING and arrival[slot] + patience[slot] < now:
            start[slot] = ABANDONED
            queue[LEFT, state[LEAVING]] = slot
            state[LEAVING] += 1


@njit(cache=True)
def collect(now: int, queue: Seconds, state: Seconds) -> tuple[Seconds, Seconds, Seconds, int]:
    """(job, start, done) of those that finished or gave up before `now`, their slots freed; how many gave up.

    The served come in order of their start, then those that gave up in order of (second, arrival, rank).
    The fields of Little's law are brought to `now`.
    """
    arrival, service, start, patience, left = queue[ARRIVAL], queue[SERVICE], queue[START], queue[PATIENCE], queue[LEFT]
    served = gave_up = 0
    for i in range(state[LEAVING]):
        slot = np.uint64(left[i])
        if start[slot] == ABANDONED:
            gave_up += arrival[slot] + patience[slot] < now
        else:
            served += start[slot] + service[slot] < now
    n = served + gave_up
    jobs, begun, done = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    lost = np.empty(gave_up, np.int64)
    state[AREA] += state[STANDING] * (now - state[TIME])
    while state[SEEN] < state[TAIL] and arrival[state[SEEN]] < now:
        state[AREA] += now - arrival[state[SEEN]]
        state[STANDING] += 1
        state[SEEN] += 1
    kept = served = gave_up = 0
    for i in range(state[LEAVING]):
        slot = np.uint64(left[i])
        if start[slot] == ABANDONED and arrival[slot] + patience[slot] < now:
            lost[gave_up] = slot
            gave_up += 1
        elif start[slot] != ABANDONED and start[slot] + service[slot] < now:
            jobs[served], begun[served], done[served] = queue[JOB, slot], start[slot], start[slot] + service[slot]
            state[AREA] -= now - done[served]
            state[SOJOURN] += done[served] - arrival[slot]
            start[slot] = TAKEN
            served += 1
        else:
            left[kept] = slot
            kept += 1
    state[LEAVING] = kept
    if gave_up > 1:
        lost = lost[np.argsort((arrival[lost] + patience[lost]) * queue.shape[1] + lost)]
    for i in range(gave_up):
        slot = lost[i]
        jobs[served + i], begun[served + i], done[served + i] = (
            queue[JOB, slot],
            ABANDONED,
            arrival[slot] + patience[slot],
        )
        state[AREA] -= now - done[served + i]
        state[SOJOURN] += patience[slot]
        start[slot] = TAKEN
    state[STANDING] -= n
    state[TIME] = now
    return jobs, begun, done, gave_up


@njit(cache=True)
def compact(queue: Seconds, state: Seconds, target: Seconds) -> None:
    """Moves all jobs that were not taken to the beginning of `target`, which may be `queue` itself."""
    moved = np.empty(state[TAIL] + 1, np.int64)
    kept = 0
    for slot in range(state[TAIL]):
        moved[slot] = kept
        if queue[START, slot] != TAKEN:
            for row in range(LEFT):
                target[row, kept] = queue[row, slot]
            kept += 1
    moved[state[TAIL]] = kept
    for i in range(state[LEAVING]):
        target[LEFT, i] = moved[queue[LEFT, i]]
    for i in range(state[WAITS]):
        target[KEY, i], target[SLOT, i] = queue[KEY, i], moved[queue[SLOT, i]]
    state[HEAD], state[SEEN], state[TAIL] = moved[state[HEAD]], moved[state[SEEN]], kept


@njit(cache=True)
def waiting(now: int, queue: Seconds, state: Seconds) -> int:
    """Jobs that arrived by `now` and did not leave before it, from what has changed since the last were taken; whose
    patience is over must have been expired."""
    arrival, service, start, patience, left = queue[ARRIVAL], queue[SERVICE], queue[START], queue[PATIENCE], queue[LEFT]
    count, slot = state[STANDING], state[SEEN]
    while slot < state[TAIL] and arrival[slot] <= now:
        count += 1
        slot += 1
    for i in range(state[LEAVING]):
        slot = left[i]
        count -= (arrival[slot] + patience[slot] if start[slot] == ABANDONED else start[slot] + service[slot]) < now
    return int(count)


@njit(cache=True)
def standing(now: int, queue: Seconds, state: Seconds) -> tuple[int, int]:
    """Jobs that arrived by `now` and did not leave before it; the sum of their seconds inside so far."""
    count = seconds = 0
    for slot in range(state[TAIL]):
        begun = queue[START, slot]
        if begun == TAKEN:  # most of them: nothing else of theirs is read
            continue
        came = queue[ARRIVAL, slot]
        if came > now or (begun >= 0 and begun + queue[SERVICE, slot] < now):
            continue
        if begun < 0 and came + queue[PATIENCE, slot] < now:
            continue
        count += 1
        seconds += now - came
    return count, seconds
