"""Learns each category's price response by trying prices that could be best, as often as they could be.

Every [block_days] days each category draws an elasticity from what is known so far and takes the cut that would earn
most if that draw were true; until the next block prices stay. What is known: a Gaussian prior, and a regression of each
day's log units on the log price index of its category, relative to the mean of the days around it, both from the View
(prices shown at noon, units sold); days of a ritual or with empty shelves are left out.

The state is the history: nothing is kept between days.

Source: Thompson, Biometrika 25 (1933); for prices, Ferreira, Simchi-Levi & Wang, Online Network Revenue Management
Using Thompson Sampling, Operations Research 66 (2018). Prior: category elasticity of a whole shelf about a third of
the SKU's 2.6 (van Heerde, Leeflang & Wittink 2004; Bijmolt et al. 2005).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Floats, Forecast, Info, Offers, Pricer, View


@dataclass
class Thompson(Pricer):
    """Thompson sampling over a grid of cuts, one arm a category."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 120
    prior_mean: float = 0.9
    """Elasticity of a category's units before anything is seen."""
    prior_sd: float = 0.6
    """Its standard deviation."""
    block_days: int = 7
    """Days for which a price stays."""
    max_cut: float = 0.2
    """Deepest cut of the list price, share."""
    noise_sd: float = 0.15
    """Standard deviation of a day's log units around the regression."""

    def price(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Offers:
        """Yesterday's cut, or on every [block_days]-th day the best for the drawn elasticity."""
        shop = view.shop
        if view.day % self.block_days and view.day:
            prices = view.prices[:, :, -1].copy()
        else:
            cut = np.zeros(len(shop.skus))
            for name in sorted(set(shop.category)):
                mine = np.array([c == name for c in shop.category])
                mean, sd = self.elasticity(view, mine)
                cut[mine] = self._best(view, mine, mean + sd * rng.standard_normal())
            prices = np.tile(shop.list_price * (1.0 - cut), (len(shop.channels), 1))
        return Offers(prices, np.zeros((len(shop.groups), len(shop.skus))))

    def elasticity(self, view: View, mine: np.ndarray) -> tuple[float, float]:
        """Posterior mean and sd of a category's elasticity, from the View's history."""
        days = min(view.sold.shape[-1], self.memory_days)
        if days < 14:
            return self.prior_mean, self.prior_sd
        units = view.sold[mine, :, -days:].sum(axis=(0, 1)).astype(np.float64)
        depth = view.depth[mine, view.depth.shape[1] - 60 - days : view.depth.shape[1] - 60]
        ritual = view.ritual[len(view.ritual) - 60 - days : len(view.ritual) - 60]
        shelf = view.prices[0, mine, -days:] * (1.0 - depth) / view.shop.list_price[mine, None]
        index = np.log(np.maximum(shelf, 1e-9)).mean(axis=0)
        open_share = 1.0 - view.stockout_hours[mine, :, -days:].mean(axis=(0, 1)) / 24.0
        use = (ritual < 0.1) & (open_share > 0.8) & (units > 0)
        if use.sum() < 14:
            return self.prior_mean, self.prior_sd
        y, x = np.log(units[use]), -index[use]
        span = np.ones(29)
        level = np.convolve(np.ones(y.size), span, "same")
        y, x = y - np.convolve(y, span, "same") / level, x - np.convolve(x, span, "same") / level
        precision = self.prior_sd**-2 + float(x @ x) / self.noise_sd**2
        mean = (self.prior_mean * self.prior_sd**-2 + float(x @ y) / self.noise_sd**2) / precision
        return mean, float(precision**-0.5)

    def _best(self, view: View, mine: np.ndarray, elasticity: float) -> Floats | float:
        """The cut of highest expected profit for a whole category on a grid of 2.5 % steps."""
        shop = view.shop
        cuts = np.linspace(0.0, self.max_cut, 1 + round(self.max_cut / 0.025))[:, None]
        price = shop.list_price[mine] * (1.0 - cuts) * (1.0 - view.depth_ahead[mine, 0])
        margin = price * (1.0 - shop.commission) - shop.unit_cost[mine] - shop.parcel_yuan
        lowest = shop.red_lines.margin.lowest(shop.unit_cost, shop.list_price)[mine]
        earned = ((1.0 - cuts) ** -max(elasticity, 0.0) * margin).sum(axis=1)
        earned[1:] = np.where((price[1:] >= lowest).all(axis=1), earned[1:], -np.inf)
        return float(cuts[int(earned.argmax()), 0])
