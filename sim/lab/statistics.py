"""Paired comparisons: mean difference, interval, p after Holm, and a verdict.

Runs of one seed share all draws, so differences are taken seed by seed. The verdict uses an
equivalence margin of 1 % of the baseline's mean: `tie` when two one-sided tests put the difference
inside the margin (Schuirmann 1987), even one that is surely not zero, as it is too small to matter;
else `better` or `worse` when Holm's p is below 0.05; else `undecided`. Holm corrects the claims of a
difference; the claims of a tie stand each at 5 %.

Beside the t interval stands a bootstrap-t interval, which needs no normal differences: the pairs are resampled, each
resample's mean difference is divided by its own standard error, and the quantiles of that take the place of t's (Hall
1988; Efron & Tibshirani, An Introduction to the Bootstrap, 1993, 12.5). With an experiment that was looked at more than
once, intervals and p are those of a sequential design (sim/lab/sequential.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sim.lab.sequential import Design

ALPHA = 0.05
MARGIN = 0.01
"""Equivalence margin, share of the baseline's mean."""

RESAMPLES, LEAST_PAIRS = 1999, 5
"""Bootstrap resamples, and the pairs below which no bootstrap interval is given."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """A paired difference over `pairs` seeds; the interval is NaN with fewer than two."""

    mean: float
    low: float
    high: float
    p: float
    p_tie: float
    """p of the two one-sided tests: small means that the difference is within the margin."""
    pairs: int
    boot_low: float = float("nan")
    boot_high: float = float("nan")
    """Bootstrap-t interval; NaN with fewer than `LEAST_PAIRS` pairs."""


def paired(values: Floats, baseline: Floats, design: Design | None = None, boot: bool = True) -> Difference:
    """The difference `values - baseline`, seed by seed; pairs with a NaN are left out.

    With a sequential `design` intervals and p hold whenever the experiment ended. The bootstrap is most of the work;
    without `boot` it is left out.

    >>> paired(np.array([3.0, 5.0, 7.0]), np.array([1.0, 2.0, 3.0])).mean
    3.0
    """
    both = np.isfinite(values) & np.isfinite(baseline)
    d, base = values[both] - baseline[both], baseline[both]
    n = d.size
    nan = float("nan")
    if n == 0:
        return Difference(nan, nan, nan, nan, nan, 0)
    mean = float(d.mean())
    if n == 1:
        return Difference(mean, nan, nan, nan, nan, 1)
    error = float(d.std(ddof=1)) / np.sqrt(n)
    margin = MARGIN * abs(float(base.mean()))
    if error == 0.0:
        return Difference(
            mean, mean, mean, 1.0 if mean == 0 else 0.0, 0.0 if abs(mean) < margin or mean == 0 else 1.0, n
        )
    level = ALPHA if design is None else design.level
    half = float(stats.t.ppf(1 - level / 2, n - 1)) * error
    p = 2 * float(stats.t.sf(abs(mean) / error, n - 1))
    upper = float(stats.t.cdf((mean - margin) / error, n - 1))
    lower = float(stats.t.sf((mean + margin) / error, n - 1))
    p_tie = max(upper, lower)
    if design is not None:
        p, p_tie = design.p_two_sided(p), design.p_one_sided(p_tie)
    return Difference(mean, mean - half, mean + half, p, p_tie, n, *(bootstrap_t(d, level) if boot else ()))


def bootstrap_t(d: Floats, level: float = ALPHA) -> tuple[float, float]:
    """The bootstrap-t interval of the mean of `d` (n,) at confidence 1 - `level`; the same bytes every time."""
    n = d.size
    error = float(d.std(ddof=1)) / np.sqrt(n) if n >= LEAST_PAIRS else 0.0
    if error == 0.0:
        return float("nan"), float("nan")
    picked = d[_resamples(n)]
    off, spread = picked.mean(axis=1) - d.mean(), picked.std(axis=1, ddof=1) / np.sqrt(n)
    far = np.where(off > 0, np.inf, np.where(off < 0, -np.inf, 0.0))  # a resample of one value alone has no spread
    t = np.divide(off, spread, out=far, where=spread > 1e-12 * error)
    low, high = np.quantile(t, (level / 2, 1 - level / 2), method="higher")
    return float(d.mean() - high * error), float(d.mean() - low * error)


@lru_cache(maxsize=8)
def _resamples(n: int) -> NDArray[np.int64]:
    """(RESAMPLES, n) picks, always the same."""
    return np.random.default_rng(19_880_601 + n).integers(n, size=(RESAMPLES, n))


def holm(p: Floats) -> Floats:
    """Holm's step-down adjustment; NaN stays NaN and does not count.

    >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    out = np.full(p.size, np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    worst = 0.0
    for rank, n in enumerate(order):
        worst = max(worst, min(1.0, (order.size - rank) * float(p[n])))
        out[n] = worst
    return out


def verdict(difference: Difference, p_holm: float, better: str) -> str:
    """`better`, `worse`, `tie` or `undecided`, in the metric's good direction."""
    if difference.pairs < 2:
        return "undecided"
    if difference.p_tie < ALPHA:
        return "tie"
    if p_holm < ALPHA:
        return "better" if (difference.mean > 0) == (better == "higher") else "worse"
    return "undecided"
