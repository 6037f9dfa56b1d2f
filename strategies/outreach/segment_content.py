"""Each segment hears what it cares for: bundles, content, a coupon or a promise.

Frequent-small buyers get bundles, rare-large buyers content, price-sensitive ones a coupon, service-sensitive ones a
promise; who is in no such segment gets content. Stages that have bought are written to every [every_days] days, as far
as the weekly cap leaves room. The coupon is small, and never more than [coupon_of_margin] of the mean unit margin.

Source: the segments of the article; content that fits beats content for all, Ansari & Mela, E-Customization, J.
Marketing Research 40 (2003). Shares are assumptions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from sim.contracts import CONTENTS, Forecast, Info, Outreach, Touches, View


@dataclass
class SegmentContent(Outreach):
    """One content a segment."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 7
    content: dict[str, str] = field(
        default_factory=lambda: {
            "frequent_small": "bundle", "rare_large": "content", "price_sensitive": "coupon",
            "service_sensitive": "promise",
        }
    )  # fmt: skip
    """What each segment gets, one of `sim.contracts.CONTENTS`."""
    stages: tuple[str, ...] = ("new", "active", "at_risk")
    """Life-cycle stages that are written to."""
    every_days: float = 7.0
    """Days between two messages to one person."""
    coupon_share: float = 0.02
    """Coupon, as a share of the mean list price."""
    coupon_of_margin: float = 0.1
    """Most that a coupon may take of the mean unit margin, share."""
    cap_per_week: float = 2.0
    """Most messages per head of a group and week."""

    def touch(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Touches:
        """1 / every_days of each group with its segment's content."""
        shop = view.shop
        parts = [group.rpartition("/") for group in shop.groups]
        named = [self.content.get(segment, "content") for segment, _, _ in parts]
        sent = view.messages[:, -6:].sum(axis=1) / np.maximum(view.group_size, 1)
        share = np.array([1.0 / self.every_days if stage in self.stages else 0.0 for _, _, stage in parts])
        share = np.minimum(share, np.clip(self.cap_per_week - sent, 0.0, 1.0))
        kind = np.array([CONTENTS.index(name) for name in named], dtype=np.int64)
        margin = float((shop.list_price * (1.0 - shop.commission) - shop.unit_cost).mean())
        yuan = min(self.coupon_share * float(shop.list_price.mean()), max(0.0, self.coupon_of_margin * margin))
        coupon = np.where((kind == CONTENTS.index("coupon")) & (share > 0), yuan, 0.0)
        return Touches(share, np.where(share > 0, kind, 0), coupon)
