"""Intervals and p that hold at every look; their coverage counted on problems whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from sim.lab.sequential import Design, design
from sim.lab.statistics import bootstrap_t, paired

TRIALS = 1000


def test_one_look_is_the_plain_t_interval() -> None:
    one = Design((10,))
    assert one.level == pytest.approx(0.05, abs=0.004)
    assert one.p_two_sided(0.2) == pytest.approx(0.2, abs=0.01) and one.p_one_sided(0.03) == pytest.approx(
        0.03, abs=3e-3
    )


def test_more_looks_ask_for_more() -> None:
    levels = [design(10, 10, most).level for most in (10, 20, 50, 100)]
    assert levels == sorted(levels, reverse=True)
    assert (
        0.05 / 10 < levels[-1] < 0.02
    )  # between Bonferroni and one look; Pocock's normal value for 10 looks is 0.0106
    five = design(10, 10, 50)
    assert five.p_two_sided(five.level) == pytest.approx(0.05, abs=1e-3)
    assert five.p_two_sided(1e-9) == pytest.approx(5e-9)
    assert np.isnan(five.p_two_sided(float("nan")))


def test_looks_end_with_the_last_replication() -> None:
    assert design(5, 5, 12).looks == (5, 10, 12) and design(7, 5, 7).looks == (7,)


def test_bootstrap_t_is_near_t_for_normal_and_leans_with_the_skew() -> None:
    rng = np.random.default_rng(3)
    d = rng.normal(2.0, 1.0, 60)
    t = paired(d, np.zeros(60))
    assert bootstrap_t(d) == pytest.approx((t.low, t.high), abs=0.06)
    skewed = rng.exponential(1.0, 40)
    low, high = bootstrap_t(skewed)
    assert high - skewed.mean() > skewed.mean() - low
    assert bootstrap_t(d) == bootstrap_t(d.copy()) and np.isnan(bootstrap_t(d[:4])).all()
    assert np.isnan(bootstrap_t(np.full(9, 2.0))).all()


def _stopped(d: np.ndarray, base: np.ndarray, looks: Design, until: float) -> tuple[bool, int]:
    """(interval covers the truth 1.0?, pairs) of one experiment that stops when decided or narrow."""
    for n in looks.looks:
        found = paired(base[:n] + d[:n], base[:n], looks, boot=False)
        decided = min(found.p, found.p_tie) < 0.05
        if decided or (found.high - found.low) / 2 <= until * base[:n].mean():
            break
    return found.low <= 1.0 <= found.high, n


@pytest.mark.slow
def test_coverage_of_a_known_difference() -> None:
    """True difference 1 on a base of 100; 1,000 experiments. The sequential intervals hold at *all* looks, so that at
    the one where an experiment stops they may cover more than 95 %, never less (3 standard errors: 93 %)."""
    rng = np.random.default_rng(11)
    d, base = rng.normal(1.0, 6.0, (TRIALS, 100)), rng.normal(100.0, 10.0, (TRIALS, 100))
    fixed = [paired(base[n, :20] + d[n, :20], base[n, :20]) for n in range(TRIALS)]
    t = np.mean([x.low <= 1 <= x.high for x in fixed])
    boot = np.mean([x.boot_low <= 1 <= x.boot_high for x in fixed])
    looks = design(10, 10, 100)
    ends = [_stopped(d[n], base[n], looks, 0.02) for n in range(TRIALS)]
    sequential, pairs = np.mean([covered for covered, _ in ends]), np.mean([n for _, n in ends])
    zero = np.zeros(100)
    every = [[paired(x[:m], zero[:m], looks, boot=False) for m in looks.looks] for x in d]
    all_looks = np.mean([all(found.low <= 1 <= found.high for found in experiment) for experiment in every])
    print(f"coverage: t {t:.3f}, bootstrap-t {boot:.3f}; sequential at its stop {sequential:.3f} after {pairs:.1f} "
          f"pairs, at all looks {all_looks:.3f}")  # fmt: skip
    assert 0.93 <= t <= 0.97 and 0.93 <= boot <= 0.97 and 0.93 <= all_looks <= 0.97
    assert sequential >= 0.93


@pytest.mark.slow
def test_a_difference_of_zero_is_claimed_in_five_percent_at_most() -> None:
    """1,000 experiments without a difference, looked at ten times; plain t would claim one in a fifth of them."""
    rng, looks = np.random.default_rng(12), design(10, 10, 100)
    d = rng.normal(0.0, 6.0, (TRIALS, 100))
    claims = np.mean([any(paired(x[:n], np.zeros(n), looks, boot=False).p < 0.05 for n in looks.looks) for x in d])
    naive = np.mean([any(paired(x[:n], np.zeros(n), boot=False).p < 0.05 for n in looks.looks) for x in d])
    print(f"false claims: sequential {claims:.3f}, plain t at ten looks {naive:.3f}")
    assert 0.03 <= claims <= 0.07 < naive
