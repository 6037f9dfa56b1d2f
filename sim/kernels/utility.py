"""What an alternative is worth to a visitor, and what it costs him once a message's coupon is in."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.kernels.instructions import fma
from sim.kernels.people import CLOSED, F32, I64, Rows

SPARES = 16
"""Visitors with a coupon of their own that are weighed together: each has a spare end of the price tables."""

_F, _ONE, _ZERO = np.float32, np.float32(1.0), np.float32(0.0)


@njit(cache=True, inline="always")
def net_utility(taste, x, index, rule, deposit, beta, recall, loss, inverse, bargain, hassle):
    """Utility of one alternative without noise, taste - beta (log price - weight x gain - pull x rule) - hassle x deposit.

    `recall` is beta x weight of the remembered price, `inverse` one over it, `bargain` beta x the pull of a threshold.
    """
    change = fma(_F(-inverse), index, _ONE)
    gain = change if change > _ZERO else _F(loss * change)
    return fma(_F(-hassle), deposit, fma(bargain, rule, fma(recall, gain, fma(_F(-beta), x, taste))))


@njit(cache=True)
def priced(
    sku: I64, item: Rows, price: I64, coupon: I64, panel: int, group: int, first: int, size: int, voucher: int,
    taste: F32, log_index: F32, ratio: F32, spare: int,
) -> float:  # fmt: skip
    """Prices of the alternatives `first` : `first` + `size` with a message's coupon in, written to the tables from
    `spare` on, a place for each of all alternatives; returns the lowest index on offer."""
    lowest, shown = 1e9, panel * (taste.size // price.shape[0])
    for a in range(first, first + size):
        k = sku[a]
        if k < 0:
            continue
        index = max(item[k].floor, price[panel, a] - max(coupon[group, k], voucher)) / item[k].listed
        ratio[spare + a], log_index[spare + a] = index, math.log(index)
        if taste[shown + a] > CLOSED:
            lowest = min(lowest, index)
    return lowest
