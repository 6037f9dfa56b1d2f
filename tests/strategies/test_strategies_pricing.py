"""Exact prices and coupons from scripted shops."""

from __future__ import annotations

import numpy as np

from sim.contracts import STAGES
from strategies.pricing.everyday_low import EverydayLow
from strategies.pricing.flat_sale import FlatSale
from strategies.pricing.list_price import ListPrice
from strategies.pricing.personal import Personal
from strategies.pricing.random_weekly import RandomWeekly
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
    strategy = Personal(incremental_share=1.0, repeat_value=0.0, usual_elasticity=1.0)
    offers = strategy.price(scripted_view(), FORECAST, RNG)
    frequent, sensitive = offers.coupons.reshape(2, len(STAGES), 2)
    assert not frequent.any()
    served = [stage in strategy.stages for stage in STAGES]
    np.testing.assert_allclose(sensitive[served], 25.0)
    assert not sensitive[np.logical_not(served)].any()
    assert offers.prices.tolist() == [[100.0, 100.0]] * 2


def test_personal_keeps_the_margin_floor() -> None:
    """Floor 40 % of what is paid: 100 (1 - x) - 50 >= 40 (1 - x) allows x up to 1/6: 0.15 on the grid."""
    strategy = Personal(incremental_share=1.0, repeat_value=0.0, floor=0.4)
    group = scripted_view().shop.groups.index("price_sensitive/active")
    np.testing.assert_allclose(strategy.price(scripted_view(), FORECAST, RNG).coupons[group], 15.0)


def test_personal_obeys_the_shops_own_floor() -> None:
    strategy = Personal(incremental_share=1.0, repeat_value=0.0)
    view = scripted_view(shop={"margin_floor": 0.4})
    group = view.shop.groups.index("price_sensitive/active")
    np.testing.assert_allclose(strategy.price(view, FORECAST, RNG).coupons[group], 15.0)


def test_personal_does_not_stack_on_a_deep_cut() -> None:
    running = campaign(28.0, 31.0, 2, eligible=(True, False), markdown=0.2)
    offers = Personal(incremental_share=1.0).price(scripted_view(campaigns=(running,)), FORECAST, RNG)
    assert not offers.coupons[:, 0].any() and offers.coupons[:, 1].any()


def test_personal_counts_the_later_value_of_a_won_back_order() -> None:
    """At elasticity 2 the unit alone does not pay (0.975^-2 x 47.5 = 49.97 < 50), with a repeat it does."""
    strategy = Personal(incremental_share=1.0, repeat_value=0.3, usual_elasticity=2.0)
    view = scripted_view()
    coupons = strategy.price(view, FORECAST, RNG).coupons
    assert not coupons[view.shop.groups.index("frequent_small/active")].any()
    assert coupons[view.shop.groups.index("frequent_small/dormant")].all()


def test_personal_pays_the_platform_first() -> None:
    """Commission 20 %, cost 50, elasticity 4: profit is 34.5 at 0.15, 34.54 at 0.175, 34.2 at 0.2."""
    strategy = Personal(incremental_share=1.0, repeat_value=0.0)
    view = scripted_view(shop={"commission": 0.2})
    group = view.shop.groups.index("price_sensitive/active")
    np.testing.assert_allclose(strategy.price(view, FORECAST, RNG).coupons[group], 17.5)
