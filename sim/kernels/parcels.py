"""Order lines as they fall into parcels, and what is booked of them: one pass each over the lines of a slice.

n lines, m parcels, b orders. Lines stand in order of (second, consumer, warehouse, till): another second or consumer
begins an order, another warehouse or till a parcel of the same order.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

import sim.kernels.cache  # noqa: F401  # before the first kernel is compiled
from sim.kernels.people import F64, I64


class Parcels(NamedTuple):
    """Parcels in order of their lines."""

    number: I64  # (n,) parcel of each line
    first: I64  # (m,) its first line
    lines: I64  # (m,)
    unpacked: I64  # (m,) lines that are not packed yet
    paid: I64  # (m,) fen
    gift: I64  # (m,) as of LINE; the largest of its lines
    begins: I64  # (b,) first line of each order
    split: int  # orders of more than one parcel


class Booked(NamedTuple):
    """What the lines of a slice come to."""

    units: I64  # (K,)
    paid: I64  # (K,) fen
    cost: int  # fen
    commission: int  # fen
    offered: int  # fen of public markdown


@njit(cache=True)
def stand_in_order(second: I64, consumer: I64, warehouse: I64, till: I64) -> bool:
    """Whether lines (n,) stand in order of these columns, the first weighs most."""
    for i in range(1, second.size):
        before = second[i - 1] - second[i]
        if before == 0:
            before = consumer[i - 1] - consumer[i]
            if before == 0:
                before = warehouse[i - 1] - warehouse[i]
                if before == 0:
                    before = till[i - 1] - till[i]
        if before > 0:
            return False
    return True


@njit(cache=True)
def parcels_of(
    second: I64, consumer: I64, warehouse: I64, till: I64, staged: I64, paid: I64, gift: I64
) -> Parcels:  # fmt: skip
    """Parcels of lines (n,) that stand in order; `staged` is below 0 where a line is not packed yet."""
    n = second.size
    number = np.empty(n, np.int64)
    first, lines, unpacked = np.empty(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    sums, most, begins = np.zeros(n, np.int64), np.zeros(n, np.int64), np.empty(n, np.int64)
    m = b = split = of_order = 0
    for i in range(n):
        new_order = i == 0 or second[i] != second[i - 1] or consumer[i] != consumer[i - 1]
        if new_order:
            begins[b] = i
            b, of_order = b + 1, 0
        if new_order or warehouse[i] != warehouse[i - 1] or till[i] != till[i - 1]:
            first[m] = i
            m, of_order = m + 1, of_order + 1
            split += of_order == 2
        p = m - 1
        number[i] = p
        lines[p] += 1
        unpacked[p] += staged[i] < 0
        sums[p] += paid[i]
        most[p] = max(most[p], gift[i])
    return Parcels(
        number, first[:m].copy(), lines[:m].copy(), unpacked[:m].copy(), sums[:m].copy(),
        most[:m].copy(), begins[:b].copy(), split,
    )  # fmt: skip


@njit(cache=True)
def booked(
    sku: I64, units: I64, listed: I64, paid: I64, offer: I64, home: I64, number: I64, zone: I64, depth: F64,
    cost_fen: I64, fee: F64,
) -> Booked:  # fmt: skip
    """Sums over lines (n,), `zone` (m,) by parcel, public markdown `depth` (Z, O, K), `fee` (W,) by where a line would
    come back to. Commission and markdown are rounded line by line, so that cutting the day into more slices changes no
    fen."""
    by_units, by_paid = np.zeros(cost_fen.size, np.int64), np.zeros(cost_fen.size, np.int64)
    cost = commission = offered = 0
    for i in range(sku.size):
        k = sku[i]
        by_units[k] += units[i]
        by_paid[k] += paid[i]
        cost += cost_fen[k] * units[i]
        commission += int(np.rint(fee[home[i]] * paid[i]))
        offered += int(np.rint(depth[zone[number[i]], offer[i], k] * listed[i]))
    return Booked(by_units, by_paid, cost, commission, offered)
