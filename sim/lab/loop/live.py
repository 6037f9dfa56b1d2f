"""One replication: a history as usual, then the same morning twice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim import snapshot
from sim.lab.loop.scribe import Notes, Scribe
from sim.scenario import Scenario
from sim.world import World, line_up_of

FIGURES: dict[str, tuple[str, str]] = {
    "profit": ("yuan", "all income less all costs, in the weeks and in the time after them"),
    "profit_in_weeks": ("yuan", "of it in the weeks of the plan; stock left counts at cost"),
    "orders": ("orders", "orders accepted in the weeks"),
    "units": ("units", "units sold in the weeks"),
    "refused_share": ("share", "units refused for want of stock, of those wanted in the weeks"),
    "late_share": ("share", "parcels late, of those handed over in the weeks"),
    "promo_spend": ("yuan", "list less paid, gifts and paid traffic in the weeks"),
    "outreach": ("yuan", "messages in the weeks"),
    "overtime_and_temps": ("hours", "warehouse and service desk in the weeks"),
    "stock_value": ("yuan", "stock at cost on the last evening of the weeks"),
    "customers": ("people", "who have ordered and not left, at the end of all"),
}
"""What is compared: unit and meaning."""


@dataclass(frozen=True)
class Span:
    """Simulated days: the plan covers [first, last), the time after it [last, end)."""

    first: int
    last: int
    end: int


@dataclass(frozen=True)
class Task:
    """One replication, to be lived."""

    scenario: Scenario
    schedule: str
    line_up: str
    usual: str
    span: Span
    seed: int


@dataclass(frozen=True)
class Replication:
    """What the same morning came to, as usual and with the loop; or the error that ended it."""

    usual: dict[str, float]
    loop: dict[str, float]
    notes: Notes | None
    covered: float = float("nan")
    """Share of (SKU, city, day) whose wanted units lay within the first morning's 5 % and 95 % quantiles."""
    error: str | None = None


def live(task: Task) -> Replication:
    """Lives one replication. Whatever a strategy does wrong ends this one only, as its error."""
    try:
        return _live(task)
    except KeyboardInterrupt:
        raise
    except Exception as error:  # a user's strategy may fail in any way; the other replications go on
        return Replication({}, {}, None, error=f"{type(error).__name__}: {error}")


def _live(task: Task) -> Replication:
    world = World(task.scenario, task.schedule, task.usual, task.seed, guests=[Scribe])
    world.live(task.span.first)
    frozen = snapshot.freeze(world)
    world.live(task.span.end)
    usual = figures(world, task.span)
    world.release()
    world = World.thawed(frozen)
    scribe = next(actor for actor in world.agents if isinstance(actor, Scribe))
    before = dict(world.merchant.line_up)
    world.merchant.line_up.update(line_up_of(task.scenario, task.line_up))
    scribe.begin()
    world.live(task.span.last)
    notes, scribe.notes = scribe.notes, None
    world.merchant.line_up.update(before)
    world.live(task.span.end)
    loop = figures(world, task.span)
    assert notes is not None
    covered = _covered(world, notes, task.span)
    world.release()
    return Replication(usual, loop, notes, covered)


def _covered(world: World, notes: Notes, span: Span) -> float:
    days = min(notes.forecast.shape[-1], span.last - span.first)
    wanted = world.records.wanted[:, :, span.first : span.first + days]
    low, high = notes.forecast[0, ..., :days], notes.forecast[-1, ..., :days]
    return float(((low <= wanted) & (wanted <= high)).mean())


def figures(world: World, span: Span) -> dict[str, float]:
    """All of `FIGURES` of a world that has lived through the span."""
    daily, accounts = world.ledger.daily, world.ledger.accounts
    weeks, whole = slice(span.first, span.last), slice(span.first, span.end)

    def total(name: str) -> float:
        return float(daily[name][weeks].sum())

    worked = world.records.hours_worked[:, 1:, weeks]  # overtime and temps
    return {
        "profit": sum(int(a[whole].sum()) for a in accounts.values()) / 100,
        "profit_in_weeks": sum(int(a[weeks].sum()) for n, a in accounts.items() if n != "salvage_loss") / 100,
        "orders": total("orders"), "units": total("units"),
        "refused_share": total("lost_units") / max(1.0, total("wanted_units")),
        "late_share": total("parcels_late") / max(1.0, total("parcels_delivered")),
        "promo_spend": total("promo_spend_yuan"),
        "outreach": -int(accounts["outreach"][weeks].sum()) / 100,
        "overtime_and_temps": float(np.asarray(worked).sum()),
        "stock_value": float(daily["stock_value_yuan"][span.last - 1]),
        "customers": float(daily["customers"][span.end - 1]),
    }  # fmt: skip
