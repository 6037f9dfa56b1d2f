"""Orders on their way: parcels and their lines from the counter to the door.

The order book writes what was bought into parcels, holds pre-sale deposits until their balance is due, hands parcels
over, and books the money of each of these. What comes back is the matter of its `returns`, what is packed ahead of
`staging`, what was sold under a price-match promise of `price_match`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.actors.base import Actor
from sim.actors.pool import Pool
from sim.actors.price_match import PriceMatch
from sim.actors.returns import Returns
from sim.actors.staging import Staging
from sim.kernels.draws import uniforms
from sim.kernels.handover import by_number, carriage, felt, hand_over, overdue, owed
from sim.kernels.parcels import LineRows, ParcelRows, Terms, address, booked, pack, receive
from sim.kernels.people import Rows

if TYPE_CHECKING:
    from sim.world import World

Ints = NDArray[np.int64]


class OrderBook(Actor):
    """All parcels not yet at the door, and their lines."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.parcels = Pool(
            consumer=np.int32, city=np.uint8, warehouse=np.uint8, placed=np.int64, paid=np.int64, event=np.uint8,
            first_line=np.int64, lines=np.int16, gift=np.uint8, done=np.uint8, asked=np.uint8,
            promise=np.uint8,
        )  # fmt: skip
        self.lines = Pool(
            parcel=np.int64, entity=np.int64, sku=np.int16, variant=np.int16, units=np.int16, paid=np.int64,
            offer=np.uint8, filler=np.uint8, misfit=np.uint8, home=np.uint8,
        )  # fmt: skip
        self.reserved: Ints = np.zeros_like(world.stock)
        """(V, W) units held for pre-sale orders."""
        self.deposits: dict[int, list[Rows]] = {}
        """Second of the balance -> pre-sale lines."""
        self.payouts: dict[int, int] = {}
        """Day -> fen that the platform pays out."""
        self._till = np.zeros((len(world.shop.channels) + 1, world.stock.shape[1]), np.int64)
        """(O, W) 1 = who buys here takes it home: a store, to its own channel."""
        self._dock = np.arange(world.stock.shape[1])
        """(W,) where parcels from a node come back to."""
        self.fee = np.full(world.stock.shape[1], world.spec.operations.finance.commission)
        """(W,) share of what is paid that platform or till keeps, by where a line would come back to."""
        for store in world.stores:
            self._till[store.offer, store.number], self._dock[store.number] = 1, store.home
            self.fee[store.number] = store.terms.payment_fee
        self.placed: list[tuple[NDArray[np.int32], int]] = []
        """(consumers, day) of accepted orders."""
        self.late: list[tuple[NDArray[np.int32], NDArray[np.int16]]] = []
        """(consumers, days of the orders) of parcels that were handed over late."""
        self.at_the_door: list[tuple[Ints, Ints]] = []
        """(parcels, seconds) handed over today, one entry a city."""
        self.staging, self.price_match, self.returns = Staging(world), PriceMatch(world), Returns(world)
        self._set_promises()
        self._set_roads()

    def _set_promises(self) -> None:
        """Promise classes by number, the standard one first."""
        world, ops, segments = self.world, self.world.spec.operations, self.world.spec.market.segments.values()
        names, hours = list(ops.promised_hours), np.array(list(ops.promised_hours.values()))
        self._promise_hours = hours
        """(P,)"""
        self._terms = Terms(
            promise_of=np.array([names.index(s.promise) for s in segments]),
            rank=np.searchsorted(np.unique(hours), hours),  # the shortest promise first
            unasked=1.0 - world.services.effect("tutorials"), nearest=world.shop.home_warehouse,
            nodes=world.stock.shape[1], warehouses=len(ops.warehouses),
        )  # fmt: skip
        self._promise_fen = np.array([0, *(round(100 * p.parcel_yuan) for p in ops.promises.values())])
        """(P,) extra carriage."""

    def _set_roads(self) -> None:
        """What a parcel costs from further away than its city's nearest warehouse."""
        world, ops = self.world, self.world.spec.operations
        cities = [world.spec.market.cities[name] for name in world.shop.cities]
        hours = np.array([[c.line_haul_hours.get(name, 4.0) for name in ops.warehouses] for c in cities])
        beyond = hours - hours.min(axis=1, keepdims=True)
        self._cross_fen: Ints = np.round(100 * ops.cross_ship_yuan_per_hour * beyond).astype(np.int64)
        """(C, W)"""

    # ---- placing -------------------------------------------------------------------------------
    def place(self, lines: Rows, begin: int) -> None:
        """Takes the lines of a slice, and writes in them: pre-sale lines wait for their balance, the rest ship."""
        if lines.size == 0:
            return
        if receive(lines, self.world.midnight):
            due = lines["due"]
            for second in np.unique(due[due > 0]):
                held = lines[due == second]
                np.add.at(self.reserved, (held["variant"], held["warehouse"]), held["units"])
                self.deposits.setdefault(int(second), []).append(held)
            lines = lines[due == 0]
        self._ship(lines, begin, "pick")

    def balances(self, begin: int, end: int) -> None:
        """Festivals that open in [begin, end): balances are paid, or the deposit is forfeited."""
        world = self.world
        for due in [second for second in self.deposits if begin <= second < end]:
            terms = next(r.terms.presale for r in world.counter.running if r.presale is not None and r.start == due)
            assert terms is not None
            rows = np.concatenate(self.deposits.pop(due))
            np.subtract.at(self.reserved, (rows["variant"], rows["warehouse"]), rows["units"])
            key, consumer = world.streams.key("balance", world.day), rows["consumer"].astype(np.int64)
            pays = uniforms(key, consumer, 0) < terms.balance_rate
            ready = self.staging.ready(rows)
            self.staging.unpack(rows[~pays & ready])
            world.ledger.book("deposits_kept", "cash", int(rows["deposit"][~pays].sum()))
            lost = rows[~pays & ~ready]
            np.add.at(world.stock, (lost["variant"], lost["warehouse"]), lost["units"])
            rows["staged"] = np.where(ready, 0, -1)
            # half of the balances come in the first half hour (assumption)
            delay = (-2600.0 * np.log(uniforms(key, consumer, 1))).astype(np.int64)
            rows["second"] = np.minimum(due + delay, world.midnight + 86_399)
            self._ship(rows[pays], due, "pick pre-sale")

    def receive(self) -> None:
        """06:00: pre-sale orders whose balance is near are packed ahead."""
        self.staging.stage(self.deposits)

    def staged(self, jobs: Ints) -> None:
        """Work ahead of time is done."""
        self.staging.finished(jobs)

    def staged_for(self) -> set[int]:
        """Balances at which the world must know what is packed."""
        return self.staging.dues(self.deposits)

    def _ship(self, rows: Rows, begin: int, stream: str) -> None:
        """One parcel for each consumer's order and warehouse, of offers that stood at `begin`; sales are booked.

        What buyers take home from a store is written down as a parcel too, but travels nowhere.
        """
        world = self.world
        if rows.size == 0:
            return
        parcels, orders = address(rows, self._till, self._dock)
        if parcels < 0:
            rows = rows[np.lexsort([rows[name] for name in ("till", "warehouse", "consumer", "second")])]
            parcels, orders = address(rows, self._till, self._dock)
        numbers, first_line = np.arange(self.parcels.next, self.parcels.next + parcels), self.lines.next
        new, lines = ParcelRows(**self.parcels.grow(parcels)), LineRows(**self.lines.grow(rows.size))
        made = pack(rows, new, lines, int(numbers[0]), first_line, orders, self._terms)
        columns = numbers, new.placed, made.entity, made.unpacked, made.rank
        for warehouse in world.warehouses:
            count = int(made.by_node[warehouse.number])
            if count:
                warehouse.accept(stream, *_those(count == parcels or new.warehouse == warehouse.number, *columns))
        for store in world.stores:
            at = rows["warehouse"] == store.number
            store.accept(rows[at], lines.parcel[at])
        world.ledger.count("split_orders", made.split)
        world.ledger.count("cross_shipped_parcels", made.crossed)
        # who takes all of it home asks in the store
        world.desk.ordered(*_those(bool(made.sent.all()) or made.sent, made.buyers, made.ordered, made.unasked))
        self.price_match.sold(rows)
        self.placed.append((made.buyers, world.day))
        world.ledger.count("orders", orders)
        world.ledger.flow("parcels", parcels - made.taken)
        self._book(rows, begin)
        for witness in world.witnesses:
            witness.shipped(rows)

    def _book(self, rows: Rows, begin: int) -> None:
        """Sales, discounts, cost of goods and commission of lines (n,) that ship."""
        world, ledger = self.world, self.world.ledger
        sums = booked(rows, world.counter.zone, world.counter.markdown(begin), world.cost_fen, self.fee)
        ledger.book("gross_sales", "receivable", sums.listed)
        ledger.book("markdowns", "receivable", -sums.markdown)
        ledger.book("bundles", "receivable", -sums.bundle)
        ledger.book("thresholds", "receivable", -sums.threshold)
        ledger.book("coupons", "receivable", -sums.coupon)
        ledger.book("cost_of_goods", "stock", -sums.cost)
        ledger.book("commission", "cash", -sums.commission)
        ledger.units_out += sums.units
        ledger.count("units", int(sums.units.sum()))
        world.services.sold(sums.units, rows)
        world.bookkeeper.note_sold(sums.units, sums.paid, sums.offered)

    def extra_haul(self, parcels: Ints) -> int:
        """Fen of carriage beyond the usual: from further away, and of the promise class."""
        return int(carriage(*self._rows(), parcels, self._cross_fen, self._promise_fen))

    def _rows(self) -> tuple[ParcelRows, int]:
        """All parcels kept, and the number of the first."""
        return ParcelRows(**self.parcels.kept()), self.parcels.first

    # ---- handing over --------------------------------------------------------------------------
    def promised(self, parcels: Ints) -> Ints:
        """(n,) the second by which each parcel is promised, by its class."""
        hours = self._promise_hours[self.parcels.get("promise", parcels)]
        return np.asarray(self.parcels.get("placed", parcels) + np.round(3600 * hours).astype(np.int64))

    def operate(self) -> None:
        """Midnight: what the couriers of all cities handed over, at once: city by city took 1 s of a year's run."""
        parcels, done = (np.concatenate(column) for column in zip(*self.at_the_door, strict=True))
        self.at_the_door = []
        self.handed_over(parcels, done)

    def handed_over(self, parcels: Ints, done: Ints) -> None:
        """Parcels reached the door: promises are judged, payouts planned, returns drawn."""
        world, finance = self.world, self.world.spec.operations.finance
        if parcels.size == 0:
            return
        parcels, done = by_number(parcels, done)
        late, seconds = hand_over(*self._rows(), parcels, done, self._promise_hours)
        world.ledger.count("parcels_delivered", parcels.size)
        world.ledger.count("parcels_late", int(late.sum()))
        world.ledger.flow("delivered", parcels.size)
        world.bookkeeper.door_seconds += seconds
        self._felt(parcels, late, world.day + finance.platform_hold_days)

    def taken_home(self, parcels: Ints) -> None:
        """What was bought in a store left it: paid out today, never late."""
        self.parcels.set("done", parcels, 1)
        self.world.ledger.flow("taken home", parcels.size)
        self._felt(parcels, np.zeros(parcels.size, np.bool_), self.world.day)

    def _felt(self, parcels: Ints, late: NDArray[np.bool_], payout_day: int) -> None:
        """Buyers have their things: the payout is planned, trust moves, some lines will come back."""
        world = self.world
        consumers, day, missing, paid = felt(*self._rows(), parcels)
        self.payouts[payout_day] = self.payouts.get(payout_day, 0) + paid
        world.consumers.delivered(consumers, late, missing, day)
        world.desk.missing(consumers[missing])
        world.desk.unpacked(consumers)
        self.late.append((consumers[late], day[late].astype(np.int16)))
        self.returns.draw(parcels, late)

    # ---- midnight ------------------------------------------------------------------------------
    def feel(self) -> None:
        """Buyers of parcels whose promise passed today and that are not there yet ask tomorrow."""
        limits = (self.world.env.now - self._promise_hours * 3600).astype(np.int64)
        self.world.desk.late(overdue(self._rows()[0], limits))

    def settle(self) -> None:
        """The platform pays out; rows that nobody needs any more are dropped."""
        world = self.world
        world.ledger.move("receivable", "cash", self.payouts.pop(world.day, 0))
        self.parcels.drop_leading("done", 1, 1)
        self.lines.drop_before(int(self.parcels.column("first_line")[0]) if self.parcels.size else self.lines.next)

    def check(self) -> None:
        """Parcels and returning lines: what was counted in is still there or was counted out."""
        world, flows = self.world, self.world.ledger.flows
        pick = sum(w.parcels_inside for w in world.warehouses) + sum(s.waiting() for s in world.stores)
        road = sum(f.station.inside + f.on_road for f in world.fleets)
        gone, delivered = flows.get("dispatched", 0), flows.get("delivered", 0)
        world.ledger.check("parcels", "in warehouses", flows.get("parcels", 0) - gone, pick)
        world.ledger.check("parcels", "on the road", gone - delivered, road)
        tills = sum(store.till.inside for store in world.stores)
        world.ledger.check("parcels", "at the tills", flows.get("at the till", 0) - flows.get("taken home", 0), tills)
        docks = sum(w.returns.inside + w.coming_back for w in world.warehouses)
        docks += sum(store.coming_back for store in world.stores)
        back = flows.get("lines_returning", 0) - flows.get("lines_inspected", 0)
        world.ledger.check("parcels", "on the way back", back, docks)
        due = sum(self.payouts.values()) + owed(self._rows()[0])
        world.ledger.check("money", "receivable", world.ledger.balance["receivable"], due)


def _those(mine: NDArray[np.bool_] | bool, *columns: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """The rows `mine` (n,) of columns; the columns themselves where that is all of them (True), as in most worlds."""
    return columns if mine is True else tuple(column[mine] for column in columns)
