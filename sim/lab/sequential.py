"""When to stop replicating: intervals and p that hold however often an experiment is looked at.

The looks are fixed before the first run: n_1 < n_2 < ... < n_K pairs. Under normal differences the paired t statistics
at all looks have a joint distribution that depends on neither mean nor variance, so one nominal level [a*] is found by
simulation such that the chance that *any* of the K nominal intervals misses is 5 %. These are repeated confidence
intervals with Pocock's constant boundary (Jennison & Turnbull, Group Sequential Methods, 1999, chapter 9; Pocock 1977),
calibrated for t instead of the normal. All K cover at once with 95 %, so the experiment may stop at any of them for any
reason: narrow enough, decided, or out of patience. A p value becomes the chance that the smallest of the K nominal p
is as small, which is valid at any stopping time for the same reason.

The price: at a look chosen without regard to the data they cover more than 95 %, and they are wider than t's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

PATHS, LEVEL = 40_000, 0.05
"""Simulated experiments behind a calibration; 1 - confidence."""


@dataclass(frozen=True)
class Design:
    """The looks of a sequential experiment."""

    looks: tuple[int, ...]
    """Pairs at each look, rising, the first at least 2."""

    @property
    def level(self) -> float:
        """Nominal two-sided level a* of each look's t interval."""
        least = _smallest(self.looks)[0]
        return float(least[int(LEVEL * (PATHS + 1)) - 1])

    def p_two_sided(self, p: float) -> float:
        """The chance, without a difference, of a nominal p this small at any look."""
        return _adjusted(p, _smallest(self.looks)[0], len(self.looks))

    def p_one_sided(self, p: float) -> float:
        """The same for a one-sided p, as in each of the two tests of a tie."""
        return _adjusted(p, _smallest(self.looks)[1], len(self.looks))


def design(first: int, step: int, most: int) -> Design:
    """Looks after `first` pairs and every `step` more, the last at `most`.

    >>> design(10, 10, 35).looks
    (10, 20, 30, 35)
    """
    return Design((*range(first, most, step), most))


def _adjusted(p: float, least: NDArray[np.float64], looks: int) -> float:
    """Bonferroni takes over where p is rarer than the simulation can tell."""
    simulated = (1 + int(np.searchsorted(least, p, side="right"))) / (least.size + 1)
    return float(min(1.0, looks * p, simulated)) if np.isfinite(p) else p


@lru_cache(maxsize=16)
def _smallest(looks: tuple[int, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(PATHS,) sorted smallest nominal p over the looks, two-sided and one-sided, where there is no difference."""
    rng = np.random.default_rng(19_770_801)
    total, squares, done = np.zeros(PATHS), np.zeros(PATHS), 0
    two, one = np.ones(PATHS), np.ones(PATHS)
    for n in looks:
        more, done = n - done, n
        part = rng.normal(0.0, np.sqrt(more), PATHS)
        total += part
        squares += part**2 / more + (rng.chisquare(more - 1, PATHS) if more > 1 else 0.0)
        error = np.sqrt((squares - total**2 / n) / (n - 1) / n)
        tail = stats.t.sf(total / n / error, n - 1)
        two, one = np.minimum(two, 2 * np.minimum(tail, 1 - tail)), np.minimum(one, tail)
    return np.sort(two), np.sort(one)
