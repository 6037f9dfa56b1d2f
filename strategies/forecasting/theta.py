"""The theta method: exponential smoothing with half the slope of the straight line as drift.

Each series is divided by its weekday factors, smoothed with the alpha (of a grid) of least squared one-step error, and
carried on as

    y(n + h) = l + b / 2 * (h - 1 + 1 / alpha - (1 - alpha)^n / alpha)

with [b] the least-squares slope over time and [l] the level after n days. Sample paths add errors of whole past days,
summed as smoothing lets them stay (alpha of each error remains in the level). Knows no campaigns.

Source: Assimakopoulos & Nikolopoulos 2000; in this form Hyndman & Billah 2003.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Floats, Forecast, Forecaster, Info, View
from strategies.forecasting._shared import hour_shares

ALPHAS = np.array([0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99])
"""Grid of smoothing rates."""
WEEK = 7


@dataclass
class Theta(Forecaster):
    """Smoothing with drift, deseasonalised by weekday."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 84
    samples: int = 64
    """Sample paths [S]."""

    def forecast(self, view: View, horizon_days: int, rng: np.random.Generator) -> Forecast:
        """Theta line and resampled errors."""
        past = np.moveaxis(view.sold[..., -self.memory_days :], -1, 0).astype(np.float64)  # (days, K, C)
        n, shares = len(past), hour_shares(view, horizon_days)
        if n < 2:
            mean = past.mean(axis=0) if n else np.zeros(view.sold.shape[:2])
            shape = (self.samples, *mean.shape, horizon_days)
            return Forecast(np.ascontiguousarray(np.broadcast_to(mean[..., None], shape)), shares)
        factor = _weekdays(past)
        plain = past / factor[np.arange(n) % WEEK]
        alpha = best_alpha(plain)
        level, errors = smoothed(plain, alpha)
        line = carry_on(plain, alpha, level, horizon_days)  # (H, K, C)
        recent = errors[1:][-56:]
        recent = recent - recent.mean(axis=0)
        pick = rng.integers(len(recent), size=(horizon_days, self.samples))
        paths = np.empty((self.samples, *alpha.shape, horizon_days))
        stayed = np.zeros((self.samples, *alpha.shape))
        for h in range(horizon_days):
            e = recent[pick[h]]
            np.maximum((line[h] + stayed + e) * factor[(n + h) % WEEK], 0.0, out=paths[..., h])
            stayed += alpha * e
        return Forecast(paths, shares)


def _weekdays(past: Floats) -> Floats:
    """(7, K, C) factor of each day counted from the first, pooled over cities; 1 with less than two weeks."""
    weeks = len(past) // WEEK
    if weeks < 2:
        return np.ones((WEEK, *past.shape[1:]))
    total = past[len(past) - weeks * WEEK :].sum(axis=-1).reshape(weeks, WEEK, -1).sum(axis=0) + 1.0  # (7, K)
    factor = np.roll(total / total.mean(axis=0), len(past) % WEEK, axis=0)
    return np.asarray(np.repeat(factor[..., None], past.shape[-1], axis=-1))


def smoothed(y: Floats, alpha: Floats) -> tuple[Floats, Floats]:
    """Level after the last day and one-step errors (days, ...), starting from the first value."""
    level, errors = y[0] + np.zeros(np.broadcast_shapes(y[0].shape, alpha.shape)), []
    for value in y:
        e = value - level
        errors.append(e)
        level = level + alpha * e
    return level, np.array(errors)


def best_alpha(y: Floats) -> Floats:
    """(...) the rate of `ALPHAS` with the least squared one-step errors of `y` (days, ...)."""
    loss = np.zeros((len(ALPHAS), *y.shape[1:]))
    for n, alpha in enumerate(ALPHAS):
        level = y[0].copy()
        for value in y[1:]:
            e = value - level
            loss[n] += e * e
            level += alpha * e
    return np.asarray(ALPHAS[loss.argmin(axis=0)])


def carry_on(y: Floats, alpha: Floats, level: Floats, horizon: int) -> Floats:
    """(H, ...) the theta line after `y` (days, ...)."""
    n = len(y)
    time = np.arange(n) - (n - 1) / 2.0
    slope = np.tensordot(time, y, axes=(0, 0)) / (time**2).sum()
    steps = np.arange(horizon).reshape(-1, *[1] * alpha.ndim)
    return np.asarray(level + 0.5 * slope * (steps + (1.0 - (1.0 - alpha) ** n) / alpha))
