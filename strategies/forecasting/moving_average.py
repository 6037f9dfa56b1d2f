"""The coming days look like any of the last few days, drawn whole.

A sample path is a row of past days picked at random (iid bootstrap), all SKUs and cities of a day
together, so the mean is the moving average and what moved together stays together. Knows neither
weekdays nor campaigns.

Source: the mean method, Hyndman & Athanasopoulos, Forecasting: Principles and Practice (3rd ed.), 5.2;
bootstrap, Efron 1979.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Floats, Forecast, Forecaster, Info, View


@dataclass
class MovingAverage(Forecaster):
    """Mean and scatter of the last `window_days` days."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 56
    window_days: int = 28
    """Past days to draw from, at most 56."""
    samples: int = 64
    """Sample paths [S]."""

    def forecast(self, view: View, horizon_days: int, rng: np.random.Generator) -> Forecast:
        """Whole past days, drawn with replacement."""
        window = min(self.window_days, self.memory_days)
        past = np.moveaxis(view.sold[..., -window:], -1, 0)  # (days, K, C)
        if not len(past):
            past = np.zeros((1, *view.sold.shape[:2]), dtype=np.int64)
        pick = rng.integers(len(past), size=(self.samples, horizon_days))
        paths = np.ascontiguousarray(np.moveaxis(past[pick], 1, -1), dtype=np.float64)
        return Forecast(paths, np.tile(_hours(view, window), (horizon_days, 1)))


def _hours(view: View, window: int) -> Floats:
    """(24,) share of orders by hour, with one order an hour added so that no hour is impossible."""
    counts = view.orders_by_hour[:, -window:].sum(axis=1) + 1.0
    return np.asarray(counts / counts.sum())
