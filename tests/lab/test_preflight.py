"""The risk list: events are counted right, actions act, scores are those of the book, bad input says what is wrong."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from sim.errors import UsageError
from sim.lab.preflight.actions import SIZES
from sim.lab.preflight.backtest import Event, reliability, scaled, score, slope_of
from sim.lab.preflight.forecast import Outcome, came, lead_days, risk_rows
from sim.lab.preflight.risks import RISKS, Reading, Window
from sim.lab.preflight.run import back_test, risk_list
from sim.scenario import Scenario, load_scenario

TINY = ("market.consumers=1500", "calendar.start=2023-11-27", "calendar.warm_up_days=5", "calendar.scored_days=20",
        "calendar.settlement_days=5")  # fmt: skip


@pytest.fixture(scope="module")
def tiny() -> Callable[..., Scenario]:
    """The shipped scenario, few people, one month; its festival begins on day 13."""
    return lambda *extra: load_scenario("double12", (*TINY, *extra))


def outcome(value: float, day: int = 14, loss: float = 0.0) -> Outcome:
    return Outcome({"cash_shortfall": Reading(value, day, loss)}, 0.0)


def test_probability_loss_and_dates_of_a_risk_are_counted(tiny: Callable[..., Scenario]) -> None:
    outcomes = [outcome(5.0, 14, 100.0), outcome(7.0, 16, 300.0), outcome(7.0, 16, 200.0), outcome(-1.0, 3, 999.0)]
    (row,) = risk_rows(tiny(), outcomes, 10, {})
    assert row.probability == 0.75 and row.low < 0.75 < row.high
    assert row.loss_yuan == 150.0  # nothing where the event did not come
    assert str(row.day) == "2023-12-13" and str(row.act_by) == "2023-12-12" and not row.too_late
    (strict,) = risk_rows(tiny(), outcomes, 16, {"cash_shortfall": 6.0})
    assert strict.probability == 0.5 and strict.too_late
    (never,) = risk_rows(tiny(), outcomes, 10, {"cash_shortfall": 8.0})
    assert (never.probability, never.low, never.day, never.loss_yuan) == (0.0, 0.0, None, 0.0) and never.high > 0.1


def test_the_lead_of_an_action_is_that_of_training_or_supply(tiny: Callable[..., Scenario]) -> None:
    slow = tiny("operations.labour.temp_training_days=4", "operations.suppliers.factory.lead_time_days=9")
    assert (lead_days(slow, "train"), lead_days(slow, "supply"), lead_days(slow, "surge")) == (5, 12, 1)


def test_a_risk_without_its_part_means_any_of_its_parts() -> None:
    one = Outcome({"tickets:order": Reading(9.0, 1, 0.0), "tickets:returns": Reading(0.0, 1, 0.0)}, 0.0)
    assert came(one, "tickets", {}) and came(one, "tickets:order", {}) and not came(one, "tickets:returns", {})
    assert not came(one, "tickets", {"tickets:order": 10.0})


# ---- whole lists -------------------------------------------------------------------------------
def test_more_work_than_people_is_foretold_and_acting_on_it_pays_or_costs_what_it_says(
    tiny: Callable[..., Scenario],
) -> None:
    thin = tiny("operations.couriers.hangzhou.couriers=1", "operations.couriers.hangzhou.parcels_per_day=25")
    thin = thin.model_copy(update={"schedules": {"big_promo": ["double12"]}})
    limits = ["courier_shortfall=1.5"]
    found = risk_list(thin, "double12", replications=3, days=5, act="courier_shortfall", limits=limits, workers=1).found
    rows = {row.name: row for row in found.rows}
    assert rows["courier_shortfall:hangzhou"].probability == 1.0
    assert rows["courier_shortfall:hangzhou"].loss_yuan > 0 and rows["courier_shortfall:chengdu"].probability == 0.0
    acted = found.acted
    assert acted is not None and acted.gain is not None and acted.size in SIZES
    assert acted.gain.pairs == 2 and acted.gain.low <= acted.gain.mean <= acted.gain.high  # the half that chose no size
    assert acted.gain.mean != 0.0  # surge is paid for, and lateness saved
    again = risk_list(thin, "double12", replications=3, days=5, limits=limits, workers=1).found
    assert [row.to_dict() for row in again.rows] == [row.to_dict() for row in found.rows]  # same seed, same list
    plenty = risk_list(tiny(), "double12", replications=2, days=5, limits=limits, workers=1).found
    assert {row.name: row for row in plenty.rows}["courier_shortfall:hangzhou"].probability == 0.0
    assert len({o.profit_yuan for o in found.outcomes}) == 3  # the futures differ


def test_a_gift_that_runs_out_is_foretold_and_more_gifts_cure_it(tiny: Callable[..., Scenario]) -> None:
    gift = "campaigns.double12.gifts={tote: {unit_cost_yuan: 4, appeal: 0.1, stock_units: 1400, skus: [skincare]}}"
    found = risk_list(tiny(gift), "double12", "big_promo", replications=2, days=3, act="gift_shortage", workers=1).found
    assert found.acted is not None and (found.acted.before, found.acted.risk) == (1.0, "gift_shortage")
    row = {r.name: r for r in found.rows}["gift_shortage"]
    assert row.probability == 1.0 and "gifts" in row.detail
    assert any(r.name.startswith("conflicting_rules") and "stock_units" in r.detail for r in found.rows)


def test_a_small_back_test_runs_and_its_table_says_what_was_aimed_at(tiny: Callable[..., Scenario]) -> None:
    scores = back_test(tiny(), "double12", events=4, replications=3, days=2, workers=1)
    text = scores.table()
    assert "4 event-seeds" in text and "slope of reliability" in text
    assert all(0.0 < s.base_rate < 1.0 and 0.0 <= s.brier <= 1.0 for s in scores.found.skills)


# ---- scores ------------------------------------------------------------------------------------
def events(truth: list[float], foretold: list[list[float]]) -> list[Event]:
    return [
        Event({"cash_shortfall": (t, 12)}, {"cash_shortfall": np.array(f)})
        for t, f in zip(truth, foretold, strict=True)
    ]


def test_a_perfect_forecast_has_skill_one_and_the_base_rate_none() -> None:
    truth = [1.0, -1.0] * 10
    (sure,) = score(events(truth, [[t] * 4 for t in truth]), {}).skills
    assert (sure.skill, sure.slope, sure.base_rate) == (1.0, 1.0, 0.5)
    assert (sure.warned, sure.happened, sure.lead_days) == (10, 10, 12.0)
    (blind,) = score(events(truth, [[1.0, 1.0, -1.0, -1.0]] * 20), {}).skills
    assert blind.brier == 0.25 and blind.skill == pytest.approx(1 - 0.25 / (10 / 19) ** 2) and math.isnan(blind.slope)
    (wrong,) = score(events(truth, [[-t] * 4 for t in truth]), {}).skills
    assert wrong.skill < -2 and wrong.slope == -1.0


def test_what_is_sure_at_the_tables_threshold_is_scored_at_its_upper_tercile() -> None:
    truth = [float(n) for n in range(1, 31)]
    (one,) = score(events(truth, [[t] for t in truth]), {}).skills
    assert one.tercile and one.base_rate == pytest.approx(1 / 3) and one.skill == 1.0
    assert score(events([1.0] * 9, [[1.0]] * 9), {}).skills == []  # nothing to tell apart


def test_reliability_of_forecasts_drawn_from_their_own_probabilities() -> None:
    rng = np.random.default_rng(5)
    p = rng.random(20_000)
    o = (rng.random(p.size) < p).astype(np.float64)
    assert slope_of(p, o) == pytest.approx(1.0, abs=0.03)
    assert all(abs(mean - share) < 0.03 for mean, share, _ in reliability(p, o))
    assert sum(n for _, _, n in reliability(p, o)) == p.size


def test_a_scaled_market_has_as_much_less_of_everything() -> None:
    small = scaled(load_scenario("double12"), 10_000)
    assert small.market.consumers == 10_000
    assert small.operations.warehouses["hangzhou_dc"].pickers == 2
    assert [f.couriers for f in small.operations.couriers.values()] == [2, 2]


# ---- bad input ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"campaign": "double21"}, "--campaign: must be one of .*did you mean 'double12'"),
        ({"schedule": "big_prom"}, "--schedule: must be one of .*did you mean 'big_promo'"),
        ({"line_up": "gut_feal"}, "--line-up: must be one of .*did you mean 'gut_feel'"),
        ({"days": 13}, "--days: must be at most 12"),
        ({"act": "gift_shortag"}, "--act: must be a risk with an action .*did you mean 'gift_shortage'"),
        ({"act": "abnormal_returns"}, "--act: must be a risk with an action"),
        ({"limits": ["ticket=3"]}, "--threshold: must name a risk .*did you mean 'tickets'"),
        ({"limits": ["tickets=x"]}, "--threshold: tickets: must be a number"),
        ({"limits": ["tickets=nan"]}, "--threshold: tickets: must be a finite number"),
    ],
)
def test_bad_input_is_named(tiny: Callable[..., Scenario], options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        risk_list(tiny(), **{"campaign": "double12", "replications": 2, "workers": 1, **options})  # type: ignore[arg-type]  # one bad option at a time


def test_every_risk_has_a_loss_a_lead_and_an_action_that_exists() -> None:
    from sim.lab.preflight.actions import ACTIONS  # with the world

    assert all(r.loss and r.lead in ("train", "supply", "surge", "cash") for r in RISKS.values())
    assert {r.action for r in RISKS.values()} - {""} == set(ACTIONS)


def test_the_window_ends_in_the_calendar(tiny: Callable[..., Scenario]) -> None:
    scenario = tiny()
    where = Window.of(scenario, scenario.campaigns["double12"])
    assert (where.first, where.ends, where.last) == (13, 16, 26)
