"""The figures of a comparison: each a function of tidy frames that returns an Axes.

To add one: a file with its function, and a line in `FIGURES`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.report.daily_orders import daily_orders
from sim.report.hourly_load import hourly_load
from sim.report.paired_differences import paired_differences
from sim.report.style import LIGHT, Theme, style, write_figure
from sim.scenario.root import Scenario

__all__ = ["FIGURES", "Frames", "daily_orders", "hourly_load", "paired_differences", "save_figures"]


@dataclass(frozen=True)
class Frames:
    """All that a figure may be drawn from."""

    runs: pd.DataFrame
    comparison: pd.DataFrame
    daily: pd.DataFrame
    hourly: pd.DataFrame
    scenario: Scenario

    @property
    def verdicts(self) -> pd.DataFrame:
        """The comparison on the metrics that the scenario asks about; on all, where it has none of them."""
        if self.comparison.empty:
            return self.comparison
        asked = self.comparison[self.comparison["metric"].isin(self.scenario.compare.metrics)]
        return asked if len(asked) else self.comparison


FIGURES: dict[str, Callable[[Frames, Theme], Axes]] = {
    "daily_orders": lambda frames, theme: daily_orders(frames.daily, frames.scenario, theme=theme),
    "hourly_load": lambda frames, theme: hourly_load(frames.hourly, scenario=frames.scenario, theme=theme),
    "paired_differences": lambda frames, theme: paired_differences(frames.verdicts, theme=theme),
}


def save_figures(
    folder: Path,
    runs: pd.DataFrame,
    comparison: pd.DataFrame,
    daily: pd.DataFrame,
    hourly: pd.DataFrame,
    scenario: Scenario,
    theme: Theme = LIGHT,
) -> list[Path]:
    """Every figure as PNG and SVG in `folder`/figures; the same frames give the same bytes."""
    target = folder / "figures"
    target.mkdir(parents=True, exist_ok=True)
    frames = Frames(runs, comparison, daily, hourly, scenario)
    paths = []
    for name, draw in FIGURES.items():
        with style(theme):
            figure = draw(frames, theme).get_figure(root=True)
            assert isinstance(figure, Figure)
            paths += write_figure(figure, target / name)
    return paths
