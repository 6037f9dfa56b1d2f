"""Everybody gets the same message on the days before and during a campaign.

Source: trade practice at festivals. Sahni, Zou & Chintagunta (2017) find that e-mailed offers also work as
advertising; the price is the tiredness of those who did not want them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import CONTENTS, Forecast, Info, Outreach, Touches, View


@dataclass
class Blast(Outreach):
    """One message a day to all groups around each campaign."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 0
    days_before: int = 3
    """Days before the start on which it begins."""
    content: str = "content"
    """What the message carries, one of `sim.contracts.CONTENTS`."""
    coupon_yuan: float = 5.0
    """Yuan off the next order, for content "coupon"."""

    def touch(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Touches:
        """All groups when a campaign runs or is near, else none."""
        near = any(
            c.start_day - self.days_before < view.day + 1 and c.end_day > view.day
            for c in view.campaigns
            if c.ritual > 0 or c.markdown > 0 or c.threshold_save > 0
        )
        groups = len(view.shop.groups)
        kind = CONTENTS.index(self.content) if near else 0
        coupon = self.coupon_yuan if near and self.content == "coupon" else 0.0
        share = np.full(groups, 1.0 if near else 0.0)
        return Touches(share, np.full(groups, kind, dtype=np.int64), np.full(groups, coupon))
