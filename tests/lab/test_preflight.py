"""The risk list: events are counted right, actions act, scores are those of the book, bad input says what is wrong."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sim.errors import UsageError
from sim.lab.preflight.actions import SIZES
from sim.lab.preflight.backtest import Event, reliability, score, slope_of
from sim.lab.preflight.circumstances import USUAL, Circumstances, of_event, under
from sim.lab.preflight.forecast import Outcome, came, lead_days, risk_rows
from sim.lab.preflight.risks import RISKS, Reading, Window
from sim.lab.preflight.run import back_test, risk_list
from sim.scenario import Scenario, load_scenario
from sim.scenario.scaled import scaled

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
    top = risk_list(thin, "double12", replications=2, days=5, act="top", limits=limits, workers=1).found
    assert top.acted is not None and top.acted.risk == next(r.name for r in top.rows if r.action and not r.too_late)
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
    assert "4 event-seeds" in text and "from 2 others" in text and "slope of reliability" in text
    assert all(0.0 < s.base_rate < 1.0 and 0.0 <= s.brier <= 1.0 for s in scores.found.skills)


@pytest.mark.slow
def test_acting_on_the_top_risk_of_an_event_with_few_hands_raises_profit() -> None:
    """A deeper festival and couriers who do three quarters as much: late parcels cost more than surge does, even where
    fewer of them are still too many and the event comes true all the same."""
    few = load_scenario("double12", ("campaigns.double12.markdown=0.21", "campaigns.double12.ritual=1.1",
                                     "operations.couriers.hangzhou.parcels_per_day=90",
                                     "operations.couriers.chengdu.parcels_per_day=90"))  # fmt: skip
    found = risk_list(few, "double12", replications=16, act="top", consumers=10_000).found
    assert found.acted is not None and found.acted.gain is not None
    assert found.acted.after <= found.acted.before
    assert found.acted.gain.low > 0.0, found.acted


# ---- scores ------------------------------------------------------------------------------------
def events(
    truth: list[float], foretold: list[list[float]] | None = None, terms: list[Circumstances] | None = None
) -> list[Event]:
    several = zip(truth, foretold or [[]] * len(truth), terms or [USUAL] * len(truth), strict=True)
    return [Event({"cash_shortfall": (t, 12)}, {"cash_shortfall": np.array(f)}, c) for t, f, c in several]


def test_a_perfect_forecast_has_skill_one_and_the_base_rate_none() -> None:
    truth = [1.0, -1.0] * 10
    (sure,) = score(events(truth, [[t] * 4 for t in truth]), events(truth), {}).skills
    assert (sure.skill, sure.slope, sure.base_rate, sure.archive_rate, sure.weight) == (1.0, 1.0, 0.5, 0.5, 0.0)
    assert (sure.warned, sure.happened, sure.lead_days) == (10, 10, 12.0)
    (blind,) = score(events(truth, [[1.0, 1.0, -1.0, -1.0]] * 20), events(truth), {}).skills
    assert (blind.brier, blind.climatology, blind.skill) == (0.25, 0.25, 0.0) and math.isnan(blind.slope)
    (wrong,) = score(events(truth, [[-t] * 4 for t in truth]), events(truth), {}).skills
    assert wrong.skill == -3.0 and wrong.slope == -1.0


def test_base_rate_and_threshold_are_the_archives_and_never_the_events_own() -> None:
    archive = events([float(n) for n in range(1, 31)])  # always above 0, so at the upper tercile: 20.3
    for truth in ([21.0] * 3 + [1.0] * 9, [21.0] * 9 + [1.0] * 3):
        (one,) = score(events(truth, [[t] * 2 for t in truth]), archive, {}).skills
        assert one.tercile and one.threshold == pytest.approx(20.33, abs=0.01)
        assert one.archive_rate == pytest.approx(1 / 3) and one.base_rate == truth.count(21.0) / 12
        assert one.climatology == pytest.approx(np.mean([(1 / 3 - (t > 20)) ** 2 for t in truth]))
    assert score(events([1.0] * 9, [[1.0]] * 9), events([1.0] * 9), {}).skills == []  # nothing to tell apart


def test_risks_are_ordered_by_how_often_they_came_true_in_all_event_seeds() -> None:
    """The few of the archive alone would call the other one more common."""

    def both(cash: list[float], desk: list[float]) -> list[Event]:
        none = {"cash_shortfall": np.zeros(2), "desk_abandoned": np.zeros(2)}
        return [
            Event({"cash_shortfall": (c, 1), "desk_abandoned": (d, 1)}, none) for c, d in zip(cash, desk, strict=True)
        ]

    scored = both([1.0] * 2 + [-1.0] * 18, [1.0] * 8 + [0.0] * 12)
    archive = both([1.0] * 5 + [-1.0] * 5, [1.0] * 4 + [0.0] * 6)
    desk, cash = score(scored, archive, {}).skills
    assert (desk.name, desk.rate, desk.archive_rate) == ("desk_abandoned", 12 / 30, 0.4)
    assert (cash.name, cash.rate, cash.archive_rate) == ("cash_shortfall", 7 / 30, 0.5)


def test_shares_of_few_futures_that_tell_nothing_have_no_skill_once_drawn_to_the_base_rate() -> None:
    """Plain shares lose 1/R; forecasts that differ for good keep what they know."""
    rng, n, futures = np.random.default_rng(3), 4000, 5
    truth = np.where(rng.random(n) < 0.4, 1.0, -1.0).tolist()
    archive = events(np.where(rng.random(n) < 0.4, 1.0, -1.0).tolist())
    chance = np.where(rng.random((n, futures)) < 0.4, 1.0, -1.0).tolist()
    (none,) = score(events(truth, chance), archive, {}).skills
    assert none.skill == pytest.approx(0.0, abs=0.02) and 1 - none.raw / none.climatology == pytest.approx(
        -0.2, abs=0.04
    )
    p = rng.beta(1.0, 1.0, n)
    some = np.where(rng.random((n, futures)) < p[:, None], 1.0, -1.0).tolist()
    came = np.where(rng.random(n) < p, 1.0, -1.0).tolist()
    (known,) = score(events(came, some), events(np.where(rng.random(n) < 0.5, 1.0, -1.0).tolist()), {}).skills
    assert known.weight == pytest.approx(2.0, abs=0.3)  # of a beta(1, 1)
    assert known.skill == pytest.approx(futures / (futures + 2) / 3, abs=0.03) and known.slope == pytest.approx(
        1.0, abs=0.1
    )


def test_skill_against_events_alike_takes_what_the_terms_tell_out_of_it() -> None:
    rich, poor = Circumstances(1.4, 0.75), Circumstances(0.6, 1.35)
    terms, truth = [rich, poor] * 20, [1.0, -1.0] * 18 + [-1.0, 1.0] * 2
    foretold = [[1.0 if c is rich else -1.0] * 9 + [-1.0 if c is rich else 1.0] for c in terms]  # knows the terms alone
    (one,) = score(events(truth, foretold, terms), events([1.0, -1.0] * 9), {}).skills
    assert one.skill > 0.6 and one.state_skill == pytest.approx(0.0, abs=0.06)


def test_circumstances_change_what_is_offered_and_how_fast_people_are() -> None:
    scenario, thick = load_scenario("double12"), Circumstances(1.4, 1.0)
    assert under(scenario, "big_promo", "double12", USUAL) is scenario
    thin = under(scenario, "big_promo", "double12", Circumstances(1.4, 0.5))
    assert thin.campaigns["double12"].markdown == pytest.approx(0.21)
    assert thin.campaigns["double12"].ritual == pytest.approx(1.12)
    assert thin.campaigns["double11"] == scenario.campaigns["double11"]
    assert thin.operations.couriers["hangzhou"].parcels_per_day == 60.0
    assert thin.operations.service_desk.tickets["returns"].handle_minutes == 20.0
    deep = under(load_scenario("double12", ("campaigns.double12.markdown=0.9",)), "big_promo", "double12", thick)
    assert deep.campaigns["double12"].markdown == pytest.approx(0.95)
    assert len({of_event(n) for n in range(9)}) == 9 and of_event(9) == of_event(0)


def test_reliability_of_forecasts_drawn_from_their_own_probabilities() -> None:
    rng = np.random.default_rng(5)
    p = rng.random(20_000)
    o = (rng.random(p.size) < p).astype(np.float64)
    assert slope_of(p, o) == pytest.approx(1.0, abs=0.03)
    found = reliability(p, o, np.arange(p.size))
    assert all(abs(b.predicted - b.observed) < 0.03 and b.low < b.observed < b.high for b in found)
    assert sum(b.count for b in found) == p.size


def test_risks_of_one_event_seed_count_once_in_the_interval() -> None:
    """Jeffreys' interval of 3 of 4, the quantiles of a beta(3.5, 1.5); four risks each make it no narrower."""
    o, p, seeds = np.array([1.0, 1.0, 1.0, 0.0]), np.full(4, 0.7), np.arange(4)
    (one,) = reliability(p, o, seeds)
    assert (one.low, one.high) == (pytest.approx(0.2838, abs=1e-4), pytest.approx(0.9715, abs=1e-4))
    (four,) = reliability(np.tile(p, 4), np.tile(o, 4), np.tile(seeds, 4))
    assert (four.low, four.high, four.observed, four.count) == (one.low, one.high, 0.75, 16)
    assert (reliability(p, np.ones(4), seeds)[0].high, reliability(p, np.zeros(4), seeds)[0].low) == (1.0, 0.0)


