"""Parcels, what is booked of their lines and what comes back of them, against the same in plain numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.kernels.draws import uniform, uniforms
from sim.kernels.experience import Odds, returning
from sim.kernels.parcels import LineRows, ParcelRows, Terms, address, booked, insured, pack, receive
from sim.kernels.people import LINE, Rows

_LINE = st.tuples(*(st.integers(0, most) for most in (3, 2, 2, 1)))
"""Second, consumer, warehouse, offer; who buys offer 1 takes it home."""
TILL, DOCK = np.array([[0, 0, 0], [1, 1, 1]]), np.array([0, 0, 2])
"""(O, W) and (W,): what comes back to node 1 is node 0's."""


def rows_of(lines: list[tuple[int, ...]], seed: int = 0) -> Rows:
    """Lines with drawn contents."""
    out, rng = np.zeros(len(lines), LINE), np.random.default_rng(seed)
    for name, column in zip(("second", "consumer", "warehouse", "offer"), np.array(lines).T, strict=True):
        out[name] = column
    for name, most in (("sku", 4), ("variant", 6), ("units", 5), ("gift", 3), ("filler", 2), ("misfit", 2)):
        out[name] = rng.integers(0, most, out.size)
    out["city"], out["segment"] = out["consumer"] % 2, out["consumer"] % 3
    out["staged"] = rng.integers(-1, 2, out.size)
    for name in ("listed", "paid", "markdown", "bundle", "threshold", "coupon"):
        out[name] = rng.integers(0, 9_999, out.size)
    return out


def columns(kind: Any, size: int) -> Any:
    """Rows of the order book full of what was there before."""
    types = {"I64": np.int64, "I32": np.int32, "I16": np.int16, "U8": np.uint8}
    parts = {name: types[part.__forward_arg__] for name, part in kind.__annotations__.items()}
    return kind(**{name: np.full(size, 99, part) for name, part in parts.items()})


@settings(deadline=None)
@given(st.lists(_LINE, min_size=1, max_size=40))
def test_lines_stand_in_order_when_sorting_moves_none(lines: list[tuple[int, ...]]) -> None:
    rows = rows_of(lines)
    in_order = lines == sorted(lines)
    orders, parcels = len({line[:2] for line in lines}), len(set(lines))
    assert address(rows, TILL, DOCK) == ((parcels, orders) if in_order else (-1, -1))
    assert rows["till"].tolist() == [offer for *_, offer in lines]
    assert rows["home"].tolist() == [node if offer else DOCK[node] for *_, node, offer in lines]
    days = rows["consumer"].astype(np.int64) * 4096 + rows["second"] // 86_400
    assert rows["entity"].tolist() == (days * 4096 + rows["sku"]).tolist()


@settings(deadline=None)
@given(st.lists(_LINE, min_size=1, max_size=40), st.integers(0, 1000))
def test_parcels_are_the_groups_of_their_lines(lines: list[tuple[int, ...]], seed: int) -> None:
    lines = sorted(lines)
    rows = rows_of(lines, seed)
    parcels, orders = address(rows, TILL, DOCK)
    new, kept, left = columns(ParcelRows, parcels), columns(LineRows, rows.size), np.array([0.5, 0.2, 0.9, 0.4])
    promise, rank, nearest = np.array([2, 0, 1]), np.array([1, 0, 2]), np.array([1, 0])
    made = pack(rows, new, kept, 70, 500, orders, Terms(promise, rank, left, nearest, 3, 2))
    kinds, placed = sorted(set(lines)), sorted({line[:2] for line in lines})
    mine = [np.array([line == kind for line in lines]) for kind in kinds]
    of_order = [np.array([line[:2] == order for line in lines]) for order in placed]
    assert [kept.parcel[n] - 70 for n in range(len(lines))] == [kinds.index(line) for line in lines]
    assert (new.first_line - 500).tolist() == [lines.index(kind) for kind in kinds]
    assert new.lines.tolist() == [m.sum() for m in mine]
    assert new.paid.tolist() == [rows["paid"][m].sum() for m in mine]
    assert new.gift.tolist() == [rows["gift"][m].max() for m in mine]
    assert list(zip(new.placed, new.consumer, new.warehouse, strict=True)) == [kind[:3] for kind in kinds]
    assert new.city.tolist() == [kind[1] % 2 for kind in kinds]
    assert new.promise.tolist() == [promise[kind[1] % 3] for kind in kinds]
    assert not new.done.any() and not new.asked.any()
    for name in ("entity", "sku", "variant", "units", "paid", "offer", "filler", "misfit", "home"):
        assert getattr(kept, name).tolist() == rows[name].tolist()
    assert made.unpacked.tolist() == [(rows["staged"][m] < 0).sum() for m in mine]
    assert list(zip(made.ordered, made.buyers, strict=True)) == placed
    assert made.unasked.tolist() == [left[rows["sku"][m]].max() for m in of_order]
    assert made.sent.tolist() == [(rows["till"][m] == 0).any() for m in of_order]
    assert made.entity.tolist() == new.consumer.tolist() and made.rank.tolist() == rank[new.promise].tolist()
    assert made.by_node.tolist() == [sum(kind[2] == node for kind in kinds) for node in range(3)]
    assert made.crossed == sum(kind[2] < 2 and kind[2] != nearest[kind[1] % 2] for kind in kinds)
    assert made.taken == sum(kind[3] for kind in kinds)
    assert made.split == sum(sum(kind[:2] == order for kind in kinds) > 1 for order in placed)


