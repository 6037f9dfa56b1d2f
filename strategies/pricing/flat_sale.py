"""List price on ordinary days; while a campaign runs, the same extra cut for everybody.

The extra cut comes on top of the campaign's public markdown, for its eligible SKUs, in all channels,
whoever would have bought anyway.

Source: trade practice at festivals. More than half of such promotions lose money (Ailawadi, Harlam,
Cesar & Trounce 2007, CVS).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Forecast, Info, Offers, Pricer, View


@dataclass
class FlatSale(Pricer):
    """The same extra cut for everyone on campaign days."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 0
    extra_depth: float = 0.05
    """Further cut of the list price on campaign days, share."""

    def price(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Offers:
        """List price, less the extra cut for SKUs in a campaign that runs today."""
        shop = view.shop
        cut = np.zeros(len(shop.skus), dtype=bool)
        for c in view.campaigns:
            promotes = c.ritual > 0 or c.markdown > 0 or c.threshold_save > 0
            if promotes and c.start_day < view.day + 1 and c.end_day > view.day:
                cut |= np.array(c.eligible)
        price = shop.list_price * np.where(cut, 1.0 - self.extra_depth, 1.0)
        return Offers(np.tile(price, (len(shop.channels), 1)), np.zeros((len(shop.groups), len(shop.skus))))
