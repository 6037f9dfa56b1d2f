"""Warehouses by hand: ageing and write-down, the inbound dock, promise classes, routing, staging, returns."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from sim.contracts import Forecast, Stocker, StockPlan, View
from sim.ledger import LAG_DAYS
from sim.scenario import Scenario
from sim.scenario.checks import faults_of
from sim.scenario.root import Written
from sim.world import World, line_up_of
from tests.world.markets import Nobody, Played, Tree, campaign, market, plain_tree, play, sku
from tests.world.same import differences

RELEASE = ("operations", "release_hours")
Small = Callable[..., Scenario]
TWO: Tree = {"w": {"start_days": 0.0}, "v": {"start_days": 0.0}}
NEAR: Tree = {"home": {"share": 1.0, "line_haul_hours": {"w": 5.0, "v": 20.0}}}


@dataclass
class Script(Stocker):
    """What is bought and moved, by day: (K, W) and (K, W, W)."""

    orders: dict[int, Any] = field(default_factory=dict)
    transfers: dict[int, Any] = field(default_factory=dict)

    def order(self, view: View, forecast: Forecast, rng: np.random.Generator) -> StockPlan:
        k, w = len(view.shop.skus), len(view.shop.warehouses)
        orders, moves = np.zeros((k, w), np.int64), np.zeros((k, w, w), np.int64)
        orders += self.orders.get(view.day, 0)
        moves += self.transfers.get(view.day, 0)
        return StockPlan(orders, moves)


def bare(places: Tree | None = None, thing: Tree | None = None, **operations: Any) -> World:
    """A world that has not begun, its shelves empty: one SKU of 50 yuan cost."""
    warehouses = places or {"w": {"start_days": 0.0}}
    scenario = market(catalogue={"skus": {"a": sku()}, "categories": {"thing": thing or {}}},
                      operations={"warehouses": warehouses, **operations})  # fmt: skip
    world = World(scenario, "plain", "plain", 1)
    world.stock[:] = 0
    return world


def on_day(world: World, day: int) -> None:
    world.day, world.ledger.day = day, 0
    world.date = world.spec.calendar.start + datetime.timedelta(days=day)


# ---- ageing ------------------------------------------------------------------------------------
def test_first_in_first_out_by_hand() -> None:
    world = bare()
    stock = world.inventory
    stock.sync()
    stock.take_in(np.array([[10]]))
    on_day(world, 3)
    stock.take_in(np.array([[5]]))
    world.stock[0, 0] -= 6  # sold: four are left of day 0
    on_day(world, 4)
    assert stock.mean_age()[0, 0] == (4 * 4 + 5 * 1) / 9
    assert stock.ageing(3) == ((4 * 4 + 5 * 1) / 9, 4 / 9)
    assert stock.ageing(4)[1] == 0.0
    world.stock[0, 0] += 2  # given back: they join the oldest
    assert stock.mean_age()[0, 0] == (6 * 4 + 5 * 1) / 11
    world.stock[0, 0] -= 8
    assert stock.mean_age()[0, 0] == 1.0 and stock.first == 3
    world.stock[0, 0] = 0
    assert stock.mean_age()[0, 0] == 0.0 and np.isnan(stock.ageing(0)[0])
    world.stock[0, 0] = 2  # nothing is left to join
    on_day(world, 6)
    assert stock.mean_age()[0, 0] == 0.0


def test_a_transfer_keeps_the_day_of_receipt() -> None:
    world = bare(TWO, transfer_days=3, transfer_yuan=2.0)
    stock = world.inventory
    stock.sync()
    stock.take_in(np.array([[10, 0]]))
    on_day(world, 4)
    stock.take_in(np.array([[5, 8]]))
    moves = np.zeros((1, 2, 2), np.int64)
    moves[0, 0, 1] = 12
    stock.transfer(moves)
    assert world.stock.tolist() == [[3, 8]] and stock.moving().tolist() == [12]
    assert stock.due(5)[0].tolist() == [[0] * 5, [0, 0, 0, 12, 0]]
    assert world.ledger.accounts["line_haul"][0] == -12 * 200
    world.stock[0, 1] -= 5  # sold meanwhile: of day 4
    on_day(world, 7)
    stock.arrive()
    assert world.stock.tolist() == [[3, 15]] and not stock.moving().any()
    # ten of day 0, two of day 4, and the three left of day 4
    assert stock.mean_age().tolist() == [[3.0, (10 * 7 + 5 * 3) / 15]]
    moves[0, 0, 1] = 100  # no more than there is
    stock.transfer(moves)
    assert world.stock[0, 0] == 0 and stock.moving().tolist() == [3]


def test_write_down_by_age_is_released_as_units_are_sold() -> None:
    world = bare(thing={"obsolete_after_days": 2, "obsolete_share": 0.2, "obsolete_share_per_day": 0.1})
    stock = world.inventory
    stock.sync()
    stock.take_in(np.array([[4]]))
    on_day(world, 3)
    stock.take_in(np.array([[5]]))
    on_day(world, 4)
    before = world.ledger.balance["stock"]
    assert stock.book() == 4 * 5000 * 0.4 == 8000  # 0.2 + 0.1 x (4 - 2)
    assert (world.ledger.accounts["obsolescence"][0], world.ledger.balance["stock"]) == (-8000, before - 8000)
    assert stock.lost_fen(0.25) == 4 * 5000 * 0.25
    world.stock[0, 0] -= 3
    on_day(world, 5)
    assert stock.book() == 5000 * 0.5 + 5 * 5000 * 0.2
    on_day(world, 40)
    assert stock.book() == 6 * 5000  # never more than it cost
    world.stock[0, 0] = 0
    assert stock.book() == 0
    assert world.ledger.accounts["obsolescence"][0] == 0


def test_the_end_of_a_season_writes_down_what_came_before_it() -> None:
    world = bare(thing={"season_end": "2023-10-05", "season_end_share": 0.5})
    stock = world.inventory
    stock.sync()
    stock.take_in(np.array([[4]]))
    on_day(world, 2)  # 4 October
    assert stock.lost_fen() == 0.0
    on_day(world, 3)
    stock.take_in(np.array([[6]]))
    assert stock.lost_fen() == 4 * 5000 * 0.5
    world.stock[0, 0] -= 5
    assert stock.lost_fen() == 0.0


def test_stock_is_worth_cost_less_write_down_to_the_last_day() -> None:
    """Nobody buys: 3 days x 0.1 are written down, salvage at 0.75 then takes nothing more of these units."""
    old = {"obsolete_after_days": 0, "obsolete_share": 0.2, "obsolete_share_per_day": 0.1}
    quiet: Tree = {"segments": {"all": {"share": 1.0, "visits_per_day": 1e-9}}}
    run = play(market(days=3, market=quiet, catalogue={"categories": {"thing": old}, "skus": {"a": sku()}}))
    units = int(run.world.stock.sum())
    assert units > 0 and run.units() == 0
    booked = run.history.accounts["obsolescence"]
    assert booked.tolist() == [-units * 5000 * 0.2, -units * 5000 * 0.1, -units * 5000 * 0.1]
    assert run.history.daily["stock_value_yuan"].tolist() == [units * 40.0, units * 35.0, units * 30.0]
    assert run.total("salvage_loss") == 0
    assert run.history.daily["stock_age_days"].tolist() == [0.0, 1.0, 2.0]


# ---- the inbound dock --------------------------------------------------------------------------
def docked(dockers: int | None, days: int = 4, **changes: Any) -> Played:
    """400 units of one SKU dock on day 1; a person puts away a pallet of 100 an hour."""
    site = {"start_days": 0.0, "dockers": dockers, "units_per_hour": 100.0, "service_cv": 0.0}
    supplier = {"lead_time_days": 1.0, "lead_time_sd_days": 0.0}
    scenario = market(days=days, catalogue={"skus": {"a": sku()}},
                      operations={"warehouses": {"w": site}, "suppliers": {"factory": supplier}, **changes},
                      )  # fmt: skip
    shelf: list[tuple[int, int]] = []

    def listen(world: World) -> None:
        collect = world.warehouses[0].collect

        def collected() -> None:
            collect()
            shelf.append((int(world.env.now) // 3600 - 24, int(world.warehouses[0].dock.sum())))

        world.warehouses[0].collect = collected  # type: ignore[method-assign]  # listens in

    run = play(scenario, before=listen, stocking=Script({0: np.array([[400]])}))
    run.shelf = dict(shelf)  # type: ignore[attr-defined]  # hour of day 1 -> units on the dock
    return run


def test_goods_are_sold_when_the_dock_has_put_them_away() -> None:
    """The fixed roster gives one docker 3.6 hours from 06:00: pallets done at 7, 8, 9 and, begun, at 10."""
    run = docked(1)
    seen = run.shelf  # type: ignore[attr-defined]
    assert (seen[10], seen[14]) == (100, 0)  # what ends in the very second of a release waits for the next
    first = run.lines["second"][run.where(day=1)]
    assert first.min() >= 10 * 3600 and run.units(day=0) == 0
    daily, stations = run.history.daily, run.history.stations
    assert run.history.arrivals_hourly[stations.index("w/inbound"), 1].tolist() == [0] * 6 + [4] + [0] * 17
    assert daily["backlog_inbound"].tolist() == [0] * 4
    assert run.units() == 400


def test_without_dockers_they_are_sold_as_the_truck_docks_and_with_none_on_shift_never() -> None:
    at_once, idle = docked(None), docked(0)
    second = at_once.lines["second"][at_once.where(day=1)]
    assert 6 * 3600 <= second.min() < 7 * 3600
    assert at_once.history.arrivals_hourly[2].sum() == 0
    assert idle.units() == 0
    assert idle.history.daily["backlog_inbound"].tolist() == [0, 400, 400, 400]
    assert idle.history.daily["stock_age_days"][1:].tolist() == [0.0, 1.0, 2.0]


def test_dockers_are_paid_and_what_is_on_the_dock_counts_as_on_order() -> None:
    seen: list[int] = []

    @dataclass
    class Spy(Script):
        def order(self, view: View, forecast: Forecast, rng: np.random.Generator) -> StockPlan:
            seen.append(int(view.on_order[0, 0, 0]))
            return super().order(view, forecast, rng)

    site = {"start_days": 0.0, "dockers": 2, "units_per_hour": 1.0, "service_cv": 0.0}
    supplier = {"lead_time_days": 1.0, "lead_time_sd_days": 0.0}
    scenario = market(days=3, catalogue={"skus": {"a": sku()}},
                      operations={"warehouses": {"w": site}, "suppliers": {"factory": supplier}})  # fmt: skip
    run = play(scenario, stocking=Spy({0: np.array([[400]])}))
    assert seen == [0, 400, 400]
    without = play(
        market(days=3, catalogue={"skus": {"a": sku()}}, operations={"warehouses": {"w": site | {"dockers": 0}}})
    )
    wages = run.history.accounts["labour_regular"] - without.history.accounts["labour_regular"]
    assert wages.tolist() == [-2 * 8 * 2800] * 3


# ---- promise classes ---------------------------------------------------------------------------
HASTY: Tree = {"segments": {
    "patient": {"share": 0.7, "visits_per_day": 1.0, "visit_shape": 50.0},
    "hasty": {"share": 0.3, "visits_per_day": 1.0, "visit_shape": 50.0, "promise": "express"},
}}  # fmt: skip


def test_express_is_packed_first_judged_by_its_own_hours_and_pays_its_carriage() -> None:
    packed: list[tuple[Any, Any]] = []
    late: list[int] = []

    def listen(world: World) -> None:
        site, orders = world.warehouses[0], world.orders
        take, handed_over = site.pick_pack.take, orders.handed_over

        def taken() -> Any:
            jobs, start, done = take()
            packed.append(
                (np.stack([orders.parcels.get("placed", jobs), orders.parcels.get("promise", jobs), start]), 0)
            )
            return jobs, start, done

        def delivered(parcels: np.ndarray, done: np.ndarray) -> None:
            limit = np.array([72, 14])[orders.parcels.get("promise", parcels)]
            late.append(int((done - orders.parcels.get("placed", parcels) > 3600 * limit).sum()))
            handed_over(parcels, done)

        site.pick_pack.take, orders.handed_over = taken, delivered  # type: ignore[method-assign]  # listens in

    few = {"start_days": 1000.0, "pickers": 6}
    express = {"express": {"hours": 14.0, "parcel_yuan": 5.0}}
    run = play(market(days=6, market=HASTY, operations={"warehouses": {"w": few}, "promises": express}), before=listen)
    placed, promise, start = np.concatenate([rows for rows, _ in packed], axis=1)
    assert (promise == 1).sum() > 100 and (promise == 0).sum() > 100
    for second in np.unique(start[promise == 0]):
        waits = (promise == 1) & (placed < second) & (start > second)
        assert not waits.any()
    assert start[promise == 0].max() > placed[promise == 0].min() + 86_400  # there was a queue
    daily = run.history.daily
    assert daily["parcels_late"].tolist() == late
    assert 0 < sum(late) < daily["parcels_delivered"].sum()
    haul = -run.total("line_haul") / 100 - 4.0 * daily["parcels_dispatched"].sum()
    assert haul == 5.0 * (promise == 1).sum()


def test_a_class_of_the_standard_hours_changes_no_bit() -> None:
    classes: Tree = {"promises": {"express": {"hours": 72.0}}}
    plain = {"segments": {name: {**terms, "promise": "standard"} for name, terms in HASTY["segments"].items()}}
    a, b = play(market(days=3, market=plain)), play(market(days=3, market=HASTY, operations=classes))
    assert differences(a.history, b.history) == []


# ---- routing -----------------------------------------------------------------------------------
def test_split_orders_and_cross_shipments_by_hand() -> None:
    """A is in the near warehouse, B in the far one, 15 hours further."""

    def stock(world: World) -> None:
        world.stock[:] = [[10_000, 0], [0, 10_000]]

    things = {
        "x": {"need": 1.0, "storability": 0.0, "not_now": 1.0},
        "y": {"need": 1.0, "storability": 0.0, "not_now": 1.0},
    }
    shop = {"categories": things | {"thing": None}, "skus": {"a": sku(category="x"), "b": sku(category="y")}}
    tree = plain_tree()
    tree["calendar"]["scored_days"] = 3
    tree["catalogue"] = {name: {k: v for k, v in part.items() if v is not None} for name, part in shop.items()}
    tree["market"]["cities"] = NEAR
    tree["operations"] |= {
        "warehouses": {n: t | {"pickers": 200} for n, t in TWO.items()},
        "cross_ship_yuan_per_hour": 0.1,
    }
    scenario = Written.model_validate(tree).expanded()

    def opened(world: World) -> None:
        stock(world)
        world.inventory.sync()
        units = world.shelf_units().sum(axis=1)
        world.ledger.units_in[:] = units
        world.ledger.balance["stock"] = int((units * world.cost_fen).sum())
        world.ledger.opening = world.ledger.balance["stock"] + world.ledger.balance["cash"]

    run = play(scenario, before=opened)
    baskets: dict[tuple[int, int], set[int]] = {}
    for day, line in zip(run.day, run.lines, strict=True):
        baskets.setdefault((int(day), int(line["order"])), set()).add(int(line["warehouse"]))
    split, far = sum(len(b) == 2 for b in baskets.values()), sum(1 in b for b in baskets.values())
    daily = run.history.daily
    assert split > 50 and far > split
    assert (daily["split_orders"].sum(), daily["cross_shipped_parcels"].sum()) == (split, far)
    sent = {n: int(run.history.arrivals_hourly[3 * n].sum()) for n in (0, 1)}
    assert sent[1] == far and sum(sent.values()) == len(baskets) + split
    haul = -run.total("line_haul") / 100
    still = sum(w.parcels_inside for w in run.world.warehouses)
    assert daily["parcels_dispatched"].sum() + still == sum(sent.values())
    gone = far - run.world.warehouses[1].parcels_inside
    assert haul == pytest.approx(4.0 * daily["parcels_dispatched"].sum() + 1.5 * gone)


# ---- staging -----------------------------------------------------------------------------------
def presale(pays: float, **operations: Any) -> Played:
    """Pre-sale from day 0, balances at midnight before day 3."""
    terms = campaign(3, 3, markdown=0.3, ritual=0.5, announced_days=3.0,
                     presale={"start": "2023-10-02T00:00", "deposit": 0.1, "balance_rate": pays})  # fmt: skip
    site = {"start_days": 1000.0, "pickers": 8, "service_cv": 0.0}
    return play(market(days=6, campaigns={"feast": terms}, operations={"warehouses": {"w": site}, **operations}),
                before=None)  # fmt: skip


def test_orders_packed_ahead_have_only_the_rest_left() -> None:
    pushed: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def listen(world: World) -> None:
        push = world.warehouses[0].pick_pack.push

        def pushing(job: Any, arrival: Any, service: Any, *rest: Any, **more: Any) -> None:
            pushed.append((job, arrival, service))
            push(job, arrival, service, *rest, **more)

        world.warehouses[0].pick_pack.push = pushing  # type: ignore[method-assign]  # listens in

    terms = campaign(3, 3, markdown=0.3, ritual=0.5, announced_days=3.0,
                     presale={"start": "2023-10-02T00:00", "deposit": 0.1, "balance_rate": 0.8})  # fmt: skip
    site = {"start_days": 1000.0, "pickers": 60, "service_cv": 0.0, "orders_per_hour": 20.0, "line_minutes": 1.0}
    scenario = market(days=6, campaigns={"feast": terms},
                      operations={"warehouses": {"w": site}, "stage_hours": 48.0, "staged_minutes": 0.5})  # fmt: skip
    run = play(scenario, before=listen)
    job, arrival, service = (np.concatenate(column) for column in zip(*pushed, strict=True))
    due = 3 * 86_400
    ahead, balances = (job < 0) & (arrival < due), (job >= 0) & (arrival >= due) & (service == 30)
    # within 48 hours of the balance: the mornings of days 1 and 2
    assert set(arrival[ahead].tolist()) == {86_400 + 6 * 3600, 2 * 86_400 + 6 * 3600}
    assert set(service[ahead].tolist()) <= {150 + 60 * n for n in range(5)}  # 3 minutes an order, half of one left
    early = run.lines[(run.lines["due"] > 0) & ((run.day < 2) | ((run.day == 2) & (run.lines["second"] < 6 * 3600)))]
    assert ahead.sum() >= np.unique(early["consumer"]).size > 50
    assert balances.sum() > 0.5 * np.unique(early["consumer"]).size
    unpacked = (job < 0) & (arrival == due)
    assert 0 < unpacked.sum() < 0.5 * ahead.sum()
    assert not run.world.warehouses[0].unpacking.any()  # all back on the shelf; the laws held each day
    assert run.world.warehouses[0]._ahead == 0


def test_staging_off_is_the_default_and_staging_takes_the_peak_off_the_balance() -> None:
    off, zero, on = presale(1.0), presale(1.0, stage_hours=0.0), presale(1.0, stage_hours=48.0)
    assert differences(off.history, zero.history) == []
    assert on.history.daily["orders"].sum() == off.history.daily["orders"].sum()
    backlog = [run.history.daily["backlog_pick_pack"][3] for run in (off, on)]
    assert backlog[1] < backlog[0]


def test_nothing_packed_ahead_is_lost_when_nobody_works() -> None:
    terms = campaign(3, 3, markdown=0.3, ritual=0.5, announced_days=3.0,
                     presale={"start": "2023-10-02T00:00", "deposit": 0.1, "balance_rate": 0.5})  # fmt: skip
    run = play(market(days=6, campaigns={"feast": terms}, operations={"stage_hours": 48.0}), staffing=Nobody())
    site = run.world.warehouses[0]
    assert run.history.daily["parcels_dispatched"].sum() == 0
    assert site.pick_pack.abandoned > 50 and not site.unpacking.any()  # given up at the balance: nothing to unpack
    site.collect()
    assert site._ahead == 0 and site.parcels_inside == run.history.arrivals_hourly[0].sum()


# ---- returns -----------------------------------------------------------------------------------
def test_return_lags_and_occasions_are_counted() -> None:
    """Every line comes back five days after it was handed over, which is one to three days after the order."""
    feast = campaign(2, 3, ritual=0.5)
    scenario = market(
        days=8, campaigns={"feast": feast}, catalogue={"categories": {"thing": {"return_rate": 1.0}}},
        operations={"returns": {"lag_median_days": 5.0, "lag_log_sd": 0.0, "event_factor": 0.0}},
    )  # fmt: skip
    history = play(scenario).history
    assert history.lines_delivered.min() > 100
    assert history.lines_returned.tolist() == [history.lines_delivered[0], 0]
    lags = np.flatnonzero(history.return_lags)
    assert lags.min() >= 5 and lags.max() <= 8
    assert history.return_lags.sum() == history.lines_returned.sum() and history.return_lags.size == LAG_DAYS


def test_window_cuts_the_lag() -> None:
    terms = {"lag_median_days": 300.0, "lag_log_sd": 0.0, "window_days": 2}
    scenario = market(days=7, catalogue={"categories": {"thing": {"return_rate": 1.0}}}, operations={"returns": terms})
    history = play(scenario).history
    assert history.daily["returned_units"].sum() > 0
    assert np.flatnonzero(history.return_lags).max() <= 2 + 3


# ---- all of it ---------------------------------------------------------------------------------
@dataclass
class Restless(Script):
    """Buys 30 of each for the first warehouse every third day and moves half of it on."""

    def order(self, view: View, forecast: Forecast, rng: np.random.Generator) -> StockPlan:
        k, w = len(view.shop.skus), len(view.shop.warehouses)
        orders, moves = np.zeros((k, w), np.int64), np.zeros((k, w, w), np.int64)
        if view.day % 3 == 0:
            orders[:, 0] = 30
            moves[:, 0, 1] = view.on_hand[:, 0] // 2
            moves[:, 1, 0] = view.on_hand[:, 1] // 5
        return StockPlan(orders, moves)


EVERYTHING = (
    "operations.warehouses.chengdu_dc={pickers: 2, inspectors: 1, dockers: 1, start_days: 8, returns_per_hour: 0.5}",
    "operations.warehouses.hangzhou_dc={pickers: 1, inspectors: 1, dockers: 1, start_days: 8, units_per_hour: 40}",
    "market.cities.chengdu.line_haul_hours={hangzhou_dc: 46, chengdu_dc: 6}",
    "market.cities.hangzhou.line_haul_hours={hangzhou_dc: 34, chengdu_dc: 60}",
    "operations.promises={express: {hours: 40, parcel_yuan: 3}}", "market.segments.service_sensitive.promise=express",
    "operations.cross_ship_yuan_per_hour=0.1", "operations.transfer_yuan=0.5", "operations.stage_hours=60",
    "catalogue.categories.apparel.obsolete_after_days=10", "catalogue.categories.apparel.obsolete_share=0.1",
    "catalogue.categories.apparel.obsolete_share_per_day=0.01", "operations.pallet_units=10",
    "catalogue.categories.skincare.season_end=2023-12-20",
)  # fmt: skip


def test_everything_at_once_balances_and_repeats(small: Small) -> None:
    """The laws are checked every midnight; each part did something; same seed, same bytes."""
    scenario = small(*EVERYTHING)
    runs = []
    for _ in range(2):
        world = World(scenario, "big_promo", line_up_of(scenario, "gut_feel") | {"stocking": Restless()}, 5)
        runs.append(world.run())
    a, b = runs
    assert differences(a, b) == []
    daily = a.daily
    for name in ("split_orders", "cross_shipped_parcels", "backlog_inbound", "backlog_returns", "stock_old_share"):
        assert daily[name].sum() > 0, name
    assert (daily["stock_age_days"][1:] > 0).all()
    assert a.accounts["obsolescence"].min() < 0 < a.accounts["obsolescence"].max()
    assert a.return_lags.sum() > 0
    assert world.orders.staging._done.sum() > 20


def test_both_fidelities_agree_on_everything(small: Small) -> None:
    short = (*EVERYTHING, "calendar.scored_days=20", "calendar.settlement_days=0", "market.consumers=2000")
    histories = []
    for fidelity in ("compiled", "parcel"):
        scenario = small(*short, f"operations.fidelity={fidelity}")
        up = line_up_of(scenario, "gut_feel") | {"stocking": Restless()}
        histories.append(World(scenario, "big_promo", up, 5).run())
    assert differences(*histories) == []
    assert histories[0].daily["backlog_inbound"].sum() > 0 and histories[0].accounts["obsolescence"].any()


def test_neutral_values_change_no_bit(small: Small) -> None:
    short = ("calendar.scored_days=12", "calendar.settlement_days=0", "market.consumers=2000")
    off = ("operations.warehouses.hangzhou_dc.dockers=null", "catalogue.categories.apparel.obsolete_after_days=null",
           "market.segments.service_sensitive.promise=standard")  # fmt: skip
    never = ("catalogue.categories.apparel.obsolete_after_days=3000", "catalogue.categories.apparel.obsolete_share=1.0",
             "operations.promises.idle={hours: 5.0}", "operations.release_hours=[9]", "operations.pallet_units=7",
             )  # fmt: skip
    a, b = (World(small(*short, *off, *more), "big_promo", "closed_loop", 3).run() for more in ((), never))
    assert differences(a, b) == []


@pytest.mark.parametrize(
    ("operations", "segment", "path", "must"),
    [
        ({}, "expres", ("market", "segments", "all", "promise"), "must be a promise class (standard, express)"),
        ({"promises": {"standard": {"hours": 5.0}}}, "standard", ("operations", "promises", "standard"),
         "must not be given: promise_hours is the class of this name"),
        ({"release_hours": [5]}, "standard", RELEASE, "must be different hours from 7 to 23"),
        ({"release_hours": [9, 9]}, "standard", RELEASE, "must be different hours from 7 to 23"),
    ],
)  # fmt: skip
def test_faults_are_named(operations: Tree, segment: str, path: tuple[str, ...], must: str) -> None:
    tree = plain_tree()
    tree["operations"] |= {"promises": {"express": {"hours": 40.0}}} | operations
    tree["market"]["segments"]["all"]["promise"] = segment
    found = {(where, text): hint for where, text, _, hint in faults_of(Written.model_validate(tree))}
    assert (path, must) in found
    if segment == "expres":
        assert found[path, must] == "express"
