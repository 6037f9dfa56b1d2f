"""What a strategy is told and what it must answer: one abstract class a kind.

Axes: K SKUs, C cities, W warehouses, G groups (segment x stage), L channels, St stations,
D past days, H coming days, S sample paths. All arrays handed to a strategy are read-only. Money is
in yuan (float) here and in integer fen inside the engine.

A strategy is a dataclass: its fields are its parameters (with units in their names), the
constructor only stores, a fresh object is built for every run, randomness comes in as `rng`. It
declares `info` (what it may know) and `memory_days` (how far back it looks); both are verified.
"""

from __future__ import annotations

import datetime
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from sim.red_lines import RedLines

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Info = Literal["blind", "informed", "oracle"]

STAGES: tuple[str, ...] = ("prospect", "new", "active", "at_risk", "dormant", "lost")
"""Life-cycle stages, by days since the last order; a prospect has not ordered yet."""

SHIFTS: tuple[tuple[int, int], ...] = ((6, 14), (14, 22), (22, 30))
"""The three shifts that a roster plans, in hours from midnight of the day (30 = 06:00 next day)."""

CONTENTS: tuple[str, ...] = ("none", "coupon", "content", "bundle", "promise")
"""What a message can carry, by number."""


@dataclass(frozen=True)
class CampaignInfo:
    """A campaign as its planner knows it; days count from the first simulated day."""

    name: str
    start_day: float
    end_day: float
    announced_day: float
    ritual: float
    markdown: float
    threshold_spend: float
    threshold_save: float
    presale_day: float | None
    eligible: tuple[bool, ...]


@dataclass(frozen=True)
class Shop:
    """What does not change during a run: names, costs, sizes, rules."""

    skus: tuple[str, ...]
    cities: tuple[str, ...]
    warehouses: tuple[str, ...]
    """Places that hold stock: the warehouses, then the stores, `CITY/store`. Stores fill up from their city's home
    warehouse every night; what is ordered for one is delivered there."""
    groups: tuple[str, ...]
    channels: tuple[str, ...]
    stations: tuple[str, ...]
    category: tuple[str, ...]
    """(K,) category of each SKU."""
    role: tuple[str, ...]
    list_price: Floats
    """(K,) yuan."""
    unit_cost: Floats
    """(K,) yuan."""
    storability: Floats
    """(K,) 0 perishable .. 1 storable."""
    return_rate: Floats
    """(K,) usual share of delivered units that come back."""
    minimum_order: Ints
    """(K,) units."""
    lead_time_days: Floats
    """(K,) mean days from order to dock."""
    lead_time_sd_days: Floats
    """(K,)"""
    volume_litres: Floats
    """(K,)"""
    space_litres: Floats
    """(W,)"""
    city_share: Floats
    """(C,) share of consumers."""
    home_warehouse: Ints
    """(C,) the warehouse that serves each city first."""
    station_heads: Ints
    """(St,) regular people on the payroll."""
    station_per_hour: Floats
    """(St,) jobs one person finishes in an hour."""
    station_hour_yuan: Floats
    """(St,) regular wage."""
    temp_productivity: float
    temp_training_days: int
    temp_max_factor: float
    overtime_hours_per_day: float
    couriers: Ints
    """(C,) base fleet, people."""
    courier_parcels_per_day: Floats
    """(C,) parcels one courier delivers in a day."""
    surge_max_factor: Floats
    """(C,) most surge, as a multiple of the base fleet."""
    parcel_yuan: float
    """Variable cost of a parcel, warehouse to door."""
    commission: float
    bot_containment: float
    contacts_per_order: float
    margin_floor: float
    interest_per_year: float
    salvage_share: float
    price_breaks: Floats = field(default_factory=lambda: np.zeros((0, 0, 2)))
    """(K, B, 2) units of an order line of one SKU, all warehouses together, and the discount on the unit cost that it
    gets from there on; zeros after a SKU's last break."""
    supplier: tuple[str, ...] = ()
    """(K,) who delivers each SKU."""
    supplier_units_per_day: Floats = field(default_factory=lambda: np.zeros(0))
    """(K,) most units of all its SKUs together that the SKU's supplier sends in a day; inf where unlimited. Due dates
    on order hold the wait."""
    store: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    """(C,) the place among `warehouses` of each city's store, -1 where it has none."""
    pallet_units: int = 100
    """Most units in one job of an inbound dock."""
    red_lines: RedLines = field(default_factory=RedLines)
    """Limits on prices that the engine enforces; a strategy that keeps to them is never corrected."""


