"""Reads an order history: one row a line, every bad row named, nothing silently dropped."""

from __future__ import annotations

import csv
import datetime
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sim.errors import DataError, did_you_mean

NEEDED = ("ordered_at", "order_id", "customer_id", "sku", "units", "list_price", "paid")
_MOST_NAMED = 10


@dataclass(frozen=True)
class Orders:
    """Order lines in order of time: `lines` has the columns of `NEEDED` and `mailer` (0 where absent)."""

    lines: pd.DataFrame
    first_day: pd.Timestamp
    weeks: int
    """Whole weeks from the first day; a broken last week is left out of weekly figures."""

    @property
    def skus(self) -> list[str]:
        """Names in alphabetical order."""
        return sorted(self.lines["sku"].unique())


def read_orders(path: Path) -> Orders:
    """Reads a CSV file. Raises DataError that names the file, the line and what it must be."""
    rows = _rows(path)
    header = [name.strip() for name in rows[0][1]]
    missing = [name for name in NEEDED if name not in header]
    if missing:
        hints = [
            f"{name!r} (found {near!r})" if (near := did_you_mean(name, header)) else repr(name) for name in missing
        ]
        raise DataError(f"{path}:1: must have the columns {', '.join(NEEDED)}; missing: {', '.join(hints)}")
    repeated = sorted({name for name in NEEDED if header.count(name) > 1})
    if repeated:
        raise DataError(f"{path}:1: must name each column once; twice there: {', '.join(repeated)}")
    good, bad = [], []
    for number, row in rows[1:]:
        if not row:
            continue
        line, problem = _line(dict(zip(header, row, strict=False)), len(row) == len(header))
        if problem:
            bad.append(f"{path}:{number}: {problem}")
        else:
            good.append(line)
    if bad:
        more = f"\n{path}: and {len(bad) - _MOST_NAMED} further bad lines" if len(bad) > _MOST_NAMED else ""
        raise DataError("\n".join(bad[:_MOST_NAMED]) + more)
    if not good:
        raise DataError(f"{path}: must hold at least one order line, got none")
    lines = pd.DataFrame(good).sort_values(["ordered_at", "order_id", "sku"], kind="stable", ignore_index=True)
    first = lines["ordered_at"].min().normalize()
    days = (lines["ordered_at"].max().normalize() - first).days + 1
    if days < 28:
        raise DataError(f"{path}: must span at least 28 days to be fitted, got {days}")
    return Orders(lines, first, days // 7)


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """All rows with the number of the line on which each ends."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: must be a file that can be read: {error.strerror}") from None
    if not raw.strip():
        raise DataError(f"{path}: must hold order lines, got an empty file")
    if b"\0" in raw[:4096]:
        raise DataError(f"{path}: must be a text file (CSV), got binary data")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise DataError(f"{path}:{line}: must be UTF-8 text, got byte {raw[error.start]:#04x}") from None
    first = text.split("\n", 1)[0]
    if "," not in first and (";" in first or "\t" in first):
        got = "';'" if ";" in first else "tabs"
        raise DataError(f"{path}:1: must separate columns by commas, got {got}")
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        return [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: must be a CSV file: {error}") from None


def _line(row: dict[str, str], whole: bool) -> tuple[dict[str, object], str | None]:
    """One order line, or what is wrong with it."""
    if not whole:
        return {}, "must have as many values as the header"
    for name in ("order_id", "customer_id", "sku"):
        if not row[name].strip():
            return {}, f"{name} must be given"
    try:
        moment = datetime.datetime.fromisoformat(row["ordered_at"].strip())
    except ValueError:
        return {}, f"ordered_at must be a date and time like 2017-03-27 10:09:30, got {row['ordered_at']!r}"
    if moment.tzinfo is not None or not 1990 <= moment.year <= 2100:
        return {}, f"ordered_at must be local time of the years 1990 to 2100, got {row['ordered_at']!r}"
    numbers: dict[str, float] = {}
    for name in ("units", "list_price", "paid", "mailer"):
        try:
            numbers[name] = float((row.get(name) or "0").replace("_", "?"))  # Python reads 1_0 as 10
        except ValueError:
            return {}, f"{name} must be a number, got {row[name]!r}"
        if not np.isfinite(numbers[name]):
            return {}, f"{name} must be a finite number, got {row[name]!r}"
    if numbers["units"] <= 0 or numbers["units"] != int(numbers["units"]) or numbers["units"] > 1_000_000:
        return {}, f"units must be a whole number from 1 to 1,000,000, got {row['units']!r}"
    for name in ("list_price", "paid"):
        if not 0 < numbers[name] <= 1e7:
            return {}, f"{name} must be above 0, got {row[name]!r}"
    return {
        "ordered_at": pd.Timestamp(moment), "order_id": row["order_id"].strip(), "sku": row["sku"].strip(),
        "customer_id": row["customer_id"].strip(), "units": int(numbers["units"]), "list_price": numbers["list_price"],
        "paid": numbers["paid"], "mailer": float(numbers["mailer"] > 0),
    }, None  # fmt: skip
