"""Slow movers: how much a day with demand brings, and how often such days come, are smoothed apart.

For each SKU and city, [z] is the smoothed size of a demand day and [p] the smoothed chance of one:

- `croston`: size and interval are updated on demand days; mean z / interval
- `sba`: the same x (1 - alpha / 2), which takes out Croston's upward bias
- `tsb`: the chance is updated every day, so an article that nobody wants any more fades out; mean p z

Sample paths: a demand day comes with chance p, its size is a Gamma of mean z (times the correction) and the sizes' own
coefficient of variation. Knows neither weekdays nor campaigns.

Source: Croston 1972; Syntetos & Boylan 2005 (sba); Teunter, Syntetos & Babai 2011 (tsb).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Floats, Forecast, Forecaster, Info, View
from strategies.forecasting._shared import gamma_paths, hour_shares

VARIANTS = ("croston", "sba", "tsb")


@dataclass
class Croston(Forecaster):
    """Croston's method and its two common corrections."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 182
    variant: str = "sba"
    """`croston`, `sba` or `tsb`."""
    alpha: float = 0.1
    """Smoothing rate of the size, and of the interval."""
    alpha_chance: float = 0.1
    """Smoothing rate of the chance of a demand day; `tsb` only."""
    samples: int = 64
    """Sample paths [S]."""

    def forecast(self, view: View, horizon_days: int, rng: np.random.Generator) -> Forecast:
        """Occurrences and sizes, independent from day to day."""
        if self.variant not in VARIANTS:
            raise ValueError(f"variant must be one of {', '.join(VARIANTS)}, got {self.variant!r}")
        past = np.moveaxis(view.sold[..., -self.memory_days :], -1, 0).astype(np.float64)
        size, chance = rates(past, self.alpha, self.alpha_chance if self.variant == "tsb" else None)
        if self.variant == "sba":
            size = size * (1.0 - self.alpha / 2.0)
        shape = (*size.shape, horizon_days)
        days = (past > 0).sum(axis=0)
        mean = past.sum(axis=0) / np.maximum(days, 1)
        spread = np.where(past > 0, past - mean, 0.0)
        relative = (spread**2).sum(axis=0) / np.maximum(days, 1) / np.maximum(mean, 1e-9) ** 2
        extra = np.maximum(relative - 1.0 / np.maximum(mean, 1e-9), 0.0)
        sizes = gamma_paths(np.broadcast_to(size[..., None], shape), extra[..., None], self.samples, rng)
        comes = rng.random((self.samples, *shape)) < chance[..., None]
        return Forecast(sizes * comes, hour_shares(view, horizon_days))


def rates(y: Floats, alpha: float, alpha_chance: float | None) -> tuple[Floats, Floats]:
    """Size of a demand day and chance of one, smoothed over `y` (days, ...); the first demand day starts both.

    `alpha_chance` None: the chance is one over the smoothed interval between demand days, as in Croston's method;
    else it is smoothed every day, as in tsb. A series without demand has size and chance 0.
    """
    size, chance = np.zeros(y.shape[1:]), np.zeros(y.shape[1:])
    interval, since = np.zeros(y.shape[1:]), np.ones(y.shape[1:])
    for n, value in enumerate(y):
        hit, fresh = value > 0, (value > 0) & (size == 0)
        size = np.where(fresh, value, np.where(hit, size + alpha * (value - size), size))
        interval = np.where(fresh, since, np.where(hit, interval + alpha * (since - interval), interval))
        since = np.where(hit, 1.0, since + 1.0)
        if alpha_chance is not None:
            chance = hit * 1.0 if n == 0 else chance + alpha_chance * (hit - chance)
    if alpha_chance is None:
        chance = np.divide(1.0, interval, out=np.zeros_like(interval), where=interval > 0)
    return size, chance
