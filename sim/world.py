"""The world: Mesa holds the actors, SimPy holds the clock, and every day is the same straight path.

THE DAY
 1. 00:00  shop     who comes today is drawn; those before 06:00 buy on yesterday's offers
 2. 06:00  receive  suppliers' trucks dock, transfers arrive, good returns go back on the shelf,
                    yesterday's late parcels make today's tickets; pre-sale orders are packed ahead
 3.        decide   merchant: View -> forecast -> stock orders -> roster -> offers -> outreach
 4.        shop     the others come in order of their arrival second, against live stock and offers; where
                    there is an inbound dock, the clock stops for them as it releases goods to the shelf
 5. 00-24  operate  SimPy moves shifts, overtime, temps, waves, trucks and couriers; compiled queues
                    serve parcels and tickets; at midnight what is done is collected and paid
 6. 24:00  feel     deliveries, delays, stockouts and waits have moved trust; late ones ask
 7.        settle   wages and rent are booked; the bookkeeper books interest, checks the laws, writes the day

Why the merchant decides at 06:00 and shoppers before that hour see yesterday's offers: a decision
can only use what is known when it is made.
"""

from __future__ import annotations

import copy
import dataclasses
import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mesa
import numpy as np
from numpy.typing import NDArray

from sim import plugins, snapshot
from sim.actors.attention import attention_of, awaited
from sim.actors.base import PHASES, Actor, Witness
from sim.actors.bookkeeper import Bookkeeper
from sim.actors.clock import Clock
from sim.actors.consumers import Consumers, Segment
from sim.actors.couriers import CourierFleet
from sim.actors.crew import Crew
from sim.actors.critic import Critic
from sim.actors.faults import Faults
from sim.actors.inventory import Inventory
from sim.actors.merchant import Merchant
from sim.actors.offers import Counter
from sim.actors.orders import OrderBook
from sim.actors.parcel_station import AnyStation
from sim.actors.records import Records
from sim.actors.rival import Rival
from sim.actors.running import running_of
from sim.actors.service_desk import ServiceDesk
from sim.actors.services import Services
from sim.actors.sizes import Sizes
from sim.actors.slices import slice_of
from sim.actors.store import Store
from sim.actors.supplier import Supplier
from sim.actors.treasury import Treasury
from sim.actors.view import AHEAD, WORK, calendar_arrays, campaign_infos, offer_routes, shop_of
from sim.actors.warehouse import Warehouse
from sim.actors.weather import Weather
from sim.contracts import HORIZON_DAYS, LineUp, Truth, View
from sim.errors import UsageError, unmasked
from sim.kernels.people import Slice
from sim.ledger import History, Ledger
from sim.scenario.festivals import holiday_demand
from sim.scenario.root import KINDS, Scenario
from sim.streams import Streams

Ints = NDArray[np.int64]
DAY = 86_400

STAND_INS = {
    "forecasting": "seasonal_naive", "pricing": "list_price", "stocking": "base_stock", "staffing": "fixed",
    "outreach": "none",
}  # fmt: skip
"""Who stands in for an oracle in the twin that his truth comes from."""


def line_up_of(scenario: Scenario, name: str) -> LineUp:
    """Fresh strategies of a line-up, as the scenario writes them."""
    uses = scenario.line_ups[name]
    return {k: plugins.build(k, getattr(uses, k).use, getattr(uses, k).parameters, scenario.folder) for k in KINDS}


