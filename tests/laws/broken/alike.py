"""Broken symmetry.

Source: made for tests.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.contracts import View
from tests.laws.broken.sound import Sound


@dataclass
class LikesTheFirst(Sound):
    """A coupon on the first SKU of the list."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        return np.where(np.arange(len(view.shop.skus)) == 0, 0.1, 0.0)


@dataclass
class DrawsForTheFirst(Sound):
    """The same, hidden in noise."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        return 0.02 * rng.random(len(view.shop.skus)) + np.where(np.arange(len(view.shop.skus)) == 0, 0.1, 0.0)


@dataclass
class FiveYuanOff(Sound):
    """Five yuan, whatever a yuan is."""

    reduction: float = 5.0
    """yuan, though the name does not say so"""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        return self.reduction / view.shop.list_price


@dataclass
class FiveNamedYuanOff(Sound):
    """The same with a name that tells: this one keeps the law."""

    reduction_yuan: float = 5.0

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        return self.reduction_yuan / view.shop.list_price
