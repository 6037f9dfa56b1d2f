"""Weather: the same for a seed, cold when it should be, and nothing at all where no category minds it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.actors.faults import Faults
from sim.actors.view import AHEAD
from sim.actors.weather import LEADS, Weather
from sim.scenario import Scenario, load_scenario
from sim.streams import Streams

CALM = ("market.cities.hangzhou.climate={shock_sd_celsius: 0, cold_waves_per_winter: 0}",
        "market.cities.chengdu.climate={shock_sd_celsius: 0, cold_waves_per_winter: 0}")  # fmt: skip
PLAIN = tuple(f"catalogue.categories.{name}.{field}=0" for name in ("soft_drinks", "skincare", "apparel")
              for field in ("cold_demand", "gift_demand"))  # fmt: skip


@pytest.fixture
def weather(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Weather]:
    """`weather("path=value", ..., seed=1, day=0)` without a world around it."""
    monkeypatch.setattr("mesa.Agent.__init__", lambda self, model: None)

    def build(*extra: str, seed: int = 1, day: int = 0) -> Weather:
        spec: Scenario = load_scenario("double12", extra)
        world: Any = SimpleNamespace(spec=spec, streams=Streams(seed), day=day, date=spec.calendar.date_of(day))
        world.faults = Faults(world)
        return Weather(world)

    return build


def test_it_is_a_function_of_the_seed(weather: Callable[..., Weather]) -> None:
    one = weather()
    assert one.celsius.shape == (2, 210 + AHEAD)
    assert np.array_equal(one.celsius, weather().celsius)
    assert not np.array_equal(one.celsius, weather(seed=2).celsius)
    longer = weather("calendar.settlement_days=90").celsius
    assert np.array_equal(one.celsius, longer[:, : one.celsius.shape[1]])


def test_a_calm_year_runs_through_the_january_and_july_means(weather: Callable[..., Weather]) -> None:
    calm = weather(*CALM, "calendar.start=2024-01-01", "calendar.scored_days=365", "market.cities.hangzhou.climate."
                   "january_celsius=4", "market.cities.hangzhou.climate.july_celsius=30")  # fmt: skip
    year = calm.celsius[0, :366]
    assert year[15] == 4.0 and year.argmin() == 15
    assert year.max() == pytest.approx(30.0, abs=0.01) and calm.celsius[0, 196] == pytest.approx(30.0, abs=0.05)


def test_shocks_have_the_spread_and_memory_that_the_climate_says(weather: Callable[..., Weather]) -> None:
    quiet = "market.cities.hangzhou.climate.cold_waves_per_winter=0"
    long = weather(quiet, "calendar.scored_days=3500")
    deviation = (long.celsius - long.usual)[0]
    assert deviation.std() == pytest.approx(2.0 / np.sqrt(1 - 0.75**2), rel=0.08)
    assert np.corrcoef(deviation[1:], deviation[:-1])[0, 1] == pytest.approx(0.75, abs=0.04)
    assert abs(np.corrcoef(deviation, (long.celsius - long.usual)[1])[0, 1]) < 0.1


def test_a_dated_cold_wave_strikes_its_cities_and_wears_off(weather: Callable[..., Weather]) -> None:
    calm = weather(*CALM).celsius
    wave = "market.cold_waves=[{start: 2023-10-03T12:00, days: 4, drop_celsius: 8, cities: [chengdu]}]"
    drop = calm - weather(*CALM, wave).celsius
    assert np.all(drop[0] == 0.0)
    assert drop[1, :8] == pytest.approx([0, 0, 4, 7, 5, 3, 1, 0])
    everywhere = calm - weather(*CALM, "market.cold_waves=[{start: 2023-10-03, days: 4, drop_celsius: 8}]").celsius
    assert np.array_equal(everywhere[0], everywhere[1]) and everywhere[0, 2] == pytest.approx(8.0)


def test_random_cold_waves_come_in_winter_about_as_often_as_said(weather: Callable[..., Weather]) -> None:
    years = ("calendar.start=2023-07-01", "calendar.scored_days=3560", *CALM)
    calm = weather(*years).celsius
    windy = weather(*years, "market.cities.hangzhou.climate.cold_waves_per_winter=3").celsius
    drop = (calm - windy)[0]
    arrivals = np.flatnonzero(np.diff(drop) > 7.9)
    assert 20 <= arrivals.size <= 42  # ten winters, three each
    summer = [n for n in range(drop.size) if weather_month(n) in (5, 6, 7, 8, 9, 10)]
    assert np.all(drop[summer] == 0.0) and np.all((calm - windy)[1] == 0.0)


def weather_month(day: int) -> int:
    """Month of the n-th day from 1 July 2023."""
    return int(str(np.datetime64("2023-07-01") + day)[5:7])


def test_a_forecast_knows_today_and_less_and_less_of_later(weather: Callable[..., Weather]) -> None:
    long = weather("calendar.scored_days=2000")
    errors = np.array([long.forecast(day, 20) - long.celsius[:, day : day + 20] for day in range(0, 1900, 3)])
    spread = np.sqrt((errors**2).mean(axis=(0, 1)))
    assert spread[0] == 0.0 and np.all(np.diff(spread[: LEADS + 1]) > 0.0)
    assert 0.7 < spread[1] < 1.1 and 1.5 < spread[7] < 2.5
    assert np.array_equal(long.forecast(5, 60)[:, LEADS:], long.usual[:, 5 + LEADS : 65])
    assert np.array_equal(long.forecast(5, 3), long.forecast(5, 10)[:, :3])


def test_a_forecast_of_one_day_gets_better_not_different(weather: Callable[..., Weather]) -> None:
    long = weather("calendar.scored_days=1000")
    errors = np.array([[(long.forecast(day - lead, lead + 1) - long.celsius[:, day - lead : day + 1])[0, -1]
                        for lead in (3, 4)] for day in range(10, 900, 3)])  # fmt: skip
    assert np.corrcoef(errors.T)[0, 1] > 0.7


def test_need_is_exactly_one_where_no_category_minds(weather: Callable[..., Weather]) -> None:
    for day in (0, 100, 130, 200):
        assert np.array_equal(weather(*PLAIN, day=day).need(), np.ones((2, 4)))


def test_need_multiplies_season_weather_and_gifts(weather: Callable[..., Weather]) -> None:
    day = 130  # 2024-02-08, two days before New Year
    season = "catalogue.categories.apparel.season=[1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"
    fields = ("apparel.cold_demand=0.03", "soft_drinks.cold_demand=-0.01", "skincare.gift_demand=0.4")
    one = weather(*PLAIN, *(f"catalogue.categories.{field}" for field in fields), season, day=day)
    celsius, need = one.celsius[:, day], one.need()
    assert need[:, 0] == pytest.approx(np.exp(-0.01 * (15 - celsius)))
    assert need[:, 1] == pytest.approx(1.4)
    assert need[:, 2] == pytest.approx(2 / (13 / 12) * np.exp(0.03 * (15 - celsius)))
    assert np.all(need[:, 3] == 1.0)
