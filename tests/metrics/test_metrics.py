"""Metrics on a hand-made history: every figure worked out on paper."""

from __future__ import annotations

import numpy as np
import pytest

from sim.errors import UsageError
from sim.ledger import DAILY, DAILY_FLOATS, PNL, History
from sim.metrics import all_metrics, check_names
from sim.metrics.retention import repurchase
from sim.scenario import load_scenario


@pytest.fixture
def history() -> History:
    """2 days of warm-up, 6 scored, 2 of settlement; one warehouse; three customers."""
    scenario = load_scenario(
        "double12", ["calendar.warm_up_days=2", "calendar.scored_days=6", "calendar.settlement_days=2"]
    )
    daily = {name: np.zeros(10, np.int64) for name in DAILY} | {name: np.zeros(10) for name in DAILY_FLOATS}
    daily["orders"][:] = 10
    daily["units"][:] = 20
    daily["wanted_units"][:], daily["lost_units"][3] = 20, 12
    daily["parcels_dispatched"][:] = [9, 9, 10, 10, 40, 10, 10, 10, 9, 9]
    daily["parcels_delivered"][:], daily["parcels_late"][4] = 10, 6
    daily["order_to_door_hours"][:], daily["order_to_door_hours"][4] = 50.0, 80.0
    daily["tickets"][:], daily["tickets_bot"][:] = 5, 3
    accounts = {name: np.zeros(10, np.int64) for name in PNL}
    accounts["gross_sales"][:], accounts["refunds"][9], accounts["markdowns"][4] = 1_000, -2_500, -300
    arrivals, capacity = np.zeros((3, 10, 24), np.int64), np.full((3, 10, 24), 4.0)
    arrivals[0], arrivals[0, 4, 20], arrivals[0, 0, 0] = 1, 48, 500
    who, when = np.array([1, 1, 2, 3, 3, 1, 2], np.int32), np.array([0, 2, 2, 3, 4, 5, 9], np.int16)
    return History(
        scenario, "s", "l", 1, daily, accounts, ("w/pick_pack", "w/returns", "service_desk"), arrivals, capacity,
        who, when, np.array([0, 0, 1, 3], np.int8), np.zeros(4, np.int8), 0.0, 0.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("profit", 8 * 10.0 - 25.0 - 3.0), ("net_revenue", 8 * 10.0 - 25.0 - 3.0), ("peak_load", 48 * 144 / (143 + 48)),
        ("peak_day", 4.0), ("hours_above_capacity", 1.0), ("late_share", 6 / 60),
        ("order_to_door_hours", (5 * 50 + 80) / 6), ("fill_rate", 1 - 12 / 120), ("contacts_per_100_orders", 20.0),
    ],
)  # fmt: skip
def test_metric_by_hand(history: History, name: str, value: float) -> None:
    assert all_metrics()[name].of(history) == pytest.approx(value)


def test_repurchase_by_hand(history: History) -> None:
    """First scored orders: 1 on day 2 (again day 5), 2 on day 2 (again day 9), 3 on day 3 (again 4).

    Within 3 days: 1 and 3 of three. Within 7: 1 and 2 of two, as 3's seven days end after the last day.
    """
    assert repurchase(history, 3) == pytest.approx(2 / 3)
    assert repurchase(history, 7) == pytest.approx(1.0)
    assert np.isnan(repurchase(history, 90))


def test_names_are_checked() -> None:
    check_names(["profit", "peak_load"])
    with pytest.raises(UsageError, match="did you mean 'retention_90d'"):
        check_names(["retention_90"])
