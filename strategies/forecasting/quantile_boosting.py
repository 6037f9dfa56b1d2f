"""Gradient-boosted quantiles of a day's sales over the SKU's recent level, learnt from all SKUs and cities together.

Target: units / level, with the level of the four weeks up to the origin. Features: horizon, weekday, markdown, ritual,
days to the next and since the last campaign, last week over the level, the level itself. One LightGBM model a quantile,
trained on origins of the past; the paths read the quantiles at uniforms of which half is shared by all series of a day
(a Gaussian copula). Needs `pip install peakshift[boosting]`. Trains anew every morning: about a second a day, so for
single runs rather than tournaments.

Source: LightGBM (Ke et al. 2017) with pinball loss, as in the winning M5 entries (Makridakis et al. 2022).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sim.contracts import Floats, Forecast, Forecaster, Info, Ints, View
from strategies.forecasting._shared import hour_shares, normals

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
WEEKS4 = 28


@dataclass
class QuantileBoosting(Forecaster):
    """Pooled boosted quantiles."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 210
    trees: int = 60
    """Boosting rounds of each quantile."""
    most_rows: int = 12_000
    """Training rows, evenly thinned above that."""
    shared: float = 0.5
    """Correlation of the series of a day."""
    samples: int = 64
    """Sample paths [S]."""

    def forecast(self, view: View, horizon_days: int, rng: np.random.Generator) -> Forecast:
        """Trains on past origins, then reads the coming days' quantiles at correlated uniforms."""
        try:
            import lightgbm  # an optional extra that most runs do without
        except ImportError:
            raise ImportError("quantile_boosting needs LightGBM: pip install 'peakshift[boosting]'") from None
        days = min(view.sold.shape[-1], self.memory_days)
        sold = view.sold[..., view.sold.shape[-1] - days :].astype(np.float64)
        shape, shares = (*sold.shape[:2], horizon_days), hour_shares(view, horizon_days)
        if days < WEEKS4 + 14:  # too little to train on: the mean of what there is
            mean = sold.mean(axis=-1) if days else np.zeros(shape[:2])
            return Forecast(np.ascontiguousarray(np.broadcast_to(mean[..., None], (self.samples, *shape))), shares)
        calendar = _calendar(view, days)
        origins = np.arange(WEEKS4, days, max(1, (days - WEEKS4) // 24))
        parts = [_rows(sold, calendar, o, np.arange(o, min(o + 14, days)), view.day - days) for o in origins]
        x = np.concatenate([p[0] for p in parts])
        y = np.concatenate([p[1] for p in parts])
        step = -(-len(x) // self.most_rows)
        now, _, level = _rows(sold, calendar, days, days + np.arange(horizon_days), view.day - days)
        terms: dict[str, Any] = {"objective": "quantile", "verbosity": -1, "num_threads": 1, "deterministic": True,
                                 "force_row_wise": True, "num_leaves": 15, "learning_rate": 0.1, "seed": 1}  # fmt: skip
        answers = []
        for alpha in LEVELS:
            data = lightgbm.Dataset(x[::step], y[::step])
            answers.append(lightgbm.train(terms | {"alpha": alpha}, data, self.trees).predict(now))
        table = np.sort(np.maximum(np.array(answers), 0.0), axis=0) * level
        z = math.sqrt(self.shared) * rng.standard_normal((self.samples, 1, 1, horizon_days))
        z = z + math.sqrt(1.0 - self.shared) * normals((self.samples, *shape), rng)
        return Forecast(_read(table.reshape(len(LEVELS), *shape), z), shares)


def _calendar(view: View, days: int) -> Floats:
    """(K, days + 60, 4) markdown, ritual, days to the next event and since the last (at most 14)."""
    depth = view.depth[:, view.depth.shape[1] - 60 - days :]
    ritual = np.broadcast_to(view.ritual[view.ritual.size - 60 - days :], depth.shape)
    event = (depth > 0) | (ritual > 0)
    near = []
    for e in (event[:, ::-1], event):
        count = np.full(depth.shape, 14.0)
        left = np.full(len(depth), 14.0)
        for t in range(depth.shape[1]):
            left = np.where(e[:, t], 0.0, np.minimum(left + 1.0, 14.0))
            count[:, t] = left
        near.append(count)
    return np.stack((depth, ritual, near[0][:, ::-1], near[1]), axis=-1)


def _rows(sold: Floats, calendar: Floats, origin: int, target: Ints, first: int) -> tuple[Floats, Floats, Floats]:
    """Features (n, 8), target over level (n,) (zeros beyond the history) and level (n,), n = K x C x days."""
    skus, cities, days = sold.shape
    level = sold[..., origin - WEEKS4 : origin].mean(axis=-1) + 0.1
    week = sold[..., origin - 7 : origin].mean(axis=-1) / level
    shape = (skus, cities, len(target))
    parts = [np.broadcast_to(calendar[:, None, target, n], shape) for n in range(4)]
    parts += [np.broadcast_to(target - origin, shape), np.broadcast_to((first + target) % 7, shape)]
    parts += [np.broadcast_to(week[..., None], shape), np.broadcast_to(level[..., None], shape)]
    x = np.stack(parts, axis=-1).reshape(-1, 8).astype(np.float64)
    known = sold[..., target[target < days]] if (target < days).all() else np.zeros(shape)
    base = np.broadcast_to(level[..., None], shape).ravel()
    return x, known.ravel() / base, base


def _read(table: Floats, z: Floats) -> Floats:
    """(S, ...) values of the quantiles (5, ...) at standard normals, straight between and beyond them, at least 0."""
    knots = (-1.6449, -0.6745, 0.0, 0.6745, 1.6449)
    slot = np.clip(np.searchsorted(knots, z) - 1, 0, 3)
    left, right = np.take(knots, slot), np.take(knots, slot + 1)
    low = np.take_along_axis(table, slot, axis=0)
    high = np.take_along_axis(table, slot + 1, axis=0)
    return np.asarray(np.maximum(low + (z - left) / (right - left) * (high - low), 0.0))
