"""A smaller market in its own proportions, for a quick answer to the same question."""

from __future__ import annotations

from sim.scenario.root import Scenario


def scaled(scenario: Scenario, consumers: int) -> Scenario:
    """A smaller market with as much less of everything that serves it; whole people, so loads are only about alike."""
    factor, ops = consumers / scenario.market.consumers, scenario.operations

    def heads(n: int | None) -> int | None:
        return n if not n else max(1, round(factor * n))

    warehouses = {name: w.model_copy(update={
        "pickers": heads(w.pickers), "inspectors": heads(w.inspectors), "dockers": heads(w.dockers),
        "space_litres": factor * w.space_litres,
    }) for name, w in ops.warehouses.items()}  # fmt: skip
    couriers = {name: f.model_copy(update={"couriers": heads(f.couriers)}) for name, f in ops.couriers.items()}
    desk = ops.service_desk.model_copy(update={"agents": heads(ops.service_desk.agents)})
    cash = ops.finance.model_copy(update={"opening_cash_yuan": factor * ops.finance.opening_cash_yuan})
    smaller = ops.model_copy(
        update={"warehouses": warehouses, "couriers": couriers, "service_desk": desk, "finance": cash}
    )
    market = scenario.market.model_copy(update={"consumers": consumers})
    out = scenario.model_copy(update={"market": market, "operations": smaller})
    out._folder = scenario.folder
    return out


def scale_settings(scenario: Scenario, consumers: int) -> list[str]:
    """What `scaled` changes, as PATH=VALUE."""
    ops = scaled(scenario, consumers).operations
    sections = [
        ("finance", ops.finance, ("opening_cash_yuan",)), ("service_desk", ops.service_desk, ("agents",)),
        *((f"warehouses.{name}", w, ("pickers", "inspectors", "dockers", "space_litres"))
          for name, w in ops.warehouses.items()),
        *((f"couriers.{name}", fleet, ("couriers",)) for name, fleet in ops.couriers.items()),
    ]  # fmt: skip
    values = [(f"{where}.{name}", getattr(terms, name)) for where, terms, names in sections for name in names]
    changed = [f"operations.{path}={value!r}" for path, value in values if value is not None]
    return [f"market.consumers={consumers}", *changed]
