"""Level, damped trend and weekly season, each moved a little by every day's error; future errors look like past ones.

Additive innovations form, for all SKUs and cities at once, with season m = 7:

    y = l + phi b + s(t-m) + e;  l' = l + phi b + alpha e;  b' = phi b + beta e;  s' = s(t-m) + gamma e

A sample path runs the same recursion with the errors of whole past days, drawn at random, so that what moved
together stays together. Knows no campaigns.

Source: ETS(A,Ad,A), Hyndman, Koehler, Ord & Snyder, Forecasting with Exponential Smoothing (2008), ch. 2 and 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Floats, Forecast, Forecaster, Info, View
from strategies.forecasting._shared import hour_shares

WEEK = 7


@dataclass
class ExponentialSmoothing(Forecaster):
    """Damped trend with a weekly season."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 140
    alpha: float = 0.2
    """Share of an error that stays in the level."""
    beta: float = 0.01
    """Share of an error that goes into the trend."""
    gamma: float = 0.05
    """Share of an error that goes into the weekday's season."""
    phi: float = 0.9
    """Share of the trend that is left a day later."""
    error_days: int = 56
    """Past days whose errors are drawn from."""
    samples: int = 64
    """Sample paths [S]."""

    def forecast(self, view: View, horizon_days: int, rng: np.random.Generator) -> Forecast:
        """Smooths the history, then simulates the recursion."""
        past = np.moveaxis(view.sold[..., -self.memory_days :], -1, 0).astype(np.float64)  # (days, K, C)
        shares = hour_shares(view, horizon_days)
        if len(past) < 2 * WEEK:  # no two weeks yet: the mean of what there is
            mean = past.mean(axis=0) if len(past) else np.zeros(view.sold.shape[:2])
            shape = (self.samples, *mean.shape, horizon_days)
            return Forecast(np.ascontiguousarray(np.broadcast_to(mean[..., None], shape)), shares)
        start = past[: 2 * WEEK].mean(axis=0)
        season = past[: 2 * WEEK].reshape(2, WEEK, *start.shape).mean(axis=0) - start
        rates = (self.alpha, self.beta, self.gamma, self.phi)
        level, trend, season, errors = smooth(past, rates, start, np.zeros_like(start), season)
        errors = errors[-self.error_days :]
        errors = errors - errors.mean(axis=0)
        pick = rng.integers(len(errors), size=(horizon_days, self.samples))
        paths = np.empty((self.samples, *start.shape, horizon_days))
        lv, tr = np.tile(level, (self.samples, 1, 1)), np.tile(trend, (self.samples, 1, 1))
        seasons = [np.tile(s, (self.samples, 1, 1)) for s in season]
        for h in range(horizon_days):
            e, tr = errors[pick[h]], self.phi * tr
            np.maximum(lv + tr + seasons[h % WEEK] + e, 0.0, out=paths[..., h])
            lv, tr = lv + tr + self.alpha * e, tr + self.beta * e
            seasons[h % WEEK] = seasons[h % WEEK] + self.gamma * e
        return Forecast(paths, shares)


def smooth(
    y: Floats, rates: tuple[float, float, float, float], level: Floats, trend: Floats, season: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Runs the recursion over `y` (days, ...) from the states before its first day.

    `rates` are alpha, beta, gamma, phi; `season` (m, ...) begins with the first day's. Returns level, trend, the
    season beginning with the next day's, and the one-step errors (days, ...).
    """
    alpha, beta, gamma, phi = rates
    ring, errors, m = season.copy(), np.empty_like(y), len(season)
    for t in range(len(y)):
        ahead = level + phi * trend
        e = y[t] - ahead - ring[t % m]
        level, trend = ahead + alpha * e, phi * trend + beta * e
        ring[t % m] += gamma * e
        errors[t] = e
    return level, trend, np.roll(ring, -(len(y) % m), axis=0), errors
