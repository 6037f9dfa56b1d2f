"""Strategies that one hard morning brings down.

Source: made for tests.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np

from sim.contracts import View
from tests.laws.broken.sound import Sound


@dataclass
class NeedsYesterday(Sound):
    """The last day sold."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        return 0.0 * view.visits[0, -1]


@dataclass
class NeedsTwoDays(Sound):
    """Today against yesterday."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        return 0.0 * view.visits[0, -2] if view.day else 0.0


@dataclass
class HatesFestivals(Sound):
    """Gives up when it matters."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        if view.ritual_ahead[0] > 0.9:
            raise RuntimeError("too busy")
        return 0.0


@dataclass
class NeedsAFuture(Sound):
    """Waits for the next campaign."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        if view.campaigns and all(c.end_day < view.day for c in view.campaigns):
            raise RuntimeError("nothing to wait for")
        return 0.0


@dataclass
class TrustsThePriceTag(Sound):
    """Takes yesterday's price for the list price."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        if view.day == 43 and (view.prices[0, :, -1] < 0.99 * view.shop.list_price).any():
            raise RuntimeError("unknown price")
        return 0.0


@dataclass
class NeedsTwoSkus(Sound):
    """Looks at the second SKU."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        return 0.0 * view.shop.list_price[1]


@dataclass
class NeedsTwoCities(Sound):
    """Looks at the second city."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        return 0.0 * view.shop.city_share[1]


@dataclass
class SmallShopsOnly(Sound):
    """A table of 100 rows."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        np.zeros(100)[len(view.shop.skus) - 1]
        return 0.0


@dataclass
class ShortMemory(Sound):
    """A table of 1,000 days."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        np.zeros(1000)[view.day]
        return 0.0


@dataclass
class NeedsSales(Sound):
    """Divides by what was sold."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        return 0.0 / int(view.visits.sum()) if view.day else 0.0


@dataclass
class NeedsStock(Sound):
    """Divides by the hours on the shelf."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        return 0.0 / float((24.0 - view.stockout_hours).sum()) if view.day else 0.0


@dataclass
class NeedsCampaigns(Sound):
    """Looks for the deepest campaign."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        return 0.0 * max(c.markdown for c in view.campaigns)


@dataclass
class NeedsQuietDays(Sound):
    """Looks for a day without a campaign."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        return 0.0 * np.flatnonzero(view.ritual == 0)[0]


@dataclass
class NeedsMoney(Sound):
    """The root of the cash."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        return 0.0 * math.sqrt(view.cash)


@dataclass
class NeedsOrder(Sound):
    """Gives up before a queue."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        if view.backlog.max() > 50_000:
            raise SystemExit("I quit")
        return 0.0


@dataclass
class Slow(Sound):
    """Sleeps over a large shop."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        time.sleep(60.0 if len(view.shop.skus) > 100 else 0.0)
        return 0.0
