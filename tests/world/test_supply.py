"""Suppliers and money: price breaks, lead times, capacity, delays, interest; worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.actors.base import Actor
from sim.actors.supplier import lead_days
from sim.contracts import Forecast, Stocker, StockPlan, View
from sim.errors import ScenarioError
from sim.scenario import load_scenario
from sim.scenario.operations import Supplier
from sim.streams import Streams
from tests.world.markets import Played, market, play, sku
from tests.world.same import differences


@dataclass
class Script(Stocker):
    """Orders what the script says: day -> {(SKU, warehouse): units}; keeps what it was shown."""

    script: dict[int, dict[tuple[int, int], int]] = field(default_factory=dict)
    seen: list[View] = field(default_factory=list)

    def order(self, view: View, forecast: Forecast, rng: np.random.Generator) -> StockPlan:
        self.seen.append(view)
        k, w = len(view.shop.skus), len(view.shop.warehouses)
        orders = np.zeros((k, w), np.int64)
        for place, units in self.script.get(view.day, {}).items():
            orders[place] = units
        return StockPlan(orders, np.zeros((k, w, w), np.int64))


class Dock(Actor):
    """Notes every morning, after the trucks, all units received so far."""

    log: list[np.ndarray]

    def decide(self) -> None:
        if self.world.day == 0:
            type(self).log = []
        type(self).log.append(self.world.ledger.units_in.copy())


def supplied(days: int, script: dict[int, dict[tuple[int, int], int]], factory: dict[str, Any], **more: Any) -> Played:
    """One kind of thing, hardly a buyer, no returns, a scripted stocker."""
    factory = {"lead_time_days": 2.0, "lead_time_sd_days": 0.0, "payment_days": 3} | factory
    more.setdefault("catalogue", {"skus": {"a": sku(), "b": sku(unit_cost_yuan=30.0)}})
    more["catalogue"] = more["catalogue"] | {"categories": {"thing": {"return_rate": 0.0}}}
    operations = {"suppliers": {"factory": factory}} | more.pop("operations", {})
    scenario = market(days=days, market={"consumers": 5}, operations=operations, **more)
    return play(scenario, stocking=Script(script), guests=[Dock])


def arrived(sku_number: int) -> list[int]:
    """Units that docked each day after the first."""
    return [int(x) for x in np.diff([log[sku_number] for log in Dock.log])]


BREAKS = [{"units": 50, "discount": 0.1}, {"units": 100, "discount": 0.25}]


def test_price_breaks_are_booked_to_the_fen() -> None:
    """60 and 40 units in two warehouses are one line of 100: a quarter off. b, 49 units, pays the full 30 yuan."""
    two = {"warehouses": {"w": {"start_days": 10.0}, "v": {"start_days": 0.0}}}
    played = supplied(8, {0: {(0, 0): 60, (0, 1): 40, (1, 0): 49}}, {"price_breaks": BREAKS}, operations=two)
    variance = played.history.accounts["purchase_variance"]
    assert list(variance) == [0, 0, 100 * 5000 // 4, 0, 0, 0, 0, 0]
    owed = played.history.daily["payable_yuan"]
    assert list(owed) == [0.0, 0.0, *(3 * [100 * 50 * 0.75 + 49 * 30.0]), 0.0, 0.0, 0.0]


def test_a_sku_s_own_breaks_go_first_and_the_shop_shows_both() -> None:
    own = {"skus": {"a": sku(price_breaks=[{"units": 10, "discount": 0.5}]), "b": sku()}}
    factory = {"price_breaks": BREAKS, "units_per_day": 700}
    played = supplied(5, {0: {(0, 0): 10, (1, 0): 50}}, factory, catalogue=own)
    assert played.total("purchase_variance") == 10 * 2500 + 50 * 500
    shop = played.world.shop
    assert shop.price_breaks.tolist() == [[[10, 0.5], [0, 0]], [[50, 0.1], [100, 0.25]]]
    assert list(shop.supplier_units_per_day) == [700.0, 700.0] and shop.supplier == ("factory", "factory")


def test_capacity_makes_orders_wait_and_promises_say_so() -> None:
    """40 a day: 100 a and 30 b of day 0 leave as 40, 40, 20 + 20, 10; 30 a of day 1 leave after them."""
    script = {0: {(0, 0): 100, (1, 0): 30}, 1: {(0, 0): 30}}
    stocker = Script(script)
    factory = {"lead_time_days": 2.0, "lead_time_sd_days": 0.0, "units_per_day": 40}
    things = {"skus": {"a": sku(), "b": sku()}}
    play(market(days=9, market={"consumers": 5}, operations={"suppliers": {"factory": factory}}, catalogue=things),
         stocking=stocker, guests=[Dock])  # fmt: skip
    assert arrived(0) == [0, 40, 40, 20, 30, 0, 0, 0]
    assert arrived(1) == [0, 0, 0, 20, 10, 0, 0, 0]
    told = stocker.seen[2].on_order[:, 0]  # 06:00 of day 2, today's truck has docked
    assert told[0, :5].tolist() == [0, 40, 20, 30, 0] and told[1, :5].tolist() == [0, 0, 20, 10, 0]


def test_a_capacity_that_never_binds_and_a_discount_of_nothing_change_no_bit(small: Callable[..., Any]) -> None:
    from sim.world import World  # compiled kernels: only where a world is run

    plain = small("calendar.scored_days=10", "calendar.settlement_days=0")
    wide = "operations.suppliers.factory={lead_time_days: 7, lead_time_sd_days: 1.5, units_per_day: 1000000000, " \
           "price_breaks: [{units: 1, discount: 0.0}]}"  # fmt: skip
    other = small("calendar.scored_days=10", "calendar.settlement_days=0", wide)
    assert differences(*(World(s, "big_promo", "closed_loop", 5).run() for s in (plain, other))) == []


def test_late_trucks_were_promised_earlier() -> None:
    stocker = Script({0: {(0, 0): 10}, 1: {(0, 0): 7}})
    late = {"kind": "late_supplier", "start": "2023-10-04T00:00", "end": "2023-10-05T00:00", "days": 2}
    scenario = market(days=8, market={"consumers": 5}, faults={"x": late}, operations={"suppliers": {"factory": {
        "lead_time_days": 2.0, "lead_time_sd_days": 0.0}}})  # fmt: skip
    play(scenario, stocking=stocker, guests=[Dock])
    assert arrived(0) == [0, 0, 7, 10, 0, 0, 0]
    due = [view.on_order[0, 0, :3].tolist() for view in stocker.seen]
    assert due[1] == [0, 10, 0] and due[2] == [10, 7, 0] and due[3] == [10, 0, 0] and due[4] == [0, 0, 0]


def test_another_sku_changes_nobody_else_s_lead_time() -> None:
    """Draws are keyed by the SKU's name: a SKU in front of it moves its number, not its trucks."""
    uneven = {"lead_time_days": 10.0, "lead_time_sd_days": 4.0}
    days = []
    for first, skus in ((0, ("b",)), (1, ("a", "b"))):
        script = {day: {(first, 0): 1 + day} for day in range(12)}
        supplied(30, script, uneven, catalogue={"skus": {name: sku() for name in skus}})
        days.append(arrived(first))
    assert days[0] == days[1] and sum(days[0]) >= 70


