"""How much comes back, and after how long."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from sim.fit.findings import Finding, found, unknown
from sim.fit.orders import Orders

RATE, LAG_DAYS = 0.12, 8.0
"""Defaults: general merchandise, and UCI Online Retail's median."""
_RIPE_DAYS = 30
_FEWEST = 20
_ENOUGH = 100


def returns_of(orders: Orders) -> tuple[Finding, Finding]:
    """Return rate (units) and median lag (days since the customer last bought the SKU).

    The rate is that of units bought 30 days or more before the file ends; its s.e. takes returned lines as the
    independent events.
    """
    back, lines = orders.returns, orders.lines
    names = ("return rate", "return lag, median")
    evidence = ("general merchandise .05 to .20", "UCI Online Retail: median 8 d, 81 % within 30 d")
    if back.empty:
        why = "no line has units below 0: the file does not show returns"
        return unknown(names[0], "share", RATE, evidence[0], why), unknown(names[1], "days", LAG_DAYS, evidence[1], why)
    bought = lines.loc[lines["customer_id"] != "", ["ordered_at", "customer_id", "sku"]].astype({"customer_id": str})
    left = back[back["customer_id"] != ""].sort_values("ordered_at", kind="stable")
    pairs = pd.merge_asof(left, bought.assign(bought_at=bought["ordered_at"]), on="ordered_at",
                          by=["customer_id", "sku"])  # fmt: skip
    lag = (pairs["ordered_at"] - pairs["bought_at"]).dt.total_seconds().to_numpy(float) / 86_400
    known = lag[np.isfinite(lag)]
    end = lines["ordered_at"].max()
    ripe = lines[lines["ordered_at"] < end - pd.Timedelta(days=_RIPE_DAYS)]
    sold = float(ripe["units"].sum())
    mine = pairs["units"].to_numpy(float)[(pairs["bought_at"] < end - pd.Timedelta(days=_RIPE_DAYS)).to_numpy(bool)]
    rate, events = (float(mine.sum()) / sold if sold else math.nan), len(mine)
    if events < _FEWEST:
        why = f"{events} returns could be matched to a purchase 30 days or more before the end; {len(back)} in all"
        first = unknown(names[0], "share", RATE, evidence[0], why)
    else:
        weak = "" if events >= _ENOUGH else f"{events} returns"
        se = float(np.sqrt((mine**2).sum())) / sold
        first = found(names[0], rate, se, "share", "returned units of those bought 30 days before the end", weak)
    if known.size < _FEWEST:
        return first, unknown(names[1], "days", LAG_DAYS, evidence[1], f"{known.size} returns matched to a purchase")
    low, middle, high = np.quantile(known, [0.5 - 0.5 / np.sqrt(known.size), 0.5, 0.5 + 0.5 / np.sqrt(known.size)])
    weak = "" if known.size >= _ENOUGH else f"{known.size} returns"
    source = f"days since the last purchase of the SKU; {100 * (known <= 30).mean():.0f} % within 30 d"
    return first, found(names[1], float(middle), float(high - low) / 2, "days", source, weak)
