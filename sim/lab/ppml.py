"""Poisson pseudo-maximum likelihood: the regression that `fit` runs on real orders and the lab on simulated ones.

E[y] = exp(x b), by iteratively reweighted least squares; consistent for any distribution with this mean
(Gourieroux, Monfort & Trognon 1984; Santos Silva & Tenreyro 2006).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def dummies(codes: NDArray[np.int64], drop_first: bool) -> Floats:
    """(n, codes) 0/1 columns, one a code; without the first where another effect holds the level.

    >>> dummies(np.array([0, 1, 1]), drop_first=True).tolist()
    [[0.0], [1.0], [1.0]]
    """
    matrix = np.eye(int(codes.max()) + 1)[codes]
    return matrix[:, 1:] if drop_first else matrix


def poisson(units: Floats, x: Floats) -> tuple[Floats, Floats]:
    """(coefficients (p,), fitted means (n,)) of `units` (n,) on the columns of `x` (n, p)."""
    mean = np.maximum(units, 0.1) * 0.5 + units.mean() * 0.5 + 1e-9
    eta = np.log(mean)
    new = np.zeros(x.shape[1])
    for _ in range(200):
        target = eta + (units - mean) / mean
        weighted = x * mean[:, None]
        new = np.linalg.lstsq(weighted.T @ x, weighted.T @ target, rcond=None)[0]
        eta = np.clip(x @ new, -30, 30)
        moved, mean = np.abs(np.exp(eta) - mean).max(), np.exp(eta)
        if moved < 1e-9 * (1.0 + mean.max()):  # by the means: coefficients of empty weeks run away
            break
    return new, mean
