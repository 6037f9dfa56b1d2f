"""Paired differences as a forest plot: by how much, how sure, and the verdict."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.report.labels import fit, plain, width_in
from sim.report.language import name_of
from sim.report.style import GREEN, LIGHT, VERMILLION, Theme, canvas, headline, size_in, style
from sim.report.tidy import ordered, with_columns

CLIP_PERCENT = 200.0
"""Where some differences are within this and others are not, the others are arrows at the edge."""
_COLUMNS = ("schedule", "line_up", "baseline_schedule", "baseline_line_up", "metric", "pairs")
_LEFT_IN, _RIGHT_IN = 1.8, 2.5
_NOTE_IN = _RIGHT_IN - 0.9
_MARKS = {"better": "^", "worse": "v", "tie": "s", "undecided": "o"}


class _Heading(NamedTuple):
    metric: str
    baseline: str


class _Row(NamedTuple):
    label: str
    verdict: str
    middle: float  # % of the baseline; NaN where the baseline is 0
    low: float
    high: float
    note: str


def paired_differences(comparison: pd.DataFrame, ax: Axes | None = None, theme: Theme = LIGHT) -> Axes:
    """Differences to the baseline in % of its mean, with 95 % interval and verdict, by metric and pair.

    `comparison` is comparison.csv. A verdict is told by word, shape and colour: up and green is better, down
    and vermillion worse (better means what the metric wants: a lower peak load is better).
    """
    with style(theme):
        comparison = with_columns(comparison, _COLUMNS)
        one_baseline = len(comparison[["baseline_schedule", "baseline_line_up"]].drop_duplicates()) <= 1
        lines: list[_Row | _Heading] = []
        for metric in ordered(comparison["metric"]):
            rows = comparison[comparison["metric"].astype(str) == metric]
            lines.append(_heading(rows, metric, one_baseline, theme))
            lines += [_row(row, one_baseline, theme) for row in rows.to_dict("records")]
        if ax is None:
            ax = canvas(1.05 + max(len(lines), 2) * 0.205, left=_LEFT_IN, right=_RIGHT_IN, top=0.55, bottom=0.5)
        _axes(ax, lines, theme)
        for y, line in enumerate(lines):
            if isinstance(line, _Heading):
                _left(ax, y, line.metric, weight="bold")
                _right(ax, y, line.baseline)
            else:
                _draw(ax, y, line, theme)
        pairs = sorted({int(n) for n in comparison["pairs"].dropna()})
        count = f"{pairs[0]}" if len(pairs) == 1 else f"{pairs[0]}-{pairs[-1]}" if pairs else theme.say("none")
        title = theme.say("Paired differences")
        if one_baseline and len(comparison):
            first = comparison.iloc[0]
            baseline = f"{first['baseline_schedule']} · {first['baseline_line_up']}"
            title = theme.say("Paired differences to {baseline}", baseline=fit(baseline, 4.0))
        detail = theme.say("paired seeds: {n}; 95 % interval; verdict after Holm's correction", n=count)
        left = (-_margin(ax), 1.0)
        headline(ax, title, detail, 6.0, left)
    return ax


def _margin(ax: Axes) -> float:
    """The left column's width as a share of the plotting area."""
    return (_LEFT_IN - 0.08) / size_in(ax)[0]


def _number(value: float, digits: int | None = None, sign: str = "") -> str:
    """A number with `digits` decimals, or with three digits that matter; thousands apart."""
    if not math.isfinite(value):
        return "n/a"
    if digits is None:
        digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    text = f"{value:{sign},.{digits}f}" if abs(value) < 1e10 else f"{value:{sign}.3g}"
    return text.replace("-", "\N{MINUS SIGN}")


def _note(shown: list[float], unit: str, theme: Theme) -> str:
    """`+4.1 % [1.2, 7.0]`; the interval is left out rather than cut where it does not fit."""
    size = max((abs(value) for value in shown if math.isfinite(value)), default=0.0)
    digits = 0 if size >= 100 else 1 if size >= 1 else 2
    middle = f"{_number(shown[0], digits, '+')} {unit}".rstrip()
    if not math.isfinite(shown[1] + shown[2]):
        return theme.say("{value}, no interval", value=middle)
    whole = f"{middle} [{_number(shown[1], digits)}, {_number(shown[2], digits)}]"
    return whole if width_in(whole) <= _NOTE_IN else middle


