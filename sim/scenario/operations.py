"""The operation: warehouses, couriers, service desk, suppliers, and the money around them."""

from __future__ import annotations

import statistics
from itertools import pairwise
from typing import Literal, get_args

from pydantic import Field, field_validator, model_validator

from sim.scenario.units import ASSUMPTION, Section, param

_LAW = "Chinese labour law: 150 % weekday, 200 % rest day, 300 % holiday; <= 3 h a day, <= 36 h a month"


class Warehouse(Section):
    """A warehouse: pick-pack and returns inspection, worked in three eight-hour shifts."""

    pickers: int = param(20, "people", "regular pick-pack staff on the payroll", ge=0, le=100_000)
    orders_per_hour: float = param(
        22.0, "orders/hour", "orders one person picks and packs in an hour",
        "12-25 per labour hour (JD 2018), packing 25-30/h (fcbco)", gt=0, le=1000,
    )  # fmt: skip
    line_minutes: float = param(
        0.5, "minutes", "extra picking time for each further line of an order", ASSUMPTION, ge=0, le=60
    )
    service_cv: float = param(0.5, "1", "coefficient of variation of a parcel's work time", ASSUMPTION, ge=0, le=3)
    inspectors: int = param(3, "people", "regular returns inspection staff", ge=0, le=100_000)
    returns_per_hour: float = param(15.0, "parcels/hour", "returned parcels one person inspects in an hour",
        ASSUMPTION, gt=0, le=1000)  # fmt: skip
    waves: list[int] = param(
        [8, 12, 16, 20, 23], "hour of day", "when trucks leave with what is packed", min_length=1, max_length=24
    )
    space_litres: float = param(400_000.0, "litres", "space before overflow rent is due", gt=0, le=1e12)
    start_days: float = param(
        21.0, "days of sales", "stock on the shelf when the world starts, in days of expected sales", ge=0, le=1000
    )
    dockers: int | None = param(
        None, "people", "regular staff of the inbound dock, who put deliveries and transfers on the shelf; where empty "
        "they are there as the truck docks", ge=0, le=100_000,
    )  # fmt: skip
    units_per_hour: float = param(250.0, "units/hour", "units one person of the dock puts away in an hour", ASSUMPTION,
        gt=0, le=100_000)  # fmt: skip


class CourierFleet(Section):
    """The couriers of one city."""

    couriers: int = param(20, "people", "couriers on a normal day", ge=0, le=1_000_000)
    parcels_per_day: float = param(
        120.0, "parcels/day", "parcels one courier delivers in a normal day",
        "31 % deliver > 100 a day (2019), 80 % <= 200 (2020)", gt=0, le=2000,
    )  # fmt: skip
    surge_max_factor: float = param(
        1.2, "1", "most surge capacity, hired runs, as a multiple of the base fleet",
        "Double 11 doubles the usual load", ge=0, le=10,
    )  # fmt: skip
    parcel_yuan: float = param(2.0, "yuan/parcel", "last-mile pay", "1.2-3 yuan", ge=0, le=1000)
    surge_extra_yuan: float = param(
        0.5, "yuan/parcel", "extra pay on surge capacity, rising linearly to twice this at the limit",
        "peak surcharge 2018", ge=0, le=1000,
    )  # fmt: skip
    overtime_max_factor: float = param(
        2.0, "1", "longest day with overtime, as a multiple of the courier hours; it ends at midnight in any case",
        "Double 11 doubles the usual load; 19-hour days (2016)", ge=1, le=3,
    )  # fmt: skip
    employed: bool = param(
        True, "true or false", "whether the law's limits on overtime hold for these couriers; gig workers have none",
        ASSUMPTION,
    )  # fmt: skip
    order: Literal["arrival", "promise"] = param(
        "arrival", "name", "who is served first: arrival (first come) or promise (earliest promised)"
    )


TicketType = Literal[
    "pre_sale", "order", "where_is_my_order", "wrong_or_missing", "price_protection", "returns"
]  # fmt: skip
TICKET_TYPES: tuple[str, ...] = get_args(TicketType)
"""Why people turn to customer service, by number."""


class Ticket(Section):
    """What is special about one type of ticket; the desk's own value where a field is not given."""

    bot_containment: float | None = param(
        None, "share", "contacts of this type the bot can resolve; less for complex ones", ge=0, le=1
    )
    handle_minutes: float | None = param(None, "minutes", "mean handle time of this type", gt=0, le=600)


