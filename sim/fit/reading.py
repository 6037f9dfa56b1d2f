"""What became of every row of an order file: used, or set aside for a reason; and what had to be mended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FATES = {
    "used": "order lines that the fit uses",
    "bad": "lines that could not be read",
    "duplicate": "lines equal to an earlier one in every column",
    "cancelled": "lines of orders that were called off",
    "return": "lines with units below 0: goods that came back",
    "free": "lines without a price: gifts, samples, postage",
    "currency": "lines in another currency, without an exchange rate",
    "bulk": "one-off bulk orders, far above what the SKU sells",
    "rare": "lines of SKUs beyond the best-selling ones",
}
"""Everything that may become of a row."""
_NAMED = 5


@dataclass(frozen=True)
class Repair:
    """Something that was mended, and on which lines; the lines are used."""

    what: str
    lines: int
    first: tuple[int, ...]

    def told(self) -> str:
        """In words, with the first line numbers."""
        return f"{self.lines:,} {self.what}{_at(self.first, self.lines)}"


@dataclass
class Reading:
    """The account of a file: `rows` is the sum of `count` over all fates."""

    file: str
    format: str
    shop: str
    columns: tuple[str, ...]
    rows: int = 0
    blank: int = 0
    count: dict[str, int] = field(default_factory=dict)
    repairs: list[Repair] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    aside: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"line": [], "fate": [], "problem": []}))
    """line, fate, problem of every row that is not used, in the order of the file."""

    def mend(self, what: str, lines: NDArray[np.int64] | Iterable[int]) -> None:
        """Notes a repair; nothing where there was none."""
        lines = np.asarray(list(lines) if not isinstance(lines, np.ndarray) else lines, np.int64)
        if lines.size:
            self.repairs.append(Repair(what, int(lines.size), tuple(int(x) for x in np.sort(lines)[:_NAMED])))

    def told(self) -> list[str]:
        """The account as lines of text."""
        shop = f", export of {self.shop}" if self.shop else ""
        out = [f"{self.format}{shop}: {', '.join(self.columns)}",
               f"{self.rows:,} rows: {self.count.get('used', 0):,} used"]  # fmt: skip
        for fate, meaning in FATES.items():
            if fate != "used" and self.count.get(fate):
                lines = self.aside.loc[self.aside["fate"] == fate, "line"]
                out.append(f"set aside: {len(lines):,} {meaning}{_at(lines.head(_NAMED), len(lines))}")
                if fate == "bad":
                    problems = self.aside.loc[self.aside["fate"] == fate].head(_NAMED)
                    out += [
                        f"  {self.file}:{n}: {p}" for n, p in zip(problems["line"], problems["problem"], strict=True)
                    ]
        out += [f"mended: {repair.told()}" for repair in self.repairs]
        return out


def _at(lines: Iterable[int], total: int) -> str:
    named = [str(int(n)) for n in lines][:_NAMED]
    return f" (line{'s' if total > 1 else ''} {', '.join(named)}{', ...' if total > len(named) else ''})"
