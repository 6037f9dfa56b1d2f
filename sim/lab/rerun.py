"""Repeats a stored experiment from its manifest, compares every table, value by value, and says what has changed since:
our code, the strategies' code, the packages."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pandas as pd

from sim.errors import UsageError
from sim.lab.compare import compare, manifest_scenario
from sim.lab.plan import pairs
from sim.lab.sources import Sources

_TABLES = ("runs", "daily", "hourly", "pnl", "cohorts")


def rerun(folder: Path, workers: int | None = None) -> tuple[bool, str]:
    """(identical?, a sentence that says so or names the first differences, and what has changed since)."""
    if not (folder / "manifest.json").is_file():
        got = "a folder without manifest.json" if folder.is_dir() else "a file" if folder.exists() else "nothing there"
        raise UsageError(f"{folder}: must be the folder of a stored experiment, such as compare wrote, got {got}")
    scenario = manifest_scenario(folder)
    with tempfile.TemporaryDirectory() as fresh:
        compare(scenario, workers=workers, out=Path(fresh), resume=False)
        different = [name for name in _TABLES if not _same(folder / f"{name}.parquet", Path(fresh) / f"{name}.parquet")]
    changes = _stored(folder).changes(Sources.now(scenario, [line_up for _, line_up in pairs(scenario)]))
    text = f"{folder}: differs in {', '.join(different)}" if different else f"{folder}: identical"
    if changes:
        text += f"; changed since: {', '.join(changes)}"
    elif different:
        text += "; neither code nor packages have changed since: a stored table has, or the machine"
    return not different, text


def _stored(folder: Path) -> Sources:
    return Sources.stored(json.loads((folder / "manifest.json").read_text(encoding="utf-8")))


def _same(old: Path, new: Path) -> bool:
    return old.is_file() and pd.read_parquet(old).equals(pd.read_parquet(new))
