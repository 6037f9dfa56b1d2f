"""A small stored experiment to write reports from, and the same with hostile names."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from sim.lab.compare import compare
from sim.scenario import load_scenario

SMALL = (
    "market.consumers=600",
    "calendar.start=2023-11-25",
    "calendar.warm_up_days=10",
    "calendar.scored_days=25",
    "calendar.settlement_days=5",
)
NAMES = {
    "always_on": "<script>alert('x')</script> \"q\" & 🔥",
    "closed_loop": "'><img src=x onerror=alert(1)> {{ 7*7 }} $\\frac{1}{0}$",
    "Double 12 against the year-end good-price season": "</title><script>alert(2)</script> 双十二 🔥",
}
_TABLES = ("runs", "daily", "hourly", "pnl", "cohorts", "campaigns")


def stored(folder: Path) -> Path:
    """Two schedules, two line-ups, two seeds, 600 consumers, 40 days."""
    compare(load_scenario("double12", SMALL), replications=2, workers=1, out=folder)
    return folder


def renamed(source: Path, target: Path, names: dict[str, str]) -> Path:
    """The same experiment with other names in every table and in the manifest."""
    target.mkdir()
    for table in _TABLES:
        pd.read_parquet(source / f"{table}.parquet").replace(names).to_parquet(target / f"{table}.parquet")
    pd.read_csv(source / "comparison.csv").replace(names).to_csv(target / "comparison.csv", index=False)
    text = (source / "manifest.json").read_text(encoding="utf-8")
    for old, new in names.items():
        text = text.replace(json.dumps(old), json.dumps(new, ensure_ascii=False))
    (target / "manifest.json").write_text(text, encoding="utf-8")
    return target
