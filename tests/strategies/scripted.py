"""A scripted world for strategy tests: a demand script in, a full read-only `View` out.

As in Axelrod's `mock_player.py`: the test writes what was sold and which campaigns there are, everything
else has plain defaults (price 100, cost 50, lead time 2 days without spread, no commission), so that the
right answer can be worked out by hand.
"""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import numpy as np

from sim.contracts import STAGES, CampaignInfo, Floats, Forecast, Shop, View

SEGMENTS = ("frequent_small", "price_sensitive")
AHEAD = 60


def campaign(start: float, end: float, skus: int, **changes: Any) -> CampaignInfo:
    """A campaign on all `skus` SKUs: 20 % off, ritual 1, announced a week before."""
    plain = CampaignInfo("festival", start, end, start - 7, 1.0, 0.2, 0.0, 0.0, None, (True,) * skus)
    return dataclasses.replace(plain, **changes)


def scripted_shop(K: int, C: int, W: int, **changes: Any) -> Shop:
    """A shop with round numbers."""
    sites = tuple(f"w{w}" for w in range(W))
    stations = (*(f"{site}/{work}" for site in sites for work in ("pick_pack", "returns")), "service_desk")
    shop = Shop(
        skus=tuple(f"sku{k}" for k in range(K)),
        cities=tuple(f"city{c}" for c in range(C)),
        warehouses=sites,
        groups=tuple(f"{segment}/{stage}" for segment in SEGMENTS for stage in STAGES),
        channels=("app", "livestream"),
        stations=stations,
        category=("thing",) * K,
        role=("profit",) * K,
        list_price=np.full(K, 100.0),
        unit_cost=np.full(K, 50.0),
        storability=np.full(K, 0.5),
        return_rate=np.full(K, 0.1),
        minimum_order=np.ones(K, dtype=np.int64),
        lead_time_days=np.full(K, 2.0),
        lead_time_sd_days=np.zeros(K),
        volume_litres=np.ones(K),
        space_litres=np.full(W, 1e6),
        city_share=np.full(C, 1.0 / C),
        home_warehouse=np.arange(C, dtype=np.int64) % W,
        station_heads=np.array([10, 2] * W + [4], dtype=np.int64),
        station_per_hour=np.array([20.0, 10.0] * W + [10.0]),
        station_hour_yuan=np.full(2 * W + 1, 28.0),
        temp_productivity=0.5,
        temp_training_days=2,
        temp_max_factor=1.5,
        overtime_hours_per_day=3.0,
        couriers=np.full(C, 10, dtype=np.int64),
        courier_parcels_per_day=np.full(C, 100.0),
        surge_max_factor=np.full(C, 1.0),
        parcel_yuan=0.0,
        commission=0.0,
        bot_containment=0.5,
        contacts_per_order=0.1,
        margin_floor=0.0,
        interest_per_year=0.0,
        salvage_share=0.8,
    )
    return dataclasses.replace(shop, **changes)


def scripted_view(
    K: int = 2,
    C: int = 1,
    W: int = 1,
    days: int = 28,
    sold: Any = 10,
    campaigns: tuple[CampaignInfo, ...] = (),
    shop: dict[str, Any] | None = None,
    **changes: Any,
) -> View:
    """The view at 06:00 of day `days`; `sold` broadcasts to (K, C, days); any field can be replaced."""
    house = scripted_shop(K, C, W, **(shop or {}))
    units = np.broadcast_to(np.asarray(sold, dtype=np.int64), (K, C, days)).copy()
    depth, ritual = np.zeros((K, days + AHEAD)), np.zeros(days + AHEAD)
    for c in campaigns:
        on = slice(max(int(c.start_day), 0), max(int(np.ceil(c.end_day)), 0))
        ritual[on] = np.maximum(ritual[on], c.ritual)
        depth[np.array(c.eligible), on] = np.maximum(depth[np.array(c.eligible), on], c.markdown)
    groups, stations = len(house.groups), len(house.stations)
    orders = units.sum(axis=(0, 1))
    arrivals = np.zeros((stations, days), dtype=np.int64)
    arrivals[:-1:2] = orders // W
    hourly = np.zeros((24, days), dtype=np.int64)
    hourly[12] = orders
    view = View(
        day=days,
        date=datetime.date(2023, 9, 4) + datetime.timedelta(days=days),
        shop=house,
        campaigns=campaigns,
        depth=depth,
        ritual=ritual,
        sold=units,
        stockout_hours=np.zeros((K, W, days)),
        visits=np.full((C, days), 100, dtype=np.int64),
        orders_by_hour=hourly,
        prices=np.broadcast_to(house.list_price[None, :, None], (len(house.channels), K, days)).copy(),
        paid=house.list_price[:, None] * (1.0 - depth[:, :days]),
        returned=np.zeros((K, days), dtype=np.int64),
        on_hand=np.zeros((K, W), dtype=np.int64),
        on_hand_age_days=np.zeros((K, W)),
        on_order=np.zeros((K, W, AHEAD), dtype=np.int64),
        backlog=np.zeros(stations, dtype=np.int64),
        arrivals=arrivals,
        finished=arrivals.copy(),
        broken_sizes=np.zeros((K, W)),
        celsius=np.full((C, days), 15.0),
        weather=np.full((C, AHEAD), 15.0),
        courier_backlog=np.zeros(C, dtype=np.int64),
        temps_booked=np.zeros((stations, AHEAD), dtype=np.int64),
        overtime_left=36.0 * house.station_heads,
        late_share=np.zeros(days),
        group_size=np.full(groups, 1000, dtype=np.int64),
        group_orders_30d=np.full(groups, 100, dtype=np.int64),
        messages=np.zeros((groups, days), dtype=np.int64),
        rival_index=np.ones(days),
        cash=1e6,
    )
    return frozen(dataclasses.replace(view, **changes))


def arrays(view: View) -> dict[str, np.ndarray[Any, Any]]:
    """All arrays that a strategy could reach, by name."""
    found = {}
    for prefix, part in (("", view), ("shop.", view.shop)):
        for item in dataclasses.fields(part):
            value = getattr(part, item.name)
            if isinstance(value, np.ndarray):
                found[prefix + item.name] = value
    return found


def frozen(view: View) -> View:
    """The same view with read-only arrays."""
    for array in arrays(view).values():
        array.flags.writeable = False
    return view


def even_forecast(daily: Any, S: int = 4, H: int = 28, hours: Floats | None = None) -> Forecast:
    """The same path S times: `daily` (K, C) units on each of H days; hours even unless given."""
    level = np.asarray(daily, dtype=np.float64)
    paths = np.broadcast_to(level[None, :, :, None], (S, *level.shape, H)).copy()
    profile = np.full(24, 1.0 / 24.0) if hours is None else hours
    return Forecast(paths, np.tile(profile, (H, 1)))
