"""Festival dates agree with a second source; gifts build before a festival and stop with it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from lunardate import LunarDate

from sim.scenario.festivals import (
    FESTIVALS,
    FIRST_YEAR,
    LAST_YEAR,
    festival_date,
    gift_season,
    holiday_demand,
    public_holidays,
    spring_festival,
)

LUNAR_DAYS = {"spring_festival": (1, 1), "dragon_boat": (5, 5), "qixi": (7, 7), "mid_autumn": (8, 15)}


@pytest.mark.parametrize("year", range(2015, 2036))
def test_every_lunar_date_agrees_with_lunardate(year: int) -> None:
    for name, (month, day) in LUNAR_DAYS.items():
        lunar = LunarDate.from_solar_date(*festival_date(name, year).timetuple()[:3])
        assert (lunar.year, lunar.month, lunar.day, bool(lunar.is_leap_month)) == (year, month, day, False), name


def test_the_table_spans_2015_to_2035_and_solar_festivals_any_year() -> None:
    assert (FIRST_YEAR, LAST_YEAR) == (2015, 2035) and set(LUNAR_DAYS) < set(FESTIVALS)
    assert festival_date("618", 2099) == date(2099, 6, 18)
    assert festival_date("double11", 2024).isoformat() == "2024-11-11"
    for name, year, message in (
        ("qixi", 2036, "qixi must lie in the years 2015 to 2035, got 2036"),
        ("duble12", 2024, "got 'duble12'; did you mean 'double12'?"),
    ):
        with pytest.raises(ValueError, match="must") as caught:
            festival_date(name, year)
        assert message in str(caught.value)


@pytest.mark.parametrize("year", range(2016, 2036))
def test_gifts_build_over_three_weeks_and_stop_on_the_eve(year: int) -> None:
    eve = spring_festival(year) - timedelta(days=1)
    build = [gift_season(eve - timedelta(days=n)) for n in range(22, 0, -1)]
    assert build[0] == 0.0 and build[-1] == 1.0 and build == sorted(set(build))
    assert {gift_season(eve + timedelta(days=n)) for n in range(30)} == {0.0}
    moon = festival_date("mid_autumn", year)
    assert gift_season(moon - timedelta(days=1)) == 0.5 and gift_season(moon) == 0.0
    assert gift_season(moon - timedelta(days=15)) == 0.0


def test_demand_falls_in_the_holiday_week_alone() -> None:
    low = [d for n in range(366) if holiday_demand(d := date(2024, 1, 1) + timedelta(days=n)) < 1.0]
    assert (low[0], low[-1], len(low)) == (date(2024, 2, 9), date(2024, 2, 16), 8)
    assert holiday_demand(date(2024, 2, 10), 1.0) == 1.0 and holiday_demand(date(2050, 2, 10)) == 1.0
    assert gift_season(date(2050, 1, 20)) == 0.0


def test_public_holidays_are_those_of_the_decree() -> None:
    """11 days until 2024, 13 from 2025; fewer where Mid-Autumn falls on National Day, as in 2020."""
    assert {year: len(public_holidays(year)) for year in (2019, 2020, 2024, 2025)} == {
        2019: 11, 2020: 10, 2024: 11, 2025: 13,
    }  # fmt: skip
    assert {date(2023, 4, 5), date(2024, 4, 4), date(2025, 1, 28), date(2025, 5, 2)} <= {
        day for year in (2023, 2024, 2025) for day in public_holidays(year)
    }
    assert public_holidays(1999) == frozenset()
