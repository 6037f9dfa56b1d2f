"""Stock through the season: how much money lies on the shelves, and for how long."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from sim.report.panels import date_axis, head, head_in, nothing, pairs, panel, sample
from sim.report.style import LIGHT, Theme, canvas, style
from sim.report.tidy import with_columns
from sim.scenario.root import Scenario

PANELS = {
    "stock_value_yuan": ("stock at purchase cost", "thousand yuan", 1e-3),
    "stock_age_days": ("mean age of the units", "days", 1.0),
    "stock_old_share": ("units older than the limit", "%", 100.0),
}
"""Daily columns with title, unit and factor."""


def stock_and_ageing(daily: pd.DataFrame, scenario: Scenario, ax: Axes | None = None, theme: Theme = LIGHT) -> Axes:
    """Stock value, mean age and share of old units by day, mean over seeds; a panel each, a line a pair.

    `daily` is daily.parquet: schedule, line_up, date and the columns of `PANELS`.
    """
    with style(theme):
        daily = with_columns(daily, ("schedule", "line_up", "date", *PANELS))
        shown = pairs(daily, scenario, theme)
        held = [name for name in PANELS if name in daily]
        handles = [sample(pair) for pair in shown]
        if ax is None:
            top = head_in([pair.label for pair in shown])
            ax = canvas(top + max(1, len(held)) * 1.35 + 0.15, left=0.1, right=0.2, top=top, bottom=0.1)
        detail = theme.say("mean over seeds, at midnight; old: more than {days} days", days=_old_days(scenario))
        head(ax, theme.say("Stock and its age"), detail, handles)
        if not shown or not held:
            nothing(ax, theme.say("no run finished"))
            return ax
        ax.set_axis_off()
        for number, name in enumerate(held):
            title, unit, factor = PANELS[name]
            one = panel(ax, number, 1, len(held), left_in=0.6, head_in=0.24, foot_in=0.27)
            for pair in shown:
                mine = pair.of(daily)
                values = mine.groupby(pd.to_datetime(mine["date"]))[name].mean() * factor
                x = [float(date2num(day)) for day in values.index]
                one.plot(x, values.to_numpy(), color=pair.color, ls=pair.dashes, lw=1.2, label=pair.label)
            one.set_title(theme.say(title), loc="left", weight="bold")
            one.set_ylabel(theme.say(unit))
            one.set_ylim(0, None)
            _dates(one, theme)
    return ax


def _old_days(scenario: Scenario) -> int:
    """The age from which units are old; the field's own default where a scenario is only sketched."""
    operations = getattr(scenario, "operations", None)
    return int(operations.old_after_days) if operations is not None else 60


def _dates(ax: Axes, theme: Theme) -> None:
    date_axis(ax, theme, offset=False)
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    ax.grid(axis="y", lw=0.3, alpha=0.5)
