"""How good a fit is: fitted without the last weeks, simulated through them, and compared with what was sold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import nbinom, poisson

from sim.fit.elasticity import panel
from sim.fit.estimates import Fit, fit_of
from sim.fit.orders import Orders
from sim.fit.replay import at_elasticity, side_by_side, simulated
from sim.fit.scenario import Tuning
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


@dataclass(frozen=True)
class Past:
    """What is known when the last weeks are held out."""

    fit: Fit
    """Of the weeks before."""
    table: pd.DataFrame
    """Panel of all weeks, of the SKUs that the fit knows."""
    held_from: int
    """The first week held out."""
    weeks: int
    """Open weeks before it."""

    @property
    def seen(self) -> pd.DataFrame:
        """The panel's weeks that the fit has seen."""
        return self.table[self.table["week"] < self.held_from]


def past_of(orders: Orders, source: str) -> Past | None:
    """Fits all but the last four weeks; None below nine open weeks."""
    weeks = orders.open_weeks
    if len(weeks) < FEWEST_WEEKS:
        return None
    last = weeks[-HELD_WEEKS]
    fit = fit_of(_before(orders, last), source)
    table = panel(orders)
    return Past(fit, table[table["sku"].isin(fit.base_units)].reset_index(drop=True), last, len(weeks) - HELD_WEEKS)


def hold_out(
    past: Past, tuning: Tuning, yuan: float, replications: int, seed: int = 1, workers: int = 1
) -> HoldOut:  # fmt: skip
    """Simulates on from a fit of the weeks before, tuned by simulation, on so many processes.

    An interval holds the elasticity's uncertainty (drawn anew for each replication), the world's chance, and the
    spread of weekly units around the model in the fitted weeks (negative binomial).
    """
    fit, table, seen, streams = past.fit, past.table, past.seen, Streams(seed)
    rngs = [streams.generator("hold_out", n) for n in range(replications)]
    e = fit.elasticity
    drawn = [float(min(-0.2, rng.normal(e.pooled, e.pooled_sd))) for rng in rngs]
    tasks = [(at_elasticity(fit, seen, x), table, yuan, tuning, seed + 1 + n) for n, x in enumerate(drawn)]
    draws, means = [], []
    for world, rng in zip(side_by_side(simulated, tasks, workers), rngs, strict=True):
        units = world["units"].to_numpy(float)
        # each replication at the level of the fitted weeks: drawing an elasticity moves the level too
        before = units[(table["week"] < past.held_from).to_numpy(bool)].sum()
        units = units * (seen["units"].sum() / max(1e-9, before))
        means.append(units)
        draws.append(_sales(units, fit.dispersion, rng))
    spread = np.concatenate(draws)
    low, high = np.quantile(spread, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    held = (table["week"] >= past.held_from).to_numpy(bool)
    out = table[["sku", "week", "units"]].assign(mean=np.mean(means, axis=0), low=low, high=high, held=held)
    return _scored(out, past.weeks, replications)


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
