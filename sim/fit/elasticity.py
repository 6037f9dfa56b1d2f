"""Price elasticity by Poisson pseudo-maximum likelihood with SKU and week effects.

E[units of SKU k in week t] = exp(a_k + b_t + e log price_kt). The point estimate is consistent for
any distribution with this mean (Gourieroux, Monfort & Trognon 1984; Santos Silva & Tenreyro 2006);
the plain standard error takes the variance as the mean, HC1 does not, and the one clustered by week
also lets the errors of a week go together: variants of one brand are promoted as one. What can be
learned hangs on how much price moves beyond SKU and week effects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.fit.orders import Orders
from sim.lab.ppml import dummies, poisson

PRIOR_MEAN, PRIOR_SD = -2.6, 1.0
"""Bijmolt, van Heerde & Pieters 2005: mean of 1,851 estimates -2.62; spread rounded up to 1."""
UNIDENTIFIED, WEAK = 0.05, 0.10
"""Residual s.d. of log price below which nothing can be said, and below which little can: on 238
category-quarters 31 % of the signs were wrong below 0.05, 7 % up to 0.10, 3-6 % above."""

Floats = NDArray[np.float64]
Identified = Literal["identified", "weak", "not identified"]


@dataclass(frozen=True)
class Elasticity:
    """An elasticity and how far to trust it; `estimate` is NaN where it is not identified."""

    estimate: float
    se: float
    """Plain Poisson standard error."""
    se_robust: float
    """HC1."""
    se_week: float
    """Clustered by week."""
    price_sd: float
    """Residual s.d. of log price after the fixed effects."""
    identified: Identified
    pooled: float
    """Precision-weighted with the prior N(-2.6, 1), by the largest of the three s.e.: what the scenario uses."""
    pooled_sd: float
    observations: int


def panel(orders: Orders) -> pd.DataFrame:
    """SKU x week: units, log of the mean price paid per unit, weeks without a sale included.

    A week in which a SKU was not bought takes its median price: nobody wrote its price down. A SKU
    bought only in the broken last week is left out: it has no whole week.
    """
    lines = orders.lines.assign(
        week=(orders.lines["ordered_at"] - orders.first_day).dt.days // 7,
        value=orders.lines["paid"] * orders.lines["units"],
    )
    lines = lines[lines["week"] < orders.weeks]
    skus = sorted(lines["sku"].unique())
    sums = lines.groupby(["sku", "week"])[["units", "value"]].sum()
    grid = pd.MultiIndex.from_product([skus, range(orders.weeks)], names=["sku", "week"])
    table = sums.reindex(grid)
    price = table["value"] / table["units"]
    price = price.fillna(price.groupby("sku").transform("median"))
    return pd.DataFrame({"units": table["units"].fillna(0.0), "log_price": np.log(price)}).reset_index()


def ppml(units: Floats, log_price: Floats, effects: Floats, week: NDArray[np.int64]) -> tuple[float, ...]:
    """(elasticity, plain s.e., HC1 s.e., s.e. clustered by week) by iteratively reweighted least squares."""
    x = np.column_stack([log_price, effects])
    new, mean = poisson(units, x)
    bread = np.linalg.pinv((x * mean[:, None]).T @ x)
    score = x * (units - mean)[:, None]
    n, k = units.size, int(np.linalg.matrix_rank(x))
    robust = bread @ (score.T @ score) @ bread * (n / max(1, n - k))
    weeks = int(week.max()) + 1
    together = np.zeros((weeks, x.shape[1]))
    np.add.at(together, week, score)
    small = weeks / max(1, weeks - 1) * (n - 1) / max(1, n - k)
    clustered = bread @ (together.T @ together) @ bread * small
    variance = [bread[0, 0], robust[0, 0], clustered[0, 0]]
    spread = np.sqrt(np.maximum(variance, 0.0))  # rounding may leave a degenerate one below 0
    return float(new[0]), float(spread[0]), float(spread[1]), float(spread[2])


def demand_at(table: pd.DataFrame, price: dict[str, float], elasticity: float) -> dict[str, float]:
    """Units a week of each SKU had it always stood at `price`: observed units moved along the elasticity."""
    out = {}
    for sku, group in table.groupby("sku", sort=True):
        pull = elasticity * (group["log_price"].to_numpy(float) - np.log(price[str(sku)]))
        out[str(sku)] = float(group["units"].sum() / np.exp(np.clip(pull, -50.0, 50.0)).sum())
    return out


def _unknown(price_sd: float, observations: int) -> Elasticity:
    """No number is used: the prior takes over."""
    nan = float("nan")
    return Elasticity(nan, nan, nan, nan, price_sd, "not identified", PRIOR_MEAN, PRIOR_SD, observations)


def estimate(table: pd.DataFrame) -> Elasticity:
    """Elasticity from a panel of one or more SKUs, with its verdict.

    With a single SKU there are no week effects: they would take up everything.
    """
    sku = pd.factorize(table["sku"])[0].astype(np.int64)
    week = pd.factorize(table["week"])[0].astype(np.int64)
    effects = dummies(sku, drop_first=False)
    if sku.max() > 0:
        effects = np.column_stack([effects, dummies(week, drop_first=True)])
    log_price, units = table["log_price"].to_numpy(float), table["units"].to_numpy(float)
    residual = log_price - effects @ np.linalg.lstsq(effects, log_price, rcond=None)[0]
    sd = float(residual.std())
    if sd < UNIDENTIFIED or units.sum() == 0:
        return _unknown(sd, len(table))
    e, se, robust, by_week = ppml(units, log_price, effects, week)
    spread = max(se, robust, by_week)
    if not (np.isfinite(e) and np.isfinite(spread) and spread > 0):  # separated: too few sales to tell
        return _unknown(sd, len(table))
    precision = 1 / spread**2 + 1 / PRIOR_SD**2
    pooled = (e / spread**2 + PRIOR_MEAN / PRIOR_SD**2) / precision
    verdict: Identified = "identified" if sd >= WEAK else "weak"
    return Elasticity(e, se, robust, by_week, sd, verdict, pooled, float(precision**-0.5), len(table))
