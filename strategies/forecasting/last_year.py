"""What the same weekday sold lately, times the lift of the last campaign: how gut feel plans a festival.

Ordinary days are the mean of the same weekday over the last weeks, campaigns left out [m]. A day that
carries any campaign is [m] times the plain lift of the last campaign that has ended, whatever its
depth, length or ritual was. Paths scatter around it as a Gamma with variance m + (cv m)^2, the
continuous stand-in for a negative binomial.

Source: the "last year plus X per cent" rule of trade practice; Gamma draws by Wilson & Hilferty 1931.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Bools, Floats, Forecast, Forecaster, Info, View
from strategies.forecasting._shared import gamma_paths, hour_shares


@dataclass
class LastYear(Forecaster):
    """Weekday mean times last campaign's lift."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 400
    weeks: int = 4
    """Weeks that the weekday mean looks back."""
    default_lift: float = 3.0
    """Lift of a campaign day while no campaign has been lived through."""
    cv: float = 0.3
    """Coefficient of variation beyond Poisson noise."""
    opening_cover_days: float = 21.0
    """Before the first sale: days for which the opening stock is taken to last."""
    rush_share: float = 0.25
    """Share of a festival's first day that is taken to fall right after the start."""
    samples: int = 64
    """Sample paths [S]."""

    def forecast(self, view: View, horizon_days: int, rng: np.random.Generator) -> Forecast:
        """Weekday mean x lift, with Gamma noise."""
        days = min(view.sold.shape[-1], self.memory_days)
        event = (view.depth > 0) | (view.ritual > 0)  # (K, D + 60)
        event = event[:, event.shape[1] - 60 - days :]
        sold = view.sold[..., view.sold.shape[-1] - days :].astype(np.float64)
        usual = self._usual(view, sold, event[:, :days], horizon_days)
        ahead = event[:, None, days : days + horizon_days]
        mean = np.where(ahead, usual * self._lift(view, sold, event[:, :days]), usual)
        return Forecast(
            gamma_paths(mean, self.cv**2, self.samples, rng), hour_shares(view, horizon_days, self.rush_share)
        )

    def _usual(self, view: View, sold: Floats, event: Bools, horizon: int) -> Floats:
        """(K, C, H) mean of the same weekday over the last weeks, campaign days left out."""
        if sold.shape[-1] == 0:
            guess = view.on_hand.sum(axis=1) / self.opening_cover_days
            return np.repeat((guess[:, None] * view.shop.city_share)[..., None], horizon, axis=-1)
        span = 7 * self.weeks
        take = min(span, sold.shape[-1])
        units = np.zeros((*sold.shape[:2], span))
        use = np.zeros((sold.shape[0], 1, span))
        units[..., span - take :] = sold[..., sold.shape[-1] - take :]
        use[:, 0, span - take :] = ~event[:, event.shape[1] - take :]
        use[~use.any(axis=(1, 2)), :, span - take :] = 1.0  # nothing but campaigns: take them as usual
        units *= use
        total, count = (a.reshape(*a.shape[:2], -1, 7).sum(axis=2) for a in (units, use))
        overall = units.sum(axis=-1, keepdims=True) / use.sum(axis=-1, keepdims=True)
        week = np.where(count > 0, total / np.maximum(count, 1.0), overall)  # (K, C, 7), first = today
        return np.asarray(week[..., np.arange(horizon) % 7])

    def _lift(self, view: View, sold: Floats, event: Bools) -> float:
        """Units a day of the last ended campaign's SKUs, against their quiet days in the month before."""
        missing = view.day - sold.shape[-1]
        over = [c for c in view.campaigns if c.end_day <= view.day and c.start_day >= missing
                and (c.ritual > 0 or c.markdown > 0 or c.threshold_save > 0)]  # fmt: skip
        if not over:
            return self.default_lift
        last = max(over, key=lambda c: c.end_day)
        units = sold[np.array(last.eligible)].sum(axis=(0, 1))
        first, end = int(last.start_day) - missing, int(np.ceil(last.end_day)) - missing
        before = np.arange(max(first - 28, 0), first)
        quiet = before[~event[:, before].any(axis=0)]
        base = units[quiet].mean() if len(quiet) else 0.0
        return float(units[first:end].mean() / base) if base > 0 else self.default_lift
