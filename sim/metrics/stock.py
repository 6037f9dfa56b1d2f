"""Stock in the warehouses: how old it is and what its age costs."""

from __future__ import annotations

import numpy as np

from sim.ledger import History
from sim.metrics import metric


def _mean(history: History, name: str) -> float:
    """Over scored midnights with any stock; NaN when there are none."""
    days = history.daily[name][history.scored]
    return float(days[~np.isnan(days)].mean()) if not np.isnan(days).all() else float("nan")


@metric("stock_age_days", "days", "lower", "mean days since receipt of the units in the warehouses, scored midnights")
def stock_age_days(history: History) -> float:
    """Unit-weighted in each midnight, plain over them."""
    return _mean(history, "stock_age_days")


@metric("old_stock_share", "share", "lower", "units older than operations.old_after_days, scored midnights")
def old_stock_share(history: History) -> float:
    """Old / all units, mean over the midnights."""
    return _mean(history, "stock_old_share")


@metric("obsolescence", "yuan", "lower", "write-down of aged and out-of-season stock, scored days and settlement")
def obsolescence(history: History) -> float:
    """What was given back as it was sold is taken off."""
    return -float(history.accounts["obsolescence"][history.counted].sum()) / 100
