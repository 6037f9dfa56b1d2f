"""One forecast and what came: the right day, the merchant's own forecast, and a run that is none the wiser."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sim.actors.base import Actor
from sim.lab.fan import PERCENT, eve, run_with_fan
from sim.lab.run import run_one
from sim.scenario import load_scenario
from sim.world import World
from tests.world.markets import campaign, market

TINY = ("market.consumers=1000", "calendar.start=2023-11-27", "calendar.warm_up_days=5", "calendar.scored_days=20",
        "calendar.settlement_days=5")  # fmt: skip


def test_the_day_is_the_eve_of_the_first_campaign_that_starts_in_the_scored_days() -> None:
    scenario = load_scenario("double12")
    days = {name: str(scenario.calendar.date_of(eve(scenario, name))) for name in ("big_promo", "always_on")}
    assert days == {"big_promo": "2023-12-09", "always_on": "2023-11-30"}
    assert eve(load_scenario("double12", TINY), "always_on") == 5  # the season began in the warm-up
    assert eve(market(10, {"sale": campaign(0, 3)}), "plain") == 0


def test_the_fan_is_the_merchants_forecast_and_what_was_wanted() -> None:
    """Asked again of a world with a guest of our own; on the days after the calendar nothing came."""
    scenario, kept = load_scenario("double12", TINY), dict[int, object]()
    result, fan = run_with_fan(scenario, "big_promo", "gut_feel", 5)

    class Guest(Actor):
        def decide(self) -> None:
            kept[self.world.day] = self.world.merchant.last.forecast.paths.sum(axis=(1, 2))

    world = World(scenario, "big_promo", "gut_feel", 5, guests=(Guest,))
    world.run()
    wanted = world.records.wanted.sum(axis=(0, 1))
    assert fan["date"].iloc[0] == "2023-12-09" and fan["day"].tolist() == list(range(12, 12 + len(fan)))
    for p in PERCENT:
        np.testing.assert_allclose(fan[f"q{p:02d}"], np.quantile(kept[12], p / 100, axis=0))
    known = fan["day"] < scenario.calendar.days
    assert 0 < known.sum() < len(fan) and fan.loc[~known, "actual"].isna().all()
    assert fan.loc[known, "actual"].tolist() == wanted[12:].tolist()
    assert fan.loc[fan["campaigns"] == "double12", "date"].tolist() == ["2023-12-10", "2023-12-11", "2023-12-12"]
    assert run_one(scenario, "big_promo", "gut_feel", 5).to_dict() == result.to_dict()  # nobody noticed


def test_a_run_that_fails_has_no_fan() -> None:
    scenario = load_scenario("double12", (*TINY, "compare.decision_seconds=0.000001"))
    result, fan = run_with_fan(scenario, "big_promo", "gut_feel", 5)
    assert result.error is not None and fan.equals(pd.DataFrame())
