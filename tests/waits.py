"""Histograms of waits as a run keeps them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.kernels.counts import count_served
from sim.ledger import WAIT_BINS


def wait_bins(seconds: ArrayLike) -> NDArray[np.int64]:
    """(B,) how many of these waits fall into each bin."""
    waits, bins = np.asarray(seconds, np.int64), np.zeros(WAIT_BINS, np.int64)
    assert count_served(waits, np.zeros(0, np.int64), bins, np.zeros(0, np.int64)) == waits.sum()
    return bins