def test_lines_are_received_at_seconds_of_the_world() -> None:
    rows = rows_of([(3, 1, 0, 0), (5, 2, 0, 0)])
    assert not receive(rows, 86_400)
    assert rows["second"].tolist() == [86_403, 86_405] and rows["staged"].tolist() == [-1, -1]
    rows["due"][1] = 99
    assert receive(rows, 0)


def test_what_is_booked_is_rounded_line_by_line() -> None:
    rng = np.random.default_rng(5)
    rows = rows_of([tuple(line) for line in rng.integers(0, (9, 90, 3, 2), (500, 4))])
    rows["home"] = rows["warehouse"]
    zone, depth = np.array([1, 0]), rng.choice([0.0, 0.125, 0.5], (2, 2, 4))
    cost, fee = rng.integers(1, 500, 4), np.array([0.05, 0.125, 0.006])
    sums = booked(rows, zone, depth, cost, fee)
    sku, units, listed, paid = (rows[name].astype(np.int64) for name in ("sku", "units", "listed", "paid"))
    home = rows["home"]
    assert sums.units.tolist() == np.bincount(sku, units, 4).astype(int).tolist()
    assert sums.paid.tolist() == np.bincount(sku, paid, 4).astype(int).tolist()
    assert sums.cost == (cost[sku] * units).sum()
    assert sums.commission == np.round(fee[home] * paid).sum() != round(float((fee[home] * paid).sum()))
    assert sums.offered == np.round(depth[zone[rows["city"]], rows["offer"], sku] * listed).sum()
    for name in ("listed", "markdown", "bundle", "threshold", "coupon"):
        assert getattr(sums, name) == rows[name].sum()


def test_lines_come_back_with_the_product_of_their_chances() -> None:
    """Each line's uniform against its SKU's chance times the factors of its occasion, lateness and kind."""
    rng, n, key = np.random.default_rng(8), 300, np.uint64(77)
    parcels, lines = columns(ParcelRows, n), columns(LineRows, 2 * n)
    parcels.first_line[:], parcels.lines[:] = 1000 + 2 * np.arange(n), 2
    parcels.event[:], parcels.placed[:] = rng.integers(0, 2, n), rng.integers(0, 9 * 86_400, n)
    for column, most in ((lines.sku, 2), (lines.offer, 2), (lines.filler, 2), (lines.misfit, 2), (lines.home, 2)):
        column[:] = rng.integers(0, most, 2 * n)
    lines.entity[:], lines.paid[:] = rng.permutation(2 * n), rng.integers(1, 9999, 2 * n)
    lines.units[:], lines.variant[:] = rng.integers(1, 9, 2 * n), rng.integers(0, 40, 2 * n)
    odds = Odds(np.array([0.1, 0.3]), np.array([1.0, 1.6]), 1.2, 1.3, 1.5, 1.1, 8.0, 1.0, 30)
    number, late = np.sort(rng.choice(n, 200, replace=False)), rng.integers(0, 2, 200).astype(np.uint8)
    back = returning(key, odds, parcels, lines, 40, 1000, number + 40, late)
    mine = (2 * number[:, None] + np.arange(2)).ravel()
    event, delayed = np.repeat(parcels.event[number], 2), np.repeat(late, 2)
    chance = odds.chance[lines.sku[mine]] * np.where(event, 1.2, 1.0) * np.where(delayed, 1.3, 1.0)
    chance *= np.where(lines.filler[mine], 1.5, 1.0) * np.where(lines.misfit[mine], 1.1, 1.0)
    chance *= odds.offer[lines.offer[mine]]
    u = np.array([uniform(key, lines.entity[m], 0) for m in mine])
    for name in ("entity", "sku", "variant", "units", "paid", "offer", "home"):
        assert getattr(back, name).tolist() == getattr(lines, name)[mine][u < chance].tolist()
    assert 20 < back.entity.size < 200
    assert ((back.lag >= 1) & (back.lag <= 30)).all() and np.unique(back.lag).size > 10
    assert back.placed.tolist() == np.repeat(parcels.placed[number], 2)[u < chance].tolist()
    assert back.delivered.tolist() == np.bincount(event, minlength=2).tolist()
    assert back.returned.tolist() == np.bincount(event[u < chance], minlength=2).tolist()


def test_a_warranty_is_taken_for_a_share_of_its_skus_lines() -> None:
    rows = rows_of([(3, 1, 0, 0)] * 500, seed=3)
    rows["entity"] = np.arange(500) * 977
    key, where = np.uint64(12), np.array([0, 1, 0, 1], np.uint8)
    takes = (uniforms(key, rows["entity"], 0) < 0.3) & (where[rows["sku"]] == 1)
    assert insured(rows, key, where, 0.3) == rows["units"][takes].sum() > 0
