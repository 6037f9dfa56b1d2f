"""Load by hour: what the busiest days ask of a warehouse, and what it can do."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from sim.report.daily_orders import BAND
from sim.report.labels import fit, width_in
from sim.report.style import LIGHT, Theme, canvas, headline, size_in, style
from sim.report.tidy import ordered, with_columns
from sim.scenario.root import Scenario

_COLUMNS = ("schedule", "line_up", "seed", "station", "day", "hour", "arrivals", "capacity")
_SIDE_DAYS = 1
_GAP_IN = 0.16
_HEAD_IN = 0.36
_FOOT_IN = 0.30


class _Peak(NamedTuple):
    schedule: str
    line_up: str
    day: int
    table: pd.DataFrame  # index: hours from midnight of the peak day; mean, low, high, capacity


def hourly_load(
    hourly: pd.DataFrame,
    ax: Axes | None = None,
    scenario: Scenario | None = None,
    station: str = "pick_pack",
    theme: Theme = LIGHT,
) -> Axes:
    """Arrivals and capacity by hour on the day of the highest mean arrivals and the days beside it.

    `hourly` has columns schedule, line_up, seed, station, day, hour, arrivals, capacity; stations of the same
    kind (`hangzhou_dc/pick_pack`, `wuhan_dc/pick_pack`) are added up. One panel a schedule (rows) and line-up
    (columns), all with the same scales; the panels are `ax.child_axes`. With a scenario the peak is sought in
    the scored window, and days are dates.
    """
    with style(theme):
        hourly = with_columns(hourly, _COLUMNS)
        rows = hourly[hourly["station"].astype(str).str.rsplit("/", n=1).str[-1] == station]
        schedules = ordered(hourly["schedule"], list(scenario.schedules) if scenario else ())
        line_ups = ordered(hourly["line_up"], list(scenario.line_ups) if scenario else ())
        pairs = [(schedule, line_up) for schedule in schedules for line_up in line_ups]
        columns = len(line_ups) if len(line_ups) <= 3 else 2 + len(line_ups) % 2
        lines = max(1, -(-len(pairs) // max(columns, 1)))
        peaks = {pair: _peak(rows, *pair, scenario) for pair in pairs}
        found = [peak for peak in peaks.values() if peak is not None]
        top = max((float(p.table.max().max()) for p in found), default=1.0) * 1.08 or 1.0
        if ax is None:
            left = width_in(f"{top:,.0f}") + 0.36
            ax = canvas(0.88 + lines * 1.55, left=left, right=0.12, top=0.72, bottom=0.16)
        ax.set_axis_off()
        for number, pair in enumerate(pairs):
            panel = _panel(ax, number, columns, lines, top, theme)
            _fill(panel, peaks[pair], pair, schedules, scenario, theme)
            if number == (lines - 1) * columns:
                days = theme.say("date, hourly values") if scenario else theme.say("day, hourly values")
                panel.set_xlabel(days, loc="left", labelpad=1)
        if not pairs:
            ax.text(0.5, 0.5, theme.say("no run finished"), transform=ax.transAxes, ha="center")
        stations = rows["station"].nunique()
        where = theme.say(", {n} warehouses together", n=stations) if stations > 1 else ""
        kind = fit(theme.say("pick-pack") if station == "pick_pack" else station.replace("_", "-"), 2.0)
        headline(
            ax,
            theme.say("Hourly {kind} load around the peak day", kind=kind),
            theme.say("each panel around its own busiest hour") + where,
            18,
        )
        above = any((peak.table["mean"] > peak.table["capacity"]).any() for peak in found)
        _key(ax, rows, above, theme)
    return ax


def _peak(rows: pd.DataFrame, schedule: str, line_up: str, scenario: Scenario | None) -> _Peak | None:
    mine = rows[(rows["schedule"].astype(str) == schedule) & (rows["line_up"].astype(str) == line_up)]
    if mine.empty:
        return None
    summed = mine.groupby(["seed", "day", "hour"])[["arrivals", "capacity"]].sum()
    hours = summed.groupby(["day", "hour"])
    table = pd.DataFrame(
        {
            "mean": hours["arrivals"].mean(),
            "low": hours["arrivals"].quantile(BAND[0]),
            "high": hours["arrivals"].quantile(BAND[1]),
            "capacity": hours["capacity"].mean(),
        }
    )
    days = table.index.get_level_values("day").to_numpy()
    eligible = table["mean"]
    if scenario is not None:
        first = scenario.calendar.warm_up_days
        scored = (days >= first) & (days < first + scenario.calendar.scored_days)
        eligible = eligible[scored] if scored.any() else eligible
    day = int(eligible.index[int(eligible.to_numpy().argmax())][0])
    near = table[(days >= day - _SIDE_DAYS) & (days <= day + _SIDE_DAYS)]
    clock = (near.index.get_level_values("day") - day) * 24 + near.index.get_level_values("hour")
    return _Peak(schedule, line_up, day, near.set_axis(clock).reindex(range(-24 * _SIDE_DAYS, 24 * (_SIDE_DAYS + 1))))


def _panel(ax: Axes, number: int, columns: int, lines: int, top: float, theme: Theme) -> Axes:
    width, height = size_in(ax)
    row, column = divmod(number, columns)
    one_wide, one_high = (width + _GAP_IN) / columns, height / lines
    box = (
        column * one_wide / width,
        1 - ((row + 1) * one_high - _FOOT_IN) / height,
        (one_wide - _GAP_IN) / width,
        (one_high - _HEAD_IN - _FOOT_IN) / height,
    )
    panel = ax.inset_axes(box)
    panel.set_xlim(-24 * _SIDE_DAYS, 24 * (_SIDE_DAYS + 1))
    panel.set_ylim(0, top)
    panel.yaxis.set_major_locator(MaxNLocator(3))
    panel.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    panel.tick_params(labelleft=column == 0)
    panel.grid(axis="y", lw=0.3, alpha=0.5)
    if column == 0:
        panel.set_ylabel(theme.say("parcels/hour"))
    return panel


def _fill(
    panel: Axes,
    peak: _Peak | None,
    pair: tuple[str, str],
    schedules: list[str],
    scenario: Scenario | None,
    theme: Theme,
) -> None:
    room = size_in(panel)[0]
    panel.set_title(fit(f"{pair[0]} · {pair[1]}", room, weight="bold"), loc="left", weight="bold", pad=14)
    if peak is None:
        panel.text(0.5, 0.5, theme.say("no run finished"), transform=panel.transAxes, ha="center", va="center")
        panel.set_xticks([])
        return
    color, table = theme.series[schedules.index(pair[0]) % len(theme.series)], peak.table
    edges = np.append(table.index.to_numpy(dtype=float), table.index[-1] + 1.0)
    mean, low, high, capacity = (np.append(table[c], table[c].iloc[-1]) for c in ("mean", "low", "high", "capacity"))
    panel.fill_between(edges, 0, np.fmin(mean, capacity), step="post", color=color, alpha=0.25, lw=0)
    panel.fill_between(
        edges,
        np.fmin(mean, capacity),
        mean,
        step="post",
        facecolor="none",
        edgecolor=color,
        hatch="//////",
        lw=0,
    )
    if (table["high"] > table["low"]).any():
        panel.fill_between(edges, low, high, step="post", color=color, alpha=0.3, lw=0)
    panel.step(edges, mean, where="post", color=color, lw=1.2, label="arrivals")
    panel.step(edges, capacity, where="post", color=theme.ink, lw=1.1, ls=(0, (4, 1.5)), label="capacity")
    hour = int(table.index[int(np.nanargmax(table["mean"].to_numpy()))])
    load, able = float(table["mean"].loc[hour]), float(table["capacity"].loc[hour])
    ratio = theme.say(", {x} × capacity", x=f"{load / able:.1f}") if able > 0 else theme.say(", no capacity then")
    short = theme.say("peak {load}/h", load=f"{load:,.0f}")
    when = theme.say("peak {load}/h at {hour}:00", load=f"{load:,.0f}", hour=f"{hour % 24:02d}")
    texts = [when + ratio, short + ratio, short]
    panel.annotate(
        _first_fitting(texts, room),
        (0, 1),
        (0, 4),
        xycoords="axes fraction",
        textcoords="offset points",
        color=theme.faint,
    )
    _days(panel, peak.day, scenario, theme)


def _first_fitting(texts: list[str], room: float) -> str:
    return next((text for text in texts if fit(text, room) == text), texts[-1])


def _days(panel: Axes, day: int, scenario: Scenario | None, theme: Theme) -> None:
    """Ticks at midnight, the day's name below its noon."""
    days = range(day - _SIDE_DAYS, day + _SIDE_DAYS + 1)
    panel.set_xticks([24 * (d - day) for d in (*days, day + _SIDE_DAYS + 1)], labels=[])
    names = [theme.say("day {day}", day=d) for d in days]
    if scenario is not None:
        dates = [scenario.calendar.start + timedelta(days=d) for d in days]
        long = size_in(panel)[0] / len(dates) > 0.75
        names = [f"{date:%a} {date.day} {date:%b}" if long else f"{date.day} {date:%b}" for date in dates]
        if theme.language == "zh":
            names = [f"{date.month}月{date.day}日" for date in dates]
    panel.set_xticks([24 * (d - day) + 12 for d in days], labels=names, minor=True)
    panel.tick_params(axis="x", which="minor", length=0, pad=4)
    panel.tick_params(axis="x", which="major", length=5)


def _key(ax: Axes, rows: pd.DataFrame, above: bool, theme: Theme) -> None:
    """One line of samples: the panels are too small to be labelled one by one; only of what is drawn."""
    color = mpl.rcParams["xtick.color"]
    seeds = int(rows["seed"].nunique())
    many = theme.say("arrivals, mean of {n} seeds, band 10-90 %", n=seeds)
    band = many if seeds > 1 else theme.say("arrivals, 1 seed")
    handles: list[Artist] = [
        Line2D([], [], color=color, lw=1.4, label=band),
        Line2D([], [], color=theme.ink, lw=1.1, ls=(0, (4, 1.5)), label=theme.say("capacity, mean")),
    ]
    if above:
        label = theme.say("above capacity: the queue grows")
        handles.append(Patch(facecolor="none", edgecolor=color, hatch="//////", lw=0, label=label))
    height = size_in(ax)[1]
    ax.legend(
        handles=handles,
        ncols=3,
        loc="lower left",
        bbox_to_anchor=(0, 1 + 0.01 / height),
        frameon=False,
        borderaxespad=0,
        borderpad=0.1,
        columnspacing=1.4,
        handlelength=2.0,
    )
