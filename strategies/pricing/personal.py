"""List prices for all, and a personal coupon only where the extra orders pay for it.

For a group with elasticity [e] and a unit that sells at [p] with unit margin [m], a coupon of share [x]
changes expected profit per usual order from m to

    U(x) (m - x p (1 - f)) + (U(x) - 1) v p,     U(x) = 1 + i ((1 - x)^-e - 1)

[f] commission, [i] the share of the uplift that is new and not moved from other days or SKUs, [v] what
a won-back order is worth beyond itself, as a share of the price, for stages other than active. The
best x on a grid is offered if it beats x = 0 and leaves the margin floor. A coupon is never stacked on a
deep public cut.

A coupon on the whole shelf moves nothing from one SKU to another that pays, so a prior for [i] is a third. What the
View's history says about cuts corrects it: a regression of the shop's log units a visit on its log price paid, weeks of
rituals left out, weighed against the prior (a visit, because messages and traffic come with a campaign and bring
visits, cut or not); where nothing pays, nobody gets a coupon.

Source: uplift x margin against coupon cost, Blattberg & Neslin, Sales Promotion (1990); elasticity -2.6 (Bijmolt et al.
2005); switching, other days and new demand a third each (van Heerde, Leeflang & Wittink 2004); CVS: i 0.45, and more
than half of the promotions lose money (Ailawadi et al. 2007).
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
    memory_days: ClassVar[int] = 84
    stages: tuple[str, ...] = ("new", "active", "at_risk", "dormant")
    """Life-cycle stages that may get coupons."""
    elasticity: dict[str, float] = field(
        default_factory=lambda: {"price_sensitive": 4.0, "service_sensitive": 1.8, "rare_large": 2.2}
    )
    """Prior price elasticity [e] by segment, as named in the groups."""
    usual_elasticity: float = 2.6
    """[e] of segments that are not named."""
    incremental_share: float = 0.33
    """[i] share of a coupon's uplift that is new, before the history speaks."""
    incremental_sd: float = 0.1
    """Standard deviation of [i] before the history speaks; 0 = do not learn."""
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
        new = self.learnt_share(view)
        for g, group in enumerate(shop.groups):
            segment, _, stage = group.rpartition("/")
            if stage not in self.stages:
                continue
            key = (
                self.elasticity.get(segment, self.usual_elasticity),
                0.0 if stage == "active" else self.repeat_value,
            )
            if key not in answers:
                answers[key] = self._best(view, price, new, *key)
            coupons[g] = answers[key]
        coupons[:, depth > self.max_stack] = 0.0
        return Offers(np.tile(shop.list_price, (len(shop.channels), 1)), coupons)

    def learnt_share(self, view: View, noise_sd: float = 0.06) -> float:
        """Posterior mean of [i] in [0, 1]: weekly log units a visit against weekly log price paid, around their means.

        `noise_sd` is that of a week's log units for other reasons (weather, appeal, season; assumption).
        """
        weeks = min(view.sold.shape[-1], self.memory_days) // 7
        if weeks < 4 or self.incremental_sd <= 0:
            return self.incremental_share
        days = 7 * weeks
        units = view.sold[..., -days:].sum(axis=1).reshape(-1, weeks, 7).sum(axis=2).astype(np.float64)  # (K, weeks)
        index = (view.paid[:, -days:] / view.shop.list_price[:, None]).reshape(-1, weeks, 7).mean(axis=2)
        ritual = view.ritual[len(view.ritual) - 60 - days : len(view.ritual) - 60].reshape(weeks, 7).max(axis=1)
        share = units.sum(axis=1) / max(units.sum(), 1e-9)
        visits = view.visits[:, -days:].sum(axis=0).reshape(weeks, 7).sum(axis=1)
        use = (ritual < 0.1) & (units.sum(axis=0) > 0) & (visits > 0)
        if use.sum() < 4:
            return self.incremental_share
        y, x = np.log(units.sum(axis=0)[use] / visits[use]), -np.log(np.maximum(share @ index, 1e-9))[use]
        y, x = y - y.mean(), self.usual_elasticity * (x - x.mean())
        prior, seen = self.incremental_sd**-2, noise_sd**-2
        mean = (prior * self.incremental_share + seen * float(x @ y)) / (prior + seen * float(x @ x))
        return float(np.clip(mean, 0.0, 1.0))

    def _best(self, view: View, price: Floats, new: float, elasticity: float, value: float) -> Floats:
        """(K,) yuan: the coupon of highest expected profit on a grid of 2.5 % steps."""
        shop = view.shop
        x = np.linspace(0.0, self.max_coupon, 1 + round(self.max_coupon / 0.025))[:, None]  # (X, 1)
        uplift = 1.0 + new * ((1.0 - x) ** -elasticity - 1.0)
        cost = shop.unit_cost + shop.parcel_yuan
        margin = price * (1.0 - x) * (1.0 - shop.commission) - cost
        profit = uplift * margin + (uplift - 1.0) * value * price
        least = max(self.floor, shop.red_lines.margin.share, shop.margin_floor)
        profit[1:] = np.where(margin[1:] >= least * price * (1.0 - x[1:]), profit[1:], -np.inf)
        return np.asarray(x[profit.argmax(axis=0), 0] * price)
