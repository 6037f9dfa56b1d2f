"""The treasury: what the merchant's money costs and earns at the end of each day."""

from __future__ import annotations

from sim.actors.base import Actor


class Treasury(Actor):
    """Interest on what is bound, interest on cash, and the platform's fixed fee."""

    def close(self, stock_fen: int) -> None:
        """24:00, all else booked: interest at a 365th of the year's rate on `stock_fen`, or on working capital."""
        finance, ledger = self.world.spec.operations.finance, self.world.ledger
        bound, cash = stock_fen, ledger.balance["cash"]
        if finance.interest_on == "working_capital":
            bound += ledger.balance["receivable"] + ledger.balance["payable"]  # what is owed is negative
        ledger.book("interest", "cash", -round(bound * finance.interest_per_year / 365))
        ledger.book("platform_fee", "cash", -round(100 * finance.platform_yuan_per_day))
        rate = finance.cash_interest_per_year if cash > 0 else finance.overdraft_per_year
        ledger.book("cash_interest", "cash", round(cash * rate / 365))