@pytest.mark.parametrize("kind", ["normal", "lognormal", "gamma"])
def test_lead_times_follow_their_distribution(kind: str) -> None:
    """Kolmogorov-Smirnov on 4,000 draws: p above 1 in 1,000 against the distribution, below it against another."""
    terms = Supplier.model_validate({"lead_time": kind, "lead_time_days": 10.0, "lead_time_sd_days": 5.0})
    key = Streams(5).key("lead")
    drawn = np.array([lead_days(terms, key, np.int64(n)) for n in range(4000)])
    sigma = np.sqrt(np.log(1.25))
    known = {"normal": stats.norm(10, 5), "lognormal": stats.lognorm(sigma, scale=10 * np.exp(-(sigma**2) / 2)),
             "gamma": stats.gamma(4, scale=2.5)}  # fmt: skip
    for name, law in known.items():
        assert (law.mean(), law.std()) == pytest.approx((10.0, 5.0))
        assert (stats.kstest(drawn, law.cdf).pvalue > 1e-3) == (name == kind), name
    assert kind == "normal" or drawn.min() > 0.0


def test_a_table_of_lead_times() -> None:
    """2, 2 and 8 days: mean 4, s.d. sqrt(8), which the shop shows; two thirds of the trucks take 2 days."""
    terms = Supplier.model_validate({"lead_time": "table", "lead_time_table": [2.0, 2.0, 8.0]})
    assert (terms.mean_days, terms.sd_days) == pytest.approx((4.0, np.sqrt(8.0)))
    drawn = np.array([lead_days(terms, Streams(1).key("x"), np.int64(n)) for n in range(3000)])
    assert set(drawn) == {2.0, 8.0}
    assert abs((drawn == 2.0).mean() - 2 / 3) < 4 * np.sqrt(2 / 9 / 3000)


