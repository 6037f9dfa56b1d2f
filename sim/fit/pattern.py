"""Base demand, weekday and hour patterns, repurchase and baskets of an order history."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sim.fit.orders import Orders

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
    hour: list[float]
    """Orders by hour as recorded, mean 1."""
    customers: int
    orders: int
    days: int
    units_per_line: float
    lines_per_order: float
    repurchase: dict[int, float]
    """Share that orders again within 7, 30, 90 days of the first order (Kaplan-Meier), of the customers
    first seen after `WASH_OUT_DAYS`; NaN where none of them is followed that long."""
    newcomers: int
    """Customers first seen after `WASH_OUT_DAYS`."""
    empty_weeks: int
    """SKU-weeks without a sale, whole weeks."""


def kaplan_meier(gap_days: pd.Series, censored_days: pd.Series, horizon: int) -> float:
    """Share with an event within `horizon`: `gap_days` is NaN where none was seen by `censored_days`.

    NaN when nobody is followed that long (Kaplan & Meier 1958).
    """
    event = gap_days.notna().to_numpy()
    time = np.where(event, gap_days, censored_days).astype(float)
    if not (time >= horizon).any():
        return float("nan")
    alive = 1.0
    for t in np.unique(time[event & (time <= horizon)]):
        alive *= 1.0 - ((time == t) & event).sum() / (time >= t).sum()
    return 1.0 - alive


def pattern_of(orders: Orders) -> Pattern:
    """All patterns of an order history."""
    lines = orders.lines
    day = (lines["ordered_at"] - orders.first_day).dt.days
    whole = lines[day < 7 * orders.weeks]
    units = whole.groupby("sku")["units"].sum()
    first_of_order = lines.drop_duplicates("order_id")
    visits = lines.assign(day=day).drop_duplicates(["customer_id", "day"]).sort_values("day", kind="stable")
    groups = visits.groupby("customer_id")["day"]
    first, second = groups.nth(0), groups.nth(1)
    start = pd.Series(first.to_numpy(), index=visits.loc[first.index, "customer_id"])
    again = pd.Series(second.to_numpy(), index=visits.loc[second.index, "customer_id"]).reindex(start.index)
    end = int(day.max())
    new = start[start >= WASH_OUT_DAYS]
    sold_weeks = len(whole.assign(week=day[whole.index] // 7).drop_duplicates(["sku", "week"]))
    weekday = first_of_order["ordered_at"].dt.day_of_week.value_counts().reindex(range(7), fill_value=0)
    hour = first_of_order["ordered_at"].dt.hour.value_counts().reindex(range(24), fill_value=0)
    return Pattern(
        weekly_units={sku: float(units.get(sku, 0)) / orders.weeks for sku in orders.skus},
        list_price={str(sku): float(price) for sku, price in lines.groupby("sku")["list_price"].median().items()},
        weekday=(weekday / max(1e-9, weekday.mean())).round(3).tolist(),
        hour=(hour / max(1e-9, hour.mean())).round(3).tolist(),
        customers=int(lines["customer_id"].nunique()),
        orders=int(lines["order_id"].nunique()),
        days=end + 1,
        units_per_line=float(lines["units"].mean()),
        lines_per_order=len(lines) / int(lines["order_id"].nunique()),
        repurchase={h: float(kaplan_meier((again - start)[new.index], end - new, h)) for h in (7, 30, 90)},
        newcomers=len(new),
        empty_weeks=int(whole["sku"].nunique()) * orders.weeks - sold_weeks,
    )
