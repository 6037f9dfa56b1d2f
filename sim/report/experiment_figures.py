"""Figures of single experiments: the bump's parts around the event, the smoothing path, the tournament's matrix."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator, NullFormatter, ScalarFormatter, StrMethodFormatter

from sim.report.labels import fit, plain, width_in
from sim.report.language import name_of
from sim.report.panels import head, head_in, nothing, panel
from sim.report.style import GREEN, LIGHT, VERMILLION, Theme, canvas, style
from sim.report.tidy import ordered, require, with_columns

_HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx")
_WORSE, _BETTER = "▼", "▲"
PARTS = {
    "incremental": "gained and kept", "returned": "comes back", "pulled_forward": "pulled forward from after",
    "from_before": "moved from before", "postponed": "waited for", "stockpiled": "stocked up",
    "lost_to_stockout": "lost for want of stock",
}  # fmt: skip
"""What the parts of a campaign's bump are called on the figure."""


def bump_decomposition(parts: pd.DataFrame, ax: Axes | None = None, theme: Theme = LIGHT) -> Axes:
    """A campaign's extra units by part, stacked by day around the event; what it takes elsewhere is below zero.

    `parts`: part (a name), period (before, campaign, after), day_offset (days from the campaign's first day),
    units_mean, low, high (95 % interval of the day's mean; not drawn). The key gives each part's total in the campaign,
    whose days are shaded.
    """
    with style(theme):
        columns = ("part", "period", "day_offset", "units_mean", "low", "high")
        parts = with_columns(parts, columns)
        require(parts, "bump_decomposition", columns)
        names, own = ordered(parts["part"]), parts[parts["period"].astype(str) == "campaign"]
        totals = {name: float(own.loc[own["part"].astype(str) == name, "units_mean"].sum()) for name in names}
        fills = {n: (theme.series[i % 6], _HATCHES[i // 6 % len(_HATCHES)]) for i, n in enumerate(names)}
        told = {n: theme.say(PARTS[n]) if n in PARTS else fit(n, 2.0) for n in names}
        handles = [
            Patch(fc=fills[n][0], hatch=fills[n][1], ec=theme.paper, lw=0, label=f"{told[n]} {_signed(totals[n])}")
            for n in names
        ]
        if ax is None:
            top = head_in([str(handle.get_label()) for handle in handles])
            ax = canvas(top + 2.6, left=0.75, right=0.2, top=top, bottom=0.42)
        head(
            ax,
            theme.say("Where the bump came from"),
            theme.say("units a day, mean over seeds; key: total in the campaign's days (shaded)"),
            handles,
        )
        if not names:
            nothing(ax, theme.say("no campaign"))
            return ax
        table = parts.assign(part=parts["part"].astype(str)).pivot_table(
            index="day_offset", columns="part", values="units_mean", aggfunc="sum", fill_value=0.0
        )[names]
        _stack(ax, table, fills, theme)
        moved = table.index[(table != 0).any(axis=1)]
        if len(moved):
            ax.set_xlim(moved.min() - 1, moved.max() + 1)
        ax.axhline(0, color=theme.ink, lw=0.7)
        if len(own):
            ends = own["day_offset"].min() - 0.5, own["day_offset"].max() + 0.5
            ax.axvspan(*ends, color=theme.faint, alpha=0.15, lw=0, zorder=0)
        ax.set_xlabel(theme.say("days from the first day of the campaign"), labelpad=1)
        ax.set_ylabel(theme.say("units/day"))
        ax.xaxis.set_major_locator(MaxNLocator(10, integer=True))
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.10g}"))
    return ax


def _stack(ax: Axes, table: pd.DataFrame, fills: dict[str, tuple[str, str]], theme: Theme) -> None:
    """Bars of the columns of `table`, one on the other: what is positive above zero, what is negative below."""
    above, below = np.zeros(len(table)), np.zeros(len(table))
    for name, (color, hatch) in fills.items():
        y = table[name].to_numpy(float)
        base = np.where(y >= 0, above, below)
        ax.bar(table.index, y, 0.9, base, color=color, hatch=hatch, ec=theme.paper, lw=0, label=fit(name, 2))
        above, below = above + np.maximum(y, 0), below + np.minimum(y, 0)


def _signed(value: float) -> str:
    """Whole, as the tables round it: what adding up many days leaves behind is cut first."""
    return f"{round(value, 6):+,.0f}".replace("-", "\N{MINUS SIGN}")


def smoothing_path(path: pd.DataFrame, ax: Axes | None = None, theme: Theme = LIGHT) -> Axes:
    """The same budget released in k events: each metric over k, with 95 % intervals.

    `path`: events (k), metric (a name), unit, mean, difference (from the first k), low, high (95 % interval of the
    difference; may be NaN). A panel a metric; the band is the interval of the difference, around the mean.
    """
    with style(theme):
        columns = ("events", "metric", "unit", "mean", "difference", "low", "high")
        path = with_columns(path, columns)
        require(path, "smoothing_path", columns)
        metrics = ordered(path["metric"])
        across = min(2, max(1, len(metrics)))
        lines = max(1, -(-len(metrics) // across))
        if ax is None:
            ax = canvas(0.6 + lines * 1.75, left=0.1, right=0.15, top=0.5, bottom=0.1)
        first = plain(path["events"].iloc[0]) if len(path) else ""
        detail = theme.say("mean over seeds; band: 95 % interval of the difference from k = {k}, seed by seed", k=first)
        head(ax, theme.say("One budget in k events"), detail)
        if not metrics:
            nothing(ax, theme.say("nothing to compare"))
            return ax
        ax.set_axis_off()
        for number, metric in enumerate(metrics):
            one = panel(ax, number, across, lines, left_in=0.75)
            mine = path[path["metric"].astype(str) == metric].sort_values("events")
            k, mean = mine["events"].to_numpy(float), mine["mean"].to_numpy(float)
            if np.isnan(mean).all():
                nothing(one, theme.say("could not be measured"))
            start = mean - mine["difference"].to_numpy(float)
            ends = start + mine["low"].to_numpy(float), start + mine["high"].to_numpy(float)
            one.fill_between(k, *ends, color=theme.series[0], alpha=0.2, lw=0)
            one.plot(k, mean, color=theme.series[0], marker="o", ms=3.5, lw=1.2, label=plain(metric))
            one.set_xscale("log", base=2)
            one.set_xticks(k)
            one.xaxis.set_major_formatter(ScalarFormatter())
            one.xaxis.set_minor_formatter(NullFormatter())
            one.yaxis.set_major_locator(MaxNLocator(4))
            one.yaxis.set_major_formatter(StrMethodFormatter("{x:,.10g}"))
            unit, name = (name_of(str(text), theme.language) for text in (mine["unit"].iloc[0], metric))
            one.set_title(
                fit(name if unit == "1" else f"{name}, {unit}", 2.6, weight="bold"), loc="left", weight="bold"
            )
            one.set_xlabel(theme.say("events in the season"), labelpad=1)
            one.grid(axis="y", lw=0.3, alpha=0.5)
    return ax


def tournament_matrix(table: pd.DataFrame, ax: Axes | None = None, theme: Theme = LIGHT) -> Axes:
    """Everybody against everybody: is the row's line-up better than the column's, and by how much.

    `table`: one, other (names), difference (one less other), metric, unit, verdict (of one against other: better,
    worse, tie, undecided). Verdicts are told by mark and colour, amounts in three figures.
    """
    with style(theme):
        columns = ("one", "other", "difference", "metric", "unit", "verdict")
        table = with_columns(table, columns)
        require(table, "tournament_matrix", columns)
        names = ordered([*table["one"], *table["other"]])
        labels = [fit(name, 1.7) for name in names]
        left = max((width_in(label) for label in labels), default=0.5) + 0.45
        margin = 0.0
        if ax is None:
            margin = left - 0.1
            ax = canvas(0.85 + max(2, len(names)) * 0.34, left=left, right=0.2, top=0.75, bottom=0.1)
        metric, unit = (name_of(plain(table[name].iloc[0]) if len(table) else "", theme.language)
                        for name in ("metric", "unit"))  # fmt: skip
        told = "{metric} of the row less the column's, {unit}; ▲ better, ▼ worse, = tie, ? undecided"
        detail = theme.say(told, metric=metric, unit=unit)
        head(ax, theme.say("Everybody against everybody"), detail, margin_in=margin)
        for text in ax.texts[-2:]:  # above the numbers of the columns
            text.set_position((0, text.get_position()[1] + 16))
        if not names:
            nothing(ax, theme.say("nothing to compare"))
            return ax
        place = {name: n for n, name in enumerate(names)}
        width = (7 - left - 0.2) / len(names)
        for row in table.to_dict("records"):
            y, x = place[str(row["one"])], place[str(row["other"])]
            verdict = str(row["verdict"])
            color = {"better": GREEN, "worse": VERMILLION}.get(verdict, theme.faint)
            ax.add_patch(_cell(x, y, color))
            mark = {"better": _BETTER, "worse": _WORSE, "tie": "="}.get(verdict, "?")
            amount = _short(float(row["difference"]))
            shown = next((t for t in (f"{mark} {amount}", mark) if width_in(t) <= width - 0.05), "")
            ax.text(x + 0.5, y + 0.5, shown, ha="center", va="center")
        ax.set_xlim(0, len(names))
        ax.set_ylim(len(names), 0)
        numbered = [f"{n + 1}  {label}" for n, label in enumerate(labels)]
        ax.set_yticks([n + 0.5 for n in range(len(names))], labels=numbered)
        ax.set_xticks([n + 0.5 for n in range(len(names))], labels=[str(n + 1) for n in range(len(names))])
        ax.tick_params(length=0, top=False, labeltop=True, labelbottom=False)
        for side in ax.spines.values():
            side.set_visible(False)
    return ax


def _cell(x: int, y: int, color: str) -> Patch:
    return Rectangle((x + 0.02, y + 0.04), 0.96, 0.92, fc=color, alpha=0.3, lw=0)


def _short(value: float) -> str:
    """Three figures with k or M."""
    for size, letter in ((1e6, "M"), (1e3, "k"), (1.0, "")):
        if abs(value) >= size:
            return f"{value / size:+.3g}{letter}".replace("-", "\N{MINUS SIGN}")
    return f"{value:+.2g}".replace("-", "\N{MINUS SIGN}")
