"""The paths of several forecasters together, more of those that would have done well lately.

Each member is asked what it would have said 7 and 14 days ago, from the history up to then; its weight is one over the
squared CRPS of the seven days that followed, and it gives that share of the sample paths.

Source: linear pool, Stone 1961; inverse-error weights, Bates & Granger 1969.
"""

from __future__ import annotations

import dataclasses
import datetime
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from sim.contracts import Floats, Forecast, Forecaster, Info, View
from strategies.forecasting.exponential_smoothing import ExponentialSmoothing
from strategies.forecasting.last_year import LastYear
from strategies.forecasting.promo_regression import PromoRegression

PAST = ("sold", "stockout_hours", "visits", "orders_by_hour", "prices", "paid", "returned", "arrivals", "finished",
        "late_share", "messages", "rival_index", "celsius")  # fmt: skip
"""Fields of a view whose last axis is past days."""
WEEK = 7


def _members() -> tuple[Forecaster, ...]:
    return PromoRegression(), LastYear(), ExponentialSmoothing()


@dataclass
class Ensemble(Forecaster):
    """A pool of `members`, weighted by skill."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 414
    members: tuple[Forecaster, ...] = field(default_factory=_members)
    """Who is pooled: a list of names or `{use: name, ...}`. Their memory may be up to 400 days."""
    samples: int = 64
    """Sample paths [S] in all."""

    def forecast(self, view: View, horizon_days: int, rng: np.random.Generator) -> Forecast:
        """A share of each member's paths."""
        weight = self._weights(view, rng)
        said = [member.forecast(view, horizon_days, rng) for member in self.members]
        number = np.diff(np.rint(self.samples * np.concatenate(([0.0], np.cumsum(weight)))).astype(int))
        paths = [_some(f.paths, int(n), rng) for f, n in zip(said, number, strict=True)]
        shares = sum(w * f.hour_shares for w, f in zip(weight, said, strict=True))
        return Forecast(np.concatenate(paths), np.asarray(shares))

    def _weights(self, view: View, rng: np.random.Generator) -> Floats:
        """(members,) shares that sum to 1; equal while there are no four weeks to look back on."""
        equal = np.full(len(self.members), 1.0 / len(self.members))
        if view.day < 28:
            return equal
        loss = np.zeros(len(self.members))
        for back in (WEEK, 2 * WEEK):
            then = earlier(view, back)
            truth = view.sold[..., view.sold.shape[-1] - back :][..., :WEEK].astype(np.float64)
            for n, member in enumerate(self.members):
                loss[n] += _crps(member.forecast(then, WEEK, rng).paths, truth)
        weight = 1.0 / np.maximum(loss, 1e-9) ** 2
        return np.asarray(weight / weight.sum())


def earlier(view: View, days: int) -> View:
    """The view as it was some days ago, as far as sales and the calendar go (stock and backlogs are today's)."""
    past = {name: getattr(view, name)[..., :-days] for name in PAST}
    date = view.date - datetime.timedelta(days=days)
    return dataclasses.replace(
        view, day=view.day - days, date=date, depth=view.depth[:, :-days], ritual=view.ritual[:-days], **past
    )


def _crps(paths: Floats, truth: Floats) -> float:
    """Mean CRPS of paths (S, ...) as samples."""
    x = np.sort(paths, axis=0)
    s = len(x)
    spread = np.tensordot((2.0 * np.arange(1, s + 1) - s - 1.0) / s**2, x, axes=(0, 0))
    return float((np.abs(x - truth).mean(axis=0) - spread).mean())


def _some(paths: Floats, number: int, rng: np.random.Generator) -> Floats:
    """`number` of the paths: without repetition as long as there are enough."""
    return np.asarray(paths[rng.permutation(max(len(paths), number))[:number] % len(paths)])
