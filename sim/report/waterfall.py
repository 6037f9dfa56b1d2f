"""Waterfalls of profit: where the money comes from and goes, and where two pairs differ."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from sim.lab.plan import baseline
from sim.lab.statistics import paired
from sim.report.labels import fit, width_in
from sim.report.panels import Pair, head, nothing, pairs, panel, scored
from sim.report.style import GREEN, LIGHT, VERMILLION, Theme, canvas, style
from sim.report.tidy import with_columns
from sim.scenario.root import Scenario

GROUPS: dict[str, tuple[str, ...]] = {
    "sales at list price": ("gross_sales", "deposits_kept"),
    "discounts and gifts": ("markdowns", "thresholds", "coupons", "bundles", "gifts", "price_matches"),
    "refunds": ("refunds",),
    "cost of goods": ("cost_of_goods", "cost_returned", "write_off", "purchase_variance"),
    "platform fees": ("commission", "platform_fee"),
    "traffic and messages": ("traffic", "outreach"),
    "warehouse labour": ("labour_regular", "labour_overtime", "labour_temps"),
    "service desk": ("service_desk",),
    "delivery and returns": (
        "packing", "line_haul", "couriers", "courier_overtime", "courier_surge", "returns_transport",
    ),
    "space and capital": ("space", "interest", "cash_interest", "obsolescence", "salvage_loss"),
    "stores": ("store_staff", "store_rent"),
    "services sold": ("warranties", "services"),
}  # fmt: skip
"""P&L accounts by the step of the waterfall; an account that stands in none is `other`."""
_COLUMNS = ("schedule", "line_up", "replication", "account", "day", "yuan")
_STEP_IN = 0.185
_AMOUNT_IN = 0.62
"""Room for the amounts, a column on the right."""


class _Step(NamedTuple):
    name: str
    yuan: float
    low: float
    high: float


def grouped(pnl: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """Yuan by schedule, line_up, replication (index) and step (columns), scored and settlement days: profit's own."""
    where = {account: step for step, accounts in GROUPS.items() for account in accounts}
    rows = pnl[scored(pnl["day"], scenario, settlement=True)]
    rows = rows.assign(
        step=rows["account"].astype(str).map(where).fillna("other"),
        schedule=rows["schedule"].astype(str),
        line_up=rows["line_up"].astype(str),
    )
    table = rows.pivot_table(
        index=["schedule", "line_up", "replication"], columns="step", values="yuan", aggfunc="sum", fill_value=0.0
    )
    order = [name for name in (*GROUPS, "other") if name in table and (table[name] != 0).any()]
    return table[order]


def profit_waterfall(pnl: pd.DataFrame, scenario: Scenario, ax: Axes | None = None, theme: Theme = LIGHT) -> Axes:
    """From sales at list price to profit, a panel a schedule and line-up; means over seeds.

    `pnl` is pnl.parquet: schedule, line_up, replication, account, day, yuan. All accounts are in it: the steps add
    up to the metric `profit`.
    """
    with style(theme):
        pnl = with_columns(pnl, _COLUMNS)
        shown = pairs(pnl, scenario, theme)
        table = grouped(pnl, scenario) if shown else pd.DataFrame()
        steps = {
            pair: [_Step(str(n), float(v), np.nan, np.nan) for n, v in _rows(table, *pair[:2]).mean().items()]
            for pair in shown
        }
        detail = theme.say("mean over seeds, scored and settlement days; the steps add up to profit")
        return _waterfalls(steps, theme.say("From list price to profit"), detail, ax, theme, "profit")


def difference_waterfall(pnl: pd.DataFrame, scenario: Scenario, ax: Axes | None = None, theme: Theme = LIGHT) -> Axes:
    """Each pair's profit less the baseline's, by step, with 95 % paired intervals; a panel a pair.

    `pnl` as in `profit_waterfall`. The steps add up to the paired difference in profit.
    """
    with style(theme):
        pnl = with_columns(pnl, _COLUMNS)
        table = grouped(pnl, scenario) if len(pnl) else pd.DataFrame()
        base = baseline(scenario)
        steps: dict[Pair, list[_Step]] = {}
        for pair in pairs(pnl, scenario, theme):
            if (pair.schedule, pair.line_up) != base and base in {key[:2] for key in table.index}:
                steps[pair] = _differences(_rows(table, *pair[:2]), _rows(table, *base))
        against = fit(f"{base[0]} · {base[1]}", 2.6)
        detail = theme.say("less {baseline}, same seeds; whiskers: 95 % intervals", baseline=against)
        return _waterfalls(steps, theme.say("Where profit differs"), detail, ax, theme, "difference in profit")


