"""Cash metrics on a history whose figures were made up: worked out on paper."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.ledger import DAILY_FLOATS, PNL, History
from sim.metrics import all_metrics
from sim.scenario import load_scenario

CASH = ("stock_days", "stock_turns", "receivable_days", "payable_days", "cash_to_cash", "lowest_cash")


@pytest.fixture
def history() -> History:
    """1 day of warm-up, 4 scored, 1 of settlement: 4,000 yuan of goods at cost and 10,000 at list sold a day, less a
    tenth off and 25 % of both back. Balances of day 1 to 4 are those that count; those around them are far off."""
    sizes = ["calendar.warm_up_days=1", "calendar.scored_days=4", "calendar.settlement_days=1"]
    daily = {name: np.zeros(6) for name in DAILY_FLOATS}
    daily["stock_value_yuan"][:] = [9e9, 50_000, 70_000, 60_000, 60_000, 9e9]
    daily["receivable_yuan"][:] = [9e9, 40_000, 50_000, 60_000, 66_000, 9e9]
    daily["payable_yuan"][:] = [9e9, 30_000, 30_000, 45_000, 15_000, 9e9]
    daily["cash_yuan"][:] = [-9e9, 500.0, 300.0, 700.0, 800.0, -20.0]
    books = {name: np.zeros(6, np.int64) for name in PNL}
    books["gross_sales"][:], books["markdowns"][:], books["refunds"][:] = 1_000_000, -100_000, -225_000
    books["cost_of_goods"][:], books["cost_returned"][:] = -400_000, 100_000
    none = np.zeros(0, np.int64)
    return History(
        load_scenario("double12", sizes), "s", "l", 1, daily, books, (), none, none, none, none, none, none, 0.0, 0.0,
        (), none, none, none,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    list(zip(CASH, (60_000 / 3000, 365 / 20, 54_000 / 6750, 30_000 / 3000, 20.0 + 8.0 - 10.0, -20.0), strict=True)),
)
def test_cash_metric_by_hand(history: History, name: str, value: float) -> None:
    assert all_metrics()[name].of(history) == pytest.approx(value)


def test_without_sales_there_is_no_cycle(history: History) -> None:
    idle = replace(history, accounts={name: np.zeros(6, np.int64) for name in PNL})
    assert all(np.isnan(all_metrics()[name].of(idle)) for name in CASH[:-1])
