"""Gut feel: so many days of recent sales, a bit more to be safe, rounded up to full cartons.

Order up to [cover_days] x mean recent sales x [generous]; when a campaign lies within the lead time and
the cover, times a fixed [festival_factor], whatever its depth.

Source: days-of-supply rules of trade practice (Silver, Pyke & Thomas, Inventory and Production
Management in Supply Chains, who show why equal days of supply is a poor rule).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Forecast, Info, Stocker, StockPlan, View


@dataclass
class RoundUp(Stocker):
    """Days of cover, rounded up to minimum-order multiples."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 28
    cover_days: float = 14.0
    """Days of sales wanted on hand and on order."""
    generous: float = 1.2
    """Factor on top, to be safe."""
    festival_factor: float = 2.0
    """Factor for SKUs with a campaign ahead."""
    window_days: int = 14
    """Past days of the mean, at most 28."""

    def order(self, view: View, forecast: Forecast, rng: np.random.Generator) -> StockPlan:
        """Cover less what is there and coming, in full cartons."""
        shop = view.shop
        recent = view.sold[..., -min(self.window_days, self.memory_days) :]
        rate = recent.sum(axis=-1) / max(recent.shape[-1], 1)  # (K, C)
        home = np.eye(len(shop.warehouses))[shop.home_warehouse]  # (C, W)
        reach = np.arange(60) < (shop.lead_time_days + self.cover_days)[:, None]
        campaign = (reach & ((view.depth_ahead > 0) | (view.ritual_ahead > 0))).any(axis=1)
        factor = self.generous * np.where(campaign, self.festival_factor, 1.0)
        target = (rate @ home) * (self.cover_days * factor)[:, None]
        gap = target - view.on_hand - view.on_order.sum(axis=-1)
        carton = np.maximum(shop.minimum_order, 1)[:, None]
        orders = np.ceil(np.maximum(gap, 0.0) / carton - 1e-9).astype(np.int64) * carton
        skus, sites = orders.shape
        return StockPlan(orders, np.zeros((skus, sites, sites), dtype=np.int64))
