"""A random draw as a pure function of (key, entity, draw); the key holds seed, stream and day.

SplitMix64's finaliser over a Weyl combination of entity and draw number (Steele, Lea & Flood 2014):
about 2 ns a draw, stateless, so common random numbers cost nothing.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

_WEYL_ENTITY = np.uint64(0x9E3779B97F4A7C15)
_WEYL_DRAW = np.uint64(0xD1B54A32D192ED03)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_TO_UNIT = 1.0 / (1 << 53)


@njit(cache=True, inline="always")
def bits(key, entity, draw):
    """64 random bits."""
    z = key + np.uint64(entity) * _WEYL_ENTITY + np.uint64(draw) * _WEYL_DRAW
    z = (z ^ (z >> _S30)) * _M1
    z = (z ^ (z >> _S27)) * _M2
    return z ^ (z >> _S31)


@njit(cache=True, inline="always")
def uniform(key, entity, draw):
    """A uniform in the open interval (0, 1)."""
    return (float(bits(key, entity, draw) >> _S11) + 0.5) * _TO_UNIT


@njit(cache=True, inline="always")
def gumbel(key, entity, draw):
    """A standard Gumbel: the noise whose maximum gives logit choices."""
    return -math.log(-math.log(uniform(key, entity, draw)))


@njit(cache=True, inline="always")
def normal(key, entity, draw):
    """A standard normal (Box-Muller on draws `draw` and `draw + 1`)."""
    radius = math.sqrt(-2.0 * math.log(uniform(key, entity, draw)))
    return radius * math.cos(2.0 * math.pi * uniform(key, entity, draw + 1))


@njit(cache=True, inline="always")
def poisson(mean, u):
    """Poisson quantile at `u` by inversion; meant for small means, capped at 1,000."""
    p = math.exp(-mean)
    total, count = p, 0
    while u > total and count < 1000:
        count += 1
        p *= mean / count
        total += p
    return count


@njit(cache=True)
def uniforms(key: np.uint64, entities: NDArray[np.int64], draw: int) -> NDArray[np.float64]:
    """(n,) uniforms of the entities numbered `entities`."""
    out = np.empty(entities.size)
    for n in range(entities.size):
        out[n] = uniform(key, entities[n], draw)
    return out


@njit(cache=True)
def lognormal_seconds(
    key: np.uint64, entities: NDArray[np.int64], mean: NDArray[np.float64], cv: float
) -> NDArray[np.int64]:
    """(n,) lognormal durations in whole seconds, at least 1, with means `mean` (seconds) and one
    coefficient of variation."""
    variance = math.log1p(cv * cv)
    sd = math.sqrt(variance)
    out = np.empty(entities.size, np.int64)
    for n in range(entities.size):
        value = mean[n] * math.exp(sd * normal(key, entities[n], 0) - 0.5 * variance)
        out[n] = max(1, int(value + 0.5))
    return out
