"""Draws in single precision, against the same in double; a bound on uniforms; arrays that are borrowed."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from scipy import stats

from sim.kernels.draws import lognormal_seconds, normal32, screen, uniforms
from sim.kernels.instructions import borrowed

KEY, MANY = np.uint64(0xFEED_5EED), np.arange(400_000) * 7 + 5


@njit
def _normals(key: Any, entities: Any) -> Any:
    out = np.empty(entities.size, np.float32)
    for n in range(entities.size):
        out[n] = normal32(key, entities[n], 0)
    return out


@njit
def _screened(key: Any, first: int, chance: Any, scale: float) -> Any:
    out = np.zeros(chance.size - first, np.uint8)
    screen(key, first, chance, scale, out)
    return out


def test_a_normal_in_single_precision_is_the_same_draw() -> None:
    exact = np.sqrt(-2.0 * np.log(uniforms(KEY, MANY, 0))) * np.cos(2.0 * np.pi * uniforms(KEY, MANY, 1))
    assert np.abs(_normals(KEY, MANY) - exact).max() < 1e-5


def test_normals_are_normal_to_their_tails() -> None:
    z = _normals(np.uint64(77), MANY).astype(np.float64)
    assert stats.kstest(z, "norm").pvalue > 1e-4
    for at in (3.0, 4.0):
        expected = 2 * stats.norm.sf(at) * z.size
        assert abs((np.abs(z) > at).sum() - expected) < 4 * np.sqrt(expected)


def test_durations_have_their_mean_and_spread_and_take_a_second_at_least() -> None:
    exact = np.sqrt(-2.0 * np.log(uniforms(KEY, MANY, 0))) * np.cos(2.0 * np.pi * uniforms(KEY, MANY, 1))
    variance = np.log1p(0.25)
    plain = np.floor(3600.0 * np.exp(np.sqrt(variance) * exact - variance / 2) + 0.5)
    seconds = lognormal_seconds(KEY, MANY, np.array([3600.0]), 0.5)
    assert np.abs(seconds - plain).max() <= 1 and (seconds != plain).mean() < 0.01
    each = np.linspace(1.0, 7200.0, MANY.size)
    assert abs(lognormal_seconds(KEY, MANY, each, 0.5).mean() / each.mean() - 1.0) < 0.005
    assert lognormal_seconds(KEY, MANY, np.array([0.01]), 2.0).min() == 1


def test_the_screen_lets_everybody_through_who_may_come_and_hardly_another() -> None:
    chance = np.random.default_rng(3).gamma(0.5, 0.2, 300_000).astype(np.float32)
    for scale in (1e-9, 0.3, 1.7, 50.0):
        come = uniforms(KEY, np.arange(2000, chance.size), 0) < chance[2000:].astype(np.float64) * scale
        marked = _screened(KEY, 2000, chance, scale) == 1
        assert not (come & ~marked).any() and (marked & ~come).sum() <= 2


class Pair(NamedTuple):
    """Arrays as kernels are handed them."""

    a: Any
    b: Any
    factor: int


@njit
def _add(pair: Any) -> Any:
    pair.a[:] += pair.factor * pair.b
    return pair.a.sum()


@njit
def _lent(pair: Any) -> Any:
    own = borrowed(pair)
    return _add(own) + _add(borrowed(own))


def test_borrowed_arrays_are_the_same_memory_and_nobody_counts_them() -> None:
    pair = Pair(np.arange(5), np.ones(5, np.int64), 3)
    assert _lent(pair) == (10 + 15) + (10 + 30) and pair.a.tolist() == [6, 7, 8, 9, 10]
    before = sys.getrefcount(pair.a)
    for _ in range(9):
        _lent(pair)
    after = sys.getrefcount(pair.a)
    assert after == before
