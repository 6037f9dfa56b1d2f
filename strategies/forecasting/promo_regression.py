"""Demand is a SKU's level x weekday x promotion lift; the lift is learnt from all SKUs together.

For SKU k on day t, with public depth [x], ritual strength [r]:

    E[units] = level_k * weekday_t * exp( e * -log(1 - x) + g * log(1 + 4 r) + o * opening
                                          + b * waiting + a * afterwards )

- level: exponentially weighted units per hour on the shelf (a day sold out counts for its open hours)
- opening: log(1 + 4 r) on the first day of a festival
- waiting: deepest log cut within the next week, before it starts; afterwards: the same looking back,
  fading over a week
- e, g, o, b, a: Poisson regression with day-to-day overdispersion and a Gaussian prior (ridge), so
  with few promotions in the history the prior speaks: e 2.6 +- 1 (Bijmolt, van Heerde & Pieters 2005),
  g 0.8 +- 0.4 (festivals 3-15 x), dips -0.4 +- 0.4 (van Heerde, Leeflang & Wittink 2000).

Whatever else comes with every campaign (an extra cut, messages) is learnt into its lift.
Sample paths carry five sources of doubt: the coefficients, the level, a day shock shared by all SKUs,
and Gamma noise with the variance of a negative binomial.

Source: SCAN*PRO (Wittink et al. 1988; van Heerde et al. 2002); penalised IRLS, McCullagh & Nelder 1989.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Bools, Floats, Forecast, Forecaster, Info, Ints, View

PRIOR_MEAN = (2.6, 0.8, 0.2, -0.4, -0.4)
PRIOR_SD = (1.0, 0.4, 0.3, 0.4, 0.4)
"""Of [e, g, o, b, a]: elasticity, ritual, opening, waiting, afterwards."""


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
    samples: int = 64
    """Sample paths [S]; fewer (at least 28) where SKUs x cities x days x S would pass 4 million."""

    def forecast(self, view: View, horizon_days: int, rng: np.random.Generator) -> Forecast:
        """Fit the lift on the history, then draw joint paths."""
        days = min(view.sold.shape[-1], self.memory_days)
        depth = view.depth[:, view.depth.shape[1] - 60 - days :]
        code, depth = _patterns(depth)
        x = features(depth, view.ritual[len(view.ritual) - 60 - days :])  # (P, days + 60, 5)
        ahead = x[:, days : days + horizon_days]
        if days:
            fit = _Fit.of(view, days, code, x[:, :days], self.half_life_days, self.event_variance)
        else:
            fit = _Fit.unknown(view, self.opening_cover_days, self.event_variance)
        paths = self._paths(fit, code, ahead, view.day, rng)
        return Forecast(paths, _hour_shares(view, horizon_days, self.rush_share))

    def _paths(self, fit: _Fit, code: Ints, ahead: Floats, day: int, rng: np.random.Generator) -> Floats:
        """(S, K, C, H) joint paths: mean structure per SKU and day first, then cities and noise."""
        skus, cities = fit.city.shape
        horizon = ahead.shape[1]
        s = max(min(self.samples, 4_000_000 // (skus * cities * horizon)), min(self.samples, 28))
        root = np.linalg.cholesky(fit.covariance)
        doubt = ahead @ root  # (P, H, 5): log-lift error per unit normal
        log_lift = ahead @ fit.theta - 0.5 * (doubt**2).sum(axis=-1)
        lift = np.exp(np.clip(log_lift + np.moveaxis(doubt @ rng.standard_normal((5, s)), -1, 0), -4.0, 3.5))
        lift *= fit.weekday[(day + np.arange(horizon)) % 7]
        running = ahead[..., :2].max(axis=(0, 2)) > 0
        variance = np.where(running, max(fit.campaign_variance, fit.day_variance), fit.day_variance)
        lift *= _lognormal(rng, np.sqrt(variance), (s, 1, horizon))
        level = fit.level * _lognormal(rng, fit.level_sd, (s, skus))
        joint = (level[..., None] * lift[:, code])[:, :, None]  # (S, K, 1, H)
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

    @classmethod
    def unknown(cls, view: View, cover_days: float, event_variance: float) -> _Fit:
        """Before the first sale: opening stock says how much, the prior says the rest."""
        level = view.on_hand.sum(axis=1) / cover_days
        city = np.tile(view.shop.city_share, (len(level), 1))
        covariance, doubt = np.diag(np.square(PRIOR_SD)), np.full(len(level), 0.4)
        return cls(np.array(PRIOR_MEAN), covariance, np.ones(7), level, doubt, city, 0.02, event_variance, 0.1)

    @classmethod
    def of(cls, view: View, days: int, code: Ints, x: Floats, half_life: float, event_variance: float) -> _Fit:
        """Fit level, weekday, lift and noise on the last `days` days."""
        sold = view.sold[..., view.sold.shape[-1] - days :]
        units = sold.sum(axis=1).astype(np.float64)  # (K, days)
        home = np.unique(view.shop.home_warehouse)
        hours = view.stockout_hours[:, home, view.stockout_hours.shape[-1] - days :].mean(axis=1)
        open_share = np.clip(1.0 - hours / 24.0, 0.0, 1.0)
        touched: Bools = np.abs(x).max(axis=-1) > 0.02  # (P, days)
        weight = np.where(touched, 0.05, 1.0)
        total = _pool(units, code, len(x))
        theta = np.array(PRIOR_MEAN)
        for _ in range(2 if touched.any() else 1):  # the second time with the lift that was found
            expected, weekday = _baseline(view, units, open_share, code, x, weight, theta)
            theta, covariance = fit_lift(x[touched], total[touched], expected[touched], event_variance)
        quiet = np.asarray(~touched.any(axis=0))
        day_variance = _overdispersion(total.sum(axis=0), expected.sum(axis=0), quiet, 0.003)
        factor = np.exp(np.clip(x @ theta, -3.0, 4.0)) * weekday[(view.day - days + np.arange(days)) % 7]
        running = x[..., :2].max(axis=-1) > 0
        off = (total[running] / np.maximum(expected[running] * np.exp(x[running] @ theta), 1e-9)).clip(0, 4) - 1
        campaign = (np.square(off).sum() + 6.0 * event_variance) / (len(off) + 6.0)  # prior worth six days
        age = 0.5 ** (np.arange(days, 0, -1) / half_life)
        rate_weight = (weight * age)[code]
        exposure = (rate_weight * open_share * factor[code]).sum(axis=1)
        seen = (rate_weight * units).sum(axis=1)
        pooled = seen.sum() / max(exposure.sum(), 1e-9)
        level = (seen + 0.1 * pooled) / (exposure + 0.1)
        mean = level[:, None] * factor[code] * open_share
        own = _overdispersion(units, mean, (age > 0.1) & ~touched[code], 0.02 + day_variance) - day_variance
        mixed = (sold @ age) + 1e-9
        share = mixed.sum(axis=0) + 20.0 * view.shop.city_share
        share /= share.sum()
        city = (mixed + 5.0 * share) / (mixed.sum(axis=1, keepdims=True) + 5.0)
        level_sd = np.sqrt(0.04**2 + 1.0 / (seen + 4.0))
        return cls(theta, covariance, weekday, level, level_sd, city, day_variance, campaign, own)


def features(depth: Floats, ritual: Floats, wait_days: int = 7, after_days: int = 14) -> Floats:
    """(P, T, 5) regressors of each promotion pattern and day, in the order of `PRIOR_MEAN`."""
    cut = -np.log1p(-np.minimum(depth, 0.95))
    feast = np.log1p(4.0 * ritual)
    opening = np.where(np.concatenate(([0.0], ritual[:-1])) > 0, 0.0, feast)
    waiting, after = np.zeros_like(cut), np.zeros_like(cut)
    for i in range(1, min(wait_days, cut.shape[1] - 1) + 1):
        np.maximum(waiting[:, :-i], cut[:, i:], out=waiting[:, :-i])
    for i in range(1, min(after_days, cut.shape[1] - 1) + 1):
        np.maximum(after[:, i:], cut[:, :-i] * np.exp((1 - i) / 7.0), out=after[:, i:])
    running = (cut > 0) | (feast > 0)
    x = np.zeros((*cut.shape, 5))
    x[..., 0], x[..., 1], x[..., 2] = cut, feast, opening
    x[..., 3], x[..., 4] = np.where(running, 0.0, waiting), np.where(running, 0.0, after)
    return x


def fit_lift(x: Floats, units: Floats, expected: Floats, variance: float) -> tuple[Floats, Floats]:
    """Coefficients and their covariance: units ~ expected x exp(x @ theta), prior N(PRIOR_MEAN, PRIOR_SD).

    Newton steps on the penalised quasi-likelihood with Var = m + variance m^2.
    """
    prior, ridge = np.array(PRIOR_MEAN), np.diag(1.0 / np.square(PRIOR_SD))
    theta = prior.copy()
    information = ridge
    for _ in range(8 if len(x) else 0):
        mean = expected * np.exp(np.clip(x @ theta, -3.0, 4.0)) + 1e-9
        scale = 1.0 / (1.0 + variance * mean)
        information = (x.T * (mean * scale)) @ x + ridge
        slope = x.T @ ((units - mean) * scale) - ridge @ (theta - prior)
        step = np.clip(np.linalg.solve(information, slope), -1.0, 1.0)
        theta = theta + step
        if np.abs(step).max() < 1e-4:
            break
    return theta, np.asarray(np.linalg.inv(information), dtype=np.float64)


def _baseline(
    view: View, units: Floats, open_share: Floats, code: Ints, x: Floats, weight: Floats, theta: Floats
) -> tuple[Floats, Floats]:
    """What each pattern's days would have sold without promotion (P, days), and weekday factors (7,).

    A two-sided exponential smoother over quiet days; campaign days count little, less the lift of `theta`.
    """
    days = units.shape[1]
    total = _pool(units, code, len(x))
    size = units.mean(axis=1, keepdims=True) + 1e-9
    share = _pool(size * open_share, code, len(x)) / _pool(size, code, len(x))
    lift = np.exp(np.clip(x @ theta, -3.0, 4.0))
    fade = 0.93 ** np.arange(days)
    both = np.concatenate((fade[:0:-1], fade))
    kernel = np.lib.stride_tricks.sliding_window_view(both, days)[::-1]  # [i, j] = 0.93 ** |i - j|
    plain = total / lift
    base = ((weight * plain) @ kernel) / ((weight * share) @ kernel + 1e-9)
    today = (view.day - days + np.arange(days)) % 7
    got = np.bincount(today, (weight * plain).sum(axis=0), 7)
    due = np.bincount(today, (weight * base * share).sum(axis=0), 7)
    prior = due.sum() / days + 1e-9  # one average day
    weekday = (got + prior) / (due + prior)
    weekday /= weekday.mean()
    return base * share * weekday[today], weekday


def _patterns(depth: Floats) -> tuple[Ints, Floats]:
    """(K,) pattern of each SKU and (P, T) the distinct depth calendars: most SKUs share one."""
    mark = np.round(depth @ np.cos(np.arange(depth.shape[1])), 9)
    _, first, code = np.unique(mark, return_index=True, return_inverse=True)
    return code, depth[first]


def _pool(rows: Floats, code: Ints, patterns: int) -> Floats:
    """Sum of the SKUs' rows within each pattern."""
    out = np.zeros((patterns, rows.shape[1]))
    if patterns == 1:
        out[0] = rows.sum(axis=0)
    else:
        np.add.at(out, code, rows)
    return out


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


def _hour_shares(view: View, horizon: int, rush: float) -> Floats:
    """(H, 24) recent hour profile; a festival's first day puts `rush` x ritual right after the start."""
    counts = view.orders_by_hour[:, -28:].sum(axis=1) + 1.0
    shares = np.tile(counts / counts.sum(), (horizon, 1))
    for c in view.campaigns:
        ahead = int(np.floor(c.start_day)) - view.day
        if 0 <= ahead < horizon and c.ritual > 0:
            hour = int((c.start_day % 1.0) * 24 + 1e-6)  # 20:00 as a share of a day is not exact
            after = np.where(np.arange(24) >= hour, shares[ahead], 0.0)
            after = 0.5 * after / after.sum() + 0.5 * (np.arange(24) == hour)
            extra = rush * min(c.ritual, 1.0)
            shares[ahead] = (1.0 - extra) * shares[ahead] + extra * after
    return shares
