"""Broken declarations and constructors; this file names no origin on purpose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.contracts import Forecast, Offers, Pricer, View
from tests.laws.broken.sound import Sound


@dataclass
class SaysNotWhatItKnows(Pricer):
    """No info. Source: a test."""

    memory_days = 0
    price = Sound.price
    coupon = Sound.coupon


@dataclass
class SaysNotWhatItRemembers(Pricer):
    """No memory. Source: a test."""

    info = "informed"
    price = Sound.price
    coupon = Sound.coupon


@dataclass
class NamesNoOrigin(Sound):
    """An idea without one."""


@dataclass
class HasNoUnit(Sound):
    """A bare number. Source: a test."""

    strength: float = 0.1


@dataclass
class HasNoDefault(Sound):
    """Cannot be built alone. Source: a test."""

    depth_share: float


@dataclass
class WorksWhenBuilt(Sound):
    """Prepares a table. Source: a test."""

    def __post_init__(self) -> None:
        self.table = np.zeros(3)


@dataclass
class StaysAtHome(Sound):
    """No pickle. Source: a test."""

    def __getstate__(self) -> Any:
        raise TypeError("not for travelling")


@dataclass
class TunesItself(Sound):
    """Overwrites its own parameter. Source: a test."""

    depth_share: float = 0.1

    def price(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Offers:
        self.depth_share = 0.5
        return Sound.price(self, view, forecast, rng)


@dataclass
class CountsDays(Sound):
    """A coupon after so many days. Source: a test."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        self._days = getattr(self, "_days", 0) + 1
        return 0.1 if self._days > 3 else 0.0
