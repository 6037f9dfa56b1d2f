"""What stations and the desk have seen, by hour and by wait."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

import sim.kernels.cache  # noqa: F401  # before the first kernel is compiled
from sim.kernels.people import I64


@njit(cache=True)
def count_served(waits: I64, done: I64, by_wait: I64, by_hour: I64) -> int:
    """Adds waits to bins (B,), as `ledger.WAIT_BINS` has them, and ends to the hours (H,) from second 0; returns the
    seconds waited in all."""
    total, quarters = 0, 4.0 / np.log(2.0)
    for n in range(waits.size):
        total += waits[n]
        place = 1 + int(np.floor(quarters * np.log(waits[n]) + 1e-9)) if waits[n] > 0 else 0
        by_wait[min(place, by_wait.size - 1)] += 1
    for n in range(done.size):
        if done[n] // 3600 < by_hour.size:
            by_hour[done[n] // 3600] += 1
    return total


@njit(cache=True)
def leading(values: NDArray[Any], low: int, high: int) -> int:
    """How many in front of (n,) whole numbers lie from `low` to `high`."""
    n = 0
    while n < values.size and low <= values[n] <= high:
        n += 1
    return n


@njit(cache=True)
def outside(times: I64, begin: int, end: int) -> int:
    """How many seconds (n,) lie outside the hours `begin` to `end` of their day."""
    count = 0
    for n in range(times.size):
        hour = times[n] % 86_400 // 3600
        count += (hour < begin) | (hour >= end)
    return count


@njit(cache=True)
def count_by_hour(times: I64, first: int, hours: int) -> I64:
    """(hours,) events in each hour from second `first`; events outside are not counted."""
    out = np.zeros(hours, np.int64)
    for n in range(times.size):
        hour = (times[n] - first) // 3600
        if 0 <= hour < hours:
            out[hour] += 1
    return out
