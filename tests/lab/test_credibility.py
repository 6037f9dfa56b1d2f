"""What the credibility figures compute, on made-up data worked out on paper; the worlds they run; the table."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from sim.errors import UsageError
from sim.lab.credibility.__main__ import main
from sim.lab.credibility.bands import BANDS, Band
from sim.lab.credibility.bench import PROMO, WINDOW, Bench, Cut, Lived, live
from sim.lab.credibility.figures import all_figures, figure
from sim.lab.credibility.figures.bump import Split, profit, split
from sim.lab.credibility.figures.operations import days_of, hours, late, load, matched_repeat, peak
from sim.lab.credibility.figures.people import dispersion, newcomers, top_share
from sim.lab.credibility.figures.price import elasticities
from sim.lab.credibility.table import Row, chosen, text
from sim.ledger import DAILY, DAILY_FLOATS, PNL, History
from sim.scenario import load_scenario
from sim.world import World

DAYS = 210


@pytest.fixture
def history() -> History:
    """The shipped calendar: 60 days of warm-up, 120 scored, 30 of settlement; everything at zero."""
    daily = {name: np.zeros(DAYS, np.int64) for name in DAILY} | {name: np.zeros(DAYS) for name in DAILY_FLOATS}
    accounts = {name: np.zeros(DAYS, np.int64) for name in PNL}
    nobody, no_day = np.zeros(0, np.int32), np.zeros(0, np.int16)
    return History(
        load_scenario("double12"), "big_promo", "gut_feel", 1, daily, accounts, ("w/pick_pack", "service_desk"),
        np.zeros((2, DAYS, 24), np.int64), np.zeros((2, DAYS, 24)), nobody, no_day, np.zeros(4, np.int8),
        np.zeros(4, np.int8), 0.0, 0.0, (), np.zeros((0, DAYS), np.int64), np.zeros((0, DAYS), np.int64),
        np.zeros((2, DAYS), np.int64),
    )  # fmt: skip


# ---- price response ----------------------------------------------------------------------------


def test_each_sku_gets_its_own_elasticity_whatever_the_week_was_like() -> None:
    rng = np.random.default_rng(3)
    truth, log_price = np.array([-1.5, -2.6, -4.0]), rng.uniform(-0.3, 0.0, (3, 20))
    season, level = rng.normal(0, 0.5, 20), np.array([3.0, 5.0, 1.0])
    units = np.exp(truth[:, None] * log_price + season + level[:, None])
    np.testing.assert_allclose(elasticities(units, log_price), truth, atol=1e-5)


# ---- the bump ----------------------------------------------------------------------------------
def bumped() -> tuple[np.ndarray, np.ndarray]:
    """Three SKUs, the first two of one category: 100 more of the first; 30 from the second, 5 before, 20 + 5 after."""
    without = np.full((3, WINDOW.stop), 50)
    with_cut = without.copy()
    with_cut[0, PROMO.start] += 100
    with_cut[1, PROMO.start] -= 30
    with_cut[0, PROMO.start - 3] -= 5
    with_cut[1, PROMO.stop + 2] -= 20
    with_cut[0, PROMO.stop + 40] -= 5
    with_cut[2, PROMO.stop + 1] += 8
    return with_cut, without


def test_a_bump_is_taken_apart_to_the_unit() -> None:
    parts = split(*bumped(), 0, ("drinks", "drinks", "cream"))
    assert parts == Split(bump=100, switching=30, cross_period=30, expansion=40, elsewhere=8, deficit=20)


def test_parts_add_up_whatever_happened() -> None:
    rng = np.random.default_rng(5)
    one, two = rng.poisson(20, (2, 6, WINDOW.stop + 9))
    total = sum((split(one, two, k, ("a", "a", "b", "b", "b", "c")) for k in range(6)), Split(0, 0, 0, 0, 0, 0))
    assert total.switching + total.cross_period + total.expansion == total.bump


def test_days_outside_the_window_do_not_count() -> None:
    with_cut, without = bumped()
    with_cut[:, WINDOW.start - 1] += 999
    assert split(with_cut, without, 0, ("drinks", "drinks", "cream")).expansion == 40


def test_profit_leaves_surplus_stock_out(history: History) -> None:
    history.accounts["gross_sales"][WINDOW.start], history.accounts["gross_sales"][WINDOW.stop] = 500, 900
    history.accounts["salvage_loss"][WINDOW.stop - 1] = -10_000
    table = np.zeros((1, DAYS))
    lived = Lived(history, ("a",), ("b",), table.astype(int), table, table, table.astype(int))
    assert profit(lived) == 5.0


# ---- people and noise --------------------------------------------------------------------------
def test_newcomers_are_followed_from_their_first_order(history: History) -> None:
    """Customer 0 was there; 1 was won in the warm-up, on day 40; 2 on day 60, again on 60, 65 and 91; 3 on day 209."""
    who = np.array([0, 1, 2, 2, 2, 2, 3, 0, 1], np.int32)
    when = np.array([61, 40, 60, 60, 65, 91, 209, 62, 70], np.int16)
    mine = replace(history, order_customer=who, order_day=when, source=np.array([0, 1, 3, 1], np.int8))
    for days, orders in ((4, [0]), (7, [1]), (30, [1]), (31, [2])):
        source, found = newcomers(mine, days)
        assert (source.tolist(), found.tolist()) == ([3], orders)


def test_dispersion_is_variance_over_mean() -> None:
    found = dispersion(np.array([[1.0, 3.0], [4.0, 4.0], [0.0, 0.0]]))
    assert found[:2].tolist() == [1.0, 0.0] and math.isnan(found[2])


def test_poisson_counts_have_dispersion_one() -> None:
    assert dispersion(np.random.default_rng(1).poisson(10.0, (400, 26)).astype(float)).mean() == pytest.approx(1, 0.05)


def test_top_share() -> None:
    assert top_share(np.array([1.0, 5.0, 1.0, 2.0, 1.0])) == 0.5
    assert top_share(np.ones(10)) == pytest.approx(0.2)


# ---- operations --------------------------------------------------------------------------------
def test_festival_days_and_normal_days(history: History) -> None:
    """Double 12 opens on day 70 and ends on day 72; the 30 days after Double 11 reach to day 71."""
    rush, normal = days_of(history)
    assert rush.tolist() == list(range(70, 80))
    assert normal.tolist() == list(range(103, 180))


def test_days_long_after_the_last_festival_are_all_normal(history: History) -> None:
    rush, normal = days_of(replace(history, schedule="always_on"))
    assert rush.size == 0 and normal.tolist() == list(range(72, 180))


def test_late_share_and_hours_are_weighted_by_parcels(history: History) -> None:
    days = np.array([70, 71])
    history.daily["parcels_delivered"][days], history.daily["parcels_late"][days] = [10, 30], [5, 25]
    history.daily["order_to_door_hours"][days] = [40.0, 80.0]
    assert late(history, days) == 0.75 and hours(history, days) == 70.0
    assert math.isnan(late(history, np.array([80])))


def test_peak_is_over_the_median() -> None:
    assert peak(np.array([2.0, 2.0, 9.0])) == 4.5
    assert math.isnan(peak(np.array([0.0, 0.0, 9.0])))


def test_load_is_parcels_a_courier() -> None:
    assert load(np.array([[200.0, 30.0]]), np.array([[2.0, 0.0]])).tolist() == [[100.0, 0.0]]


def test_late_first_orders_are_matched_by_the_day_of_the_order(history: History) -> None:
    """Day 5: 1 late, comes back; 2 and 3 in time, one comes back. Day 7: 4 late, stays away; 5 in time, comes back.
    6 was there at the start, 7 is late on a day of his own, 8 is not followed long enough: none of them counts.
    (1 + 0) / (1 x 1/2 + 1 x 1) = 2/3; within one day of the first order nobody is back."""
    who = np.array([1, 1, 2, 2, 3, 4, 5, 5, 6, 6, 7, 8, 8], np.int32)
    when = np.array([5, 9, 5, 8, 5, 7, 7, 30, 5, 6, 50, 200, 201], np.int16)
    late_who, late_when = np.array([1, 4, 6, 7, 8, 5], np.int32), np.array([5, 7, 5, 50, 200, 30], np.int16)
    mine = replace(
        history, order_customer=who, order_day=when, source=np.array([0, 1, 1, 3, 1, 2, 0, 1, 1], np.int8),
        late_customer=late_who, late_day=late_when,
    )  # fmt: skip
    assert matched_repeat(mine, 120) == pytest.approx(2 / 3)
    assert matched_repeat(mine, 1) != matched_repeat(mine, 1)  # nobody in time comes back so soon: NaN
    assert math.isnan(matched_repeat(history, 120))


# ---- worlds ------------------------------------------------------------------------------------
def test_a_cut_is_a_campaign_of_whole_days() -> None:
    setting = Cut("tee", 0.2, first_day=1, days=7).setting("mine", date(2023, 10, 1))
    campaign = load_scenario("double12", [setting]).campaigns["mine"]
    assert (campaign.start.isoformat(), campaign.end.isoformat()) == ("2023-10-02T00:00:00", "2023-10-08T23:59:59")
    assert (campaign.markdown, campaign.skus, campaign.announced_days, campaign.ritual) == (0.2, ["tee"], 0.0, 0.0)


def test_worlds_are_the_same_until_the_cut_and_are_lived_through_once() -> None:
    bench = Bench(0)
    small = {"days": PROMO.start + 2, "consumers": 2_000}
    base, cut = bench.quiet(**small), bench.quiet(Cut("tee", 0.5), **small)
    k = base.skus.index("tee")
    np.testing.assert_array_equal(base.units[:, : PROMO.start], cut.units[:, : PROMO.start])
    assert cut.units[k, PROMO.start :].sum() > base.units[k, PROMO.start :].sum()
    assert bench.quiet(**small) is base


def test_a_cut_planned_later_is_the_cut_planned_from_the_start() -> None:
    """The worlds with a cut go on from a saved one without; lived whole, they are the same to the last unit."""
    bench, cut = Bench(0), Cut("tee", 0.3, first_day=21)
    branched = bench.quiet(cut, days=28, consumers=2_000)
    scenario = bench.quiet_scenario((cut,), WINDOW.stop, 2_000, "list_price")
    whole = live(World(scenario, "quiet", "bench", bench.seed), 28)
    for name in ("units", "paid", "price", "returned"):
        np.testing.assert_array_equal(getattr(branched, name), getattr(whole, name))
    for name, column in whole.history.daily.items():
        np.testing.assert_array_equal(branched.history.daily[name], column, err_msg=name)
    assert branched.units[:, 21:28].sum() != bench.quiet(days=28, consumers=2_000).units[:, 21:28].sum()


def test_tried_skus_are_two_of_each_category() -> None:
    bench = Bench(0)
    category = {name: sku.category for name, sku in bench.scenario.catalogue.skus.items()}
    assert [category[name] for name in bench.tried()] == [c for c in bench.scenario.catalogue.categories for _ in "12"]
    assert {bench.kind(category[name]) for name in bench.tried("storable")} == {"storable"}


# ---- the table ---------------------------------------------------------------------------------
def test_every_band_has_its_figure_and_every_figure_its_band() -> None:
    assert set(all_figures()) == set(BANDS)
    assert all(band.low < band.high and band.source for band in BANDS.values())


def test_a_figure_stands_in_one_place() -> None:
    with pytest.raises(ValueError, match=r"stands in sim\.lab\.credibility\.figures\.people and in"):
        figure("repeat_7", "again")(lambda bench: 0.0)


def test_a_row_says_ok_or_missed() -> None:
    row = Row("x", "what it is", (1.0, 2.0, 3.0), Band(1.5, 2.5, "somebody"))
    assert (row.mean, row.verdict) == (2.0, "ok") and row.error == pytest.approx(1 / math.sqrt(3))
    missed = replace(row, band=Band(2.5, 3.0, "somebody"))
    assert missed.verdict == "MISSED"
    table = text([row, missed])
    assert "what it is | somebody" in table and "1 of 2 figures in their band, mean over 3 seeds; MISSED: x" in table
    unknown = replace(row, values=(float("nan"), 1.0))
    assert unknown.verdict == "MISSED" and unknown.to_dict()["mean"] is None


def test_an_unknown_figure_is_named() -> None:
    assert chosen(["repeat_90", "repeat_7"]) == ["repeat_7", "repeat_90"]
    with pytest.raises(UsageError, match=r"got 'repeat_8'; did you mean 'repeat_7'\?"):
        chosen(["repeat_8"])


def test_the_command_prints_and_writes(tmp_path: Path) -> None:
    file = tmp_path / "table.json"
    options = ["--seeds", "1", "--only", "sku_week_dispersion", "--workers", "1", "--json", str(file)]
    done = CliRunner().invoke(main, options)
    (figure_,) = json.loads(file.read_text())["figures"]
    assert done.exit_code == (0 if figure_["verdict"] == "ok" else 1), done.output
    assert "sku_week_dispersion" in done.output
    assert figure_["values"] == [figure_["mean"]] and figure_["standard_error"] is None


def test_the_command_names_what_it_does_not_know() -> None:
    done = CliRunner().invoke(main, ["--only", "lift_1"])
    assert done.exit_code == 2 and "--only: must be figures that have a band, got 'lift_1'" in done.output
