"""Twins share their draws, the same world is lived through once, and a world that fails takes its seed along."""

from __future__ import annotations

from typing import Any

import pytest

from sim.errors import UsageError
from sim.lab import twins
from sim.lab.twins import NothingCameThroughError, Twin, changed, live_all, metrics_of, plain, schedule_with
from sim.ledger import History
from sim.scenario import load_scenario
from tests.world.markets import campaign, market


def shop(**changes: Any) -> Any:
    return market(3, {"sale": campaign(1, 1, markdown=0.2)}, market={"consumers": 300}, **changes)


def units(history: History) -> int:
    return int(history.daily["units"].sum())


def test_the_same_world_is_lived_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lived: list[int] = []
    real = twins.live

    def counted(watch: Any, job: Any) -> Any:
        lived.append(job[1])
        return real(watch, job)

    monkeypatch.setattr(twins, "live", counted)
    scenario = shop()
    off = changed(scenario, (("schedules", "plain"), []))
    worlds = {"a": Twin(scenario, "plain", "plain"), "b": Twin(changed(scenario), "plain", "plain"),
              "off": Twin(off, "plain", "plain")}  # fmt: skip
    found = live_all(worlds, plain(units), 1, 2)
    assert len(lived) == 4 and len(set(lived)) == 2
    assert found.of["a"] == found.of["b"] != found.of["off"]
    assert found.replications == [0, 1] and not found.failures


def test_a_failed_world_takes_its_seed_along_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario, n = shop(), iter(range(9))

    def second_fails(history: History) -> int:
        if next(n) == 1:
            raise ValueError("no such luck")
        return units(history)

    found = live_all({"only": Twin(scenario, "plain", "plain")}, plain(second_fails), 1, 3)
    assert found.replications == [0, 2] and len(found.of["only"]) == 2
    assert found.failures == ["only replication 1: ValueError: no such luck"]


def test_nothing_came_through() -> None:
    def fails(history: History) -> int:
        raise ValueError("never")

    with pytest.raises(NothingCameThroughError, match="only replication 0: ValueError: never") as told:
        live_all({"only": Twin(shop(), "plain", "plain")}, plain(fails), 1, 1)
    assert told.value.exit_code == 3


def test_metrics_are_those_of_a_run() -> None:
    (found,) = live_all({"only": Twin(shop(), "plain", "plain")}, metrics_of, 1, 1).of["only"]
    assert found["profit"] != 0.0 and "peak_load" in found


def test_a_campaign_names_its_schedule() -> None:
    scenario = load_scenario("double12")
    assert schedule_with(scenario, "double11", None) == "big_promo"
    assert schedule_with(scenario, "year_end_good_price", None) == "always_on"
    with pytest.raises(UsageError, match="--campaign: must be one of"):
        schedule_with(scenario, "x", None)
    with pytest.raises(UsageError, match="which stands in none"):
        schedule_with(changed(scenario, (("schedules", "always_on"), [])), "year_end_good_price", None)
