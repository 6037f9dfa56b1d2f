"""Peak against profit against retention: which pairs no other pair beats on all three."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, NullFormatter, PercentFormatter, ScalarFormatter, StrMethodFormatter

from sim.report.panels import Pair, head, head_in, nothing, pairs, panel
from sim.report.style import LIGHT, Theme, canvas, style
from sim.report.tidy import with_columns
from sim.scenario.root import Scenario

_AIMS = ("peak_load", "profit", "retention_90d")
_PANELS = {"profit": "profit, thousand yuan", "retention_90d": "order again within 90 days"}
_MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")


def front(means: np.ndarray) -> np.ndarray:
    """True where no other row is at least as good everywhere and better somewhere.

    `means` (n, 3): peak (lower is better), profit and retention (higher is better).
    """
    good = means * np.array([-1.0, 1.0, 1.0])
    beats = (good[:, None] >= good[None]).all(axis=2) & (good[:, None] > good[None]).any(axis=2)
    return np.asarray(~beats.any(axis=0))


def trade_off(runs: pd.DataFrame, scenario: Scenario, ax: Axes | None = None, theme: Theme = LIGHT) -> Axes:
    """Profit and 90-day retention over the peak of every pair, means over seeds; filled = on the Pareto front.

    `runs` is runs.parquet: schedule, line_up, status, peak_load, profit, retention_90d. The front is that of all three
    aims together.
    """
    with style(theme):
        runs = with_columns(runs, ("schedule", "line_up", "status", *_AIMS))
        runs = runs[runs["status"] == "done"]
        shown = pairs(runs, scenario, theme)
        means = np.array([[float(pair.of(runs)[aim].mean()) for aim in _AIMS] for pair in shown]).reshape(-1, 3)
        best = front(means) if len(shown) else np.zeros(0, np.bool_)
        handles = [_mark(pair, n, bool(best[n]), theme) for n, pair in enumerate(shown)]
        if ax is None:
            top = head_in([pair.label for pair in shown])
            ax = canvas(top + 2.35, left=0.1, right=0.15, top=top, bottom=0.1)
        detail = theme.say("mean over seeds; filled: no other pair is better on all three")
        head(ax, theme.say("Peak, profit and retention of every pair"), detail, handles)
        if not shown:
            nothing(ax, theme.say("no run finished"))
            return ax
        ax.set_axis_off()
        for number, (aim, title) in enumerate(_PANELS.items()):
            one = panel(ax, number, 2, 1, left_in=0.62)
            for n, pair in enumerate(shown):
                one.add_line(_mark(pair, n, bool(best[n]), theme, means[n, 0], means[n, 1 + number] / (1e3, 1)[number]))
            one.autoscale_view()
            one.margins(0.12)
            one.set_title(theme.say(title), loc="left", weight="bold")
            _axes(one, means[:, 0], aim, theme)
    return ax


def _mark(pair: Pair, n: int, filled: bool, theme: Theme, x: float | None = None, y: float | None = None) -> Line2D:
    at: tuple[list[float], list[float]] = ([], []) if x is None or y is None else ([x], [y])
    return Line2D(
        *at, color=pair.color, marker=_MARKS[n % len(_MARKS)], ms=6.5, ls="none", mew=1.3, label=pair.label,
        mfc=pair.color if filled else theme.paper,
    )  # fmt: skip


def _axes(ax: Axes, peaks: np.ndarray, aim: str, theme: Theme) -> None:
    known = peaks[np.isfinite(peaks)]
    if len(known) and known.min() > 0 and known.max() > 4 * known.min():
        ax.set_xscale("log")
        ax.set_xlim(known.min() / 1.4, known.max() * 1.4)
        low, high = ax.get_xlim()
        steps = [s for s in (1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 500, 1000) if low <= s <= high]
        ax.set_xticks(steps[:: 2 if len(steps) > 6 else 1])
        ax.xaxis.set_major_formatter(ScalarFormatter())
        ax.xaxis.set_minor_formatter(NullFormatter())
    else:
        ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.yaxis.set_major_locator(MaxNLocator(5))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}") if aim == "profit" else PercentFormatter(1, decimals=1))
    ax.set_xlabel(theme.say("peak hour over mean hour, orders"), labelpad=1)
    ax.grid(lw=0.3, alpha=0.5)
