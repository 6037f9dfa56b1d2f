"""Festivals by date, and what they do to online demand: gifts before them, a lull in the Spring Festival week.

The lunar dates of 2015-2035 are our own table (every one is tested against the `lunardate` package); the
solar shopping festivals are the same day each year.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from sim.errors import did_you_mean

_LUNAR = {  # Spring Festival, Dragon Boat, Qixi, Mid-Autumn: days 1/1, 5/5, 7/7 and 15/8 of the lunar year
    2015: "02-19 06-20 08-20 09-27",
    2016: "02-08 06-09 08-09 09-15",
    2017: "01-28 05-30 08-28 10-04",
    2018: "02-16 06-18 08-17 09-24",
    2019: "02-05 06-07 08-07 09-13",
    2020: "01-25 06-25 08-25 10-01",
    2021: "02-12 06-14 08-14 09-21",
    2022: "02-01 06-03 08-04 09-10",
    2023: "01-22 06-22 08-22 09-29",
    2024: "02-10 06-10 08-10 09-17",
    2025: "01-29 05-31 08-29 10-06",
    2026: "02-17 06-19 08-19 09-25",
    2027: "02-06 06-09 08-08 09-15",
    2028: "01-26 05-28 08-26 10-03",
    2029: "02-13 06-16 08-16 09-22",
    2030: "02-03 06-05 08-05 09-12",
    2031: "01-23 06-24 08-24 10-01",
    2032: "02-11 06-12 08-12 09-19",
    2033: "01-31 06-01 08-01 09-08",
    2034: "02-19 06-20 08-20 09-27",
    2035: "02-08 06-10 08-10 09-16",
}
_LUNAR_NAMES = ("spring_festival", "dragon_boat", "qixi", "mid_autumn")
_SOLAR = {"womens_day": (3, 8), "618": (6, 18), "double11": (11, 11), "double12": (12, 12)}
FESTIVALS: tuple[str, ...] = (*_LUNAR_NAMES, *_SOLAR)
"""All names that `festival_date` knows."""
FIRST_YEAR, LAST_YEAR = min(_LUNAR), max(_LUNAR)

_HOLIDAY_DAYS = 8
"""New Year's Eve and the seven days from New Year's Day."""
_SPRING_BUILD, _AUTUMN_BUILD, _AUTUMN_PEAK = 21, 14, 0.5
"""Days over which gift need builds, and its peak before Mid-Autumn against 1 before Spring Festival (assumptions)."""


def spring_festival(year: int) -> date:
    """Lunar New Year's Day.

    >>> spring_festival(2024)
    datetime.date(2024, 2, 10)
    """
    return festival_date("spring_festival", year)


def festival_date(name: str, year: int) -> date:
    """The day of a festival. Raises ValueError for unknown names, and for lunar ones outside 2015-2035.

    >>> festival_date("618", 2025).isoformat(), festival_date("mid_autumn", 2025).isoformat()
    ('2025-06-18', '2025-10-06')
    """
    if name in _SOLAR:
        return date(year, *_SOLAR[name])
    if name not in _LUNAR_NAMES:
        near = did_you_mean(name, FESTIVALS)
        hint = f"; did you mean {near!r}?" if near else ""
        raise ValueError(f"festival must be one of {', '.join(FESTIVALS)}, got {name!r}{hint}")
    if year not in _LUNAR:
        raise ValueError(f"{name} must lie in the years {FIRST_YEAR} to {LAST_YEAR}, got {year}")
    return date.fromisoformat(f"{year}-{_LUNAR[year].split()[_LUNAR_NAMES.index(name)]}")


def _holiday(year: int) -> date:
    """First day of the Spring Festival week: New Year's Eve."""
    return spring_festival(year) - timedelta(days=1)


def gift_season(day: date) -> float:
    """0..1: how much of the year's greatest wish to give is felt on a day.

    It builds in even steps over the three weeks before New Year's Eve, reaches 1 on the eve's eve and is 0 from the
    eve on; before Mid-Autumn it builds over two weeks to 0.5 (forms and sizes are assumptions). 0 for dates whose
    festivals the table does not know.

    >>> gift_season(date(2024, 2, 8)), gift_season(date(2024, 2, 9)), gift_season(date(2024, 9, 16))
    (1.0, 0.0, 0.5)
    """
    best = 0.0
    for year in (day.year, day.year + 1):
        if year in _LUNAR:
            best = max(
                best,
                _build(_holiday(year) - day, _SPRING_BUILD),
                _AUTUMN_PEAK * _build(festival_date("mid_autumn", year) - day, _AUTUMN_BUILD),
            )
    return best


def _build(left: timedelta, days: int) -> float:
    """Even steps up to 1 on the day before; 0 on the day itself and later."""
    return max(0.0, (days + 1 - left.days) / days) if left.days > 0 else 0.0


def holiday_demand(day: date, week: float = 0.6) -> float:
    """Factor on online demand: `week` from New Year's Eve through the seven days of the Spring Festival, else 1.

    People are home with their families and couriers on leave. 0.6 is an assumption: no figure for online orders
    alone was found.

    >>> holiday_demand(date(2024, 2, 9)), holiday_demand(date(2024, 2, 17))
    (0.6, 1.0)
    """
    if day.year not in _LUNAR or not 0 <= (day - _holiday(day.year)).days < _HOLIDAY_DAYS:
        return 1.0
    return week


@lru_cache
def public_holidays(year: int) -> frozenset[date]:
    """The days of a year on which the law pays overtime at the holiday rate; none outside 2015-2035.

    State Council Decree 644 (11 days, from 2014) and its revision by Decree 795 (13 days, from 2025). Days that are
    only shifted around them make no difference: they stay rest days and workdays by the calendar.

    >>> sorted(day.isoformat()[5:] for day in public_holidays(2024))[:5]
    ['01-01', '02-10', '02-11', '02-12', '04-04']
    """
    if year not in _LUNAR:
        return frozenset()
    spring, longer = spring_festival(year), year >= 2025
    days = [date(year, 1, 1), _tomb_sweeping(year), date(year, 5, 1)]
    days += [festival_date("dragon_boat", year), festival_date("mid_autumn", year)]
    days += [spring + timedelta(days=n) for n in range(-1 if longer else 0, 3)]
    days += [date(year, 10, n) for n in (1, 2, 3)] + ([date(year, 5, 2)] if longer else [])
    return frozenset(days)


def _tomb_sweeping(year: int) -> date:
    """Qingming, 4 or 5 April: the usual formula of the solar term, right for 2000-2099."""
    n = year % 100
    return date(year, 4, int(n * 0.2422 + 4.81) - n // 4)
