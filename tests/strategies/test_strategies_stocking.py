"""Exact orders from scripted demand, worked out by hand, and the textbook's newsvendor."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from scipy import stats

from sim.contracts import Forecast, Truth
from strategies.stocking.base_stock import BaseStock
from strategies.stocking.joint_budget import JointBudget, within
from strategies.stocking.min_max import MinMax, levels
from strategies.stocking.newsvendor import Newsvendor, quantiles, window_total
from strategies.stocking.oracle import Oracle as StockOracle
from strategies.stocking.promo_build import PromoBuild
from strategies.stocking.round_up import RoundUp
from strategies.stocking.transfer_balancing import TransferBalancing
from tests.strategies.scripted import campaign, even_forecast, scripted_view

RNG = np.random.default_rng(0)
TEXTBOOK = {
    "list_price": np.array([1.70]),
    "unit_cost": np.array([1.0]),
    "salvage_share": 0.82,
    "lead_time_days": np.zeros(1),
}

TEXTBOOK_RATIO = {"clearance_chance": 1.0, "later_loss": 0.0}
"""The book's newsvendor: what is left over is cleared, who finds nothing is not lost for later."""


def _normal_day(mean: float, sd: float, samples: int = 4001) -> Forecast:
    """Sample paths at the plotting positions of a normal day."""
    normal = NormalDist(mean, sd)
    draws = np.array([normal.inv_cdf((i + 0.5) / samples) for i in range(samples)])
    paths = np.repeat(draws[:, None, None, None], 28, axis=-1)
    return Forecast(paths, np.full((28, 24), 1 / 24))


def test_newsvendor_of_the_textbook() -> None:
    """Snyder & Shen example 4.3: h 0.18, p 0.70, N(50, 8) -> 56.6."""
    view = scripted_view(1, shop=TEXTBOOK)
    strategy = Newsvendor(**TEXTBOOK_RATIO)
    ratio = strategy.critical_ratio(view)
    assert ratio[0] == pytest.approx(0.70 / 0.88)
    forecast = _normal_day(50, 8)
    level = quantiles(window_total(forecast.paths, np.ones(1)), ratio)
    assert level[0, 0] == pytest.approx(56.604, abs=0.01)
    assert strategy.order(view, forecast, RNG).orders.tolist() == [[57]]


def test_newsvendor_counts_what_the_disappointed_buy_less_later() -> None:
    """A later loss of half the margin: 1.05 / (1.05 + 0.18)."""
    view = scripted_view(1, shop=TEXTBOOK)
    assert Newsvendor(clearance_chance=1.0, later_loss=0.5).critical_ratio(view)[0] == pytest.approx(1.05 / 1.23)


def test_newsvendor_counts_what_is_there_and_coming() -> None:
    due = np.zeros((1, 1, 60), dtype=np.int64)
    due[0, 0, 3] = 20
    view = scripted_view(1, shop=TEXTBOOK, on_hand=np.array([[30]]), on_order=due)
    assert Newsvendor(**TEXTBOOK_RATIO).order(view, _normal_day(50, 8), RNG).orders.tolist() == [[7]]


def test_newsvendor_takes_the_quantile_of_the_total() -> None:
    """Independent days: the total of 4 days N(50, 8) has sd 16, not 32."""
    rng = np.random.default_rng(7)
    paths = rng.normal(50, 8, (20_000, 1, 1, 28))
    view = scripted_view(1, shop=TEXTBOOK | {"lead_time_days": np.array([3.0])})
    orders = Newsvendor(**TEXTBOOK_RATIO).order(view, Forecast(paths, np.full((28, 24), 1 / 24)), RNG).orders
    assert orders[0, 0] == pytest.approx(200 + 0.825 * 16, abs=1.5)


def test_newsvendor_window_of_each_sku_and_warehouse() -> None:
    """10, 20, 30 units a day in three cities; w0 serves the first and third; 1 + 2 days and 1 + 4.5 days."""
    view = scripted_view(2, 3, 2, shop={"lead_time_days": np.array([2.0, 4.5])})
    orders = Newsvendor().order(view, even_forecast([[10, 20, 30]] * 2), RNG).orders
    assert orders.tolist() == [[120, 60], [220, 110]]


