"""Slices of the day: what is kept of the one before is what would be built afresh."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import sim.world
from sim.actors.slices import slice_of
from sim.scenario import load_scenario
from sim.world import World

SHORT = ("market.consumers=400", "calendar.start=2023-11-28", "calendar.warm_up_days=2", "calendar.scored_days=24",
         "calendar.settlement_days=2")  # fmt: skip


@pytest.mark.parametrize(("schedule", "line_up"), [("big_promo", "gut_feel"), ("always_on", "closed_loop")])
def test_a_slice_kept_in_part_equals_one_built_afresh(
    schedule: str, line_up: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Through a pre-sale, gifts that run out, a festival, a bundle, weeks of new appeal, prices of every day."""
    made, kept = 0, set()

    def both(world: World, begin: int, end: int) -> Any:
        nonlocal made
        counter, ours = world.counter, slice_of(world, begin, end)
        kept.update((name, id(result)) for name, (_, result) in counter.built.items())
        before = dict(counter.built)
        counter.built.clear()
        for name, mine, fresh in zip(ours._fields, ours, slice_of(world, begin, end), strict=True):
            np.testing.assert_array_equal(mine, fresh, err_msg=f"{name} on day {world.day}")
        counter.built.update(before)
        made += 1
        return ours

    monkeypatch.setattr(sim.world, "slice_of", both)
    scenario = load_scenario("double12", [*SHORT, "campaigns.double12.gifts.tote_bag.stock_units=800"])
    World(scenario, schedule, line_up, seed=2).run()
    assert made >= 2 * 28 and 4 <= len(kept) < made  # some built anew, most not