def test_a_scaled_market_has_as_much_less_of_everything() -> None:
    small = scaled(load_scenario("double12"), 10_000)
    assert small.market.consumers == 10_000
    assert small.operations.warehouses["hangzhou_dc"].pickers == 1
    assert [f.couriers for f in small.operations.couriers.values()] == [1, 1]


# ---- bad input ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"campaign": "double21"}, "--campaign: must be one of .*did you mean 'double12'"),
        ({"schedule": "big_prom"}, "--schedule: must be one of .*did you mean 'big_promo'"),
        ({"line_up": "gut_feal"}, "--line-up: must be one of .*did you mean 'gut_feel'"),
        ({"days": 13}, "--days: must be at most 12"),
        ({"act": "gift_shortag"}, "--act: must be top or a risk with an action .*did you mean 'gift_shortage'"),
        ({"act": "abnormal_returns"}, "--act: must be top or a risk with an action"),
        ({"limits": ["ticket=3"]}, "--threshold: must name a risk .*did you mean 'tickets'"),
        ({"limits": ["tickets=x"]}, "--threshold: tickets: must be a number"),
        ({"limits": ["tickets=nan"]}, "--threshold: tickets: must be a finite number"),
    ],
)
def test_bad_input_is_named(tiny: Callable[..., Scenario], options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        risk_list(tiny(), **{"campaign": "double12", "replications": 2, "workers": 1, **options})


def test_every_risk_has_a_loss_a_lead_and_an_action_that_exists() -> None:
    from sim.lab.preflight.actions import ACTIONS  # with the world

    assert all(r.loss and r.lead in ("train", "supply", "surge", "cash") for r in RISKS.values())
    assert {r.action for r in RISKS.values()} - {""} == set(ACTIONS)


def test_the_window_ends_in_the_calendar(tiny: Callable[..., Scenario]) -> None:
    scenario = tiny()
    where = Window.of(scenario, scenario.campaigns["double12"])
    assert (where.first, where.ends, where.last) == (13, 16, 26)