@pytest.mark.parametrize("on", ["stock", "working_capital"])
def test_interest_and_the_platform_s_fee_by_hand(on: str) -> None:
    finance = {"interest_on": on, "interest_per_year": 0.1, "cash_interest_per_year": 0.02, "overdraft_per_year": 0.2,
               "platform_yuan_per_day": 12.5, "opening_cash_yuan": 40_000.0}  # fmt: skip
    script = {day: {(0, 0): 400} for day in range(6)}
    played = supplied(12, script, {}, operations={"finance": finance, "warehouses": {"w": {
        "start_days": 5.0, "pickers": 1, "inspectors": 1}}})  # fmt: skip
    daily, books = played.history.daily, played.history.accounts
    fen = {name: np.round(100 * daily[f"{name}_yuan"]).astype(int) for name in ("cash", "receivable", "payable")}
    bound = np.round(100 * daily["stock_value_yuan"]).astype(int)
    assert fen["payable"].max() > 0 and (fen["cash"] > 0).any() and (fen["cash"] < 0).any()
    if on == "working_capital":
        bound = bound + fen["receivable"] - fen["payable"]
    assert list(books["interest"]) == [-round(x * 0.1 / 365) for x in bound.tolist()]
    assert list(books["platform_fee"]) == 12 * [-1250]
    before = fen["cash"] - books["interest"] - books["cash_interest"] - books["platform_fee"]
    assert list(books["cash_interest"]) == [round(x * (0.02 if x > 0 else 0.2) / 365) for x in before.tolist()]


def test_returned_lines_forget_their_promise_as_a_search_through_all_would() -> None:
    """Random promises of ten days, lines of all of them returned: against the plain loop over every part."""
    from sim.world import World  # compiled kernels: only where a world is run

    world, rng = World(market(), "plain", "plain", 1), np.random.default_rng(4)
    match = world.orders.price_match

    def lines(day: int, n: int) -> dict[str, np.ndarray]:
        consumer, sku = rng.integers(0, 30, n), rng.integers(0, 3, n)
        return {"consumer": consumer, "sku": sku, "entity": (consumer * 4096 + day) * 4096 + sku,
                "until": np.full(n, 99)}  # fmt: skip

    match.kept = {day: [lines(day, 40) for _ in range(3)] for day in range(10)}
    gone = np.concatenate([lines(day, 15)["entity"] for day in (0, 3, 4, 9, 12)])
    match.forget(gone)
    told = 0
    for buyer, item in product(range(30), range(3)):
        rows = [(day, part, n) for day, parts in match.kept.items() for part in parts
                for n in np.flatnonzero((part["consumer"] == buyer) & (part["sku"] == item))]  # fmt: skip
        part, found = match._last(buyer, item)
        if not rows or rows[-1][1]["entity"][rows[-1][2]] in gone:
            assert found == -1
            told += bool(rows)
        else:
            assert part is rows[-1][1] and found == rows[-1][2]
    assert 5 < told < 85


@pytest.mark.parametrize("coming_back", [True, False])
def test_a_matched_price_lowers_the_refund_of_a_line_that_is_coming_back(coming_back: bool) -> None:
    """Its row in the order book is still there while an older parcel is on its way: not that one counts."""
    from sim.world import World  # compiled kernels: only where a world is run

    world, entity = World(market(), "plain", "plain", 1), (7 * 4096 + 2) * 4096 + 1
    mine = {"entity": entity, "sku": 1, "variant": 1, "units": 1, "paid": 900, "home": 0}
    at_the_door = {"parcel": 0, "offer": 0, "filler": 0, "misfit": 0}
    world.lines.append(1, **mine, **at_the_door)
    back = world.orders.returns.lines
    if coming_back:
        back.append(1, **mine, done=0)
    match = world.orders.price_match
    match.kept = {2: [{"consumer": np.array([7]), "sku": np.array([1]), "entity": np.array([entity]),
                       "until": np.array([99]), "listed": np.array([1000]), "paid": np.array([900])}]}  # fmt: skip
    assert match._pay(7, 1, 0.6) == 300 and match._pay(7, 1, 0.6) == 0
    assert back.column("paid").tolist() == ([600] if coming_back else [])
    assert world.lines.column("paid").tolist() == [900 if coming_back else 600]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("operations.suppliers.factory.lead_time=table", "must have a lead_time_table with lead_time: table"),
        ("operations.suppliers.factory.lead_time_table=[3]", "must have a lead_time_table with lead_time: table"),
        ("operations.suppliers.factory.lead_time=gama", "did you mean 'gamma'"),
        ("operations.suppliers.factory.units_per_day=0", "must be"),
        ("operations.suppliers.factory.price_breaks=[{units: 9, discount: 0.1}, {units: 5, discount: 0.2}]",
         "must be in order of units"),
        ("catalogue.skus.tee.price_breaks=[{units: 5, discount: 0.3}, {units: 9, discount: 0}]", "no smaller discount"),
        ("operations.stores.hangzou={}", "did you mean 'hangzhou'"),
        ("operations.stores.hangzhou={channel: stor}", "did you mean 'store'"),
    ],
)  # fmt: skip
def test_bad_terms_are_named(change: str, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_scenario("double12", [change])
    assert message in str(caught.value)
