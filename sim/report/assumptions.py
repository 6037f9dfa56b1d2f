"""What a scenario assumes without good evidence: fields whose source says so, with the values used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sim.scenario.schema import field_table
from sim.scenario.units import ASSUMPTION


def assumptions(resolved: dict[str, Any]) -> list[dict[str, str]]:
    """One entry a field that the scenario holds: path, unit, value, meaning, source, and `changed` (`yes`) where
    the value is not the default. `*` stands for each name; differing values are listed.

    `resolved` is the scenario as in the manifest. Fields of parts that it does not have (no stores, no gifts) are left
    out: they cannot matter.
    """
    found = []
    for row in {row["path"]: row for row in field_table()}.values():
        if ASSUMPTION not in row["source"].lower():
            continue
        values = list(dict.fromkeys(_written(value) for value in _values(resolved, row["path"].split("."))))
        if not values:
            continue
        changed = "yes" if any(value != _written_default(row["default"]) for value in values) else ""
        shown = ", ".join(values[:6]) + (" …" if len(values) > 6 else "")
        kept = {key: row[key] for key in ("path", "unit", "meaning", "source")}
        found.append({**kept, "value": shown, "changed": changed, "part": row["path"].split(".")[0]})
    return found


def _values(part: Any, path: list[str]) -> Iterator[Any]:
    """All values at a path; `*` is every name of a dict and every item of a list."""
    if not path:
        yield part
    elif path[0] == "*":
        for one in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
            yield from _values(one, path[1:])
    elif isinstance(part, list):
        for one in part:
            yield from _values(one, path)
    elif isinstance(part, dict) and path[0] in part:
        yield from _values(part[path[0]], path[1:])


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
