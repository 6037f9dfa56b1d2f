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
    PRIOR_MEAN,
    PRIOR_SD,
    Calendar,
    baseline,
    calendar_of,
    fit_lift,
    multiple,
    pool,
    similar_days,
)  # fmt: skip
from strategies.forecasting._shared import gamma_paths, hour_shares

WEEK_VARIANCE = 0.02
"""Relative variance of a SKU's week within its category before there are three weeks to learn it from."""
CATEGORY_HALF_LIFE_DAYS = 5.0
"""In which a past day's weight for the level of a category halves."""


@dataclass
class PromoRegression(Forecaster):
    """Pooled promotion regression with joint sample paths."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 400
    half_life_days: float = 30.0
    """In which a past day's weight for a SKU's share of its category halves."""
    event_variance: float = 0.03
    """Relative variance of a single campaign day around the regression; more = slower to learn."""
    rush_share: float = 0.25
    """Share of a festival's first day that is taken to fall right after the start."""
    opening_cover_days: float = 21.0
    """Before the first sale: days for which the opening stock is taken to last."""
    drift_per_root_day: float = 0.02
    """Log standard deviation by which a category's level moves in a day."""
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
        group = rng.standard_normal((s, fit.category.max() + 1, horizon)) * self.drift_per_root_day
        drift = np.cumsum(group, axis=-1) - 0.5 * self.drift_per_root_day**2 * np.arange(1, horizon + 1)
        lift = lift[:, calendar.code] * fit.correction
        lift *= np.exp(drift)[:, fit.category]
        lift *= fit.weeks(rng, s, day, horizon)
        joint = (level[..., None] * lift)[:, :, None]  # (S, K, 1, H)
        mean = joint.mean(axis=0) * fit.city[..., None]
        paths = gamma_paths(mean, fit.own_variance, s, rng, scale=fit.city[..., None])
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
    category: Ints
    """(K,) number of each SKU's category."""
    week_start: int
    """Day mod 7 on which SKUs' favour within their category changes."""
    week_variance: float
    """Relative variance of a SKU's week within its category."""
    week: Floats
    """(K,) this week's favour, mean 1."""
    week_sd: Floats
    """(K,) its log standard deviation."""

    def weeks(self, rng: np.random.Generator, samples: int, day: int, horizon: int) -> Floats:
        """(S, K, H) favour of each SKU: this week's as far as it is known, then a new one every week."""
        number = (day - self.week_start + np.arange(horizon)) // 7 - (day - self.week_start) // 7
        sd = np.sqrt(np.log1p(self.week_variance))
        favour = _lognormal(rng, sd, (samples, number[-1] + 1, len(self.week))).swapaxes(1, 2)
        favour[..., 0] = self.week * _lognormal(rng, self.week_sd, (samples, len(self.week)))
        return np.asarray(favour[..., number])

    @classmethod
    def unknown(cls, view: View, horizon: int, cover_days: float, event_variance: float) -> _Fit:
        """Before the first sale: opening stock says how much, the prior says the rest."""
        level = view.on_hand.sum(axis=1) / cover_days
        city = np.tile(view.shop.city_share, (len(level), 1))
        covariance, doubt = np.diag(np.square(PRIOR_SD)), np.full(len(level), 0.4)
        flat, one = np.ones((len(level), horizon)), np.ones(len(level))
        return cls(
            np.array(PRIOR_MEAN), covariance, np.ones(7), level, doubt, city, 0.02, event_variance, 0.1, flat,
            _categories(view), 0, WEEK_VARIANCE, one, np.sqrt(WEEK_VARIANCE) * one,
        )  # fmt: skip

    @classmethod
    def of(cls, view: View, days: int, calendar: Calendar, half_life: float, event_variance: float) -> _Fit:
        """Fit level, weekday, multiples and noise on the last `days` days."""
        sold = view.sold[..., view.sold.shape[-1] - days :]
        units = sold.sum(axis=1).astype(np.float64)  # (K, days)
        home = np.unique(view.shop.home_warehouse)
        hours = view.stockout_hours[:, home, view.stockout_hours.shape[-1] - days :].mean(axis=1)
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
        quiet = np.asarray(~touched.any(axis=0))
        day_variance = _overdispersion(total.sum(axis=0), expected.sum(axis=0), quiet, 0.003)
        running = past.share > 0
        off = (total[running] / np.maximum(expected[running] * lift[running], 1e-9)).clip(0, 4) - 1
        campaign = (np.square(off).sum() + 6.0 * event_variance) / (len(off) + 6.0)  # prior worth six days
        factor = lift * weekday[(view.day - days + np.arange(days)) % 7]
        age = 0.5 ** (np.arange(days, 0, -1) / half_life)
        category, exposure = _categories(view), open_share * factor[code]
        share, base = _levels(units, exposure, weight[code], age, category)
        mean = share[:, None] * base[category] * exposure
        week_start, week_variance, week, week_sd = _favour(units, mean, category, touched[code], view.day)
        own = _overdispersion(units, mean, (age > 0.1) & ~touched[code], 0.01 + day_variance + week_variance)
        own = max(0.01, own - day_variance - week_variance)
        fix = similar_days(units, mean, log_mean, running, calendar, own + week_variance)
        level = share * base[category, -1]
        seen = (weight[code] * age * units).sum(axis=1)
        mixed = (sold @ age) + 1e-9
        town = mixed.sum(axis=0) + 20.0 * view.shop.city_share
        town /= town.sum()
        city = (mixed + 5.0 * town) / (mixed.sum(axis=1, keepdims=True) + 5.0)
        weeks = (weight[code] * age).sum(axis=1) / 7.0
        level_sd = np.sqrt(0.04**2 + week_variance / (weeks + 1.0) + 1.0 / (seen + 4.0))
        return cls(
            theta, covariance, weekday, level, level_sd, city, day_variance, campaign, own, fix, category,
            week_start, week_variance, week, week_sd,
        )  # fmt: skip


