"""Money: profit over the scored and settlement days, and its largest parts."""

from __future__ import annotations

from sim.ledger import History
from sim.metrics import metric

_DISCOUNTS = ("markdowns", "thresholds", "coupons")


@metric("profit", "yuan", "higher", "all income less all costs, scored and settlement days")
def profit(history: History) -> float:
    """Sum of all P&L accounts; stock left on the last day counts at its salvage value."""
    return sum(int(values[history.counted].sum()) for values in history.accounts.values()) / 100


@metric("gmv", "yuan", "higher", "value ordered at the price paid, scored days")
def gmv(history: History) -> float:
    """Gross merchandise value, returns not deducted."""
    return float(history.daily["gmv_yuan"][history.scored].sum())


@metric("net_revenue", "yuan", "higher", "list value less discounts and refunds, scored and settlement days")
def net_revenue(history: History) -> float:
    """What customers paid and did not get back."""
    names = ("gross_sales", *_DISCOUNTS, "deposits_kept", "refunds")
    return sum(int(history.accounts[name][history.counted].sum()) for name in names) / 100


@metric("promo_spend", "yuan", "lower", "realised promotion: list less paid, plus paid traffic, scored days")
def promo_spend(history: History) -> float:
    """The budget that two schedules can be held to."""
    return float(history.daily["promo_spend_yuan"][history.scored].sum())


@metric("red_line_corrections", "count", "lower", "prices, coupons and lines that a red line corrected, scored days")
def red_line_corrections(history: History) -> float:
    """What the engine had to correct in the pricer's offers."""
    return float(history.daily["red_line_corrections"][history.scored].sum())
