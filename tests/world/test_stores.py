"""Stores: a shelf, a till, a night's filling, a parcel now and then; worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.actors.base import Actor
from sim.actors.view import offer_routes, routes
from sim.contracts import Forecast, Stocker, StockPlan, View
from sim.scenario import load_scenario
from sim.scenario.root import Scenario
from tests.world.markets import Played, Tree, campaign, market, play, sku

CHANNELS: Tree = {"app": {"share": 0.5}, "store": {"share": 0.5, "hours": [8, 20]}}
PLENTY: Tree = {"stock_days": 1000.0, "shelf_litres": 1e9, "staff": 200}
APP, STORE = 0, 1


class NoOrders(Stocker):
    """Never orders."""

    def order(self, view: View, forecast: Forecast, rng: np.random.Generator) -> StockPlan:
        k, w = len(view.shop.skus), len(view.shop.warehouses)
        return StockPlan(np.zeros((k, w), np.int64), np.zeros((k, w, w), np.int64))


class Shelves(Actor):
    """Keeps the shelves of every morning, after the trucks."""

    log: list[np.ndarray]

    def decide(self) -> None:
        if self.world.day == 0:
            type(self).log = []
        type(self).log.append(self.world.shelf_units())


def stored(store: Tree | None, days: int = 3, operations: Tree | None = None, **changes: Any) -> Scenario:
    """The plain market in two channels, of which the second has a store at home."""
    inner = {"stores": {"home": store}} if store is not None else {}
    changes["market"] = {"channels": CHANNELS} | changes.get("market", {})
    return market(days=days, operations=inner | (operations or {}), **changes)


def run(store: Tree | None, days: int = 3, operations: Tree | None = None, **changes: Any) -> Played:
    return play(stored(store, days, operations, **changes), stocking=NoOrders(), guests=[Shelves])


def test_store_buyers_take_their_things_home_and_the_others_get_parcels() -> None:
    played = run(PLENTY)
    x, daily = played.lines, played.history.daily
    assert {(int(o), int(w)) for o, w in zip(x["offer"], x["warehouse"], strict=True)} == {(APP, 0), (STORE, 1)}
    till = x["offer"] == STORE
    assert 500 < till.sum() < x.size - 500
    assert daily["store_units"].sum() == x["units"][till].sum()
    assert daily["store_parcels"].sum() == 0
    parcels = {(int(d), int(o)) for d, o in zip(played.day[~till], x["order"][~till], strict=True)}
    assert played.world.ledger.flows["parcels"] == len(parcels)
    buyers = {(int(d), int(o)) for d, o in zip(played.day[till], x["order"][till], strict=True)}
    assert daily["store_buyers"].sum() == len(buyers)  # 200 at the tills: nobody is left at midnight
    assert daily["orders"].sum() == len(parcels | buyers)  # a basket from both is one order


def test_the_books_of_a_store_by_hand() -> None:
    """12 hours x 200 people x 20 yuan, rent 77.7, half a per cent at the till, five at the platform; no return cost."""
    store = PLENTY | {"hour_yuan": 20.0, "rent_yuan_per_day": 77.7, "payment_fee": 0.005, "replenish_yuan": 0.0}
    played = run(store, catalogue={"categories": {"thing": {"return_rate": 0.0}}})
    books, x = played.history.accounts, played.lines
    assert list(books["store_staff"]) == 3 * [-12 * 200 * 2000] and list(books["store_rent"]) == 3 * [-7770]
    fee = np.where(x["offer"] == STORE, 0.005, 0.05)
    assert played.total("commission") == -int(np.round(fee * x["paid"]).sum())
    at_till = int(x["paid"][x["offer"] == STORE][played.day[x["offer"] == STORE] == 0].sum())
    owed = round(100 * played.history.daily["receivable_yuan"][0])
    assert owed == int(x["paid"][played.day == 0].sum()) - at_till  # paid at once; the platform holds the rest


def test_an_empty_store_sells_nothing_though_the_warehouse_is_full() -> None:
    empty = run({"stock_days": 0.0, "display_units": 0})
    assert empty.units(offer=STORE) == 0 and empty.units(offer=APP) > 1000
    assert run(None).units(offer=STORE) > 500  # without a store its channel ships from the warehouse


def test_it_is_filled_up_every_night_from_the_home_warehouse() -> None:
    """Two days of expected sales at 06:00, whatever was sold; the warehouse gives them, until it has none."""
    played = run({"stock_days": 2.0, "staff": 50, "shelf_litres": 1e9}, days=6,
                 catalogue={"categories": {"thing": {"return_rate": 0.0}}})  # fmt: skip
    log, (store,) = Shelves.log, played.world.stores
    sold = np.array([[played.units(day=d, sku=k, offer=STORE) for k in range(3)] for d in range(6)])
    app = np.array([[played.units(day=d, sku=k, offer=APP) for k in range(3)] for d in range(6)])
    early = np.array([[int(played.lines["units"][played.where(day=d, sku=k, offer=APP)
                      & (played.lines["second"] < 6 * 3600)].sum()) for k in range(3)] for d in range(6)])  # fmt: skip
    for day in range(1, 6):
        level = log[day][:, 1]
        moved = level - (log[day - 1][:, 1] - sold[day - 1])
        assert np.all(moved >= 0) and moved.sum() > 0
        left = log[day - 1][:, 0] - (app[day - 1] - early[day - 1]) - early[day]
        assert np.array_equal(log[day][:, 0], left - moved)
    assert np.abs(store.base_stock() / 2.0 - store.rate).max() <= 0.5
    assert (sold.sum(axis=1) > 0).all()


def test_a_small_shelf_and_a_display_bound_the_filling() -> None:
    """300 litres hold 100 units of 3 litres in all; without expected sales, 4 of each SKU stand on display."""
    run({"stock_days": 1000.0, "shelf_litres": 300.0}, days=1)
    assert 97 <= Shelves.log[0][:, 1].sum() <= 100
    run({"stock_days": 0.0, "display_units": 4}, days=2)
    assert Shelves.log[1][:, 1].tolist() == [4, 4, 4]


@pytest.mark.parametrize("ships", [True, False])
def test_what_no_warehouse_has_the_store_ships_if_it_may(ships: bool) -> None:
    """9 yuan a parcel besides packing; on the road from midnight for 5 hours, so at the door from the next day on."""
    store = PLENTY | {"ships": ships, "ship_hours": 5.0, "ship_yuan": 9.0, "replenish_yuan": 0.0}
    played = run(store, operations={"warehouses": {"w": {"start_days": 0.0}}},
                 catalogue={"categories": {"thing": {"return_rate": 0.0}}})  # fmt: skip
    daily, x = played.history.daily, played.lines
    assert set(x["warehouse"]) == {1} and played.units(offer=STORE) > 500
    if not ships:  # its stock is held for its own buyers
        assert played.units(offer=APP) == daily["parcels_dispatched"].sum() == 0
        return
    parcels = {(int(d), int(o)) for d, o in zip(played.day, x["order"], strict=True)}
    shipped = {(int(d), int(o)) for d, o, f in zip(played.day, x["order"], x["offer"], strict=True) if f == APP}
    assert len(shipped) > 500 and shipped < parcels
    assert daily["store_parcels"].sum() == daily["parcels_dispatched"].sum() == len(shipped)
    assert played.total("line_haul") == -900 * len(shipped) and played.total("packing") == -100 * len(shipped)
    assert list(daily["parcels_delivered"] > 0) == [False, True, True]
    assert (played.world.orders.fee == [0.05, 0.006]).all()
    commission = np.round(np.where(x["offer"] == APP, 0.05, 0.006) * x["paid"]).sum()
    assert played.total("commission") == -int(commission)


def test_warehouses_are_asked_before_a_store_that_ships() -> None:
    played = run(PLENTY | {"ships": True})
    assert set(played.lines["warehouse"][played.lines["offer"] == APP]) == {0}


def test_routes_by_offer() -> None:
    """Without stores every offer takes its city's road; a store alone serves its channel, and ships last."""
    plain = load_scenario("double12")
    assert np.array_equal(offer_routes(plain), np.broadcast_to(routes(plain), (4, 2, 1)))
    shops = load_scenario("stores")
    hangzhou, chengdu = offer_routes(shops)[:, 0].tolist(), offer_routes(shops)[:, 1].tolist()
    assert hangzhou == [[0, 1], [0, 1], [1, -1], [0, -1]]  # app, livestream, store, pre-sale
    assert chengdu == [[0, -1], [0, -1], [2, -1], [0, -1]]


