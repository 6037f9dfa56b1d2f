"""Scores of sample forecasts: CRPS, pinball loss, quantiles and interval coverage; plain numpy.

A forecast is S equally likely values of one quantity. All functions take them SORTED along the first axis.

Source: Gneiting & Raftery 2007 (CRPS, the energy form; pinball loss); Hyndman & Fan 1996, type 6 (quantiles).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
"""Floats of single or double precision; the answer has the same."""


def crps(samples: Array, truth: Array) -> Array:
    """(...) continuous ranked probability score of sorted `samples` (S, ...), in their unit; 0 is perfect.

    E|X - y| - E|X - X'| / 2 over the empirical distribution, the second term by ranks:

    >>> float(crps(np.array([1.0, 2.0, 6.0]), np.array(3.0)))  # (2 + 1 + 3) / 3 - (1 + 5 + 4) / 9
    0.8888888888888888
    """
    s = samples.shape[0]
    rank = (2.0 * np.arange(1, s + 1) - s - 1.0).astype(samples.dtype) / s**2
    spread = np.tensordot(rank, samples, axes=(0, 0))
    return np.asarray(np.abs(samples - truth).mean(axis=0) - spread)


def pinball(quantile: Array, truth: Array, level: float) -> Array:
    """(...) loss of a forecast `quantile` of probability `level`: under-forecasts cost `level`, over 1 - `level`.

    >>> float(pinball(np.array(10.0), np.array(14.0), 0.9)), float(pinball(np.array(10.0), np.array(6.0), 0.9))
    (3.6, 0.3999999999999999)
    """
    gap = truth - quantile
    return np.asarray(np.maximum(level * gap, (level - 1.0) * gap))


def quantile(samples: Array, level: float) -> Array:
    """(...) quantile of sorted `samples` (S, ...) at rank level x (S + 1).

    The one definition by which a central interval of exchangeable samples covers as often as it says.

    >>> float(quantile(np.arange(1.0, 10.0), 0.9))
    9.0
    """
    place = min(max(level * (samples.shape[0] + 1) - 1.0, 0.0), samples.shape[0] - 1.0)
    low = int(place)
    high = min(low + 1, samples.shape[0] - 1)
    return np.asarray(samples[low] + samples.dtype.type(place - low) * (samples[high] - samples[low]))


def inside(samples: Array, truth: Array, share: float) -> NDArray[np.bool_]:
    """(...) whether `truth` lies in the central interval that holds `share` of the probability, bounds included."""
    tail = (1.0 - share) / 2.0
    return np.asarray((quantile(samples, tail) <= truth) & (truth <= quantile(samples, 1.0 - tail)))
