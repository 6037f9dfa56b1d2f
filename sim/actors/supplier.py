"""A supplier: takes purchase orders, sends trucks after a lead time, is paid at terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.actors.base import Actor
from sim.kernels.draws import normal

if TYPE_CHECKING:
    from sim.world import World


class Supplier(Actor):
    """Lead times are drawn per SKU and day of order: normal, in whole days, at least one."""

    def __init__(self, world: World, name: str) -> None:
        super().__init__(world)
        self.name = name
        self.terms = world.spec.operations.suppliers[name]
        self.trucks: dict[int, NDArray[np.int64]] = {}
        """Day of arrival -> (K, W) units aboard."""
        self.promised: dict[int, NDArray[np.int64]] = {}
        """Promised day -> (K, W) units not arrived yet, for the merchant's eyes."""
        self._promise_of: dict[int, list[tuple[int, NDArray[np.int64]]]] = {}
        self.bills: dict[int, int] = {}
        """Day -> fen to be received."""

    def order(self, units: NDArray[np.int64]) -> None:
        """Takes a purchase order (K, W)."""
        day, key = self.world.day, self.world.streams.key(f"lead time {self.name}", self.world.day)
        promised = day + max(1, round(self.terms.lead_time_days))
        for sku in np.flatnonzero(units.sum(axis=1)):
            noise = self.terms.lead_time_sd_days * normal(key, sku, 0)
            arrival = day + max(1, round(self.terms.lead_time_days + noise))
            part = np.zeros_like(units)
            part[sku] = units[sku]
            self.trucks[arrival] = self.trucks.get(arrival, 0) + part
            self.promised[promised] = self.promised.get(promised, 0) + part
            self._promise_of.setdefault(arrival, []).append((promised, part))

    def receive(self) -> None:
        """Today's truck docks; deliveries are paid `payment_days` later."""
        world, day = self.world, self.world.day
        aboard = self.trucks.pop(day, None)
        if aboard is not None:
            world.inventory.take_in(world.sizes.split(aboard))
            world.ledger.units_in += aboard.sum(axis=1)
            cost = int((aboard.sum(axis=1) * world.cost_fen).sum())
            world.ledger.move("payable", "stock", cost)
            due = day + self.terms.payment_days
            self.bills[due] = self.bills.get(due, 0) + cost
            for promised, part in self._promise_of.pop(day):
                self.promised[promised] -= part
        paid = self.bills.pop(day, 0)
        world.ledger.move("cash", "payable", paid)

    def on_order(self, days: int) -> NDArray[np.int64]:
        """(K, W, days) units due on each coming day as promised; what is overdue counts for today."""
        out = np.zeros((*self.world.shelf_units().shape, days), np.int64)
        for promised, units in list(self.promised.items()):
            if not units.any():
                del self.promised[promised]
            else:
                out[:, :, min(days - 1, max(0, promised - self.world.day))] += units
        return out
