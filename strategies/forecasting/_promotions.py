"""Promotion multiples: the calendar as regressors, the pooled fit, and the base that they multiply."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from sim.contracts import Bools, CampaignInfo, Floats, Ints, View
from strategies.forecasting._shared import hour_profile

PRIOR_MEAN = (2.6, 0.5, 1.0, -1.2, -0.4, -0.4, 0.15)
PRIOR_SD = (1.0, 0.3, 1.0, 0.5, 0.4, 0.4, 0.15)
"""Of [e, g, v, log rho, b, a, p]: elasticity, ritual, saving, rush, waiting, afterwards, pre-sale."""
WAIT_DAYS, AFTER_DAYS, FADE_DAYS = 7, 14, 7.0
CLOSE = 0.25
"""Log distance of multiples at which a past campaign day counts 61 % of one just like the coming day."""
KEEP_DAYS = 60.0
"""Days after which a past campaign day counts half."""


@dataclass(frozen=True)
class Calendar:
    """Regressors of each distinct promotion pattern (P) and day (T)."""

    code: Ints
    """(K,) pattern of each SKU."""
    share: Floats
    """(P, T) share of the day's usual orders in running hours [s]."""
    opening: Floats
    """(P, T) [o]"""
    offer: Floats
    """(P, T, 3) cut, feast, saving while a campaign runs."""
    side: Floats
    """(P, T, 3) waiting, afterwards, presale on days on which none runs all day."""

    def part(self, days: slice) -> Calendar:
        """The same for some of the days."""
        return dataclasses.replace(
            self, share=self.share[:, days], opening=self.opening[:, days], offer=self.offer[:, days],
            side=self.side[:, days],
        )  # fmt: skip

    @property
    def touched(self) -> Bools:
        """(P, T) days that are not quite ordinary."""
        return np.asarray((self.share > 0) | (np.abs(self.side).max(axis=-1) > 0.02))


def calendar_of(view: View, days: int, horizon: int) -> Calendar:
    """The last `days` and the coming `horizon` days as regressors, from the merchant's calendar of campaigns."""
    first, length = view.day - days, days + horizon
    near = [c for c in view.campaigns if c.end_day > first - AFTER_DAYS and c.start_day < first + length + WAIT_DAYS]
    codes: dict[tuple[bool, ...], int] = {}
    marks = zip(*(c.eligible for c in near), strict=True) if near else iter([()] * len(view.shop.skus))
    code = np.array([codes.setdefault(mark, len(codes)) for mark in marks], np.int64)
    shape = (len(codes), length)
    out = Calendar(code, np.zeros(shape), np.zeros(shape), np.zeros((*shape, 3)), np.zeros((*shape, 3)))
    until = np.concatenate(([0.0], np.cumsum(hour_profile(view))))
    for n, c in enumerate(near):
        mine = np.array([mark[n] for mark in codes])
        _enter(out, mine, c, first, until)
    whole = np.clip(1.0 - out.share, 0.0, 1.0)
    out.side[...] *= whole[..., None]
    return out


def _enter(out: Calendar, mine: Bools, c: CampaignInfo, first: int, until: Floats) -> None:
    """Writes one campaign into the days it touches."""
    day = first + np.arange(out.share.shape[1])
    clock = 24.0 * np.clip(np.stack((c.start_day - day, c.end_day - day)), 0.0, 1.0)
    begin, end = np.interp(clock, np.arange(25.0), until)
    share = np.where(end > begin + 1e-9, end - begin, 0.0)
    on = share > 0
    cut, feast = -np.log1p(-min(c.markdown, 0.95)), np.log1p(4.0 * c.ritual)
    saving = -np.log1p(-min(c.threshold_save / c.threshold_spend, 0.95)) if c.threshold_spend > 0 else 0.0
    wait = (day >= np.floor(c.start_day) - WAIT_DAYS) & (day < np.floor(c.start_day))
    gone = day - np.ceil(c.end_day)
    after = np.where((gone >= 0) & (gone < AFTER_DAYS), np.exp(-np.maximum(gone, 0.0) / FADE_DAYS), 0.0)
    presale = np.zeros(day.size)
    if c.presale_day is not None:
        presale = np.clip(np.minimum(c.start_day, day + 1) - np.maximum(c.presale_day, day), 0.0, 1.0)
    pull = cut + saving
    for p in np.flatnonzero(mine):
        out.share[p] = np.maximum(out.share[p], share)
        out.opening[p] = np.maximum(out.opening[p], (day == np.floor(c.start_day)) * feast / np.log(5.0))
        out.offer[p] = np.maximum(out.offer[p], on[:, None] * np.array([cut, feast, saving]))
        out.side[p] = np.maximum(out.side[p], np.stack((wait * pull, after * pull, presale * feast), axis=1))


