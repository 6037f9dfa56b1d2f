"""Every SKU's price moved at random once a week: a price experiment, so that elasticity can be estimated.

A quarter of ordinary prices often says nothing about elasticity, because prices hardly move beyond SKU and week
effects; small randomised moves do (see sim/fit/elasticity.py). Cuts are uniform between nothing and [max_cut],
drawn anew for each SKU on every seventh day; on the others yesterday's price stays.

Source: randomised price experiments, e.g. Gaur & Fisher, In-Store Experiments to Determine the Impact of Price on
Sales, Production and Operations Management 14 (2005).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Forecast, Info, Offers, Pricer, View


@dataclass
class RandomWeekly(Pricer):
    """List price less a random cut that changes every week."""

    info: ClassVar[Info] = "blind"
    memory_days: ClassVar[int] = 1
    max_cut: float = 0.3
    """Deepest cut of the list price, share; 0.3 gives log price a s.d. of 0.10."""

    def price(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Offers:
        """New prices on days 0, 7, 14 ...; the same in every channel; no coupons."""
        shop = view.shop
        if view.day % 7 == 0:
            cut = self.max_cut * rng.random(len(shop.skus))
            prices = np.tile(shop.list_price * (1.0 - cut), (len(shop.channels), 1))
        else:
            prices = view.prices[:, :, -1].copy()
        return Offers(prices, np.zeros((len(shop.groups), len(shop.skus))))