def test_newsvendor_lead_time_spread_lengthens_the_window() -> None:
    view = scripted_view(1, shop={"lead_time_sd_days": np.array([1.5])})
    assert Newsvendor(safety_sds=2.0).order(view, even_forecast([[10]]), RNG).orders.tolist() == [[60]]


def test_newsvendor_beyond_the_horizon_goes_on_at_the_same_rate() -> None:
    view = scripted_view(1, shop={"lead_time_days": np.array([39.0])})
    assert Newsvendor().order(view, even_forecast([[10]]), RNG).orders.tolist() == [[400]]


def test_newsvendor_waits_while_less_than_half_a_carton_is_due() -> None:
    carton = {"minimum_order": np.array([24])}
    few = scripted_view(1, shop=carton, on_hand=np.array([[20]]))
    more = scripted_view(1, shop=carton, on_hand=np.array([[18]]))
    assert Newsvendor().order(few, even_forecast([[10]]), RNG).orders.tolist() == [[0]]
    assert Newsvendor().order(more, even_forecast([[10]]), RNG).orders.tolist() == [[12]]


def test_newsvendor_buys_little_that_earns_nothing() -> None:
    """No margin: ratio 0, the lowest path."""
    view = scripted_view(1, shop={"unit_cost": np.array([100.0])})
    assert Newsvendor().critical_ratio(view).tolist() == [0.0]


def test_base_stock_is_mean_plus_z_sd() -> None:
    """One-day window N(50, 8) at 95 %: 50 + 1.645 x 8 = 63.16."""
    view = scripted_view(1, shop={"lead_time_days": np.zeros(1)}, on_hand=np.array([[3]]))
    assert BaseStock().order(view, _normal_day(50, 8), RNG).orders.tolist() == [[61]]


def test_round_up_to_cartons() -> None:
    """10 a day x 14 days x 1.2 = 168; less 50 = 118 -> 5 cartons of 24."""
    view = scripted_view(2, shop={"minimum_order": np.array([24, 1])}, on_hand=np.array([[50], [168]]))
    assert RoundUp().order(view, even_forecast([[1], [1]]), RNG).orders.tolist() == [[120], [0]]


def test_round_up_doubles_for_a_festival_in_reach() -> None:
    """Reach is lead time 2 + cover 14 = 16 days; only the first SKU has a campaign there."""
    near = campaign(28 + 15, 28 + 18, 2, eligible=(True, False), ritual=0.0)
    far = campaign(28 + 16, 28 + 18, 2, eligible=(False, True), ritual=0.0)
    view = scripted_view(2, campaigns=(near, far))
    assert RoundUp().order(view, even_forecast([[1], [1]]), RNG).orders.tolist() == [[336], [168]]


def test_round_up_serves_cities_from_their_warehouse() -> None:
    sold = np.array([10, 20, 30])[None, :, None]
    view = scripted_view(1, 3, 2, sold=sold)
    assert RoundUp(generous=1.0).order(view, even_forecast([[1, 1, 1]]), RNG).orders.tolist() == [[560, 280]]


# ---- (s, S), and stockpyl's answers --------------------------------------------------------------

TABLE = np.genfromtxt(Path(__file__).parent / "tables" / "stockpyl.csv", delimiter=",", names=True)


def test_min_max_of_the_textbook() -> None:
    """Snyder & Shen example 4.7: h 0.18, p 0.70, K 2.5, N(50, 8) -> s 40.19, S 74.29."""
    one = np.array([50.0])
    low, high = levels(one, one, np.array([8.0]), 0.18, 0.70, 2.5)
    assert (round(low[0], 2), round(high[0], 2)) == (40.19, 74.29)


