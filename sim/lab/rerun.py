"""Repeats a stored experiment from its manifest and compares every table, value by value."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pandas as pd

from sim.lab.compare import compare, manifest_scenario

_TABLES = ("runs", "daily", "hourly", "pnl", "cohorts")


def rerun(folder: Path, workers: int | None = None) -> tuple[bool, str]:
    """(identical?, a sentence that says so or names the first differences)."""
    scenario = manifest_scenario(folder)
    with tempfile.TemporaryDirectory() as fresh:
        compare(scenario, workers=workers, out=Path(fresh), resume=False)
        different = [name for name in _TABLES if not _same(folder / f"{name}.parquet", Path(fresh) / f"{name}.parquet")]
    if different:
        return False, f"{folder}: differs in {', '.join(different)}"
    return True, f"{folder}: identical"


def _same(old: Path, new: Path) -> bool:
    return old.is_file() and pd.read_parquet(old).equals(pd.read_parquet(new))
