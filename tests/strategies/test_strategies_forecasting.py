"""Exact means from scripted sales; the promotion regression recovers what the script was made with."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from strategies.forecasting._promotions import PRIOR_MEAN, PRIOR_SD, calendar_of, fit_lift, multiple
from strategies.forecasting._shared import gamma_paths, normals
from strategies.forecasting.last_year import LastYear
from strategies.forecasting.moving_average import MovingAverage
from strategies.forecasting.promo_regression import PromoRegression
from strategies.forecasting.seasonal_naive import SeasonalNaive
from tests.strategies.scripted import campaign, scripted_view


def _rng() -> np.random.Generator:
    return np.random.default_rng(11)


def test_moving_average_draws_whole_days() -> None:
    """SKU 1 sells twice SKU 0 on each past day, so also on each path; the mean is the window's."""
    first = np.arange(28) % 4
    sold = np.stack([first, 2 * first])[:, None]
    forecast = MovingAverage(samples=500).forecast(scripted_view(2, sold=sold), 28, _rng())
    np.testing.assert_array_equal(forecast.paths[:, 1], 2 * forecast.paths[:, 0])
    assert forecast.mean[0].mean() == pytest.approx(1.5, abs=0.05)


def test_moving_average_forgets_what_is_older_than_its_window() -> None:
    sold = np.where(np.arange(28) < 21, 99, 5)
    forecast = MovingAverage(window_days=7).forecast(scripted_view(1, sold=sold), 3, _rng())
    assert (forecast.paths == 5).all()


def test_seasonal_naive_repeats_the_week() -> None:
    """A steady week has no change to add: the paths are last week's days."""
    week = np.array([1, 2, 3, 4, 5, 6, 7])
    forecast = SeasonalNaive().forecast(scripted_view(1, sold=np.tile(week, 4)), 10, _rng())
    assert (forecast.paths == [1, 2, 3, 4, 5, 6, 7, 1, 2, 3]).all()


def test_seasonal_naive_steps_as_weeks_have_stepped() -> None:
    """Weeks of 10, 12, 10, 12 a day step by +2 (twice) or -2; from 12 on, paths are 14 or 10."""
    sold = np.repeat([10, 12, 10, 12], 7)
    paths = SeasonalNaive().forecast(scripted_view(1, sold=sold), 5, _rng()).paths
    assert set(np.unique(paths)) == {10.0, 14.0}


def test_last_year_is_the_weekday_mean() -> None:
    """Four weeks; the first day of the week sold 2, 4, 6, 8, the others 10."""
    sold = np.full(28, 10)
    sold[::7] = 2, 4, 6, 8
    mean = LastYear().forecast(scripted_view(1, sold=sold), 8, _rng()).mean
    np.testing.assert_allclose(mean[0, 0], [5, 10, 10, 10, 10, 10, 10, 5])


def test_last_year_multiplies_by_the_last_campaigns_lift() -> None:
    """Quiet days 10; the first campaign sold 50 a day, the last 30 a day: lift 3, whatever comes."""
    past = campaign(5, 7, 1), campaign(16, 18, 1, ritual=0.2)
    coming = campaign(30, 31, 1, markdown=0.6)
    sold = np.full(28, 10)
    sold[5:7], sold[16:18] = 50, 30
    mean = LastYear().forecast(scripted_view(1, sold=sold, campaigns=(*past, coming)), 4, _rng()).mean
    np.testing.assert_allclose(mean[0, 0], [10, 10, 30, 10])


def test_last_year_compares_with_the_month_before() -> None:
    """Days sold 90 until a month before the campaign, then 10; the campaign 40: lift 4."""
    sold = np.full(100, 90)
    sold[52:], sold[80:82] = 10, 40
    view = scripted_view(1, days=100, sold=sold, campaigns=(campaign(80, 82, 1), campaign(101, 102, 1)))
    np.testing.assert_allclose(LastYear().forecast(view, 3, _rng()).mean[0, 0], [10, 40, 10])


def test_last_year_without_a_campaign_lived_through_uses_its_default() -> None:
    view = scripted_view(1, campaigns=(campaign(29, 30, 1),))
    np.testing.assert_allclose(LastYear(default_lift=4.0).forecast(view, 2, _rng()).mean[0, 0], [10, 40])


