"""A scenario's name or path -> a checked `Scenario`, or all its faults at once."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path as File
from typing import Any

from pydantic import ValidationError

from sim.errors import Fault, ScenarioError, did_you_mean
from sim.scenario.checks import faults_of
from sim.scenario.merge import SHIPPED, apply_settings, gather, nearest
from sim.scenario.reader import Document, Path, dotted
from sim.scenario.root import Scenario, Written


def shipped_scenarios() -> list[str]:
    """Names of the scenarios that come with the package."""
    return sorted(file.stem for file in SHIPPED.glob("*.yaml"))


def load_scenario(
    reference: str | File, set_values: Sequence[str] = (), metrics: Collection[str] | None = None
) -> Scenario:
    """Reads and checks a scenario: a path, or the name of a shipped one.

    `set_values` are `PATH=VALUE` texts, applied last. `metrics` are the names that `compare.metrics` may hold, any
    where not given. Raises `ScenarioError` with all faults.
    """
    file, name = _find(reference)
    document = gather(file, file.parent, name)
    apply_settings(document, set_values)
    return _checked(document, file, metrics)


def _find(reference: str | File) -> tuple[File, str]:
    text, shipped = str(reference), shipped_scenarios()
    if text in shipped:
        return SHIPPED / f"{text}.yaml", f"{text}.yaml"
    file = File(reference)
    try:
        is_file, is_folder = file.is_file(), file.is_dir()
    except (OSError, ValueError):
        raise ScenarioError([Fault("scenario", "", "must be a file or a scenario's name", repr(text[:80]))]) from None
    if is_file:
        return file, text
    hint = nearest(text, File(), {name: name for name in shipped})
    if is_folder or "/" in text or text.endswith((".yaml", ".yml")):
        raise ScenarioError([Fault(text, "", "must be a scenario file that exists", None, hint)])
    must = f"must be a file or one of {', '.join(shipped)}"
    raise ScenarioError([Fault("scenario", "", must, repr(text), hint)])


def _checked(document: Document, file: File, metrics: Collection[str] | None) -> Scenario:
    faults = list(document.faults)
    try:
        written = Written.model_validate(document.data)
    except ValidationError as error:
        faults += [_fault(document, problem) for problem in error.errors()]
        faults += _faults_beside(document, file, metrics, [problem["loc"] for problem in error.errors()])
        raise ScenarioError(_in_order(faults)) from None
    except RecursionError:
        raise ScenarioError([Fault(str(file), "", "must not be nested so deeply")]) from None
    faults += _cross_checks(document, written, file, metrics)
    if faults:
        raise ScenarioError(_in_order(faults))
    return written.expanded()


def _cross_checks(document: Document, written: Written, file: File, metrics: Collection[str] | None) -> list[Fault]:
    written._folder = file.resolve().parent
    return [_located(document, *problem) for problem in faults_of(written, metrics)]


def _located(document: Document, path: Path, must_be: str, got: str | None, hint: str | None) -> Fault:
    """A problem with its place; where it comes from a name misspelt in what is extended, the place of that name."""
    place = path
    if hint is None and (stray := _stray(document, path)):
        place, hint = stray
        got = f"{got} with {place[-1]!r}" if place != path else got
    return Fault(_place(document, place), dotted(path), must_be, got, hint)


def _stray(document: Document, path: Path) -> tuple[Path, str] | None:
    """Of what users name, at a path or below it: an entry that was added to those of the document that is extended, and
    the one there that is called nearly alike: misspelt, it stands beside what it was to change."""
    within = path if path in _NAMED else path[:-1]
    if within not in _NAMED:
        return None
    here = [p for p in document.places if p[:-1] == within]
    beside = [str(p[-1]) for p in here if p not in document.added]
    for entry in here:
        if entry in document.added and path in (within, entry) and (near := did_you_mean(str(entry[-1]), beside)):
            return entry, near
    return None


_NAMED: tuple[Path, ...] = (
    ("market", "cities"), ("market", "segments"), ("market", "channels"), ("catalogue", "categories"),
)  # fmt: skip


def _faults_beside(
    document: Document, file: File, metrics: Collection[str] | None, wrong: list[tuple[int | str, ...]]
) -> list[Fault]:
    """Cross-checks of what is right beside the faults: the same scenario with the wrong values at their defaults, and
    without what lacks a value that has none (an SKU without a price). Nothing where that leaves no scenario."""
    data, gone = copy.deepcopy(document.data), list(wrong)
    for loc in wrong:
        _take_out(data, loc)
    for _ in range(_MOST_LAYERS):
        try:
            written = Written.model_validate(data)
        except ValidationError as error:
            lacking = {problem["loc"][:-1] for problem in error.errors()}
            if not all(len(loc) > 1 and _take_out(data, loc) for loc in lacking):
                return []
            gone += lacking
        except RecursionError:
            return []
        else:
            break
    else:
        return []
    found = _cross_checks(document, written, file, metrics)
    touched = {dotted(loc[:-1]) for loc in gone if len(loc) > 1}
    names = {repr(loc[-1]) for loc in gone if loc not in wrong}
    return [fault for fault in found if not any(fault.what.startswith(part) for part in touched)
            and not any(name in (fault.got or "") for name in names)]  # fmt: skip


_MOST_LAYERS = 8
"""How often more is taken out before the rest is looked at."""


def _take_out(data: dict[str, Any], loc: tuple[int | str, ...]) -> bool:
    """Takes an entry out of nested mappings; False where there is none."""
    place: Any = data
    for part in loc[:-1]:
        place = place.get(part) if isinstance(place, dict) else None
    if not isinstance(place, dict) or loc[-1] not in place:
        return False
    del place[loc[-1]]
    return True


def _in_order(faults: list[Fault]) -> list[Fault]:
    """By file, then line and column, each once."""

    def key(fault: Fault) -> tuple[str, int, int]:
        parts = fault.where.rsplit(":", 2)
        if len(parts) == 3 and parts[1].isdigit() and parts[2].isdigit():
            return parts[0], int(parts[1]), int(parts[2])
        return fault.where, 0, 0

    return sorted(dict.fromkeys(faults), key=key)


def _place(document: Document, path: Path) -> str:
    """Where a value stands, or the nearest mapping around it."""
    while path and path not in document.places:
        path = path[:-1]
    return document.places.get(path, "scenario:1:1")  # what is no file has no place


_KINDS = {
    "int_type": "a whole number", "int_from_float": "a whole number", "int_parsing": "a whole number",
    "float_type": "a number", "float_parsing": "a number", "finite_number": "a finite number",
    "string_type": "text", "bool_type": "true or false", "list_type": "a list", "dict_type": "a mapping",
    "model_type": "a mapping", "model_attributes_type": "a mapping", "tuple_type": "a list",
    "datetime_type": "a date and time like 2023-12-10T20:00", "date_type": "a date like 2023-10-01",
    "date_from_datetime_inexact": "a date like 2023-10-01",
}  # fmt: skip
_BOUNDS = {"greater_than_equal": "of at least {ge}", "greater_than": "above {gt}", "less_than_equal": "of at most {le}",
           "less_than": "below {lt}"}  # fmt: skip


def _meant(document: Document, path: Path) -> str | None:
    """Where an entry lacks what it must have, its name may be that of another misspelt."""
    beside: Any = document.data
    for part in path[:-1]:
        beside = beside.get(part) if isinstance(beside, dict) else None
    others = [name for name in beside if name != path[-1]] if path and isinstance(beside, dict) else []
    return did_you_mean(str(path[-1]), others) if others else None


def _fault(document: Document, problem: Any) -> Fault:
    """One of pydantic's problems in our words."""
    kind, context = problem["type"], problem.get("ctx", {})
    inside: Path = tuple(part for part in problem["loc"] if part != "function-before")
    path: Path = tuple(part for part in inside if not _tag(part))
    got: str | None = _short(problem["input"])
    if kind == "extra_forbidden":
        known = _fields_at(inside[:-1])
        return Fault(_place(document, path), dotted(path[:-1]), "must have known keys only", repr(path[-1]),
                     did_you_mean(str(path[-1]), known))  # fmt: skip
    if kind == "missing":
        return Fault(_place(document, path[:-1]), dotted(path), "must be given", None, _meant(document, path[:-1]))
    bounds = _bounds_at(inside)
    if kind in _KINDS:
        must = f"must be {_KINDS[kind]}{bounds}"
    elif kind in _BOUNDS:
        number = "a whole number" if _schema_at(inside).get("type") == "integer" else "a number"
        must = f"must be {number} {_BOUNDS[kind].format(**context)}"
    elif kind == "literal_error":
        must = f"must be {context['expected']}"
    elif kind in ("too_short", "too_long"):
        count = context.get("min_length", context.get("max_length"))
        must = f"must have at {'least' if kind == 'too_short' else 'most'} {count} entries"
        got = f"{context.get('actual_length')}"
    elif kind in ("string_too_short", "string_too_long"):
        must = f"must be text of {context.get('min_length', 0)} to {context.get('max_length', 200)} letters"
    elif kind == "value_error":
        must = str(context.get("error", problem["msg"]))
    else:
        must = f"must be right: {problem['msg'][0].lower()}{problem['msg'][1:]}"
    hint = None
    if kind == "literal_error" and isinstance(problem["input"], str):
        hint = did_you_mean(
            problem["input"], [w.strip("' ") for w in context["expected"].replace(" or ", ", ").split(",")]
        )
    return Fault(_place(document, path), dotted(path), must, got, hint)


