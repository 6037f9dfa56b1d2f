"""Go with the rival's price, part of the way, but never below a margin, and only when he is clearly cheaper.

With the rival's index [r] yesterday (1 = usual), averaged over [window_days], a cut of [follow] (1 - r) is made when
1 - r passes [threshold]; a dearer rival is not followed.

Source: price matching as reaction function, Lal & Rao, Supermarket Competition: The Case of Every Day Low Pricing,
Marketing Science 16 (1997).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Forecast, Info, Offers, Pricer, View


@dataclass
class RivalMatch(Pricer):
    """A share of the rival's cut, above a floor."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 28
    follow: float = 0.5
    """Share of the rival's cut that is matched."""
    threshold: float = 0.03
    """Rival's cut (share) below which nothing happens."""
    window_days: int = 3
    """Past days of the rival's index that are averaged, at most 28."""
    floor: float = 0.1
    """Least margin after the cut, as a share of the price; the shop's own floor if that is higher."""

    def price(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Offers:
        """List price less what is matched; a public markdown counts as part of it; no coupons."""
        shop = view.shop
        seen = view.rival_index[-max(1, min(self.window_days, self.memory_days)) :]
        below = 1.0 - float(seen.mean()) if len(seen) else 0.0
        cut = self.follow * below if below > self.threshold else 0.0
        public = np.minimum(view.depth_ahead[:, 0], 0.99)
        wanted = shop.list_price * (1.0 - cut) / (1.0 - public)
        least = shop.unit_cost / (1.0 - min(max(self.floor, shop.margin_floor), 0.99)) / (1.0 - public)
        price = np.minimum(np.maximum(wanted, least), shop.list_price)
        return Offers(np.tile(price, (len(shop.channels), 1)), np.zeros((len(shop.groups), len(shop.skus))))
