"""Wait until stock falls to [s], then order up to [S]: fewer, larger orders where each order costs money.

With mean [mu] and sd of a day's demand, mean [mu_P] and sd [sigma_P] of the total over the protection window (1 review
day + lead time + [safety_sds] sd of it), [h] holding cost a unit and day, [p] cost of a unit short and [K] cost of an
order (the revised power approximation):

    Q = 1.30 mu^0.494 (K / h)^0.506 (1 + sigma_P^2 / mu^2)^0.116,    z = sqrt(Q h / (sigma_P p))
    s = 0.973 mu_P + sigma_P (0.183 / z + 1.063 - 2.192 z),          S = s + Q

Source: Ehrhardt & Mosier, A Revision of the Power Approximation for Computing (s, S) Policies, Management Science 30
(1984); Snyder & Shen, Fundamentals of Supply Chain Theory (2nd ed., 2019), (4.77)-(4.80), example 4.7: h 0.18, p 0.70,
K 2.5, N(50, 8) gives s 40.19, S 74.29.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Floats, Forecast, Info, Stocker, StockPlan, View


@dataclass
class MinMax(Stocker):
    """(s, S) policy by the power approximation."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 0
    order_yuan: float = 60.0
    """[K] cost of placing and receiving one order of an SKU (assumption)."""
    spoil_per_year: float = 0.25
    """Loss of value of a unit that lies for a year, as a share of its cost, on top of interest."""
    safety_sds: float = 1.0
    """Standard deviations of the lead time added to the window."""

    def order(self, view: View, forecast: Forecast, rng: np.random.Generator) -> StockPlan:
        """Nothing above s, else up to S."""
        shop = view.shop
        horizon = forecast.paths.shape[-1]
        window = 1.0 + shop.lead_time_days + self.safety_sds * shop.lead_time_sd_days
        inside = np.clip(window[:, None] - np.arange(horizon), 0.0, 1.0)
        inside *= (window / inside.sum(axis=1))[:, None]  # beyond the horizon: go on at the same rate
        home = np.eye(len(shop.warehouses))[shop.home_warehouse]
        total = (forecast.paths @ inside[:, :, None])[..., 0] @ home
        mean, sd = total.mean(axis=0), total.std(axis=0)
        hold = shop.unit_cost * (self.spoil_per_year + shop.interest_per_year) / 365.0
        short = np.maximum(shop.list_price * (1.0 - shop.commission) - shop.unit_cost, 0.0)
        low, high = levels(mean / window[:, None], mean, sd, hold[:, None], short[:, None], self.order_yuan)
        position = view.on_hand + view.on_order.sum(axis=-1)
        orders = np.where((position <= low) & (mean > 0), np.ceil(np.maximum(high - position, 0.0) - 1e-6), 0.0)
        skus, sites = orders.shape
        return StockPlan(orders.astype(np.int64), np.zeros((skus, sites, sites), dtype=np.int64))


def levels(
    rate: Floats, mean: Floats, sd: Floats, hold: Floats | float, short: Floats | float, order: float
) -> tuple[Floats, Floats]:
    """[s] and [S] from mean demand a day, mean and sd over the window, and the costs [h], [p], [K].

    Without spread s is the mean; where a shortage costs nothing it is 0.
    """
    rate, sd = np.maximum(rate, 1e-9), np.maximum(sd, 1e-9)
    hold, short = np.maximum(hold, 1e-9), np.maximum(short, 1e-9)
    batch = 1.30 * rate**0.494 * (order / hold) ** 0.506 * (1.0 + (sd / rate) ** 2) ** 0.116
    z = np.sqrt(batch / sd * hold / short)
    low = np.maximum(0.973 * mean + sd * (0.183 / z + 1.063 - 2.192 * z), 0.0)
    return np.asarray(low), np.asarray(low + batch)
