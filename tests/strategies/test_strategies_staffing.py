"""Exact hours, temps and couriers from scripted demand."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from math import factorial

import numpy as np
import pytest

from sim.contracts import Truth
from strategies.staffing.fixed import Fixed
from strategies.staffing.oracle import Oracle
from strategies.staffing.quantile import Quantile, erlang_c, erlang_heads
from strategies.staffing.temp_surge import TempSurge
from tests.strategies.scripted import campaign, even_forecast, scripted_view

RNG = np.random.default_rng(0)
NOON = np.eye(24)[12]


def test_fixed_on_an_ordinary_day() -> None:
    """10 pickers, 2 inspectors, 4 agents: 80, 16, 32 hours in shares 0.5, 0.25, 0.25."""
    roster = Fixed(shift_shares=(2, 1, 1)).roster(scripted_view(), even_forecast([[1], [1]]), RNG)
    assert roster.regular_hours.tolist() == [[40, 20, 20], [8, 4, 4], [16, 8, 8]]
    assert not roster.overtime_hours.any() and not roster.temps.any() and not roster.surge.any()
    assert roster.couriers.tolist() == [10] and roster.bot_share == 1.0


def test_fixed_on_a_festival_day() -> None:
    """3 h overtime a head, half the heads as temps on its two days, half of the surge."""
    view = scripted_view(campaigns=(campaign(28, 30, 2),))
    plan = Fixed(shift_shares=(2, 1, 1), festival_temps_factor=0.5, festival_surge_factor=0.5, festival_days_after=0)
    roster = plan.roster(view, even_forecast([[1], [1]]), RNG)
    assert roster.overtime_hours.tolist() == [[15, 7.5, 7.5], [3, 1.5, 1.5], [6, 3, 3]]
    assert roster.temps[:, :3].tolist() == [[5, 5, 0], [1, 1, 0], [2, 2, 0]]
    assert roster.surge.tolist() == [5.0]


@pytest.mark.parametrize("ritual", [0.0, 0.09])
def test_fixed_ignores_campaigns_with_little_ritual(ritual: float) -> None:
    view = scripted_view(campaigns=(campaign(28, 30, 2, ritual=ritual),))
    roster = Fixed().roster(view, even_forecast([[1], [1]]), RNG)
    assert not (roster.overtime_hours.any() or roster.temps.any() or roster.surge.any())


def test_fixed_keeps_its_crowd_some_days_after_a_festival() -> None:
    """Day 28 is today. A festival of days 26 and 27 is staffed until day 29 with two days more; one of 28 and 29 until
    31."""
    past, now = scripted_view(campaigns=(campaign(26, 28, 2),)), scripted_view(campaigns=(campaign(28, 30, 2),))
    for view, temps in ((past, [6, 6, 0, 0, 0]), (now, [6, 6, 6, 6, 0])):
        roster = Fixed(festival_days_after=2).roster(view, even_forecast([[1]] * 5), RNG)
        assert roster.temps[0, :5].tolist() == temps
        assert roster.overtime_hours.any() and roster.surge.tolist() == [5.0]
    assert not Fixed(festival_days_after=0).roster(past, even_forecast([[1]]), RNG).overtime_hours.any()


def test_quantile_regular_hours_follow_the_shifts() -> None:
    """1800 orders a day, a unit each (history), all at noon, 20 an hour: 90 hours in the first shift.

    80 are regular, 10 overtime. Two thirds at noon and a third at 23:00 split both 2 : 1.
    """
    view = scripted_view(1)
    roster = Quantile().roster(view, even_forecast([[1800]], hours=NOON), RNG)
    np.testing.assert_allclose(roster.regular_hours[0], [80, 0, 0])
    np.testing.assert_allclose(roster.overtime_hours[0], [10, 0, 0])
    mixed = (2 * NOON + np.eye(24)[23]) / 3
    roster = Quantile().roster(view, even_forecast([[1800]], hours=mixed), RNG)
    np.testing.assert_allclose(roster.regular_hours[0], [160 / 3, 0, 80 / 3])
    np.testing.assert_allclose(roster.overtime_hours[0], [20 / 3, 0, 10 / 3])


def test_quantile_night_orders_belong_to_the_night_shift() -> None:
    roster = Quantile().roster(scripted_view(1), even_forecast([[1400]], hours=np.eye(24)[3]), RNG)
    np.testing.assert_allclose(roster.regular_hours[0], [0, 0, 70])


def test_quantile_night_shift_ends_in_tomorrow() -> None:
    """1400 orders tomorrow at 03:00 are tonight's work; today at 03:00 is over. No other hours are needed."""
    forecast = even_forecast([[1400]])
    hours = np.tile(NOON, (28, 1))
    hours[0], hours[1] = np.eye(24)[3], np.eye(24)[3]
    roster = Quantile().roster(scripted_view(1), dataclasses.replace(forecast, hour_shares=hours), RNG)
    np.testing.assert_allclose(roster.regular_hours[0], [0, 0, 70])
    hours[1] = NOON
    roster = Quantile().roster(scripted_view(1), dataclasses.replace(forecast, hour_shares=hours), RNG)
    np.testing.assert_allclose(roster.regular_hours[0], [64 / 3] * 3)


