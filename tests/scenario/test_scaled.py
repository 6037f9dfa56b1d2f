"""A smaller market in its own proportions: the same as an object and as settings."""

from __future__ import annotations

from sim.scenario import load_scenario
from sim.scenario.scaled import scale_settings, scaled


def test_settings_make_the_scaled_scenario() -> None:
    whole = load_scenario("double12")
    small = load_scenario("double12", scale_settings(whole, 10_000))
    assert small == scaled(whole, 10_000) != whole
    assert small.market.consumers == 10_000


def test_staff_and_fleets_are_a_tenth_and_at_least_one() -> None:
    whole = load_scenario("double12")
    for consumers in (10_000, 1_000):
        ops, factor = scaled(whole, consumers).operations, consumers / whole.market.consumers
        for name, site in whole.operations.warehouses.items():
            assert ops.warehouses[name].pickers == max(1, round(factor * site.pickers))
            assert ops.warehouses[name].space_litres == factor * site.space_litres
        for name, fleet in whole.operations.couriers.items():
            assert ops.couriers[name].couriers == max(1, round(factor * fleet.couriers))
        assert ops.service_desk.agents == max(1, round(factor * whole.operations.service_desk.agents))


def test_nothing_changes_at_its_own_size() -> None:
    whole = load_scenario("double12")
    assert scaled(whole, whole.market.consumers) == whole
