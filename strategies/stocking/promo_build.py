"""A festival's stock is bought early and docks in steps, so that it is on the shelf, not on the road, when it starts.

Ordinary days: the [service] quantile of the total over the protection window (1 review day + lead time + [safety_sds]
sd of it). Each campaign ahead adds what its days will sell beyond the window, from [early_days] before the lead time
would ask for it: the share of the build that is due grows evenly to all of it on the last of [build_days]. What the
dock receives a day is so a [build_days]-th of the event, not all of it on one morning.

Source: anticipation stock and level build-up, Silver, Pyke & Thomas, Inventory and Production Management in Supply
Chains (4th ed., 2017), 1.2 and 14; early staging before Double 11 is trade practice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Floats, Forecast, Info, Stocker, StockPlan, View


@dataclass
class PromoBuild(Stocker):
    """Quantile order-up-to policy with a staged build before campaigns."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 0
    service: float = 0.97
    """Wanted chance of no stockout in a window, share."""
    safety_sds: float = 2.0
    """Standard deviations of the lead time added to the window."""
    early_days: float = 3.0
    """Days before a campaign on which all of its stock should have docked."""
    build_days: int = 7
    """Days over which the build is spread."""

    def order(self, view: View, forecast: Forecast, rng: np.random.Generator) -> StockPlan:
        """Level with the build, less on hand and on order."""
        shop = view.shop
        cover = self._cover(view, forecast.paths.shape[-1])  # (K, H) share of each coming day that must be there
        home = np.eye(len(shop.warehouses))[shop.home_warehouse]
        total = (forecast.paths @ cover[:, :, None])[..., 0] @ home
        gap = np.quantile(total, self.service, axis=0) - view.on_hand - view.on_order.sum(axis=-1)
        orders = np.ceil(np.maximum(gap, 0.0) - 1e-6).astype(np.int64)
        skus, sites = orders.shape
        return StockPlan(orders, np.zeros((skus, sites, sites), dtype=np.int64))

    def _cover(self, view: View, horizon: int) -> Floats:
        """(K, H): 1 inside the protection window; on a campaign's days the share of its build that is due."""
        shop, day = view.shop, np.arange(horizon)
        window = 1.0 + shop.lead_time_days + self.safety_sds * shop.lead_time_sd_days
        cover = np.clip(window[:, None] - day, 0.0, 1.0)
        cover *= (window / np.maximum(cover.sum(axis=1), 1e-12))[:, None]  # beyond the horizon: at the same rate
        for c in view.campaigns:
            start, end = c.start_day - view.day, c.end_day - view.day
            promotes = c.ritual > 0 or c.markdown > 0 or c.threshold_save > 0
            if not promotes or end <= 0 or start >= horizon:
                continue
            on = (day + 1 > start) & (day < end)
            ready = start - self.early_days - window  # today's orders from here on are in time for all of it
            due = np.clip(1.0 - ready / self.build_days, 0.0, 1.0) * np.array(c.eligible)
            cover = np.maximum(cover, due[:, None] * on)
        return cover
