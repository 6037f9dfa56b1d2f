"""List prices for all, and a personal coupon only where the extra orders pay for it.

For a group with elasticity [e] and a unit that sells at [p] with unit margin [m], a coupon of share [x]
changes expected profit per usual order from m to

    U(x) (m - x p (1 - f)) + (U(x) - 1) v p,     U(x) = 1 + i ((1 - x)^-e - 1)

[f] commission, [i] the share of the uplift that is new and not moved from other days or SKUs, [v] what
a won-back order is worth beyond itself, as a share of the price, for stages other than active. The
best x on a grid is offered if it beats x = 0 and leaves the margin floor. A coupon is never stacked on a
deep public cut.

Source: uplift x margin against coupon cost, Blattberg & Neslin, Sales Promotion (1990);
elasticity -2.6 (Bijmolt et al. 2005); i 0.45 at CVS (Ailawadi et al. 2007), more for targeted coupons.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from sim.contracts import Floats, Forecast, Info, Offers, Pricer, View


@dataclass
class Personal(Pricer):
    """Coupons (G, K) for the groups and SKUs where they pay."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 0
    stages: tuple[str, ...] = ("new", "active", "at_risk", "dormant")
    """Life-cycle stages that may get coupons."""
    elasticity: dict[str, float] = field(
        default_factory=lambda: {"price_sensitive": 4.0, "service_sensitive": 1.8, "rare_large": 2.2}
    )
    """Prior price elasticity [e] by segment, as named in the groups."""
    usual_elasticity: float = 2.6
    """[e] of segments that are not named."""
    incremental_share: float = 0.6
    """[i] share of a coupon's uplift that is new."""
    repeat_value: float = 0.1
    """[v] later value of a won order, as a share of the price; active customers count 0."""
    max_coupon: float = 0.25
    """Largest coupon, share of the price."""
    floor: float = 0.1
    """Least margin after the coupon, as a share of what is paid; the shop's own floor if that is higher."""
    max_stack: float = 0.15
    """Public depth (share) above which no coupon is added."""

    def price(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Offers:
        """List prices, and the best paying coupon of each group and SKU."""
        shop = view.shop
        depth = view.depth_ahead[:, 0]
        price = shop.list_price * (1.0 - depth)
        coupons = np.zeros((len(shop.groups), len(shop.skus)))
        answers: dict[tuple[float, float], Floats] = {}
        for g, group in enumerate(shop.groups):
            segment, _, stage = group.rpartition("/")
            if stage not in self.stages:
                continue
            key = (
                self.elasticity.get(segment, self.usual_elasticity),
                0.0 if stage == "active" else self.repeat_value,
            )
            if key not in answers:
                answers[key] = self._best(view, price, *key)
            coupons[g] = answers[key]
        coupons[:, depth > self.max_stack] = 0.0
        return Offers(np.tile(shop.list_price, (len(shop.channels), 1)), coupons)

    def _best(self, view: View, price: Floats, elasticity: float, value: float) -> Floats:
        """(K,) yuan: the coupon of highest expected profit on a grid of 2.5 % steps."""
        shop = view.shop
        x = np.linspace(0.0, self.max_coupon, 1 + round(self.max_coupon / 0.025))[:, None]  # (X, 1)
        uplift = 1.0 + self.incremental_share * ((1.0 - x) ** -elasticity - 1.0)
        cost = shop.unit_cost + shop.parcel_yuan
        margin = price * (1.0 - x) * (1.0 - shop.commission) - cost
        profit = uplift * margin + (uplift - 1.0) * value * price
        least = max(self.floor, shop.margin_floor)
        profit[1:] = np.where(margin[1:] >= least * price * (1.0 - x[1:]), profit[1:], -np.inf)
        return np.asarray(x[profit.argmax(axis=0), 0] * price)