def _heading(rows: pd.DataFrame, metric: str, one_baseline: bool, theme: Theme) -> _Heading:
    unit, mean = str(rows["unit"].iloc[0]), float(rows["baseline_mean"].iloc[0])
    value = f"{_number(mean)}{'' if unit == '1' else ' ' + name_of(unit, theme.language)}"
    return _Heading(name_of(metric, theme.language), theme.say("baseline {value}", value=value) if one_baseline else "")


def _row(row: dict[Any, Any], one_baseline: bool, theme: Theme) -> _Row:
    label = f"{row['schedule']} · {row['line_up']}"
    if not one_baseline:
        label += f" - {row['baseline_schedule']} · {row['baseline_line_up']}"
    base = abs(float(row["baseline_mean"]))
    values = [float(row[name]) for name in ("difference", "low", "high")]
    in_percent = math.isfinite(base) and base > 0
    shown = [100 * value / base for value in values] if in_percent else values
    unit = "%" if in_percent else "" if row["unit"] == "1" else plain(row["unit"])
    percent = shown if in_percent else [math.nan] * 3
    return _Row(label, str(row["verdict"]), percent[0], percent[1], percent[2], _note(shown, unit, theme))


def _axes(ax: Axes, lines: list[_Row | _Heading], theme: Theme) -> None:
    ends = [abs(v) for r in lines if isinstance(r, _Row) for v in (r.low, r.middle, r.high) if math.isfinite(v)]
    inside = [end for end in ends if end <= CLIP_PERCENT]
    limit = 1.08 * max(inside or ends, default=1.0) or 1.0
    ax.set_xlim(-limit, limit)
    ax.set_ylim(max(len(lines), 2) - 0.5, -0.6)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:+g}".replace("-", "\N{MINUS SIGN}") if x else "0"))
    ax.set_xlabel(theme.say("difference, % of baseline mean"))
    ax.grid(axis="x", lw=0.3, alpha=0.5)
    ax.set_axisbelow(True)
    if lines:
        ax.axvline(0, color=theme.ink, lw=0.8)
    else:
        ax.text(0.5, 0.5, theme.say("nothing to compare"), transform=ax.transAxes, ha="center")


def _draw(ax: Axes, y: int, row: _Row, theme: Theme) -> None:
    color = {"better": GREEN, "worse": VERMILLION}.get(row.verdict, theme.faint)
    _left(ax, y, row.label, indent=0.1)
    _right(ax, y, row.note, name_of(row.verdict, theme.language))
    if math.isnan(row.middle):
        return
    left, right = ax.get_xlim()
    low, high = (row.low, row.high) if math.isfinite(row.low + row.high) else (row.middle, row.middle)
    if low < right and high > left:
        ax.plot([max(low, left), min(high, right)], [y, y], color=color, lw=1.6, solid_capstyle="butt")
    for out, edge, mark in ((low < left, left, "<"), (high > right, right, ">")):
        if out:
            ax.plot(edge, y, marker=mark, ms=5, color=color, clip_on=False, mec="none")
    if left <= row.middle <= right:
        hollow = row.verdict not in ("better", "worse", "tie")
        ax.plot(
            row.middle,
            y,
            marker=_MARKS.get(row.verdict, "o"),
            ms=5.5,
            color=color,
            mew=1.2,
            ls="none",
            mfc=theme.paper if hollow else color,
            label=fit(row.label, 9),
        )


def _left(ax: Axes, y: float, text: str, indent: float = 0.0, weight: str = "normal") -> None:
    shown = fit(text, _LEFT_IN - 0.2 - indent, weight=weight)
    x = -(_LEFT_IN - 0.08 - indent) / size_in(ax)[0]
    ax.text(x, y, shown, weight=weight, transform=ax.get_yaxis_transform(), va="center")


def _right(ax: Axes, y: float, text: str, verdict: str = "") -> None:
    width, room = size_in(ax)[0], _NOTE_IN if verdict else _RIGHT_IN - 0.2
    put: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "va": "center"}
    ax.text(1 + 0.1 / width, y, fit(text, room), **put)
    if verdict:
        ax.text(1 + (_RIGHT_IN - 0.08) / width, y, fit(verdict, 0.65), ha="right", **put)
