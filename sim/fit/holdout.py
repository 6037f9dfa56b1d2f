"""How good a fit is: fitted without the last weeks, simulated through them, and compared with what was sold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import nbinom, poisson

from sim.fit.elasticity import panel
from sim.fit.estimates import fit_of
from sim.fit.orders import Orders
from sim.fit.replay import at_elasticity, simulated, tune
from sim.streams import Streams

HELD_WEEKS = 4
FEWEST_WEEKS = 9
"""Open weeks below which none are held out."""
LEVEL = 0.9
_DRAWS = 40
"""Draws of sales around each simulated mean."""


@dataclass(frozen=True)
class HoldOut:
    """Held-out weeks beside their prediction intervals."""

    weeks_fitted: int
    weeks_held: int
    replications: int
    table: pd.DataFrame
    """sku, week, units, mean, low, high, held: all weeks; `held` ones were not seen by the fit."""
    coverage: float
    """Share of held-out SKU-weeks inside their `LEVEL` interval."""
    error: float
    """Weighted absolute error of the means in held-out weeks, as a share of units [WAPE]."""
    error_plain: float
    """The same of each SKU's mean of the fitted weeks: what the fit has to beat."""
    level: float
    """Simulated / sold units in the held-out weeks."""

    def told(self) -> str:
        """In one sentence."""
        cells = int(self.table["held"].sum())
        inside = round(self.coverage * cells)
        return (
            f"fitted on {self.weeks_fitted} weeks, simulated {self.replications} times through the {self.weeks_held} "
            f"after: {inside} of {cells} weekly units per SKU ({100 * self.coverage:.0f} %) lie in their "
            f"{100 * LEVEL:.0f} % interval; error of the mean {100 * self.error:.0f} % of units, "
            f"{100 * self.error_plain:.0f} % for a mean of the weeks before; simulated / sold {self.level:.2f}"
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        out = {name: value for name, value in vars(self).items() if name != "table"}
        return {**out, "level_of_interval": LEVEL, "cells": self.table.round(3).to_dict("records")}


def hold_out(orders: Orders, source: str, yuan: float, replications: int, seed: int = 1) -> HoldOut | None:
    """Fits all but the last four weeks, tunes that fit by simulation, and simulates on; None below nine open weeks.

    An interval holds the elasticity's uncertainty (drawn anew for each replication), the world's chance, and the
    spread of weekly units around the model in the fitted weeks (negative binomial).
    """
    weeks = orders.open_weeks
    if len(weeks) < FEWEST_WEEKS:
        return None
    last = weeks[-HELD_WEEKS]
    fit = fit_of(_before(orders, last), source)
    table = panel(orders)
    table = table[table["sku"].isin(fit.base_units)].reset_index(drop=True)
    past = table[table["week"] < last]
    streams = Streams(seed)
    tuning = tune(fit, past, yuan, seed)
    e, draws, means = fit.elasticity, [], []
    for n in range(replications):
        rng = streams.generator("hold_out", n)
        drawn = float(min(-0.2, rng.normal(e.pooled, e.pooled_sd)))
        units = simulated(at_elasticity(fit, past, drawn), table, yuan, tuning, seed + 1 + n)["units"].to_numpy(float)
        # each replication at the level of the fitted weeks: drawing an elasticity moves the level too
        units = units * (past["units"].sum() / max(1e-9, units[(table["week"] < last).to_numpy(bool)].sum()))
        means.append(units)
        draws.append(_sales(units, fit.dispersion, rng))
    spread = np.concatenate(draws)
    low, high = np.quantile(spread, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    held = (table["week"] >= last).to_numpy(bool)
    out = table[["sku", "week", "units"]].assign(mean=np.mean(means, axis=0), low=low, high=high, held=held)
    return _scored(out, len(weeks) - HELD_WEEKS, replications)


def _scored(table: pd.DataFrame, fitted: int, replications: int) -> HoldOut:
    """Counts what lies where."""
    held, past = table[table["held"]], table[~table["held"]]
    sold = max(1.0, float(held["units"].sum()))
    plain = held["sku"].map(past.groupby("sku")["units"].mean())
    inside = (held["units"] >= held["low"]) & (held["units"] <= held["high"])
    return HoldOut(
        fitted, HELD_WEEKS, replications, table, float(inside.mean()),
        float((held["units"] - held["mean"]).abs().sum()) / sold, float((held["units"] - plain).abs().sum()) / sold,
        float(held["mean"].sum()) / sold,
    )  # fmt: skip


def _sales(mean: np.ndarray, dispersion: float, rng: np.random.Generator) -> np.ndarray:
    """(`_DRAWS`, n) units around `mean` (n,) with variance dispersion x mean."""
    mean, chance = np.maximum(mean, 1e-3), rng.random((_DRAWS, mean.size))  # one a cell: no cell moves another's
    if dispersion <= 1.0 + 1e-6:
        return np.asarray(poisson.ppf(chance, mean), float)
    return np.asarray(nbinom.ppf(chance, mean / (dispersion - 1), 1 / dispersion), float)


def _before(orders: Orders, week: int) -> Orders:
    """The orders of the weeks before `week`."""
    end = orders.first_day + pd.Timedelta(days=7 * week)
    lines, back = orders.lines, orders.returns
    return replace(
        orders,
        lines=lines[lines["ordered_at"] < end].reset_index(drop=True),
        returns=back[back["ordered_at"] < end] if len(back) else back,
        weeks=week,
        shut=tuple(w for w in orders.shut if w < week),
    )
