"""Service assets: size advice, tutorials, matching sets, warranties, trade-in; what they avoid, cost and earn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.actors.base import Actor, named
from sim.kernels.parcels import insured
from sim.kernels.people import Rows

if TYPE_CHECKING:
    from sim.world import World

Ints = NDArray[np.int64]


class Services(Actor):
    """All service assets of the catalogue."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.terms = tuple(world.spec.catalogue.services.values())
        self.where = [named(world.shop, service.skus) for service in self.terms]
        """(K,) each: the SKUs that a service belongs to."""
        each = [round(100 * service.yuan_per_unit) for service in self.terms]
        self._unit_fen = np.array(each, np.int64) @ np.reshape(self.where, (len(each), len(world.shop.skus)))
        """(K,) fen that all services of an SKU cost a unit."""

    def effect(self, kind: str) -> NDArray[np.float64]:
        """(K,) share avoided by all services of a kind together; each works on what the others leave."""
        left = np.ones(len(self.world.shop.skus))
        for service, where in zip(self.terms, self.where, strict=True):
            if service.kind == kind:
                left[where] *= 1.0 - service.effect
        return 1.0 - left

    def sold(self, units: Ints, lines: Rows) -> None:
        """Units (K,) ship, in lines (n,): what a service costs a unit, and warranties that some buyers take (one draw a
        line)."""
        names, book = self.world.spec.catalogue.services, self.world.ledger.book
        book("services", "cash", -int(self._unit_fen @ units))
        for name, service, where in zip(names, self.terms, self.where, strict=True):
            if service.kind == "warranty" and service.price_yuan > 0.0:
                key = self.world.streams.key(f"warranty {name}")
                earned = round(100 * service.price_yuan * (1.0 - service.claims_share))
                book("warranties", "cash", earned * insured(lines, key, where.view(np.uint8), service.effect))

    def settle(self) -> None:
        """The cost of the day."""
        scale = self.world.spec.market.consumers / 100_000
        cost = sum(service.yuan_per_day for service in self.terms)
        self.world.ledger.book("services", "cash", -round(100 * cost * scale))
