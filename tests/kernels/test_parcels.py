"""Parcels and what is booked of their lines, against the same sums in plain numpy."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.kernels.parcels import booked, parcels_of, stand_in_order

_LINE = st.tuples(*(st.integers(0, most) for most in (3, 2, 2, 1)))
"""Second, consumer, warehouse, till."""


@settings(deadline=None)
@given(st.lists(_LINE, min_size=1, max_size=40))
def test_lines_stand_in_order_when_sorting_moves_none(lines: list[tuple[int, ...]]) -> None:
    columns = np.array(lines, np.int64).T.copy()
    assert stand_in_order(*columns) == (lines == sorted(lines))


@settings(deadline=None)
@given(st.lists(_LINE, min_size=1, max_size=40), st.integers(0, 1000))
def test_parcels_are_the_groups_of_their_lines(lines: list[tuple[int, ...]], seed: int) -> None:
    lines, rng = sorted(lines), np.random.default_rng(seed)
    columns, n = np.array(lines, np.int64).T.copy(), len(lines)
    staged, paid, gift = rng.integers(-1, 2, n), rng.integers(0, 99, n), rng.integers(0, 3, n)
    made = parcels_of(*columns, staged, paid, gift)
    kinds = sorted(set(lines))
    orders = sorted({line[:2] for line in lines})
    mine = [np.array([line == kind for line in lines]) for kind in kinds]
    assert made.number.tolist() == [kinds.index(line) for line in lines]
    assert made.first.tolist() == [lines.index(kind) for kind in kinds]
    assert made.lines.tolist() == [m.sum() for m in mine]
    assert made.unpacked.tolist() == [(staged[m] < 0).sum() for m in mine]
    assert made.paid.tolist() == [paid[m].sum() for m in mine]
    assert made.gift.tolist() == [gift[m].max() for m in mine]
    assert made.begins.tolist() == [next(i for i, line in enumerate(lines) if line[:2] == order) for order in orders]
    assert made.split == sum(sum(kind[:2] == order for kind in kinds) > 1 for order in orders)


def test_what_is_booked_is_rounded_line_by_line() -> None:
    rng, n, skus = np.random.default_rng(5), 500, 4
    sku, units, offer, home = (rng.integers(0, most, n) for most in (skus, 5, 2, 3))
    listed, paid = rng.integers(0, 9_999, n), rng.integers(0, 9_999, n)
    number = np.sort(rng.integers(0, 90, n))
    zone, depth = rng.integers(0, 2, 90), rng.choice([0.0, 0.125, 0.5], (2, 2, skus))
    cost, fee = rng.integers(1, 500, skus), np.array([0.05, 0.125, 0.006])
    sums = booked(sku, units, listed, paid, offer, home, number, zone, depth, cost, fee)
    assert sums.units.tolist() == np.bincount(sku, units, skus).astype(int).tolist()
    assert sums.paid.tolist() == np.bincount(sku, paid, skus).astype(int).tolist()
    assert sums.cost == (cost[sku] * units).sum()
    assert sums.commission == np.round(fee[home] * paid).sum() != round(float((fee[home] * paid).sum()))
    assert sums.offered == np.round(depth[zone[number], offer, sku] * listed).sum()
