"""Broken answers.

Source: made for tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.contracts import Forecast, Offers, StockPlan, View
from tests.laws.broken.sound import Sound, SoundForecaster, SoundStocker


@dataclass
class AnswersAnArray(Sound):
    """Prices alone."""

    def price(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Any:
        return view.shop.list_price


@dataclass
class SwapsAxes(Sound):
    """Coupons (K, G)."""

    def price(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Offers:
        answer = Sound.price(self, view, forecast, rng)
        return Offers(answer.prices, answer.coupons.T)


@dataclass
class DividesByZero(Sound):
    """NaN coupons."""

    def price(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Offers:
        answer = Sound.price(self, view, forecast, rng)
        return Offers(answer.prices, answer.coupons * np.nan)


@dataclass
class GivesMoneyAway(Sound):
    """Coupons above the price."""

    def price(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Offers:
        answer = Sound.price(self, view, forecast, rng)
        return Offers(answer.prices, answer.coupons + 1.5 * view.shop.list_price)


@dataclass
class OrdersHalves(SoundStocker):
    """Half a unit of everything."""

    def order(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Any:
        plan = SoundStocker.order(self, view, forecast, rng)
        halves: Any = plan.orders + 0.5
        return StockPlan(halves, plan.transfers)


@dataclass
class LosesHours(SoundForecaster):
    """Hour shares that do not add up."""

    def forecast(self, view: View, horizon_days: int, rng: np.random.Generator) -> Forecast:
        answer = SoundForecaster.forecast(self, view, horizon_days, rng)
        return Forecast(answer.paths, answer.hour_shares * 0.5)


@dataclass
class AlwaysFourWeeks(SoundForecaster):
    """Ignores what it is asked."""

    def forecast(self, view: View, horizon_days: int, rng: np.random.Generator) -> Forecast:
        return SoundForecaster.forecast(self, view, 28, rng)
