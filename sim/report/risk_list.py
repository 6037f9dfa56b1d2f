"""The risk list before a campaign: how likely, with its interval, and how dear."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from sim.lab.preflight.run import RiskList, Scores
from sim.report.labels import plain, safe, width_in
from sim.report.style import LIGHT, Theme, canvas, headline, style, write_figure
from sim.report.tidy import with_columns

_COLUMNS = ("name", "probability", "low", "high", "loss_yuan", "too_late")
_ROW_IN = 0.2
_MOST = 20


def risk_list(risks: pd.DataFrame, ax: Axes | None = None, theme: Theme = LIGHT) -> Axes:
    """Probability of each risk, its 95 % interval, and its expected loss in yuan, the dearest on top.

    `risks` has columns name, probability, low, high, loss_yuan, too_late; risks that no future saw are left out, as
    are rules, which are certain.
    """
    rows = with_columns(risks, _COLUMNS)
    rows = rows[(rows["probability"] > 0) & rows["loss_yuan"].notna()].head(_MOST).reset_index(drop=True)
    with style(theme):
        names = [safe(plain(name)) for name in rows["name"]]
        if ax is None:
            left = max((width_in(name) for name in names), default=0.5) + 0.2
            ax = canvas(0.9 + _ROW_IN * max(3, len(rows)), left=left, right=1.0, top=0.5, bottom=0.4)
        for n, row in enumerate(rows.to_dict("records")):
            color = theme.series[1] if row["too_late"] else theme.series[0]
            ax.plot([row["low"], row["high"]], [n, n], color=color, lw=1.2, solid_capstyle="butt")
            ax.plot([row["probability"]], [n], "o", color=color, ms=4, clip_on=False)
            ax.annotate(
                f"{row['loss_yuan']:,.0f} yuan", (1.0, n), (6, 0), xycoords=("axes fraction", "data"),
                textcoords="offset points", va="center", annotation_clip=False,
            )  # fmt: skip
        ax.set_xlim(0, 1)
        ax.set_ylim(max(1, len(rows)) - 0.5, -0.5)
        ax.set_yticks(range(len(names)), labels=names)
        ax.tick_params(axis="y", length=0)
        ax.xaxis.set_major_formatter(PercentFormatter(1.0))
        ax.set_xlabel("probability, 95 % interval of the replications", loc="left")
        if rows.empty:
            ax.text(0.5, 0.5, "no risk came true in any future", transform=ax.transAxes, ha="center")
        late = ", second colour: too late to act" if rows["too_late"].any() else ""
        headline(ax, "Risks before the campaign", f"right: expected loss; losses overlap{late}")
    return ax


def save_risk_list(folder: Path, result: RiskList | Scores, theme: Theme = LIGHT) -> list[Path]:
    """risks.csv and the figure of a list, or backtest.csv of a back-test, in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    frame = result.frame()
    table = folder / ("risks.csv" if isinstance(result, RiskList) else "backtest.csv")
    frame.to_csv(table, index=False)
    if isinstance(result, Scores):
        return [table]
    with style(theme):
        figure = risk_list(frame, theme=theme).get_figure(root=True)
        assert isinstance(figure, Figure)
        return [table, *write_figure(figure, folder / "risk_list")]
