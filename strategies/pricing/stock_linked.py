"""Scarce: keep the margin. Overstocked: get the cash. In between: list price.

Cover [d] = what is on hand, over the forecast's mean sales a day. Below [scarce_days] the list price, whatever else;
above [plenty_days] a cut that grows with the surplus, up to [max_cut], never below the margin floor. A campaign's
public markdown counts as part of the cut.

Source: inventory-dependent markdown, Smith & Achabal, Clearance Pricing and Inventory Policies for Retail Chains,
Management Science 44 (1998).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Forecast, Info, Offers, Pricer, View


@dataclass
class StockLinked(Pricer):
    """A cut by days of cover."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 0
    scarce_days: float = 5.0
    """Cover below which nothing is cut."""
    plenty_days: float = 45.0
    """Cover above which stock is turned into cash."""
    slope: float = 0.1
    """Cut (share) when cover is twice `plenty_days`; proportional to the surplus."""
    max_cut: float = 0.25
    """Deepest cut, share of the list price."""

    def price(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Offers:
        """List price less the cut that cover asks for; the same in every channel; no coupons."""
        shop = view.shop
        daily = forecast.mean.sum(axis=1).mean(axis=1)  # (K,)
        cover = view.on_hand.sum(axis=1) / np.maximum(daily, 1e-9)
        surplus = np.maximum(cover / self.plenty_days - 1.0, 0.0)
        cut = np.minimum(self.slope * surplus, self.max_cut)
        public = view.depth_ahead[:, 0]
        cut = np.maximum(1.0 - (1.0 - cut) / (1.0 - np.minimum(public, 0.99)), 0.0)
        cut = np.where((cover < self.scarce_days) | (cover <= self.plenty_days), 0.0, cut)
        lowest = shop.red_lines.margin.lowest(shop.unit_cost, shop.list_price)
        price = np.maximum(shop.list_price * (1.0 - cut), lowest)
        return Offers(np.tile(price, (len(shop.channels), 1)), np.zeros((len(shop.groups), len(shop.skus))))
