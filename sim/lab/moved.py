"""A promotion's bump as one sum over SKUs, categories and periods: the split that the published bands speak of.

van Heerde, Leeflang & Wittink (2004): the own gain in the promotion's time is what other SKUs of the category lost in
that time (switching), plus what the category lost at other times (cross-period), plus what it gained over
all times (expansion). An identity: it holds for any two tables of units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.contracts import Ints


@dataclass(frozen=True)
class Split:
    """Units that a promotion moved; the first is the sum of the next three."""

    bump: float
    switching: float
    cross_period: float
    expansion: float
    elsewhere: float
    """Gain of all other categories over the window."""
    deficit: float
    """Loss of the category in the four weeks after."""

    def __add__(self, other: Split) -> Split:
        return Split(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))


def split_of(now: Ints, always: Ints, soon_after: Ints, own: NDArray[np.bool_], same: NDArray[np.bool_]) -> Split:
    """The split from (K,) differences of units between a world with the promotion and its twin without.

    `now` in the promotion's time, `always` over all times, `soon_after` in the four weeks after it; `own` are the
    promoted SKUs, `same` all SKUs of their categories.
    """
    category = int(now[same].sum())
    return Split(
        bump=float(now[own].sum()), switching=-float(now[same & ~own].sum()),
        cross_period=float(category - always[same].sum()), expansion=float(always[same].sum()),
        elsewhere=float(always[~same].sum()), deficit=-float(soon_after[same].sum()),
    )  # fmt: skip