def _rows(table: pd.DataFrame, schedule: str, line_up: str) -> pd.DataFrame:
    """A pair's replications."""
    rows = table.loc[(schedule, line_up)]
    assert isinstance(rows, pd.DataFrame)
    return rows


def _differences(mine: pd.DataFrame, base: pd.DataFrame) -> list[_Step]:
    both = mine.index.intersection(base.index)
    found = []
    for name in mine:
        d = paired(mine[name].loc[both].to_numpy(float), base[name].loc[both].to_numpy(float))
        found.append(_Step(str(name), d.mean, d.low, d.high))
    return found


def _scale(steps: dict[Pair, list[_Step]]) -> tuple[float, str]:
    """Divisor and unit of the x axis."""
    top = max((abs(t) for row in steps.values() for t in np.cumsum([s.yuan for s in row])), default=0.0)
    if top >= 2e7:
        return 1e6, "million yuan"
    return (1e3, "thousand yuan") if top >= 2e3 else (1.0, "yuan")


def _waterfalls(
    steps: dict[Pair, list[_Step]], title: str, detail: str, ax: Axes | None, theme: Theme, total: str
) -> Axes:
    scale, unit = _scale(steps)
    names = [theme.say(step.name) for row in steps.values() for step in row] + [theme.say(total)]
    left = max(width_in(name, weight="bold") for name in names) + 0.12
    columns = 1 if len(steps) == 1 else 2
    lines = max(1, -(-len(steps) // columns))
    deep = max((len(row) for row in steps.values()), default=3) + 1
    if ax is None:
        ax = canvas(0.6 + lines * (deep * _STEP_IN + 0.72), left=0.1, right=0.15, top=0.5, bottom=0.1)
    head(ax, title, detail)
    if not steps:
        nothing(ax, theme.say("nothing to compare"))
        return ax
    ax.set_axis_off()
    limits = _limits(steps, scale)
    for number, (pair, row) in enumerate(steps.items()):
        one = panel(ax, number, columns, lines, left_in=left, right_in=_AMOUNT_IN, head_in=0.28, foot_in=0.44)
        one.set_title(pair.label, loc="left", weight="bold", x=-left / _wide(one))
        _draw(one, row, scale, theme, total)
        one.set_xlim(*limits)
        one.set_xlabel(theme.say(unit), labelpad=1)
    return ax


def _wide(ax: Axes) -> float:
    figure = ax.get_figure(root=True)
    assert figure is not None
    return float(ax.get_window_extent().width / figure.dpi)


def _limits(steps: dict[Pair, list[_Step]], scale: float) -> tuple[float, float]:
    ends = [0.0]
    for row in steps.values():
        at = 0.0
        for step in row:
            ends += [at / scale, (at + step.yuan) / scale]
            ends += [(at + edge) / scale for edge in (step.low, step.high) if np.isfinite(edge)]
            at += step.yuan
    span = (max(ends) - min(ends)) or 1.0
    return min(ends) - 0.03 * span, max(ends) + 0.03 * span


def _draw(ax: Axes, row: list[_Step], scale: float, theme: Theme, total: str) -> None:
    """Bars from top to bottom, each beginning where the last one ended; its amount beside it."""
    at = 0.0
    for y, step in enumerate([*row, _Step(total, sum(s.yuan for s in row), np.nan, np.nan)]):
        whole = y == len(row)
        start = 0.0 if whole else at
        color = theme.faint if whole else GREEN if step.yuan >= 0 else VERMILLION
        ax.barh(y, step.yuan / scale, left=start / scale, color=color, height=0.66, label=step.name)
        end = (start + step.yuan) / scale
        if np.isfinite(step.low + step.high):
            ax.plot([(start + step.low) / scale, (start + step.high) / scale], [y, y], color=theme.ink, lw=1.0)
        if y < len(row):
            ax.plot([end, end], [y - 0.33, y + 1.33], color=theme.faint, lw=0.5)
        digits = 0 if abs(step.yuan / scale) >= 100 else 1
        text = f"{step.yuan / scale:+,.{digits}f}".replace("-", "\N{MINUS SIGN}")
        ax.annotate(
            text, (1, y), (_AMOUNT_IN * 72, 0), xycoords=ax.get_yaxis_transform(), textcoords="offset points",
            ha="right", va="center", weight="bold" if whole else "normal",
        )  # fmt: skip
        at += 0.0 if whole else step.yuan
    ax.set_ylim(len(row) + 0.6, -0.6)
    ax.set_yticks(range(len(row) + 1), labels=[theme.say(s.name) for s in row] + [theme.say(total)])
    ax.get_yticklabels()[-1].set_fontweight("bold")
    ax.tick_params(axis="y", length=0)
    ax.axvline(0, color=theme.ink, lw=0.6)
    ax.xaxis.set_major_locator(MaxNLocator(3))
    ax.spines["left"].set_visible(False)
