"""Forecasts against what came: the fan of one forecast, the reliability of many probabilities, the risk list."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, PercentFormatter, StrMethodFormatter

from sim.report.labels import fit, width_in
from sim.report.panels import head, head_in, nothing
from sim.report.style import BLUE, LIGHT, LINE_STYLES, VERMILLION, Theme, canvas, style
from sim.report.tidy import ordered, require, with_columns


def forecast_fan(fan: pd.DataFrame, ax: Axes | None = None, theme: Theme = LIGHT) -> Axes:
    """Quantiles of a forecast as nested bands, its median, and what came.

    `fan`: day, actual (units/day; NaN = not known yet), and one column a quantile, named q05, q50, q95 ... in percent.
    Each pair of quantiles around the median is a band.
    """
    with style(theme):
        fan = with_columns(fan, ("day", "actual"))
        require(fan, "forecast_fan", ("day", "actual"))
        fan = fan.sort_values("day")
        levels = sorted(int(name[1:]) for name in fan.columns if name[0] == "q" and name[1:].isdigit())
        bands = [(p, 100 - p) for p in levels if p < 50 and 100 - p in levels]
        handles: list[Line2D | Patch] = [
            Patch(fc=BLUE, alpha=_depth(n, len(bands)), label=theme.say("{share} % of paths", share=high - low))
            for n, (low, high) in enumerate(bands)
        ]
        handles.append(Line2D([], [], color=BLUE, lw=1.4, label=theme.say("median")))
        handles.append(Line2D([], [], color=theme.ink, lw=0, marker="o", ms=3.5, label=theme.say("what came")))
        if ax is None:
            top = head_in([str(handle.get_label()) for handle in handles])
            ax = canvas(top + 2.3, left=0.7, right=0.2, top=top, bottom=0.42)
        head(ax, theme.say("Forecast and what came"), theme.say("units a day; bands are central intervals"), handles)
        if fan.empty:
            nothing(ax, theme.say("no forecast"))
            return ax
        x = fan["day"].to_numpy(float)
        for n, (low, high) in enumerate(bands):
            ends = fan[f"q{low:02d}"].to_numpy(float), fan[f"q{high:02d}"].to_numpy(float)
            ax.fill_between(x, *ends, color=BLUE, alpha=_depth(n, len(bands)), lw=0, label=f"q{low:02d}-q{high:02d}")
        if 50 in levels:
            ax.plot(x, fan["q50"].to_numpy(float), color=BLUE, lw=1.4, label="q50")
        ax.plot(x, fan["actual"].to_numpy(float), color=theme.ink, lw=0, marker="o", ms=3.5, label="actual")
        ax.set_ylim(0, None)
        ax.set_xlabel(theme.say("day"), labelpad=1)
        ax.set_ylabel(theme.say("units/day"))
        ax.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    return ax


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
        handles = [Line2D([], [], color=colors[n], marker="o", ls="none", label=fit(n, 2.6)) for n in names]
        handles.append(Line2D([], [], color=theme.faint, ls=LINE_STYLES[1], label=theme.say("calibrated")))
        if ax is None:
            top = head_in([str(handle.get_label()) for handle in handles])
            ax = canvas(top + 3.2, left=0.7, right=7 - 0.7 - 2.75, top=top, bottom=0.45)
        head(ax, theme.say("Do probabilities come true?"), theme.say("area: number of cases; whiskers: 95 %"), handles)
        ax.plot([0, 1], [0, 1], color=theme.faint, ls=LINE_STYLES[1], lw=1)
        largest = float(bins["count"].max()) if len(bins) else 1.0
        for name in names:
            mine = bins[bins["series"].astype(str) == name].sort_values("predicted")
            x, y = mine["predicted"].to_numpy(float), mine["observed"].to_numpy(float)
            ax.vlines(x, mine["low"].to_numpy(float), mine["high"].to_numpy(float), color=colors[name], lw=1)
            size = 12 + 90 * mine["count"].to_numpy(float) / largest
            ax.scatter(x, y, s=size, color=colors[name], label=fit(name, 2.6), zorder=3)
        ax.set_xlim(-0.04, 1.04)
        ax.set_ylim(-0.04, 1.04)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_xlabel(theme.say("probability given"), labelpad=1)
        ax.set_ylabel(theme.say("share that came true"))
        ax.grid(lw=0.3, alpha=0.5)
    return ax


def risk_list(risks: pd.DataFrame, ax: Axes | None = None, theme: Theme = LIGHT) -> Axes:
    """The risks before a campaign by probability, with interval, and which of them came true.

    `risks`: risk (a name), probability (0..1), low, high (95 % interval; may be NaN), came_true (True, False, or NaN
    where it is not known yet).
    """
    with style(theme):
        columns = ("risk", "probability", "low", "high", "came_true")
        risks = with_columns(risks, columns)
        require(risks, "risk_list", columns)
        risks = risks.sort_values("probability", ascending=False, kind="stable")
        names = [fit(name, 2.6) for name in risks["risk"]]
        handles = [
            Patch(fc=VERMILLION, label=theme.say("came true")),
            Patch(fc=BLUE, label=theme.say("did not come")),
            Patch(fc=theme.faint, label=theme.say("not known yet")),
        ]
        margin = 0.0
        if ax is None:
            top = head_in([str(handle.get_label()) for handle in handles])
            left = max((width_in(name) for name in names), default=0.5) + 0.2
            ax = canvas(top + 0.5 + max(2, len(names)) * 0.26, left=left, right=0.9, top=top, bottom=0.42)
            margin = left - 0.1
        head(
            ax,
            theme.say("What may go wrong"),
            theme.say("probability before the campaign; whiskers: 95 %"),
            handles,
            margin,
        )
        if not names:
            nothing(ax, theme.say("no risks"))
            return ax
        for y, row in enumerate(risks.to_dict("records")):
            known = not pd.isna(row["came_true"])
            color = (VERMILLION if row["came_true"] else BLUE) if known else theme.faint
            ax.barh(y, row["probability"], color=color, height=0.6)
            if np.isfinite(float(row["low"]) + float(row["high"])):
                ax.plot([row["low"], row["high"]], [y, y], color=theme.ink, lw=1)
            end = np.nanmax([row["probability"], row["high"]])
            mark = (" ✓" if row["came_true"] else " –") if known else ""
            ax.annotate(f"{row['probability']:.0%}{mark}", (end, y), (4, 0), textcoords="offset points", va="center")
        ax.set_yticks(range(len(names)), labels=names)
        ax.tick_params(axis="y", length=0)
        ax.set_ylim(len(names) - 0.4, -0.6)
        ax.set_xlim(0, 1)
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_xlabel(theme.say("probability"), labelpad=1)
    return ax
