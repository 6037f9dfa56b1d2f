"""What else moves weekly units: a mailer, other SKUs' prices, last week's promotion, the season."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.fit.elasticity import UNIDENTIFIED, Elasticity, regress
from sim.fit.findings import Finding, by_movement, found, unknown
from sim.lab.ppml import dummies

SUPPORT, CROSS, DIP = 0.46, 0.0, 0.15
"""Defaults: a mailer's effect on log units (Complete Journey, 369 SKUs: 0.46), cross-elasticity given week effects
(the choice model's own), dip after a promotion as a share of its bump (van Heerde et al. 2000: 0.04 to 0.25)."""
_SURE_DIP = 0.15
_SEASON_WEEKS = 104

Floats = NDArray[np.float64]


def _moved(column: Floats, others: Floats) -> float:
    """Residual s.d. of a regressor after the others."""
    return float((column - others @ np.linalg.lstsq(others, column, rcond=None)[0]).std())


def _codes(table: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return (pd.factorize(table["sku"], sort=True)[0].astype(np.int64),
            pd.factorize(table["week"], sort=True)[0].astype(np.int64))  # fmt: skip


def _fixed(sku: NDArray[np.int64], week: NDArray[np.int64]) -> Floats:
    """SKU effects, and week effects where there are several SKUs."""
    own = dummies(sku, drop_first=False)
    return np.column_stack([own, dummies(week, drop_first=True)]) if sku.max() > 0 else own


def support(table: pd.DataFrame, known: bool) -> Finding:
    """A mailer's effect on log units beside price, SKU and week effects; `known` where the file has the column."""
    name, unit = "promo support (mailer)", "log units"
    evidence = "Complete Journey, 369 SKUs"
    if not known:
        return unknown(name, unit, SUPPORT, evidence, "the file does not say what was in a mailer")
    sku, week = _codes(table)
    others = np.column_stack([table["log_price"].to_numpy(float), _fixed(sku, week)])
    mailer = table["mailer"].to_numpy(float)
    new, spread = regress(table["units"].to_numpy(float), np.column_stack([mailer, others]), week)
    return by_movement(name, float(new[0]), float(spread[:, 0].max()), unit, _moved(mailer, others), SUPPORT,
                       "PPML with price, SKU and week effects", evidence, "the mailer")  # fmt: skip


def cross(table: pd.DataFrame) -> tuple[Finding, Finding]:
    """Own and cross elasticity: units on the own price and the others' (weighted by units), SKU effects and a trend.

    Week effects would take up what the others' prices have in common, so the trend stands for them; a season that is
    faster than it stays in.
    """
    names, unit = ("own price, others' held", "cross price (all others)"), "elasticity"
    source, evidence = "PPML with SKU effects and a quadratic trend", "the scenario's choice model"
    sku, week = _codes(table)
    if sku.max() == 0:
        why = "there is one SKU"
        first = unknown(names[0], unit, -2.6, "Bijmolt et al. 2005", why)
        return first, unknown(names[1], unit, CROSS, evidence, why)
    units, log_price = table["units"].to_numpy(float), table["log_price"].to_numpy(float)
    weight = np.bincount(sku, units)[sku] + 1e-9
    all_w, all_p = np.bincount(week, weight), np.bincount(week, weight * log_price)
    others = (all_p[week] - weight * log_price) / (all_w[week] - weight)
    time = (week - week.mean()) / max(1, week.max())
    rest = np.column_stack([dummies(sku, drop_first=False), time, time**2])
    new, spread = regress(units, np.column_stack([log_price, others, rest]), week)
    moved = (_moved(log_price, np.column_stack([others, rest])), _moved(others, np.column_stack([log_price, rest])))
    return (
        by_movement(names[0], float(new[0]), float(spread[:, 0].max()), unit, moved[0], -2.6, source,
                    "Bijmolt et al. 2005", "the own price"),
        by_movement(names[1], float(new[1]), float(spread[:, 1].max()), unit, moved[1], CROSS, source, evidence,
                    "the others' price"),
    )  # fmt: skip


def dip(table: pd.DataFrame) -> Finding:
    """Dip in the two weeks after a price cut, as a share of the bump: -(b1 + b2) / b0 of the log prices of this week
    and the two before. A dip of hoarders at home may hide behind other weeks' customers (van Heerde et al. 2000)."""
    name, unit, evidence = "dip after a promotion", "share of bump", "van Heerde et al. 2000: 0.04 to 0.25"
    wide = table.pivot(index="sku", columns="week", values="log_price")
    if wide.shape[1] < 6:
        return unknown(name, unit, DIP, evidence, f"{wide.shape[1]} weeks are too few")
    lags = [wide.shift(n, axis=1).stack(future_stack=True).reindex(
        pd.MultiIndex.from_frame(table[["sku", "week"]])).to_numpy(float) for n in (1, 2)]  # fmt: skip
    keep = np.isfinite(lags[0]) & np.isfinite(lags[1])
    part = table[keep]
    sku, week = _codes(part)
    price, before = part["log_price"].to_numpy(float), np.column_stack([lag[keep] for lag in lags])
    x = np.column_stack([price, before, _fixed(sku, week)])
    if _moved(price, x[:, 1:]) < UNIDENTIFIED or _moved(before.sum(axis=1), np.delete(x, [1, 2], 1)) < UNIDENTIFIED:
        return unknown(name, unit, DIP, evidence, "prices move too little from week to week")
    units = part["units"].to_numpy(float)
    # the sum of both lags as one coefficient: b1 p1 + b2 p2 = (b1 + b2) p2 + b1 (p1 - p2)
    turned = np.column_stack([price, before[:, 1], before[:, 0] - before[:, 1], x[:, 3:]])
    new, spread = regress(units, turned, week)
    own, after, se = float(new[0]), float(new[1]), float(spread[:, 1].max())
    if not (own < 0 and math.isfinite(se)):
        return unknown(name, unit, DIP, evidence, "units do not rise as the price falls")
    share, error = -after / own, float(np.hypot(se / own, after * spread[:, 0].max() / own**2))
    if error > _SURE_DIP:
        why = f"the estimate of {share:.2f} has a s.e. of {error:.2f}, above {_SURE_DIP:g}"
        return unknown(name, unit, DIP, evidence, why)
    return found(name, share, error, unit, "PPML with the log prices of two weeks before")


def season(table: pd.DataFrame, first_day: pd.Timestamp, common: Elasticity) -> tuple[Finding, list[float]]:
    """Strength of the season (s.d. of the months' log index) and the index by month, mean 1; empty below two years."""
    name, unit, evidence = "season (s.d. of months)", "log units", "none: flat"
    weeks = int(table["week"].nunique())
    if weeks < _SEASON_WEEKS:
        why = f"{weeks} weeks; a season needs {_SEASON_WEEKS} to be told from a trend"
        return unknown(name, unit, 0.0, evidence, why), []
    level = table["units"] / np.exp(common.pooled * (table["log_price"] - table.groupby("sku")["log_price"].transform(
        "median")))  # fmt: skip
    weekly = level.groupby(table["week"]).sum()
    middle = first_day + pd.to_timedelta(7 * weekly.index + 3, unit="D")
    month = np.asarray(middle.month) - 1
    if len(np.unique(month)) < 12 or (weekly <= 0).any():
        return unknown(name, unit, 0.0, evidence, "not every month was sold in"), []
    time = np.arange(weeks) / weeks - 0.5
    x = np.column_stack([dummies(month.astype(np.int64), drop_first=False), time])
    log_units = np.log(weekly.to_numpy(float))
    coefficients = np.linalg.lstsq(x, log_units, rcond=None)[0]
    residual = log_units - x @ coefficients
    error = float(np.sqrt(residual.var() * weeks / (weeks - 13) / (weeks / 12)))
    index = np.exp(coefficients[:12])
    spread = float(coefficients[:12].std())
    source = "weekly units at median prices on months and a trend"
    return found(name, spread, error, unit, source), [round(float(i), 3) for i in index / index.mean()]
