"""What a scenario assumes without good evidence: fields whose source says so, with the values used and, where it was
measured, what the verdict owes to each."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sim.lab.assumed import held


@dataclass(frozen=True)
class Ranking:
    """What `peakshift sensitivity --assumptions` stored: `effects` by path, and what they were measured on."""

    effects: dict[str, dict[str, Any]]
    about: dict[str, Any]


def ranking_of(folder: Path) -> Ranking | None:
    """The ranking in a comparison's folder; None where none was measured."""
    file = folder / "assumptions.csv"
    if not file.is_file():
        return None
    rows = pd.read_csv(file).to_dict("records")
    ranked = {str(row["field"]): {str(key): value for key, value in row.items()}
              for row in rows if not math.isnan(row["effect"])}  # fmt: skip
    if not ranked:
        return None
    about = next(iter(ranked.values()))
    step = json.loads((folder / "assumptions.json").read_text(encoding="utf-8"))["step"]
    return Ranking(ranked, {**about, "step": f"{100 * step:g}"})


def assumptions(resolved: dict[str, Any], ranking: Ranking | None = None) -> list[dict[str, Any]]:
    """One entry a field that the scenario holds: path, unit, value, meaning, source, `changed` (`yes`) where the value
    is not the default, `off` (`yes`) where it is 0 or empty, `effect` (its row of the ranking, or None). Those with the
    largest effect come first, then the others, what is off last. `*` stands for each name; differing values are listed.

    `resolved` is the scenario as in the manifest. Fields of parts that it does not have (no stores, no gifts) are left
    out: they cannot matter.
    """
    found: list[dict[str, Any]] = []
    for row, raw in held(resolved):
        values = list(dict.fromkeys(_written(value) for value in raw))
        changed = "yes" if any(value != _written_default(row["default"]) for value in values) else ""
        shown = ", ".join(values[:6]) + (" …" if len(values) > 6 else "")
        kept = {key: row[key] for key in ("path", "unit", "meaning", "source")}
        off = "" if any(raw) else "yes"
        effect = ranking.effects.get(row["path"]) if ranking else None
        found.append({**kept, "value": shown, "changed": changed, "part": row["path"].split(".")[0], "off": off,
                      "effect": effect})  # fmt: skip
    return sorted(found, key=lambda row: (-abs(row["effect"]["effect"]) if row["effect"] else math.inf, row["off"]))


def _written(value: Any) -> str:
    """A value in one short line."""
    text = "–" if value is None or value in ({}, []) else f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _written_default(default: str) -> str:
    """The field table's default, written as `_written` would."""
    try:
        return _written(float(default)) if default not in ("None", "{}", "[]") else "–"
    except ValueError:
        return default if len(default) <= 60 else default[:57] + "…"
