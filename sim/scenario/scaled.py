"""A smaller market in its own proportions, for a quick answer to the same question.

Stations keep whole people; what rounding adds in heads is taken from their pace and from wages, so that capacity is
exact and the payroll nearly so (its mix over stations shifts).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sim.scenario.load import read_back, resolved
from sim.scenario.root import Scenario

Tree = dict[str, Any]


def scaled(scenario: Scenario, consumers: int) -> Scenario:
    """The scenario with so many people, and as much less, or more, of everything that serves them."""
    data = resolved(scenario)
    shrink(data, consumers)
    return read_back(data, scenario.folder)


def scale_settings(scenario: Scenario, consumers: int) -> list[str]:
    """What `scaled` changes, as PATH=VALUE."""
    data = resolved(scenario)
    shrink(data, consumers)
    return [f"{path}={json.dumps(value)}" for path, value in _changes(resolved(scenario), data)]


def shrink(data: Tree, consumers: int) -> float:
    """Gives a resolved scenario so many people, and its operation in proportion, in place; returns the factor."""
    market, operations = data["market"], data["operations"]
    factor: float = consumers / market["consumers"]
    if factor == 1.0:
        return factor
    market["consumers"] = consumers
    exact = whole = 0.0
    for warehouse in operations["warehouses"].values():
        for heads, pace in (("pickers", "orders_per_hour"), ("inspectors", "returns_per_hour"),
                            ("dockers", "units_per_hour")):  # fmt: skip
            if warehouse[heads]:
                exact += warehouse[heads] * factor
                _scale(warehouse, heads, pace, factor)
                whole += warehouse[heads]
        warehouse["space_litres"] *= factor
    if whole:
        operations["labour"]["hour_yuan"] *= exact / whole
    for fleet in operations["couriers"].values():
        _scale(fleet, "couriers", "parcels_per_day", factor)
    _shrink_desk(operations["service_desk"], operations["labour"], factor)
    for store in operations["stores"].values():
        wages = store["staff"] * factor
        _scale(store, "staff", "served_per_hour", factor)
        store["hour_yuan"] *= wages / store["staff"]
        store["rent_yuan_per_day"] *= factor
        store["shelf_litres"] *= factor
    finance = operations["finance"]
    finance["opening_cash_yuan"] *= factor
    finance["platform_yuan_per_day"] *= factor
    for supplier in operations["suppliers"].values():
        if supplier["units_per_day"]:
            supplier["units_per_day"] = max(1, round(supplier["units_per_day"] * factor))
        _breaks(supplier["price_breaks"], factor)
    for sku in data["catalogue"]["skus"].values():
        sku["minimum_order_units"] = max(1, round(sku["minimum_order_units"] * factor))
        _breaks(sku.get("price_breaks") or [], factor)
    return factor


def _shrink_desk(desk: Tree, labour: Tree, factor: float) -> None:
    if not desk["agents"]:
        return
    exact = desk["agents"] * factor
    desk["agents"] = max(1, round(exact))
    slower = desk["agents"] / exact
    labour["agent_hour_yuan"] /= slower
    for place in (desk, *desk["tickets"].values()):
        if place["handle_minutes"]:
            place["handle_minutes"] = min(600.0, place["handle_minutes"] * slower)


def _scale(place: Tree, heads: str, pace: str, factor: float) -> None:
    """Whole heads; the pace of each makes up for rounding."""
    if place[heads]:
        exact = place[heads] * factor
        place[heads] = max(1, round(exact))
        place[pace] *= exact / place[heads]


def _breaks(breaks: list[Tree], factor: float) -> None:
    """Order sizes shrink too; they stay in order."""
    least = 0
    for step in breaks:
        step["units"] = least = max(least + 1, round(step["units"] * factor))


def _changes(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted path, new value) of what differs; a list is one value."""
    if not isinstance(old, dict):
        if old != new:
            yield path, new
        return
    for name, value in old.items():
        yield from _changes(value, new[name], f"{path}.{name}" if path else name)