def test_normals_are_standard_and_independent() -> None:
    """Moments of a million; neighbours, which share a word, do not correlate; the quantiles are the normal's."""
    z = normals((1000, 1001), _rng()).astype(np.float64)
    assert z.shape == (1000, 1001)
    flat = z.ravel()
    assert [flat.mean(), flat.var(), (flat**4).mean()] == pytest.approx([0.0, 1.0, 3.0], abs=0.02)
    for apart in range(1, 5):
        assert abs(np.corrcoef(flat[:-apart], flat[apart:])[0, 1]) < 0.004
    levels = np.array([0.001, 0.05, 0.5, 0.95, 0.999])
    np.testing.assert_allclose(np.quantile(flat, levels), stats.norm.ppf(levels), atol=0.04)
    np.testing.assert_array_equal(normals((5,), _rng()), normals((5,), _rng()))


def test_gamma_paths() -> None:
    """Mean exact, also where it is 0; variance m + v m^2 = 20 + 0.25 x 400 at m 20; skewness near the Gamma's."""
    mean = np.array([20.0, 0.0])
    paths = gamma_paths(mean, 0.25, 40_000, _rng())
    np.testing.assert_allclose(paths.mean(axis=0), mean, rtol=1e-9)
    assert paths[:, 0].var() == pytest.approx(120, rel=0.03)
    assert stats.skew(paths[:, 0]) == pytest.approx(2 * np.sqrt(120) / 20, rel=0.05)
    scaled = gamma_paths(mean, 0.25, 64, _rng(), scale=np.array([3.0, 0.0]))
    np.testing.assert_allclose(scaled.mean(axis=0), [3.0, 0.0], rtol=1e-9)


def test_last_year_scatter() -> None:
    """Variance m + (cv m)^2 = 100 + 900 at m 100, cv 0.3."""
    paths = LastYear(samples=4000).forecast(scripted_view(1, sold=100), 28, _rng()).paths
    assert paths.var(axis=0).mean() == pytest.approx(1000, rel=0.05)


@pytest.mark.parametrize("strategy", [LastYear(), PromoRegression()])
def test_first_forecast_spreads_the_opening_stock(strategy: LastYear | PromoRegression) -> None:
    """210 and 420 units for 21 days: 10 and 20 a day, half in each city."""
    view = scripted_view(2, 2, days=0, on_hand=np.array([[210], [420]]))
    mean = strategy.forecast(view, 28, _rng()).mean.mean(axis=-1)
    np.testing.assert_allclose(mean, [[5, 5], [10, 10]], rtol=0.15)


@pytest.mark.parametrize("strategy", [LastYear(), PromoRegression()])
def test_the_rush_comes_at_the_start(strategy: LastYear | PromoRegression) -> None:
    """A festival from 20:00 of day 30; 672 orders at noon in four weeks and one an hour: 673/696."""
    view = scripted_view(2, sold=12, campaigns=(campaign(30 + 20 / 24, 32, 2),))
    hours = strategy.forecast(view, 28, _rng()).hour_shares
    noon = 673 / 696
    np.testing.assert_allclose(hours[0, 12], noon)
    np.testing.assert_allclose(hours[2, 12], 0.75 * noon)
    np.testing.assert_allclose(hours[2, 20], 0.75 / 696 + 0.25 * (0.5 / 4 + 0.5))


def test_a_campaign_as_regressors() -> None:
    """20 % off and 300 - 50 from 12:00 of day 10 through day 11, ritual 1, pre-sale from day 8; even hours."""
    party = campaign(10.5, 12, 1, threshold_spend=300.0, threshold_save=50.0, presale_day=8.0)
    view = scripted_view(1, days=0, campaigns=(party,))
    found = calendar_of(view, 0, 30)
    cut, saving, feast = -np.log(0.8), -np.log(5 / 6), np.log(5)
    np.testing.assert_allclose(found.share[0, 9:13], [0, 0.5, 1, 0])
    np.testing.assert_allclose(found.opening[0, 9:13], [0, 1, 0, 0])
    np.testing.assert_allclose(found.offer[0, 10:12], [[cut, feast, saving]] * 2)
    np.testing.assert_allclose(found.side[0, [2, 3, 9, 10], 0], [0, cut + saving, cut + saving, 0])
    np.testing.assert_allclose(found.side[0, [12, 19, 25, 26], 1] / (cut + saving), [1, 1 / np.e, np.exp(-13 / 7), 0])
    np.testing.assert_allclose(found.side[0, [7, 8, 9, 10, 11], 2], [0, feast, feast, 0.25 * feast, 0])


