"""Exact orders from scripted demand, worked out by hand, and the textbook's newsvendor."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from sim.contracts import Forecast
from strategies.stocking.base_stock import BaseStock
from strategies.stocking.newsvendor import Newsvendor, quantiles, window_total
from strategies.stocking.round_up import RoundUp
from tests.strategies.scripted import campaign, even_forecast, scripted_view

RNG = np.random.default_rng(0)
TEXTBOOK = {
    "list_price": np.array([1.70]),
    "unit_cost": np.array([1.0]),
    "salvage_share": 0.82,
    "lead_time_days": np.zeros(1),
}


def _normal_day(mean: float, sd: float, samples: int = 4001) -> Forecast:
    """Sample paths at the plotting positions of a normal day."""
    normal = NormalDist(mean, sd)
    draws = np.array([normal.inv_cdf((i + 0.5) / samples) for i in range(samples)])
    paths = np.repeat(draws[:, None, None, None], 28, axis=-1)
    return Forecast(paths, np.full((28, 24), 1 / 24))


def test_newsvendor_of_the_textbook() -> None:
    """Snyder & Shen example 4.3: h 0.18, p 0.70, N(50, 8) -> 56.6."""
    view = scripted_view(1, shop=TEXTBOOK)
    strategy = Newsvendor(clearance_chance=1.0)
    ratio = strategy.critical_ratio(view)
    assert ratio[0] == pytest.approx(0.70 / 0.88)
    forecast = _normal_day(50, 8)
    level = quantiles(window_total(forecast.paths, np.ones(1)), ratio)
    assert level[0, 0] == pytest.approx(56.604, abs=0.01)
    assert strategy.order(view, forecast, RNG).orders.tolist() == [[57]]


def test_newsvendor_counts_what_is_there_and_coming() -> None:
    due = np.zeros((1, 1, 60), dtype=np.int64)
    due[0, 0, 3] = 20
    view = scripted_view(1, shop=TEXTBOOK, on_hand=np.array([[30]]), on_order=due)
    assert Newsvendor(clearance_chance=1.0).order(view, _normal_day(50, 8), RNG).orders.tolist() == [[7]]


def test_newsvendor_takes_the_quantile_of_the_total() -> None:
    """Independent days: the total of 4 days N(50, 8) has sd 16, not 32."""
    rng = np.random.default_rng(7)
    paths = rng.normal(50, 8, (20_000, 1, 1, 28))
    view = scripted_view(1, shop=TEXTBOOK | {"lead_time_days": np.array([3.0])})
    orders = Newsvendor(clearance_chance=1.0).order(view, Forecast(paths, np.full((28, 24), 1 / 24)), RNG).orders
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
