"""The basic laws, for every shipped strategy as found by listing the folders."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest

from sim.contracts import (
    CONTENTS,
    HORIZON_DAYS,
    KINDS,
    Forecast,
    Forecaster,
    Offers,
    Roster,
    StockPlan,
    Strategy,
    Touches,
    Truth,
    View,
)
from sim.plugins import build, find, shipped
from tests.strategies.scripted import arrays, campaign, even_forecast, frozen, scripted_view

ALL = [(kind, name) for kind in KINDS for name in shipped(kind)]
METHOD = {
    "pricing": "price",
    "stocking": "order",
    "staffing": "roster",
    "outreach": "touch",
}


def _scripts() -> dict[str, View]:
    rng = np.random.default_rng(3)

    def poisson(K: int, C: int, days: int) -> Any:
        return rng.poisson(6, (K, C, days))

    events = tuple(campaign(s + 0.8, s + 3, 20) for s in (30.0, 90.0, 125.0))
    part = campaign(31.5, 34.0, 20, eligible=(True,) * 7 + (False,) * 13, ritual=0.4)
    return {
        "usual": scripted_view(20, 2, 1, 120, sold=poisson(20, 2, 120), campaigns=(*events, part)),
        "day 0": scripted_view(3, 2, 2, 0, sold=0, campaigns=(campaign(2, 4, 3),), on_hand=np.full((3, 2), 210)),
        "day 1": scripted_view(3, 2, 2, 1, sold=4),
        "one SKU": scripted_view(1, 1, 1, 40, sold=poisson(1, 1, 40), campaigns=(campaign(20, 22, 1),)),
        "no sales": scripted_view(4, 2, 2, 40, sold=0, campaigns=(campaign(41, 43, 4),)),
        "all sold out": scripted_view(4, 2, 2, 40, sold=0, stockout_hours=np.full((4, 2, 40), 24.0)),
        "always on": scripted_view(4, 2, 1, 60, sold=9, campaigns=(campaign(0, 500, 4, ritual=0.0, markdown=0.1),)),
        "500 SKUs": scripted_view(500, 10, 3, 60, sold=poisson(500, 10, 60), campaigns=(campaign(50, 53, 500),)),
    }


SCRIPTS = _scripts()


def _answer(strategy: Strategy, view: View, seed: int = 1, forecast: Forecast | None = None) -> Any:
    """What a strategy of any kind answers; the others get an even forecast of the last week's mean."""
    rng = np.random.default_rng(seed)
    if strategy.info == "oracle":
        view = dataclasses.replace(view, truth=Truth(np.full((*view.sold.shape[:2], HORIZON_DAYS), 7.0)))
    if isinstance(strategy, Forecaster):
        try:
            return strategy.forecast(view, HORIZON_DAYS, rng)
        except ImportError as error:  # an optional extra that is not installed here; CI with all extras runs it
            pytest.skip(str(error))
    if forecast is None:
        recent = view.sold[..., -7:].mean(axis=-1) if view.day else np.ones(view.sold.shape[:2])
        forecast = even_forecast(recent)
    return getattr(strategy, METHOD[strategy.kind])(view, forecast, rng)


def _fields(answer: Any) -> dict[str, Any]:
    return {f.name: getattr(answer, f.name) for f in dataclasses.fields(answer)}


def _check_forecast(answer: Forecast, view: View) -> None:
    assert answer.paths.shape[1:] == (*view.sold.shape[:2], HORIZON_DAYS)
    assert answer.paths.dtype == np.float64 and (answer.paths >= 0).all()
    assert answer.hour_shares.shape == (HORIZON_DAYS, 24) and (answer.hour_shares >= 0).all()
    np.testing.assert_allclose(answer.hour_shares.sum(axis=1), 1.0)


def _check_stock(answer: StockPlan, view: View) -> None:
    skus, sites = view.on_hand.shape
    assert answer.orders.shape == (skus, sites) and answer.transfers.shape == (skus, sites, sites)
    assert answer.orders.dtype == answer.transfers.dtype == np.int64
    assert (answer.orders >= 0).all() and (answer.transfers >= 0).all()


def _check_roster(answer: Roster, view: View) -> None:
    shop = view.shop
    stations = len(shop.stations)
    assert answer.regular_hours.shape == answer.overtime_hours.shape == (stations, 3)
    assert answer.temps.shape == (stations, HORIZON_DAYS)
    for part in (answer.regular_hours, answer.overtime_hours, answer.temps, answer.couriers, answer.surge):
        assert (part >= 0).all()
    assert (answer.regular_hours.sum(axis=1) <= 8 * shop.station_heads + 1e-9).all()
    limit = shop.overtime_hours_per_day * shop.station_heads
    assert (answer.overtime_hours.sum(axis=1) <= limit + 1e-9).all()
    assert (answer.temps <= shop.temp_max_factor * shop.station_heads[:, None]).all()
    assert answer.couriers.dtype == np.int64 and (answer.couriers <= shop.couriers).all()
    assert (answer.surge <= shop.surge_max_factor * shop.couriers + 1e-9).all()
    assert 0 <= answer.bot_share <= 1


def _check_offers(answer: Offers, view: View) -> None:
    shop = view.shop
    assert answer.prices.shape[-2:] == (len(shop.channels), len(shop.skus))
    assert (answer.prices > 0).all() and (answer.prices <= shop.list_price).all()
    assert answer.coupons.shape == (len(shop.groups), len(shop.skus))
    assert (answer.coupons >= 0).all() and (answer.coupons < shop.list_price).all()


