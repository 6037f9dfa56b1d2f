"""Each mechanism has a switch: off, its part of a festival's bump is exactly 0; on, it is there.

Twins on common draws differ in one campaign or one switch. And whatever is combined, the laws of units, money,
people and parcels hold.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.actors.base import Actor
from sim.kernels.people import FINE
from tests.world.markets import CALM, Nobody, Played, Shelf, Tree, campaign, market, play, sku

OFF: Tree = {"waiting_weight": 0.0, "stockpiling": 0.0, "fatigue_per_ritual": 0.0, "reference_weight": 0.0}


def twins(fest: Tree, days: int, storable: float = 0.0, **behaviour: float) -> tuple[Played, Played]:
    """The same market without and with a festival; mechanisms are off unless named."""
    thing = {"thing": {"storability": storable, "pack_days": 5.0}}
    changes = {"market": {"behaviour": OFF | behaviour}, "catalogue": {"categories": thing}}
    without, with_ = market(days, **changes), market(days, campaigns={"fest": fest}, **changes)
    return play(without, staffing=Nobody()), play(with_, staffing=Nobody())


def bought(played: Played, first: int, last: int) -> list[tuple[int, ...]]:
    """What was bought on days first..last-1, line by line."""
    mine = (played.day >= first) & (played.day < last)
    x = played.lines[mine]
    return list(zip(played.day[mine], x["consumer"], x["sku"], x["units"], x["second"], strict=True))


FEST = campaign(6, 7, markdown=0.3, announced_days=4, ritual=0.0)


def test_without_waiting_nothing_is_postponed_into_the_event() -> None:
    plain, fest = twins(FEST, 8)
    assert bought(plain, 0, 6) == bought(fest, 0, 6)
    assert fest.units(day=6) > 1.3 * plain.units(day=6)


def test_with_waiting_there_is_a_deficit_from_the_announcement_on() -> None:
    plain, fest = twins(FEST, 8, waiting_weight=1.0)
    assert bought(plain, 0, 2) == bought(fest, 0, 2)
    for day in range(2, 6):
        assert fest.units(day=day) < plain.units(day=day)
    deficit = [1 - fest.units(day=day) / plain.units(day=day) for day in (2, 5)]
    assert deficit[1] > deficit[0] > 0  # the nearer, the more worth waiting for
    stayed, came = ({line[:2] for line in bought(played, 2, 6)} for played in (fest, plain))
    assert stayed < came  # nobody buys because an event is coming


@pytest.mark.parametrize("draws", ["coupled", "inverse_cdf"])
def test_what_was_put_off_is_bought_at_the_event(draws: str) -> None:
    """The wish is the same, the price is lower: whoever comes back buys, and with a return of 1 everybody comes."""
    changes = {"market": {"choice_draws": draws, "behaviour": OFF | {"waiting_weight": 1.0, "waiting_return": 1.0}}}
    plain = play(market(8, **changes), staffing=Nobody())
    fest = play(market(8, campaigns={"fest": FEST}, **changes), staffing=Nobody())
    stayed, came = ({line[1] for line in bought(played, 2, 6)} for played in (fest, plain))
    put_off = came - stayed
    assert len(put_off) > 100
    assert put_off <= {line[1] for line in bought(fest, 6, 7)}
    forgetful = OFF | {"waiting_weight": 1.0, "waiting_return": 0.0, "waiting_days": 0}
    lost = play(market(8, campaigns={"fest": FEST}, market={"behaviour": forgetful}), staffing=Nobody())
    assert fest.units(day=6) > lost.units(day=6) + 0.5 * len(put_off)


def test_a_pre_sale_is_no_way_around_the_switch() -> None:
    """Deposits are taken before the start; those who pay none buy as without the campaign."""
    early = FEST | {"presale": {"start": "2023-10-06T20:00"}}
    plain, fest = twins(early, 7)
    assert bought(plain, 0, 4) == bought(fest, 0, 4)
    full = {line[:2] for line, due in zip(bought(fest, 4, 6), _due(fest, 4, 6), strict=True) if due == 0}
    assert full < {line[:2] for line in bought(plain, 4, 6)}
    assert (fest.lines["due"] > 0).sum() > 100


def _due(played: Played, first: int, last: int) -> list[int]:
    return list(played.lines["due"][(played.day >= first) & (played.day < last)])


def test_stockpiling_off_everybody_takes_one() -> None:
    plain, fest = twins(FEST, 8, storable=0.9)
    assert set(fest.lines["units"]) == set(plain.lines["units"]) == {1}


def test_stockpiling_off_leaves_only_fillers_above_one() -> None:
    rule = FEST | {"threshold": {"spend_yuan": 130.0, "save_yuan": 20.0}}
    _, fest = twins(rule | {"markdown": 0.0}, 8, storable=0.9)
    assert set(fest.lines["units"][fest.lines["filler"] == 0]) == {1}
    assert set(fest.lines["units"][fest.lines["filler"] == 1]) <= {2}


def test_stockpiling_on_extra_units_fill_cupboards_and_are_missed_later() -> None:
    _, off = twins(FEST, 14, storable=0.9)
    _, on = twins(FEST, 14, storable=0.9, stockpiling=2.0)
    assert bought(on, 0, 6) == bought(off, 0, 6)  # at list price nobody takes two
    extra = sum(int(on.lines["units"][on.where(day=day)].sum()) - on.where(day=day).sum() for day in (6, 7))
    assert extra > 100
    assert sum(on.units(day=day) for day in range(8, 14)) < sum(off.units(day=day) for day in range(8, 14))


@pytest.mark.parametrize("fatigue", [0.0, 0.8])
def test_fatigue_takes_attention_from_the_second_festival_alone(fatigue: float) -> None:
    """Two festivals, a week apart: with fatigue 0 the second is visited by exactly those who would come anyway."""
    first, second = (campaign(day, day, ritual=1.0) for day in (3, 10))
    changes: Tree = {
        "market": {
            "behaviour": OFF | {"fatigue_per_ritual": fatigue},
            "segments": {"all": {"share": 1.0, "visits_per_day": 0.15, "visit_shape": 5.0}},
        }
    }
    both = market(11, campaigns={"first": first, "second": second}, **changes)
    one = market(11, campaigns={"second": second}, **changes)
    tired, fresh = (play(scenario, staffing=Nobody()) for scenario in (both, one))
    ordinary = fresh.history.daily["visits"][3]
    assert tired.history.daily["visits"][3] > 1.7 * ordinary
    came, would = (set(played.visitors[10].tolist()) for played in (tired, fresh))
    if fatigue == 0.0:
        assert came == would
        # and in expectation the second draws as many as the first: equal up to the draws of the two days
        a, b = (int(tired.history.daily["visits"][day]) for day in (3, 10))
        assert abs(a - b) < 4 * np.sqrt(a + b)
    else:
        assert came < would and len(came) < 0.9 * len(would)
        lived = set(tired.visitors[3].tolist())
        assert would - came <= lived  # only who lived through the first is tired


@pytest.mark.parametrize("weight", [0.0, 0.5])
def test_after_the_event_full_price_is_a_loss_only_to_who_remembers(weight: float) -> None:
    plain, fest = twins(FEST, 14, reference_weight=weight)
    assert bought(plain, 0, 6) == bought(fest, 0, 6)
    if weight == 0.0:
        assert bought(plain, 8, 14) == bought(fest, 8, 14)
    else:
        full, usual = ({line[:2] for line in bought(played, 8, 14)} for played in (fest, plain))
        assert full < usual and len(usual - full) > 80
        lived = set(fest.visitors[6]) | set(fest.visitors[7])
        assert {who for _, who in usual - full} <= lived  # only who saw the low price


@pytest.mark.parametrize("weight", [0.0, 0.5])
def test_a_remembered_price_has_influence_only_with_its_weight(weight: float) -> None:
    """Stockpiling stays on: without memory a gain is one against the list price."""

    def odd(world: Any) -> None:
        rng = np.random.default_rng(3)
        reference = world.consumers.people.cell["reference"]
        reference[:] = np.round(rng.uniform(0.5, 1.5, reference.shape) / FINE)

    changes: Tree = {
        "market": {"behaviour": OFF | {"reference_weight": weight, "stockpiling": 2.0}},
        "catalogue": {"categories": {"thing": {"storability": 0.9, "pack_days": 5.0}}},
    }
    scenario = market(5, campaigns={"fest": campaign(2, 3, markdown=0.2)}, **changes)
    usual, strange = play(scenario), play(scenario, before=odd)
    assert (usual.lines["units"] > 1).sum() > 50
    assert (bought(usual, 0, 5) == bought(strange, 0, 5)) == (weight == 0.0)


# ---- the laws, whatever is combined ------------------------------------------------------------


class Watchman(Actor):
    """No size of anything is ever below zero, and every line adds up."""

    def _look(self) -> None:
        world = self.world
        assert world.stock.min() >= 0 and world.orders.reserved.min() >= 0
        assert world.counter.gift_left.min(initial=0) >= 0

    receive = decide = operate = feel = settle = _look


shares = st.sampled_from([{}, {"S": 0.5, "L": 0.5}, {"S": 0.2, "M": 0.5, "L": 0.3}])


@st.composite
def markets(draw: st.DrawFn) -> tuple[Any, int, bool]:
    """(scenario, seed, whether anybody works): small, and full of everything."""
    yuan = st.sampled_from([3.33, 40.0, 99.0, 250.0])
    names = [f"s{n}" for n in range(draw(st.integers(2, 5)))]
    categories = {
        "thing": {
            "not_now": draw(st.sampled_from([-1.0, 1.0])),
            "return_rate": draw(st.sampled_from([0.0, 0.6])),
            "storability": draw(st.sampled_from([0.0, 0.9])),
            "pack_days": 3.0,
        },
        "other": {"need": 0.5, "not_now": 0.0, "return_rate": 0.2},
    }
    skus = {}
    for n, name in enumerate(names):
        price = draw(yuan)
        skus[name] = sku(
            category="other" if n == 1 else "thing",
            list_price_yuan=price,
            unit_cost_yuan=round(price * draw(st.sampled_from([0.3, 0.9, 1.2])), 2),
            sizes=draw(shares),
        )
    channels = draw(
        st.sampled_from(
            [
                {"app": {}},
                {
                    "app": {"share": 0.7},
                    "live": {"share": 0.3, "hours": [9, 21], "impulse": 0.5, "return_multiplier": 2.0},
                },
            ]
        )
    )
    cities = draw(st.sampled_from([{"x": {"share": 1.0}}, {"x": {"share": 0.5}, "y": {"share": 0.5}}]))
    warehouses = {
        name: {"start_days": draw(st.sampled_from([0.0, 1.0, 9.0])), "pickers": 20}
        for name in draw(st.sampled_from([["w"], ["w", "v"]]))
    }
    campaigns = {}
    for n in range(draw(st.integers(0, 3))):
        first = draw(st.integers(0, 5))
        terms: Tree = {
            "markdown": draw(st.sampled_from([0.0, 0.2, 0.6])),
            "ritual": draw(st.sampled_from([0.0, 1.0])),
            "cities": draw(st.sampled_from([[], ["x"]])),
            "channels": draw(st.sampled_from([[], ["app"]])),
            "traffic_yuan_per_day": draw(st.sampled_from([0.0, 5000.0])),
        }
        if draw(st.booleans()):
            terms["threshold"] = {"spend_yuan": draw(st.sampled_from([10.0, 150.0])), "save_yuan": 9.0}
        if draw(st.booleans()):
            terms["gifts"] = {
                f"g{m}": {"stock_units": draw(st.sampled_from([0, 9000])), "appeal": 0.3} for m in range(2)
            }
        if draw(st.booleans()) and len(names) > 1:
            terms["bundles"] = {"pair": {"skus": names[:2], "saving": draw(st.sampled_from([0.1, 0.9]))}}
        if draw(st.booleans()):
            terms["price_match"] = {"days": draw(st.integers(1, 20)), "claim_share": draw(st.sampled_from([0.5, 1.0]))}
        if draw(st.booleans()) and first > 1:
            terms["presale"] = {
                "start": f"2023-10-{1 + first:02d}T09:30",
                "balance_rate": draw(st.sampled_from([0.0, 0.6])),
            }
        campaigns[f"c{n}"] = campaign(first, first + draw(st.integers(0, 3)), **terms)
    services = {
        kind: {"kind": kind, "appeal": 0.1, "price_yuan": 5.0, "yuan_per_unit": 0.1}
        | ({"partner": names[-1]} if kind == "matching_sets" else {})
        for kind in draw(
            st.lists(
                st.sampled_from(["size_advice", "tutorials", "matching_sets", "warranty", "trade_in"]),
                max_size=3,
                unique=True,
            )
        )
    }
    scenario = market(
        9,
        campaigns=campaigns or None,
        red_lines={"margin_floor": draw(st.sampled_from([-0.5, 0.1]))},
        catalogue={"categories": categories, "skus": skus, "services": services},
        market={
            "consumers": 200,
            "prospect_share": 0.3,
            "channels": channels,
            "cities": cities,
            "behaviour": CALM | {"leave_a": 0.5, "stockpiling": 2.0},
            "choice_draws": draw(st.sampled_from(["coupled", "inverse_cdf"])),
            "rival": {"festivals": {"r": {"start": "2023-10-04T11:00", "end": "2023-10-05T11:00", "depth": 0.4}}},
        },
        operations={"warehouses": warehouses, "promise_hours": 20.0},
    )
    return scenario, draw(st.integers(0, 99)), draw(st.booleans())


def waves(view: Any) -> np.ndarray:
    """Prices that fall and rise by day, and by the hour in the evening."""
    prices = np.broadcast_to(view.shop.list_price, (24, len(view.shop.channels), len(view.shop.skus))).copy()
    prices[18:] *= 0.9
    return prices * (0.8 if view.day % 3 == 2 else 1.0)


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(markets())
def test_every_law_holds_in_any_market(made: tuple[Any, int, bool]) -> None:
    scenario, seed, staffed = made
    idle: Tree = {} if staffed else {"staffing": Nobody()}
    played = play(scenario, seed, guests=[Watchman], pricing=Shelf(waves, lambda view: 2.0 * (view.day % 2)), **idle)
    x, floor = played.lines, played.world.counter.floor
    off = x["markdown"] + x["bundle"] + x["threshold"] + x["coupon"]
    assert np.array_equal(x["listed"] - off, x["paid"])
    assert np.all(x["paid"] >= floor[x["sku"]] * x["units"]) and np.all(x["units"] > 0)
    daily = played.history.daily
    assert daily["lost_units"].sum() <= daily["wanted_units"].sum()
    assert played.history.order_customer.size == daily["orders"].sum()
    assert daily["left_customers"].sum() == (played.history.left > 0).sum()
