"""A few messages a day, to the people whose stage in the customer's life asks for one.

After a first order a person is written to about three times (7, 30, 90 days): a daily share of 1/15 while
"new", 1/60 while "active", with content. "at_risk" and "dormant" are won back with a message too, and with a coupon
where its uplift pays: those who would have come take it as well, so with [u] the new share of (1 - x)^-e - 1
at a coupon of share [x], it must hold that u m > (1 + u) x p, [m] and [p] mean unit margin and list price. No group
gets more per head and week than the cap, counting what was sent before.

Source: the 7/30/90-day path and the stages of the article; Neslin et al., Overcoming the Recency Trap, J.
Academy of Marketing Science 41 (2013), on whom to write to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from sim.contracts import CONTENTS, Forecast, Info, Outreach, Touches, View


@dataclass
class Lifecycle(Outreach):
    """Small daily shares by stage; coupons for win-back alone, where they pay."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 7
    every_days: dict[str, float] = field(
        default_factory=lambda: {"new": 15.0, "active": 60.0, "at_risk": 14.0, "dormant": 21.0}
    )
    """Days between messages to one person, by stage; stages not named get none."""
    win_back: tuple[str, ...] = ("at_risk", "dormant")
    """Stages whose message carries a coupon."""
    coupon_share: float = 0.08
    """Coupon, as a share of the mean list price."""
    elasticity: float = 2.6
    """[e] price elasticity; Bijmolt, van Heerde & Pieters 2005."""
    incremental_share: float = 0.33
    """Share of the uplift that is new; van Heerde, Leeflang & Wittink 2004."""
    cap_per_week: float = 1.0
    """Most messages per head of a group and week."""

    def touch(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Touches:
        """1 / every_days of each group, as far as the cap leaves room."""
        shop = view.shop
        stages = [group.rpartition("/")[2] for group in shop.groups]
        share = np.array([1.0 / self.every_days[s] if s in self.every_days else 0.0 for s in stages])
        sent = view.messages[:, -6:].sum(axis=1) / np.maximum(view.group_size, 1)
        share = np.minimum(share, np.clip(self.cap_per_week - sent, 0.0, 1.0))
        price = float(shop.list_price.mean())
        margin = price * (1.0 - shop.commission) - float(shop.unit_cost.mean()) - shop.parcel_yuan
        new = self.incremental_share * ((1.0 - min(self.coupon_share, 0.99)) ** -self.elasticity - 1.0)
        pays = new * margin > (1.0 + new) * self.coupon_share * price
        won = np.array([pays and s in self.win_back for s in stages])
        kind = np.where(won, CONTENTS.index("coupon"), CONTENTS.index("content"))
        coupon = np.where(won & (share > 0), self.coupon_share * price, 0.0)
        return Touches(share, np.where(share > 0, kind, 0).astype(np.int64), coupon)
