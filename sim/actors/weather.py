"""The weather of each city, and what season, weather and gifts do to each category's need.

Temperature of a day [T] = yearly cosine through the January and July means + AR(1) deviation - cold waves.
Need of a category = season weight x exp(cold_demand (15 - T)) x (1 + gift_demand x gift season).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.actors.base import Actor
from sim.actors.view import AHEAD
from sim.kernels.draws import normal, poisson, uniform
from sim.scenario.climate import Climate, ColdWave
from sim.scenario.festivals import gift_season
from sim.streams import Branch

if TYPE_CHECKING:
    from sim.world import World

Floats = NDArray[np.float64]
MILD = 15.0
"""Celsius at which weather neither adds nor takes need."""
_COLDEST_DAY = 16
"""Day of the year, from 1: mid-January; the warmest is half a year later (about right for China)."""
_WINTER, _WINTER_DAYS = (11, 1), 151
_WAVE_DROP, _WAVE_DAYS = (8.0, 14.0), (3.0, 7.0)
"""Range of a random cold wave's drop in Celsius (from the standard's 8 up) and length (assumptions)."""
LEADS = 15
"""Days ahead from which a forecast knows no more than the season (assumption)."""
_ERROR_PER_ROOT_DAY = 0.9
"""Celsius: forecast error grows as the root of the lead (assumption; a week ahead is off by about 2)."""


class Weather(Actor):
    """Temperatures of the whole run, drawn at the start; the same for every schedule and line-up of a seed."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        days = world.spec.calendar.days + AHEAD
        climates = [city.climate for city in world.spec.market.cities.values()]
        self.usual: Floats = np.array([_yearly(climate, world.spec.calendar.start, days) for climate in climates])
        """(C, days + 60) Celsius of the season alone."""
        self.celsius: Floats
        """(C, days + 60) Celsius."""
        self._steps: Floats
        self.draw()
        self._sudden: list[tuple[int, Floats]] = []
        """(first second, (C, days + 60) Celsius taken off) of cold waves that nobody foretells: faults."""
        for begin, fault, struck in world.faults.waves(list(world.spec.market.cities)):
            wave = _cooling(fault.start, (fault.end - fault.start) / timedelta(days=1), fault.drop_celsius,
                            world.spec.calendar.start, days)  # fmt: skip
            self._sudden.append((begin, np.outer(struck, wave)))
        categories = world.spec.catalogue.categories.values()
        self._cold = np.array([c.cold_demand for c in categories])
        self._gift = np.array([c.gift_demand for c in categories])
        self._season = np.array([np.array(c.season) / np.mean(c.season) if c.season else np.ones(12)
                                 for c in categories])  # fmt: skip
        """(J, 12) mean 1."""

    def draw(self) -> None:
        """Draws all days; again after a branch, which leaves those before it as they were."""
        climates, days = [city.climate for city in self.world.spec.market.cities.values()], self.usual.shape[1]
        self.celsius = self.usual + [self._deviations(n, climate, days) for n, climate in enumerate(climates)]
        self._steps = self._error_steps(len(climates), days)

    def need(self) -> Floats:
        """(C, J) multiplier of each category's need today; exactly 1 where a category has no season."""
        world = self.world
        calendar = self._season[:, world.date.month - 1] * (1.0 + self._gift * gift_season(world.date))
        cold: Floats = MILD - self.celsius[:, world.day]
        for _, wave in self._sudden:
            cold = cold + wave[:, world.day]
        return np.exp(np.outer(cold, self._cold)) * calendar

    def forecast(self, day: int, horizon: int) -> Floats:
        """(C, horizon) Celsius of `day`, `day` + 1, ... as foretold on the morning of `day`; at most 60 days.

        Today is known. Errors are a sum of keyed steps, one a day of lead, so a forecast of the same day gets
        better, not different, as it draws near; it fades into the season's mean, which stands from 15 days on. A cold
        wave that is a fault is told from the first morning after its arrival, then with its whole course.
        """
        out = self.usual[:, day : day + horizon].copy()
        leads = np.arange(min(horizon, LEADS))
        weight = 1.0 - (leads / LEADS) ** 2
        seen = self.celsius[:, day + leads] + _ERROR_PER_ROOT_DAY * self._steps[:, day + leads, leads]
        out[:, leads] = weight * seen + (1.0 - weight) * out[:, leads]
        for begin, wave in self._sudden:
            if begin <= day * 86_400 + 6 * 3600:
                out -= wave[:, day : day + horizon]
        return out

    def _error_steps(self, cities: int, days: int) -> Floats:
        """(C, days, leads) sum of the forecast errors' steps, by day foretold; drawn once: daily, a year took 1.0 s."""
        out = np.zeros((cities, days, LEADS))
        for day in range(days):
            key = self.world.streams.at(day).key("weather forecast", day)
            for city in range(cities):
                out[city, day, 1:] = np.cumsum([normal(key, np.int64(city), 2 * step) for step in range(LEADS - 1)])
        return out

    def _deviations(self, city: int, climate: Climate, days: int) -> Floats:
        """(days,) Celsius above the season's mean."""
        streams, keep, name = self.world.streams, climate.persistence, list(self.world.spec.market.cities)[city]
        out = np.empty(days)
        value, scale = 0.0, climate.shock_sd_celsius / math.sqrt(1.0 - keep * keep)  # as if it had always been so
        for day in range(days):
            value = keep * value + scale * normal(streams.at(day).key("weather", day), np.int64(city), 0)
            out[day], scale = value, climate.shock_sd_celsius
        dated = [wave for wave in self.world.spec.market.cold_waves if not wave.cities or name in wave.cities]
        start = self.world.spec.calendar.start
        for wave in [*dated, *self._random_waves(climate, start, days)]:
            out -= _cooling(wave.start, wave.days, wave.drop_celsius, start, days)
        return out

    def _random_waves(self, climate: Climate, start: date, days: int) -> Iterator[ColdWave]:
        """Cold waves of every winter that the run touches. A wave comes to all cities on the same day; where
        the climate has fewer of them, the later-numbered stay away."""
        for year in range(start.year - 1, (start + timedelta(days=days)).year + 1):
            for branch in self.world.streams.branches():
                yield from self._waves_of(year, climate, branch)

    def _waves_of(self, year: int, climate: Climate, branch: Branch) -> Iterator[ColdWave]:
        """Those of a winter that begin while the random numbers of a branch hold."""
        key = branch.streams.key("cold waves", year)
        for n in range(1, 1 + poisson(climate.cold_waves_per_winter, uniform(key, np.int64(0), 0))):
            when, drop, length = (uniform(key, np.int64(n), draw) for draw in range(3))
            begin = datetime(year, *_WINTER) + timedelta(days=int(when * _WINTER_DAYS))
            if branch.holds((begin.date() - self.world.spec.calendar.start).days):
                yield ColdWave(
                    start=begin, days=float(np.interp(length, (0, 1), _WAVE_DAYS)),
                    drop_celsius=float(np.interp(drop, (0, 1), _WAVE_DROP)),
                )  # fmt: skip


def _yearly(climate: Climate, start: date, days: int) -> Floats:
    """(days,) Celsius of an average year, from `start`."""
    day_of_year = np.array([(start + timedelta(days=n)).timetuple().tm_yday for n in range(days)])
    middle, half = (climate.january_celsius + climate.july_celsius) / 2, climate.january_celsius - climate.july_celsius
    wave: Floats = middle + half / 2 * np.cos(2 * np.pi * (day_of_year - _COLDEST_DAY) / 365.25)
    return wave


def _cooling(arrival: datetime, lasts: float, drop: float, start: date, days: int) -> Floats:
    """(days,) Celsius that a wave takes off each day's mean: the full drop on arrival, evenly less for `lasts` days."""
    age = np.arange(days) - (arrival - datetime.combine(start, datetime.min.time())).total_seconds() / 86_400
    felt = np.clip(age + 1.0, 0.0, 1.0)  # share of the day after the arrival
    cooling: Floats = drop * felt * np.clip(1.0 - np.maximum(age, 0.0) / lasts, 0.0, 1.0)
    return cooling
