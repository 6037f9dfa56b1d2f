"""Who of many asks, and what reaches an agent of what is asked."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

import sim.kernels.cache  # noqa: F401  # before the first kernel is compiled
from sim.kernels.draws import lognormal_seconds, uniform
from sim.kernels.people import F64, I32, I64, U8


class Reached(NamedTuple):
    """Tickets that an agent has to answer (m,), and how many there are of all."""

    consumer: I32
    cause: U8
    entity: I64  # consumer x 8 + cause
    second: I64
    service: I64  # seconds
    patience: I64  # seconds
    urgency: I64
    by_type: I64  # (Y,) those that the bot resolves included


@njit(cache=True)
def asking(key: np.uint64, consumers: I32, seconds: I32, chance: float, midnight: int) -> tuple[I32, I64]:
    """Who of those that come (n,) at `seconds` of the day asks, and the seconds from the first midnight on. Draw 0."""
    who, when, found = np.empty(consumers.size, np.int32), np.empty(consumers.size, np.int64), 0
    for n in range(np.uint64(consumers.size)):
        place = np.uint64(found)
        who[place], when[place] = consumers[n], midnight + np.int64(seconds[n])
        found += uniform(key, consumers[n], 0) < chance
    return who[:found].copy(), when[:found].copy()


@njit(cache=True)
def next_day(
    key: np.uint64, consumers: I32, entities: I64, chance: float, passed: F64, opens: int
) -> tuple[I32, I64]:  # fmt: skip
    """Which of these people (n,) ask on the next day, and when: (consumers, seconds) in order of (second, consumer).

    They ask at hours at which people visit, see `within_a_day`. Draws 0, 1 and 2 of the entities, or, where there are
    none, of the people.
    """
    keys, own, found = np.empty(consumers.size, np.int64), entities.size > 0, 0
    for n in range(consumers.size):
        entity = entities[n] if own else np.int64(consumers[n])
        if uniform(key, entity, 0) >= chance:
            continue
        share, h = uniform(key, entity, 1), 0
        while h < 23 and passed[h + 1] < share:
            h += 1
        when = max(int(h * 3600 + uniform(key, entity, 2) * 3600), opens)
        keys[found] = when << 32 | np.int64(consumers[n])
        found += 1
    keys = np.sort(keys[:found])
    return (keys & 0xFFFFFFFF).astype(np.int32), keys >> 32


@njit(cache=True)
def within_a_day(
    key: np.uint64, consumers: I32, seconds: I64, chance: float, left: F64, passed: F64, opens: int
) -> tuple[I32, I64]:
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
    return (keys & 0xFFFFFFFF).astype(np.int32), keys >> 32


@njit(cache=True)
def to_agents(
    key: np.uint64, handle: np.uint64, consumers: I32, seconds: I64, cause: U8, seen: F64, contained: F64, minutes: F64,
    urgency: I64, cv: float, patience: float,
) -> Reached:  # fmt: skip
    """What the bot leaves of the tickets of `consumers` (n,), made at `seconds` (n,), to the agents.

    `cause` is (n,), or (1,) of all. The bot, which gets to see a share `seen` of them, (n,) or (1,), resolves a share
    `contained` (Y,) of each type. Service is lognormal with means `minutes` (Y,), patience exponential with mean
    `patience` minutes. Draws 0 and 1 of `key`, 0 and 1 of `handle`.
    """
    n, m = consumers.size, 0
    who, what, entity, when, waits, mean, rank = (
        np.empty(n, np.int32), np.empty(n, np.uint8), np.empty(n, np.int64), np.empty(n, np.int64),
        np.empty(n, np.int64), np.empty(n), np.empty(n, np.int64),
    )  # fmt: skip
    by_type = np.zeros(contained.size, np.int64)
    for t in range(n):
        kind = cause[t if cause.size > 1 else 0]
        one = np.int64(consumers[t]) * 8 + kind
        by_type[kind] += 1
        if uniform(key, one, 0) < contained[kind] * seen[t if seen.size > 1 else 0]:
            continue
        who[m], what[m], entity[m], when[m] = consumers[t], kind, one, seconds[t]
        waits[m] = int(-60.0 * patience * math.log(uniform(key, one, 1)))
        mean[m], rank[m] = 60.0 * minutes[kind], urgency[kind]
        m += 1
    entity = entity[:m].copy()
    return Reached(
        who[:m].copy(), what[:m].copy(), entity, when[:m].copy(), lognormal_seconds(handle, entity, mean[:m], cv),
        waits[:m].copy(), rank[:m].copy(), by_type,
    )  # fmt: skip