def test_quantile_rosters_the_guaranteed_hours_in_any_case() -> None:
    """20 orders are an hour's work, 64 of 80 hours are paid."""
    roster = Quantile().roster(scripted_view(1), even_forecast([[20]], hours=NOON), RNG)
    np.testing.assert_allclose(roster.regular_hours[0], [64, 0, 0])


def test_quantile_backlog_comes_first() -> None:
    """200 waiting are 10 hours in the first shift, on top of 70 at 15:00."""
    view = scripted_view(1, backlog=np.array([200, 0, 0]))
    roster = Quantile().roster(view, even_forecast([[1400]], hours=np.eye(24)[15]), RNG)
    np.testing.assert_allclose(roster.regular_hours[0], [10, 70, 0])


def test_quantile_units_are_not_orders() -> None:
    """History with two units an order halves the work."""
    view = scripted_view(1)
    hourly = view.orders_by_hour // 2
    view = dataclasses.replace(view, orders_by_hour=hourly, arrivals=view.arrivals // 2)
    roster = Quantile().roster(view, even_forecast([[2800]], hours=NOON), RNG)
    np.testing.assert_allclose(roster.regular_hours[0], [70, 0, 0])


def test_quantile_temps_from_the_first_day_they_can_be_trained() -> None:
    """2300 orders are 115 hours; 10 people do 80 + half of 30; 20 more take 20 / (8 x 0.5) = 5 temps."""
    roster = Quantile().roster(scripted_view(1), even_forecast([[2300]], hours=NOON), RNG)
    assert roster.temps[0].tolist() == [0, 0] + [5] * 26
    roster = Quantile().roster(scripted_view(1), even_forecast([[9000]], hours=NOON), RNG)
    assert roster.temps[0].tolist() == [0, 0] + [15] * 26


def test_quantile_desk_is_staffed_by_the_square_root() -> None:
    """6400 orders x 0.1 contacts x (1 - 0.5 bot) = 320 in one shift, 40 an hour over 10: load 4.

    Heads 4 + 1.0 x sqrt(4) = 6: 48 hours; 32 are regular, 12 overtime is the limit.
    """
    roster = Quantile(beta=1.0).roster(scripted_view(1), even_forecast([[6400]], hours=NOON), RNG)
    np.testing.assert_allclose(roster.regular_hours[2], [32, 0, 0])
    np.testing.assert_allclose(roster.overtime_hours[2], [12, 0, 0])
    assert roster.temps[2, 2] == np.ceil((48 - 4 * 9.5) / 4)


def test_quantile_returns_follow_sales() -> None:
    """1500 a day sold x 10 % = 150 returns, 10 an hour: 15 of 16 regular hours, 5 a shift.

    Only what was sold 5 to 16 days ago counts: older parcels are back, newer ones are on their way.
    """
    sold = np.zeros(28, dtype=np.int64)
    sold[28 - 16 : 28 - 4] = 1500
    roster = Quantile().roster(scripted_view(1, sold=sold), even_forecast([[10]]), RNG)
    np.testing.assert_allclose(roster.regular_hours[1], [5, 5, 5])


def test_quantile_surge_covers_what_the_fleet_cannot() -> None:
    """Backlog 900 + 0.6 x 1000 orders = 1500 parcels, 15 couriers: 5 beyond the fleet of 10."""
    view = scripted_view(1, courier_backlog=np.array([900]))
    roster = Quantile().roster(view, even_forecast([[1000]]), RNG)
    np.testing.assert_allclose(roster.surge, [5.0])
    assert roster.couriers.tolist() == [10]


def test_quantile_each_warehouse_for_its_own_cities() -> None:
    """Three cities, two warehouses: 1200 + 200 orders for w0, 1300 for w1."""
    forecast = even_forecast([[1200, 1300, 200]], hours=NOON)
    roster = Quantile().roster(scripted_view(1, 3, 2), forecast, RNG)
    np.testing.assert_allclose(roster.regular_hours[[0, 2], 0], [70, 65])


# ---- Erlang C ----------------------------------------------------------------------------------


def _erlang_c(heads: int, load: Fraction) -> Fraction:
    """The textbook's sum, in exact fractions."""
    last = load**heads / factorial(heads) * heads / (heads - load)
    return last / (sum(load**k / factorial(k) for k in range(heads)) + last)


def test_erlang_c_tables() -> None:
    """Chance of waiting by heads and load, as tables print it to four digits; 1/3, 4/9 are exact."""
    printed = {(1, 0.5): 0.5, (2, 1): 1 / 3, (3, 2): 4 / 9, (4, 3): 0.5094, (5, 4): 0.5541, (10, 8): 0.4092}
    for (heads, load), want in printed.items():
        assert float(erlang_c(np.array(heads), np.array(load))) == pytest.approx(want, abs=5e-5)


@pytest.mark.parametrize("load", [Fraction(1, 2), Fraction(7, 2), Fraction(12), Fraction(45)])
def test_erlang_c_is_the_sum(load: Fraction) -> None:
    for heads in range(int(load) + 1, int(load) + 15):
        found = float(erlang_c(np.array(heads), np.array(float(load))))
        assert found == pytest.approx(float(_erlang_c(heads, load)), rel=1e-12)


def test_erlang_heads_are_the_fewest() -> None:
    loads = np.array([0.0, 0.3, 2.5, 8.0, 40.0, 150.0])
    heads = erlang_heads(loads, 0.2)
    assert heads[0] == 0
    assert (erlang_c(heads[1:].astype(int), loads[1:]) <= 0.2).all()
    assert (erlang_c(heads[1:].astype(int) - 1, loads[1:]) > 0.2).all()


def test_square_root_staffing_is_erlang_in_the_limit() -> None:
    """Halfin-Whitt, n = a + beta sqrt(a), beta 1: P(wait) -> 1 / (1 + beta Phi(beta) / phi(beta)) = 0.2234."""
    load = 10_000.0
    assert float(erlang_c(np.array(10_100), np.array(load))) == pytest.approx(0.2234, abs=0.003)


def test_quantile_desk_by_erlang_in_the_busiest_hour() -> None:
    """640 orders x 0.1 x 0.5 = 32 contacts at noon, 10 an hour: load 3.2; with six heads 13 % wait, with five 29 %."""
    roster = Quantile(wait_share=0.2, guaranteed_share=0.0).roster(
        scripted_view(1, shop={"station_heads": np.array([10, 2, 8])}), even_forecast([[640]], hours=NOON), RNG
    )
    assert float(erlang_c(np.array(6), np.array(3.2))) < 0.2 < float(erlang_c(np.array(5), np.array(3.2)))
    np.testing.assert_allclose(roster.regular_hours[2], [48, 0, 0])


# ---- temp_surge, oracle ------------------------------------------------------------------------


def test_temp_surge_gives_the_rest_to_temps_and_keeps_them() -> None:
    """2300 orders on day 5 are 115 hours, 80 regular: 35 for temps of 4 effective hours = 9, on for 2 days more."""
    forecast = even_forecast([[1000]])
    forecast.paths[..., 5] = 2300
    roster = TempSurge(generous=1.0, tail_days=2, shift_shares=(2, 1, 1)).roster(scripted_view(1), forecast, RNG)
    assert roster.temps[0].tolist() == [0.0] * 5 + [9.0] * 3 + [0.0] * 20
    assert roster.regular_hours[0].tolist() == [40, 20, 20] and not roster.overtime_hours.any()


def test_temp_surge_couriers_for_the_mean() -> None:
    """1.1 x 1400 orders + 60 waiting = 1600 parcels: 16 couriers, 10 are there."""
    view = scripted_view(1, courier_backlog=np.array([60]))
    np.testing.assert_allclose(TempSurge().roster(view, even_forecast([[1400]]), RNG).surge, [6.0])


def test_oracle_staffs_the_truth() -> None:
    """The forecast says 10, the truth 1800: 90 hours of work, 80 regular and 10 overtime."""
    view = scripted_view(1, truth=Truth(np.full((1, 1, 28), 1800.0)))
    roster = Oracle().roster(view, even_forecast([[10]], hours=NOON), RNG)
    np.testing.assert_allclose(roster.regular_hours[0], [80, 0, 0])
    np.testing.assert_allclose(roster.overtime_hours[0], [10, 0, 0])
    assert roster.temps.shape == (3, 28)


def test_quantile_sorts_tickets_while_the_desk_is_behind() -> None:
    """On a morning with calls waiting the named types go first; without a queue the shop's own order stands."""
    mine = Quantile(triage=("where_is_my_order", "wrong_or_missing"))
    calm = scripted_view()
    assert mine.roster(calm, even_forecast([[1], [1]]), RNG).triage is None
    backlog = np.array([station == "service_desk" for station in calm.shop.stations], np.int64)
    behind = dataclasses.replace(calm, backlog=3 * backlog)
    assert mine.roster(behind, even_forecast([[1], [1]]), RNG).triage == ("where_is_my_order", "wrong_or_missing")
    assert Quantile().roster(behind, even_forecast([[1], [1]]), RNG).triage is None
