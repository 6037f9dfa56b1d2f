"""Three limits on prices: the margin floor, the channels' consistency, the linkage of discounts to stock.

Each is an object with one question, all bound together in `RedLines`. The engine enforces them and counts what it had
to correct; a strategy finds the same object in `view.shop.red_lines` and can keep to them beforehand. Money is yuan.
Shapes: K SKUs, L channels, G groups, W warehouses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class MarginFloor:
    """No unit is sold below a margin, and a coupon must pay back.

    A coupon [x] on a unit of price [p] and cost [c] pays back if what the unit still earns and what the customer will
    earn later make up for winning him: (p - x) - c + LTV - CAC >= 0.
    """

    share: float = -0.05
    """Least (paid - cost) / paid."""
    lifetime_yuan: Mapping[str, float] = field(default_factory=dict)
    """[LTV] later contribution of a customer by life-cycle stage; a stage not named has no such test."""
    acquisition_yuan: float = 0.0
    """[CAC] spent to win a customer, or win him back, before the coupon."""

    def lowest(self, cost: Floats, listed: Floats) -> Floats:
        """(K,) lowest price; never above the list price, at which anything may be sold."""
        return np.minimum(cost / (1.0 - self.share), listed) if self.share < 1.0 else listed.copy()

    def most_coupon(self, price: Floats, cost: Floats, stage: str) -> Floats:
        """(K,) largest coupon that pays back for a stage, from 0; unlimited where the stage is not named."""
        if stage not in self.lifetime_yuan:
            return np.full(price.shape, np.inf)
        later = self.lifetime_yuan[stage] - self.acquisition_yuan
        return np.maximum(price - cost + later, 0.0)


@dataclass(frozen=True)
class ChannelConsistency:
    """No channel undercuts the first one by more than a gap."""

    gap: float = 0.1
    """Share of the first channel's price."""
    enforced: bool = False
    """Whether prices are raised to the gap; if not, inversions are only counted."""

    def lowest(self, first: Floats) -> Floats:
        """Lowest price beside a price of the first channel, of any shape."""
        return (1.0 - self.gap) * first


@dataclass(frozen=True)
class StockLinkage:
    """What is scarce is not discounted: a cut would sell what sells anyway, and sooner run out."""

    scarce_days: float = 0.0
    """Days of recent sales on the shelf below which an SKU is sold at list price without coupon; 0 = no such line."""

    def scarce(self, on_hand: Floats, daily: Floats) -> Bools:
        """(K,) SKUs with less on the shelf than `scarce_days` of `daily` sales; none that does not sell."""
        return np.asarray((on_hand < self.scarce_days * daily) & (daily > 0))


@dataclass(frozen=True)
class RedLines:
    """The three together, as a scenario's section `red_lines` sets them."""

    margin: MarginFloor = field(default_factory=MarginFloor)
    channels: ChannelConsistency = field(default_factory=ChannelConsistency)
    stock: StockLinkage = field(default_factory=StockLinkage)
