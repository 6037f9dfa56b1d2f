"""The list price, every day, for everybody: the reference that other pricers are measured against.

Source: none needed. Campaigns of the calendar still apply their public markdown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Forecast, Info, Offers, Pricer, View


@dataclass
class ListPrice(Pricer):
    """No price of its own."""

    info: ClassVar[Info] = "blind"
    memory_days: ClassVar[int] = 0

    def price(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Offers:
        """List prices, no coupons."""
        shop = view.shop
        prices = np.tile(shop.list_price, (len(shop.channels), 1))
        return Offers(prices, np.zeros((len(shop.groups), len(shop.skus))))
