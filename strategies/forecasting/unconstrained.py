"""What would have sold with full shelves: fills in the hours that were sold out, then asks another forecaster.

A day that was open for a share [o] of its usual orders and sold [y] counts as y / o; a day that was (nearly) never
open counts as the mean of the SKU's open days in the four weeks around it. The inner forecaster sees the corrected
sales and no stockouts.

Source: unconstraining by proportion, Zeni 2001; Talluri & van Ryzin, Revenue Management (2004), 9.4.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from sim.contracts import Floats, Forecast, Forecaster, Info, Ints, View
from strategies.forecasting.moving_average import MovingAverage


@dataclass
class Unconstrained(Forecaster):
    """Stockout correction around `base`."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 428
    base: Forecaster = field(default_factory=MovingAverage)
    """Who forecasts from the corrected sales: a name or `{use: name, ...}`. Its memory may be up to 400 days."""
    least_open: float = 0.2
    """Share of a day that must have been open for its sales to be scaled up; below, neighbours are taken."""
    samples: int | None = None
    """Sample paths [S]; the inner forecaster's own where none is given."""

    def forecast(self, view: View, horizon_days: int, rng: np.random.Generator) -> Forecast:
        """The inner forecaster's answer to corrected sales."""
        base = self.base if self.samples is None else dataclasses.replace(self.base, **{"samples": self.samples})
        days = min(view.sold.shape[-1], self.memory_days)
        old, recent = np.split(view.sold, [view.sold.shape[-1] - days], axis=-1)
        hours = view.stockout_hours[..., view.stockout_hours.shape[-1] - days :]
        filled = corrected(recent, hours[:, view.shop.home_warehouse], self.least_open)
        sold = np.concatenate((old, filled), axis=-1)
        sold.flags.writeable = False
        none = np.zeros_like(view.stockout_hours)
        none.flags.writeable = False
        return base.forecast(dataclasses.replace(view, sold=sold, stockout_hours=none), horizon_days, rng)


def corrected(sold: Ints, hours: Floats, least_open: float) -> Ints:
    """(K, C, D) sales with full shelves, whole units, from sales and hours sold out at each city's own warehouse."""
    if not hours.any():
        return sold
    open_share = np.clip(1.0 - hours / 24.0, 0.0, 1.0)
    usable = open_share >= least_open
    scaled = np.where(usable, sold / np.maximum(open_share, least_open), 0.0)
    days = sold.shape[-1]
    edge = np.arange(days)
    low, high = np.maximum(edge - 14, 0), np.minimum(edge + 15, days)
    sums = [np.concatenate((np.zeros((*a.shape[:2], 1)), np.cumsum(a, axis=-1)), axis=-1) for a in (scaled, usable)]
    total, count = (a[..., high] - a[..., low] for a in sums)
    around = total / np.maximum(count, 1.0)
    return np.rint(np.where(usable, scaled, np.maximum(around, sold))).astype(np.int64)
