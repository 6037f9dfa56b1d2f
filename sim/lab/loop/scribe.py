"""Writes down what a merchant has decided, as the engine accepted it; changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sim.actors.base import Actor
from sim.world import World

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
QUANTILES = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class OrderLine:
    """One SKU of one purchase order for one warehouse."""

    day: int
    sku: int
    warehouse: int
    units: int
    yuan: float
    """Invoice, price breaks taken off."""
    due: int
    """Day that the supplier promised."""


@dataclass
class Notes:
    """Decisions of H days from `first`; lists grow by one entry a day."""

    first: int
    forecast: Floats = field(default_factory=lambda: np.zeros((len(QUANTILES), 0, 0, 0)))
    """(3, K, C, H) quantiles of units a day, told on the first morning; at most 28 days."""
    orders: list[OrderLine] = field(default_factory=list)
    shelf: list[Ints] = field(default_factory=list)
    """(24, L, K) fen."""
    depth: list[Floats] = field(default_factory=list)
    """(K,) public markdown of the calendar's campaigns, share, weighted by the part of the day they run."""
    coupons: list[Ints] = field(default_factory=list)
    """(G, K) fen."""
    share: list[Floats] = field(default_factory=list)
    """(G,) share of each group that is written to."""
    content: list[Ints] = field(default_factory=list)
    """(G,) what a message carries, as in `contracts.CONTENTS`."""
    message_coupon: list[Floats] = field(default_factory=list)
    """(G,) yuan."""
    sent: list[Ints] = field(default_factory=list)
    """(G,) messages."""
    people: list[Ints] = field(default_factory=list)
    """(G,) people in each group that morning."""


class Scribe(Actor):
    """A guest who takes notes from `begin` on. Acts last in every phase, after the suppliers and the merchant."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.notes: Notes | None = None
        self._before: dict[tuple[str, int], Ints] = {}

    def begin(self) -> None:
        """Takes notes from the coming day on."""
        self.notes = Notes(self.world.days_lived)

    def receive(self) -> None:
        """What is on order before today's decisions."""
        if self.notes is not None:
            suppliers = self.world.suppliers.items()
            self._before = {(name, due): units.copy() for name, s in suppliers for due, units in s.promised.items()}

    def decide(self) -> None:
        """The merchant has decided, the engine has corrected."""
        notes, world, answer = self.notes, self.world, self.world.merchant.last
        if notes is None or answer is None:
            return
        if not notes.shelf:
            notes.forecast = np.quantile(np.rint(answer.forecast.paths), QUANTILES, axis=0)
        self._note_orders(notes)
        notes.shelf.append(world.counter.shelf.copy())
        notes.depth.append(world.depth[:, world.day].copy())
        notes.coupons.append(world.counter.coupon.copy())
        touches = answer.touches
        notes.share.append(np.array(touches.share, np.float64))
        notes.content.append(np.array(touches.content, np.int64))
        notes.message_coupon.append(np.where(touches.content == 1, touches.coupon, 0.0))
        notes.sent.append(world.records.messages[:, world.day].copy())
        notes.people.append(world.consumers.group_size.copy())

    def _note_orders(self, notes: Notes) -> None:
        """Units promised now that were not before."""
        world = self.world
        for name, supplier in world.suppliers.items():
            new = {due: units - self._before.get((name, due), 0) for due, units in sorted(supplier.promised.items())}
            if not new:
                continue
            total = np.sum([units.sum(axis=1) for units in new.values()], axis=0)  # (K,)
            for due, units in new.items():
                for sku, place in zip(*np.nonzero(units > 0), strict=True):
                    n = int(units[sku, place])
                    fen = (1.0 - supplier.discount(int(sku), int(total[sku]))) * int(world.cost_fen[sku])
                    notes.orders.append(OrderLine(world.day, int(sku), int(place), n, n * fen / 100, due))
