"""What one more is worth: nothing where there is plenty, its pay where it only costs, more where it is scarce."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sim.cli import main
from sim.lab.shadow import AGENT_HOURS, regular_pay, resources, shadow
from sim.scenario import Scenario, load_scenario
from tests.world.markets import market, play


def shop(**operations: Any) -> Scenario:
    return market(6, market={"consumers": 400}, operations=operations)


def prices(scenario: Scenario, replications: int = 2) -> dict[tuple[str, float], dict[Any, Any]]:
    found = shadow(scenario, replications=replications)
    return {(str(r["resource"]), float(r["more"])): r for r in found.table.to_dict("records")}


def test_every_resource_there_is() -> None:
    names = [r.name for r in resources(load_scenario("double12"))]
    assert names == ["hangzhou_dc pickers", "hangzhou_dc inspectors", "hangzhou_dc dockers", "hangzhou couriers",
                     "chengdu couriers", "agents"]  # fmt: skip
    assert [r.name for r in resources(load_scenario("stores"))][-2].endswith("store staff")


def test_where_there_is_plenty_one_more_costs_its_pay_and_is_worth_nothing() -> None:
    """A fixed roster has everybody at work for 8 hours at 28 yuan; an agent's hour is 30 yuan."""
    found = prices(shop())
    for more in (1.0, 20.0):  # and a tenth of two hundred
        row = found["w pickers", more]
        assert row["pay"] == pytest.approx(8 * 28.0) and row["net"] == pytest.approx(-8 * 28.0)
        assert row["gross"] == pytest.approx(0.0, abs=1e-6) and row["verdict"] == "does not pay"
    agent = found["agents", AGENT_HOURS]
    assert agent["units"] == 50 * AGENT_HOURS and agent["net"] == pytest.approx(-30.0)
    courier = found["home couriers", 1.0]
    assert courier["pay"] == courier["net"] == courier["gross"] == 0.0 and courier["verdict"] == "idle"


def test_where_pickers_are_scarce_one_more_is_worth_its_pay_and_more() -> None:
    """Two people cannot pack what is sold, and what is left makes contacts, lost trust and no more sales from it."""
    scenario = market(20, market={"consumers": 3000, "behaviour": {
        "trust_visit_weight": 2.0, "trust_choice_weight": 2.0, "late_established": 0.3, "late_first": 0.3}},
        operations={"warehouses": {"w": {"start_days": 1000.0, "pickers": 4, "inspectors": 20}}})  # fmt: skip
    row = prices(scenario)["w pickers", 1.0]
    assert row["gross"] > 0.0 and row["gross"] == pytest.approx(row["net"] + row["pay"])


def test_regular_pay_is_what_was_booked() -> None:
    """Without overtime and temps the accounts hold nothing else."""
    lived = play(shop())
    accounts, pay = lived.history.accounts, regular_pay(lived.history)
    assert pay["service_desk"] == pytest.approx(-accounts["service_desk"].sum() / 100)
    mine = sum(yuan for name, yuan in pay.items() if name.startswith("w/"))
    assert mine == pytest.approx(-accounts["labour_regular"].sum() / 100)


def test_command(capsys: pytest.CaptureFixture[str]) -> None:
    main(["shadow", "double12", "--replications", "2", "--workers", "1", "--json", "--set", "market.consumers=500",
          "--set", "calendar.start=2023-11-25", "--set", "calendar.warm_up_days=5", "--set", "calendar.scored_days=20",
          "--set", "calendar.settlement_days=2"])  # fmt: skip
    found = json.loads(capsys.readouterr().out)
    assert {"net", "net_low", "net_high", "gross", "pay"} <= set(found["prices"][0])
    assert (found["schedule"], found["line_up"]) == ("big_promo", "gut_feel")
