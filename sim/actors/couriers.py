"""The couriers of one city: a fleet on the road by day, with surge runs at a rising price."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.actors.base import Actor
from sim.actors.parcel_station import station_of
from sim.kernels.draws import lognormal_seconds

if TYPE_CHECKING:
    from sim.world import World

Ints = NDArray[np.int64]
_STOP_CV = 0.3
"""Coefficient of variation of the time between two doors (assumption)."""


class CourierFleet(Actor):
    """Serves its depot's queue; one courier is one server."""

    def __init__(self, world: World, name: str, number: int) -> None:
        super().__init__(world)
        self.name, self.number = name, number
        self.terms = world.spec.operations.couriers[name]
        self.station = station_of(world, f"{name}/couriers")
        self.on_road = 0
        """Parcels in trucks on their way to the depot."""
        self._base, self._surge = 0, 0.0

    def start(self, couriers: int, surge: float) -> None:
        """Today's couriers go out between the courier hours; surge within its limit."""
        begin, end = self.world.spec.operations.courier_hours
        self._base = min(couriers, self.terms.couriers)
        self._surge = min(surge, self.terms.surge_max_factor * self.terms.couriers)
        midnight = self.world.midnight
        servers = self._base + int(self._surge)
        self.world.env.process(self.station.work([(midnight + begin * 3600, servers), (midnight + end * 3600, 0)]))

    def send(self, parcels: Ints, road_seconds: int) -> None:
        """A truck leaves for the depot."""
        self.on_road += parcels.size
        self.world.env.process(self._truck(parcels, road_seconds))

    def _truck(self, parcels: Ints, road_seconds: int) -> Generator[Any, Any, None]:
        """SimPy process: after its time on the road, the truck's parcels join the depot's queue."""
        yield self.world.env.timeout(road_seconds)
        self.on_road -= parcels.size
        begin, end = self.world.spec.operations.courier_hours
        mean = np.full(parcels.size, (end - begin) * 3600.0 / self.terms.parcels_per_day)
        consumers = self.world.parcels.get("consumer", parcels).astype(np.int64)
        entities = consumers * 8192 + self.world.parcels.get("placed", parcels) // 86_400
        order = np.argsort(entities, kind="stable")
        parcels, entities = parcels[order], entities[order]
        service = lognormal_seconds(self.world.streams.key("courier"), entities, mean, _STOP_CV)
        self.station.push(parcels, np.full(parcels.size, int(self.world.env.now)), service, entities)

    def operate(self) -> None:
        """Midnight: parcels handed over today are reported and paid."""
        world = self.world
        parcels, _, done = self.station.take()
        world.orders.handed_over(parcels, done)
        count = parcels.size
        world.ledger.book("couriers", "cash", -round(100 * self.terms.parcel_yuan) * count)
        servers = self._base + int(self._surge)
        if servers and self._surge >= 1:
            by_surge = count * int(self._surge) / servers
            rise = 1.0 + self._surge / max(1e-9, self.terms.surge_max_factor * self.terms.couriers)
            world.ledger.book("courier_surge", "cash", -round(100 * self.terms.surge_extra_yuan * rise * by_surge))
