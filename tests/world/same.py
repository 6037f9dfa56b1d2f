"""Whether two histories are the same in every bit."""

from __future__ import annotations

import numpy as np

from sim.ledger import History


def differences(a: History, b: History) -> list[str]:
    """Names of all columns in which two histories differ."""
    out = [name for name in a.daily if not np.array_equal(a.daily[name], b.daily[name], equal_nan=True)]
    out += [name for name in a.accounts if not np.array_equal(a.accounts[name], b.accounts[name])]
    for name in ("arrivals_hourly", "capacity_hourly", "order_customer", "order_day", "source", "left"):
        if not np.array_equal(getattr(a, name), getattr(b, name)):
            out.append(name)
    return out
