"""Published and pre-computed answers of the classical forecasters; wrappers, ensemble and oracle on scripts."""

from __future__ import annotations

import dataclasses
import datetime
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.contracts import Forecaster, Truth
from sim.errors import PluginError
from sim.plugins import build
from strategies.forecasting.croston import Croston, rates
from strategies.forecasting.ensemble import Ensemble, earlier
from strategies.forecasting.exponential_smoothing import ExponentialSmoothing, smooth
from strategies.forecasting.last_year import LastYear
from strategies.forecasting.moving_average import MovingAverage
from strategies.forecasting.oracle import Oracle
from strategies.forecasting.theta import ALPHAS, Theta, best_alpha, carry_on, smoothed
from strategies.forecasting.unconstrained import Unconstrained, corrected
from strategies.forecasting.weather_aware import WeatherAware
from tests.strategies.scripted import campaign, frozen, scripted_view

TABLE: dict[str, Any] = json.loads((Path(__file__).parent / "tables" / "statsforecast.json").read_text())


def _rng() -> np.random.Generator:
    return np.random.default_rng(11)


def test_croston_sba_and_tsb_give_statsforecasts_answers() -> None:
    """12 series at once, statsforecast 2.1.1 with its default rates of 0.1."""
    y = np.array([case["y"] for case in TABLE["slow"]]).T
    size, chance = rates(y, 0.1, None)
    np.testing.assert_allclose(size * chance, [case["croston"] for case in TABLE["slow"]], rtol=1e-9)
    np.testing.assert_allclose(0.95 * size * chance, [case["sba"] for case in TABLE["slow"]], rtol=1e-9)
    size, chance = rates(y, 0.1, 0.1)
    np.testing.assert_allclose(size * chance, [case["tsb"] for case in TABLE["slow"]], rtol=1e-9)


def test_damped_trend_and_season_give_statsforecasts_answers() -> None:
    """AutoETS(AAA, damped): from its parameters and first states to its forecasts of two weeks.

    statsforecast 2.1.1 adds phi + phi + phi^2 + ... where the model says phi + phi^2 + ...; the test follows it, so
    that level, trend and season are all compared.
    """
    for case in TABLE["ets"]:
        alpha, beta, gamma, phi = case["par"][:4]
        level, trend, *back = case["state0"]  # seasons: of the day before first, then ever earlier
        season = np.array(back)[::-1]
        y = np.array(case["y"])
        end, slope, ring, _ = smooth(y, (alpha, beta, gamma, phi), np.float64(level), np.float64(trend), season)
        steps = phi + np.concatenate(([0.0], np.cumsum(phi ** np.arange(1, 14))))
        np.testing.assert_allclose(end + steps * slope + np.tile(ring, 2), case["forecast"], rtol=1e-8)


def test_simple_smoothing_is_a_special_case() -> None:
    """No trend, no season, first value as the level: statsforecast's SimpleExponentialSmoothing(0.3)."""
    for case in TABLE["smooth"]:
        y = np.array(case["y"])
        level, _, _, _ = smooth(y, (0.3, 0.0, 0.0, 1.0), y[0], np.float64(0), np.zeros(1))
        assert level == pytest.approx(case["ses_0.3"], rel=1e-9)
        assert smoothed(y, np.array(0.3))[0] == pytest.approx(case["ses_0.3"], rel=1e-9)


def test_theta_lies_beside_statsforecasts() -> None:
    """It estimates alpha and the first level by another search, so its lines lie within 2.5 % of ours."""
    y = np.array([case["y"] for case in TABLE["smooth"]]).T
    alpha = best_alpha(y)
    line = carry_on(y, alpha, smoothed(y, alpha)[0], 14)
    np.testing.assert_allclose(line, np.array([case["theta"] for case in TABLE["smooth"]]).T, rtol=0.025)


def test_theta_takes_the_best_rate_of_its_grid() -> None:
    y = np.array([case["y"] for case in TABLE["smooth"]]).T
    loss = [(smoothed(y, np.full(12, a))[1][1:] ** 2).sum(axis=0) for a in ALPHAS]
    np.testing.assert_array_equal(best_alpha(y), ALPHAS[np.argmin(loss, axis=0)])


