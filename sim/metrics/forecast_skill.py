"""Forecast skill: CRPS, pinball loss and coverage of the merchant's forecasts, by horizon, on normal and promo days.

Marked are units wanted a SKU, city and day (see `sim.actors.critic`), in the scored days, with the horizons 1, 3, 7 and
14 days pooled; `skill_table` keeps them apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.ledger import FORECAST_DAY_TYPES, FORECAST_HORIZONS, FORECAST_MEASURES, History
from sim.metrics import metric


def mean_mark(sums: NDArray[np.float64], day_type: str, measure: str) -> float:
    """Mean of a measure over the days of `sums` (T, 2, 4, M), all horizons; NaN where nothing was marked."""
    part = sums[:, FORECAST_DAY_TYPES.index(day_type)].sum(axis=(0, 1))
    number = part[FORECAST_MEASURES.index("series")]
    return float(part[FORECAST_MEASURES.index(measure)] / number) if number > 0 else float("nan")


def skill_table(sums: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    """Columns of one row a day type and horizon: number of forecasts marked, then the mean of each measure.

    A horizon that was never marked has NaN means.
    """
    total = sums.sum(axis=0).reshape(-1, len(FORECAST_MEASURES))
    number = total[:, 0]
    types, horizons = (a.ravel() for a in np.meshgrid(FORECAST_DAY_TYPES, FORECAST_HORIZONS, indexing="ij"))
    columns: dict[str, NDArray[Any]] = {
        "day_type": types, "horizon_days": horizons.astype(np.int32), "forecasts": number.astype(np.int64),
    }  # fmt: skip
    for n, name in enumerate(FORECAST_MEASURES[1:], start=1):
        columns[name] = np.divide(total[:, n], number, out=np.full(number.shape, np.nan), where=number > 0)
    return columns


def _mean(history: History, day_type: str, measure: str) -> float:
    return mean_mark(history.forecast_marks[history.scored], day_type, measure)


@metric("crps_normal", "units", "lower", "CRPS of units wanted a SKU, city and normal day, 1, 3, 7 and 14 days ahead")
def crps_normal(history: History) -> float:
    """Mean over scored normal days."""
    return _mean(history, "normal", "crps")


@metric("crps_promo", "units", "lower", "CRPS of units wanted a SKU, city and promo day, 1, 3, 7 and 14 days ahead")
def crps_promo(history: History) -> float:
    """Mean over scored promo days: those on which the own calendar gives the SKU a markdown or a ritual."""
    return _mean(history, "promo", "crps")


@metric("pinball_90_normal", "units", "lower", "pinball loss of the forecast's 90 % quantile, normal days")
def pinball_90_normal(history: History) -> float:
    """What a stocker who aims at 90 % service loses by a wrong quantile."""
    return _mean(history, "normal", "pinball_90")


@metric("pinball_90_promo", "units", "lower", "pinball loss of the forecast's 90 % quantile, promo days")
def pinball_90_promo(history: History) -> float:
    """The same where it hurts."""
    return _mean(history, "promo", "pinball_90")


@metric("coverage_90_normal", "share", "higher", "normal days inside the forecast's central 90 % interval; best at 0.9")
def coverage_90_normal(history: History) -> float:
    """More than 0.9 means that the forecaster doubts too much."""
    return _mean(history, "normal", "coverage_90")


@metric("coverage_90_promo", "share", "higher", "promo days inside the forecast's central 90 % interval; best at 0.9")
def coverage_90_promo(history: History) -> float:
    """Less than 0.9 means that the forecaster is too sure of himself."""
    return _mean(history, "promo", "coverage_90")
