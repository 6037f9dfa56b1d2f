"""Returns: lines that come back, drawn when they are handed over and refunded when they were inspected.

They get numbers of their own, and rows that stay until then; all other lines are forgotten when they are at the door.

A line comes back with its SKU's chance times the factors of occasion, lateness, filler, size and offer; how long that
takes is drawn with it. The way back belongs to warehouses and stores (`take_back`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.actors.pool import Pool
from sim.kernels.experience import Coming, Inspected, Odds, ReturnRows, inspect, returning
from sim.kernels.parcels import LineRows, ParcelRows
from sim.ledger import LAG_DAYS

if TYPE_CHECKING:
    from sim.world import World

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Returns:
    """All lines that will come back."""

    def __init__(self, world: World) -> None:
        self.world = world
        channels, terms = list(world.spec.market.channels.values()), world.spec.operations.returns
        self._odds = Odds(
            chance=world.shop.return_rate * (1.0 - world.services.effect("size_advice")),
            offer=np.array([c.return_multiplier for c in (*channels, channels[0])]),
            event=terms.event_factor, late=terms.late_factor, filler=terms.filler_factor,
            misfit=world.spec.market.behaviour.misfit_returns, median_days=terms.lag_median_days,
            log_sd=terms.lag_log_sd, window_days=terms.window_days,
        )  # fmt: skip
        self.lines = Pool(entity=np.int64, sku=np.int16, variant=np.int16, units=np.int16, paid=np.int64, home=np.uint8,
                          done=np.uint8)  # fmt: skip
        self.lags, self.delivered, self.returned = (np.zeros(n, np.int64) for n in (LAG_DAYS, 2, 2))
        """`return_lags`, `lines_delivered` and `lines_returned` of `History`."""

    def draw(self, parcels: Ints, late: Bools) -> None:
        """Of parcels (n,) handed over today some lines will come back, each after its own lag."""
        world, orders = self.world, self.world.orders
        back = returning(
            world.streams.key("return"), self._odds, ParcelRows(**orders.parcels.kept()),
            LineRows(**orders.lines.kept()), orders.parcels.first, orders.lines.first, parcels, late.view(np.uint8),
        )  # fmt: skip
        lines = self.lines.append(
            back.sku.size, entity=back.entity, sku=back.sku, variant=back.variant, units=back.units, paid=back.paid,
            home=back.home, done=0,
        )  # fmt: skip
        world.ledger.flow("lines_returning", lines.size)
        self._note(back)
        for witness in world.witnesses:
            witness.coming_back(back)
        for node in (*world.warehouses, *world.stores):
            mine = back.home == node.number
            if mine.any():
                node.take_back(lines[mine], back.lag[mine])

    def _note(self, back: Coming) -> None:
        """Counts lines handed over on scored days, and those of them that come back, by lag and occasion."""
        calendar = self.world.spec.calendar
        if not 0 <= self.world.day - calendar.warm_up_days < calendar.scored_days:
            return
        self.delivered += back.delivered
        self.returned += back.returned
        days = np.minimum(self.world.day - back.placed // 86_400 + back.lag, LAG_DAYS - 1)
        self.lags += np.bincount(days, minlength=LAG_DAYS)

    def refund(self, lines: Ints) -> Ints:
        """Inspected lines are refunded; returns (V,) units that can be sold again."""
        world = self.world
        back = inspect(
            world.streams.key("resale"), ReturnRows(**self.lines.kept()), self.lines.first, lines, world.resale_share,
            world.cost_fen, world.orders.fee, world.sizes.sku.size, len(world.warehouses),
        )  # fmt: skip
        self.lines.drop_leading("done", 1, 1)
        world.orders.price_match.forget(back.entity)
        self._book(back)
        world.ledger.count("returned_units", int(back.units.sum()))
        world.ledger.flow("lines_inspected", lines.size)
        world.desk.sent_back(back.consumer, back.entity)
        world.records.returned[:, world.day] += back.units
        return back.good

    def _book(self, back: Inspected) -> None:
        """The money of lines that are back; what cannot be sold again is written off."""
        book = self.world.ledger.book
        book("refunds", "cash", -back.paid)
        book("commission", "cash", back.commission)
        each = round(100 * self.world.spec.operations.finance.return_yuan)
        book("returns_transport", "cash", -each * back.carried)  # to a store they are brought
        book("cost_returned", "stock", back.cost)
        book("write_off", "stock", -back.lost)