class ServiceDesk(Section):
    """Customer service: a bot first, then agents."""

    agents: int = param(6, "people", "regular agents on the payroll", ge=0, le=100_000)
    concurrency: int = param(2, "chats", "conversations one agent holds at a time", "1-3", ge=1, le=10)
    handle_minutes: float = param(8.0, "minutes", "mean handle time", "retail 4-6, chat 11.9 min", gt=0, le=600)
    handle_cv: float = param(0.8, "1", "coefficient of variation of handle time", ASSUMPTION, ge=0, le=3)
    patience_minutes: float = param(
        15.0, "minutes", "mean patience in the queue, exponential", ASSUMPTION, gt=0, le=10_000
    )
    bot_containment: float = param(0.45, "share", "contacts the bot can resolve", "Comm100 44.8 %", ge=0, le=1)
    contacts_per_order: float = param(
        0.067, "contacts/order", "contacts that an order causes in any case", "Gorgias 6.7 per 100", ge=0, le=5
    )
    contacts_if_late: float = param(0.3, "contacts/order", "further contacts when it is late", ASSUMPTION, ge=0, le=5)
    contacts_if_gift_missing: float = param(
        0.5, "contacts/order", "contacts when a promised gift is not in the parcel", ASSUMPTION, ge=0, le=5
    )
    question_per_visit: float = param(
        0.004, "contacts/visit", "questions before buying, per visit", ASSUMPTION, ge=0, le=5
    )
    rule_complexity: float = param(
        1.0, "1", "extra questions per visit while a threshold or deposit rule runs, relative", ASSUMPTION, ge=0, le=50
    )
    contacts_per_return: float = param(
        0.0, "contacts/line", "contacts about the refund, per returned line inspected", ASSUMPTION, ge=0, le=1
    )
    contacts_per_parcel: float = param(
        0.0, "contacts/parcel", "contacts about a wrong or missing item, per parcel delivered", ASSUMPTION, ge=0, le=1
    )
    repeat_share: float = param(
        0.0, "share", "contacts given up in the queue that are tried again the next day", ASSUMPTION, ge=0, le=1
    )
    tickets: dict[TicketType, Ticket] = Field(default={}, description="what is special about a type of ticket")
    triage: list[TicketType] = Field(
        default=[], description="types that agents take first, in this order; first come, first served where empty"
    )


class PriceBreak(Section):
    """A discount for large purchase orders."""

    units: int = param(
        ..., "units", "smallest order line of one SKU that gets it, all warehouses together", ge=1, le=10**9
    )
    discount: float = param(..., "share", "off the unit cost of every unit of the line", ASSUMPTION, ge=0, le=0.95)


def ascending(breaks: list[PriceBreak]) -> list[PriceBreak]:
    """The same list; raises ValueError unless both units and discounts rise."""
    steps = [(b.units, b.discount) for b in breaks]
    if any(later[0] <= one[0] or later[1] < one[1] for one, later in pairwise(steps)):
        raise ValueError("must be in order of units, each larger than the one before, with no smaller discount")
    return breaks


