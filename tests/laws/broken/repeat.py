"""Broken repetition: chance of their own, memories of other runs, hands where they do not belong.

Source: made for tests.
"""

from __future__ import annotations

import itertools
import os
import random
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim.contracts import View
from tests.laws.broken.sound import Sound

COUNT = itertools.count(1)
LATEST = [0]


@dataclass
class Whim(Sound):
    """Another answer each time."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        return 0.5 / next(COUNT)


@dataclass
class RemembersLaterDays(Sound):
    """Knows the last day that any object was asked about."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        LATEST[0] = max(LATEST[0], view.day)
        return 0.1 if LATEST[0] > 60 else 0.0


@dataclass
class GlobalDice(Sound):
    """Draws from the library's own state."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        return 0.1 * random.random()


@dataclass
class WritesIntoTheBooks(Sound):
    """Empties the shelves behind the window."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        assert view.on_hand.base is not None
        view.on_hand.base[...] = 0
        return 0.0


@dataclass
class Redecorates(Sound):
    """Sets an environment variable."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        os.environ["PEAKSHIFT_LAWS_TEST"] = "1"
        return 0.0


@dataclass
class KeepsADiary(Sound):
    """Writes a file."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        file = Path(tempfile.gettempdir()) / "peakshift-laws-test"
        file.write_text("dear diary")
        file.unlink()
        return 0.0


@dataclass
class Talks(Sound):
    """Prints."""

    def coupon(self, view: View, rng: np.random.Generator) -> object:
        print("day", view.day)
        return 0.0
