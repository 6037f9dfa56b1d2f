"""Broken promises about what is known.

Source: made for tests.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import numpy as np

from sim.contracts import View
from tests.laws.broken.sound import Sound

HISTORY: set[datetime.date] = set()


@dataclass
class RemembersMore(Sound):
    """Says a week, looks at a month."""

    memory_days = 7

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        return 0.1 if view.visits[:, -30:].sum() % 2 else 0.0


@dataclass
class LooksBehind(Sound):
    """Reads the engine's records of tomorrow."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        books = view.sold.base
        assert books is not None
        return 0.1 if books[..., view.day :].sum() > 0 else 0.0


@dataclass
class LivedBefore(Sound):
    """Knows the days of an earlier run."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        HISTORY.add(view.date)
        return 0.1 if view.date + datetime.timedelta(days=1) in HISTORY and view.day > 1 else 0.0


@dataclass
class PeeksAtTheTruth(Sound):
    """Decides by the true demand when it is there."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        return 0.1 if view.truth is not None else 0.0


@dataclass
class NotSoBlind(Sound):
    """Says blind, reads the calendar."""

    info = "blind"

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        return 0.1 if view.campaigns else 0.0
