"""Paired differences against scipy, Holm by hand, verdicts one by one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sim.lab.statistics import Difference, holm, paired, verdict


def test_paired_difference_equals_scipy() -> None:
    rng = np.random.default_rng(1)
    base = rng.normal(100, 10, 12)
    mine = base + rng.normal(3, 2, 12)
    d = paired(mine, base)
    expected = stats.ttest_rel(mine, base)
    interval = expected.confidence_interval(0.95)
    assert (d.low, d.high) == pytest.approx((interval.low, interval.high))
    assert d.p == pytest.approx(expected.pvalue) and d.pairs == 12


def test_missing_values_leave_their_pair_out() -> None:
    d = paired(np.array([1.0, np.nan, 3.0]), np.array([0.0, 0.0, np.nan]))
    assert d.pairs == 1 and d.mean == 1.0 and np.isnan(d.low)
    assert paired(np.array([np.nan]), np.array([1.0])).pairs == 0


def test_no_spread_at_all() -> None:
    same = paired(np.full(5, 7.0), np.full(5, 7.0))
    assert (same.mean, same.p, verdict(same, same.p, "higher")) == (0.0, 1.0, "tie")
    more = paired(np.full(5, 9.0), np.full(5, 7.0))
    assert (more.p, verdict(more, more.p, "higher"), verdict(more, more.p, "lower")) == (0.0, "better", "worse")


def test_holm_by_hand() -> None:
    """0.005 x 4; 0.01 x 3; 0.03 x 2; 0.04 x 1 raised to the one before."""
    assert holm(np.array([0.03, 0.005, 0.04, np.nan, 0.01])).tolist() == pytest.approx(
        [0.06, 0.02, 0.06, float("nan"), 0.03], nan_ok=True
    )


@pytest.mark.parametrize(
    ("mean", "p_holm", "p_tie", "pairs", "better", "expected"),
    [
        (5.0, 0.01, 0.9, 10, "higher", "better"), (5.0, 0.01, 0.9, 10, "lower", "worse"),
        (-5.0, 0.01, 0.9, 10, "higher", "worse"), (5.0, 0.20, 0.9, 10, "higher", "undecided"),
        (0.1, 0.01, 0.01, 10, "higher", "tie"), (5.0, 0.001, 0.9, 1, "higher", "undecided"),
    ],
)  # fmt: skip
def test_verdicts(mean: float, p_holm: float, p_tie: float, pairs: int, better: str, expected: str) -> None:
    assert verdict(Difference(mean, mean - 1, mean + 1, p_holm, p_tie, pairs), p_holm, better) == expected


def test_one_pair_decides_nothing() -> None:
    d = paired(np.array([9.0]), np.array([7.0]))
    assert d.mean == 2.0 and np.isnan([d.low, d.high, d.p]).all()
    assert verdict(d, float(holm(np.array([d.p]))[0]), "higher") == "undecided"


def test_tie_equals_two_one_sided_tests_of_scipy() -> None:
    rng = np.random.default_rng(2)
    base = rng.normal(100, 10, 15)
    mine = base + rng.normal(0.1, 1.0, 15)
    d, margin = mine - base, 0.01 * base.mean()
    above = stats.ttest_1samp(d, -margin, alternative="greater").pvalue
    below = stats.ttest_1samp(d, margin, alternative="less").pvalue
    assert paired(mine, base).p_tie == pytest.approx(max(above, below))
