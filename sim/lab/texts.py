"""Tables of plain text, for terminals and files."""

from __future__ import annotations

import math
from collections.abc import Sequence, Set


def aligned(rows: Sequence[Sequence[str]], right: Set[int] = frozenset()) -> list[str]:
    """Lines with columns of equal width, a rule below the first; columns numbered in `right` end flush."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = (c.rjust(w) if n in right else c.ljust(w) for n, (c, w) in enumerate(zip(row, widths, strict=True)))
        lines.append("  ".join(cells).rstrip())
    return [lines[0], "-" * max(len(line) for line in lines), *lines[1:]]


def number(value: float) -> str:
    """Whole from 100 up, three decimals below; `-` for what is not known."""
    if not math.isfinite(value):
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.3f}"


def share(value: float) -> str:
    """In per cent; `-` for what is not known."""
    return f"{value:.1%}" if math.isfinite(value) else "-"


def interval(low: float, high: float, form: str) -> str:
    """`[low, high]`; empty where there is none."""
    return f"[{form.format(low)}, {form.format(high)}]" if math.isfinite(low) and math.isfinite(high) else ""