class Supplier(Section):
    """Where stock comes from."""

    lead_time_days: float = param(7.0, "days", "mean time from order to dock", ASSUMPTION, ge=0, le=365)
    lead_time_sd_days: float = param(1.5, "days", "standard deviation of it", ASSUMPTION, ge=0, le=100)
    payment_days: int = param(30, "days", "when a delivery is paid", ASSUMPTION, ge=0, le=365)
    lead_time: Literal["normal", "lognormal", "gamma", "table"] = param(
        "normal", "name", "how lead times spread around their mean: normal, lognormal or gamma (a long tail of late "
        "trucks), or a table of observed ones; all in whole days, at least one",
    )  # fmt: skip
    lead_time_table: list[float] = param(
        [], "days", "lead times seen, each as likely as any other; the mean and the standard deviation are theirs, the "
        "two fields above are not read", ASSUMPTION, max_length=1000,
    )  # fmt: skip
    units_per_day: int | None = param(
        None, "units/day", "most units that leave the supplier in a day, all SKUs; what is beyond waits its turn, "
        "first come first served; no limit where empty", ASSUMPTION, ge=1, le=10**9,
    )  # fmt: skip
    price_breaks: list[PriceBreak] = Field(default=[], description="discounts by order size; a SKU's own go first")

    _ascending = field_validator("price_breaks")(ascending)

    @field_validator("lead_time_table")
    @classmethod
    def _days(cls, value: list[float]) -> list[float]:
        if any(not 0 <= days <= 365 for days in value):
            raise ValueError("must be days from 0 to 365")
        return value

    @model_validator(mode="after")
    def _has_table(self) -> Supplier:
        if (self.lead_time == "table") != bool(self.lead_time_table):
            raise ValueError("must have a lead_time_table with lead_time: table, and none without")
        return self

    @property
    def mean_days(self) -> float:
        """Mean lead time of the distribution in use, days."""
        return statistics.fmean(self.lead_time_table) if self.lead_time == "table" else self.lead_time_days

    @property
    def sd_days(self) -> float:
        """Standard deviation of the lead time in use, days."""
        return statistics.pstdev(self.lead_time_table) if self.lead_time == "table" else self.lead_time_sd_days


class Store(Section):
    """A city's store: its buyers take things home; open in the hours of its channel."""

    channel: str = param("store", "name", "the channel whose buyers in this city come to it")
    staff: int = param(4, "people", "at work through the opening hours", ASSUMPTION, ge=1, le=10_000)
    served_per_hour: float = param(
        20.0, "customers/hour", "customers one person serves in an hour", ASSUMPTION, gt=0, le=1000
    )
    patience_minutes: float = param(
        10.0, "minutes", "mean wait, exponential, beyond which a buyer remembers it like a call that nobody took",
        ASSUMPTION, gt=0, le=10_000,
    )  # fmt: skip
    stock_days: float = param(
        7.0, "days of sales", "stock it is filled up to every night, in days of the sales expected of it", ASSUMPTION,
        ge=0, le=1000,
    )  # fmt: skip
    display_units: int = param(1, "units", "least stock of each size it is filled up to", ASSUMPTION, ge=0, le=10_000)
    shelf_litres: float = param(20_000.0, "litres", "room on its shelves; bounds what it is filled up to", ASSUMPTION,
        ge=0, le=1e9)  # fmt: skip
    replenish_yuan: float = param(0.02, "yuan/litre", "nightly carriage from the home warehouse, booked as line-haul",
        ASSUMPTION, ge=0, le=100)  # fmt: skip
    rent_yuan_per_day: float = param(600.0, "yuan/day", "rent", ASSUMPTION, ge=0, le=1e7)
    hour_yuan: float = param(26.0, "yuan/hour", "wage with on-costs", ASSUMPTION, ge=0, le=10_000)
    payment_fee: float = param(
        0.006, "share", "card and wallet fee on what is paid at the till, in place of the platform's", ASSUMPTION, ge=0,
        le=1,
    )  # fmt: skip
    ships: bool = param(
        False, "yes/no", "ships to buyers in its city what no warehouse has; false holds its stock for its own buyers"
    )
    ship_hours: float = param(
        12.0, "hours", "road time of what it ships, from midnight, when it is collected, to the city's depot",
        ASSUMPTION, ge=0, le=1000,
    )  # fmt: skip
    ship_yuan: float = param(
        9.0, "yuan/parcel", "picking in the store and carriage to the depot, in place of the trunk's", ASSUMPTION, ge=0,
        le=1000,
    )  # fmt: skip


