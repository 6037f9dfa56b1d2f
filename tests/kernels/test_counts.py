"""Counts by hour, against plain numpy."""

from __future__ import annotations

import numpy as np

from sim.kernels.counts import count_by_hour, leading, outside

TIMES = np.random.default_rng(1).integers(0, 3 * 86_400, 5000)


def test_seconds_outside_the_hours_of_their_day() -> None:
    hour = TIMES % 86_400 // 3600
    assert outside(TIMES, 8, 20) == ((hour < 8) | (hour >= 20)).sum() > 1000
    assert outside(TIMES, 0, 24) == 0 and outside(TIMES[:0], 8, 20) == 0
    assert outside(np.array([8 * 3600 - 1, 8 * 3600, 20 * 3600 - 1, 20 * 3600]), 8, 20) == 2


def test_events_by_hour() -> None:
    day = np.bincount((TIMES[TIMES // 86_400 == 1] - 86_400) // 3600, minlength=24)
    assert count_by_hour(TIMES, 86_400, 24).tolist() == day.tolist()


def test_leading_values() -> None:
    assert leading(np.array([1, 2, 1, 5, 1]), 1, 2) == 3 and leading(np.array([3]), 1, 2) == 0
