"""Everything that moved: units, parcels, tickets, customers and yuan; the laws; tidy histories out.

Money is integer fen. A booking names two accounts of different nature, so that the balance sheet
can be checked every day against what is really on the shelf, on the road and in the calendars:
cash + receivable + stock - payable = opening equity + all profit so far.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import LawBrokenError
from sim.kernels.people import CAUSES as CAUSES
from sim.scenario.operations import TICKET_TYPES as TICKET_TYPES
from sim.scenario.root import Scenario

Ints = NDArray[np.int64]
WAIT_BINS = 96
"""Bins of a histogram of waits: the first holds 0 s, bin n from 1 on begins at 2^((n - 1) / 4) seconds, so that a bin
is 19 % wide, and the last one holds everything from 137 days on."""

PNL: dict[str, str] = {
    "gross_sales": "list price of what was ordered",
    "markdowns": "cut of the shelf price",
    "thresholds": "spend-X-save-Y rules",
    "coupons": "personal coupons",
    "bundles": "savings on bundles",
    "gifts": "gifts given",
    "price_matches": "differences paid under a price-match promise",
    "warranties": "extended warranties sold, net of claims",
    "services": "service assets: advice, tutorials, sets, trade-in",
    "deposits_kept": "deposits whose balance was not paid",
    "refunds": "money paid back for returns",
    "cost_of_goods": "purchase cost of what was ordered",
    "cost_returned": "purchase cost of what came back, sellable or not",
    "write_off": "purchase cost of returns that cannot be sold again",
    "commission": "platform fee, net of refunds",
    "traffic": "paid traffic",
    "outreach": "messages",
    "labour_regular": "regular hours, warehouse",
    "labour_overtime": "overtime hours, warehouse",
    "labour_temps": "temps, hours and training, warehouse",
    "service_desk": "all hours of customer service",
    "packing": "material",
    "line_haul": "trunk transport",
    "couriers": "last mile, base fleet",
    "courier_overtime": "last mile, overtime",
    "courier_surge": "last mile, surge runs",
    "returns_transport": "carriage of returned parcels",
    "space": "warehouse rent",
    "interest": "cost of money bound in stock or working capital",
    "obsolescence": "write-down of aged and out-of-season stock, given back as it is sold",
    "salvage_loss": "mark-down of the stock left on the last day to its salvage value",
    "purchase_variance": "standard cost less invoice of what was delivered: price breaks",
    "store_staff": "all hours of the stores",
    "store_rent": "rent of the stores",
    "platform_fee": "fixed platform fee, beside the commission",
    "cash_interest": "interest earned on cash, or paid on an overdraft",
}
"""P&L accounts and what they hold; income positive, cost negative; profit is their sum.

