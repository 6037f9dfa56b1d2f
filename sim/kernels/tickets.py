"""Who of many asks, and what reaches an agent of what is asked."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

import sim.kernels.cache  # noqa: F401  # before the first kernel is compiled
from sim.kernels.draws import lognormal, uniform
from sim.kernels.people import F64, I64


@njit(cache=True)
def asking(key: np.uint64, entities: I64, chance: F64) -> I64:
    """Places of those of the entities (n,) that ask; `chance` is (n,), or (1,) for all. Draw 0."""
    out, found = np.empty(entities.size, np.int64), 0
    for n in range(entities.size):
        out[found] = n
        found += uniform(key, entities[n], 0) < chance[n if chance.size > 1 else 0]
    return out[:found].copy()


@njit(cache=True)
def to_agents(
    key: np.uint64, handle: np.uint64, entities: I64, by_bot: F64, minutes: F64, cv: float, patience: float
) -> tuple[I64, I64, I64]:
    """Of tickets (n,) those that the bot, with chances `by_bot` (n,), does not resolve: (places, seconds of service,
    seconds of patience). Service is lognormal with means `minutes` (n,), patience exponential. Draws 0 and 1 of `key`,
    0 and 1 of `handle`."""
    places, service, waits = (
        np.empty(entities.size, np.int64), np.empty(entities.size, np.int64), np.empty(entities.size, np.int64),
    )  # fmt: skip
    m, variance = 0, math.log1p(cv * cv)
    for n in range(entities.size):
        if uniform(key, entities[n], 0) < by_bot[n]:
            continue
        places[m] = n
        service[m] = lognormal(handle, entities[n], 60.0 * minutes[n], variance)
        waits[m] = int(-60.0 * patience * math.log(uniform(key, entities[n], 1)))
        m += 1
    return places[:m].copy(), service[:m].copy(), waits[:m].copy()
