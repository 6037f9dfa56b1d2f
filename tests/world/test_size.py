"""A large assortment in many cities runs, and a consumer costs the bytes that were promised."""

from __future__ import annotations

import numpy as np

from sim.scenario import Scenario, load_scenario
from sim.world import World


def large(skus: int, cities: int) -> Scenario:
    """The shipped scenario with `skus` SKUs in its four categories and `cities` equal cities, for ten days."""
    base = load_scenario("double12")
    overrides = ["market.consumers=5000", "calendar={warm_up_days: 0, scored_days: 10, settlement_days: 0}"]
    for name in base.catalogue.categories:
        here = sum(sku.category == name for sku in base.catalogue.skus.values())
        overrides += [f"catalogue.skus.{name}_{n}={{category: {name}, list_price_yuan: {50 + n}, unit_cost_yuan: 30, "
                      f"appeal: -3.0}}" for n in range(skus // 4 - here)]  # fmt: skip
    overrides += [
        f"{path}.{city}=null" for city in base.market.cities for path in ("market.cities", "operations.couriers")
    ]
    for n in range(cities):
        overrides += [f"market.cities.city{n}={{share: {1 / cities}}}", f"operations.couriers.city{n}={{couriers: 3}}"]
    return load_scenario("double12", overrides)


def test_500_skus_in_10_cities_live_through_their_days() -> None:
    world = World(large(500, 10), "big_promo", "closed_loop", seed=1)
    history = world.run()
    assert history.sku_units.shape == (500, 10)
    assert (history.sku_units.sum(axis=1) > 0).sum() > 250
    assert np.array_equal(history.sku_units.sum(axis=0), history.daily["units"])
    assert (world.records.visits.sum(axis=1) > 0).all()


def test_a_consumer_of_the_default_market_takes_at_most_96_bytes() -> None:
    people = World(load_scenario("double12", ["market.consumers=1000"]), "big_promo", "gut_feel", 1).consumers.people
    assert people.bytes_each() <= 96