Holding stock is `space` and `interest`; training and hiring of temps is in `labour_temps`; returns are handled in
`labour_*` (inspection), `returns_transport` and `write_off`.
"""

ASSETS: tuple[str, ...] = ("cash", "receivable", "stock", "payable")
"""Balance accounts; what is owed is negative."""

DAILY: dict[str, str] = {
    "visits": "visits",
    "orders": "orders accepted",
    "units": "units ordered and accepted",
    "wanted_units": "units that would have been ordered with everything on the shelf",
    "lost_units": "units wanted and refused for want of stock",
    "customers": "people who have ordered and not left",
    "new_customers": "prospects who ordered for the first time",
    "left_customers": "customers who left for good",
    "parcels_dispatched": "parcels that left a warehouse",
    "parcels_delivered": "parcels handed over",
    "parcels_late": "parcels handed over after the promised hour",
    "returned_units": "units inspected on the returns dock",
    "tickets": "contacts with customer service",
    "tickets_bot": "contacts resolved by the bot",
    "tickets_served": "contacts answered by an agent",
    "tickets_abandoned": "contacts given up in the queue",
    "backlog_pick_pack": "orders waiting or in work at midnight",
    "backlog_returns": "returned parcels on the dock at midnight",
    "backlog_inbound": "units on the inbound docks at midnight",
    "split_orders": "orders that ship from more than one warehouse",
    "cross_shipped_parcels": "parcels that ship from another warehouse than their city's nearest",
    "backlog_courier": "parcels at couriers' depots at midnight",
    "stock_units": "units on the shelf at midnight",
    "misfit_lines": "lines in a neighbour of the buyer's own size",
    "gifts_missing": "orders whose promised gift was gone",
    "regrets": "buyers who have seen cheaper what they bought",
    "channel_inversions": "SKUs that another channel sold cheaper than the first by more than the red line's gap",
    "red_line_corrections": "prices, coupons and lines corrected by a red line",
    "store_units": "units that buyers took home from a store",
    "store_parcels": "parcels that stores shipped",
    "store_buyers": "buyers served at the tills of stores",
}
"""Daily counts (integers) and what they hold."""

DAILY_FLOATS: dict[str, str] = {
    "order_to_door_hours": "mean hours from order to door, of parcels delivered that day",
    "gmv_yuan": "value ordered at the price paid",
    "promo_spend_yuan": "realised promotion: list minus paid, gifts, price matches and paid traffic",
    "offered_discount_yuan": "units ordered times the public markdown offered on them",
    "stock_value_yuan": "stock at purchase cost, less what is written down",
    "stock_age_days": "mean days since receipt of the units in the warehouses at midnight",
    "stock_old_share": "share of these units that are older than operations.old_after_days",
    "overtime_hours": "overtime worked",
    "temp_hours": "hours worked by temps",
    "courier_overtime_hours": "overtime of couriers",
    "cash_yuan": "cash",
    "receivable_yuan": "paid by buyers, not paid out yet",
    "payable_yuan": "owed to suppliers",
    "store_wait_minutes": "mean wait at the tills, of buyers served that day",
}
"""Daily quantities with their unit in the name."""

LAG_DAYS = 121
"""Bins of the return lag, a day each."""
FORECAST_DAY_TYPES: tuple[str, ...] = ("normal", "promo")
FORECAST_HORIZONS: tuple[int, ...] = (1, 3, 7, 14)
"""Days ahead; 1 is the day on whose morning the forecast was made."""
FORECAST_MEASURES: tuple[str, ...] = (
    "series", "wanted", "crps", "pinball_50", "pinball_90", "coverage_50", "coverage_80", "coverage_90", "error",
)  # fmt: skip
"""Marks of forecasts: number of SKU-cities, units wanted, scores in units, hits of intervals, mean minus wanted."""
_NO_MARKS = (0, len(FORECAST_DAY_TYPES), len(FORECAST_HORIZONS), len(FORECAST_MEASURES))


@dataclass(frozen=True)
class History:
    """What is left of a finished run; all that metrics may read. T simulated days."""

    scenario: Scenario
    schedule: str
    line_up: str
    seed: int
    daily: dict[str, NDArray[Any]]
    """(T,) each; names in `DAILY` and `DAILY_FLOATS`."""
    accounts: dict[str, Ints]
    """(T,) each, fen; names in `PNL`."""
    stations: tuple[str, ...]
    arrivals_hourly: Ints
    """(St, T, 24) jobs that arrived."""
    capacity_hourly: NDArray[np.float64]
    """(St, T, 24) jobs an hour that the people on shift can do."""
    order_customer: NDArray[np.int32]
    """(n,) who placed each accepted order, in order of placement."""
    order_day: NDArray[np.int16]
    """(n,) when."""
    source: NDArray[np.int8]
    """(N,) how each customer was won: 0 at the start, 1 organic, 2 paid, 3 festival, -1 prospect."""
    left: NDArray[np.int8]
    """(N,) why each customer left, an index of `kernels.people.CAUSES`; 0 = he stays."""
    start_stock_value_yuan: float
    end_stock_value_yuan: float
    skus: tuple[str, ...]
    sku_units: Ints
    """(K, T) units that shipped."""
    sku_paid: Ints
    """(K, T) fen paid for them."""
    offer_units: Ints
    """(O, T) units ordered by channel, the pre-sale last."""
    finished_hourly: Ints = field(default_factory=lambda: np.zeros((0, 0, 24), np.int64))
    """(St, T, 24) jobs that were done, or at the service desk given up."""
    hours_worked: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 3, 0)))
    """(St, 3, T) hours of regular staff, overtime and temps, by the day of the roster."""
    wait_counts: Ints = field(default_factory=lambda: np.zeros((0, 0, WAIT_BINS), np.int64))
    """(St, T, B) jobs by the time from arrival to start, in `WAIT_BINS`, by the day they were counted: that on
    which they left with a wave, or were answered. Pick-pack stations and the desk; returns are not kept."""
    wait_seconds: Ints = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    """(St, T) seconds that these jobs waited in all."""
    tickets_by_type: Ints = field(default_factory=lambda: np.zeros((len(TICKET_TYPES), 0), np.int64))
    """(Y, T) contacts by type, as in `TICKET_TYPES`, those that the bot resolved included."""
    courier_arrivals_hourly: Ints = field(default_factory=lambda: np.zeros((0, 0, 24), np.int64))
    """(C, T, 24) parcels that reached each city's depot."""
    courier_capacity_hourly: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0, 24)))
    """(C, T, 24) parcels an hour that the couriers at work can hand over."""
    courier_finished_hourly: Ints = field(default_factory=lambda: np.zeros((0, 0, 24), np.int64))
    """(C, T, 24) parcels handed over."""
    couriers_on_road: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))
    """(C, T) couriers at work within the courier hours, hired runs counted as couriers."""
    late_customer: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    """(m,) whose parcel was handed over after the promised hour."""
    late_day: NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16))
    """(m,) the day on which it had been ordered."""
    return_lags: Ints = field(default_factory=lambda: np.zeros(LAG_DAYS, np.int64))
    """(LAG_DAYS,) lines handed over on scored days that come back, by days from the order to the returns dock; the
    last bin holds all longer ones."""
    lines_delivered: Ints = field(default_factory=lambda: np.zeros(2, np.int64))
    """(2,) lines handed over on scored days: bought on ordinary terms, bought at a festival or in its pre-sale."""
    lines_returned: Ints = field(default_factory=lambda: np.zeros(2, np.int64))
    """(2,) those of them that come back."""
    forecast_marks: NDArray[np.float64] = field(default_factory=lambda: np.zeros(_NO_MARKS))
    """(T, 2, 4, M) sums over SKU-cities by target day, day type, horizon and measure, as named above."""

    @property
    def scored(self) -> slice:
        """Days whose figures count."""
        calendar = self.scenario.calendar
        return slice(calendar.warm_up_days, calendar.warm_up_days + calendar.scored_days)

    @property
    def counted(self) -> slice:
        """Scored days and the settlement after them."""
        return slice(self.scenario.calendar.warm_up_days, self.scenario.calendar.days)