def test_a_long_queue_at_the_till_costs_trust() -> None:
    """A till of one that serves 5 an hour, 12 hours a day and through the night, against a till of 200."""
    slow = run(PLENTY | {"staff": 1, "served_per_hour": 5.0}, days=4)
    fast = run(PLENTY, days=4)
    assert fast.history.daily["store_wait_minutes"].max() < 0.01
    assert slow.history.daily["store_wait_minutes"].min() > 60.0
    buyers = slow.history.daily["store_buyers"]
    assert all(60 <= n <= 24 * 6 for n in buyers[1:])  # what the till can do, not who came
    assert slow.world.stores[0].till.inside > 900
    trust = [played.world.consumers.people.row["trust"].mean() for played in (slow, fast)]
    assert trust[0] < trust[1]


def test_who_takes_all_of_it_home_does_not_ask_where_it_is() -> None:
    desk = {"service_desk": {"contacts_per_order": 1.0, "question_per_visit": 0.0, "agents": 50}}
    everybody = {"channels": {"store": {"share": 1.0}}}
    away = {"market": everybody, "operations": desk}
    assert run(PLENTY, **away).history.daily["tickets"].sum() == 0
    assert run(None, **away).history.daily["tickets"].sum() > 1000


def test_returns_come_back_to_the_store_and_onto_its_shelf() -> None:
    """Nobody pays their carriage; good ones are on the shelf in the morning; parcels go to the warehouse's dock."""
    always = {"categories": {"thing": {"return_rate": 1.0, "resale_share": 1.0}}}
    everybody = {"channels": {"store": {"share": 1.0}}}
    played = run({"stock_days": 0.0, "display_units": 900, "staff": 200, "shelf_litres": 1e9}, days=40,
                 market=everybody, catalogue=always, operations={"warehouses": {"w": {"start_days": 0.0}}})  # fmt: skip
    assert played.history.daily["returned_units"].sum() > 1000
    assert played.total("returns_transport") == played.total("write_off") == 0
    assert played.units() > 3 * 900  # with an empty warehouse it can only sell again what came back
    assert played.world.ledger.flows["lines_inspected"] == played.world.ledger.flows["lines_returning"] - sum(
        store.coming_back for store in played.world.stores
    )


