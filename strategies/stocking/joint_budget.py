"""One purse for all SKUs: the next yuan (or litre) goes where it earns most, until the limit is reached.

Without a limit every SKU is ordered up to its newsvendor quantile. When what is on hand, coming and ordered would pass
the limit, all SKUs give up value at the same marginal rate [l] per unit of the limited resource [b] (a unit's cost or
its volume):

    S_k = F_k^-1( (u_k - l b_k) / (u_k + h_k) ),    l the least with  sum_k b_k max(S_k, stock_k) <= limit

with [u] margin lost by a sale lost and [h] cost of a unit too many, as in newsvendor.

Source: Hadley & Whitin, Analysis of Inventory Systems (1963), 7; Silver, Pyke & Thomas, Inventory and Production
Management in Supply Chains (4th ed., 2017), 10.3 (multi-item newsvendor, Lagrange multiplier).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Floats, Forecast, Info, Stocker, StockPlan, View


@dataclass
class JointBudget(Stocker):
    """Newsvendor levels under a common limit on money or space."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 0
    budget_yuan: float = 1_500_000.0
    """Most that all stock, on hand and coming, may have cost."""
    fill: float = 1.0
    """Share of each warehouse's space that stock, on hand and coming, may take."""
    safety_sds: float = 2.0
    """Standard deviations of the lead time added to the window."""
    clearance_chance: float = 0.1
    """Chance that a unit too many must be cleared at salvage value."""
    holding_days: float = 30.0
    """Days that a unit too many lies."""

    def order(self, view: View, forecast: Forecast, rng: np.random.Generator) -> StockPlan:
        """Levels within the money limit, then within each warehouse's space; less what is there and coming."""
        shop = view.shop
        horizon = forecast.paths.shape[-1]
        window = 1.0 + shop.lead_time_days + self.safety_sds * shop.lead_time_sd_days
        inside = np.clip(window[:, None] - np.arange(horizon), 0.0, 1.0)
        inside *= (window / inside.sum(axis=1))[:, None]  # beyond the horizon: go on at the same rate
        home = np.eye(len(shop.warehouses))[shop.home_warehouse]
        total = np.sort((forecast.paths @ inside[:, :, None])[..., 0] @ home, axis=0)  # (S, K, W)
        stock = (view.on_hand + view.on_order.sum(axis=-1)).astype(np.float64)
        under = np.maximum(shop.list_price * (1.0 - shop.commission) - shop.unit_cost, 0.0)[:, None]
        lying = shop.interest_per_year * self.holding_days / 365.0
        over = (shop.unit_cost * ((1.0 - shop.salvage_share) * self.clearance_chance + lying))[:, None]
        cost = np.tile(shop.unit_cost[:, None], (1, len(shop.warehouses)))
        target = within(total, stock, under, over, cost, self.budget_yuan)
        for w, litres in enumerate(shop.space_litres):
            one = slice(w, w + 1)
            level = within(total[..., one], stock[:, one], under, over, shop.volume_litres[:, None], self.fill * litres)
            target[:, one] = np.minimum(target[:, one], level)
        orders = np.floor(np.maximum(target - stock, 0.0) + 1e-6).astype(np.int64)
        minimum = shop.minimum_order[:, None]
        orders = np.where(orders >= 0.5 * minimum, orders, 0)
        skus, sites = orders.shape
        return StockPlan(orders, np.zeros((skus, sites, sites), dtype=np.int64))


def within(total: Floats, stock: Floats, under: Floats, over: Floats, weight: Floats, limit: float) -> Floats:
    """(K, W) order-up-to levels that need at most `limit`; `total` (S, K, W) sorted samples of the window's demand.

    The multiplier is bisected; stock that is there already counts, needed or not.
    """

    def level(price: float) -> Floats:
        ratio = np.clip((under - price * weight) / np.maximum(under + over, 1e-12), 0.0, 1.0)
        place = np.broadcast_to(ratio * (len(total) - 1), stock.shape)
        low = np.floor(place).astype(np.int64)
        high = np.minimum(low + 1, len(total) - 1)
        k, w = np.indices(stock.shape)
        found = total[low, k, w] + (place - low) * (total[high, k, w] - total[low, k, w])
        return np.where(ratio > 0, found, 0.0)

    def need(target: Floats) -> float:
        return float((weight * np.maximum(target, stock)).sum())

    if need(level(0.0)) <= limit:
        return level(0.0)
    low, high = 0.0, float((under / np.maximum(weight, 1e-12)).max()) + 1e-9
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if need(level(middle)) > limit else (low, middle)
    much, little = level(low), level(high)  # at this price all between the two earns the same: share what is left
    part, most = 0.0, 1.0
    for _ in range(40):
        middle = 0.5 * (part + most)
        part, most = (part, middle) if need(little + middle * (much - little)) > limit else (middle, most)
    return np.asarray(little + part * (much - little))
