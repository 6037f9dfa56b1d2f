"""Cash: how long money is bound, and how low the till once stood."""

from __future__ import annotations

from sim.ledger import History
from sim.metrics import metric


def _days_of(history: History, balance: str, *accounts: str) -> float:
    """Mean balance over what flows through the accounts in a day, scored days; NaN where nothing does.

    The textbook ratios (Hillier et al., Corporate Finance: operating and cash cycle), on daily means.
    """
    flow = abs(sum(int(history.accounts[name][history.scored].sum()) for name in accounts)) / 100
    days = history.scenario.calendar.scored_days
    return float(history.daily[balance][history.scored].mean()) * days / flow if flow else float("nan")


_COST = ("cost_of_goods", "cost_returned")
_SALES = ("gross_sales", "markdowns", "bundles", "thresholds", "coupons", "refunds")


@metric("stock_days", "days", "lower", "mean stock over the cost of what is sold and kept in a day [DIO], scored days")
def stock_days(history: History) -> float:
    """Days of sales that lie on the shelf."""
    return _days_of(history, "stock_value_yuan", *_COST)


@metric("stock_turns", "1/year", "higher", "365 over the stock days, scored days")
def stock_turns(history: History) -> float:
    """How often a year the stock is sold."""
    days = _days_of(history, "stock_value_yuan", *_COST)
    return 365.0 / days if days else float("nan")


@metric("receivable_days", "days", "lower", "mean receivable over net sales in a day [DSO], scored days")
def receivable_days(history: History) -> float:
    """Days until a sale is cash."""
    return _days_of(history, "receivable_yuan", *_SALES)


@metric(
    "payable_days", "days", "higher", "mean payable over the cost of what is sold and kept in a day [DPO], scored days"
)
def payable_days(history: History) -> float:
    """Days of sales that suppliers lend."""
    return _days_of(history, "payable_yuan", *_COST)


@metric("cash_to_cash", "days", "lower", "stock days + receivable days - payable days, scored days")
def cash_to_cash(history: History) -> float:
    """Days from paying a supplier to being paid."""
    stock, owed = _days_of(history, "stock_value_yuan", *_COST), _days_of(history, "payable_yuan", *_COST)
    return stock + _days_of(history, "receivable_yuan", *_SALES) - owed


@metric("lowest_cash", "yuan", "higher", "lowest cash at a midnight, scored and settlement days")
def lowest_cash(history: History) -> float:
    """Below zero the plan needs a lender."""
    return float(history.daily["cash_yuan"][history.counted].min())
