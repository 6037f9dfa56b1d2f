"""Order up to mean + z sd of the demand until the next order can arrive.

Protection window [P] = 1 review day + lead time + [safety_sds] sd of the lead time. Base-stock level
[S] = mu_P + z sigma_P, z the normal quantile of [service]; mu and sigma are those of the total over the
window in the forecast's sample paths.

Source: Snyder & Shen, Fundamentals of Supply Chain Theory (2nd ed., 2019), 4.3.4 (base-stock policy with
lead time, normal demand).
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import ClassVar

import numpy as np

from sim.contracts import Forecast, Info, Stocker, StockPlan, View


@dataclass
class BaseStock(Stocker):
    """Order-up-to policy with a normal approximation and one service level for all."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 0
    service: float = 0.95
    """Wanted chance of no stockout in a window, share."""
    safety_sds: float = 1.0
    """Standard deviations of the lead time added to the window."""

    def order(self, view: View, forecast: Forecast, rng: np.random.Generator) -> StockPlan:
        """Base-stock level less on hand and on order."""
        shop = view.shop
        horizon = forecast.paths.shape[-1]
        window = 1.0 + shop.lead_time_days + self.safety_sds * shop.lead_time_sd_days
        inside = np.clip(window[:, None] - np.arange(horizon), 0.0, 1.0)
        inside *= (window / inside.sum(axis=1))[:, None]  # beyond the horizon: go on at the same rate
        home = np.eye(len(shop.warehouses))[shop.home_warehouse]
        total = (forecast.paths @ inside[:, :, None])[..., 0] @ home
        level = total.mean(axis=0) + NormalDist().inv_cdf(self.service) * total.std(axis=0)
        gap = level - view.on_hand - view.on_order.sum(axis=-1)
        orders = np.ceil(np.maximum(gap, 0.0) - 1e-6).astype(np.int64)
        skus, sites = orders.shape
        return StockPlan(orders, np.zeros((skus, sites, sites), dtype=np.int64))
