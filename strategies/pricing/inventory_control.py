"""Sell what is there by a date, and no sooner: the price follows stock left and time left.

Demand at price p is Poisson with rate k exp(-alpha p). With n units and [t] days left, revenue at the best policy is

    J(n, t) = (1/alpha) log( sum_{i=0..n} (k t / e)^i / i! ),    p(n, t) = J(n, t) - J(n - 1, t) + 1/alpha

so price falls with n and, at given n, falls as time runs out. A unit that can be bought again at cost [c] and is not
sold is worth its salvage: prices are margins above that value. The rate k comes from the forecast at today's price,
alpha from the elasticity at list price, alpha = elasticity / list price. Stock that is coming within [season_days]
counts as there. Prices stay between the margin floor and the list price, and are moved in steps.

Source: Gallego & van Ryzin, Optimal Dynamic Pricing of Inventories with Stochastic Demand over Finite Horizons,
Management Science 40 (1994), 2.3 (exponential demand).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import gammaincc, gammaln

from sim.contracts import Floats, Forecast, Info, Offers, Pricer, View


@dataclass
class InventoryControl(Pricer):
    """Price by stock left and time left, for exponential demand."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 0
    season_days: float = 28.0
    """[t] days in which today's stock is meant to be sold, when nothing ends sooner."""
    elasticity: float = 2.6
    """Price elasticity at list price; Bijmolt, van Heerde & Pieters 2005."""
    salvage: float = 0.9
    """Worth of a unit left over, as a share of its cost."""
    step: float = 0.01
    """Prices are multiples of this share of the list price."""

    def price(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Offers:
        """p(n, t) above the worth of a unit left over; the same in every channel; no coupons."""
        shop = view.shop
        days = min(self.season_days, float(forecast.paths.shape[-1]))
        due = view.on_order[..., : int(days)].sum(axis=(1, 2))
        units = (view.on_hand.sum(axis=1) + due).astype(np.float64)
        alpha = self.elasticity / np.maximum(shop.list_price, 1e-9)
        worth = self.salvage * shop.unit_cost
        demand = forecast.mean.sum(axis=1)[:, : int(days)].mean(axis=1)  # (K,) a day at list price
        rate = demand * np.exp(np.minimum(alpha * (shop.list_price - worth), 50.0))
        price = worth + best_price(units, days, rate, alpha)
        price = np.floor(price / shop.list_price / self.step + 1e-9) * self.step * shop.list_price
        lowest = shop.red_lines.margin.lowest(shop.unit_cost, shop.list_price)
        price = np.clip(price, np.minimum(lowest, shop.list_price), shop.list_price)
        return Offers(np.tile(price, (len(shop.channels), 1)), np.zeros((len(shop.groups), len(shop.skus))))


def log_states(units: Floats, load: Floats) -> Floats:
    """log( sum_{i=0..n} load^i / i! ) for n = `units`: a regularised gamma function, without summing."""
    load = np.maximum(load, 1e-12)
    share = gammaincc(units + 1.0, load)  # P(Poisson(load) <= n)
    tail = units * np.log(load) - gammaln(units + 1.0) - np.log1p(-np.minimum(units / load, 1.0 - 1e-9))
    return np.asarray(np.where(share > 1e-200, np.log(np.maximum(share, 1e-200)) + load, tail))


def best_price(units: Floats, days: Floats | float, rate: Floats, alpha: Floats | float) -> Floats:
    """p(n, t) for n >= 1; without stock, the price at which one would be sold (n = 1)."""
    n = np.maximum(np.asarray(units, dtype=np.float64), 1.0)
    load = np.asarray(rate * days / np.e, dtype=np.float64)
    value = log_states(n, load) - log_states(n - 1.0, load)
    return np.asarray((value + 1.0) / alpha)
