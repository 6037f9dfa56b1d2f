"""Generated campaigns: where they lie, and that they keep the budget they were made from."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from sim.errors import ScenarioError
from sim.scenario import Scenario, load_scenario, resolved, shipped_scenarios
from sim.scenario.campaigns import Campaign
from sim.scenario.festivals import festival_date
from sim.scenario.schema import field_table, json_schema
from sim.scenario.warnings import warnings_of


def made(entry: str, *extra: str) -> tuple[Scenario, dict[str, Campaign]]:
    """The shipped scenario, and the campaigns of a schedule with one entry."""
    scenario = load_scenario("double12", [*extra, f"schedules.x=[{entry}]"])
    return scenario, {name: scenario.campaigns[name] for name in scenario.schedules["x"]}


def length(campaign: Campaign) -> timedelta:
    return campaign.end - campaign.start + timedelta(seconds=1)


def offered(*campaigns: Campaign) -> list[float]:
    """[markdown, ritual, saving, traffic], each x days."""
    days = [length(c) / timedelta(days=1) for c in campaigns]
    values = [
        (c.markdown, c.ritual, c.threshold.save_yuan if c.threshold else 0.0, c.traffic_yuan_per_day) for c in campaigns
    ]
    return [sum(v * d for v, d in zip(column, days, strict=True)) for column in zip(*values, strict=True)]


@pytest.mark.parametrize("k", range(1, 41))
def test_k_events_keep_the_budget_inside_the_scored_days(k: int) -> None:
    scenario, events = made(f"{{k_events: {k}, of: double12}}")
    assert list(events) == [f"double12/{n} of {k}" for n in range(1, k + 1)]
    source, every = scenario.campaigns["double12"], list(events.values())
    assert offered(*every) == pytest.approx(offered(source))
    assert {length(event) for event in every} == {length(source)}
    assert {(event.start.hour, event.start.minute) for event in every} == {(20, 0)}
    assert every[0].start >= datetime(2023, 11, 20) and every[-1].end < datetime(2024, 3, 29)
    first = scenario.scored[0]
    assert all(event.start - timedelta(days=event.announced_days) >= first for event in every)
    gaps = {after.start - before.start for before, after in pairwise(every)}
    assert not gaps or max(gaps) - min(gaps) <= timedelta(days=1)
    for before, after in pairwise(every):
        assert before.end < after.start
        assert after.presale is None or before.end < after.presale.start < after.start


def test_one_event_is_the_source_in_the_middle_and_days_set_the_length() -> None:
    scenario, one = made("{k_events: 1, of: double12}")
    source = scenario.campaigns["double12"]
    (event,) = one.values()
    shift = event.start - source.start
    assert event.start == datetime(2024, 1, 22, 20) and event.presale is not None and source.presale is not None
    assert event.presale.start - source.presale.start == shift
    moved = {"start": source.start, "end": source.end, "presale": source.presale}
    assert event.model_copy(update=moved) == source
    _, short = made("{k_events: 13, of: double12, days: 0.5}")
    assert next(iter(short)) == "double12/1 of 13, 0.5 days each"
    assert short["double12/1 of 13, 0.5 days each"].markdown == pytest.approx(0.15 / 3)
    assert offered(*short.values()) == pytest.approx(offered(source))


def test_52_short_events_fill_a_year() -> None:
    year = load_scenario("year", ["schedules.x=[{k_events: 52, of: double11-2024}]"])
    events = [year.campaigns[name] for name in year.schedules["x"]]
    assert len(events) == 52 and events[0].start.year == events[-1].end.year == 2024
    assert events[51].markdown == pytest.approx(0.15 / 52)
    assert all(event.presale for event in events)


@pytest.mark.parametrize("weeks", range(1, 9))
def test_stages_go_round_the_cities_and_give_each_its_budget(weeks: int) -> None:
    scenario, stages = made(f"{{staged: double12, weeks: {weeks}}}")
    source = scenario.campaigns["double12"]
    assert list(stages) == [f"double12/week {n} of {weeks}" for n in range(1, weeks + 1)]
    assert [s.start for s in stages.values()] == [source.start + timedelta(weeks=n) for n in range(weeks)]
    for city in scenario.market.cities:
        mine = [stage for stage in stages.values() if city in stage.cities]
        assert offered(*mine)[:3] == pytest.approx(offered(source)[:3]), city
    assert offered(*stages.values())[3] == pytest.approx(offered(source)[3])
    if weeks > 1:
        assert [s.cities for s in stages.values()] == [[("hangzhou", "chengdu")[n % 2]] for n in range(weeks)]
    else:
        assert stages["double12/week 1 of 1"].cities == ["hangzhou", "chengdu"]


def test_a_stage_lasts_at_most_its_week_and_keeps_to_the_source_s_cities() -> None:
    _, stages = made("{staged: year_end_good_price, weeks: 2}")
    assert {length(stage) for stage in stages.values()} == {timedelta(days=7)}
    assert {stage.markdown for stage in stages.values()} == {0.05 * 31 / 7}
    _, one = made("{staged: double12, weeks: 2}", "campaigns.double12.cities=[chengdu]")
    assert [(s.cities, s.markdown, s.traffic_yuan_per_day) for s in one.values()] == 2 * [(["chengdu"], 0.075, 1500.0)]


def test_generated_campaigns_are_ordinary_and_a_resolved_scenario_reads_back() -> None:
    scenario, stages = made("double11, {staged: double12, weeks: 2}")
    assert scenario.schedules["x"] == ["double11", "double12/week 1 of 2", "double12/week 2 of 2"]
    assert set(stages) <= set(scenario.campaigns) and warnings_of(scenario) == []
    assert resolved(Scenario.model_validate(resolved(scenario))) == resolved(scenario)


def test_too_many_generated_campaigns_are_refused_at_once() -> None:
    entries = ", ".join(f"{{k_events: 52, of: double12, days: 1.{n}}}" for n in range(100, 110))
    with pytest.raises(ScenarioError) as caught:
        load_scenario("double12", [f"schedules.x=[{entries}]"])
    (fault,) = caught.value.faults
    assert str(fault).endswith(": schedules: must generate at most 500 campaigns, got 520")


def test_names_may_start_with_digits(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "extends: shipped:double12.yaml\n"
        "campaigns: {618: {start: 2024-06-17T20:00, end: 2024-06-18T23:59:59, markdown: 0.1}}\n"
        'schedules: {mid_year: ["618", {k_events: 4, of: "618"}]}\n'
    )
    scenario = load_scenario(tmp_path / "mine.yaml", ["campaigns.618.markdown=0.2"])
    assert scenario.schedules["mid_year"][:2] == ["618", "618/1 of 4"]
    assert scenario.campaigns["618/4 of 4"].markdown == pytest.approx(0.05)


def test_the_schema_and_the_table_know_the_rules() -> None:
    entry = json_schema()["properties"]["schedules"]["additionalProperties"]["items"]["oneOf"]
    assert entry == [{"type": "string"}, {"$ref": "#/$defs/KEvents"}, {"$ref": "#/$defs/Staged"}]
    assert json_schema()["$defs"]["KEvents"]["properties"]["k_events"]["maximum"] == 52
    assert {"schedules.*.k_events", "schedules.*.weeks"} <= {row["path"] for row in field_table()}


def test_the_year_is_shipped_and_the_library_has_the_festivals_own_days() -> None:
    assert "year" in shipped_scenarios()
    year = load_scenario("year")
    assert (year.scored[0], year.scored[1]) == (datetime(2024, 1, 1), datetime(2025, 1, 1))
    for festival in ("618", "double11", "double12"):
        for when in range(2023, 2027):
            campaign, day = year.campaigns[f"{festival}-{when}"], festival_date(festival, when)
            assert campaign.start.date() < day == campaign.end.date() and campaign.start.hour == 20
    for when in range(2023, 2027):
        for name in ("year_end_good_price", "always_on", "weak_ritual"):
            assert year.campaigns[f"{name}-{when}"].start.year == when
        assert year.campaigns[f"always_on-{when}"].ritual == 0.0
    assert len(year.schedules["twelve_events"]) == 13 and len(year.schedules["staged"]) == 7
