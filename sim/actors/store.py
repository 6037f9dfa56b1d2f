"""A store: sells from its own shelf to people of its city, is filled up every night, and may ship."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.actors.base import Actor
from sim.actors.couriers import depots
from sim.actors.parcel_station import station_of
from sim.kernels.draws import lognormal_seconds, uniforms
from sim.kernels.people import Rows

if TYPE_CHECKING:
    from sim.world import World

Ints = NDArray[np.int64]
_MEMORY_DAYS = 14.0
"""Days over which a store averages its sales, exponentially (assumption)."""
_SERVICE_CV = 0.5
"""Coefficient of variation of the time a customer takes at the till (assumption)."""


class Store(Actor):
    """Its shelf is column `number` of the world's stock, behind the warehouses'.

    Buyers in its channel queue at the till and take their things home, no parcel, no promise; a wait beyond their
    patience costs trust as at the service desk. They bring returns back in person. Its staff is fixed, so it stands
    on no roster. The till has no closing time of its own: who came in before the channel closed is served.
    """

    def __init__(self, world: World, city: str, number: int) -> None:
        super().__init__(world)
        self.name, self.number = f"{city}/store", number
        self.terms = world.spec.operations.stores[city]
        self.city = world.shop.cities.index(city)
        self.home = int(world.shop.home_warehouse[self.city])
        self.offer = world.shop.channels.index(self.terms.channel)
        self.till = station_of(world, f"{self.name}/till")
        self.till.servers = self.terms.staff
        self.rate = np.zeros(len(world.shop.skus))
        """(K,) units a day that it expects to sell."""
        self.restock = np.zeros(world.stock.shape[0], np.int64)
        """(V,) good returns that go back on the shelf next morning."""
        self.coming_back = 0
        """Lines that buyers will bring back."""
        self.packed: list[Ints] = []
        """Parcels that wait for tonight's collection."""
        self._back: dict[int, list[Ints]] = {}
        self._sold = np.zeros(self.rate.size, np.int64)

    # ---- stock ---------------------------------------------------------------------------------
    def open(self, expected: NDArray[np.float64]) -> None:
        """First fill, for its share of the shop's expected daily sales (K,)."""
        world = self.world
        share = world.spec.market.channels[self.terms.channel].share
        sold = world.consumers.sold_in[self.offer]
        self.rate = expected * float(world.shop.city_share[self.city]) * share * sold
        world.stock[:, self.number] = self.base_stock()

    def base_stock(self) -> Ints:
        """(V,) units that it is filled up to: days of expected sales, at least the display, within the shelf."""
        world, terms = self.world, self.terms
        units = world.sizes.split(np.ceil(terms.stock_days * self.rate - 1e-9).astype(np.int64))
        sold = world.consumers.sold_in[self.offer][world.sizes.sku]
        units = np.where(sold, np.maximum(units, terms.display_units), 0)
        litres = float((units * world.volume[world.sizes.sku]).sum())
        return (
            units if litres <= terms.shelf_litres else np.floor(units * (terms.shelf_litres / litres)).astype(np.int64)
        )

    def receive(self) -> None:
        """06:00: good returns go on the shelf; the night's truck from the home warehouse fills the gaps it can."""
        world = self.world
        world.stock[:, self.number] += self.restock
        world.ledger.units_in += world.sizes.total(self.restock)
        self.restock[:] = 0
        gap = self.base_stock() - world.stock[:, self.number]
        part = np.clip(gap, 0, np.maximum(0, world.stock[:, self.home]))
        world.stock[:, self.home] -= part
        world.stock[:, self.number] += part
        litres = float((part * world.volume[world.sizes.sku]).sum())
        world.ledger.book("line_haul", "cash", -round(100 * self.terms.replenish_yuan * litres))

    # ---- selling -------------------------------------------------------------------------------
    def accept(self, rows: Rows, parcel: Ints) -> None:
        """Order lines that fell on its shelf: those of its own channel queue at the till, the others are packed."""
        world, till = self.world, rows["till"] == 1
        self._sold += np.bincount(rows["sku"][till], rows["units"][till], self._sold.size).astype(np.int64)
        jobs, first = np.unique(parcel[till], return_index=True)
        seconds, consumers = (rows[name][till][first].astype(np.int64) for name in ("second", "consumer"))
        mean = np.full(jobs.size, 3600.0 / self.terms.served_per_hour)
        key = world.streams.key(f"till {self.name}", world.day)
        self.till.push(jobs, seconds, lognormal_seconds(key, consumers, mean, _SERVICE_CV), consumers)
        world.ledger.flow("at the till", jobs.size)
        self.packed.append(np.unique(parcel[~till]))
        world.ledger.count("store_units", int(rows["units"][till].sum()))
        world.ledger.count("store_parcels", self.packed[-1].size)

    def waiting(self) -> int:
        """Parcels that wait for collection."""
        return sum(parcels.size for parcels in self.packed)

    def take_back(self, lines: Ints, days: NDArray[np.int16]) -> None:
        """Buyers will bring lines back `days` from today."""
        self.coming_back += lines.size
        for lag in np.unique(days):
            self._back.setdefault(self.world.day + int(lag), []).append(lines[days == lag])

    def operate(self) -> None:
        """Midnight: who was served has gone home; what was brought back is refunded; parcels are collected."""
        world, ledger = self.world, self.world.ledger
        jobs, start, _ = self.till.take()
        order = np.argsort(jobs)
        jobs, start = jobs[order], start[order]
        if jobs.size:
            wait = (start - world.parcels.get("placed", jobs)) / 60.0
            consumers = world.parcels.get("consumer", jobs)
            u = uniforms(world.streams.key(f"till patience {self.name}", world.day), consumers.astype(np.int64), 0)
            ledger.count("store_buyers", jobs.size)
            mean, served = ledger.daily["store_wait_minutes"], int(ledger.daily["store_buyers"][world.day])
            mean[world.day] += (float(wait.mean()) - mean[world.day]) * jobs.size / served
            world.orders.taken_home(jobs)
            world.consumers.waited_in_vain(consumers[wait > -self.terms.patience_minutes * np.log(u)])
        lines = self._back.pop(world.day, [])
        if lines:
            back = np.sort(np.concatenate(lines))
            self.coming_back -= back.size
            self.restock += world.orders.returns.refund(back)
        self._collect()
        self.rate += (self._sold - self.rate) / _MEMORY_DAYS
        self._sold[:] = 0

    def _collect(self) -> None:
        """The night's run takes the packed parcels to the depot of the city."""
        world, terms = self.world, self.terms
        parcels = np.sort(np.concatenate([*self.packed, np.zeros(0, np.int64)]))
        self.packed = []
        if parcels.size == 0:
            return
        for fleet, load in depots(world, parcels, np.full(len(world.fleets), round(3600 * terms.ship_hours))):
            fleet.send(load)
        world.ledger.count("parcels_dispatched", parcels.size)
        world.ledger.flow("dispatched", parcels.size)
        packing = world.spec.operations.finance.packing_yuan
        world.ledger.book("packing", "cash", -round(100 * packing) * parcels.size)
        world.ledger.book("line_haul", "cash", -round(100 * terms.ship_yuan) * parcels.size)

    def settle(self) -> None:
        """Wages of the opening hours and rent of the day."""
        begin, end = self.world.spec.market.channels[self.terms.channel].hours
        wages = self.terms.staff * (end - begin) * self.terms.hour_yuan
        self.world.ledger.book("store_staff", "cash", -round(100 * wages))
        self.world.ledger.book("store_rent", "cash", -round(100 * self.terms.rent_yuan_per_day))