def test_the_multiple_and_its_slope_by_hand() -> None:
    """Half a day of a campaign that triples sales, and a rush worth e^-1 of a day: 0.5 + (0.5 + e^-1) x 3."""
    view = scripted_view(1, days=0, campaigns=(campaign(10.5, 12, 1, markdown=0.0),))
    found = calendar_of(view, 0, 30)
    theta = np.array([0.0, np.log(3) / np.log(5), 0.0, -1.0, 0.0, 0.0, 0.0])
    log_m, slope = multiple(found, theta)
    np.testing.assert_allclose(np.exp(log_m[0, [9, 10, 11, 12]]), [1, 0.5 + 3 * (0.5 + np.exp(-1)), 3, 1])
    for n in range(7):
        step = np.zeros(7)
        step[n] = 1e-5
        numeric = (multiple(found, theta + step)[0] - multiple(found, theta - step)[0]) / 2e-5
        np.testing.assert_allclose(slope[..., n], numeric, atol=1e-7)


def test_lift_without_promotions_is_the_prior() -> None:
    found = calendar_of(scripted_view(1, days=0), 0, 30)
    theta, covariance = fit_lift(found, found.touched, np.ones((1, 30)), np.ones((1, 30)), 0.06)
    np.testing.assert_allclose(theta, PRIOR_MEAN)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), PRIOR_SD)


def test_lift_moves_from_the_prior_to_the_evidence() -> None:
    """True elasticity 4 on n large promotion days: the estimate goes from 2.6 towards 4 as n grows."""
    found = []
    for n in (1, 10, 200):
        view = scripted_view(1, days=0, campaigns=(campaign(0, n, 1, markdown=0.3, ritual=0.0),))
        calendar = calendar_of(view, 0, n)
        units, expected = np.full((1, n), 1000 * 0.7**-4.0), np.full((1, n), 1000.0)
        theta, covariance = fit_lift(calendar, calendar.touched, units, expected, 0.06)
        found.append(theta[0])
        assert covariance[0, 0] < 1.0
    assert 2.6 < found[0] < found[1] < found[2]
    assert found[2] == pytest.approx(4.0, abs=0.02)


def test_promo_regression_recovers_the_script() -> None:
    """Sales made of level x multiple; the next festival differs in depth and ritual."""
    theta = np.array([3.2, 0.5, 0.0, -1.0, -0.6, -0.3, 0.0])
    past = [campaign(s, s + 3, 6, ritual=r, markdown=m)
            for s, r, m in ((40, 0.3, 0.1), (80, 1.0, 0.3), (120, 0.5, 0.2), (150, 0.2, 0.3))]  # fmt: skip
    coming = campaign(190, 193, 6, ritual=0.7, markdown=0.4)
    calendar = scripted_view(6, 2, days=182, campaigns=(*past, coming))
    lift = np.exp(multiple(calendar_of(calendar, 182, 28), theta)[0][0])
    level = np.arange(1, 7) * 15.0
    want = level[:, None, None] * np.array([0.7, 0.3])[:, None] * lift
    sold = np.random.default_rng(2).poisson(want[..., :182])
    view = scripted_view(6, 2, days=182, sold=sold, campaigns=(*past, coming))
    mean = PromoRegression(samples=600).forecast(view, 28, _rng()).mean
    np.testing.assert_allclose(mean[..., 8:11].sum(axis=-1), want[..., 190:193].sum(axis=-1), rtol=0.2)
    np.testing.assert_allclose(mean[..., 8:11].sum(), want[..., 190:193].sum(), rtol=0.1)
    np.testing.assert_allclose(mean[..., :8].sum(), want[..., 182:190].sum(), rtol=0.07)


