"""A supplier: takes purchase orders, makes so many units a day, sends trucks after a lead time, is paid at terms."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import special

from sim.actors.base import Actor
from sim.kernels.draws import normal, uniform
from sim.scenario.operations import Supplier as Terms

if TYPE_CHECKING:
    from sim.world import World

Ints = NDArray[np.int64]


def lead_days(terms: Terms, key: np.uint64, entity: np.int64) -> float:
    """One lead time in days, not rounded, from the terms' distribution; may be negative where it is normal."""
    mean, sd = terms.lead_time_days, terms.lead_time_sd_days
    if terms.lead_time == "table":
        table = terms.lead_time_table
        return table[int(uniform(key, entity, 0) * len(table))]
    if terms.lead_time == "normal" or mean <= 0.0 or sd <= 0.0:
        return float(mean + sd * normal(key, entity, 0))
    variance = (sd / mean) ** 2  # relative
    if terms.lead_time == "lognormal":
        log_variance = np.log1p(variance)
        return float(mean * np.exp(np.sqrt(log_variance) * normal(key, entity, 0) - 0.5 * log_variance))
    return float(mean * variance * special.gammaincinv(1.0 / variance, uniform(key, entity, 0)))


class Supplier(Actor):
    """Lead times are drawn per SKU (by its name) and day of order, in whole days, at least one.

    An order waits its turn when the day's capacity is gone: its units leave on the first days that have room, in
    order of purchase order, SKU and warehouse, and travel for the order's lead time. What leaves when is known when
    it is ordered, so the promised day holds the wait.
    """

    def __init__(self, world: World, name: str) -> None:
        super().__init__(world)
        self.name = name
        self.terms = world.spec.operations.suppliers[name]
        self.trucks: dict[int, Ints] = {}
        """Day of arrival -> (K, W) units aboard."""
        self.invoices: dict[int, int] = {}
        """Day of arrival -> fen that the units aboard cost."""
        self.promised: dict[int, Ints] = {}
        """Promised day -> (K, W) units not arrived yet, for the merchant's eyes."""
        self._promise_of: dict[int, list[tuple[int, Ints]]] = {}
        self.bills: dict[int, int] = {}
        """Day -> fen to be received."""
        self._turn, self._room = -1, 0
        """The day on which the next unit can leave, and how many more can that day."""

    def discount(self, sku: int, units: int) -> float:
        """Share off the unit cost of an order line of so many units."""
        own = self.world.spec.catalogue.skus[self.world.shop.skus[sku]].price_breaks
        return max((b.discount for b in own or self.terms.price_breaks if units >= b.units), default=0.0)

    def order(self, units: Ints) -> None:
        """Takes a purchase order (K, W)."""
        key = self.world.streams.key(f"lead time {self.name}", self.world.day)
        foreseen = max(1, round(self.terms.mean_days))
        for sku, wanted in enumerate(units.sum(axis=1).tolist()):
            if wanted == 0:
                continue
            entity = np.int64(zlib.crc32(self.world.shop.skus[sku].encode()))
            lead = max(1, round(lead_days(self.terms, key, entity)))
            price = (1.0 - self.discount(sku, wanted)) * int(self.world.cost_fen[sku])
            for leaves, part in self._leaving(units[sku]):
                load = np.zeros_like(units)
                load[sku] = part
                arrival, promised = leaves + lead, leaves + foreseen
                arrival += self.delay_days(arrival)
                self.trucks[arrival] = self.trucks.get(arrival, 0) + load
                self.invoices[arrival] = self.invoices.get(arrival, 0) + round(price * int(part.sum()))
                self.promised[promised] = self.promised.get(promised, 0) + load
                self._promise_of.setdefault(arrival, []).append((promised, load))

    def _leaving(self, units: Ints) -> list[tuple[int, Ints]]:
        """(day, units (W,)): on which days an order line leaves, as far as capacity goes."""
        most = self.terms.units_per_day
        if most is None:
            return [(self.world.day, units)]
        if self._turn < self.world.day:
            self._turn, self._room = self.world.day, most
        parts, left = [], units.copy()
        while left.any():
            if self._room == 0:
                self._turn, self._room = self._turn + 1, most
            upto = np.minimum(left.cumsum(), self._room)
            part = np.diff(upto, prepend=0)
            parts.append((self._turn, part))
            left -= part
            self._room -= int(upto[-1])
        return parts

    def delay_days(self, day: int) -> int:
        """Days by which a fault holds up a truck that is due on `day`; what was promised stays."""
        return self.world.faults.delay_days(self.name, day)

    def receive(self) -> None:
        """Today's truck docks; deliveries are paid `payment_days` later.

        Stock is valued at standard cost, the SKU's unit cost; what the invoice is below it is `purchase_variance`.
        """
        world, day = self.world, self.world.day
        aboard = self.trucks.pop(day, None)
        if aboard is not None:
            world.inventory.take_in(world.sizes.split(aboard))
            world.ledger.units_in += aboard.sum(axis=1)
            standard, invoice = int((aboard.sum(axis=1) * world.cost_fen).sum()), self.invoices.pop(day)
            world.ledger.move("payable", "stock", standard)
            world.ledger.book("purchase_variance", "payable", standard - invoice)
            due = day + self.terms.payment_days
            self.bills[due] = self.bills.get(due, 0) + invoice
            for promised, part in self._promise_of.pop(day):
                self.promised[promised] -= part
        paid = self.bills.pop(day, 0)
        world.ledger.move("cash", "payable", paid)

    def on_order(self, days: int) -> Ints:
        """(K, W, days) units due on each coming day as promised; what is overdue counts for today."""
        out = np.zeros((*self.world.shelf_units().shape, days), np.int64)
        for promised, units in list(self.promised.items()):
            if not units.any():
                del self.promised[promised]
            else:
                out[:, :, min(days - 1, max(0, promised - self.world.day))] += units
        return out
