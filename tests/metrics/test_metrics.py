"""Metrics on a hand-made history: every figure worked out on paper."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from sim.errors import UsageError
from sim.ledger import DAILY, DAILY_FLOATS, PNL, History
from sim.metrics import all_metrics, check_names, metric
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
    daily["tickets"][:], daily["tickets_bot"][:], daily["tickets_abandoned"][5] = 5, 3, 3
    daily["returned_units"][6], daily["red_line_corrections"][1:3] = 30, 2
    daily["new_customers"][:], daily["left_customers"][:] = 2, 1
    daily["gmv_yuan"][:], daily["promo_spend_yuan"][4], daily["promo_spend_yuan"][9] = 90.5, 40.0, 7.0
    daily["overtime_hours"][4:9], daily["temp_hours"][0:3] = 1.5, 4.0
    accounts = {name: np.zeros(10, np.int64) for name in PNL}
    accounts["gross_sales"][:], accounts["refunds"][9], accounts["markdowns"][4] = 1_000, -2_500, -300
    arrivals, capacity = np.zeros((3, 10, 24), np.int64), np.full((3, 10, 24), 4.0)
    arrivals[0], arrivals[0, 4, 20], arrivals[0, 0, 0] = 1, 48, 500
    who, when = np.array([1, 1, 2, 3, 3, 1, 2], np.int32), np.array([0, 2, 2, 3, 4, 5, 9], np.int16)
    skus, units = ("tee", "serum"), np.array([[3] * 10, [1] * 10])  # traffic, cost 36; profit, cost 98
    daily["misfit_lines"][4], daily["gifts_missing"][5], daily["regrets"][6], daily["channel_inversions"][7] = (
        12,
        3,
        4,
        5,
    )
    daily["split_orders"][:], daily["stock_old_share"][:], accounts["obsolescence"][[1, 3, 8]] = (
        1,
        0.3,
        [-900, -700, 200],
    )
    daily["stock_age_days"][:], daily["stock_age_days"][3:5] = 15.0, [np.nan, 40.0]
    return History(
        scenario, "s", "l", 1, daily, accounts, ("w/pick_pack", "w/returns", "service_desk"), arrivals, capacity,
        who, when, np.array([0, 0, 1, 3], np.int8), np.array([1, 2, 5, 6], np.int8), 0.0, 0.0,
        skus, units, units * np.array([30, 90])[:, None] * 100, np.array([[6] * 10, [2] * 10, [9] * 10]),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("profit", 8 * 10.0 - 25.0 - 3.0 - 5.0), ("net_revenue", 8 * 10.0 - 25.0 - 3.0),
        ("peak_load", 48 * 144 / (143 + 48)),
        ("peak_day", 4.0), ("hours_above_capacity", 1.0), ("late_share", 6 / 60),
        ("order_to_door_hours", (5 * 50 + 80) / 6), ("fill_rate", 1 - 12 / 120), ("contacts_per_100_orders", 20.0),
        ("abandoned_share", 3 / 12), ("return_rate", 30 / 120), ("red_line_corrections", 2.0), ("gmv", 6 * 90.5),
        ("promo_spend", 40.0), ("overtime_hours", 4 * 1.5), ("temp_hours", 4.0), ("new_customers", 12.0),
        ("left_customers", 8.0), ("active_base", 3.0), ("misfit_share", 12 / 120), ("gifts_missing", 3.0),
        ("regrets", 4.0), ("channel_inversions", 5.0), ("left_natural", 1.0), ("left_service", 2.0),
        ("left_regret", 1.0),
        ("traffic_units_share", 3 / 4), ("repeat_units_share", 0.0), ("image_margin_share", 0.0),
        ("profit_margin_share", (90 - 98) / (3 * (30 - 36) + 90 - 98)), ("other_channels_share", 2 / 8),
        ("split_share", 6 / 60), ("stock_age_days", 20.0), ("old_stock_share", 0.3), ("obsolescence", 5.0),
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


def test_nothing_happened(history: History) -> None:
    """Shares of nothing are NaN, never an error."""
    daily = {name: np.zeros_like(values) for name, values in history.daily.items()}
    nobody = np.zeros(0, np.int32), np.zeros(0, np.int16)
    empty = replace(history, daily=daily, arrivals_hourly=np.zeros_like(history.arrivals_hourly),
                    order_customer=nobody[0], order_day=nobody[1])  # fmt: skip
    values = {name: m.of(empty) for name, m in all_metrics().items()}
    assert values["peak_load"] == values["peak_day"] == values["active_base"] == 0.0
    assert all(np.isnan(values[name]) for name in ("late_share", "fill_rate", "return_rate", "retention_90d"))


def test_one_warehouse_cannot_lend_its_hands_to_another(history: History) -> None:
    arrivals, capacity = history.arrivals_hourly.copy(), history.capacity_hourly.copy()
    arrivals[1], capacity[1] = 0, 1000.0
    two = replace(history, stations=("w/pick_pack", "v/pick_pack", "service_desk"), arrivals_hourly=arrivals,
                  capacity_hourly=capacity)  # fmt: skip
    assert all_metrics()["hours_above_capacity"].of(two) == 1.0
    assert all_metrics()["peak_load"].of(two) == pytest.approx(48 * 144 / (143 + 48))


def test_the_order_of_metrics_does_not_depend_on_what_was_imported_first() -> None:
    """Column order decides the bytes of runs.parquet, in the parent as in each worker."""
    show = "from sim.metrics import all_metrics; print(*all_metrics())"
    told = [
        subprocess.run([sys.executable, "-c", first + show], capture_output=True, text=True, check=True).stdout.split()
        for first in ("", "import sim.metrics.retention, sim.metrics.profit; ")
    ]
    assert told[0] == told[1] == list(all_metrics())


def test_a_name_is_given_once() -> None:
    with pytest.raises(ValueError, match=r"'profit' stands in sim\.metrics\.profit and in tests\."):
        metric("profit", "yuan", "higher", "another")(lambda history: 0.0)
