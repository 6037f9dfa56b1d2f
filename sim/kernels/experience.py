"""What deliveries, waits and returns do to the people who lived through them."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.kernels.draws import normal, uniform
from sim.kernels.people import F64, I16, I32, I64, LATE, NATURAL, PROSPECT, U8, WAIT, Mind, People


@njit(cache=True, inline="always")
def _feel_rate(people, mind, i):
    """Sets the visit rate from trust."""
    if people.left[i] > 0 or people.source[i] == PROSPECT:
        return
    rate = people.visit_rate[i] * math.exp(mind.trust_visit * (people.trust[i] - mind.trust_start))
    people.rate[i] = rate * (mind.event_acquired_rate if people.source[i] == 3 else 1.0)


@njit(cache=True)
def delivered(key: np.uint64, people: People, mind: Mind, consumer: I32, late: U8, number: I64) -> I64:
    """Each delivered parcel changes its buyer's trust and may end the relation.

    Kept promises restore a share of missing trust, late ones take it, more from first orders
    (Intelipost). Then the buyer leaves with chance p x exp(w x missing trust), p being his own
    Beta-distributed chance (BG/NBD); a loss beyond p is booked under his last grievance. Draws are
    keyed by (consumer, parcel number). Returns (6,) leavers by cause.
    """
    causes = np.zeros(6, np.int64)
    for n in range(consumer.size):
        i = consumer[n]
        if people.left[i] > 0:
            continue
        if late[n]:
            hit = mind.late_first if people.orders[i] <= 1 else mind.late_established
            people.trust[i] = max(0.0, people.trust[i] - hit * mind.service[people.segment[i]])
            people.grievance[i] = LATE
        else:
            people.trust[i] += mind.kept_promise * (1.0 - people.trust[i])
        missing = max(0.0, mind.trust_start - people.trust[i])
        own = people.leave_chance[i]
        chance = min(1.0, own * math.exp(mind.leave_weight * missing))
        u = uniform(key, i, number[n])
        if u < chance:
            people.left[i] = NATURAL if u < own or people.grievance[i] == 0 else people.grievance[i]
            causes[people.left[i]] += 1
            people.rate[i] = 0.0
        else:
            _feel_rate(people, mind, i)
    return causes


@njit(cache=True)
def waited_in_vain(people: People, mind: Mind, consumer: I32) -> None:
    """Customers whose call for help was abandoned lose trust."""
    for n in range(consumer.size):
        i = consumer[n]
        people.trust[i] = max(0.0, people.trust[i] - mind.wait_hit * mind.service[people.segment[i]])
        people.grievance[i] = WAIT
        _feel_rate(people, mind, i)


@njit(cache=True)
def return_days(
    key: np.uint64, number: I64, sku: I16, chance: F64, factor: F64, median_days: float, sd: float, limit: int
) -> I16:
    """(n,) days after delivery on which a line comes back, -1 where it is kept.

    P = chance[sku] x factor[n]; the lag is lognormal, cut at the return window `limit`.
    """
    out = np.full(number.size, -1, np.int16)
    for n in range(number.size):
        if uniform(key, number[n], 0) < chance[sku[n]] * factor[n]:
            lag = median_days * math.exp(sd * normal(key, number[n], 1))
            out[n] = min(limit, max(1, int(lag + 0.5)))
    return out
