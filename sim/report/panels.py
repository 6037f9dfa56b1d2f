"""Small multiples: panels inside an Axes, a key above them, lines for each schedule and line-up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.lines import Line2D

from sim.report.labels import fit, width_in
from sim.report.style import FONT_PT, LINE_STYLES, WIDTH_IN, Theme, headline, size_in
from sim.report.tidy import ordered
from sim.scenario.root import Scenario

_SAMPLE_IN = 0.5
_ROW_IN = 0.165
_NAME_IN = 2.6


class Pair(NamedTuple):
    """A schedule with a line-up, and how both are drawn everywhere."""

    schedule: str
    line_up: str
    color: str
    dashes: Any

    @property
    def label(self) -> str:
        """For a key; made safe and cut to a reasonable length."""
        return fit(f"{self.schedule} · {self.line_up}", _NAME_IN)

    def of(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame's rows of this pair."""
        return frame[(frame["schedule"].astype(str) == self.schedule) & (frame["line_up"].astype(str) == self.line_up)]


def pairs(frame: pd.DataFrame, scenario: Scenario, theme: Theme) -> list[Pair]:
    """The pairs that a frame holds, in the scenario's order: a colour a schedule, dashes a line-up."""
    schedules = ordered(frame["schedule"], list(scenario.schedules))
    line_ups = ordered(frame["line_up"], list(scenario.line_ups))
    held = set(zip(frame["schedule"].astype(str), frame["line_up"].astype(str), strict=True))
    return [
        Pair(schedule, line_up, theme.series[i % len(theme.series)], LINE_STYLES[j % len(LINE_STYLES)])
        for i, schedule in enumerate(schedules)
        for j, line_up in enumerate(line_ups)
        if (schedule, line_up) in held
    ]


def sample(pair: Pair) -> Line2D:
    """A pair's line for a key."""
    return Line2D([], [], color=pair.color, ls=pair.dashes, lw=1.4, label=pair.label)


def key_shape(labels: Sequence[str], room_in: float = WIDTH_IN - 0.7) -> tuple[int, int]:
    """(columns, rows) of a key that fits into the room."""
    widest = max((width_in(label) for label in labels), default=0.0) + _SAMPLE_IN
    columns = max(1, min(len(labels), int(room_in / widest)))
    return columns, -(-len(labels) // columns)


def head_in(labels: Sequence[str]) -> float:
    """Room above the Axes for title, detail and key, inches."""
    return 0.5 + key_shape(labels)[1] * _ROW_IN + 0.05


def head(ax: Axes, title: str, detail: str, handles: Sequence[Artist] = (), margin_in: float = 0.0) -> None:
    """Title, what exactly is shown, and the key, all above the Axes and `margin_in` to the left of it."""
    labels = [str(handle.get_label()) for handle in handles]
    columns, rows = key_shape(labels) if labels else (1, 0)
    width, height = size_in(ax)
    above = 5.0 + rows * _ROW_IN * 72 + (3 if rows else 0)
    headline(ax, title, detail, above, (-margin_in / width, 1.0))
    if not labels:
        return
    ax.legend(
        handles=list(handles),
        ncols=columns,
        loc="lower left",
        bbox_to_anchor=(-margin_in / width, 1 + 0.04 / height),
        frameon=False,
        borderaxespad=0,
        borderpad=0,
        columnspacing=1.2,
        handlelength=2.0,
        handletextpad=0.6,
        labelspacing=(_ROW_IN * 72 - FONT_PT * 1.15) / FONT_PT,
    )


def panel(
    ax: Axes,
    number: int,
    columns: int,
    lines: int,
    *,
    left_in: float,
    right_in: float = 0.0,
    gap_in: float = 0.2,
    head_in: float = 0.25,
    foot_in: float = 0.36,
) -> Axes:
    """The panel of a number, counted by rows; each has `left_in` for its own y axis.

    The panels are `ax.child_axes`.
    """
    width, height = size_in(ax)
    row, column = divmod(number, columns)
    one_wide, one_high = (width + gap_in) / columns, height / lines
    return ax.inset_axes(
        (
            (column * one_wide + left_in) / width,
            1 - ((row + 1) * one_high - foot_in) / height,
            (one_wide - gap_in - left_in - right_in) / width,
            (one_high - head_in - foot_in) / height,
        )
    )


def nothing(ax: Axes, text: str) -> None:
    """An empty figure says so."""
    ax.set_axis_off()
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center")


def scored(days: pd.Series, scenario: Scenario, settlement: bool = False) -> pd.Series:
    """True for days that count: the scored ones, with `settlement` those after them too."""
    calendar = scenario.calendar
    end = calendar.days if settlement else calendar.warm_up_days + calendar.scored_days
    return (days >= calendar.warm_up_days) & (days < end)


def date_axis(ax: Axes, theme: Theme, offset: bool = True) -> None:
    """Dates along the x axis in the page's language; `offset` names the year or month beside the axis."""
    locator = AutoDateLocator(minticks=4, maxticks=8)
    formats = ["%Y年", "%m月", "%d日", "%H:%M", "%H:%M", "%S.%f"] if theme.language == "zh" else None
    zero = ["", *formats[:1], *formats[1:2], *formats[2:5]] if formats else None
    ax.xaxis_date()
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(
        ConciseDateFormatter(locator, formats=formats, zero_formats=zero, show_offset=offset and formats is None)
    )
