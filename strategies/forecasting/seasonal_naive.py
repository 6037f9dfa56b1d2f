"""The coming week repeats the last one; older weeks only tell how far off that tends to be.

The path is last week's sales of the same weekday, plus the change between two consecutive weeks that
was seen at random in the past (all SKUs and cities of a day together), never below zero.

Source: seasonal naive with bootstrapped residuals, Hyndman & Athanasopoulos, Forecasting: Principles
and Practice (3rd ed.), 5.2 and 5.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Forecast, Forecaster, Info, View


@dataclass
class SeasonalNaive(Forecaster):
    """Same weekday, one week ago."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 56
    samples: int = 64
    """Sample paths [S]."""

    def forecast(self, view: View, horizon_days: int, rng: np.random.Generator) -> Forecast:
        """Last week's day plus a resampled week-on-week change."""
        past = np.moveaxis(view.sold[..., -self.memory_days :], -1, 0).astype(np.float64)  # (days, K, C)
        if len(past) < 7:  # no full week yet: repeat the mean of what there is
            mean = past.mean(axis=0) if len(past) else np.zeros(view.sold.shape[:2])
            past = np.broadcast_to(mean, (7, *mean.shape))
        change = past[7:] - past[:-7] if len(past) > 7 else np.zeros((1, *past.shape[1:]))
        base = past[len(past) - 7 + np.arange(horizon_days) % 7]
        pick = rng.integers(len(change), size=(self.samples, horizon_days))
        paths = np.moveaxis(np.maximum(base + change[pick], 0.0), 1, -1)
        counts = view.orders_by_hour[:, -28:].sum(axis=1) + 1.0
        hours = np.tile(counts / counts.sum(), (horizon_days, 1))
        return Forecast(np.ascontiguousarray(paths), hours)
