"""Order up to the critical quantile of the TOTAL demand until the next order can arrive.

Protection window [P] = 1 review day + lead time + [safety_sds] sd of the lead time. Order-up-to level
S = F_P^-1(r), F_P the distribution of the total over P in the forecast's sample paths (never a sum of
daily quantiles), critical ratio

    r = u / (u + h),   u = (p (1 - commission) - c) (1 + g)  a sale lost, and what the disappointed buy less later
                       h = c ((1 - salvage) o + interest d / 365)   a unit too many

with [g] the later loss as a share of the margin lost, [p] list price, [c] unit cost, [o] the chance that a surplus
unit ends in clearance and [d] the days it lies until it sells. On hand and all that is on order count against S.

Source: Porteus, Foundations of Stochastic Inventory Theory (2002), 1.3; Snyder & Shen, Fundamentals of
Supply Chain Theory (2nd ed., 2019), 4.3.2, example 4.3: h 0.18, p 0.70, N(50, 8) gives S 56.6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Floats, Forecast, Info, Stocker, StockPlan, View


@dataclass
class Newsvendor(Stocker):
    """Critical-fractile order-up-to policy over the protection window."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 0
    safety_sds: float = 1.0
    """Standard deviations of the lead time added to the window."""
    clearance_chance: float = 0.1
    """[o] chance that a unit too many must be cleared at salvage value."""
    holding_days: float = 30.0
    """[d] days that a unit too many lies."""
    later_loss: float = 0.2
    """[g] margin lost later by a stockout, as a share of the margin lost now; the direction is that of Anderson,
    Fitzsimons & Simester 2006, the size an assumption."""
    max_service: float = 0.98
    """Highest quantile asked of the sample paths; beyond it a few paths decide alone."""

    def order(self, view: View, forecast: Forecast, rng: np.random.Generator) -> StockPlan:
        """Order-up-to level less on hand and on order; small gaps wait until half a carton is due."""
        shop = view.shop
        window = 1.0 + shop.lead_time_days + self.safety_sds * shop.lead_time_sd_days
        home = np.eye(len(shop.warehouses))[shop.home_warehouse]
        target = quantiles(window_total(forecast.paths, window) @ home, self.critical_ratio(view))
        gap = target - view.on_hand - view.on_order.sum(axis=-1)
        least = 0.5 * np.minimum(shop.minimum_order[:, None], target)
        due = (gap > 1e-6) & (gap >= least)
        orders = np.where(due, np.ceil(np.maximum(gap, 0.0) - 1e-6), 0.0).astype(np.int64)
        skus, sites = orders.shape
        return StockPlan(orders, np.zeros((skus, sites, sites), dtype=np.int64))

    def critical_ratio(self, view: View) -> Floats:
        """(K,) [r], between 0 and `max_service`."""
        shop = view.shop
        under = (1.0 + self.later_loss) * np.maximum(shop.list_price * (1.0 - shop.commission) - shop.unit_cost, 0.0)
        unsold = (1.0 - shop.salvage_share) * self.clearance_chance
        over = shop.unit_cost * (unsold + shop.interest_per_year * self.holding_days / 365.0)
        return np.asarray(np.minimum(under / np.maximum(under + over, 1e-12), self.max_service))


def window_total(paths: Floats, window_days: Floats) -> Floats:
    """(S, K, C) units over each SKU's window; a part of a day counts in part, and where the window
    passes the horizon the path goes on at its own mean rate."""
    inside = np.clip(window_days[:, None] - np.arange(paths.shape[-1]), 0.0, 1.0)  # (K, H)
    inside *= (window_days / inside.sum(axis=1))[:, None]
    return np.asarray((paths @ inside[:, :, None])[..., 0])


def quantiles(samples: Floats, p: Floats) -> Floats:
    """Quantile p[k] of samples[:, k, ...], linear between order statistics (one p a SKU)."""
    ordered = np.sort(samples, axis=0)
    place = p * (len(samples) - 1)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, len(samples) - 1)
    k = np.arange(samples.shape[1])
    part = (place - low).reshape(-1, *([1] * (samples.ndim - 2)))
    return np.asarray(ordered[low, k] * (1.0 - part) + ordered[high, k] * part)
