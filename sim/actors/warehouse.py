"""A warehouse: picks and packs orders, sends trucks in waves, takes returns back on the shelf."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.actors.base import Actor
from sim.actors.crew import Crew
from sim.actors.parcel_station import station_of
from sim.actors.station import hourly
from sim.kernels.draws import lognormal_seconds, uniforms

if TYPE_CHECKING:
    from sim.world import World

Ints = NDArray[np.int64]


class Warehouse(Actor):
    """Pick-pack and returns inspection; its shelf is column `number` of the world's stock."""

    def __init__(self, world: World, name: str, number: int, first_station: int) -> None:
        super().__init__(world)
        self.name, self.number = name, number
        self.terms = world.spec.operations.warehouses[name]
        self.pick_pack = station_of(world, f"{name}/pick_pack")
        self.returns = station_of(world, f"{name}/returns")
        self.crews = (
            Crew(world, first_station, self.pick_pack, self.terms.pickers, self.terms.orders_per_hour),
            Crew(world, first_station + 1, self.returns, self.terms.inspectors, self.terms.returns_per_hour),
        )
        world.faults.threaten("warehouse_outage", name, self.crews[0].shifts)
        self.restock = np.zeros(world.stock.shape[0], np.int64)
        """(V,) inspected units that go back on the shelf next morning."""
        self.docked: dict[int, list[tuple[Ints, Ints]]] = {}
        """Day -> (lines, seconds) of returned parcels that reach the dock."""
        self.coming_back = 0
        """Lines on the way back that have not reached the dock."""

    def receive(self) -> None:
        """Yesterday's good returns go on the shelf; today's wave trucks are ordered."""
        self.world.stock[:, self.number] += self.restock
        self.world.ledger.units_in += self.world.sizes.total(self.restock)
        self.restock[:] = 0
        self.world.env.process(self._waves())
        lines, seconds = self._arrivals()
        seconds = seconds + self.world.midnight
        key = self.world.streams.key(f"inspect {self.name}", self.world.day)
        mean = np.full(lines.size, 3600.0 / self.terms.returns_per_hour)
        entities = self.world.lines.get("entity", lines)
        service = lognormal_seconds(key, entities, mean, self.terms.service_cv)
        self.returns.push(lines, seconds, service, entities)
        self._record_arrivals(1, hourly(seconds, self.world.day))

    def _arrivals(self) -> tuple[Ints, Ints]:
        """Returned lines that dock today, in order of arrival."""
        parts = self.docked.pop(self.world.day, [])
        if not parts:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        self.coming_back -= sum(lines.size for lines, _ in parts)
        lines, seconds = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.lexsort((lines, seconds))
        return lines[order], seconds[order]

    def _record_arrivals(self, offset: int, by_hour: Ints) -> None:
        self.world.records.arrivals_hourly[self.crews[offset].index, self.world.day] += by_hour

    def accept(self, parcels: Ints, placed: Ints, consumers: Ints, lines: NDArray[np.float64], stream: str) -> None:
        """Orders fall into the queue; the work they make is drawn per person and day."""
        seconds = 3600.0 / self.terms.orders_per_hour + 60.0 * self.terms.line_minutes * (lines - 1.0)
        key = self.world.streams.key(stream, self.world.day)
        service = lognormal_seconds(key, consumers, seconds, self.terms.service_cv)
        self.pick_pack.push(parcels, placed, service, consumers)
        self._record_arrivals(0, hourly(placed, self.world.day))

    def _waves(self) -> Generator[Any, Any, None]:
        """SimPy process: trucks leave at the hours of the day's waves (before 06:00: next morning)."""
        midnight = self.world.midnight
        for hour in sorted(h + 24 if h <= 6 else h for h in self.terms.waves):
            yield self.world.env.timeout(midnight + hour * 3600 - self.world.env.now)
            parcels, start, done = self.pick_pack.take()
            self.world.note_served(self.crews[0].index, start - self.world.parcels.get("placed", parcels), done)
            self.dispatch(parcels)

    def dispatch(self, parcels: Ints) -> None:
        """A wave leaves: parcels of each city reach its depot after the road time."""
        world, finance = self.world, self.world.spec.operations.finance
        if parcels.size == 0:
            return
        parcels = np.sort(parcels)
        cities = world.parcels.get("city", parcels)
        for city, fleet in enumerate(world.fleets):
            mine = parcels[cities == city]
            if mine.size:
                fleet.send(mine, self._road_seconds(fleet.name, city))
        world.ledger.count("parcels_dispatched", parcels.size)
        world.ledger.flow("dispatched", parcels.size)
        world.ledger.book("packing", "cash", -round(100 * finance.packing_yuan) * parcels.size)
        world.ledger.book("line_haul", "cash", -round(100 * finance.line_haul_yuan) * parcels.size)
        world.records.finished[self.crews[0].index, world.day] += parcels.size

    def _road_seconds(self, city: str, number: int) -> int:
        """Road time of the truck that leaves now, lognormal around the city's mean."""
        world = self.world
        mean = 3600.0 * world.spec.market.cities[city].line_haul_hours.get(self.name, 4.0)
        truck = np.array([int(world.env.now) // 3600 * 1024 + number])
        key, cv = world.streams.key(f"truck {self.name}"), world.spec.operations.line_haul_cv
        return int(lognormal_seconds(key, truck, np.array([mean]), cv)[0])

    def take_back(self, lines: Ints, days: NDArray[np.int16]) -> None:
        """Returned lines are on their way: `days` from today they reach the dock by daytime."""
        key = self.world.streams.key(f"dock {self.name}", self.world.day)
        entities = self.world.lines.get("entity", lines)
        seconds = (8 * 3600 + uniforms(key, entities, 0) * 10 * 3600).astype(np.int64)
        self.coming_back += lines.size
        for lag in np.unique(days):
            mine = days == lag
            self.docked.setdefault(self.world.day + int(lag), []).append((lines[mine], seconds[mine]))

    def operate(self) -> None:
        """Midnight: what was inspected today is refunded, and restocked or written off."""
        lines, _, done = self.returns.take()
        self.world.note_served(self.crews[1].index, np.zeros(0, np.int64), done)
        self.world.records.finished[self.crews[1].index, self.world.day] += lines.size
        if lines.size:
            self.restock += self.world.orders.refund(np.sort(lines))

    def pay(self) -> None:
        """Wages and rent of the day."""
        world, finance = self.world, self.world.spec.operations.finance
        for crew in self.crews:
            for kind, account in (("regular", "labour_regular"), ("overtime", "labour_overtime"),
                                  ("temps", "labour_temps")):  # fmt: skip
                world.ledger.book(account, "cash", -crew.cost[kind])
        litres = float((world.stock[:, self.number] * world.volume[world.sizes.sku]).sum())
        over = max(0.0, litres - self.terms.space_litres)
        rent = finance.space_yuan * (self.terms.space_litres + finance.overflow_factor * over)
        world.ledger.book("space", "cash", -round(100 * rent))

    settle = pay
