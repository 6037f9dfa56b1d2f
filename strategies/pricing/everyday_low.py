"""Everyday low price: a small cut that never ends, in place of big ones that do.

Source: Hoch, Dreze & Purk, EDLP, Hi-Lo, and Margin Arithmetic, J. Marketing 58 (1994): an everyday cut of
10 % raised volume by 3 % and cost 18 % of profit, so it is no free lunch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Forecast, Info, Offers, Pricer, View


@dataclass
class EverydayLow(Pricer):
    """List price less the same share on all days."""

    info: ClassVar[Info] = "blind"
    memory_days: ClassVar[int] = 0
    depth: float = 0.08
    """Cut of the list price, share."""

    def price(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Offers:
        """The low price in every channel, no coupons."""
        shop = view.shop
        prices = np.tile(shop.list_price * (1.0 - self.depth), (len(shop.channels), 1))
        return Offers(prices, np.zeros((len(shop.groups), len(shop.skus))))
