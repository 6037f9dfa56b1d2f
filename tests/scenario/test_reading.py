"""Reading, merging and setting: what a scenario says is what is simulated."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from sim.errors import ScenarioError
from sim.scenario import load_scenario, resolved, scenario_hash, shipped_scenarios
from sim.scenario.merge import SHIPPED
from sim.scenario.reader import read, scalar
from sim.scenario.root import Scenario
from sim.scenario.schema import field_table, json_schema
from sim.scenario.starter import starter
from sim.scenario.warnings import warnings_of


@pytest.mark.parametrize(
    ("text", "value"),
    [("10:30", "10:30"), ("NO", "NO"), ("yes", "yes"), ("on", "on"), ("1e3", 1000.0), ("0o17", 15), ("0x1F", 31),
     ("010", 10), ("1_000", "1_000"), ("2023-12-12", "2023-12-12"), ("true", True), ("Null", None), ("~", None),
     ("-3", -3), (".5", 0.5), ("-.inf", float("-inf")), ("1.2.3", "1.2.3"), ("", None)],
)  # fmt: skip
def test_yaml_1_2_core_rules(text: str, value: object) -> None:
    assert scalar(text) == value and type(scalar(text)) is type(value)


def test_shipped_scenarios_load_by_name_with_real_dates() -> None:
    assert "double12" in shipped_scenarios()
    scenario = load_scenario("double12")
    assert scenario.calendar.days == 210 and scenario.market.consumers == 100_000
    assert scenario.calendar.date_of(72).isoformat() == "2023-12-12"
    assert scenario.campaigns["double12"].start.isoformat() == "2023-12-10T20:00:00"
    assert len(scenario.catalogue.skus) == 20 and warnings_of(scenario) == []


def test_extends_merges_key_by_key_and_null_removes(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("extends: shipped:double12.yaml\nreplications: 3\nseed: 5\n")
    (tmp_path / "top.yaml").write_text(
        "extends: base.yaml\nseed: 6\ncatalogue: {skus: {robot_vacuum: null}}\nmarket: {consumers: 10}\n"
    )
    scenario = load_scenario(tmp_path / "top.yaml")
    assert (scenario.seed, scenario.replications, scenario.market.consumers) == (6, 3, 10)
    assert "robot_vacuum" not in scenario.catalogue.skus and len(scenario.catalogue.skus) == 19
    assert scenario.market.prospect_share == 0.3
    assert scenario.folder == tmp_path.resolve()


def test_set_values_win_and_are_located() -> None:
    changed = load_scenario(
        "double12",
        ["market.consumers=50", "schedules.none=[]", "line_ups.closed_loop.pricing={use: personal, floor: 0.12}"],
    )
    assert changed.market.consumers == 50 and changed.schedules["none"] == []
    assert changed.line_ups["closed_loop"].pricing.parameters == {"floor": 0.12}
    for text, message in (
        ("market.consumers=x", "--set: market.consumers: must be a whole number of at least 1, got 'x'"),
        ("market.consumers", "--set: must be PATH=VALUE, got 'market.consumers'"),
        ("seed.x=1", "--set: seed: must be a mapping to set a part of it, got 20231212"),
        ("markt.consumers=1", "--set: must have known keys only, got 'markt'; did you mean 'market'?"),
        ("seed=[", "--set: seed: must be valid YAML: did not find expected node content"),
        ("market={a: 1, a: 2}", "--set: market.a: must stand only once, this is a duplicate key"),
        ("market.consumers=", "--set: market.consumers: must have a value (null takes an entry out), got nothing"),
    ):
        with pytest.raises(ScenarioError) as caught:
            load_scenario("double12", [text])
        assert str(caught.value).splitlines()[0] == message


def test_all_settings_are_told_and_a_parameter_can_be_set() -> None:
    with pytest.raises(ScenarioError) as caught:
        load_scenario("double12", ["seed=x", "market", "replications=0"])
    assert len(caught.value.faults) == 3
    floor = load_scenario("double12", ["line_ups.closed_loop.pricing.floor=0.12"]).line_ups["closed_loop"].pricing
    assert (floor.use, floor.parameters) == ("personal", {"floor": 0.12})


def test_a_scenario_survives_pickle_and_its_hash_is_its_content() -> None:
    scenario = load_scenario("double12")
    again = pickle.loads(pickle.dumps(scenario))
    assert again == scenario and again.folder == scenario.folder
    assert scenario_hash(again) == scenario_hash(scenario)
    assert scenario_hash(load_scenario("double12", ["seed=1"])) != scenario_hash(scenario)
    turned = scenario.catalogue.model_copy(update={"skus": dict(reversed(scenario.catalogue.skus.items()))})
    assert scenario_hash(scenario.model_copy(update={"catalogue": turned})) != scenario_hash(scenario)
    assert resolved(Scenario.model_validate(resolved(scenario))) == resolved(scenario)


def test_the_starter_is_valid(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(starter("mine"))
    scenario = load_scenario(tmp_path / "mine.yaml")
    assert scenario.schedules["four_events"][-1] == "double12/4 of 4"
    assert warnings_of(scenario) == []


def test_every_field_has_unit_meaning_and_source() -> None:
    table = field_table()
    assert len(table) > 120
    assert [row["path"] for row in table if not row["meaning"]] == []
    numbers = [row for row in table if row["default"].replace(".", "").isdigit()]
    assert [row["path"] for row in numbers if not row["unit"] or not row["source"]] == []


def test_the_schema_names_every_field() -> None:
    schema = json_schema()
    assert schema["$schema"].endswith("2020-12/schema")
    assert {"market", "campaigns", "extends", "line_ups"} <= set(schema["properties"])
    consumers = schema["$defs"]["Market"]["properties"]["consumers"]
    assert consumers["minimum"] == 1 and consumers["unit"] == "people"


def told_by_schema(text: str) -> list[str]:
    """Where an editor with the JSON Schema would mark a scenario file."""
    validator = Draft202012Validator(json_schema())
    return [".".join(map(str, error.path)) for error in validator.iter_errors(read(text.encode(), "x").data)]


def test_the_schema_accepts_what_ships() -> None:
    Draft202012Validator.check_schema(json_schema())
    texts = [(SHIPPED / f"{name}.yaml").read_text("utf-8") for name in shipped_scenarios()]
    for text in (*texts, (SHIPPED / "base" / "campaigns.yaml").read_text("utf-8"), starter("mine")):
        assert told_by_schema(text) == []
    assert told_by_schema("name: x") == [""] * 6  # so many parts are missing, and nothing is extended


SHORT = (
    "line_ups: {closed_loop: {pricing: personal}}",
    "line_ups: {closed_loop: {pricing: {use: personal, floor: 0.12}}}",
    "line_ups: {closed_loop: {pricing: {use: personal, parameters: {floor: 0.12}}}}",
    "schedules: {more: [double12, {k_events: 4, of: double12}, {staged: double12, weeks: 2}], three_weeks: null}",
    "campaigns: {double12: {presale: null, start: 2023-12-10T20:00}}",
    "catalogue: {skus: {robot_vacuum: null, tee: {sizes: {xl: null, l: 0.45}}}}",
    "calendar: {start: 2023-10-02}",
)


@pytest.mark.parametrize("text", SHORT)
def test_reader_and_schema_accept_each_short_form(tmp_path: Path, text: str) -> None:
    (tmp_path / "mine.yaml").write_text(f"extends: shipped:double12.yaml\n{text}\n")
    load_scenario(tmp_path / "mine.yaml")
    assert told_by_schema((tmp_path / "mine.yaml").read_text()) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [("line_ups: {closed_loop: {pricing: 5}}", "line_ups.closed_loop.pricing"), ("markt: {}", ""),
     ("market: {consumers: lots}", "market.consumers"), ("schedules: {x: [{staged: double12, week: 2}]}",
     "schedules.x.0"), ("campaigns: {double12: {start: 5}}", "campaigns.double12.start")],
)  # fmt: skip
def test_the_schema_marks_what_the_reader_refuses(text: str, place: str) -> None:
    assert told_by_schema(f"extends: shipped:double12.yaml\n{text}\n") == [place]


def test_warnings_name_offers_that_add_up_below_cost() -> None:
    deep = load_scenario("double12", ["campaigns.double12.markdown=0.5", "campaigns.double11.start=2022-01-01T00:00",
                                      "campaigns.double11.end=2022-01-02T00:00",
                                      "campaigns.double11.presale=null"])  # fmt: skip
    told = "\n".join(warnings_of(deep))
    assert "campaigns.double12: markdown 0.5, threshold 300 - 50" in told and "SKUs below cost" in told
    assert "campaigns.double11: lies outside the calendar" in told


def test_warnings_name_years_without_known_festivals() -> None:
    late = ["calendar.start=2036-01-01"]
    plain = [*late, "market.spring_festival_demand=1.0", "catalogue.categories.skincare.gift_demand=0"]
    assert any("lunar festivals are known for 2015" in line for line in warnings_of(load_scenario("double12", late)))
    assert not any("lunar" in line for line in warnings_of(load_scenario("double12", plain)))
