"""The world that a scenario describes, apart from who does what in it, and where two worlds differ.

What stands at its default is left out: a new field at its neutral default makes no other world.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sim.errors import UsageError
from sim.lab import store
from sim.lab.plan import ELSEWHERE
from sim.lab.wording import printable
from sim.scenario import Scenario

_MARK = "runs/scenario.json"
_SHOWN = 6
_NOTHING = object()


def world_of(scenario: Scenario) -> dict[str, Any]:
    """Markets, operations, calendar, campaigns, ... as JSON-able data."""
    return scenario.model_dump(mode="json", exclude=set(ELSEWHERE), exclude_defaults=True)


def differences(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """One text a field, by its dotted path: `market.consumers (500 -> 501)`, `campaigns.c (given now)`."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys([*old, *new]):
            below = f"{path}.{name}" if path else str(name)
            yield from differences(old.get(name, _NOTHING), new.get(name, _NOTHING), below)
    elif old != new:
        yield f"{path} ({_change(old, new)})"


def _change(old: Any, new: Any) -> str:
    if old is _NOTHING and isinstance(new, dict):
        return "given now"
    if new is _NOTHING and isinstance(old, dict):
        return "no longer given"
    return f"{_short(old)} -> {_short(new)}"


def _short(value: Any) -> str:
    if value is _NOTHING:
        return "default"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:37] + "..."


def some(texts: Sequence[str]) -> str:
    """The first of them, and how many are left out."""
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return ", ".join(texts[:_SHOWN]) + more


def claim(folder: Path, scenario: Scenario) -> None:
    """Makes a folder that of a scenario's experiments, before anything else is written there.

    An experiment may be enlarged: more replications, other seeds, metrics, line-ups, schedules with campaigns of their
    own. Raises UsageError where the folder holds one of another world, or files of another kind.
    """
    name, old = _held(folder) or (scenario.name, {})
    new = world_of(scenario)
    campaigns = old.get("campaigns", {}) | new.get("campaigns", {})
    if old:
        both = [{**world, "campaigns": campaigns | world.get("campaigns", {})} for world in (old, new)]
        other = list(differences(both[0], both[1]))
        if other:
            raise _refused(folder, printable(f"an experiment of {name!r} that differs in {some(other)}"))
    store.prepare(folder / "runs")
    store.write_json(folder / _MARK, {"name": name, "world": new | {"campaigns": campaigns}})


def claim_apart(folder: Path, experiment: str, base: dict[str, Any]) -> None:
    """Makes a folder that of an `experiment` of many worlds around a resolved scenario.

    Raises UsageError where it holds a comparison, another experiment, or one around another world.
    """
    file = folder / "manifest.json"
    if file.is_file():
        try:
            told = json.loads(file.read_text(encoding="utf-8"))
            kind, world = str(told.get("experiment", "comparison")), told.get("base_scenario", {})
        except (OSError, ValueError, AttributeError) as error:
            raise _refused(folder, f"a manifest.json that cannot be read: {str(error).splitlines()[0]}") from None
        if kind != experiment:
            raise _refused(folder, f"a {printable(kind)}")
        both = (world, json.loads(json.dumps(base)))
        old, new = ({name: value for name, value in one.items() if name not in ELSEWHERE} for one in both)
        other = list(differences(old, new))
        if other:
            raise _refused(folder, printable(f"a {kind} that differs in {some(other)}"))
    elif (folder / _MARK).is_file():
        raise _refused(folder, "a comparison")
    store.prepare(folder / "runs")


def _held(folder: Path) -> tuple[str, dict[str, Any]] | None:
    """Name and world of the scenario whose experiments a folder holds; None where it holds none."""
    try:
        if (folder / _MARK).is_file():
            told = json.loads((folder / _MARK).read_text(encoding="utf-8"))
            return str(told["name"]), dict(told["world"])
        if (folder / "manifest.json").is_file():
            told = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            if "scenario" not in told:
                raise _refused(folder, "a manifest.json of another kind")
            scenario = Scenario.model_validate(told["scenario"])
            return scenario.name, world_of(scenario)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _refused(folder, f"an experiment that cannot be read: {str(error).splitlines()[0]}") from None
    for name in ("comparison.csv", "report.html"):
        if (folder / name).exists() and not (folder / "runs").exists():
            raise _refused(folder, f"a {name} of another kind")
    return None


def _refused(folder: Path, holds: str) -> UsageError:
    return UsageError(f"--out: must be a new folder or one of an experiment of the same scenario, got {str(folder)!r}, "
                      f"which holds {holds}; nothing was written")  # fmt: skip
