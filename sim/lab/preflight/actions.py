"""What a merchant can do about a risk from today on: a strategy around his own, or a change of what is in store.

Each comes in sizes: 1 is what its text says, 0.5 half of that.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sim.contracts import Forecast, Roster, Staffer, Stocker, StockPlan, View
from sim.lab.preflight.risks import Window
from sim.world import World


@dataclass
class MoreHands(Staffer):
    """Another staffer's roster, and from day `first` to `last` more temps, overtime, couriers at some stations."""

    inner: Staffer
    stations: tuple[int, ...]
    first: int
    last: int
    temps_factor: float = 0.5
    """Further temps, per regular head."""
    couriers: float = 0.0
    """Surge, as a share of all that may be had."""
    overtime_share: float = 1.0
    """Overtime, as a share of all that a day allows."""

    def roster(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Roster:
        """Adds to what the inner staffer plans; the engine keeps to the law."""
        roster, shop = self.inner.roster(view, forecast, rng), view.shop
        temps, overtime = np.array(roster.temps, np.float64), np.array(roster.overtime_hours, np.float64)
        ahead = np.arange(temps.shape[1]) + view.day
        days = (self.first <= ahead) & (ahead < self.last)
        for n in self.stations:
            extra = np.ceil(self.temps_factor * shop.station_heads[n])
            temps[n, days] = np.minimum(temps[n, days] + extra, shop.temp_max_factor * shop.station_heads[n])
            if self.first <= view.day < self.last:
                most = self.overtime_share * shop.overtime_hours_per_day * float(shop.station_heads[n])
                overtime[n] = max(most, float(overtime[n].sum())) * np.array([0.45, 0.45, 0.1])
        surge = np.array(roster.surge, np.float64)
        if self.couriers and self.first <= view.day < self.last:
            surge = np.maximum(surge, self.couriers * shop.surge_max_factor * shop.couriers)
        return dataclasses.replace(roster, temps=temps, overtime_hours=overtime, surge=surge)


@dataclass
class OtherOrders(Stocker):
    """Another stocker's orders times `factor`, and on day `first` `extra_days` of the expected sales on top."""

    inner: Stocker
    first: int
    factor: float = 1.0
    extra_days: float = 0.0

    def order(self, view: View, forecast: Forecast, rng: np.random.Generator) -> StockPlan:
        """The extra is split like the shares of the cities that each warehouse serves first."""
        plan, shop = self.inner.order(view, forecast, rng), view.shop
        orders = np.floor(self.factor * plan.orders + 0.5).astype(np.int64)
        if self.extra_days and view.day == self.first:
            daily = forecast.mean.mean(axis=2)  # (K, C)
            for city, place in enumerate(shop.home_warehouse):
                orders[:, place] += np.ceil(self.extra_days * daily[:, city]).astype(np.int64)
        return dataclasses.replace(plan, orders=orders)


def _staff(world: World, stations: tuple[int, ...], where: Window, size: float, couriers: float = 0.0) -> None:
    staffer = world.merchant.line_up["staffing"]
    assert isinstance(staffer, Staffer)
    more = MoreHands(staffer, stations, where.first, where.ends + 3, 0.5 * size, couriers, size)
    world.merchant.line_up["staffing"] = more


def _stock(world: World, factor: float, extra_days: float) -> None:
    stocker = world.merchant.line_up["stocking"]
    assert isinstance(stocker, Stocker)
    world.merchant.line_up["stocking"] = OtherOrders(stocker, world.days_lived, factor, extra_days)


def _temps(world: World, where: Window, size: float) -> None:
    names = world.shop.stations
    _staff(world, tuple(n for n, name in enumerate(names) if name.endswith("/pick_pack")), where, size)


def _gifts(world: World, where: Window, size: float) -> None:
    world.counter.gift_left += np.ceil(0.5 * size * world.counter.gift_left).astype(np.int64)


ACTIONS: dict[str, tuple[str, Callable[[World, Window, float], None]]] = {
    "temps": ("half as many temps as pickers, and all overtime, in the campaign and 3 days after", _temps),
    "agents": ("half as many temps as agents, and all overtime, in the campaign and 3 days after",
               lambda world, where, size: _staff(world, (len(world.shop.stations) - 1,), where, size)),
    "couriers": ("all surge couriers that may be had, in the campaign and 3 days after",
                 lambda world, where, size: _staff(world, (), where, size, couriers=size)),
    "stock": ("order 5 days of expected sales more, today",
              lambda world, where, size: _stock(world, 1.0, 5.0 * size)),
    "smaller_orders": ("order 30 % less from today on",
                       lambda world, where, size: _stock(world, 1.0 - 0.3 * size, 0.0)),
    "gifts": ("half as many gifts again", _gifts),
}  # fmt: skip
"""Name -> (what it is, what it does to a world at midnight before it is acted upon, at a size)."""
SIZES = (1.0, 0.5)
"""Sizes that are tried."""
