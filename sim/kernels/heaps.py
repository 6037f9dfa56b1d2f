"""Heaps of the station: the finish times of its servers, and who waits in order of priority.

Which of them a job needs is written out where it starts, twice: one more inlined function between would count a
reference to the array at each job (20 -> 35 ns).
"""

from __future__ import annotations

import numpy as np
from numba import njit

import sim.kernels.cache  # noqa: F401  # before the first kernel is compiled

FEW = 48
"""Up to so many servers, sorted finish times are faster than a heap of them (8: 4 against 10 ns a job; 240: 45 to 19)."""


@njit(cache=True, inline="always")
def push(heap, size, value):
    """Puts a value into a heap of `size`, the smallest first; there is room for it."""
    child = size
    while child > 0:
        parent = (child - 1) >> 1
        if heap[parent] <= value:
            break
        heap[child] = heap[parent]
        child = parent
    heap[child] = value


@njit(cache=True, inline="always")
def replace(heap, size, value):
    """Takes the smallest of `size` values away and puts `value` in.

    The smaller children move up all the way down, and the value, mostly one of the largest, climbs from there: a
    comparison on the way down would be mispredicted somewhere.
    """
    one, parent, child, end = np.uint64(1), np.uint64(0), np.uint64(1), np.uint64(size)
    while child + one < end:
        child += np.uint64(heap[child + one] < heap[child])
        heap[parent] = heap[child]
        parent, child = child, child + child + one
    if child < end:
        heap[parent] = heap[child]
        parent = child
    while parent > 0:
        above = (parent - one) >> one
        if heap[above] <= value:
            break
        heap[parent] = heap[above]
        parent = above
    heap[parent] = value


@njit(cache=True, inline="always")
def replace_sorted(times, size, value):
    """The same where the values are sorted, and stay so; no branch at all."""
    one, low = np.uint64(1), times[0]
    for n in range(one, np.uint64(size)):
        following = times[n]
        times[n - one] = max(low, min(following, value))
        low = following
    times[np.uint64(size) - one] = max(low, value)


@njit(cache=True, inline="always")
def sort(times, size):
    """By insertion: there are few, and mostly they are sorted already. A sorted array is a heap."""
    for n in range(1, size):
        value, at = times[n], n
        while at > 0 and times[at - 1] > value:
            times[at] = times[at - 1]
            at -= 1
        times[at] = value


@njit(cache=True, inline="always")
def _before(key, slot, other_key, other_slot):
    return key < other_key or (key == other_key and slot < other_slot)


@njit(cache=True, inline="always")
def join(keys, slots, size, key, slot):
    """Puts (key, slot) into a heap of `size` such pairs, the smallest first."""
    child = size
    while child > 0:
        parent = (child - 1) >> 1
        if not _before(key, slot, keys[parent], slots[parent]):
            break
        keys[child], slots[child] = keys[parent], slots[parent]
        child = parent
    keys[child], slots[child] = key, slot


@njit(cache=True, inline="always")
def sift(keys, slots, parent, size, key, slot):
    """Puts (key, slot) where it belongs at or below `parent`."""
    while True:
        child = 2 * parent + 1
        if child >= size:
            break
        if child + 1 < size and _before(keys[child + 1], slots[child + 1], keys[child], slots[child]):
            child += 1
        if not _before(keys[child], slots[child], key, slot):
            break
        keys[parent], slots[parent] = keys[child], slots[child]
        parent = child
    keys[parent], slots[parent] = key, slot
