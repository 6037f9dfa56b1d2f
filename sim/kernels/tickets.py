"""Who of many asks, and what reaches an agent of what is asked."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

import sim.kernels.cache  # noqa: F401  # before the first kernel is compiled
from sim.kernels.draws import lognormal_seconds, uniform
from sim.kernels.people import F64, I32, I64


@njit(cache=True)
def asking(key: np.uint64, entities: I64, chance: F64) -> I64:
    """Places of those of the entities (n,) that ask; `chance` is (n,), or (1,) for all. Draw 0."""
    out, found = np.empty(entities.size, np.int64), 0
    for n in range(entities.size):
        out[found] = n
        found += uniform(key, entities[n], 0) < chance[n if chance.size > 1 else 0]
    return out[:found].copy()


@njit(cache=True)
def within_a_day(
    key: np.uint64, consumers: I32, seconds: I64, chance: float, left: F64, passed: F64, opens: int
) -> tuple[I64, I64]:
    """Contacts that orders (n,) cause: (consumers, seconds) in order of both, from the midnight before the order.

    `chance` x `left` (n,) of them ask, within a day, at hours at which people visit: `passed` (25,) is the share of a
    day's visits that have come by each full hour. On the next day nobody asks before second `opens`. Draws 0 and 1 of
    the consumer.
    """
    who, keys, found = np.empty(consumers.size, np.int64), np.empty(consumers.size, np.int64), 0
    for n in range(consumers.size):
        who[found] = n
        found += uniform(key, consumers[n], 0) < chance * left[n]
    for m in range(found):
        n = who[m]
        hour = seconds[n] / 3600
        h = int(hour)
        asked = passed[h] + (passed[h + 1] - passed[h]) * (hour - h) + uniform(key, consumers[n], 1)
        share, h = asked % 1.0, 0
        while h < 23 and share >= passed[h + 1]:
            h += 1
        step = max(1e-12, passed[h + 1] - passed[h])
        when = int(3600 * (h + (share - passed[h]) / step))
        if asked >= 1.0:
            when = 86_400 + max(when, opens)
        keys[m] = when << 32 | np.int64(consumers[n])
    keys = np.sort(keys[:found])
    return keys & 0xFFFFFFFF, keys >> 32


@njit(cache=True)
def to_agents(
    key: np.uint64, handle: np.uint64, entities: I64, by_bot: F64, minutes: F64, cv: float, patience: float
) -> tuple[I64, I64, I64]:
    """Of tickets (n,) those that the bot, with chances `by_bot` (n,), does not resolve: (places, seconds of service,
    seconds of patience). Service is lognormal with means `minutes` (n,), patience exponential. Draws 0 and 1 of `key`,
    0 and 1 of `handle`."""
    places, waits, m = np.empty(entities.size, np.int64), np.empty(entities.size, np.int64), 0
    for n in range(entities.size):
        if uniform(key, entities[n], 0) < by_bot[n]:
            continue
        places[m] = n
        waits[m] = int(-60.0 * patience * math.log(uniform(key, entities[n], 1)))
        m += 1
    places = places[:m].copy()
    return places, lognormal_seconds(handle, entities[places], 60.0 * minutes[places], cv), waits[:m].copy()
