"""What the merchant can see: the unchanging `Shop` and the `View` of a morning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.actors.running import DAY, Running
from sim.contracts import STAGES, CampaignInfo, Shop, View
from sim.red_lines import ChannelConsistency, MarginFloor, RedLines, StockLinkage
from sim.scenario.operations import PriceBreak
from sim.scenario.root import Scenario

if TYPE_CHECKING:
    from sim.world import World

AHEAD = 60
"""Days of the calendar that a view shows beyond today."""
WORK = ("pick_pack", "returns", "inbound")
"""The stations of each warehouse, in their order."""


def shop_of(scenario: Scenario) -> Shop:
    """The names, costs, sizes and rules of a scenario; SKUs are sorted by category."""
    ops, market = scenario.operations, scenario.market
    order = list(scenario.catalogue.categories)
    skus = sorted(scenario.catalogue.skus, key=lambda n: order.index(scenario.catalogue.skus[n].category))
    terms = [scenario.catalogue.skus[name] for name in skus]
    categories = [scenario.catalogue.categories[t.category] for t in terms]
    suppliers = [ops.suppliers[t.supplier or next(iter(ops.suppliers))] for t in terms]
    warehouses, cities = [*ops.warehouses, *(f"{city}/store" for city in ops.stores)], list(market.cities)
    stations, heads, per_hour, wage = [], [], [], []
    for name, w in ops.warehouses.items():
        stations += [f"{name}/{work}" for work in WORK]
        heads += [w.pickers, w.inspectors, w.dockers or 0]
        per_hour += [w.orders_per_hour, w.returns_per_hour, w.units_per_hour / ops.pallet_units]
        wage += [ops.labour.hour_yuan] * len(WORK)
    desk = ops.service_desk
    fleets = [ops.couriers[c] for c in cities]
    finance = ops.finance
    return Shop(
        skus=tuple(skus), cities=tuple(cities), warehouses=tuple(warehouses),
        groups=tuple(f"{s}/{stage}" for s in market.segments for stage in STAGES),
        channels=tuple(market.channels), stations=(*stations, "service_desk"),
        category=tuple(t.category for t in terms), role=tuple(t.role for t in terms),
        list_price=np.array([t.list_price_yuan for t in terms]), unit_cost=np.array([t.unit_cost_yuan for t in terms]),
        storability=np.array([c.storability for c in categories]),
        return_rate=np.array([c.return_rate for c in categories]),
        minimum_order=np.array([t.minimum_order_units for t in terms], np.int64),
        lead_time_days=np.array([s.mean_days for s in suppliers]),
        lead_time_sd_days=np.array([s.sd_days for s in suppliers]),
        volume_litres=np.array([t.volume_litres for t in terms]),
        space_litres=np.array([*(w.space_litres for w in ops.warehouses.values()),
                               *(s.shelf_litres for s in ops.stores.values())]),
        city_share=np.array([c.share for c in market.cities.values()]),
        home_warehouse=routes(scenario)[:, 0],
        station_heads=np.array([*heads, desk.agents], np.int64),
        station_per_hour=np.array([*per_hour, desk.concurrency * 60.0 / desk.handle_minutes]),
        station_hour_yuan=np.array([*wage, ops.labour.agent_hour_yuan]),
        temp_productivity=ops.labour.temp_productivity, temp_training_days=ops.labour.temp_training_days,
        temp_max_factor=ops.labour.temp_max_factor, overtime_hours_per_day=ops.labour.overtime_hours_per_day,
        couriers=np.array([f.couriers for f in fleets], np.int64),
        courier_parcels_per_day=np.array([f.parcels_per_day for f in fleets]),
        surge_max_factor=np.array([f.surge_max_factor for f in fleets]),
        parcel_yuan=finance.packing_yuan + finance.line_haul_yuan + fleets[0].parcel_yuan,
        commission=finance.commission, bot_containment=desk.bot_containment,
        contacts_per_order=desk.contacts_per_order, margin_floor=scenario.red_lines.margin_floor,
        interest_per_year=finance.interest_per_year, salvage_share=finance.salvage_share,
        price_breaks=_breaks([t.price_breaks or s.price_breaks for t, s in zip(terms, suppliers, strict=True)]),
        supplier=tuple(t.supplier or next(iter(ops.suppliers)) for t in terms),
        supplier_units_per_day=np.array([np.inf if s.units_per_day is None else s.units_per_day for s in suppliers]),
        store=np.array([warehouses.index(f"{c}/store") if c in ops.stores else -1 for c in cities], np.int64),
        pallet_units=ops.pallet_units,
        red_lines=red_lines_of(scenario),
    )  # fmt: skip


def red_lines_of(scenario: Scenario) -> RedLines:
    """The section `red_lines` as the three objects that engine and strategies ask."""
    s = scenario.red_lines
    return RedLines(
        MarginFloor(s.margin_floor, {str(stage): yuan for stage, yuan in s.lifetime_yuan.items()}, s.acquisition_yuan),
        ChannelConsistency(s.channel_gap, s.hold_channels),
        StockLinkage(s.scarce_days),
    )


def routes(scenario: Scenario) -> NDArray[np.int64]:
    """(C, W) warehouses in the order in which they serve each city: shortest road first."""
    names = list(scenario.operations.warehouses)
    hours = [[city.line_haul_hours.get(name, 4.0) for name in names] for city in scenario.market.cities.values()]
    return np.argsort(np.array(hours), axis=1, kind="stable")


def offer_routes(scenario: Scenario) -> NDArray[np.int64]:
    """(O, C, R) nodes in the order in which they serve an offer (channels, then pre-sale) in a city, -1 = no more.

    A city's store alone serves its channel; what it ships comes after all warehouses in every other channel.
    """
    ops, city_names = scenario.operations, list(scenario.market.cities)
    roads, offers, stores = routes(scenario), [*scenario.market.channels, "pre-sale"], list(ops.stores)
    out = np.full((len(offers), len(city_names), roads.shape[1] + min(1, len(stores))), -1, np.int64)
    out[:, :, : roads.shape[1]] = roads
    for number, (city, store) in enumerate(ops.stores.items(), roads.shape[1]):
        c = city_names.index(city)
        if store.ships:
            out[:-1, c, -1] = number
        out[offers.index(store.channel), c] = [number] + [-1] * (out.shape[2] - 1)
    return out


def _breaks(of_skus: list[list[PriceBreak]]) -> NDArray[np.float64]:
    """(K, B, 2) units and discount of each SKU's price breaks, zeros after the last."""
    out = np.zeros((len(of_skus), max(map(len, of_skus)), 2))
    for k, breaks in enumerate(of_skus):
        for b, step in enumerate(breaks):
            out[k, b] = step.units, step.discount
    return out