def _categories(view: View) -> Ints:
    """(K,) category of each SKU as a number, in alphabetical order."""
    return np.asarray(np.unique(np.array(view.shop.category), return_inverse=True)[1], dtype=np.int64)


def _levels(units: Floats, exposure: Floats, weight: Floats, age: Floats, category: Ints) -> tuple[Floats, Floats]:
    """(K,) units per exposure of each SKU over the long run, and (J, days) what its category did beside that.

    Within a category SKUs come in and out of favour while the sum stays, so the sum may be followed closely.
    """
    known = weight * age
    rate = _ratio((known * units).sum(axis=1), (known * exposure).sum(axis=1))
    days = units.shape[1]
    got, due = np.zeros((category.max() + 1, days)), np.zeros((category.max() + 1, days))
    np.add.at(got, category, weight * units)
    np.add.at(due, category, weight * exposure * rate[:, None])
    fade = 0.5 ** (np.abs(np.subtract.outer(np.arange(days), np.arange(days))) / CATEGORY_HALF_LIFE_DAYS)
    one_day = due.mean(axis=1, keepdims=True) + 1e-9
    base = (got @ fade + one_day) / (due @ fade + one_day)
    return _ratio((known * units).sum(axis=1), (known * exposure * base[category]).sum(axis=1)), base


def _ratio(got: Floats, due: Floats) -> Floats:
    """Units per exposure, drawn a little towards that of all SKUs."""
    return np.asarray((got + 0.1 * got.sum() / max(due.sum(), 1e-9)) / (due + 0.1))


def _favour(units: Floats, mean: Floats, category: Ints, touched: Bools, day: int) -> tuple[int, float, Floats, Floats]:
    """Weekday on which favour changes, its variance, and this week's (K,) mean and log standard deviation.

    Favour is what a SKU sold beside its category's own day, so shocks of the day fall out. The change of week is
    where two neighbouring days differ most.
    """
    days = units.shape[1]
    total, due = np.zeros((category.max() + 1, days)), np.zeros((category.max() + 1, days))
    np.add.at(total, category, units)
    np.add.at(due, category, mean)
    mean = mean * (total / np.maximum(due, 1e-9))[category] + 1e-9
    weekday = (day - days + np.arange(days)) % 7
    start, variance = 0, WEEK_VARIANCE
    if days >= 21:
        off = np.where(touched, 0.0, units - mean)
        jump = (np.diff(off, axis=1) ** 2 / (mean[:, 1:] + mean[:, :-1] + 1.0)).sum(axis=0)
        start = int(np.bincount(weekday[1:], jump, 7).argmax())
        turn = np.flatnonzero(weekday == start)
        y = np.add.reduceat(np.where(touched, 0.0, units), turn, axis=1)[:, :-1]
        m = np.add.reduceat(np.where(touched, 0.0, mean), turn, axis=1)[:, :-1]
        variance = _overdispersion(y, m, m > 0, 0.0)
    since = min(days, (day - start) % 7)
    doubt = np.where(touched, 0.05, 0.02)[:, days - since :]
    certain = 1.0 / (1.0 + doubt * mean[:, days - since :])
    prior = 1.0 / max(variance, 1e-4)
    got, due_now = (certain * units[:, days - since :]).sum(axis=1), (certain * mean[:, days - since :]).sum(axis=1)
    return start, variance, (got + prior) / (due_now + prior), 1.0 / np.sqrt(due_now + prior)


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
