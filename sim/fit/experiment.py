"""The smallest price experiment that would identify an elasticity: how many SKUs, which steps, how many weeks.

Every SKU's price is drawn anew each week: list price, or a cut, with even chances. Of a panel of n SKUs and t weeks

    var(log price) = (ln(1 - cut) / 2)^2 (1 - 1/n) (1 - 1/t)          beyond SKU and week effects
    s.e.           = sqrt(phi / (n t m var))                          m mean units a week, phi variance / mean

as the information of a Poisson regression is the sum of mean x (x - its fixed effects)^2; with one SKU there are no
week effects and no (1 - 1/n). Power is that of telling the elasticity e from -1, below which cutting prices cannot pay:
P(z > 1.96 - |e + 1| / s.e.).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from sim.fit.elasticity import PRIOR_MEAN, WEAK

POWER, SURE_SE = 0.8, 0.5
"""Asked for: power against -1, and a s.e. half as wide as the prior."""
CUTS = (0.10, 0.15, 0.20, 0.25, 0.30, 0.40)
MOST_WEEKS = 26
_USUAL_DISPERSION = 2.2
"""Median variance/mean of SKU-weeks without promotions in Complete Journey."""


@dataclass(frozen=True)
class Experiment:
    """A design and what it would tell."""

    skus: tuple[str, ...]
    cut: float
    """Share off list price in a week that is drawn to have it."""
    weeks: int
    price_sd: float
    se: float
    power: float
    enough: bool
    """Whether it reaches what is asked; else it is the best within `MOST_WEEKS`."""

    def told(self) -> str:
        """What to do, in one sentence."""
        who = ", ".join(self.skus[:5]) + (f" and {len(self.skus) - 5} more" if len(self.skus) > 5 else "")
        verdict = "" if self.enough else "; not enough, but the most that these SKUs can tell in half a year"
        return (
            f"for {self.weeks} weeks, draw each week for each of {len(self.skus)} SKUs ({who}) whether it stands at "
            f"list price or {100 * self.cut:.0f} % below, with even chances: s.d. of log price {self.price_sd:.2f}, "
            f"expected s.e. {self.se:.2f}, power {100 * self.power:.0f} % to tell {PRIOR_MEAN:g} from -1{verdict}"
        )


def price_sd(cut: float, skus: int, weeks: int) -> float:
    """S.d. of log price beyond SKU and week effects.

    >>> round(price_sd(0.2, 5, 8), 3)
    0.093
    """
    across = 1 - 1 / skus if skus > 1 else 1.0
    return abs(math.log(1 - cut)) / 2 * math.sqrt(across * (1 - 1 / weeks))


def standard_error(units: float, dispersion: float, cut: float, skus: int, weeks: int) -> float:
    """Expected s.e. with `units` a week in all."""
    mean = units * (1 + (1 - cut) ** PRIOR_MEAN) / 2  # half of the weeks are at the cut and sell more
    return math.sqrt(dispersion / (mean * weeks)) / price_sd(cut, skus, weeks)


def power(se: float, elasticity: float = PRIOR_MEAN) -> float:
    """Chance that a 95 % interval leaves out -1.

    >>> round(power(1.6 / 2.80), 2)
    0.8
    """
    return float(norm.sf(1.96 - abs(elasticity + 1) / se))


def dispersion_of(table: pd.DataFrame) -> float:
    """Variance/mean of weekly units around SKU and week means, at least 1; the usual 2.2 where a panel is too small."""
    wide = table.pivot(index="sku", columns="week", values="units").to_numpy(float)
    n, t = wide.shape
    total = wide.sum()
    if t < 4 or total <= 0:
        return _USUAL_DISPERSION
    weeks = wide.sum(axis=0) / total if n > 1 else np.full(t, 1 / t)
    mean = np.maximum(wide.sum(axis=1, keepdims=True) * weeks, 1e-9)
    left = (n - 1) * (t - 1) if n > 1 else t - 1
    return max(1.0, float(((wide - mean) ** 2 / mean).sum() / left))


def smallest(base_units: dict[str, float], dispersion: float) -> Experiment:
    """The design with the least sales put at a lower price: units x cut x weeks; ties to fewer SKUs, then weeks."""
    order = sorted(base_units, key=lambda sku: (-base_units[sku], sku))
    best: tuple[tuple[bool, float, int, int], Experiment] | None = None
    for n in range(1, min(len(order), 20) + 1):
        units = max(1e-6, sum(base_units[sku] for sku in order[:n]))
        for cut in CUTS:
            for weeks in range(4, MOST_WEEKS + 1):
                sd, se = price_sd(cut, n, weeks), standard_error(units, dispersion, cut, n, weeks)
                enough = sd >= WEAK and se <= SURE_SE and power(se) >= POWER
                if not enough and weeks < MOST_WEEKS:
                    continue
                cost = units * cut * weeks / 2
                rank = (not enough, cost if enough else se, n, weeks)
                if best is None or rank < best[0]:
                    best = rank, Experiment(tuple(order[:n]), cut, weeks, sd, se, power(se), enough)
                if enough:
                    break  # more weeks cost more
    assert best is not None
    return best[1]
