"""Takes weather, gift weeks and the Spring Festival out of the history, asks another forecaster, and puts them back.

For each category: log sales = slow base + [c] (15 - Celsius) + [g] gift + [h] holiday, fitted by ridge on what is left
of both sides after the same two-sided smoother (half-life 14 days), promo days left out. `gift` grows evenly over the
three weeks before New Year's Eve; `holiday` is its week. Priors: c 0 +- 0.02 a degree, g 0 +- 0.2 (no history of a
year to learn it from), h log 0.7 +- 0.3. The coming days use the weather forecast of the morning.

Source: weather in retail sales, Steinker, Hoberg & Thonemann 2017; ridge as a Gaussian prior, Hoerl & Kennard 1970.
"""

from __future__ import annotations

import dataclasses
import datetime
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from sim.contracts import Floats, Forecast, Forecaster, Info, Ints, View
from strategies.forecasting._shared import event_days
from strategies.forecasting.promo_regression import PromoRegression

PRIOR_MEAN, PRIOR_SD = np.array([0.0, 0.0, -0.36]), np.array([0.02, 0.2, 0.3])
"""Of [c, g, h]."""
MILD, GIFT_DAYS, HOLIDAY_DAYS = 15.0, 21, 8
NEW_YEAR_EVES = tuple(
    datetime.date.fromisoformat(day)
    for day in ("2020-01-24", "2021-02-11", "2022-01-31", "2023-01-21", "2024-02-09", "2025-01-28", "2026-02-16",
                "2027-02-05", "2028-01-25", "2029-02-12", "2030-02-02", "2031-01-22", "2032-02-10")
)  # fmt: skip
"""Eve of the Chinese New Year, from the calendar; outside these years neither gifts nor the holiday are known."""


@dataclass
class WeatherAware(Forecaster):
    """Weather and gift correction around `base`."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 400
    base: Forecaster = field(default_factory=PromoRegression)
    """Who forecasts from the corrected sales: a name or `{use: name, ...}`."""
    samples: int | None = None
    """Sample paths [S]; the inner forecaster's own where none is given."""

    def forecast(self, view: View, horizon_days: int, rng: np.random.Generator) -> Forecast:
        """The inner forecaster's answer to corrected sales, times the coming days' factors."""
        base = self.base if self.samples is None else dataclasses.replace(self.base, **{"samples": self.samples})
        category = np.unique(np.array(view.shop.category), return_inverse=True)[1]
        days = min(view.sold.shape[-1], self.memory_days)
        past = regressors(view, -days, days, view.celsius[:, view.celsius.shape[1] - days :])
        old, recent = np.split(view.sold, [view.sold.shape[-1] - days], axis=-1)
        use = 1.0 - event_days(view, days)[:, :days]
        fitted = fit(recent, category, past, use)
        plain = recent / np.exp(_effect(past, fitted))[category]
        sold = np.concatenate((old, np.rint(plain).astype(np.int64)), axis=-1)
        sold.flags.writeable = False
        inner = base.forecast(dataclasses.replace(view, sold=sold), horizon_days, rng)
        ahead = _effect(regressors(view, 0, horizon_days, view.weather[:, :horizon_days]), fitted)
        return Forecast(inner.paths * np.exp(ahead)[category], inner.hour_shares)


def regressors(view: View, first: int, days: int, celsius: Floats) -> Floats:
    """(C, days, 3) cold, gift and holiday, from `first` days after today."""
    out = np.zeros((*celsius.shape, 3))
    out[..., 0] = MILD - celsius
    for eve in NEW_YEAR_EVES:
        left = (eve - view.date).days - first - np.arange(days)
        ramp = np.where((left > 0) & (left <= GIFT_DAYS), (GIFT_DAYS + 1.0 - left) / GIFT_DAYS, 0.0)
        out[..., 1] += ramp
        out[..., 2] += (left <= 0) & (left > -HOLIDAY_DAYS)
    return out


def fit(sold: Ints, category: Ints, x: Floats, use: Floats) -> Floats:
    """(J, 3) coefficients of each category from sales (K, C, D), regressors (C, D, 3) and usable days (K, D)."""
    number, days = int(category.max()) + 1, sold.shape[-1]
    out = np.tile(PRIOR_MEAN, (number, 1))
    if days < 28:
        return out
    fade = 0.5 ** (np.abs(np.subtract.outer(np.arange(days), np.arange(days))) / 14.0)
    for j in range(number):
        mine = category == j
        y = sold[mine].sum(axis=0).astype(np.float64)  # (C, D)
        w = use[mine].min(axis=0) * np.ones_like(y)
        if w[0].sum() < 14:
            continue
        weight = w @ fade + 1e-9
        left = np.log((y + 1.0) / (((w * y) @ fade) / weight + 1.0))
        away = x - np.einsum("cdr,de->cer", w[..., None] * x, fade) / weight[..., None]
        certain = w * y / (1.0 + 0.01 * y)  # Poisson, and 10 % from day to day
        gain = np.einsum("cd,cdr,cds->rs", certain, away, away) + np.diag(1.0 / PRIOR_SD**2)
        pull = np.einsum("cd,cdr->r", certain, away * left[..., None]) + PRIOR_MEAN / PRIOR_SD**2
        out[j] = np.linalg.solve(gain, pull)
    return out


def _effect(x: Floats, coefficients: Floats) -> Floats:
    """(J, C, D) log factor of each category, within a factor of 5."""
    return np.asarray(np.clip(np.einsum("cdr,jr->jcd", x, coefficients), -1.6, 1.6))