class World(mesa.Model):
    """One market under one schedule and one line-up, with one seed.

    `line_up` is a name in the scenario or five strategies by kind; `guests` are further kinds of
    actors that take part in the phases of the day.
    """

    @unmasked()
    def __init__(
        self, scenario: Scenario, schedule: str, line_up: str | LineUp, seed: int,
        guests: Sequence[type[Actor]] = (),
    ) -> None:  # fmt: skip
        super().__init__(rng=seed % 2**32)
        # not `scenario`: Mesa 3.5 keeps that name on a model for itself
        self.spec, self.schedule, self.seed_number = scenario, schedule, seed
        self.line_up_name = line_up if isinstance(line_up, str) else "given"
        self.streams, self.env = Streams(seed), Clock()
        self.day, self.midnight, self.date = 0, 0, scenario.calendar.start
        self.days_lived = 0
        self.witnesses: list[Witness] = []
        self._lay_shelves()
        self._settle_actors(line_up_of(scenario, line_up) if isinstance(line_up, str) else line_up, guests)
        self._open_books()

    # ---- building ------------------------------------------------------------------------------
    def _lay_shelves(self) -> None:
        """Names, prices, shelves, the calendar and the books, all empty."""
        scenario, catalogue = self.spec, self.spec.catalogue
        self.shop = shop = shop_of(scenario)
        days, k = scenario.calendar.days, len(shop.skus)
        self.records, self.ledger = Records.empty(shop, days), Ledger(days, k)
        self.sizes = Sizes.of([catalogue.skus[name] for name in shop.skus])
        self.stock: Ints = np.zeros((self.sizes.sku.size, len(shop.warehouses)), np.int64)
        self.route = offer_routes(scenario)
        self.cost_fen: Ints = np.round(100 * shop.unit_cost).astype(np.int64)
        self.volume = shop.volume_litres
        self.resale_share = np.array([catalogue.categories[c].resale_share for c in shop.category])
        order = list(catalogue.categories)
        self.first_sku = np.searchsorted([order.index(c) for c in shop.category], np.arange(len(order) + 1))
        self.category: Ints = np.repeat(np.arange(len(order)), np.diff(self.first_sku))
        default = next(iter(scenario.operations.suppliers))
        self.supplier_of = np.array([catalogue.skus[n].supplier or default for n in shop.skus])
        self.need = np.ones((len(shop.cities), len(order)))
        self._announce(Counter(self, running_of(scenario, shop, self.schedule)))
        self.paid_share = 0.0
        self.inventory, self.bookkeeper = Inventory(self), Bookkeeper(self)
        self._truth: NDArray[np.float64] | None = None

    def _announce(self, counter: Counter) -> None:
        """Puts up a counter and the merchant's calendar of its campaigns."""
        self.counter, days = counter, self.spec.calendar.days + AHEAD
        self.campaigns = campaign_infos(counter.running)
        self.depth, self.ritual = calendar_arrays(counter.running, len(self.shop.skus), days)

    def _settle_actors(self, line_up: LineUp, guests: Sequence[type[Actor]]) -> None:
        """Everybody moves in; within a phase, actors act in this order."""
        ops = self.spec.operations
        self.faults = Faults(self)
        self.rival = Rival(self)
        self.weather = Weather(self)
        self.suppliers = {name: Supplier(self, name) for name in ops.suppliers}
        self.services = Services(self)
        self.consumers = Consumers(self)
        self.segments = [Segment(self, name, n) for n, name in enumerate(self.spec.market.segments)]
        self.warehouses = [Warehouse(self, name, n, len(WORK) * n) for n, name in enumerate(ops.warehouses)]
        self.stores = [Store(self, city, len(ops.warehouses) + n) for n, city in enumerate(ops.stores)]
        self.fleets = [CourierFleet(self, name, n) for n, name in enumerate(self.shop.cities)]
        self.orders = OrderBook(self)
        self.desk = ServiceDesk(self, len(self.shop.stations) - 1)
        self.crews: list[Crew] = [crew for w in self.warehouses for crew in w.crews] + [self.desk.crew]
        self.stations: list[AnyStation] = [crew.station for crew in self.crews]
        self.merchant = Merchant(self, line_up)
        self.treasury = Treasury(self)
        self.critic = Critic(self)
        for guest in guests:
            guest(self)
        actors = sorted(self.agents, key=lambda actor: actor.unique_id)
        self._acting = {phase: [getattr(a, phase) for a in actors if hasattr(a, phase)] for phase in PHASES}

    def _open_books(self) -> None:
        """Opening stock: days of expected sales by each SKU's market share; opening cash."""
        expected = self.consumers.expected_sales()
        for warehouse in self.warehouses:
            served = self.shop.city_share[self.shop.home_warehouse == warehouse.number].sum()
            units = np.ceil(expected * served * warehouse.terms.start_days).astype(np.int64)
            self.stock[:, warehouse.number] = self.sizes.split(units)
        for store in self.stores:
            store.open(expected)
        self.inventory.receive(self.stock)
        opening = self.shelf_units().sum(axis=1)
        self.ledger.units_in += opening
        value = int((opening * self.cost_fen).sum())
        cash = round(100 * self.spec.operations.finance.opening_cash_yuan)
        self.ledger.balance |= {"stock": value, "cash": cash}
        self.ledger.opening = value + cash

    # ---- running -------------------------------------------------------------------------------
    @unmasked()
    def run(self) -> History:
        """All days of the calendar, or what is left of them. Raises StrategyError or LawBrokenError."""
        self.live()
        self.env.run()
        queues = (*self.stations, *(f.station for f in self.fleets), *(store.till for store in self.stores))
        for station in queues:
            self.ledger.check("little", station.name, *station.little())
        history = self.history()
        self.release()
        return history

    @unmasked()
    def live(self, until: int | None = None) -> None:
        """Lives through the days before day `until`, or all; then it stands at midnight and may be saved."""
        last = self.spec.calendar.days if until is None else min(until, self.spec.calendar.days)
        while self.days_lived < last:
            self._live_day(self.days_lived)
            self.days_lived += 1

    def save(self, file: Path) -> None:
        """Writes this world to disk as it stands between two days. Raises UsageError where that cannot be."""
        snapshot.write(file, snapshot.freeze(self))

    @staticmethod
    def load(file: Path) -> World:
        """A saved world, which goes on as if it had never stopped. Loading runs what the file says: open your own only.

        Raises UsageError where it is no such file, or one of another version of the engine.
        """
        return World.thawed(snapshot.read(file))

    @staticmethod
    def thawed(frozen: bytes) -> World:
        """A world from what `snapshot.freeze` made of it."""
        world = snapshot.thaw(frozen)
        assert isinstance(world, World)
        return world

    def branch(self, seed: int) -> None:
        """From today on, other random numbers: one of many futures of the same past.

        What was drawn already stands: people's traits, orders, trucks on the road, this week's appeal, weather so far.
        An oracle's truth would be that of the other future, so none may be in the line-up.
        """
        if any(strategy.info == "oracle" for strategy in self.merchant.line_up.values()):
            raise UsageError("line_up: must hold no oracle for a future that nobody knows, got one")
        self.streams.branch(seed, self.days_lived)
        self.weather.draw()

    def replan(self, scenario: Scenario) -> None:
        """From today on, the campaigns of a scenario that is this world's own but for campaigns and schedules.

        With the same seed it goes on as a world that had planned so from its first day, where no strategy looks
        further ahead than the campaigns that both share. Raises UsageError where a campaign that is new, changed or
        dropped would have been felt before today.
        """
        own = {"campaigns": self.spec.campaigns, "schedules": self.spec.schedules}
        if scenario.model_copy(update=own) != self.spec:
            raise UsageError("scenario: must be this world's own but for campaigns and schedules, got another one")
        counter = self.counter.replanned(running_of(scenario, self.shop, self.schedule))
        self.spec = scenario
        self._announce(counter)
        self.consumers.mind = self.consumers.mind._replace(match_days=float(counter.match_days))

    def with_truth(self, view: View) -> View:
        """The view of an oracle: with the units that will be wanted on this day and the following.

        They come from a twin, run whole when the first oracle asks (which doubles the time of the run): the same
        draws, schedule and line-up, but a plain stand-in for each oracle, living 28 days longer. An oracle so knows
        what these customers would want of a merchant who knows no more than others. What his own acts change
        (another price, a late parcel, a shelf that is full where the twin's was empty) is not foretold.
        """
        if self._truth is None:
            calendar = self.spec.calendar
            longer = calendar.model_copy(update={"settlement_days": calendar.settlement_days + HORIZON_DAYS})
            plain = {
                kind: plugins.build(kind, STAND_INS[kind], {}) if strategy.info == "oracle" else copy.deepcopy(strategy)
                for kind, strategy in self.merchant.line_up.items()
            }
            twin = World(self.spec.model_copy(update={"calendar": longer}), self.schedule, plain, self.seed_number)
            twin.run()
            self._truth = twin.records.wanted.astype(np.float64)
            self._truth.flags.writeable = False
        return dataclasses.replace(view, truth=Truth(self._truth[:, :, self.day : self.day + HORIZON_DAYS]))

    def release(self) -> None:
        """Lets go of the actors: Mesa 3.3 keeps a count per model, and with it every model, alive."""
        self.remove_all_agents()
        getattr(mesa.Agent, "_ids", {}).pop(self, None)

    # ---- the day -------------------------------------------------------------------------------
    def _live_day(self, day: int) -> None:
        """The day, as the head of this file lists it."""
        self._dawn(day)
        morning = self.env.timeout(6 * 3600)
        self._shop(0, 6)
        self.env.wait(morning)
        self.inventory.arrive()
        self._phase("receive")
        self._phase("decide")
        evening = self.env.timeout(18 * 3600)
        self._shop(6, 24)
        self.env.wait(evening)
        self._phase("operate")
        self._phase("feel")
        self._phase("settle")
        self.bookkeeper.close()

    def _phase(self, phase: str) -> None:
        for act in self._acting[phase]:
            act()

    def _dawn(self, day: int) -> None:
        """Midnight: a new date; attention decides who will come."""
        self.day, self.midnight, self.ledger.day = day, day * DAY, day
        self.date = self.spec.calendar.start + datetime.timedelta(days=day)
        self.bookkeeper.open_day()
        attention = attention_of(self)
        self.paid_share = attention.paid_share
        self.ledger.book("traffic", "cash", -round(100 * attention.traffic_yuan))
        self.need = self.weather.need()
        lull = holiday_demand(self.date, self.spec.market.spring_festival_demand)
        self.consumers.wake(lull * attention.plain, lull * attention.ritual, awaited(self))

    def _shop(self, from_hour: int, to_hour: int) -> None:
        """Shoppers of a part of the day, in pieces within which no public offer changes.

        The clock stands still but for the moments at which what the stations have done meanwhile is needed: goods
        released by a dock, parcels packed ahead of their balance.
        """
        begin, last = self.midnight + from_hour * 3600, self.midnight + to_hour * 3600
        cuts, stops = self.counter.boundaries(begin, last), self._stops()
        offer: Slice | None = None
        while begin < last:
            if begin in stops:
                self._catch_up(begin)
                stops = self._stops()
            end = min(second for second in (*cuts, *stops) if second > begin)
            self.orders.balances(begin, end)
            if offer is None or begin in cuts:
                offer = slice_of(self, begin, end)
            else:  # a dock's stop changes no offer: 1 ms saved
                offer = offer._replace(begin=begin - self.midnight, end=end - self.midnight)
            empty = self.shelf_units() == 0
            lines, claims, (came, seconds) = self.consumers.buy(offer)
            self.bookkeeper.note_stockouts(empty, lines, offer.begin, offer.end)
            rules = sum(bool((offer.zones[name] > 0).any()) for name in ("threshold_spend", "presale_due"))
            self.desk.questions(came, seconds, rules)
            self.orders.price_match.claim(claims)  # before what the same people buy now
            self.orders.place(lines, begin)
            begin = end

    def _stops(self) -> set[int]:
        """Seconds at which what the stations have done must be known: balances of orders packed ahead, and, while
        there is anything on a dock, the hours at which docks release goods."""
        out = self.orders.staged_for()
        if self.inventory.on_docks().any():
            out |= {self.midnight + hour * 3600 for hour in self.spec.operations.release_hours}
        return out

    def _catch_up(self, second: int) -> None:
        """The clock goes on to a second of the day; what the warehouses have done by then is known."""
        self.env.wait(self.env.timeout(second - int(self.env.now)))
        for warehouse in self.warehouses:
            warehouse.collect()

    # ---- services that actors share ------------------------------------------------------------
    @property
    def parcels(self) -> Any:
        """The order book's parcels."""
        return self.orders.parcels

    @property
    def lines(self) -> Any:
        """The order book's lines."""
        return self.orders.lines

    def shelf_units(self) -> Ints:
        """(K, W) units on the shelf, all sizes."""
        return self.sizes.total(self.stock)

    def history(self) -> History:
        """What is kept of the run; of days to come, zeros."""
        return self.bookkeeper.history()
