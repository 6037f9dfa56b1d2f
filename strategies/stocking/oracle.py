"""Order exactly what will be wanted until the next order can arrive: the bound for all stockers.

With the true demand of every coming day [d] (View.truth), the order-up-to level of today is its sum over the review
day, the lead time and [safety_sds] sd of the lead time, which alone remains uncertain. Without the truth (a world that
does not hand it out) the forecast's mean takes its place; beside the oracle's forecast that is the same.

Source: none needed; the value of perfect information, Raiffa & Schlaifer, Applied Statistical Decision Theory (1961).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Forecast, Info, Stocker, StockPlan, View


@dataclass
class Oracle(Stocker):
    """Base stock on the true demand."""

    info: ClassVar[Info] = "oracle"
    memory_days: ClassVar[int] = 0
    safety_sds: float = 3.0
    """Standard deviations of the lead time that are covered."""

    def order(self, view: View, forecast: Forecast, rng: np.random.Generator) -> StockPlan:
        """The window's demand less on hand and on order."""
        shop = view.shop
        demand = forecast.mean if view.truth is None else view.truth.demand  # (K, C, H)
        window = 1.0 + shop.lead_time_days + self.safety_sds * shop.lead_time_sd_days
        inside = np.clip(window[:, None] - np.arange(demand.shape[-1]), 0.0, 1.0)
        inside *= (window / np.maximum(inside.sum(axis=1), 1e-12))[:, None]  # beyond what is known: at the same rate
        home = np.eye(len(shop.warehouses))[shop.home_warehouse]
        gap = (demand @ inside[:, :, None])[..., 0] @ home - view.on_hand - view.on_order.sum(axis=-1)
        orders = np.ceil(np.maximum(gap, 0.0) - 1e-6).astype(np.int64)
        skus, sites = orders.shape
        return StockPlan(orders, np.zeros((skus, sites, sites), dtype=np.int64))
