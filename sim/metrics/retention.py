"""Retention: who comes back, who is still there, who left."""

from __future__ import annotations

import numpy as np

from sim.ledger import CAUSES, History
from sim.metrics import metric


def repurchase(history: History, days: int) -> float:
    """Of the people who order on a scored day at least `days` before the last day, the share that
    orders again, on a later day, within `days` of the first such order; NaN when there is nobody."""
    first_day, last_day = history.scored.start, history.scenario.calendar.days - 1
    who, when = history.order_customer, history.order_day.astype(np.int64)
    keep = when >= first_day
    who, when = who[keep], when[keep]
    order = np.lexsort((when, who))
    who, when = who[order], when[order]
    first = np.r_[True, who[1:] != who[:-1]] if who.size else np.zeros(0, np.bool_)
    start = np.repeat(when[first], np.diff(np.r_[np.flatnonzero(first), who.size]))
    later = np.zeros(int(first.sum()), np.bool_)
    person = np.cumsum(first) - 1
    again = (when > start) & (when <= start + days)
    later[person[again]] = True
    cohort = (when[first] <= last_day - days) & (when[first] < history.scored.stop)
    return float(later[cohort].mean()) if cohort.any() else float("nan")


@metric("retention_90d", "share", "higher", "customers of the scored days who order again within 90 days")
def retention_90d(history: History) -> float:
    """Those whose 90 days end within the calendar."""
    return repurchase(history, 90)


@metric("repurchase_30d", "share", "higher", "customers of the scored days who order again within 30 days")
def repurchase_30d(history: History) -> float:
    """Those whose 30 days end within the calendar."""
    return repurchase(history, 30)


@metric("repurchase_7d", "share", "higher", "customers of the scored days who order again within 7 days")
def repurchase_7d(history: History) -> float:
    """Those whose 7 days end within the calendar."""
    return repurchase(history, 7)


@metric("active_base", "people", "higher", "people with an order in the last 90 days of the calendar")
def active_base(history: History) -> float:
    """Distinct customers."""
    recent = history.order_day >= history.scenario.calendar.days - 90
    return float(np.unique(history.order_customer[recent]).size)


@metric("new_customers", "people", "higher", "first orders, scored days")
def new_customers(history: History) -> float:
    """Prospects won."""
    return float(history.daily["new_customers"][history.scored].sum())


@metric("left_customers", "people", "lower", "customers who left for good, scored and settlement days")
def left_customers(history: History) -> float:
    """Whatever the cause."""
    return float(history.daily["left_customers"][history.counted].sum())


def _left(history: History, *causes: str) -> float:
    """Customers who left for one of these causes, over the whole run."""
    return float(np.isin(history.left, [CAUSES.index(cause) for cause in causes]).sum())


@metric("left_natural", "people", "lower", "customers who left by nature, whole run")
def left_natural(history: History) -> float:
    """As they would have left a shop that keeps every promise."""
    return _left(history, "natural")


@metric("left_service", "people", "lower", "customers who left over lateness, waits, stockouts or gifts, whole run")
def left_service(history: History) -> float:
    """Operations' part of churn: the cause that took most of each one's trust."""
    return _left(history, "late", "wait", "stockout", "gift")


@metric("left_regret", "people", "lower", "customers who left over prices seen cheaper afterwards, whole run")
def left_regret(history: History) -> float:
    """Pricing's part of churn."""
    return _left(history, "regret")
