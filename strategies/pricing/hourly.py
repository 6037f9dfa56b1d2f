"""Twenty-four prices a day: a little off in quiet hours, list price when everybody comes.

Hours are ranked by their share of the day's orders in the forecast. An hour with less than [quiet] times the mean gets
a cut that grows as it is quieter, up to [max_cut]: work moves from the peak to hours in which people are paid anyway.
The cut stays below the gap at which buyers regret having paid more an hour ago.

Source: peak-load pricing, Boiteux 1949; hourly shelf prices are an experiment (electronic shelf labels).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Forecast, Info, Offers, Pricer, View


@dataclass
class Hourly(Pricer):
    """Prices (24, L, K)."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 0
    max_cut: float = 0.04
    """Cut (share of the list price) in an hour without orders."""
    quiet: float = 0.5
    """Share of the mean hour's orders below which an hour is quiet."""

    def price(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Offers:
        """List price less the hour's cut; the same in every channel; no coupons."""
        shop = view.shop
        busy = 24.0 * forecast.hour_shares[0]  # 1 = the mean hour
        cut = self.max_cut * np.clip(1.0 - busy / max(self.quiet, 1e-9), 0.0, 1.0)
        lowest = shop.red_lines.margin.lowest(shop.unit_cost, shop.list_price)
        price = np.maximum(np.outer(1.0 - cut, shop.list_price), lowest)  # (24, K)
        prices = np.repeat(price[:, None], len(shop.channels), axis=1)
        return Offers(prices, np.zeros((len(shop.groups), len(shop.skus))))
