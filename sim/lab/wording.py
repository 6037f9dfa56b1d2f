"""How an experiment's figures are said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

NOT_MEASURED = "not measured"
"""Said of a figure that no run of this calendar has: 90 days after an order in a shorter one."""


def aligned(rows: Sequence[Sequence[str]], right: set[int]) -> list[str]:
    """Rows as lines of even columns, those numbered in `right` flush right; a rule under the first."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = enumerate(zip(row, widths, strict=True))
        lines.append("  ".join(c.rjust(w) if n in right else c.ljust(w) for n, (c, w) in cells))
    return [lines[0].rstrip(), "-" * len(lines[0]), *(line.rstrip() for line in lines[1:])]


def printable(text: str) -> str:
    """In one line, and nothing that moves a terminal's cursor."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def number(value: float, unit: str) -> str:
    """A figure of a metric; `-` where there is none."""
    if not np.isfinite(value):
        return "-"
    if unit == "yuan":
        return f"{value:,.0f}"
    return f"{value:.1%}" if unit == "share" else f"{value:,.2f}"


def signed(value: float, unit: str) -> str:
    """A difference, with its sign; of shares in percentage points."""
    if unit == "share" and np.isfinite(value):
        return f"{100 * value:+z.1f} pp"
    text = number(value, unit)
    return text if text.startswith("-") or not np.isfinite(value) else f"+{text}"


def interval(low: float, high: float, unit: str) -> str:
    """A difference's interval, in what `signed` tells it in."""
    if unit == "share" and np.isfinite(low + high):
        return f"[{100 * low:z.1f}, {100 * high:z.1f}]"
    return f"[{number(low, unit)}, {number(high, unit)}]"


def cells(row: dict[Any, Any]) -> tuple[str, ...]:
    """A row of the verdict table."""
    unit, verdict = row["unit"], row["verdict"] if np.isfinite(row["difference"]) else NOT_MEASURED
    return (
        row["schedule"], row["line_up"], f"{row['metric']} ({unit})", number(row["baseline_mean"], unit),
        number(row["mean"], unit), signed(row["difference"], unit), interval(row["low"], row["high"], unit), verdict,
        str(row["pairs"]),
    )  # fmt: skip


def fact(row: dict[Any, Any]) -> str:
    """`profit better, +4.1 % [+1.2, +7.0]`; of a share, in percentage points."""
    if not np.isfinite(row["difference"]):
        return f"{row['metric']} {NOT_MEASURED}"
    points = row["unit"] == "share"
    scale = 1.0 if points else abs(row["baseline_mean"])
    if not scale or not np.isfinite(scale):
        return f"{row['metric']} {row['verdict']}"
    change = f"{100 * row['difference'] / scale:+.1f} {'points' if points else '%'}"
    if np.isfinite(row["low"]):
        change += f" [{100 * row['low'] / scale:+.1f}, {100 * row['high'] / scale:+.1f}]"
    return f"{row['metric']} {row['verdict']}, {change}"


def held_line(row: dict[Any, Any]) -> str:
    """A sentence on a schedule that was held to a budget: a row of sim.lab.budget.frame."""
    share = row["realised_yuan"] / row["baseline_realised_yuan"] - 1
    outside = "" if row["within"] else ", MORE than the 2 % allowed apart"
    return (
        f"Budget: {row['schedule']} with {row['line_up']}, campaigns scaled by {row['factor']:.4g}: realised "
        f"{row['realised_yuan']:,.0f} yuan against {row['baseline_realised_yuan']:,.0f} of {row['baseline_schedule']} "
        f"({100 * share:+.1f} %{outside}); offered {row['offered_yuan']:,.0f} against "
        f"{row['baseline_offered_yuan']:,.0f}."
    )
