"""What is measured: one file a family, each metric a pure function of a finished run's history.

A metric is found by looking into this folder: `@metric(...)` on a function of a `History` that
returns one number is all it takes.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Literal

from sim.errors import UsageError, did_you_mean
from sim.ledger import History

Better = Literal["higher", "lower"]


@dataclass(frozen=True)
class Metric:
    """A number that a run is judged by."""

    name: str
    unit: str
    better: Better
    meaning: str
    of: Callable[[History], float]


_FOUND: dict[str, Metric] = {}


def metric(name: str, unit: str, better: Better, meaning: str) -> Callable[[Callable[[History], float]], Metric]:
    """Declares a metric; `better` says which direction is good."""

    def declare(function: Callable[[History], float]) -> Metric:
        if name in _FOUND and _FOUND[name].of.__module__ != function.__module__:
            raise ValueError(f"metric {name!r} stands in {_FOUND[name].of.__module__} and in {function.__module__}")
        _FOUND[name] = Metric(name, unit, better, meaning, function)
        return _FOUND[name]

    return declare


@cache
def all_metrics() -> dict[str, Metric]:
    """All metrics by name, families in alphabetical order, whichever of them was imported first."""
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        import_module(f"{__name__}.{module}")
    return dict(sorted(_FOUND.items(), key=lambda item: item[1].of.__module__))


def check_names(names: Iterable[str]) -> None:
    """Raises UsageError for a name that is no metric."""
    known = all_metrics()
    for name in names:
        if name not in known:
            near = did_you_mean(name, known)
            hint = f"; did you mean {near!r}?" if near else ""
            raise UsageError(f"compare.metrics: must be metrics that exist ({', '.join(known)}), got {name!r}{hint}")
