"""The figures of a comparison: each a function of tidy frames that returns an Axes.

To add one: a file with its function, and a line in `FIGURES`. Those of single experiments (`EXPERIMENTS`) take the
experiment's own table; the columns stand in each function's docstring.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes

from sim.report.churn_by_cause import churn_by_cause
from sim.report.daily_orders import daily_orders
from sim.report.experiment_figures import bump_decomposition, smoothing_path, tournament_matrix
from sim.report.forecast_figures import forecast_fan, reliability
from sim.report.hourly_load import hourly_load
from sim.report.paired_differences import paired_differences
from sim.report.retention_curves import retention_curves
from sim.report.risk_list import risk_list
from sim.report.stock_and_ageing import stock_and_ageing
from sim.report.style import LIGHT, Theme, save
from sim.report.trade_off import trade_off
from sim.report.waterfall import difference_waterfall, profit_waterfall
from sim.scenario.root import Scenario

__all__ = [
    "EXPERIMENTS", "FIGURES", "Frames", "bump_decomposition", "churn_by_cause", "daily_orders", "difference_waterfall",
    "drawable", "forecast_fan", "hourly_load", "paired_differences", "profit_waterfall", "reliability",
    "retention_curves", "risk_list", "save_experiment", "save_figures", "smoothing_path", "stock_and_ageing",
    "table_of", "tournament_matrix", "trade_off",
]  # fmt: skip


@dataclass(frozen=True)
class Frames:
    """All that a figure may be drawn from."""

    runs: pd.DataFrame
    comparison: pd.DataFrame
    daily: pd.DataFrame
    hourly: pd.DataFrame
    scenario: Scenario
    pnl: pd.DataFrame | None = None
    cohorts: pd.DataFrame | None = None

    @property
    def verdicts(self) -> pd.DataFrame:
        """The comparison on the metrics that the scenario asks about; on all, where it has none of them."""
        if self.comparison.empty:
            return self.comparison
        asked = self.comparison[self.comparison["metric"].isin(self.scenario.compare.metrics)]
        return asked if len(asked) else self.comparison


def _table(frame: pd.DataFrame | None) -> pd.DataFrame:
    return pd.DataFrame() if frame is None else frame


FIGURES: dict[str, Callable[[Frames, Theme], Axes]] = {
    "daily_orders": lambda frames, theme: daily_orders(frames.daily, frames.scenario, theme=theme),
    "hourly_load": lambda frames, theme: hourly_load(frames.hourly, scenario=frames.scenario, theme=theme),
    "paired_differences": lambda frames, theme: paired_differences(frames.verdicts, theme=theme),
    "difference_waterfall": lambda frames, theme: difference_waterfall(
        _table(frames.pnl), frames.scenario, theme=theme
    ),
    "profit_waterfall": lambda frames, theme: profit_waterfall(_table(frames.pnl), frames.scenario, theme=theme),
    "trade_off": lambda frames, theme: trade_off(frames.runs, frames.scenario, theme=theme),
    "churn_by_cause": lambda frames, theme: churn_by_cause(frames.runs, frames.scenario, theme=theme),
    "retention_curves": lambda frames, theme: retention_curves(_table(frames.cohorts), frames.scenario, theme=theme),
    "stock_and_ageing": lambda frames, theme: stock_and_ageing(frames.daily, frames.scenario, theme=theme),
}
"""Drawn from a comparison, in the order of the report."""

EXPERIMENTS: dict[str, Callable[..., Axes]] = {
    "bump_decomposition": bump_decomposition,
    "forecast_fan": forecast_fan,
    "reliability": reliability,
    "risk_list": risk_list,
    "smoothing_path": smoothing_path,
    "tournament_matrix": tournament_matrix,
}
"""Drawn from one experiment's table by its own command."""

_TABLES = {"risk_list": "risks"}


def table_of(name: str) -> str:
    """The file that one of `EXPERIMENTS` is drawn from."""
    return f"{_TABLES.get(name, name)}.csv"


_FRAME_OF = {"difference_waterfall": "pnl", "profit_waterfall": "pnl", "retention_curves": "cohorts"}


def drawable(frames: Frames) -> list[str]:
    """Names of the figures whose frame is there: pnl and cohorts need not be."""
    return [name for name in FIGURES if name not in _FRAME_OF or getattr(frames, _FRAME_OF[name]) is not None]


def save_figures(
    folder: Path,
    runs: pd.DataFrame,
    comparison: pd.DataFrame,
    daily: pd.DataFrame,
    hourly: pd.DataFrame,
    scenario: Scenario,
    theme: Theme = LIGHT,
    pnl: pd.DataFrame | None = None,
    cohorts: pd.DataFrame | None = None,
) -> list[Path]:
    """Every figure whose frame is given as PNG and SVG in `folder`/figures; the same frames give the same bytes.

    `pnl` and `cohorts` are taken from the folder's parquet files where they are not given but stored.
    """
    frames = Frames(
        runs, comparison, daily, hourly, scenario, _stored(folder, "pnl", pnl), _stored(folder, "cohorts", cohorts)
    )
    return [path for name in drawable(frames) for path in save(folder, name, partial(FIGURES[name], frames), theme)]


def save_experiment(folder: Path, name: str, table: pd.DataFrame, theme: Theme = LIGHT) -> list[Path]:
    """One of `EXPERIMENTS` as PNG and SVG in `folder`/figures."""
    return save(folder, name, lambda page: EXPERIMENTS[name](table, theme=page), theme)


def _stored(folder: Path, name: str, given: pd.DataFrame | None) -> pd.DataFrame | None:
    file = folder / f"{name}.parquet"
    return pd.read_parquet(file) if given is None and file.is_file() else given