class Mover(NoOrders):
    """Orders for everything that holds stock, stores too, and moves goods between all of them."""

    def order(self, view: View, forecast: Forecast, rng: np.random.Generator) -> StockPlan:
        k, w = len(view.shop.skus), len(view.shop.warehouses)
        return StockPlan(rng.integers(0, 12, (k, w)), rng.integers(0, 3, (k, w, w)))


@pytest.mark.parametrize("seed", range(12))
def test_nothing_is_lost_in_random_small_worlds(seed: int) -> None:
    """Sizes, two cities, a pre-sale, promises, empty shelves, price breaks, a narrow supplier: the laws hold daily."""
    rng = np.random.default_rng(seed)

    def store() -> Tree:
        return {"ships": bool(rng.integers(2)), "staff": int(rng.integers(1, 4)), "stock_days": float(rng.integers(5)),
                "served_per_hour": float(rng.integers(1, 30)), "channel": str(rng.choice(["store", "app"])),
                "ship_hours": float(rng.integers(1, 60))}  # fmt: skip

    cities = {"east": {"share": 0.6, "line_haul_hours": {"v": 1.0}}, "west": {"share": 0.4}}
    warehouses = {name: {"start_days": float(rng.integers(3)), "pickers": 5} for name in ("w", "v")}
    rules = campaign(3, 5, markdown=0.2, presale={"start": "2023-10-03T10:00", "deposit": 0.2},
                     price_match={"days": 9}, gifts={"mug": {"stock_units": 40}},
                     threshold={"spend_yuan": 150.0, "save_yuan": 20.0})  # fmt: skip
    later = campaign(8, 9, markdown=0.4)
    stores = {city: store() for city in cities if rng.random() < 0.8} or {"west": store()}
    scenario = market(
        days=14, campaigns={"c": rules, "d": later},
        market={"consumers": 400, "cities": cities, "channels": CHANNELS},
        catalogue={"skus": {"a": sku(sizes={"s": 0.5, "m": 0.3, "l": 0.2}), "b": sku(channels=["app"])},
                   "categories": {"thing": {"return_rate": 0.4}}},
        operations={"stores": stores, "warehouses": warehouses, "suppliers": {"factory": {
            "units_per_day": int(rng.integers(1, 60)), "lead_time_days": 3.0, "lead_time": "gamma",
            "price_breaks": [{"units": 5, "discount": 0.07}, {"units": 15, "discount": 0.11}]}}},
    )  # fmt: skip
    played = play(scenario, seed, stocking=Mover(), guests=[NeverNegative])
    daily = played.history.daily
    assert daily["store_buyers"].sum() > 0 and daily["parcels_delivered"].sum() > 0
    assert played.total("purchase_variance") > 0
    assert (
        daily["units"].sum()
        + sum(int(part["units"].sum()) for parts in played.world.orders.deposits.values() for part in parts)
        <= played.units()
    )


class NeverNegative(Actor):
    """No shelf goes below zero."""

    def settle(self) -> None:
        assert self.world.stock.min() >= 0
        assert self.world.orders.reserved.min() >= 0


def test_same_seed_same_bytes() -> None:
    first, second = (run(PLENTY | {"ships": True}, days=5) for _ in range(2))
    assert np.array_equal(first.lines, second.lines)
    assert all(np.array_equal(a, second.history.accounts[n]) for n, a in first.history.accounts.items())