def test_min_max_orders_up_to_the_level_and_not_before() -> None:
    """The book's case as a shop: h 0.18 a day is 365 x 0.18 a year at cost 1; up to 40 on hand it buys, to 75."""
    shop = TEXTBOOK | {"unit_cost": np.array([1.0])}
    strategy = MinMax(order_yuan=2.5, spoil_per_year=365 * 0.18)
    forecast = _two_points(50.0, 8.0)
    for there, want in ((40, 35), (41, 0)):
        view = scripted_view(1, shop=shop, on_hand=np.array([[there]]))
        assert strategy.order(view, forecast, RNG).orders.tolist() == [[want]]


def _two_points(mean: float, sd: float) -> Forecast:
    """Two paths whose every day is mean - sd or mean + sd: mean and sd are exact."""
    paths = np.repeat(np.array([mean - sd, mean + sd])[:, None, None, None], 28, axis=-1)
    return Forecast(paths, np.full((28, 24), 1 / 24))


def test_stockpyl_newsvendor_and_base_stock() -> None:
    """All 100 cases, to the unit that is ordered: base stock exactly; a quantile of samples within their spacing."""
    off = 0
    for case in TABLE:
        ratio = case["stockout"] / (case["stockout"] + case["holding"])
        prices = {"list_price": np.array([1 + case["stockout"]]), "unit_cost": np.ones(1), "minimum_order": np.ones(1)}
        shop = prices | {"salvage_share": 1 - case["holding"], "lead_time_days": np.zeros(1)}
        view = scripted_view(1, shop=shop)
        strategy = Newsvendor(max_service=1.0, **TEXTBOOK_RATIO)
        assert strategy.critical_ratio(view)[0] == pytest.approx(ratio)
        orders = strategy.order(view, _normal_day(case["mean"], case["sd"]), RNG).orders[0, 0]
        off += abs(int(orders) - math.ceil(case["newsvendor"]))
        window = case["lead_days"] + 1  # independent days: the sd of the total grows with the root
        days = {"lead_time_days": np.array([case["lead_days"]])}
        paths = _two_points(case["mean"], case["sd"] / math.sqrt(window))
        level = BaseStock(service=ratio).order(scripted_view(1, shop=days), paths, RNG).orders[0, 0]
        assert level == math.ceil(case["base_stock"] - 1e-6)
    assert off <= 2


def test_stockpyl_poisson_newsvendor() -> None:
    """Samples at the plotting positions of a Poisson day: the order is stockpyl's count in every case."""
    positions = (np.arange(1_000_001) + 0.5) / 1_000_001
    for case in TABLE:
        draws = np.searchsorted(stats.poisson.cdf(np.arange(500), case["mean"]), positions).astype(np.float64)
        ratio = case["stockout"] / (case["stockout"] + case["holding"])
        assert quantiles(draws[:, None], np.array([ratio]))[0] == pytest.approx(case["poisson"], abs=1e-9)


def test_stockpyl_min_max() -> None:
    for case in TABLE:
        one = np.array([case["mean"]])
        low, high = levels(one, one, np.array([case["sd"]]), case["holding"], case["stockout"], case["fixed"])
        np.testing.assert_allclose([low[0], high[0]], [case["s"], case["S"]], rtol=0, atol=1e-8)


# ---- the others --------------------------------------------------------------------------------


def test_promo_build_stages_a_festival() -> None:
    """10 a day; two days from `start` on sell 100 each. Window 3 days, all docked 3 days before, built over 7 days.

    Orders are in time for all of it until 6 days before; 7 days earlier nothing is due yet, 4 days earlier 3/7.
    """
    for start, want in ((20, 30), (13, 30), (10, 30 + 600 / 7), (6, 230), (4, 230)):
        build = campaign(28 + start, 28 + start + 2, 1)
        paths = np.full((4, 1, 1, 28), 10.0)
        paths[..., start : start + 2] = 100.0
        view = scripted_view(1, campaigns=(build,))
        plan = PromoBuild(early_days=3.0, build_days=7).order(view, Forecast(paths, np.full((28, 24), 1 / 24)), RNG)
        assert plan.orders[0, 0] == math.ceil(want - 1e-6), start


