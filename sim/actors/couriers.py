"""The couriers of one city: a fleet on the road by day, overtime at its ends, surge runs at a rising price."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.actors.base import Actor
from sim.actors.crew import Overtime, overtime_factor
from sim.actors.parcel_station import station_of
from sim.actors.shifts import Shifts
from sim.actors.station import hourly
from sim.kernels.counts import outside
from sim.kernels.draws import lognormal_seconds
from sim.kernels.handover import CITY, bound_for
from sim.kernels.parcels import ParcelRows

if TYPE_CHECKING:
    from sim.world import World

Ints = NDArray[np.int64]
_STOP_CV = 0.3
"""Coefficient of variation of the time between two doors (assumption)."""
_EARLIEST, _LATEST = 6, 24
"""Hours of the day between which couriers may work: the roster begins at the first."""


class Load(NamedTuple):
    """What a truck carries, in order of the entities: a buyer's day, by which a parcel's last stop is drawn and parcels
    of one truck queue."""

    parcels: Ints
    arrival: Ints  # second at which it reaches the depot
    service: Ints  # seconds
    entities: Ints


class CourierFleet(Actor):
    """Serves its depot's queue; one courier is one server."""

    def __init__(self, world: World, name: str, number: int) -> None:
        super().__init__(world)
        self.name, self.number = name, number
        self.terms = world.spec.operations.couriers[name]
        self.station = station_of(world, f"{name}/couriers")
        begin, end = world.spec.operations.courier_hours
        self.hours = end - begin
        """Length of a courier's normal day."""
        self.stop = self.hours * 3600.0 / self.terms.parcels_per_day
        """Mean seconds from door to door."""
        self.shifts = Shifts(world, self.station, self.terms.parcels_per_day / self.hours)
        world.faults.threaten("courier_strike", name, self.shifts)
        self.overtime = Overtime(world.spec.operations.labour, self.terms.couriers)
        self.on_road = 0
        """Parcels in trucks on their way to the depot."""
        self._surge = 0.0

    def start(self, couriers: int, surge: float, overtime: float = 0.0) -> None:
        """Today's couriers go out between the courier hours; surge within its limit; `overtime` hours of all
        couriers together, cut to what the law and the day allow, first in the evening, then before the courier hours.
        """
        world = self.world
        begin, end = world.spec.operations.courier_hours
        base = min(couriers, self.terms.couriers)
        self._surge = min(surge, self.terms.surge_max_factor * self.terms.couriers)
        each = self._overtime(overtime, base) / base if base else 0.0
        evening = min(each, _LATEST - end)
        morning = min(each - evening, begin - _EARLIEST) if begin > _EARLIEST else 0.0
        worked = (evening + morning) * base
        self.overtime.work(worked)
        world.ledger.count("courier_overtime_hours", worked)
        first, last = round((begin - morning) * 3600), round((end + evening) * 3600)
        plan = [(begin * 3600, base, int(self._surge)), (end * 3600, base if last > end * 3600 else 0, 0)]
        if first < begin * 3600:
            plan.insert(0, (first, base, 0))
        if end * 3600 < last:
            plan.append((last, 0, 0))
        self.shifts.begin((world.midnight + second, own, hired) for second, own, hired in plan)

    def _overtime(self, hours: float, couriers: int) -> float:
        """Hours of overtime that may be worked: the longest day's and, for the employed, the law's."""
        most = (self.terms.overtime_max_factor - 1.0) * self.hours * couriers
        if self.terms.employed:
            most = min(most, self.overtime.most(self.world.date))
        return min(hours, most)

    def overtime_left(self) -> float:
        """Hours of overtime that may still be worked this calendar month; without an end for the not employed."""
        return self.overtime.left(self.world.date) if self.terms.employed else np.inf

    def send(self, load: Load) -> None:
        """A truck leaves for the depot."""
        self.on_road += load.parcels.size
        self.world.env.call(int(load.arrival[0]) - int(self.world.env.now), self._dock, *load)

    def _dock(self, parcels: Ints, arrival: Ints, service: Ints, entities: Ints) -> None:
        """After its time on the road, the truck's parcels join the depot's queue."""
        self.on_road -= parcels.size
        self.station.push(parcels, arrival, service, entities, None, self._urgency(parcels))
        day, hour = divmod(int(self.world.env.now) // 3600, 24)
        if day < self.world.spec.calendar.days:
            self.world.records.courier_arrivals_hourly[self.number, day, hour] += parcels.size

    def _urgency(self, parcels: Ints) -> Ints | None:
        """The second by which each parcel is promised, where the earliest goes first."""
        if self.terms.order == "arrival":
            return None
        return self.world.orders.promised(parcels)

    def operate(self) -> None:
        """Midnight: parcels handed over today are reported and paid."""
        world = self.world
        parcels, start, done = self.station.take()
        world.orders.at_the_door.append((parcels, done))
        capacity, seconds = self.shifts.close_day()
        world.records.courier_capacity_hourly[self.number, world.day] = capacity
        world.records.courier_finished_hourly[self.number, world.day] = hourly(done, world.day)
        begin, end = world.spec.operations.courier_hours
        own, hired = (int(part[begin:end].sum()) for part in seconds)
        world.records.couriers_on_road[self.number, world.day] = (own + hired) / (3600.0 * self.hours)
        in_overtime = outside(start, begin, end)
        self._pay(parcels.size, in_overtime, own, hired)

    def _pay(self, parcels: int, in_overtime: int, own: int, hired: int) -> None:
        """A piece rate for each parcel; more for those of overtime, by the law's factor, and for those of surge runs,
        which take their share, by server seconds, of the parcels of the courier hours."""
        world, terms = self.world, self.terms
        fen = round(100 * terms.parcel_yuan)
        world.ledger.book("couriers", "cash", -fen * parcels)
        factor = overtime_factor(world.spec.operations.labour, world.date)
        world.ledger.book("courier_overtime", "cash", -round(fen * (factor - 1.0) * in_overtime))
        if hired:
            by_surge = (parcels - in_overtime) * hired / (own + hired)
            rise = 1.0 + self._surge / max(1e-9, terms.surge_max_factor * terms.couriers)
            world.ledger.book("courier_surge", "cash", -round(100 * terms.surge_extra_yuan * rise * by_surge))


def depots(world: World, parcels: Ints, road: Ints) -> Iterator[tuple[CourierFleet, Load]]:
    """(fleet, its truck) for each city that parcels (n,), in order of their numbers, are bound for; they leave now and
    are `road` (C,) seconds on their way."""
    bound = bound_for(ParcelRows(**world.parcels.kept()), world.parcels.first, parcels)
    order = np.argsort(bound)
    ascending = bound[order]
    if (ascending[1:] == ascending[:-1]).any():  # seldom; a sort that need not mind takes a third of the time
        order = np.argsort(bound, kind="stable")
    parcels, entity = parcels[order], ascending & (1 << CITY) - 1
    ends = np.searchsorted(ascending, np.arange(1, len(world.fleets) + 1) << CITY).tolist()
    parts = list(zip(world.fleets, [0, *ends], ends, strict=False))
    counts = [end - begin for _, begin, end in parts]
    stops, arrival = np.repeat([fleet.stop for fleet in world.fleets], counts), np.repeat(road, counts)
    arrival += int(world.env.now)
    service = lognormal_seconds(world.streams.key("courier"), entity, stops, _STOP_CV)
    for fleet, begin, end in parts:
        if begin < end:
            yield fleet, Load(*(column[begin:end] for column in (parcels, arrival, service, entity)))
