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
from sim.kernels.draws import uniforms
from sim.kernels.experience import Coming, Odds, returning
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
        world, get = self.world, self.lines.get
        entity, home, paid, sku = get("entity", lines), get("home", lines), get("paid", lines), get("sku", lines)
        variant, units = get("variant", lines), get("units", lines).astype(np.int64)
        self.lines.set("done", lines, 1)
        self.lines.drop_leading("done", 1, 1)
        world.orders.price_match.forget(entity)
        good = uniforms(world.streams.key("resale"), entity, 0) < world.resale_share[sku]
        self._book(paid, home, world.cost_fen[sku] * units, good)
        world.ledger.count("returned_units", int(units.sum()))
        world.ledger.flow("lines_inspected", lines.size)
        world.desk.sent_back((entity >> 24).astype(np.int32), entity)
        world.records.returned[:, world.day] += np.bincount(sku, units, minlength=world.cost_fen.size).astype(np.int64)
        return np.bincount(variant[good], units[good], minlength=world.sizes.sku.size).astype(np.int64)

    def _book(self, paid: Ints, home: Ints, cost: Ints, good: Bools) -> None:
        """The money of lines (n,) that are back at `home`, in fen; what is not `good` is written off."""
        world, book = self.world, self.world.ledger.book
        book("refunds", "cash", -int(paid.sum()))
        book("commission", "cash", int(np.round(world.orders.fee[home] * paid).sum()))
        carried = int((home < len(world.warehouses)).sum())  # to a store they are brought
        book("returns_transport", "cash", -round(100 * world.spec.operations.finance.return_yuan) * carried)
        book("cost_returned", "stock", int(cost.sum()))
        book("write_off", "stock", -int(cost[~good].sum()))