def multiple(calendar: Calendar, theta: Floats) -> tuple[Floats, Floats]:
    """(P, T) log of the multiple [m], and (P, T, 7) its slope by each coefficient; any other leading shape likewise."""
    rush = np.exp(theta[3])
    jump = np.exp(np.clip(calendar.offer @ theta[:3], -3.0, 4.0))
    extra = rush * calendar.opening * jump
    m = 1.0 - calendar.share + calendar.share * jump + extra
    slope = np.empty((*m.shape, 7))
    slope[..., :3] = ((m - 1.0 + calendar.share) / m)[..., None] * calendar.offer
    slope[..., 3], slope[..., 4:] = extra / m, calendar.side
    return np.log(m) + np.clip(calendar.side @ theta[4:], -3.0, 3.0), slope


def fit_lift(
    calendar: Calendar, touched: Bools, units: Floats, expected: Floats, variance: float
) -> tuple[Floats, Floats]:
    """Coefficients and their covariance: units ~ expected x multiple, prior N(PRIOR_MEAN, PRIOR_SD).

    Gauss-Newton steps on the penalised quasi-likelihood with Var = m + variance m^2; `touched`, `units` and
    `expected` are (P, T).
    """
    prior, ridge = np.array(PRIOR_MEAN), np.diag(1.0 / np.square(PRIOR_SD))
    theta, information = prior.copy(), ridge
    y, base = units[touched], expected[touched]
    rows = Calendar(calendar.code, calendar.share[touched], calendar.opening[touched], calendar.offer[touched],
                    calendar.side[touched])  # fmt: skip
    for _ in range(12 if y.size else 0):
        log_mean, x = multiple(rows, theta)
        mean = base * np.exp(np.clip(log_mean, -3.0, 4.0)) + 1e-9
        scale = 1.0 / (1.0 + variance * mean)
        information = (x.T * (mean * scale)) @ x + ridge
        step = np.linalg.solve(information, x.T @ ((y - mean) * scale) - ridge @ (theta - prior))
        theta = theta + np.clip(step, -0.5, 0.5)
        if np.abs(step).max() < 1e-4:
            break
    return theta, np.asarray(np.linalg.inv(information), dtype=np.float64)


def baseline(
    day: int, units: Floats, open_share: Floats, code: Ints, lift: Floats, weight: Floats
) -> tuple[Floats, Floats]:
    """What each pattern's days would have sold without promotion (P, days), and weekday factors (7,).

    A two-sided exponential smoother over quiet days; campaign days count little, less their `lift`.
    """
    days = units.shape[1]
    total = pool(units, code, len(lift))
    size = units.mean(axis=1, keepdims=True) + 1e-9
    share = pool(size * open_share, code, len(lift)) / pool(size, code, len(lift))
    fade = 0.93 ** np.arange(days)
    both = np.concatenate((fade[:0:-1], fade))
    kernel = np.lib.stride_tricks.sliding_window_view(both, days)[::-1]  # [i, j] = 0.93 ** |i - j|
    plain = total / lift
    base = ((weight * plain) @ kernel) / ((weight * share) @ kernel + 1e-9)
    today = (day - days + np.arange(days)) % 7
    got = np.bincount(today, (weight * plain).sum(axis=0), 7)
    due = np.bincount(today, (weight * base * share).sum(axis=0), 7)
    prior = due.sum() / days + 1e-9  # one average day
    weekday = (got + prior) / (due + prior)
    weekday /= weekday.mean()
    return base * share * weekday[today], weekday


def similar_days(
    units: Floats, mean: Floats, log_mean: Floats, running: Bools, calendar: Calendar, own_variance: float
) -> Floats:
    """(K, H) what past campaign days sold over what the regression says, for coming days of about the same multiple.

    `units` and `mean` are (K, days), `log_mean` (P, days + H), `running` (P, days). Coming days without a campaign
    get 1. Prior of all SKUs together: half a day; of a SKU: a relative variance of 0.04.
    """
    days = units.shape[1]
    out = np.ones((units.shape[0], log_mean.shape[1] - days))
    age = 0.5 ** (np.arange(days, 0, -1) / KEEP_DAYS)
    for p in range(len(log_mean)):
        on, ahead = np.flatnonzero(running[p]), np.flatnonzero(calendar.share[p, days:] > 0)
        mine = np.flatnonzero(calendar.code == p)
        if not (on.size and ahead.size):
            continue
        distance = np.subtract.outer(log_mean[p, on], log_mean[p, days + ahead]) / CLOSE
        weight = np.exp(-0.5 * distance**2) * age[on, None]  # (n, h)
        y, m = units[np.ix_(mine, on)], mean[np.ix_(mine, on)]
        typical = 0.5 * m.sum() / on.size + 1e-9
        together = (y.sum(axis=0) @ weight + typical) / (m.sum(axis=0) @ weight + typical)  # (h,)
        certain = 1.0 / (1.0 + own_variance * m)
        got, due = (y * certain) @ weight, ((m * certain) @ weight) * together
        out[np.ix_(mine, ahead)] = together * (got + 25.0) / (due + 25.0)
    return np.clip(out, 0.25, 4.0)


def pool(rows: Floats, code: Ints, patterns: int) -> Floats:
    """Sum of the SKUs' rows within each pattern."""
    out = np.zeros((patterns, rows.shape[1]))
    if patterns == 1:
        out[0] = rows.sum(axis=0)
    else:
        np.add.at(out, code, rows)
    return out
