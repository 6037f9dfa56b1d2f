"""Reads an order history: dirty data are mended or set aside, every row accounted for, nothing silently dropped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sim.errors import DataError
from sim.fit.columns import NEEDED, mapped
from sim.fit.files import head_of, read
from sim.fit.reading import Reading
from sim.fit.sheet import Ask, Sheet

__all__ = ["NEEDED", "Ask", "Orders", "read_orders"]

SHORTEST_DAYS = 28


@dataclass(frozen=True)
class Orders:
    """Order lines in order of time: `lines` has the columns of `NEEDED`, `mailer` (0 where absent) and `line`."""

    lines: pd.DataFrame
    first_day: pd.Timestamp
    weeks: int
    """Whole weeks from the first day; a broken last week is left out of weekly figures."""
    returns: pd.DataFrame
    """ordered_at, customer_id, sku, units above 0: what came back."""
    shut: tuple[int, ...]
    """Weeks with days without any order that chance does not explain; left out of weekly figures."""
    mailers: bool
    """Whether the file says what was in a mailer."""
    reading: Reading

    @property
    def skus(self) -> list[str]:
        """Names in alphabetical order."""
        return sorted(self.lines["sku"].unique())

    @property
    def open_weeks(self) -> list[int]:
        """Whole weeks that are not `shut`."""
        return [week for week in range(self.weeks) if week not in self.shut]


def read_orders(path: Path, ask: Ask | None = None) -> Orders:
    """Reads a CSV or Parquet file. Raises DataError that names the file, the line and what it must be."""
    ask = ask or Ask()
    head = head_of(path)
    columns = mapped(path, head.header_line, head.header, ask.columns)
    raw = read(head, sorted(set(columns.position.values())))
    reading = Reading(path.name, head.told(), columns.shop, columns.told)
    sheet = Sheet(head, raw, columns.position, ask, reading)
    lines = sheet.lines()
    if lines.empty:
        raise DataError(f"{path}: must hold at least one order line, got none that can be used: "
                        f"{'; '.join(reading.told()[1:])}")  # fmt: skip
    first = lines["ordered_at"].min().normalize()
    days = (lines["ordered_at"].max().normalize() - first).days + 1
    if days < SHORTEST_DAYS:
        raise DataError(f"{path}: must span at least {SHORTEST_DAYS} days to be fitted, got {days}")
    shut = _shut(lines, first, days)
    if shut:
        reading.notes.append(f"{len(shut)} weeks have days without any order, more than chance explains (shut, or a "
                             "part of the file is missing); they are left out of weekly figures")  # fmt: skip
    weeks = days // 7
    if weeks - len([w for w in shut if w < weeks]) < SHORTEST_DAYS // 7:
        raise DataError(f"{path}: must have at least {SHORTEST_DAYS // 7} whole weeks of orders, "
                        f"got {weeks - len(shut)} without gaps")  # fmt: skip
    return Orders(lines, first, weeks, sheet.returns, shut, "mailer" in columns.position, reading)


def _shut(lines: pd.DataFrame, first: pd.Timestamp, days: int) -> tuple[int, ...]:
    """Weeks that hold part of a run of days without an order where chance would give less than one in 10^9."""
    one = lines[~lines["order_id"].cat.codes.duplicated()]
    day = (one["ordered_at"].dt.normalize() - first).dt.days.to_numpy(int)
    count = np.bincount(day, minlength=days)
    usual = float(np.median(count[count > 0]))
    weeks: set[int] = set()
    start = None
    for n, orders in enumerate([*count.tolist(), 1]):
        if orders == 0:
            start = n if start is None else start
        elif start is not None:
            if n - start >= 2 and (n - start) * usual > 20 and (count > 0).mean() > 0.5:
                weeks |= set(range(start // 7, (n - 1) // 7 + 1))
            start = None
    return tuple(sorted(weeks))
