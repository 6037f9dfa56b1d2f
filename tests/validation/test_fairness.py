"""No winner is built in: each calendar wins in the market that suits it."""

from __future__ import annotations

import numpy as np
import pytest

from sim.lab.statistics import Difference, paired
from sim.metrics import all_metrics
from sim.scenario import load_scenario

SEEDS = 10
NO_PULL_FORWARD = (
    "market.behaviour.fatigue_per_ritual=0.0", "market.behaviour.waiting_weight=0.0",
    "market.behaviour.stockpiling=0.0",
    "catalogue.categories.soft_drinks.storability=0.05", "catalogue.categories.skincare.storability=0.05",
    "catalogue.categories.apparel.storability=0.05",
)  # fmt: skip
UNLIMITED = (
    "operations.warehouses.hangzhou_dc.pickers=900", "operations.warehouses.hangzhou_dc.inspectors=60",
    "operations.couriers.hangzhou.couriers=900", "operations.couriers.chengdu.couriers=900",
    "operations.service_desk.agents=200", "operations.labour.guaranteed_share=0.0",
    "line_ups.closed_loop.staffing={use: quantile, guaranteed_share: 0.0}",
)  # fmt: skip
TIRED_AND_TIGHT = (  # and nothing to hire: with temps and surge runs the closed loop carries a tired festival easily
    "market.behaviour.fatigue_per_ritual=2.0", "operations.warehouses.hangzhou_dc.pickers=3",
    "operations.couriers.hangzhou.couriers=2", "operations.couriers.chengdu.couriers=2",
    "operations.couriers.hangzhou.surge_max_factor=0.0", "operations.couriers.chengdu.surge_max_factor=0.0",
    "operations.labour.temp_max_factor=0.0", "operations.service_desk.agents=1",
)  # fmt: skip


def festival_over_always_on(*settings: str) -> Difference:
    """Paired difference in profit, yuan, of the festival against always-on."""
    from sim.world import World  # compiled kernels: only where a world is run

    scenario = load_scenario("double12", ["market.consumers=20000", *settings])
    profit = all_metrics()["profit"].of
    runs = {
        schedule: [profit(World(scenario, schedule, "closed_loop", seed).run()) for seed in range(SEEDS)]
        for schedule in ("big_promo", "always_on")
    }
    return paired(np.array(runs["big_promo"]), np.array(runs["always_on"]))


@pytest.mark.slow
def test_the_festival_wins_without_fatigue_pull_forward_and_limits() -> None:
    difference = festival_over_always_on(*NO_PULL_FORWARD, *UNLIMITED)
    assert difference.low > 0, difference


@pytest.mark.slow
def test_always_on_wins_with_strong_fatigue_and_tight_capacity() -> None:
    difference = festival_over_always_on(*TIRED_AND_TIGHT)
    assert difference.high < 0, difference
