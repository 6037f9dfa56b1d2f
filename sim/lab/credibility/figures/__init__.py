"""One small function a figure, found by looking into this folder, as metrics are.

`@figure("name", "what it is")` on a function of a `Bench` that returns one number is all it takes; its band stands
under the same name in `bands`. What it computes from a finished world is a plain function beside it, tested on
made-up data.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from sim.lab.credibility.bench import Bench


@dataclass(frozen=True)
class Figure:
    """A number that a credible market has between known values."""

    name: str
    meaning: str
    of: Callable[[Bench], float]


_FOUND: dict[str, Figure] = {}


def figure(name: str, meaning: str) -> Callable[[Callable[[Bench], float]], Callable[[Bench], float]]:
    """Declares a figure; the function stays a function."""

    def declare(function: Callable[[Bench], float]) -> Callable[[Bench], float]:
        if name in _FOUND and _FOUND[name].of.__module__ != function.__module__:
            raise ValueError(f"figure {name!r} stands in {_FOUND[name].of.__module__} and in {function.__module__}")
        _FOUND[name] = Figure(name, meaning, function)
        return function

    return declare


@cache
def all_figures() -> dict[str, Figure]:
    """All figures by name."""
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        import_module(f"{__name__}.{module}")
    return dict(_FOUND)
