"""The break-even map: where one schedule beats another over two fields of the scenario."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator
from matplotlib.tri import Triangulation

from sim.metrics import all_metrics
from sim.report.labels import fit, width_in
from sim.report.language import name_of
from sim.report.style import BLUE, LIGHT, VERMILLION, Theme, headline, save, style

WIDTH_IN = 3.5
"""One column of a journal: the map is square enough to be read there."""
_HEIGHT_IN, _LEFT_IN, _RIGHT_IN, _TOP_IN, _BOTTOM_IN = 3.75, 0.62, 0.85, 0.5, 0.8
_MOST_TICKS = 5
_HATCH = {"undecided": "/////", "tie": "...."}


def breakeven_map(points: pd.DataFrame, cells: pd.DataFrame, ax: Axes | None = None, theme: Theme = LIGHT) -> Axes:
    """The mean paired difference by cell, cells that are no clear verdict hatched, and the line of break-even.

    `points` and `cells` are breakeven.csv and cells.csv. Blue is where `schedule` is better, vermillion where it is
    worse, in the metric's good direction. The solid line is where the difference, straight between points, is 0.
    """
    with style(theme):
        if ax is None:
            figure = Figure(figsize=(WIDTH_IN, _HEIGHT_IN))
            width, height = WIDTH_IN - _LEFT_IN - _RIGHT_IN, _HEIGHT_IN - _TOP_IN - _BOTTOM_IN
            ax = figure.add_axes((_LEFT_IN / WIDTH_IN, _BOTTOM_IN / _HEIGHT_IN, width / WIDTH_IN, height / _HEIGHT_IN))
        first = points.iloc[0]
        sign = 1.0 if all_metrics()[str(first["metric"])].better == "higher" else -1.0
        scale = float(np.nanmax(np.abs(points["difference"].to_numpy(float)), initial=0.0)) or 1.0
        colors = _colors(sign, theme)
        _fill(ax, cells, colors, Normalize(-scale, scale), theme)
        turns = _line(ax, points, cells, theme)
        ax.scatter(points["x"], points["y"], s=2.2, color=theme.ink, linewidths=0, zorder=4, clip_on=False)
        _axes(ax, first, points)
        _scale(ax, first, colors, scale, theme)
        _legend(ax, cells, turns, theme)
        title = theme.say("{one} against {other}", one=first["schedule"], other=first["baseline_schedule"])
        pairs = sorted({int(n) for n in points["pairs"]})
        seeds = f"{pairs[0]}" if len(pairs) == 1 else f"{pairs[0]}-{pairs[-1]}"
        room = WIDTH_IN - _LEFT_IN - 0.05
        headline(
            ax,
            fit(title, room, weight="bold", size_pt=9.5),
            fit(theme.say("{line_up}; {n} paired seeds a point", line_up=first["line_up"], n=seeds), room),
        )
    return ax


def _colors(sign: float, theme: Theme) -> LinearSegmentedColormap:
    """Vermillion, paper, blue: told apart with any colour vision, and apart in grey from their middle."""
    ends = (VERMILLION, theme.paper, BLUE) if sign > 0 else (BLUE, theme.paper, VERMILLION)
    return LinearSegmentedColormap.from_list("breakeven", ends)


def _fill(ax: Axes, cells: pd.DataFrame, colors: LinearSegmentedColormap, norm: Normalize, theme: Theme) -> None:
    for verdict in ("better", "worse", "tie", "undecided"):
        part = cells[cells["verdict"] == verdict]
        bounds = part[["x_low", "x_high", "y_low", "y_high"]].to_numpy(float)
        boxes = [Rectangle((a, c), b - a, d - c) for a, b, c, d in bounds]
        if not boxes:
            continue
        values = part["difference"].to_numpy(float)
        face = [colors(norm(v)) if math.isfinite(v) else theme.faint for v in values]
        ax.add_collection(PatchCollection(boxes, facecolors=face, edgecolors=face, linewidths=0.3, zorder=1))
        if verdict in _HATCH:  # a collection of its own: no outline but the hatch
            ax.add_collection(PatchCollection(
                boxes, facecolors="none", edgecolors=theme.faint, linewidths=0.0, hatch=_HATCH[verdict], zorder=2,
            ))  # fmt: skip


def _line(ax: Axes, points: pd.DataFrame, cells: pd.DataFrame, theme: Theme) -> bool:
    """The zero of the difference over triangles: the points, and each cell's middle with the mean of its corners, so
    that no diagonal is preferred. False where there is none."""
    middle = pd.DataFrame({
        "x": (cells["x_low"] + cells["x_high"]) / 2, "y": (cells["y_low"] + cells["y_high"]) / 2,
        "difference": cells["difference"],
    })  # fmt: skip
    every = pd.concat([points[["x", "y", "difference"]], middle]).to_numpy(float)
    x, y, z = every[np.isfinite(every[:, 2])].T
    if x.size < 3 or not (z.min() < 0 < z.max()) or np.ptp(x) == 0 or np.ptp(y) == 0:
        return False
    mesh = Triangulation((x - x.min()) / np.ptp(x), (y - y.min()) / np.ptp(y))
    ax.tricontour(Triangulation(x, y, mesh.triangles), z, levels=[0.0], colors=[theme.ink], linewidths=1.6, zorder=3)
    return True


def _name(path: Any, unit: Any, room_in: float) -> str:
    """The last of a dotted path that there is room for, and the unit."""
    parts, told = str(path).split("."), "" if unit in ("", "1") else f" ({unit})"
    shown = parts[-1]
    for n in range(2, len(parts) + 1):
        longer = ".".join(parts[-n:])
        if width_in(longer + told) > room_in:
            break
        shown = longer
    return fit(shown + told, room_in)


def _axes(ax: Axes, first: pd.Series[Any], points: pd.DataFrame) -> None:
    ax.set_xlim(points["x"].min(), points["x"].max())
    ax.set_ylim(points["y"].min(), points["y"].max())
    for axis, name in ((ax.xaxis, "x"), (ax.yaxis, "y")):
        grid = sorted(points.loc[points["level"] == 0, name].unique())
        few = MaxNLocator(4, integer=pd.api.types.is_integer_dtype(points[name]))
        axis.set_major_locator(FixedLocator(grid) if len(grid) <= _MOST_TICKS else few)
        axis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:.6g}"))
    ax.set_xlabel(_name(first["x_path"], first["x_unit"], WIDTH_IN - _LEFT_IN - 0.1), x=0.0, ha="left")
    ax.set_ylabel(_name(first["y_path"], first["y_unit"], _HEIGHT_IN - _TOP_IN - _BOTTOM_IN))


def _scale(ax: Axes, first: pd.Series[Any], colors: LinearSegmentedColormap, scale: float, theme: Theme) -> None:
    """The colours' meaning, drawn as a narrow bar to the right."""
    bar = ax.inset_axes((1.06, 0.0, 0.05, 1.0))
    bar.imshow(np.linspace(-scale, scale, 128)[:, None], aspect="auto", origin="lower", cmap=colors,
               extent=(0, 1, -scale, scale))  # fmt: skip
    bar.set_xticks([])
    bar.yaxis.tick_right()
    bar.yaxis.set_label_position("right")
    bar.yaxis.set_major_locator(MaxNLocator(5))
    power = 3 * math.floor(math.log10(scale) / 3) if scale >= 1e3 else 0
    bar.yaxis.set_major_formatter(
        FuncFormatter(lambda v, _: f"{v / 10**power:+.3g}".replace("-", "\N{MINUS SIGN}") if v else "0")
    )
    unit = name_of(str(first["unit"]), theme.language)
    sizes = {0: unit, 3: theme.say("thousand {unit}", unit=unit), 6: theme.say("million {unit}", unit=unit)}
    told = theme.say("difference in {metric}", metric=name_of(str(first["metric"]), theme.language))
    size = sizes.get(power, f"1e{power} {unit}")
    bar.set_ylabel(fit(told if unit == "1" else f"{told}, {size}", _HEIGHT_IN - _TOP_IN - _BOTTOM_IN))


