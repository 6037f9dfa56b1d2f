"""What the scenario alone lets one expect, beside what the world does."""

from __future__ import annotations

import numpy as np
import pytest

from sim.scenario import load_scenario
from sim.scenario.expected import belonging, liking, orders_while
from sim.world import World

SMALL = ["market.consumers=200", "calendar.scored_days=5", "calendar.settlement_days=0"]
SERVED = [
    "catalogue.services.how={kind: tutorials, skus: [apparel], appeal: 0.3}",
    "catalogue.services.set={kind: matching_sets, partner: tee}",
    "catalogue.skus.tee.content=0.7",
    "operations.promise_hours=48",
]


def test_liking_is_that_of_the_consumers() -> None:
    scenario = load_scenario("double12", [*SMALL, *SERVED])
    world = World(scenario, "big_promo", "gut_feel", 1)
    order = [list(scenario.catalogue.skus).index(name) for name in world.shop.skus]
    assert np.array_equal(liking(scenario)[:, order], world.consumers.liking)


@pytest.mark.slow
def test_expected_orders_are_about_those_of_the_world() -> None:
    """Double 12 counts its balances and the two days before its evening; December has no festival in it."""
    size = ["market.consumers=20000", "calendar.scored_days=32", "calendar.settlement_days=0"]
    scenario = load_scenario("double12", size)
    every, days = belonging(scenario, []), slice(61, 92)  # 1 to 31 December
    run = World(scenario, "always_on", "closed_loop", 1).run()
    expected = orders_while(scenario, scenario.campaigns["year_end_good_price"], every)
    assert run.daily["orders"][days].sum() == pytest.approx(expected, rel=0.2)
    run = World(scenario, "big_promo", "closed_loop", 1).run()
    before = run.daily["orders"][66:70].mean() * 20 / 24
    expected = orders_while(scenario, scenario.campaigns["double12"], every)
    assert run.daily["orders"][70:73].sum() - before == pytest.approx(expected, rel=0.2)
