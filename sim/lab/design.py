"""Points in the space of a scenario's fields: ranges as people write them, checked all at once, grids and samples.

A range is `PATH=lo:hi` (`PATH=lo:hi:n` on a map), PATH being dotted as in `--set`. A field that holds whole numbers
takes whole numbers. Every fault of every range is told before anything is run.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from scipy.stats import qmc

from sim import plugins
from sim.errors import Fault, PeakshiftError, ScenarioError, did_you_mean
from sim.scenario import Scenario, load_scenario
from sim.scenario.root import StrategyUse, Written
from sim.streams import Streams

Value = int | float
MOST_POINTS = 200
"""Most points along an axis."""


@dataclass(frozen=True)
class Range:
    """A field of the scenario and the values it runs through; `points` is 0 where it is sampled."""

    option: str
    path: str
    low: float
    high: float
    points: int = 0
    unit: str = ""
    whole: bool = False

    def at(self, share: float) -> Value:
        """The value `share` of the way from low to high, to 12 digits; whole where the field is.

        >>> Range("--x", "a.b", 0.0, 0.3).at(1 / 3)
        0.1
        """
        value = self.low + share * (self.high - self.low)
        return round(value) if self.whole else float(f"{value:.12g}")

    def grid(self) -> list[Value]:
        """The values along an axis, each once.

        >>> Range("--x", "a.b", 1, 3, 5, whole=True).grid()
        [1, 2, 3]
        """
        return list(dict.fromkeys(self.at(n / (self.points - 1)) for n in range(self.points)))

    def between(self, a: Value, b: Value) -> Value | None:
        """The middle of two values; None where there is none."""
        middle: Value = (a + b) // 2 if self.whole else float(f"{(a + b) / 2:.12g}")
        return middle if a < middle < b else None


class _RangeFault(Exception):
    """One fault of a range."""

    def __init__(self, what: str, must_be: str, got: object = None, hint: str | None = None) -> None:
        self.fault = (what, must_be, None if got is None else repr(got), hint)
        super().__init__(what, must_be)


def read_ranges(
    scenario: Scenario, written: Iterable[tuple[str, str]], points: bool
) -> tuple[list[Range], list[Fault]]:
    """Ranges from (option, text) and what is wrong with them. `points`: whether the number of points is told, too."""
    ranges, faults = list[Range](), list[Fault]()
    for option, text in written:
        try:
            found = _read(scenario, option, text, points)
            if found.path in [known.path for known in ranges]:
                raise _RangeFault(found.path, "must be a field of its own", text)
            ranges.append(found)
        except _RangeFault as error:
            faults.append(Fault(option, *error.fault))
    return ranges, faults


def _read(scenario: Scenario, option: str, text: str, points: bool) -> Range:
    path, equals, ends = text.partition("=")
    path, parts = path.strip(), ends.split(":")
    form = "PATH=lo:hi:n" if points else "PATH=lo:hi"
    if not equals or not path or len(parts) != 2 + points:
        raise _RangeFault("", f"must be {form}", text)
    unit, whole = _field(scenario, path)
    try:
        low, high = float(parts[0]), float(parts[1])
        count = int(parts[2]) if points else 0
    except ValueError:
        raise _RangeFault(path, f"must be {form} with numbers", ends) from None
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise _RangeFault(path, "must run from a number to a larger one", ends)
    if whole and not (low.is_integer() and high.is_integer()):
        raise _RangeFault(path, "must run from a whole number to a whole number", ends)
    if points and not 2 <= count <= MOST_POINTS:
        raise _RangeFault(path, f"must have 2 to {MOST_POINTS} points", count)
    return Range(option, path, low, high, count, unit, whole)


def _field(scenario: Scenario, path: str) -> tuple[str, bool]:
    """(unit, whether it holds whole numbers) of the field that a dotted path leads to."""
    here: Any = Written
    value: Any = scenario
    info: FieldInfo | None = None
    parts = path.split(".")
    for n, part in enumerate(parts):
        where, kinds = ".".join(parts[:n]), _kinds(here)
        models = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if isinstance(value, StrategyUse) and part not in StrategyUse.model_fields and n == len(parts) - 1:
            return _parameter(scenario, parts[n - 1], value, part)
        if models:
            model = type(value) if isinstance(value, BaseModel) and not isinstance(value, Scenario) else models[0]
            if part not in model.model_fields:
                raise _RangeFault(where, "must have known keys only", part, did_you_mean(part, model.model_fields))
            info, value = model.model_fields[part], getattr(value, part, None)
            here = info.annotation
            continue
        mapping = next((kind for kind in kinds if get_origin(kind) is dict), None)
        if mapping is None:
            raise _RangeFault(where, "must be a mapping to set a part of it", path)
        here = get_args(mapping)[1]
        known = value if isinstance(value, Mapping) else {}
        if part not in known and any(isinstance(kind, type) and issubclass(kind, BaseModel) for kind in _kinds(here)):
            must = f"must have one of {', '.join(known)}" if known else "must have entries to set a part of"
            raise _RangeFault(where, must, part, did_you_mean(part, known))
        value = known.get(part)
    kinds = _kinds(here)
    if not {int, float} & set(kinds) or bool in kinds:
        raise _RangeFault(path, "must be a field that holds a number")
    extra = info.json_schema_extra if info is not None and isinstance(info.json_schema_extra, dict) else {}
    return str(extra.get("unit", "")), float not in kinds


def _kinds(annotation: Any) -> list[Any]:
    """The types that an annotation allows, unions and annotations undone."""
    if get_origin(annotation) is Annotated:
        return _kinds(get_args(annotation)[0])
    if get_origin(annotation) is not None and get_origin(annotation) not in (dict, list, tuple):
        return [kind for part in get_args(annotation) for kind in _kinds(part)]
    return [annotation]


def _parameter(scenario: Scenario, kind: str, use: StrategyUse, name: str) -> tuple[str, bool]:
    """The same for a strategy's parameter, judged by its value or default; strategies declare no units as data."""
    cls = plugins.find(kind, use.use, scenario.folder)
    fields = {f.name: f for f in dataclasses.fields(cls) if f.init}
    if name not in fields:
        raise _RangeFault(
            f"{kind} strategy {use.use!r}", "must have such a parameter", name, did_you_mean(name, fields)
        )
    value = use.parameters.get(name, fields[name].default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _RangeFault(name, "must be a parameter that holds a number")
    return "", isinstance(value, int)


@dataclass(frozen=True)
class Base:
    """The scenario that points are varied from, as its file says it: fields that make campaigns count, too."""

    reference: str | Path
    settings: tuple[str, ...] = ()

    def scenario(self) -> Scenario:
        """As it stands."""
        return load_scenario(self.reference, self.settings)

    def at(self, ranges: Sequence[Range], values: Sequence[Value]) -> Scenario:
        """The scenario at a point. Raises ScenarioError whose faults name the range they come from."""
        changes = [f"{r.path}={value!r}" for r, value in zip(ranges, values, strict=True)]
        try:
            return load_scenario(self.reference, (*self.settings, *changes))
        except ScenarioError as error:
            raise ScenarioError([_blamed(fault, ranges) for fault in error.faults]) from None

    def faults_at(self, ranges: Sequence[Range], points: Iterable[Sequence[Value]]) -> list[Fault]:
        """What is wrong at any of the points, each fault once."""
        found: dict[Fault, None] = {}
        for values in points:
            try:
                self.at(ranges, values)
            except ScenarioError as error:
                found |= dict.fromkeys(error.faults)
            except PeakshiftError as error:
                found[Fault("scenario", "", str(error))] = None
        return list(found)


def _blamed(fault: Fault, ranges: Sequence[Range]) -> Fault:
    """A fault of `--set`, told as one of the range that set the value."""
    if fault.where != "--set":
        return fault
    for r in ranges:
        if fault.what == r.path or r.path.startswith(fault.what + "."):
            return dataclasses.replace(fault, where=r.option)
    return fault


def corners(ranges: Sequence[Range]) -> list[tuple[Value, ...]]:
    """Where faults show first: every corner, or with more than four ranges each end of each with the others low."""
    if len(ranges) <= 4:
        return list(itertools.product(*((r.at(0.0), r.at(1.0)) for r in ranges)))
    low = [r.at(0.0) for r in ranges]
    return [tuple(low)] + [
        tuple(r.at(1.0) if n == m else low[m] for m, r in enumerate(ranges)) for n in range(len(low))
    ]


def latin_hypercube(ranges: Sequence[Range], samples: int, seed: int) -> NDArray[np.float64]:
    """(samples, fields) values: along each field, one in each of `samples` equal strips (McKay et al. 1979)."""
    root = int(Streams(seed).generator("latin hypercube").integers(2**62))
    shares = qmc.LatinHypercube(len(ranges), seed=np.random.default_rng(root)).random(samples)
    return np.array([[float(r.at(share)) for r, share in zip(ranges, row, strict=True)] for row in shares])


def typed(ranges: Sequence[Range], row: Iterable[float]) -> tuple[Value, ...]:
    """Values as the fields hold them: whole numbers where they must be."""
    return tuple(round(v) if r.whole else float(f"{v:.12g}") for r, v in zip(ranges, row, strict=True))