def test_promo_build_leaves_other_skus_and_the_past_alone() -> None:
    """12 days ahead, 6 days to the last day of the build: 1/7 of the 20 units of its two days is due."""
    over, other = campaign(20, 22, 2), campaign(40, 42, 2, eligible=(False, True))
    view = scripted_view(2, campaigns=(over, other))
    assert PromoBuild().order(view, even_forecast([[10], [10]]), RNG).orders.tolist() == [[30], [33]]


def test_transfer_balancing_moves_before_it_buys() -> None:
    """10 a day in each city. w0 holds 100: 30 are its own until an order comes; w1 needs 30 before that."""
    view = scripted_view(1, 2, 2, on_hand=np.array([[100, 0]]))
    plan = TransferBalancing().order(view, even_forecast([[10, 10]]), RNG)
    assert plan.transfers.tolist() == [[[0, 30], [0, 0]]]
    assert plan.orders.tolist() == [[0, 0]]


def test_transfer_balancing_counts_what_is_on_the_road() -> None:
    due = np.zeros((1, 2, 60), dtype=np.int64)
    due[0, 1, 1], due[0, 1, 10] = 12, 8
    view = scripted_view(1, 2, 2, on_hand=np.array([[100, 0]]), on_order=due)
    plan = TransferBalancing().order(view, even_forecast([[10, 10]]), RNG)
    assert plan.transfers[0, 0, 1] == 18 and plan.orders.sum() == 0


def test_joint_budget_without_a_limit_is_the_newsvendor() -> None:
    rng = np.random.default_rng(2)
    forecast = Forecast(rng.gamma(4.0, 5.0, (400, 3, 1, 28)), np.full((28, 24), 1 / 24))
    view = scripted_view(3)
    free = JointBudget(budget_yuan=1e12).order(view, forecast, RNG).orders
    newsvendor = Newsvendor(later_loss=0.0, max_service=1.0, safety_sds=2.0).order(view, forecast, RNG).orders
    assert np.abs(free - newsvendor).max() <= 1


def test_joint_budget_spends_where_a_yuan_earns_most() -> None:
    """Two SKUs of the same demand, uniform 0..100 on the one day; margins 50 and 25 of 100, money for 50 units' cost.

    Equal marginal value a yuan: (50 - 50 l) / 50 = S1 / 100, (25 - 75 l) / 25 = S2 / 100 with h = 0, and
    50 S1 + 75 S2 = 5000: 50 (100 - 100 l) + 75 (100 - 300 l) = 5000, l = 3/11, S1 = 72.7, S2 = 18.2.
    """
    grid = np.linspace(0.0, 100.0, 1001)
    total = np.repeat(grid[:, None, None], 2, axis=1)
    under, cost = np.array([[50.0], [25.0]]), np.array([[50.0], [75.0]])
    found = within(total, np.zeros((2, 1)), under, np.zeros((2, 1)), cost, 5000.0)
    np.testing.assert_allclose(found[:, 0], [800 / 11, 200 / 11], atol=0.01)


def test_joint_budget_keeps_the_space() -> None:
    """50 litres a unit in 2000 litres: 40 units in all, half of them there."""
    shop = {"volume_litres": np.full(2, 50.0), "space_litres": np.array([2000.0])}
    view = scripted_view(2, shop=shop, on_hand=np.array([[10], [10]]))
    rng = np.random.default_rng(4)
    forecast = Forecast(rng.uniform(20, 40, (400, 2, 1, 28)), np.full((28, 24), 1 / 24))
    orders = JointBudget().order(view, forecast, RNG).orders
    assert 18 <= orders.sum() <= 20


def test_oracle_orders_what_will_be_wanted() -> None:
    """Known: 5, 6, 7, 8 ... units; window 1 + 2 days: 18, less 4 there. The forecast is not asked."""
    truth = Truth(5.0 + np.arange(28.0)[None, None])
    view = scripted_view(1, on_hand=np.array([[4]]), truth=truth)
    assert StockOracle().order(view, even_forecast([[99]]), RNG).orders.tolist() == [[14]]
    assert StockOracle().order(scripted_view(1), even_forecast([[10]]), RNG).orders.tolist() == [[30]]
