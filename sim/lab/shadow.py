"""Shadow prices of capacity: what one more picker, inspector, docker, courier or agent-hour is worth a day.

A finite difference between twins: the same world with so many more of one resource, all else and every draw the same.
Twice, as the value bends: with one more, and with a tenth more (rounded up). Yuan per unit and day of the days that
profit counts. `net` is the difference in profit as it is, with the unit's own wages in it; `gross` has them taken out:
what the unit is worth before it is paid. Its own wages are the regular pay of its station (a shop's own staff: of its
store), which the roster decides; what it saves in overtime, temps and couriers' surge runs is its worth, not its price.
Couriers (a van each) are paid by the parcel, so that one more costs nothing by itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.actors.view import shop_of
from sim.lab import store
from sim.lab.texts import aligned, around, number
from sim.lab.twins import Progress, Twin, Watch, changed, chosen, live_all, mean_of, plain
from sim.ledger import History
from sim.metrics.profit import profit
from sim.scenario import Scenario

AGENT_HOURS = 8.0
"""Hours of a regular's day."""
_STATIONS = {
    "pickers": ("pick_pack", "picker"),
    "inspectors": ("returns", "inspector"),
    "dockers": ("inbound", "docker"),
}


@dataclass(frozen=True)
class Resource:
    """Something there could be more of."""

    name: str
    unit: str
    path: tuple[str, ...]
    heads: int
    station: str | None
    """Whose regular pay is its price; a store is named `store:CITY`, None where it has none."""
    units_per_head: float = 1.0


@dataclass(frozen=True)
class ShadowPrices:
    """What more of each resource is worth."""

    schedule: str
    line_up: str
    table: pd.DataFrame
    """One row a resource and step."""
    failures: list[str]

    def text(self) -> str:
        """The table for people."""
        head = ("resource", "there are", "more", "net yuan/unit/day", "95 % interval", "its own pay",
                "gross yuan/unit/day", "95 % interval", "verdict", "pairs")  # fmt: skip
        rows = [head]
        for r in self.table.to_dict("records"):
            rows.append((
                str(r["resource"]), f"{r['units']:g} {r['unit']}s", f"{r['more']:g}", number(r["net"]),
                around(r["net"], r["net_low"], r["net_high"]), number(r["pay"]), number(r["gross"]),
                around(r["gross"], r["gross_low"], r["gross_high"]), str(r["verdict"]), str(r["pairs"]),
            ))  # fmt: skip
        title = f"{self.schedule} with {self.line_up}: profit of one more, per day"
        return "\n".join([title, "", *aligned(rows, {2, 3, 4, 5, 6, 7, 9})])

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; NaN becomes null."""
        rows = self.table.astype(object).where(self.table.notna(), None).to_dict("records")
        return {"schedule": self.schedule, "line_up": self.line_up, "prices": rows, "failed": self.failures}


def shadow(
    scenario: Scenario, *, schedule: str | None = None, line_up: str | None = None, replications: int | None = None,
    seed: int | None = None, workers: int | None = None, out: Path | None = None, progress: Progress | None = None,
) -> ShadowPrices:  # fmt: skip
    """Shadow prices of every resource of the scenario; the baseline's schedule and line-up where not named. Writes
    shadow.csv where `out` is given."""
    schedule, line_up = chosen(scenario, schedule, line_up)
    if out is not None:
        store.prepare(out)
    found = resources(scenario)
    base = Twin(scenario, schedule, line_up)
    worlds, steps = {"as it is": base}, [(r, more) for r in found for more in _steps(r)]
    for r, more in steps:
        worlds[_name(r, more)] = Twin(changed(scenario, (r.path, r.heads + more)), schedule, line_up)
    watch: Watch[dict[str, float]] = plain(_profit_and_pay)
    root = scenario.seed if seed is None else seed
    lives = live_all(worlds, watch, root, replications or scenario.replications, workers or 1, progress)
    days = scenario.calendar.days - scenario.calendar.warm_up_days
    rows = [_row(r, more, lives.of["as it is"], lives.of[_name(r, more)], days) for r, more in steps]
    result = ShadowPrices(schedule, line_up, pd.DataFrame(rows), lives.failures)
    if out is not None:
        store.write_csv(out / "shadow.csv", result.table)
    return result


def resources(scenario: Scenario) -> list[Resource]:
    """All that there is a number of in the scenario."""
    ops, out = scenario.operations, list[Resource]()
    for name, warehouse in ops.warehouses.items():
        for field, (station, unit) in _STATIONS.items():
            heads = getattr(warehouse, field)
            if heads is not None:
                where = ("operations", "warehouses", name, field)
                out.append(Resource(f"{name} {field}", unit, where, heads, f"{name}/{station}"))
    for city, fleet in ops.couriers.items():
        path = ("operations", "couriers", city, "couriers")
        out.append(Resource(f"{city} couriers", "courier", path, fleet.couriers, None))
    for city, shop in ops.stores.items():
        path = ("operations", "stores", city, "staff")
        out.append(Resource(f"{city} store staff", "assistant", path, shop.staff, f"store:{city}"))
    desk = ("operations", "service_desk", "agents")
    return [*out, Resource("agents", "agent-hour", desk, ops.service_desk.agents, "service_desk", AGENT_HOURS)]


def _steps(resource: Resource) -> list[int]:
    """One more head, and a tenth more."""
    return sorted({1, max(1, math.ceil(resource.heads / 10))})


def _name(resource: Resource, more: int) -> str:
    return f"{resource.name} +{more}"


def regular_pay(history: History) -> dict[str, float]:
    """Yuan of regular pay by station and store, over the days that profit counts: what `Crew.start` books."""
    scenario, out = history.scenario, dict[str, float]()
    shop, share = shop_of(scenario), scenario.operations.labour.guaranteed_share
    for n, name in enumerate(history.stations):
        least = share * 8.0 * float(shop.station_heads[n])
        hours = np.maximum(history.hours_worked[n, 0, history.counted], least)
        out[name] = float(np.round(100 * shop.station_hour_yuan[n] * hours).sum()) / 100
    for city, terms in scenario.operations.stores.items():
        begin, end = scenario.market.channels[terms.channel].hours
        days = history.counted.stop - history.counted.start
        out[f"store:{city}"] = terms.staff * (end - begin) * terms.hour_yuan * days
    return out


def _profit_and_pay(history: History) -> dict[str, float]:
    return {"profit": profit.of(history), **regular_pay(history)}


def _row(
    resource: Resource, more: int, base: list[dict[str, float]], twin: list[dict[str, float]], days: int
) -> dict[str, Any]:
    def of(lives: list[dict[str, float]], name: str | None) -> Any:
        return np.array([life[name] if name else 0.0 for life in lives])

    units = more * resource.units_per_head
    scale = 1.0 / (units * days)
    pay = scale * (of(twin, resource.station) - of(base, resource.station))
    gained = scale * (of(twin, "profit") - of(base, "profit"))
    net, gross = mean_of(gained), mean_of(gained + pay)
    verdict = "pays" if net.low > 0 else "does not pay" if net.high < 0 else "undecided"
    if not (gained.any() or pay.any()):
        verdict = "idle"
    return {
        "resource": resource.name, "unit": resource.unit, "units": resource.heads * resource.units_per_head,
        "more": units, "net": net.mean, "net_low": net.low, "net_high": net.high, "pay": float(pay.mean()),
        "gross": gross.mean, "gross_low": gross.low, "gross_high": gross.high, "verdict": verdict, "pairs": net.pairs,
    }  # fmt: skip
