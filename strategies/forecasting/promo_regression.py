"""Demand is a SKU's level x weekday x promotion multiple; the multiple is learnt from all SKUs together.

For SKU k on day t:  E[units] = level_k * weekday_t * m_t,  with

    m = (1 - s + (s + rho o) exp(e cut + g feast + v saving)) * exp(b waiting + a afterwards + p presale)

- s: share of the day's usual orders that falls into the hours in which a campaign runs
- cut = -log(1 - markdown); feast = log(1 + 4 ritual); saving = -log(1 - save / spend) of a threshold rule
- o: on the day a campaign opens, feast / log 5: the rush of the first hours, worth rho ordinary days [rush]
- waiting: deepest cut that starts within the next week; afterwards: the same looking back, fading over a
  week; presale: feast of the campaign whose deposit window is open
- [e, g, v, log rho, b, a, p]: Gauss-Newton on the quasi-Poisson likelihood with day-to-day overdispersion and
  a Gaussian prior, so with few promotions in the history the prior speaks: e 2.6 +- 1 (Bijmolt, van Heerde &
  Pieters 2005), dips -0.4 +- 0.4 (van Heerde, Leeflang & Wittink 2000), festivals 3-15 x.
- level: exponentially weighted units per hour on the shelf (a day sold out counts for its open hours)
- what the regression misses on campaign days is carried over to coming days of about the same multiple: for all
  SKUs together, then for each SKU, both drawn towards 1 (gamma-Poisson shrinkage).

Whatever else comes with every campaign (an extra cut, messages) is learnt into its multiple.
Sample paths carry five sources of doubt: the coefficients, the level and its drift, a day shock shared by all SKUs,
and Gamma noise with the variance of a negative binomial.

Source: SCAN*PRO (Wittink et al. 1988; van Heerde et al. 2002); penalised scoring, McCullagh & Nelder 1989.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Bools, Floats, Forecast, Forecaster, Info, Ints, View
from strategies.forecasting._promotions import (
    PRIOR_MEAN, PRIOR_SD, Calendar, baseline, calendar_of, fit_lift, multiple, pool, similar_days,
)  # fmt: skip
from strategies.forecasting._shared import hour_shares


@dataclass
class PromoRegression(Forecaster):
    """Pooled promotion regression with joint sample paths."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 400
    half_life_days: float = 14.0
    """In which a past day's weight for the level halves."""
    event_variance: float = 0.06
    """Relative variance of a single campaign day around the regression; more = slower to learn."""
    rush_share: float = 0.25
    """Share of a festival's first day that is taken to fall right after the start."""
    opening_cover_days: float = 21.0
    """Before the first sale: days for which the opening stock is taken to last."""
    drift_per_root_day: float = 0.02
    """Log standard deviation by which a SKU's level moves in a day."""
    samples: int = 64
    """Sample paths [S]; fewer (at least 28) where SKUs x cities x days x S would pass 4 million."""

    def forecast(self, view: View, horizon_days: int, rng: np.random.Generator) -> Forecast:
        """Fit the multiples on the history, then draw joint paths."""
        days = min(view.sold.shape[-1], self.memory_days)
        calendar = calendar_of(view, days, horizon_days)
        if days:
            fit = _Fit.of(view, days, calendar, self.half_life_days, self.event_variance)
        else:
            fit = _Fit.unknown(view, horizon_days, self.opening_cover_days, self.event_variance)
        paths = self._paths(fit, calendar, days, view.day, rng)
        return Forecast(paths, hour_shares(view, horizon_days, self.rush_share))

    def _paths(self, fit: _Fit, calendar: Calendar, days: int, day: int, rng: np.random.Generator) -> Floats:
        """(S, K, C, H) joint paths: mean structure per SKU and day first, then cities and noise."""
        skus, cities = fit.city.shape
        ahead = calendar.part(slice(days, None))
        horizon = ahead.share.shape[1]
        s = max(min(self.samples, 4_000_000 // (skus * cities * horizon)), min(self.samples, 28))
        log_mean, slope = multiple(ahead, fit.theta)
        doubt = slope @ np.linalg.cholesky(fit.covariance)  # (P, H, 7): log error per unit normal
        error = np.moveaxis(doubt @ rng.standard_normal((len(fit.theta), s)), -1, 0)
        lift = np.exp(np.clip(log_mean - 0.5 * (doubt**2).sum(axis=-1) + error, -4.0, 3.5))
        lift *= fit.weekday[(day + np.arange(horizon)) % 7]
        running = ahead.share.max(axis=0) > 0
        variance = np.where(running, max(fit.campaign_variance, fit.day_variance), fit.day_variance)
        lift *= _lognormal(rng, np.sqrt(variance), (s, 1, horizon))
        level = fit.level * _lognormal(rng, fit.level_sd, (s, skus))
        drift = self.drift_per_root_day * np.cumsum(rng.standard_normal((s, skus, horizon)), axis=-1)
        lift = lift[:, calendar.code] * fit.correction
        lift *= np.exp(drift - 0.5 * self.drift_per_root_day**2 * np.arange(1, horizon + 1))
        joint = (level[..., None] * lift)[:, :, None]  # (S, K, 1, H)
        mean = joint.mean(axis=0) * fit.city[..., None]
        shape = mean / (1.0 + fit.own_variance * mean) + 1e-9
        paths = rng.standard_normal((s, *mean.shape))  # Wilson & Hilferty: cube of a normal is a Gamma
        paths *= 1.0 / (3.0 * np.sqrt(shape))
        paths += 1.0 - 1.0 / (9.0 * shape)
        np.maximum(paths, 0.0, out=paths)
        paths *= paths * paths
        paths *= fit.city[..., None] / np.maximum(paths.mean(axis=0), 1e-12)
        paths *= joint
        return paths


@dataclass
class _Fit:
    """What was learnt from the history."""

    theta: Floats
    covariance: Floats
    weekday: Floats
    """(7,) factor of day mod 7."""
    level: Floats
    """(K,) units on an ordinary day, all cities."""
    level_sd: Floats
    """(K,) log standard deviation of the level."""
    city: Floats
    """(K, C) shares."""
    day_variance: float
    """Relative variance that all SKUs share on a day."""
    campaign_variance: float
    """The same on a campaign day."""
    own_variance: float
    """Relative variance of a SKU's day beyond that and beyond Poisson."""

    correction: Floats
    """(K, H) what campaign days of about the same multiple sold beside the regression, by coming day."""

    @classmethod
    def unknown(cls, view: View, horizon: int, cover_days: float, event_variance: float) -> _Fit:
        """Before the first sale: opening stock says how much, the prior says the rest."""
        level = view.on_hand.sum(axis=1) / cover_days
        city = np.tile(view.shop.city_share, (len(level), 1))
        covariance, doubt = np.diag(np.square(PRIOR_SD)), np.full(len(level), 0.4)
        flat = np.ones((len(level), horizon))
        return cls(np.array(PRIOR_MEAN), covariance, np.ones(7), level, doubt, city, 0.02, event_variance, 0.1, flat)

    @classmethod
    def of(cls, view: View, days: int, calendar: Calendar, half_life: float, event_variance: float) -> _Fit:
        """Fit level, weekday, multiples and noise on the last `days` days."""
        sold = view.sold[..., view.sold.shape[-1] - days :]
        units = sold.sum(axis=1).astype(np.float64)  # (K, days)
        hours = view.stockout_hours[..., view.stockout_hours.shape[-1] - days :].mean(axis=1)
        open_share = np.clip(1.0 - hours / 24.0, 0.0, 1.0)
        past, code = calendar.part(slice(0, days)), calendar.code
        touched = past.touched
        weight = np.where(touched, 0.05, 1.0)
        total = pool(units, code, len(touched))
        theta = np.array(PRIOR_MEAN)
        for _ in range(2 if touched.any() else 1):  # the second time with the multiples that were found
            lift = np.exp(multiple(past, theta)[0])
            expected, weekday = baseline(view.day, units, open_share, code, lift, weight)
            theta, covariance = fit_lift(past, touched, total, expected, event_variance)
        log_mean = multiple(calendar, theta)[0]  # (P, days + H)
        lift = np.exp(log_mean[:, :days])
        day_variance = _overdispersion(total.sum(axis=0), expected.sum(axis=0), ~touched.any(axis=0), 0.003)
        running = past.share > 0
        off = (total[running] / np.maximum(expected[running] * lift[running], 1e-9)).clip(0, 4) - 1
        campaign = (np.square(off).sum() + 6.0 * event_variance) / (len(off) + 6.0)  # prior worth six days
        factor = lift * weekday[(view.day - days + np.arange(days)) % 7]
        age = 0.5 ** (np.arange(days, 0, -1) / half_life)
        rate_weight = (weight * age)[code]
        exposure = (rate_weight * open_share * factor[code]).sum(axis=1)
        seen = (rate_weight * units).sum(axis=1)
        pooled = seen.sum() / max(exposure.sum(), 1e-9)
        level = (seen + 0.1 * pooled) / (exposure + 0.1)
        own_base = _own_base(units, open_share * factor[code], (weight * np.ones(days))[code])
        mean = level[:, None] * factor[code] * open_share
        own = _overdispersion(units, mean, (age > 0.1) & ~touched[code], 0.02 + day_variance) - day_variance
        fix = similar_days(units, own_base * factor[code] * open_share, log_mean, running, calendar, own)
        mixed = (sold @ age) + 1e-9
        share = mixed.sum(axis=0) + 20.0 * view.shop.city_share
        share /= share.sum()
        city = (mixed + 5.0 * share) / (mixed.sum(axis=1, keepdims=True) + 5.0)
        level_sd = np.sqrt(0.04**2 + 1.0 / (seen + 4.0))
        return cls(theta, covariance, weekday, level, level_sd, city, day_variance, campaign, own, fix)


def _own_base(units: Floats, exposure: Floats, weight: Floats) -> Floats:
    """(K, days) each SKU's own level through time: units per exposure, smoothed both ways over quiet days."""
    days = units.shape[1]
    fade = 0.93 ** np.abs(np.subtract.outer(np.arange(days), np.arange(days)))
    total = (weight * units).sum(axis=1, keepdims=True) / ((weight * exposure).sum(axis=1, keepdims=True) + 1e-9)
    return np.asarray(((weight * units) @ fade + total) / ((weight * exposure) @ fade + 1.0))


def _overdispersion(units: Floats, mean: Floats, use: Bools, least: float) -> float:
    """Relative variance beyond Poisson by moments: sum((y - m)^2 - m) / sum(m^2), in [least, 1]."""
    y, m = units[use], mean[use]
    square = float((m**2).sum())
    if square <= 0.0:
        return max(least, 0.05)
    return float(np.clip((((y - m) ** 2).sum() - m.sum()) / square, least, 1.0))


def _lognormal(rng: np.random.Generator, sd: Floats | float, shape: tuple[int, ...]) -> Floats:
    """Lognormal shocks of mean 1."""
    return np.asarray(np.exp(rng.standard_normal(shape) * sd - 0.5 * np.square(sd)))
