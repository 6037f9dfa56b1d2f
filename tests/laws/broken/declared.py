"""What would break a law, and says so: these keep them all.

Source: made for tests.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.contracts import View
from tests.laws.broken.sound import Sound


@dataclass
class FirstOfAll(Sound):
    """A coupon on the first SKU of the list."""

    order_matters = True

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        return np.where(np.arange(len(view.shop.skus)) == 0, 0.1, 0.0)


@dataclass
class FiveOff(Sound):
    """Five of whatever the currency is."""

    currency_matters = True

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        return 5.0 / view.shop.list_price


@dataclass
class Counts(Sound):
    """A coupon after so many days."""

    keeps_state = True

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        self._days = getattr(self, "_days", 0) + 1
        return 0.1 if self._days > 30 else 0.0


@dataclass
class Knows(Sound):
    """Decides by the true demand."""

    info = "oracle"

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        return 0.1 if view.truth is not None and view.truth.demand.sum() > 1.0 else 0.0