class Labour(Section):
    """Wages and the rules of work."""

    hour_yuan: float = param(28.0, "yuan/hour", "regular wage with on-costs", ASSUMPTION, ge=0, le=10_000)
    agent_hour_yuan: float = param(30.0, "yuan/hour", "service agent with on-costs", ASSUMPTION, ge=0, le=10_000)
    overtime_factor: float = param(1.5, "1", "overtime pay on a weekday", _LAW, ge=1, le=10)
    rest_day_factor: float = param(2.0, "1", "overtime pay on Saturday and Sunday", _LAW, ge=1, le=10)
    holiday_factor: float = param(3.0, "1", "overtime pay on a public holiday", _LAW, ge=1, le=10)
    overtime_hours_per_day: float = param(3.0, "hours", "most overtime a person works in a day", _LAW, ge=0, le=3)
    overtime_hours_per_month: float = param(36.0, "hours", "most overtime a person works in a month", _LAW, ge=0, le=36)
    guaranteed_share: float = param(
        0.8, "share", "share of the payroll's regular hours paid even when not rostered", ASSUMPTION, ge=0, le=1
    )
    temp_hour_yuan: float = param(32.0, "yuan/hour", "temp wage with agency fee", "200-500 yuan a day", ge=0, le=10_000)
    temp_productivity: float = param(
        0.7, "1", "work of a temp against a regular", "60-80 %, unverified: assumption", gt=0, le=1
    )
    temp_training_days: int = param(2, "days", "training before a temp can work", ASSUMPTION, ge=0, le=30)
    temp_training_yuan: float = param(200.0, "yuan/person", "cost to hire and train a temp", ASSUMPTION, ge=0, le=1e5)
    temp_no_show: float = param(0.1, "share", "temps who do not come", "up to 37 % in one case; assumption", ge=0, le=1)
    temp_max_factor: float = param(
        1.5, "1", "most temps, as a multiple of the regular staff",
        "35-40 % of the hands, 0.5-0.7 a regular, are usual at peak; how many can be had: assumption", ge=0, le=20,
    )  # fmt: skip


class Finance(Section):
    """Money that no single station spends."""

    opening_cash_yuan: float = param(5_000_000.0, "yuan", "cash when the world starts", ge=0, le=1e13)
    commission: float = param(0.05, "share", "platform fee on what is paid", ASSUMPTION, ge=0, le=1)
    platform_hold_days: int = param(
        7, "days", "days from delivery until the platform pays out", ASSUMPTION, ge=0, le=90
    )
    interest_per_year: float = param(0.06, "1/year", "cost of money bound in stock", ASSUMPTION, ge=0, le=1)
    line_haul_yuan: float = param(
        4.0, "yuan/parcel", "trunk transport", "about 8 yuan door to door, last mile 1.2-3", ge=0, le=1000
    )
    packing_yuan: float = param(1.0, "yuan/parcel", "material", ASSUMPTION, ge=0, le=1000)
    return_yuan: float = param(6.0, "yuan/parcel", "transport of a returned parcel", ASSUMPTION, ge=0, le=1000)
    space_yuan: float = param(0.002, "yuan/litre/day", "rent of warehouse space", ASSUMPTION, ge=0, le=100)
    overflow_factor: float = param(3.0, "1", "rent beyond the space limit, as a multiple", ASSUMPTION, ge=1, le=100)
    message_yuan: float = param(0.05, "yuan/message", "cost of a message", ASSUMPTION, ge=0, le=100)
    visit_yuan: float = param(0.6, "yuan/visit", "paid traffic: cost of one extra visit", ASSUMPTION, gt=0, le=1000)
    salvage_share: float = param(0.75, "share", "value of stock left at the end, against cost", ASSUMPTION, ge=0, le=1)
    interest_on: Literal["stock", "working_capital"] = param(
        "stock", "name", "what interest_per_year is due on: the stock, or stock + receivable - payable; suppliers who "
        "are paid later than buyers pay then lend for nothing, and interest is saved",
    )  # fmt: skip
    cash_interest_per_year: float = param(0.0, "1/year", "interest earned on cash", ASSUMPTION, ge=0, le=1)
    overdraft_per_year: float = param(0.0, "1/year", "interest paid while cash is below zero", ASSUMPTION, ge=0, le=1)
    platform_yuan_per_day: float = param(0.0, "yuan/day", "fixed platform fee, beside the commission", ASSUMPTION, ge=0,
        le=1e7)  # fmt: skip


class Promise(Section):
    """A class of orders with its own promise, served before those who are promised a later hour."""

    hours: float = param(..., "hours", "order-to-door promise shown at checkout", gt=0, le=2000)
    parcel_yuan: float = param(0.0, "yuan/parcel", "extra carriage of this class", ASSUMPTION, ge=0, le=1000)


