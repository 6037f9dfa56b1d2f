"""What lies in the warehouses and since when: layers of stock by day of receipt, transfers, write-down.

The counter only lowers `world.stock`; layers follow it when somebody asks (`sync`), first in first out. So ageing
costs a sweep over V x W x days a day, and nothing while people shop.

- a delivery makes a layer of the day on which its truck docks; opening stock is of the first day
- a transfer carries its layers with it: a unit keeps its day of receipt
- what comes back (good returns, pre-sale units not paid for) joins the oldest layer that is left, which under first
  in first out it is at least as old as; where nothing is left it makes a layer of today
- units held for a pre-sale have left their layer

Write-down: a layer of age a (days) is worth cost x (1 - m), m = its category's `obsolete_share` +
`obsolete_share_per_day` x (a - obsolete_after_days) from `obsolete_after_days` on, and at least `season_end_share`
from `season_end` on if received before it; at most 1. The sum of m x cost over all units is the provision. It is
worked out anew each midnight and its change is booked (`obsolescence` against `stock`), so what is sold or given back
releases its part by itself and the stock account is units x cost - provision to the fen.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.scenario.catalogue import Category

if TYPE_CHECKING:
    from sim.world import World

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Inventory:
    """Layers of V variants in W places; column n of `layers` (V, W, A) was received on day `first` + n."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.first = 0
        self.layers: Ints = np.zeros((*world.stock.shape, 1), np.int64)
        self.written_down = 0
        """Provision in the books, fen."""
        self.on_road: dict[int, list[tuple[int, int, Ints]]] = {}
        """Day of arrival -> transfers: (warehouse, first day of receipt, (V, A) units)."""
        self._terms = list(world.spec.catalogue.categories.values())
        self._ages = any(t.obsolete_after_days is not None or t.season_end is not None for t in self._terms)

    # ---- places --------------------------------------------------------------------------------
    def in_house(self) -> Ints:
        """(V, W) units on the shelf, on the inbound dock, and being unpacked."""
        return self.world.stock + self.on_docks()

    def on_docks(self) -> Ints:
        """(V, W) units in the warehouses that cannot be sold yet."""
        out = np.zeros(self.world.stock.shape, np.int64)
        for warehouse in self.world.warehouses:
            out[:, warehouse.number] = warehouse.dock + warehouse.unpacking
        return out

    def take_in(self, units: Ints) -> None:
        """A delivery of (V, W) units docks."""
        self.receive(units)
        for place in np.flatnonzero(units.any(axis=0)):
            self._unload(units[:, place], int(place))

    def _unload(self, units: Ints, place: int) -> None:
        """(V,) units go on a warehouse's inbound dock; where there is none, on the shelf."""
        for warehouse in self.world.warehouses:
            if warehouse.number == place and warehouse.terms.dockers is not None:
                warehouse.unload(units)
                return
        self.world.stock[:, place] += units

    # ---- layers --------------------------------------------------------------------------------
    def _room(self, first: int, last: int) -> None:
        """Makes columns for days `first` to `last`."""
        before, after = max(0, self.first - first), max(0, last + 1 - self.first - self.layers.shape[2])
        if before or after:
            old, (variants, places, days) = self.layers, self.layers.shape
            self.layers = np.zeros((variants, places, before + days + after), np.int64)
            self.layers[:, :, before : before + days] = old
            self.first -= before

    def receive(self, units: Ints) -> None:
        """(V, W) units of a delivery, or the opening stock: a layer of today."""
        self._room(self.first, self.world.day)
        self.layers[:, :, self.world.day - self.first] += units

    def sync(self) -> None:
        """Layers follow what is there, on shelf and docks: sold from the oldest, put back to the oldest."""
        there, layers = self.in_house(), self.layers
        gone = layers.sum(axis=2) - there
        if (gone > 0).any():
            layers -= _oldest(layers, np.maximum(gone, 0))
        if (gone < 0).any():
            self._room(self.first, self.world.day)
            layers = self.layers
            oldest = np.where(layers.any(axis=2), (layers > 0).argmax(axis=2), layers.shape[2] - 1)
            variant, place = np.nonzero(gone < 0)
            layers[variant, place, oldest[variant, place]] -= gone[variant, place]
        empty = ~layers.any(axis=(0, 1))
        used = int(empty.argmin()) if not empty.all() else layers.shape[2] - 1
        self.layers, self.first = layers[:, :, used:], self.first + used

    @property
    def _age(self) -> Ints:
        """(A,) days since receipt."""
        return np.asarray(self.world.day - self.first - np.arange(self.layers.shape[2]))

    def mean_age(self) -> Floats:
        """(K, W) mean days since receipt, 0 where there is nothing."""
        self.sync()
        total = self.world.sizes.total
        units = total(self.layers.sum(axis=2))
        return np.asarray(total((self.layers * self._age).sum(axis=2)) / np.maximum(units, 1))

    def ageing(self, old_after_days: int) -> tuple[float, float]:
        """(mean age in days, share of units older than so many days), over all units; NaN when there are none."""
        self.sync()
        units, age = self.layers.sum(axis=(0, 1)), self._age
        if not units.any():
            return float("nan"), float("nan")
        return float((units * age).sum() / units.sum()), float(units[age > old_after_days].sum() / units.sum())

    # ---- write-down ----------------------------------------------------------------------------
    def lost_fen(self, most: float = 1.0) -> float:
        """Fen by which units in the warehouses and between them are worth less than cost, at most `most` of each."""
        if not self._ages:
            return 0.0
        self.sync()
        world, out = self.world, 0.0
        loads = [(first, units) for loads in self.on_road.values() for _, first, units in loads]
        for first, units in [(self.first, self.layers.sum(axis=1)), *loads]:
            age = world.day - first - np.arange(units.shape[1])
            lost = np.stack([_share_lost(t, age, world.date) for t in self._terms])[world.category]  # (K, A)
            out += float((world.sizes.total(units) * world.cost_fen[:, None] * np.minimum(lost, most)).sum())
        return out

    def book(self) -> int:
        """Books today's change of the provision; returns it."""
        now = round(self.lost_fen())
        self.world.ledger.book("obsolescence", "stock", self.written_down - now)
        self.written_down = now
        return now

    # ---- transfers -----------------------------------------------------------------------------
    def transfer(self, units: Ints) -> None:
        """Moves (K, W, W) units between warehouses, as far as they are on the shelf, sizes in proportion."""
        world, ops = self.world, self.world.spec.operations
        self.sync()
        for source in range(units.shape[1]):
            leaving = np.minimum(units[:, source].cumsum(axis=1), world.shelf_units()[:, [source]])
            leaving = np.diff(leaving, axis=1, prepend=0)
            for target in np.flatnonzero(leaving.any(axis=0)):
                part = world.sizes.split(leaving[:, target], world.stock[:, source].astype(np.float64))
                taken = _oldest(self.layers[:, source], part)
                self.layers[:, source] -= taken
                world.stock[:, source] -= part
                self.on_road.setdefault(world.day + ops.transfer_days, []).append((int(target), self.first, taken))
                world.ledger.book("line_haul", "cash", -round(100 * ops.transfer_yuan * int(part.sum())))

    def arrive(self) -> None:
        """06:00: today's transfers dock, with the ages they have."""
        self.sync()
        for target, first, units in self.on_road.pop(self.world.day, []):
            self._room(first, first + units.shape[1] - 1)
            self.layers[:, target, first - self.first : first - self.first + units.shape[1]] += units
            self._unload(units.sum(axis=1), target)

    def moving(self) -> Ints:
        """(V,) units on the road between warehouses."""
        parts = [units.sum(axis=1) for loads in self.on_road.values() for _, _, units in loads]
        return sum(parts, np.zeros(self.layers.shape[0], np.int64))

    def due(self, days: int) -> Ints:
        """(K, W, days) units on the road, by the day of their arrival."""
        out = np.zeros((self.world.cost_fen.size, self.layers.shape[1], days), np.int64)
        for day, loads in self.on_road.items():
            for target, _, units in loads:
                out[:, target, min(days - 1, max(0, day - self.world.day))] += self.world.sizes.total(units.sum(axis=1))
        return out


def _oldest(layers: Ints, units: Ints) -> Ints:
    """(..., A) what is taken when `units` (...) leave from the oldest layers first.

    >>> _oldest(np.array([4, 0, 5, 2]), np.array(6)).tolist()
    [4, 0, 2, 0]
    """
    upto = np.minimum(layers.cumsum(axis=-1), units[..., None])
    out: Ints = upto.copy()
    out[..., 1:] -= upto[..., :-1]  # half the time of np.diff with a prepended zero, at 20 days of stock
    return out


def _share_lost(terms: Category, age: Ints, today: datetime.date) -> Floats:
    """(A,) share of its cost that a unit of each age has lost."""
    lost = np.zeros(age.size)
    if terms.obsolete_after_days is not None:
        over = age - terms.obsolete_after_days
        lost = np.where(over >= 0, terms.obsolete_share + terms.obsolete_share_per_day * over, 0.0)
    if terms.season_end is not None and today >= terms.season_end:
        before = age > (today - terms.season_end).days
        lost = np.where(before, np.maximum(lost, terms.season_end_share), lost)
    return np.minimum(lost, 1.0)
