"""A whole world in both fidelities of its stations, and Little's law in every run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sim.actors.station import Station
from sim.errors import LawBrokenError
from sim.kernels import station as kernel
from sim.ledger import History
from sim.scenario import Scenario, load_scenario
from sim.world import World
from tests.world.same import differences

SHORT = ("market.consumers=2000", "calendar.warm_up_days=10", "calendar.scored_days=20",
         "calendar.settlement_days=5", "calendar.start=2023-11-25")  # fmt: skip


def both(overrides: tuple[str, ...], line_up: str, seed: int) -> tuple[History, History]:
    """The same run with compiled stations and with a process a job."""
    compiled, parcel = (
        World(load_scenario("double12", (*overrides, f"operations.fidelity={name}")), "big_promo", line_up, seed).run()
        for name in ("compiled", "parcel")
    )
    return compiled, parcel


def assert_same(compiled: History, parcel: History) -> None:
    assert compiled.daily["parcels_delivered"].sum() > 0
    assert differences(compiled, parcel) == []
    for name in ("sku_units", "sku_paid", "offer_units"):
        assert np.array_equal(getattr(compiled, name), getattr(parcel, name))


@pytest.mark.parametrize("line_up", ["gut_feel", "closed_loop"])
def test_a_small_market_is_the_same_in_both_fidelities(line_up: str) -> None:
    """With one picker and one agent, so that queues stand, orders wait for days and callers give up."""
    desk = "operations.service_desk"
    scarce = ("operations.warehouses.hangzhou_dc.pickers=1", f"{desk}.agents=1", f"{desk}.patience_minutes=1",
              f"{desk}.question_per_visit=0.4")  # fmt: skip
    compiled, parcel = both((*SHORT, *scarce), line_up, seed=3)
    assert_same(compiled, parcel)
    assert compiled.daily["tickets_abandoned"].sum() > 0
    assert compiled.daily["backlog_pick_pack"].max() > 0


@pytest.mark.slow
def test_the_shipped_scenario_is_the_same_in_both_fidelities() -> None:
    assert_same(*both((), "closed_loop", seed=20231212))


def test_a_run_that_breaks_littles_law_stops(small: Callable[..., Scenario], monkeypatch: pytest.MonkeyPatch) -> None:
    """A job whose arrival is changed while it waits: the number inside and its sojourn no longer agree."""
    world = World(small(*SHORT), "big_promo", "gut_feel", seed=1)
    take, spoilt = Station.take, False

    def spoil(station: Station):  # type: ignore[no-untyped-def]  # stands in for take
        nonlocal spoilt
        out = take(station)
        slot = int(station._state[kernel.SEEN]) - 1
        if not spoilt and slot >= 0 and station._queue[kernel.START, slot] != kernel.TAKEN:
            station._queue[kernel.ARRIVAL, slot] -= 1
            spoilt = True
        return out

    monkeypatch.setattr(Station, "take", spoil)
    with pytest.raises(LawBrokenError, match="little"):
        world.run()
    assert spoilt
