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
    """Precision-weighted with the prior N(-2.6, 1), by the largest of the three s.e.: what the scenario uses. A SKU's
    own is weighted with all SKUs' in the prior's place, by how much SKUs differ."""
    pooled_sd: float
    observations: int


def panel(orders: Orders) -> pd.DataFrame:
    """SKU x week: units, log of the mean price paid per unit, share in a mailer; weeks without a sale included.

    A week in which a SKU was not bought takes its median price: nobody wrote its price down. A SKU
    bought only in the broken last week is left out: it has no whole week. So are weeks that were shut.
    """
    lines = orders.lines[["sku", "units", "paid", "mailer"]].assign(
        week=(orders.lines["ordered_at"] - orders.first_day).dt.days // 7,
        value=orders.lines["paid"] * orders.lines["units"],
        mailed=orders.lines["mailer"] * orders.lines["units"],
    )
    lines = lines[lines["week"].isin(orders.open_weeks)]
    skus = sorted(lines["sku"].unique())
    sums = lines.groupby(["sku", "week"])[["units", "value", "mailed"]].sum()
    grid = pd.MultiIndex.from_product([skus, orders.open_weeks], names=["sku", "week"])
    table = sums.reindex(grid)
    price = table["value"] / table["units"]
    price = price.fillna(price.groupby("sku").transform("median"))
    mailer = (table["mailed"] / table["units"]).fillna(0.0)
    return pd.DataFrame(
        {"units": table["units"].fillna(0.0), "log_price": np.log(price), "mailer": mailer}
    ).reset_index()


def ppml(units: Floats, log_price: Floats, effects: Floats, week: NDArray[np.int64]) -> tuple[float, ...]:
    """(elasticity, plain s.e., HC1 s.e., s.e. clustered by week) by iteratively reweighted least squares."""
    new, spread = regress(units, np.column_stack([log_price, effects]), week)
    return float(new[0]), *(float(kind[0]) for kind in spread)


def regress(units: Floats, x: Floats, week: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """(coefficients (p,), s.e. (3, p): plain, HC1, clustered by week) of a Poisson regression on `x` (n, p)."""
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
    variance = np.array([np.diag(bread), np.diag(robust), np.diag(clustered)])
    return new, np.sqrt(np.maximum(variance, 0.0))  # rounding may leave a degenerate one below 0


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


def by_sku(table: pd.DataFrame, common: Elasticity) -> dict[str, Elasticity]:
    """Each SKU's own elasticity, all estimated at once beside SKU and week effects, and drawn toward `common`.

    SKUs whose price hardly moves beyond week effects have none of their own; one alone has no week effects. How much
    SKUs differ is DerSimonian & Laird's moment estimate; 0.5 where fewer than three tell (assumption).
    """
    names = sorted(str(sku) for sku in table["sku"].unique())
    if len(names) == 1:
        return {names[0]: common}
    sku = pd.Categorical(table["sku"].astype(str), names).codes.astype(np.int64)
    week = pd.factorize(table["week"])[0].astype(np.int64)
    units, log_price = table["units"].to_numpy(float), table["log_price"].to_numpy(float)
    own = dummies(sku, drop_first=False)
    effects = np.column_stack([own, dummies(week, drop_first=True)])
    price = own * log_price[:, None]
    apart = price - effects @ np.linalg.lstsq(effects, price, rcond=None)[0]
    rows = np.maximum(own.sum(axis=0), 1)
    sold = own.T @ units > 0
    tells = np.flatnonzero((np.sqrt((apart**2).sum(axis=0) / rows) >= UNIDENTIFIED) & sold)
    sd = np.sqrt((apart**2).sum(axis=0) / rows)
    if tells.size:  # what other SKUs' own slopes leave of it: twins that move as one do not tell apart
        inverse = np.diag(np.linalg.pinv(apart[:, tells].T @ apart[:, tells]))
        sd[tells] = np.sqrt(1 / np.maximum(inverse, 1e-12) / rows[tells])
        tells = tells[sd[tells] >= UNIDENTIFIED]
    new, spread = np.zeros(0), np.zeros((3, 0))
    if tells.size:
        new, spread = regress(units, np.column_stack([price[:, tells], effects]), week)
    found: dict[str, tuple[float, Floats]] = {}
    for n, k in enumerate(tells):
        worst = float(spread[:, n].max())
        if np.isfinite(new[n]) and 0 < worst < 1e3:
            found[names[k]] = float(new[n]), spread[:, n]
    between = _between({name: (e, float(s.max())) for name, (e, s) in found.items()})
    return {name: _drawn(found.get(name), float(sd[k]), common, between, int(rows[k])) for k, name in enumerate(names)}


def _between(found: dict[str, tuple[float, float]]) -> float:
    """Variance of true elasticities between SKUs (DerSimonian & Laird 1986)."""
    if len(found) < 3:
        return 0.25
    e, v = np.array([x for x, _ in found.values()]), np.array([s**2 for _, s in found.values()])
    w = 1 / v
    q = float((w * (e - (w * e).sum() / w.sum()) ** 2).sum())
    return max(0.0, (q - (len(e) - 1)) / float(w.sum() - (w**2).sum() / w.sum()))


def _drawn(own: tuple[float, Floats] | None, sd: float, common: Elasticity, between: float, rows: int) -> Elasticity:
    """A SKU's elasticity, drawn toward that of all."""
    if own is None:
        nan = float("nan")
        wide = float(np.sqrt(common.pooled_sd**2 + between))
        return Elasticity(nan, nan, nan, nan, sd, "not identified", common.pooled, wide, rows)
    e, spread = own
    variance = float(spread.max()) ** 2
    weight = between / (between + variance) if between > 0 else 0.0
    pooled = weight * e + (1 - weight) * common.pooled
    wide = float(np.sqrt(weight * variance + (1 - weight) ** 2 * common.pooled_sd**2))
    verdict: Identified = "identified" if sd >= WEAK else "weak"
    plain, robust, by_week = (float(s) for s in spread)
    return Elasticity(e, plain, robust, by_week, sd, verdict, pooled, wide, rows)
