"""The risk list before a campaign: how likely, with its interval, how dear, and whether there is time to act."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from sim.report.labels import fit, width_in
from sim.report.panels import head, head_in, nothing
from sim.report.style import LIGHT, Theme, canvas, style
from sim.report.tidy import require, with_columns

_COLUMNS = ("name", "probability", "low", "high", "loss_yuan", "action", "too_late")
_ROW_IN = 0.22


def risk_list(risks: pd.DataFrame, ax: Axes | None = None, theme: Theme = LIGHT) -> Axes:
    """Probability of each risk with its 95 % interval, and its expected loss, in the table's order: the dearest on top.

    `risks`: name, probability (0..1), low, high, loss_yuan (NaN = unknown), action (text; empty = none known), too_late
    (to act). Risks that no future saw are counted in the second line and not drawn.
    """
    with style(theme):
        risks = with_columns(risks, _COLUMNS)
        require(risks, "risk_list", _COLUMNS)
        seen = risks[risks["probability"].astype(float) > 0]
        rows = seen.to_dict("records")
        names, losses = [fit(row["name"], 2.6) for row in rows], [_loss(row, theme) for row in rows]
        kinds = _kinds(theme)
        handles = [Line2D([], [], color=color, marker=mark, ms=4, lw=1.2, label=text) for text, color, mark in kinds]
        margin = 0.0
        if ax is None:
            top = head_in([str(handle.get_label()) for handle in handles])
            left = max((width_in(name) for name in names), default=0.5) + 0.2
            right = max((width_in(loss) for loss in losses), default=0.5) + 0.25
            ax = canvas(top + 0.5 + max(3, len(names)) * _ROW_IN, left=left, right=right, top=top, bottom=0.42)
            margin = left - 0.1
        detail = theme.say("whiskers: 95 %; right: expected loss, losses overlap; {n} more came true in no future",
                           n=len(risks) - len(seen))  # fmt: skip
        head(ax, theme.say("What may go wrong"), detail, handles, margin)
        if not names:
            nothing(ax, theme.say("no risk came true in any future"))
            return ax
        for y, (row, loss) in enumerate(zip(rows, losses, strict=True)):
            _, color, mark = kinds[2 if row["too_late"] else 0 if _text(row["action"]) else 1]
            ax.plot([row["low"], row["high"]], [y, y], color=color, lw=1.2, solid_capstyle="butt")
            ax.plot([row["probability"]], [y], mark, color=color, ms=4, clip_on=False, label=str(row["name"]))
            ax.annotate(
                loss, (1.0, y), (8, 0), xycoords=("axes fraction", "data"), textcoords="offset points", va="center",
                annotation_clip=False,
            )  # fmt: skip
        ax.set_xlim(0, 1)
        ax.set_ylim(len(names) - 0.4, -0.6)
        ax.set_yticks(range(len(names)), labels=names)
        ax.tick_params(axis="y", length=0)
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_xlabel(theme.say("probability"), labelpad=1)
        ax.grid(axis="x", lw=0.3, alpha=0.5)
    return ax


def _kinds(theme: Theme) -> list[tuple[str, str, str]]:
    """(text, colour, marker) of what can be done."""
    return [
        (theme.say("can be acted on"), theme.series[0], "o"), (theme.say("no action known"), theme.faint, "D"),
        (theme.say("too late to act"), theme.series[1], "s"),
    ]  # fmt: skip


def _loss(row: dict[Any, Any], theme: Theme) -> str:
    loss = float(row["loss_yuan"]) if not pd.isna(row["loss_yuan"]) else None
    return theme.say("unknown") if loss is None else f"{loss:,.0f} {theme.say('yuan')}"


def _text(value: object) -> str:
    """A cell's text; empty where a CSV holds none."""
    return "" if value is None or value != value else str(value)
