"""A smaller market in its own proportions: the same as an object and as settings."""

from __future__ import annotations

from typing import Any

import pytest

from sim.scenario import Scenario, load_scenario
from sim.scenario.scaled import scale_settings, scaled


def test_settings_make_the_scaled_scenario() -> None:
    whole = load_scenario("double12")
    small = load_scenario("double12", scale_settings(whole, 10_000))
    assert small == scaled(whole, 10_000) != whole
    assert small.market.consumers == 10_000


@pytest.mark.parametrize("consumers", [10_000, 1_000, 250_000])
@pytest.mark.parametrize("name", ["double12", "stores"])
def test_people_stay_whole_and_what_they_can_do_is_in_proportion(name: str, consumers: int) -> None:
    whole = load_scenario(name)
    ops, factor = scaled(whole, consumers).operations, consumers / whole.market.consumers

    def same(old: Any, new: Any, heads: str, pace: str) -> None:
        exact = factor * getattr(old, heads)
        assert getattr(new, heads) == max(1, round(exact))
        assert getattr(new, heads) * getattr(new, pace) == pytest.approx(exact * getattr(old, pace))

    for site, old in whole.operations.warehouses.items():
        new = ops.warehouses[site]
        same(old, new, "pickers", "orders_per_hour")
        same(old, new, "inspectors", "returns_per_hour")
        same(old, new, "dockers", "units_per_hour")
        assert new.space_litres == pytest.approx(factor * old.space_litres)
    for city, fleet in whole.operations.couriers.items():
        same(fleet, ops.couriers[city], "couriers", "parcels_per_day")
    for city, store in whole.operations.stores.items():
        same(store, ops.stores[city], "staff", "served_per_hour")
    before, after = whole.operations.service_desk, ops.service_desk
    assert after.agents / after.handle_minutes == pytest.approx(factor * before.agents / before.handle_minutes)


def test_the_payroll_is_in_proportion() -> None:
    whole = load_scenario("double12")

    def payroll(scenario: Scenario) -> float:
        sites = scenario.operations.warehouses.values()
        return scenario.operations.labour.hour_yuan * sum(w.pickers + w.inspectors + (w.dockers or 0) for w in sites)

    assert payroll(scaled(whole, 10_000)) == pytest.approx(0.1 * payroll(whole))


def test_nothing_changes_at_its_own_size() -> None:
    whole = load_scenario("double12")
    assert scaled(whole, whole.market.consumers) == whole