def test_theta_carries_half_the_slope() -> None:
    """A straight line of slope 2: level lags by (1 - a^n) / a x 2, drift is 1 a day."""
    y = 100.0 + 2.0 * np.arange(60)
    level, _ = smoothed(y, np.array(0.5))
    line = carry_on(y, np.array(0.5), level, 3)
    np.testing.assert_allclose(np.diff(line), 1.0)
    assert level == pytest.approx(218.0 - 2.0, abs=1e-9)
    assert line[0] == pytest.approx(216.0 + 2.0)


@pytest.mark.parametrize("strategy", [ExponentialSmoothing(), Theta()])
def test_a_steady_week_goes_on(strategy: Forecaster) -> None:
    """Nothing but the week: the paths are last week's days."""
    week = np.array([70, 60, 50, 40, 50, 60, 70])
    view = scripted_view(2, 2, days=84, sold=np.tile(week, 12))
    mean = strategy.forecast(view, 14, _rng()).mean
    np.testing.assert_allclose(mean, np.broadcast_to(np.tile(week, 2), mean.shape), rtol=0.02)


def test_slow_movers_sell_on_some_days() -> None:
    """3 units on every fourth day, all alike: chance 1/4, size 3 x 0.95."""
    sold = np.where(np.arange(80) % 4 == 3, 3, 0)
    paths = Croston(samples=4000).forecast(scripted_view(1, days=80, sold=sold), 7, _rng()).paths
    assert (paths > 0).mean() == pytest.approx(0.25, abs=0.02)
    assert paths[paths > 0].mean() == pytest.approx(2.85, rel=0.05)


def test_a_variant_of_croston_that_does_not_exist_is_named() -> None:
    with pytest.raises(ValueError, match="croston, sba, tsb, got 'sbb'"):
        Croston(variant="sbb").forecast(scripted_view(1), 7, _rng())


def test_unconstrained_fills_hours_and_whole_days() -> None:
    """Sells 24 a day; open half a day it sold 12; closed all day, nothing: both count as 24."""
    sold, hours = np.full((1, 1, 28), 24), np.zeros((1, 1, 28))
    sold[0, 0, 5], hours[0, 0, 5] = 12, 12.0
    sold[0, 0, 9], hours[0, 0, 9] = 0, 24.0
    assert (corrected(sold, hours, 0.2) == 24).all()
    paths = Unconstrained().forecast(scripted_view(1, sold=sold, stockout_hours=hours), 7, _rng()).paths
    assert (paths == 24).all()


def test_unconstrained_without_stockouts_is_its_base() -> None:
    view = scripted_view(3, 2, sold=np.random.default_rng(1).poisson(9, (3, 2, 28)))
    one, two = Unconstrained().forecast(view, 7, _rng()), MovingAverage().forecast(view, 7, _rng())
    np.testing.assert_array_equal(one.paths, two.paths)


def test_weather_aware_learns_the_cold() -> None:
    """Sales rise 3 % a degree of cold: it finds that and foretells a cold wave's sales."""
    celsius = 15 + 6 * np.random.default_rng(3).standard_normal((1, 200))
    sold = np.random.default_rng(4).poisson(400 * np.exp(0.03 * (15 - celsius)), (4, 1, 200))
    ahead = np.full((1, 60), 15.0)
    ahead[0, 3] = 0.0
    view = scripted_view(4, days=200, sold=sold, celsius=celsius, weather=ahead)
    mean = WeatherAware(samples=400).forecast(view, 7, _rng()).mean.mean(axis=(0, 1))
    assert mean[3] / mean[2] == pytest.approx(np.exp(0.45), rel=0.06)


