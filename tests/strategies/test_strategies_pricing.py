"""Exact prices and coupons from scripted shops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from sim.contracts import STAGES
from sim.red_lines import MarginFloor, RedLines
from strategies.pricing.everyday_low import EverydayLow
from strategies.pricing.flat_sale import FlatSale
from strategies.pricing.hourly import Hourly
from strategies.pricing.inventory_control import InventoryControl, best_price, log_states
from strategies.pricing.list_price import ListPrice
from strategies.pricing.personal import Personal
from strategies.pricing.random_weekly import RandomWeekly
from strategies.pricing.rival_match import RivalMatch
from strategies.pricing.stock_linked import StockLinked
from strategies.pricing.thompson import Thompson
from tests.strategies.scripted import campaign, even_forecast, scripted_view

RNG = np.random.default_rng(0)
FORECAST = even_forecast([[1], [1]])


def test_list_price() -> None:
    offers = ListPrice().price(scripted_view(), FORECAST, RNG)
    assert offers.prices.tolist() == [[100.0, 100.0], [100.0, 100.0]]
    assert not offers.coupons.any()


def test_everyday_low() -> None:
    assert EverydayLow(depth=0.25).price(scripted_view(), FORECAST, RNG).prices.tolist() == [[75.0, 75.0]] * 2


def test_random_weekly_moves_prices_on_every_seventh_day_only() -> None:
    strategy = RandomWeekly(max_cut=0.4)
    moved = strategy.price(scripted_view(days=28), FORECAST, np.random.default_rng(1)).prices
    assert (moved[0] == moved[1]).all() and moved[0, 0] != moved[0, 1]
    assert (moved > 60.0).all() and (moved <= 100.0).all()
    yesterday = np.full((2, 2, 30), 77.0)
    kept = strategy.price(scripted_view(days=30, prices=yesterday), FORECAST, np.random.default_rng(1)).prices
    assert kept.tolist() == [[77.0, 77.0]] * 2


def test_flat_sale_cuts_eligible_skus_while_a_campaign_runs() -> None:
    running = campaign(28.8, 31.0, 2, eligible=(True, False))
    offers = FlatSale(extra_depth=0.25).price(scripted_view(campaigns=(running,)), FORECAST, RNG)
    assert offers.prices.tolist() == [[75.0, 100.0]] * 2
    assert not offers.coupons.any()


def test_flat_sale_leaves_other_days_and_empty_campaigns_alone() -> None:
    over, coming = campaign(25, 28, 2), campaign(29, 31, 2)
    empty = campaign(20, 40, 2, ritual=0.0, markdown=0.0)
    offers = FlatSale().price(scripted_view(campaigns=(over, coming, empty)), FORECAST, RNG)
    assert offers.prices.tolist() == [[100.0, 100.0]] * 2


def test_personal_pays_for_price_sensitive_only() -> None:
    """Price 100, cost 50, all uplift new, no later value, 25 % steps of the grid at 0 .. 0.25.

    Elasticity 4: profit at 0 is 50, at 0.25 (0.75^-4 = 3.16) x 25 = 79 and at 0.225 2.772 x 27.5 = 76:
    25 yuan is best. Elasticity 1: 0.75^-1 x 25 = 33, 0.975^-1 x 47.5 = 48.7: nothing pays.
    """
    strategy = Personal(incremental_share=1.0, incremental_sd=0.0, repeat_value=0.0, usual_elasticity=1.0)
    offers = strategy.price(scripted_view(), FORECAST, RNG)
    frequent, sensitive = offers.coupons.reshape(2, len(STAGES), 2)
    assert not frequent.any()
    served = [stage in strategy.stages for stage in STAGES]
    np.testing.assert_allclose(sensitive[served], 25.0)
    assert not sensitive[np.logical_not(served)].any()
    assert offers.prices.tolist() == [[100.0, 100.0]] * 2


def test_personal_keeps_the_margin_floor() -> None:
    """Floor 40 % of what is paid: 100 (1 - x) - 50 >= 40 (1 - x) allows x up to 1/6: 0.15 on the grid."""
    strategy = Personal(incremental_share=1.0, incremental_sd=0.0, repeat_value=0.0, floor=0.4)
    group = scripted_view().shop.groups.index("price_sensitive/active")
    np.testing.assert_allclose(strategy.price(scripted_view(), FORECAST, RNG).coupons[group], 15.0)


def test_personal_obeys_the_shops_own_floor() -> None:
    strategy = Personal(incremental_share=1.0, incremental_sd=0.0, repeat_value=0.0)
    view = scripted_view(shop={"margin_floor": 0.4})
    group = view.shop.groups.index("price_sensitive/active")
    np.testing.assert_allclose(strategy.price(view, FORECAST, RNG).coupons[group], 15.0)


def test_personal_does_not_stack_on_a_deep_cut() -> None:
    running = campaign(28.0, 31.0, 2, eligible=(True, False), markdown=0.2)
    offers = Personal(incremental_share=1.0, incremental_sd=0.0).price(
        scripted_view(campaigns=(running,)), FORECAST, RNG
    )
    assert not offers.coupons[:, 0].any() and offers.coupons[:, 1].any()


def test_personal_counts_the_later_value_of_a_won_back_order() -> None:
    """At elasticity 2 the unit alone does not pay (0.975^-2 x 47.5 = 49.97 < 50), with a repeat it does."""
    strategy = Personal(incremental_share=1.0, incremental_sd=0.0, repeat_value=0.3, usual_elasticity=2.0)
    view = scripted_view()
    coupons = strategy.price(view, FORECAST, RNG).coupons
    assert not coupons[view.shop.groups.index("frequent_small/active")].any()
    assert coupons[view.shop.groups.index("frequent_small/dormant")].all()


def test_personal_pays_the_platform_first() -> None:
    """Commission 20 %, cost 50, elasticity 4: profit is 34.5 at 0.15, 34.54 at 0.175, 34.2 at 0.2."""
    strategy = Personal(incremental_share=1.0, incremental_sd=0.0, repeat_value=0.0)
    view = scripted_view(shop={"commission": 0.2})
    group = view.shop.groups.index("price_sensitive/active")
    np.testing.assert_allclose(strategy.price(view, FORECAST, RNG).coupons[group], 17.5)


def test_personal_gives_nothing_where_a_third_of_the_uplift_is_new() -> None:
    """Margin half of the price: 2.5 % off brings 1/3 x 10.7 % at elasticity 4, and costs 5 % of the margin."""
    view = scripted_view(days=0, sold=0, shop={"commission": 0.05})
    assert not Personal().price(view, FORECAST, RNG).coupons.any()


def test_personal_learns_the_new_share_from_cuts_that_were_made() -> None:
    """Twelve weeks at 100 or, every other week, at 80: units grow as 0.8^-(2.6 i).

    The prior 0.33 weighs 1 / 0.1^2 = 100, the weeks sum((2.6 log 0.8 / 2)^2) / 0.06^2.
    """
    weight = 12 * (2.6 * math.log(0.8) / 2) ** 2 / 0.06**2
    for true in (0.0, 0.33, 0.9):
        week = np.arange(84) // 7 % 2
        sold = np.round(1000 * np.where(week == 1, 0.8 ** -(2.6 * true), 1.0)).astype(int)
        paid = np.broadcast_to(np.where(week == 1, 80.0, 100.0), (2, 84)).copy()
        found = Personal().learnt_share(scripted_view(days=84, sold=sold, paid=paid))
        assert found == pytest.approx((100 * 0.33 + weight * true) / (100 + weight), abs=1e-3)


def test_stock_linked_cuts_the_surplus_and_keeps_what_is_scarce() -> None:
    """10 a day, plenty at 45 days: 450 is list price, 900 twice that: 10 % off, far more: 25 %; scarce: list price."""
    there = np.array([[450], [900], [9000], [40]])
    offers = StockLinked().price(scripted_view(4, on_hand=there), even_forecast([[10]] * 4), RNG)
    np.testing.assert_allclose(offers.prices[0], [100, 90, 75, 100])


def test_stock_linked_counts_a_public_markdown_and_keeps_the_floor() -> None:
    """20 % in public is more than the 10 % wanted; a floor of 45 % of cost 50 leaves 91 of a cut to 75."""
    view = scripted_view(1, on_hand=np.array([[900]]), campaigns=(campaign(28, 30, 1),))
    assert StockLinked().price(view, even_forecast([[10]]), RNG).prices[0, 0] == 100.0
    lines = RedLines(MarginFloor(0.45))
    view = scripted_view(1, on_hand=np.array([[9000]]), shop={"red_lines": lines})
    assert StockLinked().price(view, even_forecast([[10]]), RNG).prices[0, 0] == pytest.approx(50 / 0.55)


def test_rival_match_follows_half_way_and_keeps_its_margin() -> None:
    for index, want in ((1.1, 100.0), (0.98, 100.0), (0.8, 90.0)):
        view = scripted_view(1, rival_index=np.full(28, index))
        assert RivalMatch().price(view, even_forecast([[1]]), RNG).prices[0, 0] == pytest.approx(want)
    view = scripted_view(1, rival_index=np.full(28, 0.1))
    assert RivalMatch(floor=0.4).price(view, even_forecast([[1]]), RNG).prices[0, 0] == pytest.approx(50 / 0.6)


def test_inventory_control_is_the_optimal_policy() -> None:
    """The closed form against the Hamilton-Jacobi equation dJ/dt = max_p k e^-p (p - J(n) + J(n-1)), integrated.

    Its maximum is (k / e) exp(-(J(n) - J(n-1))) at p = J(n) - J(n-1) + 1; k = 20 e, alpha = 1, one day, as in the
    article's case of 20 customers at the best price. Fourth-order steps of 1/2000 day.
    """
    rate, steps = 20.0 * math.e, 2000
    value = np.zeros(26)

    def slope(v: np.ndarray) -> np.ndarray:
        return np.r_[0.0, rate / math.e * np.exp(-np.diff(v))]

    for _ in range(steps):
        h = 1.0 / steps
        a = slope(value)
        b = slope(value + 0.5 * h * a)
        c = slope(value + 0.5 * h * b)
        value = value + h / 6.0 * (a + 2 * b + 2 * c + slope(value + h * c))
    n = np.arange(1, 26).astype(float)
    np.testing.assert_allclose(log_states(n, np.full(25, 20.0)), value[1:], rtol=1e-6)
    np.testing.assert_allclose(best_price(n, 1.0, np.full(25, rate), 1.0), np.diff(value) + 1.0, rtol=1e-6)


def test_inventory_control_earns_what_the_theorems_allow() -> None:
    """Gallego & van Ryzin 1994, theorems 1 and 3: with J of the policy, J_D of certain demand and J_FP of the one price
    p_D = max(1/alpha, log(k t / n) / alpha), J_FP <= J <= J_D and J_FP / J >= 1 - 1 / (2 sqrt(min(n, k t / e)))."""
    n, load = (grid.ravel() for grid in np.meshgrid(np.arange(1.0, 60.0), [0.5, 2.0, 10.0, 20.0, 50.0, 400.0]))
    policy = log_states(n, load)  # alpha 1, k t = e x load
    price = np.maximum(1.0, np.log(np.e * load / n))
    demand = np.e * load * np.exp(-price)
    certain = price * np.minimum(n, demand)
    sold = n - np.array([stats.poisson.cdf(np.arange(m), mu).sum() for m, mu in zip(n, demand, strict=True)])
    fixed = price * sold  # E min(n, Poisson)
    assert (fixed <= policy + 1e-9).all() and (policy <= certain + 1e-9).all()
    assert (fixed / policy >= 1.0 - 0.5 / np.sqrt(np.minimum(n, load))).all()
    assert (fixed / policy).min() < 0.95  # and one price for all of it is not as good


def test_inventory_control_price_falls_with_stock_and_with_time_gone() -> None:
    n = np.array([1.0, 5.0, 20.0, 100.0, 5000.0])
    price = best_price(n, 28.0, np.full(5, 30.0), 0.02)
    assert (np.diff(price) < 0).all() and price[-1] == pytest.approx(50.0)  # plenty: 1 / alpha
    assert best_price(np.array([5.0]), 2.0, np.array([30.0]), 0.02)[0] < price[1]


def test_inventory_control_holds_list_price_for_what_is_scarce() -> None:
    """Elasticity 2.6 at list 100: alpha 0.026. Salvage 40: with plenty 40 + 1/0.026 = 78.46, in steps of 1: 78."""
    view = scripted_view(2, on_hand=np.array([[5], [100_000]]))
    offers = InventoryControl(salvage=0.8).price(view, even_forecast([[10], [10]]), RNG)
    assert offers.prices[0].tolist() == [100.0, 78.0]


def test_hourly_is_cheap_when_it_is_quiet() -> None:
    """Half the mean hour is the limit: hours with a quarter get half of the cut, empty ones all of it."""
    hours = np.full(24, 1.0)
    hours[:2], hours[2] = 0.0, 0.25
    hours[3:] += (24 - hours.sum()) / 21
    offers = Hourly(max_cut=0.04).price(scripted_view(), even_forecast([[1], [1]], hours=hours / 24), RNG)
    assert offers.prices.shape == (24, 2, 2)
    np.testing.assert_allclose(offers.prices[:4, 0, 0], [96, 96, 98, 100])


def test_thompson_finds_the_elasticity_of_the_script() -> None:
    """Prices of 100 and 85 in weekly turns; units follow 3.0 or 0.2. The posterior leaves the prior of 0.9 for them."""
    for true in (3.0, 0.2):
        cut = np.where(np.arange(112) // 7 % 2 == 1, 0.85, 1.0)
        sold = np.round(2000 * cut**-true).astype(int)
        view = scripted_view(2, days=112, sold=sold, prices=np.broadcast_to(100 * cut, (2, 2, 112)).copy())
        mean, sd = Thompson().elasticity(view, np.ones(2, dtype=bool))
        assert mean == pytest.approx(true, abs=2 * sd) and sd < 0.3


def test_thompson_keeps_yesterdays_price_within_a_block() -> None:
    yesterday = np.full((2, 2, 30), 93.0)
    offers = Thompson().price(scripted_view(days=30, prices=yesterday), FORECAST, RNG)
    assert offers.prices.tolist() == [[93.0, 93.0]] * 2


def test_thompson_cuts_where_a_cut_is_known_to_pay() -> None:
    """Margin 50 of 100: at elasticity 6 the best cut is beyond 20 %, at 0.1 there is none."""
    for mean, want in ((6.0, 80.0), (0.1, 100.0)):
        offers = Thompson(prior_mean=mean, prior_sd=1e-3).price(scripted_view(days=0, sold=0), FORECAST, RNG)
        assert offers.prices[0].tolist() == pytest.approx([want, want])


def test_personal_does_not_take_a_campaigns_visits_for_the_work_of_its_cut() -> None:
    """Every other week 20 % off and half as many visits again, but no more units a visit: nothing new, as at i = 0."""
    on = np.arange(84) // 7 % 2 == 1
    paid = np.broadcast_to(np.where(on, 80.0, 100.0), (2, 84)).copy()
    visits = np.where(on, 1500, 1000)[None]
    view = scripted_view(days=84, sold=np.where(on, 1500, 1000), paid=paid, visits=visits)
    still = scripted_view(days=84, sold=1000, paid=paid)
    assert Personal().learnt_share(view) == pytest.approx(Personal().learnt_share(still))
    assert Personal().learnt_share(view) < 0.1
