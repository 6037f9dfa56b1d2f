"""Orders by day: how a schedule spreads the same season over the calendar."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from sim.report.labels import fit, spread, width_in
from sim.report.panels import date_axis
from sim.report.style import FONT_PT, LIGHT, LINE_STYLES, Theme, canvas, headline, size_in, style
from sim.report.tidy import ordered, with_columns
from sim.scenario.root import Scenario

BAND = (0.1, 0.9)
_LABEL_IN = 1.25
_LANE_PT = 14.0


class _Series(NamedTuple):
    schedule: str
    line_up: str
    color: str
    dashes: Any
    table: pd.DataFrame  # index: noon of the day; mean, low, high


def daily_orders(daily: pd.DataFrame, scenario: Scenario, ax: Axes | None = None, theme: Theme = LIGHT) -> Axes:
    """Mean orders a day of each schedule (colour) and line-up (dashes), with a 10-90 % band over seeds.

    `daily` has columns schedule, line_up, seed, date, orders. The campaigns of the schedules shown are bands
    with their names above; what lies outside the scored window is grey.
    """
    with style(theme):
        daily = with_columns(daily, ("schedule", "line_up", "seed", "date", "orders"))
        series = _series(daily, scenario, theme)
        campaigns = _campaigns(series, scenario)
        if ax is None:
            height = max(3.3, 1.6 + len(series) * _step(series) / 72) + max(0, len(campaigns) - 2) * 0.13
            ax = canvas(height, left=_numbers_in(series), right=_names_in(series) + 0.66, top=0.5, bottom=0.42)
        for one in series:
            _draw(ax, one)
        _axes(ax, series, scenario, theme)
        _windows(ax, campaigns, scenario, theme)
        _name(ax, series)
        seeds = int(daily.groupby(["schedule", "line_up"], observed=True)["seed"].nunique().max()) if len(daily) else 0
        band = theme.say(", band: 10-90 % of seeds") if seeds > 1 else ""
        only = {one.line_up for one in series}
        who = theme.say(" · line-up {name}", name=fit(next(iter(only)), 1.6)) if len(only) == 1 else ""
        mean = theme.say("mean of {n} seeds", n=seeds) if seeds != 1 else theme.say("mean of 1 seed")
        headline(ax, theme.say("Daily orders"), f"{mean}{band}{who}")
    return ax


def _x(when: object) -> float:
    """A moment on the date axis, days."""
    return float(date2num(when))


def _series(daily: pd.DataFrame, scenario: Scenario, theme: Theme) -> list[_Series]:
    schedules = ordered(daily["schedule"], list(scenario.schedules))
    line_ups = ordered(daily["line_up"], list(scenario.line_ups))
    noon = pd.to_datetime(daily["date"]) + pd.Timedelta(hours=12)
    found = []
    for (schedule, line_up), rows in daily.assign(noon=noon).groupby(["schedule", "line_up"], observed=True):
        days = rows.groupby("noon")["orders"]
        table = pd.DataFrame({"mean": days.mean(), "low": days.quantile(BAND[0]), "high": days.quantile(BAND[1])})
        i, j = schedules.index(str(schedule)), line_ups.index(str(line_up))
        color, dashes = theme.series[i % len(theme.series)], LINE_STYLES[j % len(LINE_STYLES)]
        found.append((i, j, _Series(str(schedule), str(line_up), color, dashes, table)))
    return [one for _, _, one in sorted(found, key=lambda item: item[:2])]


def _draw(ax: Axes, one: _Series) -> None:
    x, table = [_x(when) for when in one.table.index], one.table
    if (table["high"] > table["low"]).any():
        ax.fill_between(x, table["low"].to_numpy(), table["high"].to_numpy(), color=one.color, alpha=0.18, lw=0)
    label = f"{fit(one.schedule, 9)} · {fit(one.line_up, 9)}"
    ax.plot(
        x,
        table["mean"].to_numpy(),
        color=one.color,
        ls=one.dashes,
        lw=1.2,
        label=label,
        marker="o" if len(table) == 1 else None,
        ms=3,
    )


def _top(series: list[_Series]) -> float:
    tops = [float(one.table[["mean", "high"]].max().max()) for one in series]
    return max([top for top in tops if np.isfinite(top)], default=1.0) or 1.0


def _numbers_in(series: list[_Series]) -> float:
    """Room for the numbers and the name of the y axis, inches."""
    return width_in(f"{_top(series):,.0f}") + 0.36


def _names_in(series: list[_Series]) -> float:
    """Room for the lines' names, inches."""
    names = [name for one in series for name in (one.schedule, one.line_up)]
    return max((width_in(fit(name, _LABEL_IN)) for name in names), default=0.0)


def _axes(ax: Axes, series: list[_Series], scenario: Scenario, theme: Theme) -> None:
    calendar = scenario.calendar
    ax.set_xlim(_x(calendar.start), _x(calendar.date_of(calendar.days)))
    date_axis(ax, theme)
    ax.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    ax.set_ylabel(theme.say("orders/day"))
    ax.set_xlabel(theme.say("date"), labelpad=1)
    ax.set_ylim(0, _top(series) * 1.04)
    if not series:
        ax.text(0.5, 0.4, theme.say("no run finished"), transform=ax.transAxes, ha="center")


