"""A campaign's budget in more and more events: what is offered stays, what does not fit is told."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from sim.cli import main
from sim.errors import UsageError
from sim.lab.smoothing import laid_out, smoothing, spread
from sim.scenario import load_scenario
from tests.world.markets import campaign, market


@pytest.mark.parametrize("k", [1, 2, 4, 12, 52])
def test_offered_budget_stays_that_of_the_campaign(k: int) -> None:
    """Depth x time and traffic x time, whatever the length of an event."""
    scenario = load_scenario("double12")
    source = scenario.campaigns["double12"]
    made, hours = laid_out(scenario, "double12", "big_promo", "gut_feel", [52 if k == 1 else 1, k], held=True)
    schedule = made.schedules[f"events_{k}"]
    events = [made.campaigns[name] for name in schedule if name != "double11"]
    second = timedelta(seconds=1)
    assert len(events) == k and schedule[0] == "double11"
    for field in ("markdown", "traffic_yuan_per_day", "ritual"):
        offered = sum(getattr(e, field) * ((e.end - e.start + second) / timedelta(hours=1)) for e in events)
        budget = getattr(source, field) * ((source.end - source.start + second) / timedelta(hours=1))
        assert offered == pytest.approx(budget)
    assert all((e.end - e.start + second) / timedelta(hours=1) == pytest.approx(hours[k]) for e in events)
    assert all(a.end < b.start for a, b in pairwise(events))


def test_first_number_is_the_baseline_of_the_others() -> None:
    scenario = market(20, {"sale": campaign(4, 4, markdown=0.3)}, market={"consumers": 400})
    found = smoothing(scenario, "sale", [1, 4], replications=3, held=False)
    rows = {(r["events"], r["metric"]): r for r in found.table.to_dict("records")}
    first, fourth = rows[1, "profit"], rows[4, "profit"]
    assert first["difference"] == first["low"] == first["high"] == 0.0
    assert fourth["difference"] == pytest.approx(fourth["mean"] - first["mean"]) and fourth["difference"] != 0.0
    assert fourth["low"] < fourth["difference"] < fourth["high"] and fourth["pairs"] == 3
    assert {name for _, name in rows} == {*scenario.compare.metrics, "promo_spend"}
    apart = 100 * (rows[4, "promo_spend"]["mean"] / rows[1, "promo_spend"]["mean"] - 1)
    assert f"{apart:+.1f} %" in found.text() and abs(apart) > 2
    assert "hours each: " in found.text() and "e+" not in found.text()
    assert set(found.table["factor"]) == {1.0}


def test_all_spend_what_the_first_spends(tmp_path: Path) -> None:
    """Within 2 %, by another depth; and what is there already is not run again."""
    scenario = market(20, {"sale": campaign(4, 4, markdown=0.3)}, market={"consumers": 20_000})
    found = smoothing(scenario, "sale", [1, 4], replications=3, out=tmp_path)
    spent = {r["events"]: r["mean"] for r in found.table.to_dict("records") if r["metric"] == "promo_spend"}
    assert spent[4] == pytest.approx(spent[1], rel=0.02)
    assert {r["events"]: r["factor"] == 1.0 for r in found.table.to_dict("records")} == {1: True, 4: False}
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "runs").glob("*.npz")}
    again = smoothing(scenario, "sale", [1, 4], replications=3, out=tmp_path)
    assert again.table.equals(found.table)
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "runs").glob("*.npz")} == before


def test_more_events_are_smoother() -> None:
    """One deep day draws a higher peak than its tenth on ten days: buyers wait for nothing, rituals are none."""
    scenario = market(20, {"sale": campaign(4, 4, markdown=0.5)}, market={"consumers": 2000},
                      compare={"metrics": ["peak_load"]})  # fmt: skip
    table = smoothing(scenario, "sale", [1, 10], replications=2).table
    peaks = {r["events"]: r["mean"] for r in table.to_dict("records") if r["metric"] == "peak_load"}
    assert peaks[10] < peaks[1]


@pytest.mark.parametrize(("k", "message"), [(0, "from 1 to 52"), (53, "from 1 to 52"), (30, "at least an hour")])
def test_numbers_that_do_not_fit(k: int, message: str) -> None:
    scenario = market(20, {"sale": campaign(4, 4, markdown=0.3)})
    with pytest.raises(UsageError, match=message):
        spread(scenario, "sale", k)


SMALL = ["--set", "market.consumers=800", "--set", "calendar.start=2023-11-25", "--set", "calendar.warm_up_days=8",
         "--set", "calendar.scored_days=24", "--set", "calendar.settlement_days=4"]  # fmt: skip


def test_command(capsys: pytest.CaptureFixture[str]) -> None:
    main(["smoothing", "double12", "--campaign", "double12", "--events", "1,4", "--replications", "2", "--workers", "1",
          "--json", *SMALL])  # fmt: skip
    found = json.loads(capsys.readouterr().out)
    assert [r["events"] for r in found["path"] if r["metric"] == "profit"] == [1, 4] and found["failed"] == []


def test_command_refuses_words(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["smoothing", "double12", "--campaign", "double12", "--events", "1,many"])
    assert stop.value.code == 2 and "--events: must be whole numbers" in capsys.readouterr().err