class Returns(Section):
    """When and why delivered lines come back; how often stands with each category."""

    lag_median_days: float = param(
        8.0, "days", "median time from the door to the returns dock, lognormal",
        "UCI Online Retail: median 8 days, 81 % within 30 days", gt=0, le=365,
    )  # fmt: skip
    lag_log_sd: float = param(
        1.0, "1", "log standard deviation of it", "UCI Online Retail: median 8 days, 81 % within 30 days", ge=0, le=3
    )
    window_days: int = param(60, "days", "the last day on which a line comes back", ASSUMPTION, ge=1, le=365)
    event_factor: float = param(
        1.17, "1", "multiplies the chance of lines bought at a festival", "NRF: holidays +17 %", ge=0, le=10
    )
    filler_factor: float = param(1.5, "1", "the same, items added to reach a threshold", ASSUMPTION, ge=0, le=10)
    late_factor: float = param(1.2, "1", "the same, parcels that came late", ASSUMPTION, ge=0, le=10)


STANDARD = "standard"
"""The promise class that is always there: `promise_hours`."""


class Operations(Section):
    """Everything between an order and a door."""

    warehouses: dict[str, Warehouse] = Field(description="the warehouses, by name", min_length=1)
    couriers: dict[str, CourierFleet] = Field(description="one fleet for each city, by the city's name")
    service_desk: ServiceDesk = Field(default=ServiceDesk(), description="customer service")
    suppliers: dict[str, Supplier] = Field(description="the suppliers, by name", min_length=1)
    labour: Labour = Field(default=Labour(), description="wages and working rules")
    finance: Finance = Field(default=Finance(), description="fees, rents, money")
    promise_hours: float = param(
        72.0, "hours", "order-to-door promise shown at checkout", "order to door 56 h, 81 % within 72 h (2023)",
        gt=0, le=2000,
    )  # fmt: skip
    promises: dict[str, Promise] = Field(
        default={}, description="further promise classes, by name; market.segments.X.promise says who gets which"
    )
    returns: Returns = Field(default=Returns(), description="lag and causes of returns")
    pallet_units: int = param(
        100, "units", "most units that a docker takes at a time: one job of the inbound dock", ASSUMPTION,
        ge=1, le=100_000,
    )  # fmt: skip
    release_hours: list[int] = param(
        [10, 14, 18, 22], "hour of day", "when goods that the dock has put away are offered, besides 06:00 and 24:00",
        max_length=17,
    )  # fmt: skip
    transfer_days: int = param(2, "days", "time of a transfer between warehouses on the road", ASSUMPTION,
        ge=1, le=60)  # fmt: skip
    transfer_yuan: float = param(0.0, "yuan/unit", "carriage of a transfer", ASSUMPTION, ge=0, le=1000)
    cross_ship_yuan_per_hour: float = param(
        0.0, "yuan/parcel/hour", "extra trunk transport of a parcel that does not come from its city's nearest "
        "warehouse, per hour of road more than from there", ASSUMPTION, ge=0, le=1000,
    )  # fmt: skip
    stage_hours: float = param(
        0.0, "hours", "pre-sale orders are packed ahead from so long before their balance, each morning and when the "
        "pickers have nothing else; 0 = never", ASSUMPTION, ge=0, le=2000,
    )  # fmt: skip
    staged_minutes: float = param(
        0.5, "minutes", "work left on a parcel that was packed ahead", "first doors 6 minutes after the balance, "
        "anecdote; assumption", ge=0, le=60,
    )  # fmt: skip
    old_after_days: int = param(60, "days", "age from which stock counts as old", ASSUMPTION, ge=0, le=3660)
    line_haul_cv: float = param(
        0.35, "1", "coefficient of variation of a truck's road time",
        "assumption that gives about 81 % to door within 72 h (State Post Bureau 2023)", ge=0, le=3,
    )  # fmt: skip
    courier_hours: tuple[int, int] = param((8, 20), "hour of day", "when couriers start and stop", strict=False)
    fidelity: Literal["compiled", "parcel"] = param(
        "compiled", "name", "how stations are computed: compiled queues, or plain SimPy with a process a job, "
        "which gives the same times some hundred times slower",
    )  # fmt: skip
    stores: dict[str, Store] = Field(
        default={}, description="a store for a city, by the city's name; without one its store channel ships"
    )

    @property
    def promised_hours(self) -> dict[str, float]:
        """Hours from order to door by promise class, the standard one first."""
        return {STANDARD: self.promise_hours} | {name: promise.hours for name, promise in self.promises.items()}