def _campaigns(series: list[_Series], scenario: Scenario) -> dict[str, set[str]]:
    """The campaigns of the schedules shown, by start, each with the colours of its schedules."""
    colors: dict[str, set[str]] = {}
    for one in series:
        for name in scenario.schedules.get(one.schedule, []):
            colors.setdefault(name, set()).add(one.color)
    first = datetime.combine(scenario.calendar.start, datetime.min.time())
    last = first + timedelta(days=scenario.calendar.days)
    known = {
        name: found
        for name, found in colors.items()
        if name in scenario.campaigns and scenario.campaigns[name].start < last and scenario.campaigns[name].end > first
    }
    return dict(sorted(known.items(), key=lambda item: (scenario.campaigns[item[0]].start, item[0])))


def _windows(ax: Axes, campaigns: dict[str, set[str]], scenario: Scenario, theme: Theme) -> None:
    """Shaded windows; their names in lanes above the data, the lowest lane that is free."""
    width, height = size_in(ax)
    first, last = ax.get_xlim()
    inch = (last - first) / width
    boxes, ends = [], list[float]()
    for name, colors in campaigns.items():
        start, end = (_x(when) for when in _moments(scenario, name))
        text = fit(name, min(1.6, width * 0.4))
        left = max(first, min(start, last - (width_in(text) + 0.06) * inch))
        lane = next((i for i, busy in enumerate(ends) if busy <= min(left, start)), len(ends))
        ends[lane : lane + 1] = [max(left + (width_in(text) + 0.1) * inch, end)]
        boxes.append((start, end, left, lane, text, colors.pop() if len(colors) == 1 else theme.faint))
    bottom, top = ax.get_ylim()
    data = max(0.35, 1 - (len(ends) + 1.1) * _LANE_PT / 72 / height)
    pitch = (1 - data) / (len(ends) + 1.1)
    ax.set_ylim(bottom, top / data)
    ax.set_yticks([tick for tick in ax.get_yticks() if bottom <= tick <= top])
    for start, end, left, lane, text, color in boxes:
        y = 1 - pitch * (lane + 1.98)
        ax.axvspan(start, end, ymax=y, color=color, alpha=0.13, lw=0, zorder=0)
        ax.plot(
            [start, end],
            [y, y],
            transform=ax.get_xaxis_transform(),
            color=color,
            lw=2.4,
            solid_capstyle="butt",
        )
        ax.annotate(
            text,
            (left, y),
            (0, 1.6),
            xycoords=ax.get_xaxis_transform(),
            textcoords="offset points",
            va="bottom",
        )
    _scored(ax, scenario, theme, 1 - pitch * 0.55)


def _scored(ax: Axes, scenario: Scenario, theme: Theme, y: float) -> None:
    calendar = scenario.calendar
    days = (0, calendar.warm_up_days, calendar.warm_up_days + calendar.scored_days, calendar.days)
    begin, start, end, finish = (_x(calendar.date_of(day)) for day in days)
    inch = (finish - begin) / size_in(ax)[0]
    for a, b, text in ((begin, start, theme.say("warm-up")), (end, finish, theme.say("settlement"))):
        ax.axvspan(a, b, color=theme.faint, alpha=0.11, lw=0, zorder=0)
        if width_in(text) * inch < (b - a):
            ax.text(
                (a + b) / 2,
                y,
                text,
                transform=ax.get_xaxis_transform(),
                ha="center",
                va="center",
                color=theme.faint,
            )
    arrow = {"arrowstyle": "<->", "color": theme.faint, "lw": 0.7, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (start, y), (end, y), xycoords=ax.get_xaxis_transform(), arrowprops=arrow)
    long = theme.say("scored: {days} days", days=calendar.scored_days)
    text = next(
        (t for t in (long, theme.say("scored")) if width_in(t) * inch < end - start),
        "",
    )
    ax.text(
        (start + end) / 2,
        y,
        text,
        transform=ax.get_xaxis_transform(),
        ha="center",
        va="center",
        bbox={"facecolor": theme.paper, "edgecolor": "none", "pad": 1.2},
    )


def _moments(scenario: Scenario, name: str) -> tuple[datetime, datetime]:
    campaign = scenario.campaigns[name]
    return campaign.start, max(campaign.end, campaign.start + timedelta(hours=1))


def _step(series: list[_Series]) -> float:
    """Height of a label, points: schedule and line-up on a line each, where line-ups differ."""
    return FONT_PT * (2.8 if len({one.line_up for one in series}) > 1 else 1.5)


def _name(ax: Axes, series: list[_Series]) -> None:
    """Each line named at its end: a leader, a sample of its dashes, the name."""
    if not series:
        return
    width, height = size_in(ax)
    ends = [(_x(s.table.index[-1]), float(s.table["mean"].iloc[-1])) for s in series]
    top, two = ax.get_ylim()[1], len({one.line_up for one in series}) > 1
    step = _step(series) / 72
    places = spread([y / top * height for _, y in ends], step, step / 2, height - step / 2)
    for one, (x, y), place in zip(series, ends, places, strict=True):
        at = place / height
        x_end = (x - ax.get_xlim()[0]) / (ax.get_xlim()[1] - ax.get_xlim()[0])
        knots = [x_end, 1 + 0.14 / width, 1 + 0.2 / width, 1 + 0.5 / width]
        ax.plot(knots[:3], [y / top, at, at], transform=ax.transAxes, color=one.color, lw=0.5, clip_on=False)
        ax.plot(knots[2:], [at, at], transform=ax.transAxes, color=one.color, ls=one.dashes, lw=1.4, clip_on=False)
        text = fit(one.schedule, _LABEL_IN) + (f"\n{fit(one.line_up, _LABEL_IN)}" if two else "")
        ax.text(1 + 0.56 / width, at, text, transform=ax.transAxes, va="center", linespacing=1.05)
