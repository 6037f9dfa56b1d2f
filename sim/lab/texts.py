"""Tables of plain text, for terminals and files."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence, Set


def aligned(
    rows: Sequence[Sequence[str]], right: Set[int] = frozenset(), rules: Set[int] = frozenset({0})
) -> list[str]:
    """Lines with columns of equal width, a rule below those numbered in `rules`, the head alone unless said; columns
    numbered in `right` end flush."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = (c.rjust(w) if n in right else c.ljust(w) for n, (c, w) in enumerate(zip(row, widths, strict=True)))
        lines.append("  ".join(cells).rstrip())
    rule = "-" * max(len(line) for line in lines)
    return [out for n, line in enumerate(lines) for out in ((line, rule) if n in rules else (line,))]


def number(value: float) -> str:
    """Whole from 100 up, three decimals below; `-` for what is not known."""
    if not math.isfinite(value):
        return "-"
    return f"{value:z,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:z,.3f}"


def around(mean: float, low: float, high: float) -> str:
    """The interval of a mean that `number` says, in its digits; whole only where both ends are, below 100."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    whole = abs(mean) >= 100 or all(value == int(value) for value in (mean, low, high))
    return interval(low, high, "{:z,.0f}" if whole else "{:z,.3f}")


def column_form(values: Iterable[float]) -> str:
    """The format of a column of counts: whole where all of them are, else one decimal in each."""
    return "{:z,.0f}" if all(value == int(value) for value in values if math.isfinite(value)) else "{:z,.1f}"


def share(value: float) -> str:
    """In per cent; `-` for what is not known."""
    return f"{value:.1%}" if math.isfinite(value) else "-"


def interval(low: float, high: float, form: str) -> str:
    """`[low, high]`; empty where there is none."""
    return f"[{form.format(low)}, {form.format(high)}]" if math.isfinite(low) and math.isfinite(high) else ""
