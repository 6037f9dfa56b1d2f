"""What can go wrong around a campaign: one table of events, each with its threshold, and how far a run went.

A risk is an event: its reading in the window, from the campaign's first day to `AFTERMATH_DAYS` after its last, goes
beyond the threshold. Losses are rough, by the formula in the table, and overlap (a queue makes parcels late): they rank
risks and must not be added up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.actors.base import Actor
from sim.ledger import TICKET_TYPES
from sim.scenario.campaigns import Campaign
from sim.scenario.expected import window
from sim.scenario.root import Scenario
from sim.world import World

Floats = NDArray[np.float64]
AFTERMATH_DAYS = 10
"""Days after a campaign in which its queues and late parcels still count (assumption: backlogs clear in a week)."""
_USUAL_DAYS = 14
"""Days before the snapshot that tell what is usual."""
_LATE_REORDERS = 0.07
"""Share of later orders that a late parcel costs: 5 to 9 % of established buyers reorder less."""


@dataclass(frozen=True)
class Risk:
    """One row of the table."""

    name: str
    event: str
    """The reading and its unit."""
    threshold: float
    lead: str
    """What the latest day to act depends on: train, supply, surge or cash."""
    action: str
    """Name of what helps, as in `actions.ACTIONS`; empty where the model knows nothing."""
    loss: str


RISKS: dict[str, Risk] = {r.name: r for r in (
    Risk("over_capacity", "hours of work that wait at a station, at worst", 12.0, "train", "temps",
         "overtime that clears what waits beyond the threshold"),
    Risk("tickets", "contacts of a type a day in the window, as a multiple of the usual", 2.0, "train", "agents",
         "agents' time for contacts beyond the threshold, after the bot"),
    Risk("desk_abandoned", "share of contacts passed on by the bot that are given up", 0.10, "train", "agents",
         "agents' time that would have answered them"),
    Risk("courier_shortfall", "days of work that wait at a city's depot, at worst", 1.0, "surge", "couriers",
         "surge pay for what waits beyond the threshold"),
    Risk("promise_misses", "share of parcels handed over late", 0.15, "surge", "couriers",
         "contacts and 7 % of a next order's margin, each late parcel"),
    Risk("empty_shelves", "share of wanted units that are not on the shelf", 0.02, "supply", "stock",
         "margin of the units refused"),
    Risk("broken_sizes", "share of units that are a neighbour of the buyer's size", 0.01, "supply", "stock",
         "carriage of such a unit's return"),
    Risk("gift_shortage", "share of orders whose promised gift is gone", 0.01, "supply", "gifts",
         "contacts about missing gifts"),
    Risk("supplier_late", "units overdue, in days of usual sales, at worst", 0.5, "supply", "stock",
         "margin of the units refused"),
    Risk("abnormal_returns", "units of an SKU that come back, as a multiple of what is usual of as many", 1.5, "supply",
         "", "carriage and write-off of what is beyond the threshold"),
    Risk("cash_shortfall", "least cash, yuan below zero", 0.0, "cash", "smaller_orders",
         "a month's interest on the gap"),
)}  # fmt: skip
"""All but conflicting rules, which the scenario alone tells (sim/scenario/warnings.py). Thresholds are assumptions;
`--threshold NAME=VALUE` sets others."""


@dataclass(frozen=True)
class Window:
    """Simulated days: [first, last) is what readings cover, `opens` the hour of the day of the campaign's start."""

    first: int
    ends: int
    """The day after the campaign's last."""
    last: int

    @classmethod
    def of(cls, scenario: Scenario, campaign: Campaign) -> Window:
        """The window of a campaign, within the calendar."""
        second, (begin, end) = scenario.calendar.second_of, window(scenario, campaign)
        first, ends = second(begin) // 86_400, -(-second(end) // 86_400)
        return cls(first, ends, min(scenario.calendar.days, ends + AFTERMATH_DAYS))


@dataclass(frozen=True)
class Reading:
    """How far one run went: the value, its worst or first day, what it cost, and where."""

    value: float
    day: int
    loss_yuan: float
    detail: str = ""


class Lookout(Actor):
    """Sees every day what no table keeps: units that suppliers promised and have not sent. Changes nothing."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.overdue = np.zeros(world.spec.calendar.days)
        """(T,) units overdue after the day's trucks."""

    def decide(self) -> None:
        """06:00."""
        world = self.world
        late = (u.sum() for s in world.suppliers.values() for due, u in s.promised.items() if due < world.day)
        self.overdue[world.day] = float(sum(late))


