"""The bookkeeper: what the day comes to while it runs, and the books that are closed on it at 24:00.

Closing the day, in this order: stock is counted and valued, what it lost is written down, interest is booked; then
every law compares what is really there with what the books say, and stops the run where they differ; then the rest
of the day's row is written. Who moves units, parcels or money books that at once; nothing here moves any but interest,
write-down and, on the last day, what is left to its salvage value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.kernels.counts import count_served
from sim.kernels.people import PROSPECT, Rows
from sim.kernels.visits import headcount
from sim.ledger import OPERATIONS, History

if TYPE_CHECKING:
    from sim.world import World

Ints = NDArray[np.int64]
_PROMOTION = ("markdowns", "thresholds", "coupons", "bundles", "gifts", "price_matches", "traffic")


class Bookkeeper:
    """Sums of the running day, the day's row, and what is kept of the run."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.paid: Ints = np.zeros(len(world.shop.skus), np.int64)
        """(K,) fen paid for what ships today."""
        self.units: Ints = np.zeros_like(self.paid)
        """(K,) units of it."""
        self.offered_fen = 0
        """Public markdown on it."""
        self.door_seconds = 0
        """From order to door, of all parcels handed over today."""

    def open_day(self) -> None:
        """00:00: the sums begin anew."""
        self.paid[:] = self.units[:] = 0
        self.offered_fen = self.door_seconds = 0

    # ---- while the day runs --------------------------------------------------------------------
    def note_sold(self, units: Ints, paid_fen: Ints, offered_fen: int) -> None:
        """Units (K,) ship, (K,) fen paid for them; the public markdown on them was so many fen."""
        self.paid += paid_fen
        self.units += units
        self.offered_fen += offered_fen
        sold = self.units > 0
        self.world.records.paid[sold, self.world.day] = self.paid[sold] / self.units[sold] / 100

    def note_served(self, station: int, waits: Ints, done: Ints) -> None:
        """Jobs left a station at the seconds `done`, and some of them had waited so many seconds before their start."""
        if done.size == 0:
            return
        records, day = self.world.records, self.world.day
        records.wait_seconds[station, day] += count_served(
            waits, done, records.wait_counts[station, day], records.finished_hourly[station].reshape(-1)
        )

    def note_stockouts(self, empty: NDArray[np.bool_], lines: Rows, begin: int, end: int) -> None:
        """Hours with nothing on the shelf between two seconds of the day: from the last unit sold, or, where it was
        `empty` (K, W) before, all of them."""
        now_empty = self.world.shelf_units() == 0
        if not now_empty.any():
            return
        since = np.full(now_empty.shape, end, np.int64)
        since[empty] = begin
        fresh = now_empty & ~empty
        if fresh.any():
            sold_at = np.zeros(now_empty.shape, np.int64)
            np.maximum.at(sold_at, (lines["sku"], lines["warehouse"]), lines["second"])
            since[fresh] = sold_at[fresh]
        self.world.records.stockout_hours[:, :, self.world.day] += np.where(now_empty, end - since, 0) / 3600

    # ---- 24:00 ---------------------------------------------------------------------------------
    def close(self) -> None:
        """Values the stock, books interest, checks the laws, writes the day's row."""
        world = self.world
        units = self._units_there()
        restock = world.sizes.total(np.sum([n.restock for n in (*world.warehouses, *world.stores)], axis=0))
        cost = int(((units + restock) * world.cost_fen).sum())
        value = cost - world.inventory.book()
        world.treasury.close(cost)
        self._check(units, value)
        self._write_backlogs()
        self._write_sales()
        if world.day == world.spec.calendar.days - 1:
            lost = 1.0 - world.spec.operations.finance.salvage_share
            # what has lost as much already loses no more
            world.ledger.book("salvage_loss", "stock", -round(lost * cost - world.inventory.lost_fen(lost)))
        self._write_balance(value)

    def _units_there(self) -> Ints:
        """(K,) units that can be sold or are held for a pre-sale, those on the road between warehouses included."""
        world = self.world
        held = world.inventory.in_house().sum(axis=1) + world.orders.reserved.sum(axis=1)
        return world.sizes.total(held + world.inventory.moving())

    def _check(self, units: Ints, stock_fen: int) -> None:
        """The laws: units, money, parcels, customers (who are counted here) and tickets."""
        world, ledger, flows = self.world, self.world.ledger, self.world.ledger.flows
        ledger.check_units(world.shop.skus, units)
        bills = -sum(sum(s.bills.values()) for s in world.suppliers.values())
        ledger.check_money({"stock": stock_fen, "payable": bills})
        world.orders.check()
        people = world.consumers.people
        prospects, left, customers = headcount(people.source, people.left)
        ledger.count("customers", customers)
        if world.day == 0:
            ledger.flow("prospects at start", prospects + flows.get("won", 0))
        ledger.check("customers", "prospects", flows["prospects at start"] - flows.get("won", 0), prospects)
        ledger.check("customers", "left", flows.get("left", 0), left)
        queue = world.desk.station
        waiting = flows.get("tickets", 0) - flows.get("tickets_bot", 0) - queue.finished - queue.abandoned
        ledger.check("tickets", "open", waiting, queue.inside)

    def _write_backlogs(self) -> None:
        """What stands and lies around at midnight, and what the day's shifts could do."""
        world, day, daily, records = self.world, self.world.day, self.world.ledger.daily, self.world.records
        daily["backlog_pick_pack"][day] = sum(w.parcels_inside for w in world.warehouses)
        daily["backlog_returns"][day] = sum(w.returns.inside for w in world.warehouses)
        daily["backlog_inbound"][day] = sum(int(w.dock.sum()) for w in world.warehouses)
        daily["backlog_courier"][day] = sum(f.station.inside for f in world.fleets)
        daily["stock_units"][day] = int(world.stock.sum())
        age, old = world.inventory.ageing(world.spec.operations.old_after_days)
        daily["stock_age_days"][day], daily["stock_old_share"][day] = age, old
        records.arrivals[:, day] = records.arrivals_hourly[:, day].sum(axis=1)
        for crew in world.crews:
            records.capacity_hourly[crew.index, day] = crew.shifts.close_day()[0]

    def _write_sales(self) -> None:
        """What was offered, sold and handed over today, and what its promotion cost."""
        world, day, records, ledger = self.world, self.world.day, self.world.records, self.world.ledger
        daily, noon = ledger.daily, world.counter.shelf[12] / 100  # (L, K)
        unsold = self.units == 0
        records.prices[:, :, day], records.paid[unsold, day] = noon, noon[0, unsold]
        records.shipped[:, day], records.earned[:, day] = self.units, self.paid
        ledger.count("channel_inversions", world.counter.inversions())
        daily["gmv_yuan"][day] = self.paid.sum() / 100
        daily["promo_spend_yuan"][day] = -sum(int(ledger.accounts[name][day]) for name in _PROMOTION) / 100
        daily["offered_discount_yuan"][day] = self.offered_fen / 100
        delivered = daily["parcels_delivered"][day]
        daily["order_to_door_hours"][day] = self.door_seconds / 3600 / delivered if delivered else np.nan
        records.late_share[day] = daily["parcels_late"][day] / delivered if delivered else 0.0

    def _write_balance(self, stock_fen: int) -> None:
        """Stock (before salvage), cash, and what is owed either way."""
        ledger, day = self.world.ledger, self.world.day
        ledger.daily["stock_value_yuan"][day] = stock_fen / 100
        ledger.daily["cash_yuan"][day] = ledger.balance["cash"] / 100
        ledger.daily["receivable_yuan"][day] = ledger.balance["receivable"] / 100
        ledger.daily["payable_yuan"][day] = -ledger.balance["payable"] / 100

    # ---- the run -------------------------------------------------------------------------------
    def history(self) -> History:
        """What is kept of the run; of days to come, zeros."""
        world, records, orders = self.world, self.world.records, self.world.orders
        customers = [np.zeros(0, np.int32), *(who for who, _ in orders.placed)]
        days = np.array([0, *(day for _, day in orders.placed)], np.int16)
        people, daily = world.consumers.people, world.ledger.daily
        warm_up = max(0, world.spec.calendar.warm_up_days - 1)
        return History(
            scenario=world.spec, schedule=world.schedule, line_up=world.line_up_name, seed=world.seed_number,
            daily=daily, accounts=world.ledger.accounts, stations=world.shop.stations,
            arrivals_hourly=records.arrivals_hourly, capacity_hourly=records.capacity_hourly,
            order_customer=np.concatenate(customers), order_day=np.repeat(days, [who.size for who in customers]),
            source=np.where(people.source == PROSPECT, np.int8(-1), people.source.astype(np.int8)),
            left=people.left.astype(np.int8), start_stock_value_yuan=float(daily["stock_value_yuan"][warm_up]),
            end_stock_value_yuan=float(daily["stock_value_yuan"][-1]), skus=world.shop.skus,
            sku_units=records.shipped, sku_paid=records.earned, offer_units=records.by_offer,
            **{name: getattr(records, name) for name in OPERATIONS},
            late_customer=np.concatenate([np.zeros(0, np.int32), *(who for who, _ in orders.late)]),
            late_day=np.concatenate([np.zeros(0, np.int16), *(when for _, when in orders.late)]),
            return_lags=orders.returns.lags, lines_delivered=orders.returns.delivered,
            lines_returned=orders.returns.returned, forecast_marks=world.critic.book.sums,
        )  # fmt: skip
