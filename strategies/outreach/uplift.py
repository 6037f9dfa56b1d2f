"""Write to whom a message brings more than it costs, as often as he takes without tiring.

For a group with [b] orders a head and day (the last 30 days', by the View), a message raises tomorrow's orders by [a]:
it is worth a b m, [m] the mean contribution of an order. Groups for which that beats the message's cost get content,
at the pace of the cap. A coupon rides along only where its own uplift pays: u m > (1 + u) x p, with [u] the new share
of (1 - x)^-e - 1 at coupon share [x] and [p] the mean list price, since all who would have come take it too.

Source: Rzepakowski & Jaroszewicz, Decision Trees for Uplift Modeling (2010); Ascarza, Retention Futility, J. Marketing
Research 55 (2018): target by uplift, not by risk. Message effect: Sahni, Zou & Chintagunta 2017 (order of magnitude).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import CONTENTS, Forecast, Info, Outreach, Touches, View


@dataclass
class Uplift(Outreach):
    """Messages where uplift x margin beats the cost."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 30
    attention: float = 0.2
    """[a] relative rise of a head's orders on the day after a message (prior; kept cautious)."""
    message_yuan: float = 0.05
    """Cost of a message."""
    per_week: float = 2.0
    """Messages per head and week that do not tire."""
    coupon_share: float = 0.08
    """[x] coupon, share of the mean list price."""
    elasticity: float = 2.6
    """[e] price elasticity of a SKU; Bijmolt et al. 2005."""
    incremental_share: float = 0.33
    """Share of its uplift that is new; van Heerde, Leeflang & Wittink 2004."""

    def touch(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Touches:
        """per_week / 7 of each group that pays, as far as the cap leaves room."""
        shop = view.shop
        days = min(view.day, 30)
        size = np.maximum(view.group_size, 1)
        orders = view.group_orders_30d / size / max(days, 1)
        units = np.maximum(view.sold[..., max(0, view.day - self.memory_days) :].sum(axis=(1, 2)), 1e-9)
        if view.day == 0:
            units = np.ones(len(shop.skus))
        share = units / units.sum()
        price = float(share @ shop.list_price)
        margin = price * (1.0 - shop.commission) - float(share @ shop.unit_cost) - shop.parcel_yuan
        pays = (self.attention * orders * margin > self.message_yuan) & (view.group_size > 0)
        sent = view.messages[:, -6:].sum(axis=1) / size
        room = np.clip(self.per_week - sent, 0.0, 1.0)
        send = np.where(pays, np.minimum(self.per_week / 7.0, room), 0.0)
        new = self.incremental_share * ((1.0 - self.coupon_share) ** -self.elasticity - 1.0)
        worth = new * margin > (1.0 + new) * self.coupon_share * price
        content = np.where(send > 0, CONTENTS.index("coupon" if worth else "content"), 0)
        coupon = np.where((send > 0) & worth, self.coupon_share * price, 0.0)
        return Touches(send, content.astype(np.int64), coupon)
