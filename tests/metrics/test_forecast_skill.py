"""Scores against scoringrules' answers and worked cases; the critic against hand-made forecasts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sim.actors.critic import MarkBook
from sim.actors.view import view_of
from sim.contracts import Forecast
from sim.kernels.scores import crps, inside, pinball, quantile
from sim.ledger import FORECAST_HORIZONS
from sim.metrics.forecast_skill import mean_mark, skill_table
from sim.scenario import load_scenario
from sim.world import World

TABLE = json.loads((Path(__file__).parents[1] / "strategies" / "tables" / "crps.json").read_text())
HOURS = np.full((28, 24), 1 / 24)


def test_crps_and_pinball_are_scoringrules() -> None:
    """Gamma samples of 1 to 64 values, scoringrules 0.10.0."""
    for case in TABLE["cases"]:
        samples, truth = np.array(case["samples"]), np.array(case["truth"])
        np.testing.assert_allclose(crps(np.sort(samples, axis=1).T, truth), case["crps"], rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(pinball(samples[:, 0], truth, 0.9), case["pinball_90"], rtol=1e-9)


def test_crps_of_a_normal_forecast_is_the_published_form() -> None:
    """Gneiting & Raftery 2007, eq. 21: N(0, 1) at 0 scores sqrt(2 / pi) - 1 / sqrt(pi) = 0.23369."""
    samples = np.sort(np.random.default_rng(1).standard_normal(200_000))
    assert crps(samples, np.array(0.0)) == pytest.approx(0.23369, abs=0.003)


def test_intervals_of_exchangeable_samples_cover_as_often_as_they_say() -> None:
    """63 samples and the truth from one distribution: 50, 80, 90 % of truths inside, within 3 standard errors."""
    x = np.random.default_rng(2).gamma(2, 5, (64, 20_000))
    samples, truth = np.sort(x[1:], axis=0), x[0]
    for share in (0.5, 0.8, 0.9):
        assert inside(samples, truth, share).mean() == pytest.approx(share, abs=0.012)


def test_quantiles_by_hand() -> None:
    """Nine values: level p is the value at place 10 p; beyond the ends, the ends."""
    samples = np.arange(1.0, 10.0)
    assert [float(quantile(samples, p)) for p in (0.05, 0.1, 0.45, 0.5, 0.99)] == [1.0, 1.0, 4.5, 5.0, 9.0]


def test_the_critic_marks_each_horizon_on_its_day() -> None:
    """Path value 10 x SKU + day of the forecast for the first SKU; 20 days; the truth is 8 of both SKUs."""
    book = MarkBook(20, 2, 1)
    for day in range(20):
        paths = np.full((3, 2, 1, 28), 0.0)
        paths[:, 0] = day
        paths[:, 1] = 8.2  # rounded to 8: no error
        book.note(day, Forecast(paths, HOURS))
        book.mark(day, np.array([[8], [8]]), np.array([day == 15, False]))
    for n, horizon in enumerate(FORECAST_HORIZONS):
        number, wanted, score = book.sums[15, 1, n, :3]
        assert (number, wanted) == (1, 8) and score == pytest.approx(abs(15 - (horizon - 1) - 8))
        assert book.sums[15, 0, n, 2] == 0.0 and book.sums[14, 0, n, 0] == (2 if horizon - 1 <= 14 else 0)
    assert mean_mark(book.sums[15:16], "promo", "error") == pytest.approx(np.mean([15, 13, 9, 2]) - 8)
    assert np.isnan(mean_mark(book.sums[3:5], "promo", "crps"))


def test_the_table_has_a_row_a_day_type_and_horizon() -> None:
    book = MarkBook(3, 1, 1)
    book.note(0, Forecast(np.full((2, 1, 1, 28), 4.0), HOURS))
    book.mark(0, np.array([[6]]), np.array([True]))
    table = skill_table(book.sums)
    assert table["day_type"].tolist() == ["normal"] * 4 + ["promo"] * 4
    assert table["forecasts"].tolist() == [0, 0, 0, 0, 1, 0, 0, 0]
    assert table["crps"][4] == 2.0 and table["coverage_90"][4] == 0.0 and np.isnan(table["crps"][0])


def test_large_assortments_are_sampled_evenly() -> None:
    book = MarkBook(1, 500, 10)
    book.note(0, Forecast(np.ones((2, 500, 10, 28)), HOURS))
    book.mark(0, np.ones((500, 10), np.int64), np.zeros(500, np.bool_))
    assert book.sums[0, 0, 0, 0] == 1000 and book.sums[0, 0, 0, 2] == 0.0


SMALL = ["market.consumers=3000", "calendar={start: 2023-10-01, warm_up_days: 10, scored_days: 20, settlement_days: 2}"]


def test_a_run_is_marked_and_an_oracle_with_nothing_to_change_makes_no_mistake() -> None:
    """The oracle stands where its twin's stand-in stood, and the shelves are full: what it was told comes true."""
    changes = [*SMALL, "operations.warehouses.hangzhou_dc.start_days=300",
               "line_ups.seer={forecasting: oracle, pricing: list_price, stocking: round_up, staffing: fixed, "
               "outreach: none}"]  # fmt: skip
    history = World(load_scenario("double12", changes), "big_promo", "seer", 3).run()
    marks = history.forecast_marks[history.scored]
    assert mean_mark(marks, "normal", "wanted") > 0.5
    assert mean_mark(marks, "normal", "crps") < 0.02 * mean_mark(marks, "normal", "wanted")


def test_the_truth_reaches_oracles_alone_and_changes_nothing_else() -> None:
    spec = load_scenario("double12", SMALL)
    world = World(spec, "big_promo", "gut_feel", 3)
    world.run()
    assert world._truth is None
    one = World(spec, "big_promo", "gut_feel", 3)
    told = one.with_truth(view_of(one)).truth
    assert told is not None and told.demand.shape == (20, 2, 28)
    np.testing.assert_array_equal(told.demand, world.records.wanted[:, :, :28])
    assert view_of(one).truth is None
