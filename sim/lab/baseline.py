"""The gate's baseline: a small JSON file, made to be committed and read.

It holds the world (markets, operations, calendar, campaigns as far as they are not defaults) and its hash: other
line-ups, other schedules or more replications do not make a baseline stale, and a new field at its neutral default does
not either.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from sim.errors import UsageError
from sim.lab import store
from sim.lab.sources import Sources
from sim.lab.worlds import differences, some, world_of
from sim.scenario import Scenario
from sim.scenario.root import KINDS

_LARGEST_BYTES = 16_000_000


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PairValues(_Part):
    """One schedule with one line-up."""

    schedule: str
    line_up: str
    campaigns: list[str]
    """Of the schedule, in order."""
    uses: dict[str, str]
    """kind -> the strategy as the scenario names it, with its parameters."""
    hashes: dict[str, str]
    """kind -> SHA-256 of the strategy's source."""
    values: dict[str, list[FiniteFloat | None]]
    """metric -> one value a seed; null where it is not defined."""


class Baseline(_Part):
    """All of the file."""

    peakshift_gate: Literal[1]
    version: str
    source_hash: str
    packages: dict[str, str]
    scenario: str
    """A shipped scenario's name, or a file relative to this one; empty where the gate was called from Python."""
    settings: list[str]
    scenario_hash: str
    world: dict[str, Any] | None = None
    """As in sim/lab/worlds.py; None in a baseline that was written before it was stored."""
    seed: int
    seeds: list[int]
    pairs: list[PairValues] = Field(min_length=1)

    def pair(self, schedule: str, line_up: str) -> PairValues | None:
        """Its values, or None."""
        return next((p for p in self.pairs if (p.schedule, p.line_up) == (schedule, line_up)), None)

    def changes(self, now: Baseline) -> list[str]:
        """What became different for the pairs of `now`, in words."""
        both = [(old, new) for new in now.pairs if (old := self.pair(new.schedule, new.line_up)) is not None]
        out = dict.fromkeys(text for old, new in both for text in _changed_uses(old, new))
        before = Sources(self.source_hash, {}, self.packages)
        return [*out, *before.changes(Sources(now.source_hash, {}, now.packages))]

    def stale(self, scenario: Scenario, kept: Sequence[PairValues]) -> list[str]:
        """In which respects a scenario is no longer that of these pairs, in words; none where it is."""
        out = []
        for name, campaigns in {pair.schedule: pair.campaigns for pair in kept}.items():
            if scenario.schedules.get(name) != campaigns:
                now = scenario.schedules.get(name, "no such schedule")
                out.append(f"the scenario must have schedule {name!r} as it was, {campaigns}, got {now}")
        gone = [name for name in dict.fromkeys(pair.line_up for pair in kept) if name not in scenario.line_ups]
        out += [f"the scenario must have line-up {name!r}, got {', '.join(scenario.line_ups)}" for name in gone]
        if self.scenario_hash != world_hash(scenario):
            got = "another one (the baseline is too old to say in which fields)"
            if self.world is not None:
                got = some(list(differences(self.world, world_of(scenario)))) or "the same in another order"
            out.append(f"the scenario's world must be the one of the baseline, got {got}")
        return out


def _changed_uses(old: PairValues, new: PairValues) -> Iterator[str]:
    for kind in KINDS:
        was, now = old.uses.get(kind), new.uses.get(kind)
        if was != now:
            yield f"strategy {new.line_up}/{kind}: {was} -> {now}"
        elif old.hashes.get(kind) != new.hashes.get(kind):
            yield f"strategy {new.line_up}/{kind}: source of {now}"


def world_hash(scenario: Scenario) -> str:
    """SHA-256 of what a scenario says of the world, where it is not a default."""
    return hashlib.sha256(json.dumps(world_of(scenario)).encode()).hexdigest()


def uses_of(scenario: Scenario, line_up: str) -> dict[str, str]:
    """kind -> `personal` or `personal {"floor": 0.12}`."""
    out = {}
    for kind in KINDS:
        use = getattr(scenario.line_ups[line_up], kind)
        out[kind] = use.use + (f" {json.dumps(use.parameters, sort_keys=True)}" if use.parameters else "")
    return out


def read(file: Path) -> Baseline:
    """A stored baseline. Raises UsageError where it is none."""
    try:
        if file.stat().st_size > _LARGEST_BYTES:
            raise UsageError(f"{file}: must be a baseline of at most {_LARGEST_BYTES:,} bytes")
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(f"{file}: must be a baseline that exists; --renew writes it") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: must be a baseline that can be read: {error}") from None
    try:
        found = Baseline.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"{file}: {where + ': ' if where else ''}must be as `peakshift gate --renew` writes it: {first['msg']}"
        ) from None
    for pair in found.pairs:
        for metric, values in pair.values.items():
            if len(values) != len(found.seeds):
                where = f"{pair.schedule}/{pair.line_up} {metric}"
                raise UsageError(f"{file}: {where}: must hold {len(found.seeds)} values, got {len(values)}")
    return found


def write(file: Path, baseline: Baseline) -> None:
    """Atomically; innermost lists and mappings stand on one line each."""
    text = json.dumps(baseline.model_dump(), indent=1, ensure_ascii=False)
    text = re.sub(r"\[[^\[\]{}]*\]|\{[^\[\]{}]*\}", _in_one_line, text) + "\n"
    store.write_atomic(file, lambda stream: stream.write(text.encode()))


def _in_one_line(found: re.Match[str]) -> str:
    """Without line breaks: text in quotes has none."""
    return re.sub(r"\n\s*", " ", re.sub(r"(?<=^.)\n\s*|\n\s*(?=.$)", "", found[0]))