def _tag(part: int | str) -> bool:
    """Whether a part of pydantic's path names the form of a value, in brackets, and no place in the document."""
    return isinstance(part, str) and part.startswith("[") and part.endswith("]")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


@cache
def _schema() -> dict[str, Any]:
    """Built once: 25 ms, and a file may hold thousands of faults."""
    return Written.model_json_schema()


def _schema_at(path: Path) -> dict[str, Any]:
    """The part of the JSON schema that describes a path; empty where it leads nowhere."""
    schema = _schema()
    definitions, here = schema.get("$defs", {}), schema
    for part in path:
        here = _solid(here, definitions)
        if _tag(part):
            here = definitions.get(str(part).strip("[]"), {})
        elif isinstance(here.get("properties"), dict) and part in here["properties"]:
            here = here["properties"][part]
        elif isinstance(here.get("additionalProperties"), dict):
            here = here["additionalProperties"]
        elif isinstance(here.get("items"), dict):
            here = here["items"]
        else:
            return {}
    return _solid(here, definitions)


def _solid(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Follows references and takes the first branch that is not null."""
    for branch in schema.get("anyOf", schema.get("allOf", [])):
        if branch.get("type") != "null":
            return _solid(branch, definitions)
    if "$ref" in schema:
        return _solid(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
    return schema


def _fields_at(path: Path) -> list[str]:
    return list(_schema_at(path).get("properties", {}))


def _bounds_at(path: Path) -> str:
    """` of at least 1 ...` for a number whose bounds are known."""
    schema = _schema_at(path)
    for key, words in (("minimum", "of at least"), ("exclusiveMinimum", "above")):
        if key in schema:
            return f" {words} {schema[key]:g}"
    return ""


def resolved(scenario: Scenario) -> dict[str, Any]:
    """The scenario as plain JSON-able data, all defaults written out."""
    return scenario.model_dump(mode="json")


def read_back(data: dict[str, Any], folder: File) -> Scenario:
    """A resolved scenario that was changed, read back with all checks. Raises ScenarioError."""
    try:
        written = Written.model_validate(data)
    except ValidationError as error:
        faults = [Fault("scenario", ".".join(map(str, p["loc"])), p["msg"]) for p in error.errors()[:5]]
        raise ScenarioError(faults) from None
    written._folder = folder
    faults = [Fault("scenario", ".".join(map(str, path)), must, got, hint)
              for path, must, got, hint in faults_of(written)]  # fmt: skip
    if faults:
        raise ScenarioError(faults)
    return written.expanded()


def scenario_hash(scenario: Scenario) -> str:
    """SHA-256 of the resolved scenario, in its own order: the order of SKUs and cities is part of it."""
    return hashlib.sha256(json.dumps(resolved(scenario)).encode()).hexdigest()