def _legend(ax: Axes, cells: pd.DataFrame, turns: bool, theme: Theme) -> None:
    marks: list[Any] = [Line2D([], [], color=theme.ink, lw=1.6, label=theme.say("break-even"))] if turns else []
    for verdict, hatch in _HATCH.items():
        if (cells["verdict"] == verdict).any():
            label = name_of(verdict, theme.language) + (" (\N{PLUS-MINUS SIGN}1 %)" if verdict == "tie" else "")
            marks.append(Patch(facecolor="none", edgecolor=theme.faint, hatch=hatch, lw=0.3, label=label))
    figure = ax.get_figure(root=True)
    assert figure is not None  # an Axes of ours is always in one
    figure.legend(
        handles=marks, loc="lower left", bbox_to_anchor=(0.02, 0.0), ncols=3, frameon=False, handlelength=1.6,
        columnspacing=1.0, borderaxespad=0.4,
    )  # fmt: skip


def save_breakeven(folder: Path, points: pd.DataFrame, cells: pd.DataFrame, theme: Theme = LIGHT) -> list[Path]:
    """The map as PNG and SVG in `folder`/figures; nothing without points."""
    if points.empty:
        return []
    return save(folder, "breakeven_map", lambda page: breakeven_map(points, cells, theme=page), theme)
