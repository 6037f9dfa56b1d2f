"""Base demand, weekday and hour patterns, repurchase and baskets of an order history."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.fit.orders import Orders

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

WASH_OUT_DAYS = 28
"""Whoever buys in the first four weeks is mostly an old customer: the first order seen is not their
first, and frequent buyers are seen first. They do not count for repurchase."""


@dataclass(frozen=True)
class Pattern:
    """How people buy, as far as their orders show it."""

    weekly_units: dict[str, float]
    """Units a week by SKU, whole weeks."""
    list_price: dict[str, float]
    """Median shelf price by SKU."""
    weekday: list[float]
    """Orders by weekday, Monday first, mean 1."""
    weekday_se: list[float]
    hour: list[float]
    """Orders by hour as recorded, mean 1."""
    customers: int
    """Known ones, and one for each order without a customer."""
    anonymous: int
    """Orders without a customer."""
    orders: int
    days: int
    units_per_line: float
    lines_per_order: float
    repurchase: dict[int, float]
    """Share that orders again within 7, 30, 90 days of the first order (Kaplan-Meier), of the customers
    first seen after `WASH_OUT_DAYS`; NaN where none of them is followed that long."""
    repurchase_se: dict[int, float]
    gap_days: float
    """Median days between two days on which a customer bought; NaN below 20 gaps."""
    units_per_visit: float
    """Units that a customer buys on such a day."""
    newcomers: int
    """Customers first seen after `WASH_OUT_DAYS`."""
    empty_weeks: int
    """SKU-weeks without a sale, whole weeks."""


def kaplan_meier(gap_days: Floats, censored_days: Floats, horizon: float) -> tuple[float, float]:
    """(share with an event within `horizon`, Greenwood's s.e.); `gap_days` is NaN where none was seen by then.

    NaN when nobody is followed that long (Kaplan & Meier 1958).
    """
    event = np.isfinite(gap_days)
    time = np.where(event, gap_days, censored_days)
    if not (time >= horizon).any():
        return float("nan"), float("nan")
    times, first = np.unique(np.sort(time), return_index=True)
    events = np.bincount(np.searchsorted(times, time[event]), minlength=times.size)
    within = (times <= horizon) & (events > 0)
    d, n = events[within].astype(float), (time.size - first)[within].astype(float)
    alive = float(np.prod(1.0 - d / n))
    greenwood = float((d / (n * np.maximum(n - d, 1e-9))).sum()) if alive > 0 else 0.0
    return 1.0 - alive, alive * greenwood**0.5


def visits_of(orders: Orders) -> pd.DataFrame:
    """customer (a running number) and day of each day on which a known customer bought, in order of days."""
    lines = orders.lines
    day = (lines["ordered_at"] - orders.first_day).dt.days
    visits = pd.DataFrame({"customer": lines["customer_id"].cat.codes, "day": day})
    return visits[lines["customer_id"] != ""].drop_duplicates().sort_values("day", kind="stable", ignore_index=True)


def pattern_of(orders: Orders) -> Pattern:
    """All patterns of an order history."""
    lines, order = orders.lines, orders.lines["order_id"].cat.codes
    day = (lines["ordered_at"] - orders.first_day).dt.days
    weeks = len(orders.open_weeks)
    whole = lines[(day // 7).isin(orders.open_weeks)]
    units = whole.groupby("sku")["units"].sum()
    first_of_order = lines[~order.duplicated()]
    visits = visits_of(orders)
    first, again, gap = _gaps(visits)
    end = int(day.max())
    new = first >= WASH_OUT_DAYS
    followed = {h: kaplan_meier(again[new] - first[new], end - first[new], h) for h in (7, 30, 90)}
    sold_weeks = len(pd.DataFrame({"sku": whole["sku"], "week": day[whole.index] // 7}).drop_duplicates())
    weekday = first_of_order["ordered_at"].dt.day_of_week.value_counts().reindex(range(7), fill_value=0)
    hour = first_of_order["ordered_at"].dt.hour.value_counts().reindex(range(24), fill_value=0)
    nobody = int(order[lines["customer_id"] == ""].nunique())
    return Pattern(
        weekly_units={sku: float(units.get(sku, 0)) / weeks for sku in orders.skus},
        list_price={str(sku): float(price) for sku, price in lines.groupby("sku")["list_price"].median().items()},
        weekday=(weekday / max(1e-9, weekday.mean())).round(3).tolist(),
        hour=(hour / max(1e-9, hour.mean())).round(3).tolist(),
        weekday_se=_weekday_se(first_of_order, orders),
        customers=len(first) + nobody,
        anonymous=nobody,
        orders=len(first_of_order),
        days=end + 1,
        units_per_line=float(lines["units"].mean()),
        lines_per_order=len(lines) / len(first_of_order),
        repurchase={h: share for h, (share, _) in followed.items()},
        repurchase_se={h: se for h, (_, se) in followed.items()},
        gap_days=float(np.median(gap)) if len(gap) >= 20 else float("nan"),
        units_per_visit=float(lines["units"].sum()) / max(1, len(visits) + nobody),
        newcomers=int(new.sum()),
        empty_weeks=int(whole["sku"].nunique()) * weeks - sold_weeks,
    )


def _gaps(visits: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    """(first day, second day or NaN) of each customer, and the days between any two visits that follow each other."""
    order = np.argsort(visits["customer"].to_numpy(), kind="stable")
    who, day = (visits[name].to_numpy()[order] for name in ("customer", "day"))
    same = who[1:] == who[:-1]  # the next visit is the same customer's
    begin = np.flatnonzero(np.append(np.ones(min(1, who.size), np.bool_), ~same))
    came_back = np.append(same, False)[begin]
    again = np.full(begin.size, np.nan)
    again[came_back] = day[begin[came_back] + 1]
    return day[begin].astype(float), again, np.diff(day)[same].astype(float)


def _weekday_se(first_of_order: pd.DataFrame, orders: Orders) -> list[float]:
    """s.e. of the weekday index: between whole weeks, which differ by more than chance; NaN for a single week."""
    day = (first_of_order["ordered_at"] - orders.first_day).dt.days
    kept = first_of_order[(day // 7).isin(orders.open_weeks)]
    table = pd.crosstab((day[kept.index] // 7), kept["ordered_at"].dt.day_of_week).reindex(
        columns=range(7), fill_value=0
    )
    share = 7 * table.to_numpy(float) / np.maximum(table.to_numpy(float).sum(axis=1, keepdims=True), 1)
    if len(share) < 2:
        return [float("nan")] * 7
    return [round(float(s), 4) for s in share.std(axis=0, ddof=1) / np.sqrt(len(share))]
