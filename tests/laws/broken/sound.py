"""Strategies that keep every law, for the broken ones to start from.

Source: made for tests.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.contracts import Forecast, Forecaster, Offers, Pricer, Stocker, StockPlan, View


@dataclass
class Sound(Pricer):
    """List prices; what `coupon` says off for everybody."""

    info = "informed"
    memory_days = 0

    def price(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Offers:
        shop = view.shop
        prices = np.tile(shop.list_price, (len(shop.channels), 1))
        share = np.broadcast_to(np.clip(self.coupon(view, rng), 0.0, 0.5), len(shop.skus))
        return Offers(prices, np.tile(share * shop.list_price, (len(shop.groups), 1)))

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        """Share of the price."""
        return 0.0


@dataclass
class SoundForecaster(Forecaster):
    """The same as yesterday."""

    info = "informed"
    memory_days = 1

    def forecast(self, view: View, horizon_days: int, rng: np.random.Generator) -> Forecast:
        level = view.sold[..., -1:].sum(axis=-1, keepdims=True).astype(np.float64)
        return Forecast(np.repeat(level[None], horizon_days, axis=-1), np.full((horizon_days, 24), 1 / 24))


@dataclass
class SoundStocker(Stocker):
    """Orders nothing."""

    info = "informed"
    memory_days = 0

    def order(self, view: View, forecast: Forecast, rng: np.random.Generator) -> StockPlan:
        k, w = view.on_hand.shape
        return StockPlan(np.zeros((k, w), np.int64), np.zeros((k, w, w), np.int64))
