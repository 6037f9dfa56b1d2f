"""Which of several systems is best: ranking and selection on common random numbers.

KN (Kim & Nelson, A fully sequential procedure for indifference-zone selection in simulation, ACM TOMACS 11 (2001)
251-273) screens after every replication and guarantees the best with the asked confidence whenever it is better than
all others by the indifference zone; it allows common random numbers. OCBA (Chen, Lin, Yucesan & Chick 2000) spends a
fixed budget where it tells most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass
class KimNelson:
    """The screening of KN with c = 1, for the largest mean.

    Feed it `first(x)` with the first stage (n0, k), then `screen(sums, r)` after each further replication.
    """

    indifference: float
    """Smallest difference worth finding [delta], in the values' unit, above 0."""
    confidence: float = 0.95
    """Wanted chance of the right choice [1 - alpha]."""

    def first(self, values: Floats) -> NDArray[np.bool_]:
        """Learns the variances of all paired differences (k, k) from n0 >= 2 replications; who survives them, (k,)."""
        stage, k = values.shape
        beta = (1 - self.confidence) / max(1, k - 1)
        eta = 0.5 * ((2 * beta) ** (-2 / (stage - 1)) - 1)
        self._h2 = 2 * eta * (stage - 1)
        centred = values - values.mean(axis=0)
        cov = centred.T @ centred / (stage - 1)
        spread = np.diag(cov)[:, None] + np.diag(cov)[None, :] - 2 * cov
        self._variance = np.maximum(spread, 0.0)
        return self.screen(np.ones(k, np.bool_), values.sum(axis=0), stage)

    def screen(self, alive: NDArray[np.bool_], sums: Floats, r: int) -> NDArray[np.bool_]:
        """Who of `alive` (k,) survives `r` replications with these `sums` (k,) of values."""
        delta = self.indifference
        allowed = np.maximum(0.0, (self._h2 * self._variance / delta - delta * r) / 2)  # r W_il(r)
        behind = sums[None, :] - sums[:, None] > allowed + 1e-9 * (1.0 + np.abs(sums).max())
        beaten = (behind & alive[None, :]).any(axis=1)
        kept: NDArray[np.bool_] = alive & ~beaten
        return kept

    @property
    def most(self) -> int:
        """Replications after which one is chosen in any case: the largest N_il + 1."""
        return int(np.floor(self._h2 * self._variance.max() / self.indifference**2)) + 1


def ocba(means: Floats, variances: Floats, total: int) -> Floats:
    """(k,) shares of `total` runs by OCBA, for the largest mean.

    N_i / N_j = (s_i / d_i)^2 / (s_j / d_j)^2 with d the distance to the best, N_b = s_b sqrt(sum (N_i / s_i)^2).
    """
    k, best = means.size, int(np.argmax(means))
    scale = max(float(np.sqrt(variances.max())), 1e-12)
    sd = np.maximum(np.sqrt(variances), 1e-3 * scale)
    distance = np.maximum(means[best] - means, 1e-3 * scale)
    share = (sd / distance) ** 2
    share[best] = 0.0
    share[best] = sd[best] * np.sqrt(float(((share / sd) ** 2).sum())) if k > 1 else 1.0
    return np.asarray(total * share / share.sum())
