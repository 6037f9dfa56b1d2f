"""Who comes back: second orders by the days since the first, by how the customer was won."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from sim.report.panels import head, head_in, nothing, pairs, panel, sample
from sim.report.style import LIGHT, Theme, canvas, style
from sim.report.tidy import with_columns
from sim.scenario.root import Scenario

SOURCES = ("there at the start", "won organically", "won by paid traffic", "won at a festival")
"""Names of cohorts.parquet's `source`."""
_COLUMNS = ("schedule", "line_up", "seed", "source", "month", "days_to_second_order", "customers")
_BLOCK_DAYS = 30
_HORIZONS = (60, 30, 14, 7, 1)
LEAST_CUSTOMERS = 20
"""Customers a run below which a pair has no curve: one person would move it by more than 5 points (our choice)."""


def second_orders(cohorts: pd.DataFrame, days: int) -> np.ndarray:
    """Share of the customers with a second order within 1..days of their first; NaN without customers."""
    gaps = cohorts["days_to_second_order"].to_numpy(int)
    count = cohorts["customers"].to_numpy(float)
    back = np.array([count[(gaps >= 0) & (gaps <= day)].sum() for day in range(1, days + 1)])
    return back / count.sum() if count.sum() else np.full(days, np.nan)


def observed(cohorts: pd.DataFrame, scenario: Scenario) -> tuple[pd.DataFrame, int]:
    """Customers of the 30-day blocks after which the calendar leaves time to come back, and that time in days."""
    left = scenario.calendar.days - (cohorts["month"] + 1) * _BLOCK_DAYS
    for horizon in _HORIZONS:
        if len(cohorts) and (left >= horizon).any():
            return cohorts[left >= horizon], horizon
    return cohorts.iloc[:0], _HORIZONS[-1]


def a_run(kept: pd.DataFrame, cohorts: pd.DataFrame) -> float:
    """Mean customers of `kept` in a run of `cohorts`, a run being a schedule, line-up and seed; 0 without runs.

    >>> told = {"schedule": "s", "line_up": ["a", "b"], "seed": 1, "customers": [30, 10]}
    >>> a_run(pd.DataFrame(told), pd.DataFrame(told))
    20.0
    """
    runs = len(cohorts[["schedule", "line_up", "seed"]].drop_duplicates())
    return float(kept["customers"].sum()) / runs if runs else 0.0


def retention_curves(cohorts: pd.DataFrame, scenario: Scenario, ax: Axes | None = None, theme: Theme = LIGHT) -> Axes:
    """Share of customers with a second order, by days since the first; a panel a source, a line a pair.

    `cohorts` is cohorts.parquet: schedule, line_up, seed, source, month, days_to_second_order, customers.
    Only blocks of first orders that can be watched for the whole span are counted. A curve pools its pair's seeds; the
    number beside a source is its mean customers a run. A pair with fewer than `LEAST_CUSTOMERS` a run has no curve.
    """
    with style(theme):
        cohorts = with_columns(cohorts, _COLUMNS)
        kept, days = observed(cohorts, scenario)
        shown = pairs(kept, scenario, theme)
        sources = sorted(kept["source"].unique())
        handles = [sample(pair) for pair in shown]
        lines = max(1, -(-len(sources) // 2))
        if ax is None:
            top = head_in([pair.label for pair in shown])
            ax = canvas(top + lines * 1.7 + 0.1, left=0.1, right=0.15, top=top, bottom=0.1)
        head(
            ax,
            theme.say("Who comes back, by how the customer was won"),
            theme.say("second order within {days} days of the first one seen; all seeds together", days=days)
            if days > 1
            else theme.say("second order within a day of the first one seen; all seeds together"),
            handles,
        )
        if not shown:
            nothing(ax, theme.say("no customers to follow"))
            return ax
        ax.set_axis_off()
        for number, source in enumerate(sources):
            one = panel(ax, number, min(2, len(sources)), lines, left_in=0.48)
            mine = kept[kept["source"] == source]
            many = [pair for pair in shown if a_run(pair.of(mine), pair.of(cohorts)) >= LEAST_CUSTOMERS]
            for pair in many:
                share = second_orders(pair.of(mine), days)
                one.plot(range(1, days + 1), share, color=pair.color, ls=pair.dashes, lw=1.2, label=pair.label)
            name = theme.say(SOURCES[int(source)]) if 0 <= int(source) < len(SOURCES) else str(source)
            if not many:
                one.set_title(name, loc="left", weight="bold")
                nothing(one, theme.say("fewer than {n} customers a run: no curve", n=LEAST_CUSTOMERS))
                continue
            people = f"{a_run(mine, cohorts):,.0f}"
            one.set_title(theme.say("{name} ({n} customers a run)", name=name, n=people), loc="left", weight="bold")
            one.set_xlim(0, days)
            one.set_ylim(0, None)
            one.yaxis.set_major_locator(MaxNLocator(4))
            one.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
            one.xaxis.set_major_locator(MaxNLocator(5, integer=True))
            one.set_xlabel(theme.say("days since the first order"), labelpad=1)
            one.grid(axis="y", lw=0.3, alpha=0.5)
    return ax
