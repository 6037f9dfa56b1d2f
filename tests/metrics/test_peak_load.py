"""Peak load of stations, desk and couriers on a made-up history: every figure worked out on paper."""

from __future__ import annotations

import numpy as np
import pytest

from sim.ledger import DAILY, DAILY_FLOATS, PNL, WAIT_BINS, History
from sim.metrics import all_metrics
from sim.scenario import load_scenario
from tests.waits import wait_bins

DAYS = 6


@pytest.fixture
def history() -> History:
    """One day of warm-up, four scored, one of settlement; two cities. Orders come at noon, 10 a day and 50 on day 2;
    pickers do 4 an hour from 12:00, so that of the 50 there are 2 left at midnight and none after one hour."""
    scenario = load_scenario(
        "double12", ["calendar.warm_up_days=1", "calendar.scored_days=4", "calendar.settlement_days=1"]
    )
    daily = {name: np.zeros(DAYS, np.int64) for name in DAILY} | {name: np.zeros(DAYS) for name in DAILY_FLOATS}
    daily["courier_overtime_hours"][:] = [100, 1, 2, 0, 0.5, 100]
    accounts = {name: np.zeros(DAYS, np.int64) for name in PNL}
    arrivals, finished, capacity = (np.zeros((3, DAYS, 24)) for _ in range(3))
    arrivals[0, :, 12], arrivals[0, 2, 12] = 10, 50
    finished[0, :, 12:14], finished[0, :, 14] = 4, 2
    finished[0, 2, 12:24] = 4
    finished[0, 3, 0] = 2
    arrivals[1, :, 9], arrivals[1, 4, 10] = 3, 9
    arrivals[2, :, 20], arrivals[2, 1, 21] = 6, 4
    capacity[0] = 4.0
    capacity[2, :, 20:] = 5.0
    depots, handed, road = np.zeros((2, DAYS, 24)), np.zeros((2, DAYS, 24)), np.full((2, DAYS), 2.0)
    depots[:, :, 8] = 20
    depots[1, 3, 8] = 100
    handed[:, :, 8:10] = 10
    handed[1, 3, 8:24], handed[1, 4, 8:10] = 5, 20
    handed[1, 5, 8] = 10
    road[1, 4] = 4.0
    waits = np.zeros((3, DAYS, WAIT_BINS), np.int64)
    waits[0, 1], waits[0, 0] = wait_bins(np.array([3600] * 9 + [36_000])), wait_bins(np.array([10**6] * 50))
    waits[2, 2] = wait_bins(np.array([0] * 99 + [600]))
    seconds = np.zeros((3, DAYS), np.int64)
    seconds[0, 0:2], seconds[2, 2] = (50 * 10**6, 68_400), 600
    nobody, no_day = np.zeros(0, np.int32), np.zeros(0, np.int16)
    return History(
        scenario, "s", "l", 1, daily, accounts, ("w/pick_pack", "w/returns", "service_desk"),
        arrivals.astype(np.int64), capacity, nobody, no_day, np.zeros(1, np.int8), np.zeros(1, np.int8), 0.0, 0.0, (),
        np.zeros((0, DAYS), np.int64), np.zeros((0, DAYS), np.int64), np.zeros((2, DAYS), np.int64),
        finished_hourly=finished.astype(np.int64), wait_counts=waits, wait_seconds=seconds,
        courier_arrivals_hourly=depots.astype(np.int64), courier_capacity_hourly=np.full((2, DAYS, 24), 2.0),
        courier_finished_hourly=handed.astype(np.int64), couriers_on_road=road,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("peak_load", 50 * 96 / 80), ("peak_load_returns", 9 * 96 / 21), ("peak_load_desk", 6 * 96 / 28),
        ("peak_day_returns", 12 / 3), ("peak_day_desk", 10 / 6), ("peak_day_couriers", 120 / 40),
        ("courier_load_peak", (80 / 2) / (20 / 2)), ("hours_above_capacity", 4), ("hours_above_capacity_desk", 4),
        ("days_above_capacity_couriers", 1), ("hours_to_clear", 0.0), ("courier_overtime_hours", 3.5),
        ("pick_pack_wait_hours", 1.9), ("desk_wait_minutes", 0.1), ("desk_wait_p99_minutes", 0.0),
    ],
)  # fmt: skip
def test_by_hand(history: History, name: str, value: float) -> None:
    assert all_metrics()[name].of(history) == pytest.approx(value)


def test_p99_of_ten_waits_is_the_longest(history: History) -> None:
    assert all_metrics()["pick_pack_wait_p99_hours"].of(history) == pytest.approx(10.0, rel=0.0906)


def test_hours_until_the_depot_is_as_empty_as_usual(history: History) -> None:
    """100 parcels reach the second depot on day 3, 80 are handed over; of the 20 left and the 20 of day 4 it does 40
    from 8:00 to 10:00 of day 4. Usual is nothing inside at 9:59: reached with the end of the tenth hour, hour 9."""
    assert all_metrics()["hours_to_clear_couriers"].of(history) == 9.0


def test_a_queue_that_never_comes_down_counts_to_the_end_of_the_run(history: History) -> None:
    history.courier_finished_hourly[1, 4:] = 0
    assert all_metrics()["hours_to_clear_couriers"].of(history) == 48.0


def test_without_couriers_nothing_fails(history: History) -> None:
    for name in ("courier_arrivals_hourly", "courier_finished_hourly", "couriers_on_road", "courier_capacity_hourly"):
        getattr(history, name)[:] = 0
    of = {name: metric.of(history) for name, metric in all_metrics().items()}
    assert of["courier_load_peak"] == of["peak_day_couriers"] == of["hours_to_clear_couriers"] == 0.0