OPERATIONS: tuple[str, ...] = (
    "finished_hourly", "hours_worked", "wait_counts", "wait_seconds", "tickets_by_type", "courier_arrivals_hourly",
    "courier_capacity_hourly", "courier_finished_hourly", "couriers_on_road",
)  # fmt: skip
"""Fields of `History` that are kept under the same name while a run goes on."""


def wait_quantile(counts: Ints, p: float) -> float:
    """Seconds within which a share `p` of the waits counted in (B,) bins ended, right to 9 %: the geometric middle of
    the bin in which it falls; 0 where that is the first, NaN without any.

    >>> wait_quantile(np.array([3, 1]), 0.5)
    0.0
    """
    total = int(counts.sum())
    if total == 0:
        return float("nan")
    n = int(np.searchsorted(np.cumsum(counts), p * total))
    return 0.0 if n == 0 else float(2.0 ** ((n - 0.5) / 4.0))


@dataclass
class Ledger:
    """The books of a run in progress."""

    days: int
    skus: int
    day: int = 0
    opening: int = 0
    daily: dict[str, NDArray[Any]] = field(init=False)
    accounts: dict[str, Ints] = field(init=False)
    balance: dict[str, int] = field(init=False)
    units_in: Ints = field(init=False)
    """(K,) units received, restocked or there at the start."""
    units_out: Ints = field(init=False)
    """(K,) units sold."""
    flows: dict[str, int] = field(default_factory=dict)
    """Counted events of the whole run, by name: what the laws compare stocks of things with."""

    def __post_init__(self) -> None:
        self.daily = {name: np.zeros(self.days, np.int64) for name in DAILY}
        self.daily |= {name: np.zeros(self.days) for name in DAILY_FLOATS}
        self.accounts = {name: np.zeros(self.days, np.int64) for name in PNL}
        self.balance = dict.fromkeys(ASSETS, 0)
        self.units_in = np.zeros(self.skus, np.int64)
        self.units_out = np.zeros(self.skus, np.int64)

    def book(self, account: str, asset: str, fen: int) -> None:
        """An income (positive) or cost (negative) and the balance account that it changes."""
        self.accounts[account][self.day] += int(fen)
        self.balance[asset] += int(fen)

    def move(self, source: str, target: str, fen: int) -> None:
        """Money or value from one balance account to another: no profit, no loss."""
        self.balance[source] -= int(fen)
        self.balance[target] += int(fen)

    def count(self, name: str, number: float) -> None:
        """Adds to a daily count."""
        self.daily[name][self.day] += number

    def flow(self, name: str, number: int) -> None:
        """Adds to a counted event of the whole run."""
        self.flows[name] = self.flows.get(name, 0) + int(number)

    def check(self, law: str, account: str, expected: int, found: int) -> None:
        """Stops the run when what is there is not what the books say."""
        if int(expected) != int(found):
            raise LawBrokenError(law, self.day, account, int(expected), int(found))

    def check_money(self, found: dict[str, int]) -> None:
        """Balance accounts against what was counted, and the balance sheet against all profit."""
        for account, value in found.items():
            self.check("money", account, self.balance[account], value)
        profit = int(np.array([values[: self.day + 1] for values in self.accounts.values()]).sum())
        self.check("money", "equity", self.opening + profit, sum(self.balance.values()))

    def check_units(self, names: tuple[str, ...], found: Ints) -> None:
        """Units of each SKU: all that came in is still there or was sold."""
        expected = self.units_in - self.units_out
        for sku in np.flatnonzero(expected != found):
            self.check("units", names[sku], expected[sku], found[sku])
