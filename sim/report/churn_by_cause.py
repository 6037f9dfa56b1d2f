"""Why customers left for good."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from sim.report.labels import width_in
from sim.report.panels import head, head_in, nothing, pairs
from sim.report.style import BLUE, LIGHT, ORANGE, VERMILLION, Theme, canvas, style
from sim.report.tidy import with_columns
from sim.scenario.root import Scenario

CAUSES = {"left_service": "service", "left_regret": "price regret", "left_natural": "nature"}
"""Metrics and the cause each counts; together they are all who left."""
_COLORS = {"left_service": VERMILLION, "left_regret": ORANGE, "left_natural": BLUE}
_HATCHES = {"left_service": "", "left_regret": "////", "left_natural": ""}

_SUM_IN = 1.9
"""Room for the sums beside the bars."""


def churn_by_cause(runs: pd.DataFrame, scenario: Scenario, ax: Axes | None = None, theme: Theme = LIGHT) -> Axes:
    """Customers who left over service, price regret or by nature: a bar a pair, mean over seeds, whole run.

    `runs` is runs.parquet: schedule, line_up, status and the metrics left_service, left_regret, left_natural.
    """
    with style(theme):
        runs = with_columns(runs, ("schedule", "line_up", "status", *CAUSES))
        runs = runs[runs["status"] == "done"]
        shown = pairs(runs, scenario, theme)
        handles = [
            Patch(fc=_COLORS[metric], hatch=_HATCHES[metric], ec=theme.paper, lw=0, label=theme.say(cause))
            for metric, cause in CAUSES.items()
        ]
        margin = 0.0
        if ax is None:
            names = max((width_in(pair.label) for pair in shown), default=0.5)
            top = head_in([theme.say(name) for name in CAUSES.values()])
            ax = canvas(top + 0.5 + max(len(shown), 2) * 0.3, left=names + 0.2, right=_SUM_IN, top=top, bottom=0.42)
            margin = names + 0.1
        head(ax, theme.say("Customers lost, by cause"), theme.say("mean over seeds, whole run"), handles, margin)
        if not shown:
            nothing(ax, theme.say("no run finished"))
            return ax
        for y, pair in enumerate(shown):
            at, parts = 0.0, list[str]()
            for metric in CAUSES:
                people = float(pair.of(runs)[metric].mean())
                ax.barh(
                    y, people, left=at, height=0.62, color=_COLORS[metric], hatch=_HATCHES[metric], ec=theme.paper,
                    lw=0, label=f"{metric} {pair.label}",
                )  # fmt: skip
                at += people
                parts.append(f"{people:,.0f}")
            ax.annotate(f"{at:,.0f} = {' + '.join(parts)}", (at, y), (4, 0), textcoords="offset points", va="center")
        ax.set_yticks(range(len(shown)), labels=[pair.label for pair in shown])
        ax.set_ylim(len(shown) - 0.4, -0.6)
        ax.tick_params(axis="y", length=0)
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        ax.set_xlabel(theme.say("customers"), labelpad=1)
    return ax