@dataclass(frozen=True)
class View:
    """What the merchant can really know at 06:00 of `day`. D = `day` past days, oldest first."""

    day: int
    date: datetime.date
    shop: Shop
    campaigns: tuple[CampaignInfo, ...]
    """The merchant's own calendar, past and coming."""
    depth: Floats
    """(K, D+60) public markdown by SKU and day, from the calendar, as a share of the shelf price; a
    campaign that runs for part of a day counts for that part."""
    ritual: Floats
    """(D+60,) ritual strength by day, from the calendar, part days likewise."""
    sold: Ints
    """(K, C, D) units ordered and accepted: sold, not wanted."""
    stockout_hours: Floats
    """(K, W, D) hours of the day in which nothing was on the shelf."""
    visits: Ints
    """(C, D)"""
    orders_by_hour: Ints
    """(24, D) orders placed by hour of the day."""
    prices: Floats
    """(L, K, D) shelf price shown at 12:00, yuan."""
    paid: Floats
    """(K, D) mean price paid per unit, yuan; the shelf price where nothing was sold."""
    returned: Ints
    """(K, D) units inspected on the returns dock."""
    on_hand: Ints
    """(K, W) units that can be sold now, all sizes."""
    on_hand_age_days: Floats
    """(K, W) mean days since receipt of what is on the shelf and the inbound dock; 0 where nothing is."""
    broken_sizes: Floats
    """(K, W) share of people whose own size is not on the shelf."""
    celsius: Floats
    """(C, D) mean temperature of each past day."""
    weather: Floats
    """(C, 60) Celsius foretold for this day and the following; the season's mean from a fortnight on."""
    on_order: Ints
    """(K, W, 60) units due on each coming day (as the supplier promised); the inbound docks' are due today."""
    backlog: Ints
    """(St,) jobs waiting or in work now."""
    arrivals: Ints
    """(St, D) jobs that arrived; at the service desk, those that the bot passed on."""
    finished: Ints
    """(St, D) jobs that were done."""
    courier_backlog: Ints
    """(C,) parcels at the depot, not handed over yet."""
    temps_booked: Ints
    """(St, 60) temps engaged for each coming day."""
    overtime_left: Floats
    """(St,) hours of overtime that the law still allows this month."""
    late_share: Floats
    """(D,) late parcels among those delivered that day."""
    group_size: Ints
    """(G,) people."""
    group_orders_30d: Ints
    """(G,) orders of the last 30 days, by the stage in which the person ordered."""
    messages: Ints
    """(G, D) messages sent."""
    rival_index: Floats
    """(D,) the rival's price index, 1 = usual."""
    cash: float
    """yuan."""
    truth: Truth | None = None
    """True demand parameters; None unless the strategy is declared an oracle."""
    courier_overtime_left: Floats = field(default_factory=lambda: np.zeros(0))
    """(C,) hours of overtime that the law still allows couriers this month; infinite for those without a contract."""

    @property
    def depth_ahead(self) -> Floats:
        """(K, 60) public markdown on this day and the following."""
        return self.depth[:, -60:]

    @property
    def ritual_ahead(self) -> Floats:
        """(60,) ritual strength on this day and the following."""
        return self.ritual[-60:]


@dataclass(frozen=True)
class Truth:
    """What no merchant knows; handed to oracles alone."""

    demand: Floats
    """(K, C, H) units that are wanted on this day and the following in a twin of this world: same draws, same
    schedule, and the same line-up with a plain stand-in for each oracle (see `World.with_truth`)."""


@dataclass(frozen=True)
class Forecast:
    """Joint sample paths of demand: each sample is one possible future of all SKUs and cities."""

    paths: Floats
    """(S, K, C, H) units a day."""
    hour_shares: Floats
    """(H, 24) share of the day's orders in each hour; rows sum to 1."""

    @property
    def mean(self) -> Floats:
        """(K, C, H) mean units a day."""
        return np.asarray(self.paths.mean(axis=0))

    def quantile(self, p: float) -> Floats:
        """(K, C, H) quantile of each single day. Never add these up: see `total_quantile`."""
        return np.asarray(np.quantile(self.paths, p, axis=0))

    def total_quantile(self, p: float | Floats, days: int) -> Floats:
        """(K, C) quantile of the TOTAL over the first `days` days, which is what stock must cover."""
        totals = self.paths[..., :days].sum(axis=-1)
        return np.asarray(np.quantile(totals, p, axis=0))


@dataclass(frozen=True)
class StockPlan:
    """Purchase orders and transfers, to be placed today."""

    orders: Ints
    """(K, W) units to buy; orders below the minimum are rounded up to it by the engine."""
    transfers: Ints
    """(K, W, W) units to move from one warehouse to another."""


