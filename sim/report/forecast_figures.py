"""Forecasts against what came: the fan of one forecast, the reliability of many probabilities."""

from __future__ import annotations

from itertools import groupby

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter, StrMethodFormatter

from sim.report.labels import fit
from sim.report.language import name_of
from sim.report.panels import date_axis, head, head_in, nothing
from sim.report.style import LIGHT, LINE_STYLES, Theme, canvas, size_in, style
from sim.report.tidy import ordered, require, with_columns


def forecast_fan(fan: pd.DataFrame, ax: Axes | None = None, theme: Theme = LIGHT) -> Axes:
    """Quantiles of a forecast as nested bands, its median, and what came.

    `fan`: date (ISO), campaigns (that run on it; empty = none), actual (units/day; NaN = not known), and one column a
    quantile, named q05, q50, q95 ... in percent. Each pair of quantiles around the median is a band. The forecast was
    made on the first date.
    """
    with style(theme):
        columns = ("date", "campaigns", "actual")
        fan = with_columns(fan, columns)
        require(fan, "forecast_fan", columns)
        fan = fan.sort_values("date")
        levels = sorted(int(name[1:]) for name in fan.columns if name[0] == "q" and name[1:].isdigit())
        bands = [(p, 100 - p) for p in levels if p < 50 and 100 - p in levels]
        color = theme.series[0]
        handles: list[Line2D | Patch] = [
            Patch(fc=color, alpha=_depth(n, len(bands)), label=theme.say("{share} % of paths", share=high - low))
            for n, (low, high) in enumerate(bands)
        ]
        handles.append(Line2D([], [], color=color, lw=1.4, label=theme.say("median")))
        handles.append(Line2D([], [], color=theme.ink, lw=0, marker="o", ms=3.5, label=theme.say("what came")))
        if ax is None:
            top = head_in([str(handle.get_label()) for handle in handles])
            ax = canvas(top + 2.3, left=0.7, right=0.2, top=top, bottom=0.42)
        first = str(fan["date"].iloc[0]) if len(fan) else ""
        detail = theme.say("units wanted a day, all SKUs and cities; forecast made on {date}", date=first)
        head(ax, theme.say("Forecast and what came"), detail, handles)
        if fan.empty:
            nothing(ax, theme.say("no forecast"))
            return ax
        x = date2num(pd.to_datetime(fan["date"]).to_numpy())
        for n, (low, high) in enumerate(bands):
            ends = fan[f"q{low:02d}"].to_numpy(float), fan[f"q{high:02d}"].to_numpy(float)
            ax.fill_between(x, *ends, color=color, alpha=_depth(n, len(bands)), lw=0, label=f"q{low:02d}-q{high:02d}")
        if 50 in levels:
            ax.plot(x, fan["q50"].to_numpy(float), color=color, lw=1.4, label="q50")
        ax.plot(x, fan["actual"].to_numpy(float), color=theme.ink, lw=0, marker="o", ms=3.5, label="actual")
        ax.set_ylim(0, 1.12 * ax.get_ylim()[1])  # the campaigns' names stand above the numbers
        ax.set_xlim(x[0] - 0.5, x[-1] + 0.5)
        _campaigns(ax, x.tolist(), fan["campaigns"].fillna("").astype(str).tolist(), theme)
        date_axis(ax, theme)
        ax.set_xlabel(theme.say("date"), labelpad=1)
        ax.set_ylabel(theme.say("units/day"))
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.10g}"))
    return ax


def _campaigns(ax: Axes, x: list[float], names: list[str], theme: Theme) -> None:
    """The days of campaigns, shaded and named."""
    top, width = ax.get_ylim()[1], size_in(ax)[0] / len(x)
    for name, days in groupby(zip(x, names, strict=True), key=lambda pair: pair[1]):
        run = [day for day, _ in days]
        if name:
            ax.axvspan(run[0] - 0.5, run[-1] + 0.5, color=theme.faint, alpha=0.15, lw=0, zorder=0)
            ax.text(run[0] - 0.4, 0.99 * top, fit(name, max(1.2, len(run) * width)), color=theme.faint, va="top")


def _depth(n: int, bands: int) -> float:
    return 0.15 + 0.2 * n / max(1, bands - 1)


def reliability(bins: pd.DataFrame, ax: Axes | None = None, theme: Theme = LIGHT) -> Axes:
    """How often what was given a probability came true; on the diagonal it is calibrated.

    `bins`: series, predicted (mean probability of the bin, 0..1), observed (share that came true), low, high (95 %
    interval of observed; may be NaN), count. The area of a dot is its count.
    """
    with style(theme):
        columns = ("series", "predicted", "observed", "low", "high", "count")
        bins = with_columns(bins, columns)
        require(bins, "reliability", columns)
        names = ordered(bins["series"])
        colors = {name: theme.series[n % len(theme.series)] for n, name in enumerate(names)}
        told = {name: fit(name_of(name, theme.language), 2.6) for name in names}
        handles = [Line2D([], [], color=colors[n], marker="o", ls="none", label=told[n]) for n in names]
        handles.append(Line2D([], [], color=theme.faint, ls=LINE_STYLES[1], label=theme.say("calibrated")))
        if ax is None:
            top = head_in([str(handle.get_label()) for handle in handles])
            ax = canvas(top + 3.2, left=0.7, right=0.35, top=top, bottom=0.45)
        head(ax, theme.say("Do probabilities come true?"), theme.say("area: number of cases; whiskers: 95 %"), handles)
        ax.plot([0, 1], [0, 1], color=theme.faint, ls=LINE_STYLES[1], lw=1)
        largest = float(bins["count"].max()) if len(bins) else 1.0
        for name in names:
            mine = bins[bins["series"].astype(str) == name].sort_values("predicted")
            x, y = mine["predicted"].to_numpy(float), mine["observed"].to_numpy(float)
            ax.vlines(x, mine["low"].to_numpy(float), mine["high"].to_numpy(float), color=colors[name], lw=1)
            size = 12 + 90 * mine["count"].to_numpy(float) / largest
            ax.scatter(x, y, s=size, color=colors[name], label=told[name], zorder=3)
        ax.set_xlim(-0.04, 1.04)
        ax.set_ylim(-0.04, 1.04)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_xlabel(theme.say("probability given"), labelpad=1)
        ax.set_ylabel(theme.say("share that came true"))
        ax.grid(lw=0.3, alpha=0.5)
    return ax