def _check_touches(answer: Touches, view: View) -> None:
    groups = (len(view.shop.groups),)
    assert answer.share.shape == answer.content.shape == answer.coupon.shape == groups
    assert (answer.share >= 0).all() and (answer.share <= 1).all() and (answer.coupon >= 0).all()
    assert answer.content.dtype == np.int64
    assert (answer.content >= 0).all() and (answer.content < len(CONTENTS)).all()


CHECKS: dict[str, tuple[type, Any]] = {
    "forecasting": (Forecast, _check_forecast),
    "stocking": (StockPlan, _check_stock),
    "staffing": (Roster, _check_roster),
    "pricing": (Offers, _check_offers),
    "outreach": (Touches, _check_touches),
}


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize(("kind", "name"), ALL)
def test_answers_in_contract(kind: str, name: str, script: str) -> None:
    view = SCRIPTS[script]
    answer = _answer(find(kind, name)(), view)
    type_, check = CHECKS[kind]
    assert type(answer) is type_
    for field, value in _fields(answer).items():
        assert np.isfinite(value).all(), field
    check(answer, view)


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_same_rng_same_answer_and_nothing_touched(kind: str, name: str) -> None:
    view = SCRIPTS["usual"]
    strategy = find(kind, name)()
    inputs = {key: value.copy() for key, value in arrays(view).items()}
    stored = copy.deepcopy(vars(strategy))
    first, second = _answer(strategy, view), _answer(find(kind, name)(), view)
    again = _answer(pickle.loads(pickle.dumps(strategy)), view)
    for other in (second, again):
        for field, value in _fields(first).items():
            np.testing.assert_array_equal(value, _fields(other)[field], err_msg=field)
    for key, value in arrays(view).items():
        np.testing.assert_array_equal(value, inputs[key], err_msg=key)
    assert vars(strategy) == stored


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_constructor_only_stores(kind: str, name: str) -> None:
    strategy = find(kind, name)()
    assert set(vars(strategy)) == {f.name for f in dataclasses.fields(strategy)}
    assert strategy.info in ("blind", "informed", "oracle") and strategy.memory_days >= 0
    values = strategy.parameters()
    assert all(find(kind, name)(**{key: value}).parameters()[key] is value for key, value in values.items())


HISTORY = (
    "sold",
    "stockout_hours",
    "visits",
    "orders_by_hour",
    "prices",
    "paid",
    "returned",
    "arrivals",
    "finished",
    "late_share",
    "messages",
    "rival_index",
    "celsius",
)


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_declared_memory_is_enough(kind: str, name: str) -> None:
    """History older than the declared memory replaced by nonsense: the answer stays."""
    strategy = find(kind, name)()
    sold = np.random.default_rng(9).poisson(8, (3, 2, 430))
    view = scripted_view(3, 2, 1, 430, sold=sold, campaigns=(campaign(400, 402, 3), campaign(433, 435, 3)))
    old = view.day - strategy.memory_days
    assert old > 0
    changed = {}
    for key in HISTORY:
        changed[key] = getattr(view, key).copy()
        changed[key][..., :old] = 17
    other = frozen(dataclasses.replace(view, **changed))
    forecast = even_forecast(np.full((3, 2), 8.0))
    one, two = (_answer(strategy, v, forecast=forecast) for v in (view, other))
    for field, value in _fields(one).items():
        np.testing.assert_array_equal(value, _fields(two)[field], err_msg=field)


@pytest.mark.parametrize("name", shipped("forecasting"))
def test_sku_order_does_not_matter(name: str) -> None:
    """A permuted shop gets the permuted mean, up to sampling error."""
    view = SCRIPTS["usual"]
    order = np.arange(20)[::-1]
    swapped = frozen(
        dataclasses.replace(
            view,
            sold=view.sold[order],
            depth=view.depth[order],
            on_hand=view.on_hand[order],
            stockout_hours=view.stockout_hours[order],
            campaigns=tuple(dataclasses.replace(c, eligible=c.eligible[::-1]) for c in view.campaigns),
        )
    )
    strategy = build("forecasting", name, {"samples": 800})
    one, two = (_answer(strategy, v).mean.sum(axis=(1, 2)) for v in (view, swapped))
    np.testing.assert_allclose(one, two[order], rtol=0.08)


@pytest.mark.parametrize("name", shipped("pricing"))
def test_currency_scale_carries(name: str) -> None:
    view = SCRIPTS["usual"]
    money = ("list_price", "unit_cost", "station_hour_yuan", "parcel_yuan")
    shop = dataclasses.replace(view.shop, **{key: getattr(view.shop, key) * 7.0 for key in money})
    campaigns = tuple(
        dataclasses.replace(c, threshold_spend=7 * c.threshold_spend, threshold_save=7 * c.threshold_save)
        for c in view.campaigns
    )
    scaled = frozen(
        dataclasses.replace(
            view,
            shop=shop,
            campaigns=campaigns,
            prices=view.prices * 7,
            paid=view.paid * 7,
            cash=view.cash * 7,
        )
    )
    one, two = (_answer(find("pricing", name)(), v) for v in (view, scaled))
    np.testing.assert_allclose(two.prices, 7 * one.prices)
    np.testing.assert_allclose(two.coupons, 7 * one.coupons)
