"""A warehouse: takes deliveries in, picks and packs orders, sends trucks in waves, takes returns back on the shelf.

Deliveries and transfers pass the inbound dock, where there is one: each variant in pallets, a job each, on the shelf
when the job is done. Good returns do not: their way back to the shelf is part of inspection.

Pick-pack serves promise classes by the hours promised, then first come. Behind all of them come jobs ahead of time,
numbered below 0: pre-sale orders packed before their balance is due, and those not paid for, unpacked again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.actors.base import Actor
from sim.actors.couriers import depots
from sim.actors.crew import Crew
from sim.actors.parcel_station import station_of
from sim.actors.pool import Pool
from sim.actors.station import ABANDONED, hourly
from sim.kernels.draws import lognormal_seconds, uniforms

if TYPE_CHECKING:
    from sim.world import World

Ints = NDArray[np.int64]
_LAST = 1_000
"""Priority of work ahead of time: behind every promise class."""


class Warehouse(Actor):
    """Inbound dock, pick-pack and returns inspection; its shelf is column `number` of the world's stock."""

    def __init__(self, world: World, name: str, number: int, first_station: int) -> None:
        super().__init__(world)
        self.name, self.number = name, number
        self.terms = world.spec.operations.warehouses[name]
        self.pick_pack = station_of(world, f"{name}/pick_pack")
        self.returns = station_of(world, f"{name}/returns")
        self.inbound = station_of(world, f"{name}/inbound")
        per_hour = self.terms.units_per_hour / world.spec.operations.pallet_units
        self.crews = (
            Crew(world, first_station, self.pick_pack, self.terms.pickers, self.terms.orders_per_hour),
            Crew(world, first_station + 1, self.returns, self.terms.inspectors, self.terms.returns_per_hour),
            Crew(world, first_station + 2, self.inbound, self.terms.dockers or 0, per_hour),
        )
        world.faults.threaten("warehouse_outage", name, self.crews[0].shifts)
        self.restock = np.zeros(world.stock.shape[0], np.int64)
        """(V,) inspected units that go back on the shelf next morning."""
        self.docked: dict[int, list[tuple[Ints, Ints]]] = {}
        """Day -> (lines, seconds) of returned parcels that reach the dock."""
        self.coming_back = 0
        """Lines on the way back that have not reached the dock."""
        self.dock: Ints = np.zeros_like(self.restock)
        """(V,) units that docked and are not on the shelf yet."""
        self._truck: Ints = np.zeros_like(self.restock)
        """(V,) those of them that came this morning."""
        self._pallets = Pool(variant=np.int32, units=np.int64, open=np.uint8)
        self.unpacking: Ints = np.zeros_like(self.restock)
        """(V,) units of pre-sale parcels that were not paid for, until they are unpacked."""
        self._unpack: dict[int, tuple[Ints, Ints]] = {}
        """Job -> (variants, units)."""
        self._packed: list[Ints] = []
        """Parcels that wait for the next wave."""
        self._ahead = 0
        """Jobs ahead of time inside pick-pack."""
        cities = (world.spec.market.cities[city] for city in world.shop.cities)
        self._road = np.array([3600.0 * city.line_haul_hours.get(name, 4.0) for city in cities])
        """(C,) mean seconds to each city's depot."""

    @property
    def parcels_inside(self) -> int:
        """Parcels not dispatched yet."""
        return self.pick_pack.inside - self._ahead + sum(parcels.size for parcels in self._packed)

    # ---- inbound -------------------------------------------------------------------------------
    def unload(self, units: Ints) -> None:
        """(V,) units dock; their pallets queue when the day's trucks are in."""
        self.dock += units
        self._truck += units

    def _queue_pallets(self) -> None:
        """A job for every pallet of a variant; work in proportion to its units."""
        if not self._truck.any():
            return
        most, now = self.world.spec.operations.pallet_units, int(self.world.env.now)
        variants = np.flatnonzero(self._truck)
        count = -(-self._truck[variants] // most)
        variant = np.repeat(variants, count)
        number = np.arange(variant.size) - np.repeat(np.cumsum(count) - count, count)
        units = np.minimum(most, self._truck[variant] - most * number)
        entities = variant * (1 << 32) + number
        key = self.world.streams.key(f"put away {self.name}", self.world.day)
        service = lognormal_seconds(key, entities, 3600.0 * units / self.terms.units_per_hour, self.terms.service_cv)
        jobs = self._pallets.append(variant.size, variant=variant, units=units, open=1)
        self.inbound.push(jobs, np.full(jobs.size, now), service, entities)
        self._record_arrivals(2, hourly(np.full(jobs.size, now), self.world.day))
        self._truck[:] = 0

    def _put_away(self) -> None:
        """What the dock has done is on the shelf."""
        jobs, _, done = self.inbound.take()
        if jobs.size == 0:
            return
        self.world.bookkeeper.note_served(self.crews[2].index, np.zeros(0, np.int64), done)
        variant, units = self._pallets.get("variant", jobs), self._pallets.get("units", jobs)
        np.add.at(self.world.stock[:, self.number], variant, units)
        np.subtract.at(self.dock, variant, units)
        self._pallets.set("open", jobs, 0)
        self._pallets.drop_leading("open", 0, 0)
        self.world.records.finished[self.crews[2].index, self.world.day] += jobs.size

    def collect(self) -> None:
        """What the stations have done by now: goods on the shelf, parcels ready for the wave, work ahead of time."""
        self._put_away()
        jobs, start, done = self.pick_pack.take()
        ahead = jobs < 0
        if ahead.any():
            self._ahead -= int(ahead.sum())
            self._done_ahead(jobs[ahead & (start != ABANDONED)])
            jobs, start, done = jobs[~ahead], start[~ahead], done[~ahead]
        self.world.bookkeeper.note_served(self.crews[0].index, start - self.world.parcels.get("placed", jobs), done)
        if jobs.size:
            self._packed.append(jobs)

    def receive(self) -> None:
        """Yesterday's good returns go on the shelf; today's deliveries queue, today's wave trucks are ordered."""
        self.collect()
        self._queue_pallets()
        self.world.stock[:, self.number] += self.restock
        self.world.ledger.units_in += self.world.sizes.total(self.restock)
        self.restock[:] = 0
        hours = sorted(h + 24 if h <= 6 else h for h in self.terms.waves)
        self._await_wave([self.world.midnight + hour * 3600 for hour in hours])
        lines, seconds = self._arrivals()
        seconds = seconds + self.world.midnight
        key = self.world.streams.key(f"inspect {self.name}", self.world.day)
        mean = np.full(lines.size, 3600.0 / self.terms.returns_per_hour)
        entities = self.world.orders.returns.lines.get("entity", lines)
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
        order = np.argsort(seconds * int(lines.max() + 1) + lines)  # 0.05 ms a day; a sort by two keys, 0.30
        return lines[order], seconds[order]

    def _record_arrivals(self, offset: int, by_hour: Ints) -> None:
        self.world.records.arrivals_hourly[self.crews[offset].index, self.world.day] += by_hour

    # ---- outbound ------------------------------------------------------------------------------
    def accept(self, stream: str, parcels: Ints, placed: Ints, consumers: Ints, lines: Ints, promise: Ints) -> None:
        """Orders fall into the queue; the work they make is drawn per person and day.

        `lines` (n,) are those still to be packed, `promise` (n,) the rank of the parcels' class.
        """
        seconds = self._work(lines)
        seconds[lines == 0] = 60.0 * self.world.spec.operations.staged_minutes
        key = self.world.streams.key(stream, self.world.day)
        service = lognormal_seconds(key, consumers, seconds, self.terms.service_cv)
        self.pick_pack.push(parcels, placed, service, consumers, priority=promise)
        self._record_arrivals(0, hourly(placed, self.world.day))

    def _work(self, lines: Ints) -> NDArray[np.float64]:
        """(n,) mean seconds to pick and pack so many lines."""
        extra = 60.0 * self.terms.line_minutes * (lines - 1.0)
        return np.asarray(3600.0 / self.terms.orders_per_hour + extra)

    def _do_ahead(self, jobs: Ints, consumers: Ints, lines: Ints, stream: str, until: int | None) -> None:
        """Queues work ahead of time behind all parcels; what has not begun before second `until` is given up."""
        now = int(self.world.env.now)
        seconds = np.maximum(1.0, self._work(lines) - 60.0 * self.world.spec.operations.staged_minutes)
        key = self.world.streams.key(stream, self.world.day)
        service = lognormal_seconds(key, consumers, seconds, self.terms.service_cv)
        patience = None if until is None else np.full(jobs.size, until - 1 - now)
        self.pick_pack.push(jobs, np.full(jobs.size, now), service, consumers, patience, np.full(jobs.size, _LAST))
        self._ahead += jobs.size

    def stage(self, jobs: Ints, consumers: Ints, lines: Ints, until: int) -> None:
        """Pre-sale orders are packed ahead of their balance at `until`, as far as there is time."""
        self._do_ahead(jobs, consumers, lines, "pick ahead", until)

    def unpack(self, jobs: Ints, consumers: Ints, contents: list[tuple[Ints, Ints]]) -> None:
        """Parcels packed ahead and not paid for: (variants, units) each, on the shelf when they are unpacked."""
        self._do_ahead(jobs, consumers, np.array([v.size for v, _ in contents]), "unpack", None)
        for job, (variants, units) in zip(jobs, contents, strict=True):
            np.add.at(self.unpacking, variants, units)
            self._unpack[int(job)] = (variants, units)

    def _done_ahead(self, jobs: Ints) -> None:
        """Orders are staged, or their units back on the shelf."""
        again = [self._unpack.pop(int(job)) for job in jobs if int(job) in self._unpack] if self._unpack else []
        for variants, units in again:
            np.subtract.at(self.unpacking, variants, units)
            np.add.at(self.world.stock[:, self.number], variants, units)
        self.world.orders.staged(jobs)

    def _await_wave(self, seconds: list[int]) -> None:
        """Trucks leave at the seconds of the day's waves (those up to 06:00 on the next morning)."""
        if seconds:
            self.world.env.call(seconds[0] - int(self.world.env.now), self._wave, seconds[1:])

    def _wave(self, later: list[int]) -> None:
        """All that is packed leaves."""
        self.collect()
        parcels, self._packed = np.concatenate([np.zeros(0, np.int64), *self._packed]), []
        self.dispatch(parcels)
        self._await_wave(later)

    def dispatch(self, parcels: Ints) -> None:
        """A wave leaves: parcels of each city reach its depot after the road time."""
        world, finance = self.world, self.world.spec.operations.finance
        if parcels.size == 0:
            return
        parcels = np.sort(parcels)
        for fleet, load in depots(world, parcels, self._road_seconds()):
            fleet.send(load)
        world.ledger.count("parcels_dispatched", parcels.size)
        world.ledger.flow("dispatched", parcels.size)
        world.ledger.book("packing", "cash", -round(100 * finance.packing_yuan) * parcels.size)
        world.ledger.book("line_haul", "cash", -round(100 * finance.line_haul_yuan) * parcels.size)
        world.ledger.book("line_haul", "cash", -world.orders.extra_haul(parcels))
        world.records.finished[self.crews[0].index, world.day] += parcels.size

    def _road_seconds(self) -> Ints:
        """(C,) road times of trucks that leave now, lognormal around each city's mean."""
        world = self.world
        trucks = int(world.env.now) // 3600 * 1024 + np.arange(self._road.size)
        key, cv = world.streams.key(f"truck {self.name}"), world.spec.operations.line_haul_cv
        return np.asarray(lognormal_seconds(key, trucks, self._road, cv))

    def take_back(self, lines: Ints, days: NDArray[np.int16]) -> None:
        """Returned lines are on their way: `days` from today they reach the dock by daytime."""
        key = self.world.streams.key(f"dock {self.name}", self.world.day)
        entities = self.world.orders.returns.lines.get("entity", lines)
        seconds = (8 * 3600 + uniforms(key, entities, 0) * 10 * 3600).astype(np.int64)
        self.coming_back += lines.size
        order, ends = np.argsort(days, kind="stable"), np.cumsum(np.bincount(days)).tolist()
        lines, seconds = lines[order], seconds[order]
        for lag, (begin, end) in enumerate(zip([0, *ends], ends, strict=False)):
            if begin < end:
                part = lines[begin:end], seconds[begin:end]
                self.docked.setdefault(self.world.day + lag, []).append(part)

    def operate(self) -> None:
        """Midnight: what was inspected today is refunded, and restocked or written off."""
        self._put_away()
        lines, _, done = self.returns.take()
        self.world.bookkeeper.note_served(self.crews[1].index, np.zeros(0, np.int64), done)
        self.world.records.finished[self.crews[1].index, self.world.day] += lines.size
        if lines.size:
            self.restock += self.world.orders.returns.refund(np.sort(lines))

    def pay(self) -> None:
        """Wages and rent of the day."""
        world, finance = self.world, self.world.spec.operations.finance
        for crew in self.crews:
            for kind, account in (("regular", "labour_regular"), ("overtime", "labour_overtime"),
                                  ("temps", "labour_temps")):  # fmt: skip
                world.ledger.book(account, "cash", -crew.cost[kind])
        litres = float(((world.stock[:, self.number] + self.dock) * world.volume[world.sizes.sku]).sum())
        over = max(0.0, litres - self.terms.space_litres)
        rent = finance.space_yuan * (self.terms.space_litres + finance.overflow_factor * over)
        world.ledger.book("space", "cash", -round(100 * rent))

    settle = pay