def test_weather_aware_knows_the_spring_festival() -> None:
    """From New Year's Eve 2024-02-09 on, a week at 0.7 of the usual, as its prior says."""
    view = dataclasses.replace(scripted_view(1, days=56, sold=500), date=datetime.date(2024, 2, 7))
    mean = WeatherAware(base=MovingAverage()).forecast(frozen(view), 14, _rng()).mean[0, 0]
    np.testing.assert_allclose(mean, [500] * 2 + [500 * np.exp(-0.36)] * 8 + [500] * 4, rtol=0.02)


def test_an_earlier_view_ends_earlier() -> None:
    view = scripted_view(2, days=40, sold=np.arange(40), campaigns=(campaign(35, 37, 2),))
    then = earlier(view, 7)
    assert then.day == 33 and then.sold[0, 0, -1] == 32 and (view.date - then.date).days == 7
    assert then.depth_ahead[0, 2] == 0.2 and then.depth_ahead[0, 1] == 0.0


def test_ensemble_gives_more_paths_to_who_did_better() -> None:
    """Even sales, then a week apart: the weekly mean is right, a window of 28 days is not."""
    sold = np.where(np.arange(70) % 7 == 0, 700, 70)
    right, wrong = LastYear(cv=0.01), MovingAverage()
    pool = Ensemble(members=(right, wrong), samples=100)
    weight = pool._weights(scripted_view(1, days=70, sold=sold), _rng())
    assert weight[0] > 0.95
    paths = pool.forecast(scripted_view(1, days=70, sold=sold), 14, _rng()).paths
    assert len(paths) == 100 and np.median(paths[:, 0, 0, 0]) == pytest.approx(700, rel=0.2)


def test_the_oracle_says_what_it_is_told() -> None:
    truth = np.random.default_rng(1).poisson(9, (2, 1, 28)).astype(float)
    view = dataclasses.replace(scripted_view(2), truth=Truth(truth))
    np.testing.assert_array_equal(Oracle(samples=3).forecast(view, 28, _rng()).paths, np.stack([truth] * 3))
    with pytest.raises(ValueError, match=r"needs View\.truth"):
        Oracle().forecast(scripted_view(2), 28, _rng())


def test_a_wrapper_names_its_inner_forecaster_as_a_line_up_does() -> None:
    one = build("forecasting", "unconstrained", {"base": {"use": "moving_average", "window_days": 14}})
    assert one == Unconstrained(base=MovingAverage(window_days=14))
    two = build("forecasting", "ensemble", {"members": ["last_year", {"use": "unconstrained", "base": "theta"}]})
    assert two == Ensemble(members=(LastYear(), Unconstrained(base=Theta())))


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("unconstrained", {"base": "moving_averge"}, "did you mean 'moving_average'"),
        ("unconstrained", {"base": 7}, "base must be a strategy's name"),
        ("unconstrained", {"base": "oracle"}, "base must not know more than informed, got oracle 'oracle'"),
        ("unconstrained", {"base": {"use": "theta", "sample": 3}}, "did you mean 'samples'"),
        ("ensemble", {"members": []}, "members must be a list of strategies"),
        ("ensemble", {"members": "theta"}, "members must be a list of strategies"),
    ],
)
def test_a_wrong_inner_forecaster_is_named(name: str, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(PluginError, match=message):
        build("forecasting", name, parameters)


def test_boosting_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(ImportError, match=r"pip install 'peakshift\[boosting\]'"):
        build("forecasting", "quantile_boosting", {}).forecast(scripted_view(1), 7, _rng())  # type: ignore[attr-defined]  # a Strategy that is a Forecaster


def test_boosting_learns_the_week() -> None:
    """Every seventh day sells three times as much."""
    pytest.importorskip("lightgbm")
    sold = np.random.default_rng(2).poisson(np.where(np.arange(120) % 7 == 0, 90, 30), (4, 1, 120))
    strategy = build("forecasting", "quantile_boosting", {"samples": 200})
    assert isinstance(strategy, Forecaster)
    mean = strategy.forecast(scripted_view(4, days=120, sold=sold), 14, _rng()).mean.mean(axis=(0, 1))
    want = np.where(np.arange(120, 134) % 7 == 0, 90, 30)
    np.testing.assert_allclose(mean, want, rtol=0.15)
