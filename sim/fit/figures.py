"""Figures of a fit: data against the simulated world, profiles, and elasticities with their intervals."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.fit.elasticity import PRIOR_MEAN
from sim.fit.estimates import Fit
from sim.fit.holdout import LEVEL, HoldOut
from sim.report.style import WIDTH_IN, Theme, canvas, headline

_MOST = 12
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def weekly_units(held: HoldOut, theme: Theme) -> Figure:
    """Weekly units per SKU: sold, simulated mean and interval; the held-out weeks are right of the line."""
    sums = held.table.groupby("sku")["units"].sum().sort_values(ascending=False, kind="stable")
    skus = [str(sku) for sku in sums.index[:_MOST]]
    columns = min(3, len(skus))
    rows = math.ceil(len(skus) / columns)
    figure = Figure(figsize=(WIDTH_IN, 0.75 + 1.45 * rows))
    grid = figure.add_gridspec(rows, columns, left=0.07, right=0.98, top=1 - 0.72 / (0.75 + 1.45 * rows),
                               bottom=0.42 / (0.75 + 1.45 * rows), hspace=0.6, wspace=0.25)  # fmt: skip
    for n, sku in enumerate(skus):
        ax = figure.add_subplot(grid[n // columns, n % columns])
        part = held.table[held.table["sku"] == sku].sort_values("week")
        week = part["week"].to_numpy(float) + 1
        ax.fill_between(week, part["low"], part["high"], color=theme.series[0], alpha=0.22, linewidth=0)
        ax.plot(week, part["mean"], color=theme.series[0], linewidth=1.2, label="simulated")
        ax.plot(week, part["units"], "o", color=theme.series[1], markersize=3, label="sold")
        first = float(part.loc[part["held"], "week"].min()) + 0.5
        ax.axvline(first, color=theme.faint, linewidth=0.8, linestyle="--")
        ax.set_title(sku[:28], loc="left", pad=3)
        ax.set_ylim(bottom=0)
        ax.set_xlabel("week" if n // columns == rows - 1 or n + columns >= len(skus) else "")
    first_axes = figure.axes[0]
    first_axes.set_ylabel("units")
    figure.legend(*first_axes.get_legend_handles_labels(), loc="upper right", frameon=False, ncols=2)
    title = "Weekly units, sold and simulated"
    figure.text(0.01, 1 - 0.14 / figure.get_size_inches()[1], title, weight="bold", size=9.5, va="top")
    detail = f"Band: {100 * LEVEL:.0f} % of simulated sales; right of the line the fit has not seen the data"
    figure.text(0.01, 1 - 0.32 / figure.get_size_inches()[1], detail, color=theme.faint, va="top")
    return figure


def elasticities(fit: Fit, theme: Theme) -> Figure:
    """Own elasticity of each SKU and of all, estimate and what is used, with 95 % intervals."""
    rows = [("all SKUs", fit.elasticity), *list(fit.by_sku.items())[: 2 * _MOST]]
    ax = canvas(0.95 + 0.24 * len(rows), 1.5, 0.2, 0.55, 0.4)
    for n, (_name, e) in enumerate(reversed(rows)):
        wide = 1.96 * e.pooled_sd
        ax.plot([e.pooled - wide, e.pooled + wide], [n - 0.15] * 2, color=theme.series[0], linewidth=1.2)
        ax.plot(e.pooled, n - 0.15, "s", color=theme.series[0], markersize=4, label="used" if n == 0 else None)
        if math.isfinite(e.estimate):
            wide = 1.96 * max(e.se, e.se_robust, e.se_week)
            ax.plot([e.estimate - wide, e.estimate + wide], [n + 0.15] * 2, color=theme.series[1], linewidth=1.2)
            ax.plot(e.estimate, n + 0.15, "o", color=theme.series[1], markersize=4)
    ax.plot([], [], "o-", color=theme.series[1], markersize=4, label="estimate alone")
    ax.axvline(PRIOR_MEAN, color=theme.faint, linewidth=0.8, linestyle="--")
    ax.set_yticks(range(len(rows)), [name[:24] for name, _ in reversed(rows)])
    ax.set_xlabel("price elasticity")
    ax.legend(loc="lower right", frameon=False, bbox_to_anchor=(1.0, 1.0), ncols=2)
    headline(ax, "Price elasticity", "95 % intervals; dashed: the prior mean -2.6")
    return _figure(ax)


def profiles(fit: Fit, theme: Theme) -> Figure:
    """Orders by weekday, with s.e., and by hour."""
    figure = Figure(figsize=(WIDTH_IN, 2.2))
    left = figure.add_axes((0.07, 0.17, 0.36, 0.6))
    left.bar(range(7), fit.pattern.weekday, yerr=1.96 * np.array(fit.pattern.weekday_se), color=theme.series[0],
             ecolor=theme.ink, error_kw={"linewidth": 0.8})  # fmt: skip
    left.set_xticks(range(7), _DAYS)
    headline(left, "Orders by weekday", "mean 1; bars: 95 % intervals between weeks")
    right = figure.add_axes((0.53, 0.17, 0.44, 0.6))
    right.bar(range(24), fit.pattern.hour, color=theme.series[0])
    right.set_xticks(range(0, 24, 3))
    right.set_xlabel("hour")
    headline(right, "Orders by hour", "mean 1, as recorded")
    return figure


def sold_against_simulated(held: HoldOut, theme: Theme) -> Figure:
    """Held-out SKU-weeks: sold against simulated, both on a root scale."""
    part = held.table[held.table["held"]]
    ax = canvas(3.0, 0.6, 3.2, 0.55, 0.45)
    error = np.vstack([(part["mean"] - part["low"]).clip(lower=0), (part["high"] - part["mean"]).clip(lower=0)])
    ax.errorbar(part["units"], part["mean"], yerr=error, fmt="o", markersize=3, linewidth=0.7,
                color=theme.series[0], ecolor=theme.series[0])  # fmt: skip
    top = float(pd.concat([part["units"], part["high"]]).max()) * 1.05 + 1
    ax.plot([0, top], [0, top], color=theme.faint, linewidth=0.8, linestyle="--")
    ax.set_xlim(0, top)
    ax.set_ylim(0, top)
    ax.set_xlabel("sold, units a week")
    ax.set_ylabel("simulated, units a week")
    headline(ax, "Held-out weeks", f"a dot a SKU-week with its {100 * LEVEL:.0f} % interval")
    return _figure(ax)


def _figure(ax: Axes) -> Figure:
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    return figure