def campaign_infos(running: tuple[Running, ...]) -> tuple[CampaignInfo, ...]:
    """The merchant's calendar in days; a campaign that offers nothing is no event to plan for."""
    return tuple(
        CampaignInfo(
            name=r.name, start_day=r.start / DAY, end_day=r.end / DAY, announced_day=r.announced / DAY,
            ritual=r.terms.ritual, markdown=r.terms.markdown,
            threshold_spend=r.terms.threshold.spend_yuan if r.terms.threshold else 0.0,
            threshold_save=r.terms.threshold.save_yuan if r.terms.threshold else 0.0,
            presale_day=r.presale / DAY if r.presale is not None else None,
            eligible=tuple(bool(e) for e in r.eligible),
        )
        for r in running if not r.inert
    )  # fmt: skip


def calendar_arrays(running: tuple[Running, ...], skus: int, days: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """(K, days) public markdown and (days,) ritual, weighted by the share of the day they run."""
    depth, ritual = np.zeros((skus, days)), np.zeros(days)
    starts = DAY * np.arange(days)
    for r in running:
        part = np.clip((np.minimum(r.end, starts + DAY) - np.maximum(r.start, starts)) / DAY, 0.0, 1.0)
        depth = np.maximum(depth, r.terms.markdown * r.eligible[:, None] * part)
        ritual = np.maximum(ritual, r.terms.ritual * part)
    return depth, ritual


def _locked(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view


def _booked(world: World) -> NDArray[np.int64]:
    """(St, AHEAD) temps engaged for today and the following days."""
    out = np.zeros((len(world.crews), AHEAD), np.int64)
    for n, crew in enumerate(world.crews):
        for day, temps in crew.booked.items():
            if 0 <= day - world.day < AHEAD:
                out[n, day - world.day] = temps
    return out


def view_of(world: World) -> View:
    """What can be known at 06:00 of today: the past by day, today's state, the own calendar."""
    day, r = world.day, world.records
    past = slice(0, day)
    on_order = np.zeros((world.shop.list_price.size, world.stock.shape[1], AHEAD), np.int64)
    for supplier in world.suppliers.values():
        on_order += supplier.on_order(AHEAD)
    on_order += world.inventory.due(AHEAD)
    on_order[:, :, 0] += world.sizes.total(world.inventory.on_docks())
    arrays: dict[str, Any] = {
        "depth": world.depth[:, : day + AHEAD], "ritual": world.ritual[: day + AHEAD],
        "sold": r.sold[:, :, past], "stockout_hours": r.stockout_hours[:, :, past], "visits": r.visits[:, past],
        "orders_by_hour": r.orders_by_hour[:, past], "prices": r.prices[:, :, past], "paid": r.paid[:, past],
        "returned": r.returned[:, past], "on_hand": world.shelf_units(), "on_order": on_order,
        "on_hand_age_days": world.inventory.mean_age(),
        "broken_sizes": world.sizes.broken(world.stock), "weather": world.weather.forecast(day, AHEAD),
        "celsius": world.weather.celsius[:, past],
        "backlog": np.array([s.backlog() for s in world.stations], np.int64), "arrivals": r.arrivals[:, past],
        "finished": r.finished[:, past],
        "courier_backlog": np.array([f.station.backlog() for f in world.fleets], np.int64),
        "temps_booked": _booked(world),
        "overtime_left": np.array([c.overtime_left() for c in world.crews]),
        "courier_overtime_left": np.array([f.overtime_left() for f in world.fleets]),
        "late_share": r.late_share[past], "group_size": world.consumers.group_size.copy(),
        "group_orders_30d": r.group_orders[:, max(0, day - 30) : day].sum(axis=1), "messages": r.messages[:, past],
        "rival_index": r.rival_index[past],
    }  # fmt: skip
    locked: dict[str, Any] = {name: _locked(array) for name, array in arrays.items()}
    return View(
        day=day, date=world.date, shop=world.shop, campaigns=world.campaigns,
        cash=world.ledger.balance["cash"] / 100, **locked,
    )  # fmt: skip
