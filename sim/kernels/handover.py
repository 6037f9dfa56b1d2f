"""Parcels from the warehouse to the door: rows of the order book, looked up once a parcel.

Parcels are numbers; `parcels` are the order book's rows from number `first` on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

import sim.kernels.cache  # noqa: F401  # before the first kernel is compiled
from sim.kernels.parcels import ParcelRows
from sim.kernels.people import F64, I32, I64

CITY = 44
"""Bits of an entity, below those of the city."""
_DAY, _SPARSE = 86_400, 16


class Felt(NamedTuple):
    """What buyers get (n,), by parcel."""

    consumer: I32
    day: I64  # of the order
    missing: NDArray[np.bool_]  # a gift that was promised
    paid: int  # fen, all parcels


@njit(cache=True)
def bound_for(parcels: ParcelRows, first: int, numbers: I64) -> I64:
    """(n,) city and entity of parcels in one number that sorts by both: city x 2^44 + consumer x 8192 + day."""
    out = np.empty(numbers.size, np.int64)
    cities, consumers, placed = parcels.city, parcels.consumer, parcels.placed
    for n in range(numbers.size):
        p = np.uint64(numbers[n] - first)
        out[n] = (np.int64(cities[p]) << CITY) + np.int64(consumers[p]) * 8192 + placed[p] // _DAY
    return out


@njit(cache=True)
def carriage(parcels: ParcelRows, first: int, numbers: I64, cross_fen: I64, promise_fen: I64) -> int:
    """Fen of carriage beyond the usual: `cross_fen` (C, W) from further away, `promise_fen` (P,) of the class."""
    cities, warehouses, promises, total = parcels.city, parcels.warehouse, parcels.promise, 0
    for number in numbers:
        p = np.uint64(number - first)
        total += cross_fen[cities[p], warehouses[p]] + promise_fen[promises[p]]
    return total


@njit(cache=True)
def by_number(numbers: I64, seconds: I64) -> tuple[I64, I64]:
    """Parcels (n,) and their seconds in order of the numbers, all of them different."""
    n = numbers.size
    low, high = numbers.min(), numbers.max()
    if high - low > _SPARSE * n:
        order = np.argsort(numbers)
        return numbers[order], seconds[order]
    place = np.full(high - low + 1, -1, np.int32)
    for k in range(n):
        place[numbers[k] - low] = k
    out, when, found = np.empty(n + 1, np.int64), np.empty(n + 1, np.int64), 0  # one for what is not there
    for at in range(place.size):
        k = place[at]
        out[found], when[found] = at + low, seconds[max(0, k)]
        found += k >= 0
    return out[:n], when[:n]


@njit(cache=True)
def hand_over(
    parcels: ParcelRows, first: int, numbers: I64, seconds: I64, promise_hours: F64
) -> tuple[NDArray[np.bool_], int]:
    """Marks parcels as done; returns (n,) which are late, and the seconds from order to door of all."""
    late, total = np.empty(numbers.size, np.bool_), 0
    placed, promises, done = parcels.placed, parcels.promise, parcels.done
    for n in range(numbers.size):
        p = np.uint64(numbers[n] - first)
        took = seconds[n] - placed[p]
        late[n] = took / 3600.0 > promise_hours[promises[p]]
        done[p] = 1
        total += took
    return late, total


@njit(cache=True)
def felt(parcels: ParcelRows, first: int, numbers: I64) -> Felt:
    """What the buyers of parcels (n,) at the door have in their hands."""
    consumer, day, missing = (
        np.empty(numbers.size, np.int32), np.empty(numbers.size, np.int64), np.empty(numbers.size, np.bool_),
    )  # fmt: skip
    consumers, placed, gifts, amounts, paid = parcels.consumer, parcels.placed, parcels.gift, parcels.paid, 0
    for n in range(numbers.size):
        p = np.uint64(numbers[n] - first)
        consumer[n], day[n], missing[n] = consumers[p], placed[p] // _DAY, gifts[p] == 2
        paid += amounts[p]
    return Felt(consumer, day, missing, paid)


@njit(cache=True)
def overdue(parcels: ParcelRows, limits: I64) -> I32:
    """Buyers of parcels that are not at the door, were placed by `limits` (P,) of their class and not asked after; they
    are marked as asked after."""
    out, found = np.empty(parcels.done.size, np.int32), 0
    consumers, placed, promises, done, asked = (
        parcels.consumer, parcels.placed, parcels.promise, parcels.done, parcels.asked,
    )  # fmt: skip
    for p in range(done.size):
        if done[p] == 0 and asked[p] == 0 and placed[p] <= limits[promises[p]]:
            asked[p] = 1
            out[found] = consumers[p]
            found += 1
    return out[:found].copy()


@njit(cache=True)
def owed(parcels: ParcelRows) -> int:
    """Fen paid for parcels that are not at the door."""
    total, paid, done = 0, parcels.paid, parcels.done
    for p in range(done.size):
        total += paid[p] * (done[p] == 0)
    return total
