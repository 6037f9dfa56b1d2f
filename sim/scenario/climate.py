"""A city's climate, and cold waves as dated events."""

from __future__ import annotations

from sim.scenario.units import ASSUMPTION, Moment, Section, param

_NORMALS = "about the 1991-2020 normals of Hangzhou"


class Climate(Section):
    """Daily mean temperature: a yearly cosine, day-to-day shocks that fade, and cold waves in winter."""

    january_celsius: float = param(5.0, "Celsius", "mean temperature in mid-January", _NORMALS, ge=-60, le=60)
    july_celsius: float = param(29.0, "Celsius", "mean temperature in mid-July", _NORMALS, ge=-60, le=60)
    shock_sd_celsius: float = param(2.0, "Celsius", "standard deviation of a day's shock", ASSUMPTION, ge=0, le=20)
    persistence: float = param(
        0.75, "1", "share of yesterday's deviation kept; with shocks of 2 Celsius, days deviate by 3", ASSUMPTION,
        ge=0, le=0.99,
    )  # fmt: skip
    cold_waves_per_winter: float = param(
        2.0, "waves", "mean number of random cold waves from November through March", ASSUMPTION, ge=0, le=20
    )


class ColdWave(Section):
    """A sudden drop of temperature that wears off evenly."""

    start: Moment = param(..., "local time", "when it arrives: a date, or a date and time")
    days: float = param(5.0, "days", "time until it has worn off", ASSUMPTION, gt=0, le=60)
    drop_celsius: float = param(
        10.0,
        "Celsius",
        "drop on arrival",
        "GB/T 21987-2017: a cold wave is a fall of 8 Celsius in 24 hours",
        gt=0,
        le=40,
    )
    cities: list[str] = param([], "name", "where it strikes; everywhere where empty")