def test_promo_regression_finds_the_day_on_which_favour_changes() -> None:
    """Four SKUs of steady sum change favour on day 3 of every seven: this week's is known, the next is in doubt."""
    favour = np.exp(0.4 * np.random.default_rng(8).standard_normal((4, 40)))[:, (np.arange(150) + 4) // 7]
    sold = np.random.default_rng(9).poisson(400 * favour / favour.mean(axis=0))
    paths = PromoRegression(samples=600).forecast(scripted_view(4, days=146, sold=sold[:, None, :146]), 14, _rng())
    this_week = (146 - 3) // 7 * 7 + 3
    np.testing.assert_allclose(paths.mean[:, 0, 0], sold[:, this_week:146].mean(axis=1), rtol=0.08)
    assert (paths.paths[:, :, 0, 10].std(axis=0) > 1.2 * paths.paths[:, :, 0, 0].std(axis=0)).all()


def test_promo_regression_measures_lift_against_its_own_time() -> None:
    """Sales grew from 20 to 60 long before the only campaigns, which sold three times as much."""
    past = [campaign(s, s + 3, 4, markdown=0.25) for s in (180, 200, 220)]
    sold = np.where(np.arange(240) < 120, 20, 60)
    for c in past:
        sold[int(c.start_day) : int(c.end_day)] = 180
    view = scripted_view(4, days=240, sold=sold, campaigns=(*past, campaign(250, 253, 4, markdown=0.25)))
    mean = PromoRegression(samples=600).forecast(view, 28, _rng()).mean
    np.testing.assert_allclose(mean[..., 10:13].mean(), 180, rtol=0.1)


@pytest.mark.parametrize("days", [100, 430])
def test_promo_regression_keeps_weekdays_apart(days: int) -> None:
    """Every seventh day, day 0 first, sells half; also when the history is longer than the memory."""
    sold = np.where(np.arange(days) % 7 == 0, 50, 100)
    mean = PromoRegression(samples=400).forecast(scripted_view(1, days=days, sold=sold), 14, _rng()).mean
    want = np.where(np.arange(days, days + 14) % 7 == 0, 50, 100)
    np.testing.assert_allclose(mean[0, 0], want, rtol=0.1)


def test_promo_regression_doubt_does_not_inflate_the_mean() -> None:
    """Nothing known but the prior: the mean is the prior's lift, though the paths lie far apart."""
    view = scripted_view(1, days=0, on_hand=np.array([[2100]]), campaigns=(campaign(3, 5, 1),))
    paths = PromoRegression(samples=20_000).forecast(view, 5, _rng()).paths[:, 0, 0]
    e, g, _, rush, *_ = PRIOR_MEAN
    lift = np.exp(-e * np.log(0.8) + g * np.log(5)) * (1 + np.exp(rush))
    assert paths[:, 3].mean() == pytest.approx(100 * lift, rel=0.06)
    assert paths[:, 3].std() > 0.5 * paths[:, 3].mean()


def test_promo_regression_fills_in_what_was_sold_out() -> None:
    """SKU 1 sells at 20 a day but is sold out for 12 hours of each second day, and then sells 10."""
    sold = np.full((2, 1, 56), 20)
    sold[1, 0, ::2] = 10
    hours = np.zeros((2, 1, 56))
    hours[1, 0, ::2] = 12.0
    view = scripted_view(2, days=56, sold=sold, stockout_hours=hours)
    mean = PromoRegression(samples=400).forecast(view, 28, _rng()).mean.mean(axis=-1)
    np.testing.assert_allclose(mean[:, 0], [20, 20], rtol=0.05)


def test_promo_regression_days_move_together() -> None:
    """A shock to all SKUs in the history makes paths of different SKUs correlate."""
    shock = np.exp(0.3 * np.random.default_rng(4).standard_normal(120))
    sold = np.random.default_rng(5).poisson(200 * shock, (8, 1, 120))
    paths = PromoRegression(samples=500).forecast(scripted_view(8, days=120, sold=sold), 7, _rng()).paths
    correlation = np.asarray(np.corrcoef(paths[:, :, 0, 0].T))
    assert correlation[np.triu_indices(8, 1)].mean() > 0.5
