"""Small worlds for tests: the shipped scenario, fewer people, fewer days."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sim.ledger import History
from sim.scenario import Scenario, load_scenario

SMALL = ("market.consumers=4000", "calendar.warm_up_days=30", "calendar.scored_days=50", "calendar.settlement_days=10",
         "calendar.start=2023-10-25")  # fmt: skip


@pytest.fixture(scope="session")
def small() -> Callable[..., Scenario]:
    """`small("path=value", ...)` -> the shipped scenario, 4,000 people, 90 days over both festivals."""
    return lambda *extra: load_scenario("double12", (*SMALL, *extra))


@pytest.fixture(scope="session")
def history(small: Callable[..., Scenario]) -> History:
    """One finished run."""
    from sim.world import World  # compiled kernels: only where a world is run

    return World(small(), "big_promo", "closed_loop", seed=11).run()