@dataclass(frozen=True)
class Roster:
    """People and couriers for the 24 hours from 06:00, and temps for the coming days."""

    regular_hours: Floats
    """(St, 3) hours of regular staff by shift; at most 8 h a head on the payroll in all."""
    overtime_hours: Floats
    """(St, 3) hours of overtime by shift; at most 3 h a head and 36 h a head and month."""
    temps: Floats
    """(St, H) temps wanted on each coming day; days nearer than the training are fixed already."""
    couriers: Ints
    """(C,) base couriers on the road, at most the fleet."""
    surge: Floats
    """(C,) extra courier capacity, in couriers, at a rising price."""
    bot_share: float
    """Share of contacts first sent to the bot."""
    courier_overtime_hours: Floats = field(default_factory=lambda: np.zeros(0))
    """(C,) hours of overtime of all base couriers together, at the law's factor on the piece rate; empty = none."""
    triage: tuple[str, ...] | None = None
    """Types of tickets that agents take first, in this order, of those opened from now on; None = as the desk's
    `triage` in the scenario."""


@dataclass(frozen=True)
class Offers:
    """Shelf prices and personal coupons, in force from 06:00 for 24 hours.

    The campaign's public mechanics come on top of these; the red lines are enforced by the engine.
    """

    prices: Floats
    """(L, K) yuan, or (24, L, K) by hour of the day."""
    coupons: Floats
    """(G, K) yuan off a unit for members of the group."""


@dataclass(frozen=True)
class Touches:
    """Who is written to today; felt from the next midnight."""

    share: Floats
    """(G,) share of each group that gets a message, 0..1."""
    content: Ints
    """(G,) what it carries, an index of `CONTENTS`."""
    coupon: Floats
    """(G,) yuan off the next order within seven days, for content `coupon`."""


@dataclass
class Strategy(ABC):
    """Base of all strategies. What a class declares about itself is verified by `peakshift check`."""

    kind: ClassVar[str]
    info: ClassVar[Info] = "informed"
    """What it may know. `blind`: the date, its shop's terms and what the merchant itself has set and holds
    (`OWN_FIELDS`), neither the market nor the calendar nor the forecast; `informed`: all of the View but `truth`;
    `oracle`: `truth` too."""
    memory_days: ClassVar[int] = 3660
    """Days of history that its decisions depend on."""
    order_matters: ClassVar[bool] = False
    """Whether the order in which SKUs are listed may change its decisions."""
    currency_matters: ClassVar[bool] = False
    """Whether its decisions may change when all money is counted in another unit."""
    keeps_state: ClassVar[bool] = False
    """Whether it carries something from day to day that the View does not show."""

    def parameters(self) -> dict[str, Any]:
        """The parameters as stored by the constructor."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass
class Forecaster(Strategy):
    """Tells what will be wanted."""

    kind: ClassVar[str] = "forecasting"

    @abstractmethod
    def forecast(self, view: View, horizon_days: int, rng: np.random.Generator) -> Forecast:
        """Joint sample paths for `view.day` and the following `horizon_days - 1` days."""


@dataclass
class Stocker(Strategy):
    """Buys and moves stock."""

    kind: ClassVar[str] = "stocking"

    @abstractmethod
    def order(self, view: View, forecast: Forecast, rng: np.random.Generator) -> StockPlan:
        """Today's purchase orders and transfers."""


@dataclass
class Staffer(Strategy):
    """Plans people, couriers and the bot."""

    kind: ClassVar[str] = "staffing"

    @abstractmethod
    def roster(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Roster:
        """Today's roster."""


@dataclass
class Pricer(Strategy):
    """Sets shelf prices and personal coupons."""

    kind: ClassVar[str] = "pricing"

    @abstractmethod
    def price(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Offers:
        """Today's offers."""


@dataclass
class Outreach(Strategy):
    """Writes to customers."""

    kind: ClassVar[str] = "outreach"

    @abstractmethod
    def touch(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Touches:
        """Today's messages."""


KINDS: dict[str, type[Strategy]] = {
    "forecasting": Forecaster,
    "pricing": Pricer,
    "stocking": Stocker,
    "staffing": Staffer,
    "outreach": Outreach,
}
"""The five kinds, in the order in which a line-up names them."""

HORIZON_DAYS = 28
"""How far the merchant plans ahead. A strategy may use less."""

OWN_FIELDS: frozenset[str] = frozenset({
    "day", "date", "shop", "prices", "messages", "on_hand", "on_order", "temps_booked", "overtime_left", "cash",
})  # fmt: skip
"""Fields of a View that a `blind` strategy may look at; every other tells something of the market."""

LineUp = dict[str, Strategy]


@dataclass(frozen=True)
class Answer:
    """All that a line-up decided on one day, kept for metrics and tests."""

    forecast: Forecast
    stock: StockPlan
    roster: Roster
    offers: Offers
    touches: Touches = field(repr=False)