def read(world: World, where: Window, today: int) -> dict[str, Reading]:
    """All readings of a world that has lived through the window; names with a part behind a colon are one a part.

    Call it before `World.run` lets the actors go.
    """
    out: dict[str, Reading] = {}
    for reader in (_stations, _desk, _couriers, _service, _shelf, _returns, _money):
        out |= reader(world, where, today)
    return out


def _worst(values: Floats, where: Window) -> tuple[float, int]:
    """(largest, its day) of daily values in the window."""
    part = values[where.first : where.last]
    n = int(part.argmax())
    return float(part[n]), where.first + n


def _hours(world: World, row: int, where: Window) -> tuple[Floats, Floats, float]:
    """Of a station: (jobs waiting at the end of each hour, arrivals, mean jobs an hour its people can do)."""
    records = world.records
    came, done = records.arrivals_hourly[row].reshape(-1), records.finished_hourly[row].reshape(-1)
    hours = slice(24 * where.first, 24 * where.last)
    inside = np.maximum(0.0, (came.cumsum() - done.cumsum())[hours].astype(np.float64))
    return inside, came[hours].astype(np.float64), float(records.capacity_hourly[row].reshape(-1)[hours].mean())


def _stations(world: World, where: Window, _: int) -> dict[str, Reading]:
    """Queues of all stations that have people, hour by hour."""
    out, labour = {}, world.spec.operations.labour
    for row, name in enumerate(world.shop.stations):
        inside, came, able = _hours(world, row, where)
        if able <= 0.0:
            continue
        waits = inside / able
        n, rush = int(waits.argmax()), int(came.argmax())
        beyond = max(0.0, float(waits[n]) - RISKS["over_capacity"].threshold) * able
        hours = beyond / max(1e-9, float(world.shop.station_per_hour[row]))
        loss = hours * labour.overtime_factor * float(world.shop.station_hour_yuan[row])
        over = float(came[rush]) / able
        text = f"{came[rush]:.0f} an hour at {rush % 24:02d}:00, {over:.1f} x capacity"
        out[f"over_capacity:{name}"] = Reading(float(waits[n]), where.first + n // 24, loss, text)
    return out


def _contact_yuan(world: World) -> float:
    """What a contact costs on average: agents' time, after the bot."""
    desk, wage = world.spec.operations.service_desk, world.spec.operations.labour.agent_hour_yuan
    return (1.0 - desk.bot_containment) * desk.handle_minutes / 60.0 * wage / desk.concurrency


def _desk(world: World, where: Window, today: int) -> dict[str, Reading]:
    """Contacts by type, and those given up."""
    out, days = {}, where.last - where.first
    yuan = _contact_yuan(world)
    for n, kind in enumerate(TICKET_TYPES):
        count = world.records.tickets_by_type[n]
        usual = max(0.5, float(count[max(0, today - _USUAL_DAYS) : today].mean()))
        seen = count[where.first : where.last].astype(np.float64)
        most, day = _worst(count.astype(np.float64), where)
        beyond = max(0.0, float(seen.sum()) - RISKS["tickets"].threshold * usual * days)
        out[f"tickets:{kind}"] = Reading(float(seen.mean()) / usual, day, beyond * yuan, f"{most:.0f} on the worst day")
    daily, part = world.ledger.daily, slice(where.first, where.last)
    passed = int((daily["tickets"] - daily["tickets_bot"])[part].sum())
    lost = daily["tickets_abandoned"].astype(np.float64)
    _, day = _worst(lost, where)
    share = float(lost[part].sum()) / max(1, passed)
    full = yuan / max(1e-9, 1.0 - world.spec.operations.service_desk.bot_containment)
    out["desk_abandoned"] = Reading(share, day, float(lost[part].sum()) * full)
    return out


def _couriers(world: World, where: Window, _: int) -> dict[str, Reading]:
    """Queues at the depots."""
    out, records = {}, world.records
    for row, name in enumerate(world.shop.cities):
        came, done = records.courier_arrivals_hourly[row].sum(axis=1), records.courier_finished_hourly[row].sum(axis=1)
        inside = (came.cumsum() - done.cumsum()).astype(np.float64)
        able = float(records.courier_capacity_hourly[row][where.first : where.last].sum(axis=1).mean())
        if able <= 0.0:
            continue
        waits, day = _worst(inside / able, where)
        beyond = max(0.0, waits - RISKS["courier_shortfall"].threshold) * able
        extra = 2.0 * world.spec.operations.couriers[name].surge_extra_yuan
        out[f"courier_shortfall:{name}"] = Reading(waits, day, beyond * extra, f"{waits * able:.0f} parcels")
    return out


def _service(world: World, where: Window, _: int) -> dict[str, Reading]:
    """Promises and gifts."""
    daily, part, desk = world.ledger.daily, slice(where.first, where.last), world.spec.operations.service_desk
    late, handed = daily["parcels_late"].astype(np.float64), daily["parcels_delivered"]
    orders, missing = int(daily["orders"][part].sum()), daily["gifts_missing"].astype(np.float64)
    each = desk.contacts_if_late * _contact_yuan(world) + _LATE_REORDERS * _margin(world, where)
    n = float(late[part].sum())
    day = _worst(np.divide(late, handed, out=np.zeros(late.size), where=handed > 0), where)[1]
    gone = float(missing[part].sum())
    gift_day = _worst((missing > 0).astype(np.float64), where)[1]
    asked = desk.contacts_if_gift_missing * _contact_yuan(world)
    return {
        "promise_misses": Reading(n / max(1, int(handed[part].sum())), day, n * each, f"{n:.0f} parcels"),
        "gift_shortage": Reading(gone / max(1, orders), gift_day, gone * asked, f"{gone:.0f} gifts"),
    }


def _margin(world: World, where: Window) -> float:
    """Yuan that an order of the window earned over the cost of its goods."""
    accounts, part = world.ledger.accounts, slice(where.first, where.last)
    names = ("gross_sales", "markdowns", "thresholds", "coupons", "bundles", "gifts", "cost_of_goods")
    earned = sum(int(accounts[name][part].sum()) for name in names) / 100
    return earned / max(1, int(world.ledger.daily["orders"][part].sum()))


def _shelf(world: World, where: Window, today: int) -> dict[str, Reading]:
    """Units refused, sizes gone, trucks overdue."""
    daily, part = world.ledger.daily, slice(where.first, where.last)
    lost, wanted = daily["lost_units"].astype(np.float64), int(daily["wanted_units"][part].sum())
    units = max(1, int(daily["units"][part].sum()))
    margin = _margin(world, where) * int(daily["orders"][part].sum()) / units
    gone, misfit = float(lost[part].sum()), daily["misfit_lines"].astype(np.float64)
    _, day = _worst(lost, where)
    _, size_day = _worst(misfit, where)
    usual = max(1.0, float(daily["units"][max(0, today - _USUAL_DAYS) : today].mean()))
    overdue = _lookout(world).overdue
    ahead = Window(today + 1, where.ends, where.ends)  # what is late before the campaign ends can still hurt it
    late, late_day = _worst(overdue / usual, ahead)
    neighbours = float(misfit[part].sum())
    carriage = world.spec.operations.finance.return_yuan
    return {
        "empty_shelves": Reading(gone / max(1, wanted), day, gone * margin, f"{gone:.0f} units"),
        "broken_sizes": Reading(neighbours / units, size_day, neighbours * carriage, f"{neighbours:.0f} lines"),
        "supplier_late": Reading(late, late_day, gone * margin, f"{late * usual:.0f} units"),
    }


def _lookout(world: World) -> Lookout:
    return next(actor for actor in world.agents if isinstance(actor, Lookout))


def _returns(world: World, where: Window, _: int) -> dict[str, Reading]:
    """The SKU of at least 20 expected returns that comes back most, against its usual rate."""
    records, shop = world.records, world.shop
    back = records.returned[:, where.first : where.last].sum(axis=1)
    sent = records.shipped[:, max(0, where.first - AFTERMATH_DAYS) : where.last - AFTERMATH_DAYS // 2].sum(axis=1)
    usual = shop.return_rate * sent
    ratio = np.where(usual >= 20, back / np.maximum(usual, 1.0), 0.0)
    k = int(ratio.argmax())
    beyond = max(0.0, float(back[k]) - RISKS["abnormal_returns"].threshold * float(usual[k]))
    each = world.spec.operations.finance.return_yuan + (1.0 - world.resale_share[k]) * float(shop.unit_cost[k])
    day = _worst(records.returned[k].astype(np.float64), where)[1]
    return {"abnormal_returns": Reading(float(ratio[k]), day, beyond * each, shop.skus[k] if ratio[k] else "")}


def _money(world: World, where: Window, today: int) -> dict[str, Reading]:
    """Cash from today on."""
    cash = world.ledger.daily["cash_yuan"]
    gap, day = _worst(-cash, Window(today, where.ends, where.last))
    rate = world.spec.operations.finance.interest_per_year / 12
    return {"cash_shortfall": Reading(gap, day, max(0.0, gap) * rate, f"least cash {-gap:,.0f} yuan")}


def threshold_of(name: str, thresholds: dict[str, float]) -> float:
    """A reading's threshold: its own, its risk's, or the table's."""
    risk = name.partition(":")[0]
    return thresholds.get(name, thresholds.get(risk, RISKS[risk].threshold))
