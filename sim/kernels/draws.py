"""A random draw as a pure function of (key, entity, draw); the key holds seed, stream and day.

SplitMix64's finaliser over a Weyl combination of entity and draw number (Steele, Lea & Flood 2014):
about 2 ns a draw, stateless, so common random numbers cost nothing.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

import sim.kernels.cache  # noqa: F401  # before the first kernel is compiled
from sim.kernels.instructions import fma

_WEYL_ENTITY = np.uint64(0x9E3779B97F4A7C15)
_WEYL_DRAW = np.uint64(0xD1B54A32D192ED03)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S33, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(33), np.uint64(11)
_TO_UNIT = 1.0 / (1 << 53)
_LEAST = np.int64(1)
_F, _I, _U = np.float32, np.int32, np.uint32
_ONE, _HALF, _LN2 = _F(1.0), _F(0.5), _F(0.6931471805599453)
_L0, _L1, _L2, _L3 = _F(1.44269643), _F(-0.72136404), _F(0.48062915), _F(-0.35935065)
_L4, _L5, _L6 = _F(0.2956336), _F(-0.26950627), _F(0.17212873)
_LOG_LN2 = _F(0.366512920)
"""- log(log 2)"""
_MINUS_LN4 = _F(-1.3862943611198906)
_C0, _C1, _C2, _C3 = _F(-0.9999999891), _F(19.7392045), _F(-64.93911746), _F(85.45013953)
_C4, _C5, _C6 = _F(-60.16763095), _F(25.96759925), _F(-6.528658163)
_E0, _E1, _E2 = _F(1.9875691500e-4), _F(1.3981999507e-3), _F(8.3334519073e-3)
_E3, _E4 = _F(4.1665795894e-2), _F(1.6666665459e-1)


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
def screen(key, first, chance, scale, out):
    """Marks in `out` (n,) for which of the entities `first`.. `uniform(key, entity, 0)` may lie below `chance` x `scale`.

    A bound: all of them, and one in a million more. The leading 31 bits are compared in single precision; they are
    there before the finaliser's last step, and keys of entities in a row need no multiplication.
    """
    most = _F(scale * 2_147_483_648.0 * 1.000001)
    begun = np.uint64(key + np.uint64(first) * _WEYL_ENTITY)
    for n in range(np.uint64(out.size)):
        z = (begun ^ (begun >> _S30)) * _M1
        z = (z ^ (z >> _S27)) * _M2
        out[n] = _F(_I(z >> _S33)) <= chance[np.uint64(first) + n] * most
        begun = np.uint64(begun + _WEYL_ENTITY)


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


@njit(cache=True, inline="always")
def log2(x):
    """Logarithm to base 2 of a positive float32; loops over it become vector code.

    Error below 2e-6 from 2^-25 to 2^25, around 1 a relative one below 1.5e-6: a polynomial of degree 6 through
    Chebyshev's nodes on [1 / sqrt 2, sqrt 2], in Estrin's form, half the latency of Horner's.
    """
    whole = np.float32(x).view(np.int32)
    above = _I(whole - _I(0x3F3504F3))
    f = _F(_I(whole - _I(above & _I(-0x800000))).view(np.float32) - _ONE)
    z = _F(f * f)
    high = fma(_L6, z, fma(_L5, f, _L4))
    p = fma(high, _F(z * z), fma(fma(_L3, f, _L2), z, fma(_L1, f, _L0)))
    return fma(p, f, _F(_I(above >> _I(23))))


@njit(cache=True, inline="always")
def exp32(x):
    """Exponential of a float32, relative error below 3e-6, 0 below -87; loops over it become vector code."""
    x = min(_F(88.0), max(_F(-104.0), x))
    n = _F(np.floor(fma(x, _F(1.4426950408889634), _HALF)))
    r = fma(n, _F(2.12194440e-4), fma(n, _F(-0.693359375), x))
    p = fma(fma(_E0, r, _E1), r, _E2)
    p = fma(fma(fma(p, r, _E3), r, _E4), r, _HALF)
    power = _I(max(_F(-127.0), n))
    scale = _I(_I(power + _I(127)) << _I(23)).view(np.float32)
    return _F(fma(p, _F(r * r), _F(r + _ONE)) * scale)


@njit(cache=True, inline="always")
def normal32(key, entity, draw):
    """`normal` in single precision, error below 1e-5; loops over it become vector code.

    The cosine is a polynomial of degree 6 in the square of the angle through Chebyshev's nodes, error below 2e-8.
    """
    radius = np.sqrt(_F(_MINUS_LN4 * log2(_F(uniform(key, entity, draw)))))
    turn = _F(uniform(key, entity, draw + 1) - 0.5)
    x = _F(turn * turn)
    z = _F(x * x)
    high = fma(_C6, z, fma(_C5, x, _C4))
    return _F(radius * fma(high, _F(z * z), fma(fma(_C3, x, _C2), z, fma(_C1, x, _C0))))


@njit(cache=True, inline="always")
def gumbel32(low, high, alternative):
    """A standard Gumbel from a person's 64 random bits (two words) and an alternative's 32-bit key.

    A bijection of 32 bits between the two words (the finaliser `lowbias32`); 23 bits of resolution, so that
    none is rounded to 0 or 1.
    """
    x = _U(low ^ alternative)
    x = _U(x ^ _U(x >> _U(16)))
    x = _U(x * _U(0x7FEB352D))
    x = _U(x ^ _U(x >> _U(15)))
    x = _U(x ^ high)
    x = _U(x * _U(0x846CA68B))
    x = _U(x ^ _U(x >> _U(16)))
    u = _F(_F(_F(_I(x >> _U(9))) + _HALF) * _F(1.0 / 8_388_608))
    return fma(_F(-_LN2), log2(_F(-log2(u))), _LOG_LN2)


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
    """(n,) lognormal durations in whole seconds, at least 1, with one coefficient of variation and means `mean`
    (seconds): (n,), or (1,) for all.

    Vector code throughout: 4.6 ns a duration, 30 with the double-precision logarithm, cosine and exponential.
    """
    variance, each, size = math.log1p(cv * cv), int(mean.size > 1), np.uint64(entities.size)
    spread, centre = _F(math.sqrt(variance)), _F(-0.5 * variance)
    factor, out = np.empty(entities.size, np.float32), np.empty(entities.size, np.int64)
    for n in range(size):
        factor[n] = exp32(fma(spread, normal32(key, entities[n], 0), centre))
    for n in range(size):
        out[n] = max(_LEAST, np.int64(mean[n * np.uint64(each)] * factor[n] + 0.5))
    return out
