"""What several forecasters need: hour profiles, noise, whole days drawn again."""

from __future__ import annotations

import functools
import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from sim.contracts import Floats, View

HOUR_DAYS = 28
"""Past days that an hour profile is taken from."""
_LEVELS = 1 << 16
_PER_WORD = 4
_PART = 1 << 15
_TOGETHER = 8


@functools.cache
def _scores() -> NDArray[np.float32]:
    """(65,536,) the normal's quantiles at the middles of as many equal parts."""
    inverse = NormalDist().inv_cdf
    below = np.array([inverse((n + 0.5) / _LEVELS) for n in range(_LEVELS // 2)], np.float32)
    return np.concatenate((below, -below[::-1]))


def normals(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float32]:
    """Standard normal noise of 65,536 levels up to 4.3, four of them from 64 random bits.

    Less than half the time of `rng.standard_normal`, which is most of what such a forecast costs otherwise.
    """
    size, scores = math.prod(shape), _scores()
    levels = rng.integers(0, 1 << 64, -(-size // _PER_WORD), dtype="<u8").view("<u2")
    out = np.empty(size, np.float32)
    for begin in range(0, size, _PART):  # in parts that stay in the caches, as new memory costs more than what is done
        end = min(size, begin + _PART)
        scores.take(levels[begin:end], out=out[begin:end], mode="clip")
    return out.reshape(shape)


def hour_profile(view: View) -> Floats:
    """(24,) share of orders by hour lately, with one order an hour added so that no hour is impossible."""
    counts = view.orders_by_hour[:, -HOUR_DAYS:].sum(axis=1) + 1.0
    return np.asarray(counts / counts.sum())


def hour_shares(view: View, horizon: int, rush: float = 0.25) -> Floats:
    """(H, 24) recent hour profile; a festival's first day puts `rush` x ritual right after the start."""
    shares = np.tile(hour_profile(view), (horizon, 1))
    for c in view.campaigns:
        ahead = int(np.floor(c.start_day)) - view.day
        if 0 <= ahead < horizon and c.ritual > 0:
            hour = int((c.start_day % 1.0) * 24 + 1e-6)  # 20:00 as a share of a day is not exact
            after = np.where(np.arange(24) >= hour, shares[ahead], 0.0)
            after = 0.5 * after / after.sum() + 0.5 * (np.arange(24) == hour)
            extra = rush * min(c.ritual, 1.0)
            shares[ahead] = (1.0 - extra) * shares[ahead] + extra * after
    return shares


def gamma_paths(
    mean: Floats, relative_variance: Floats | float, samples: int, rng: np.random.Generator, scale: Floats | None = None
) -> Floats:
    """(S, ...) Gamma noise of variance m + v m^2 around `mean`, scaled so that the mean of the paths is exactly `mean`,
    or `scale`.

    The continuous stand-in for a negative binomial; the cube of a normal is nearly a Gamma (Wilson & Hilferty 1931).
    """
    shape = mean / (1.0 + relative_variance * mean) + 1e-9
    spread, centre = (1.0 / (3.0 * np.sqrt(shape))).astype(np.float32), (1.0 - 1.0 / (9.0 * shape)).astype(np.float32)
    noise, total = normals((samples, *mean.shape), rng), np.zeros(mean.shape)
    paths, square = np.empty(noise.shape), np.empty((_TOGETHER, *mean.shape), np.float32)
    for begin in range(0, samples, _TOGETHER):  # some paths stay in the caches
        part, into = noise[begin : begin + _TOGETHER], paths[begin : begin + _TOGETHER]
        part *= spread
        part += centre
        np.maximum(part, 0.0, out=part)
        np.multiply(part, part, out=square[: len(part)])
        np.multiply(part, square[: len(part)], out=into)
        total += into.sum(axis=0)
    paths *= (mean if scale is None else scale) / np.maximum(total / samples, 1e-12)
    return paths


def event_days(view: View, days: int) -> Floats:
    """(K, days + 60) 1 on promo days (a markdown or a ritual in the own calendar), the last `days` days first."""
    event = (view.depth > 0) | (view.ritual > 0)
    return event[:, event.shape[1] - 60 - days :].astype(np.float64)
