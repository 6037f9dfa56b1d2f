"""What becomes of parcels between warehouse and door, against the same in plain numpy."""

from __future__ import annotations

import numpy as np
import pytest

from sim.kernels.handover import CITY, bound_for, by_number, carriage, felt, hand_over, overdue, owed
from sim.kernels.parcels import ParcelRows

FIRST, SIZE = 5000, 400


@pytest.fixture
def parcels() -> ParcelRows:
    """400 parcels from number 5000 on."""
    rng = np.random.default_rng(4)

    def small(most: int) -> np.ndarray:
        return rng.integers(0, most, SIZE).astype(np.uint8)

    return ParcelRows(
        consumer=rng.integers(0, 90, SIZE).astype(np.int32), city=small(3), warehouse=small(2),
        placed=rng.integers(0, 9 * 86_400, SIZE), paid=rng.integers(1, 9999, SIZE), event=small(2),
        first_line=np.arange(SIZE), lines=np.ones(SIZE, np.int16), gift=small(3), done=small(2), asked=small(2),
        promise=small(2),
    )  # fmt: skip


def some(rng: np.random.Generator, size: int) -> np.ndarray:
    """Numbers of some parcels, in any order."""
    return FIRST + rng.choice(SIZE, size, replace=False)


def test_bound_for_sorts_by_city_then_entity(parcels: ParcelRows) -> None:
    numbers = some(np.random.default_rng(1), 150)
    at, bound = numbers - FIRST, bound_for(parcels, FIRST, numbers)
    entity = parcels.consumer[at].astype(np.int64) * 8192 + parcels.placed[at] // 86_400
    assert (bound >> CITY).tolist() == parcels.city[at].tolist()
    assert (bound & (1 << CITY) - 1).tolist() == entity.tolist()


def test_carriage_is_that_of_distance_and_class(parcels: ParcelRows) -> None:
    cross, by_class = np.array([[0, 7], [9, 0], [2, 3]]), np.array([0, 500])
    numbers = some(np.random.default_rng(2), 99)
    at = numbers - FIRST
    want = cross[parcels.city[at], parcels.warehouse[at]].sum() + by_class[parcels.promise[at]].sum()
    assert carriage(parcels, FIRST, numbers, cross, by_class) == want


@pytest.mark.parametrize("spread", [1, 1000])
def test_parcels_come_in_order_of_their_numbers(spread: int) -> None:
    rng = np.random.default_rng(spread)
    numbers = some(rng, 120) * spread
    seconds = rng.integers(0, 99_999, numbers.size)
    order = np.argsort(numbers)
    out, when = by_number(numbers, seconds)
    assert out.tolist() == numbers[order].tolist() and when.tolist() == seconds[order].tolist()


def test_late_is_later_than_promised(parcels: ParcelRows) -> None:
    rng, promise = np.random.default_rng(6), np.array([72.0, 14.0])
    numbers = np.sort(some(rng, 200))
    at = numbers - FIRST
    seconds = parcels.placed[at] + rng.integers(0, 100 * 3600, at.size)
    seconds[:2] = parcels.placed[at[:2]] + (3600 * promise[parcels.promise[at[:2]]]).astype(int) + (0, 1)
    others = np.setdiff1d(np.arange(SIZE), at)
    before = parcels.done[others].copy()
    late, total = hand_over(parcels, FIRST, numbers, seconds, promise)
    took = seconds - parcels.placed[at]
    assert late.tolist() == (took > 3600 * promise[parcels.promise[at]]).tolist() and late[:2].tolist() == [False, True]
    assert total == took.sum() and parcels.done[at].all() and (parcels.done[others] == before).all()


def test_what_buyers_get(parcels: ParcelRows) -> None:
    numbers = some(np.random.default_rng(7), 130)
    at, out = numbers - FIRST, felt(parcels, FIRST, numbers)
    assert out.consumer.tolist() == parcels.consumer[at].tolist()
    assert out.day.tolist() == (parcels.placed[at] // 86_400).tolist()
    assert out.missing.tolist() == (parcels.gift[at] == 2).tolist() and out.paid == parcels.paid[at].sum()


def test_who_waits_beyond_the_promise_asks_once(parcels: ParcelRows) -> None:
    limits = np.array([3 * 86_400, 6 * 86_400])
    waiting = (parcels.done == 0) & (parcels.asked == 0) & (parcels.placed <= limits[parcels.promise])
    asked = parcels.asked | waiting
    assert overdue(parcels, limits).tolist() == parcels.consumer[waiting].tolist() and waiting.any()
    assert (parcels.asked == asked).all() and overdue(parcels, limits).size == 0


def test_owed_is_what_is_not_at_the_door(parcels: ParcelRows) -> None:
    assert owed(parcels) == parcels.paid[parcels.done == 0].sum()
