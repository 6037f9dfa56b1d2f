"""What there is to use: strategies, scenarios, metrics, campaigns, found by looking, one line each."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from sim.contracts import KINDS
from sim.metrics import all_metrics
from sim.plugins import LIBRARY, find, shipped
from sim.scenario import load_scenario, shipped_scenarios


def listing(what: str) -> Iterator[str]:
    """Lines for `strategies`, `scenarios`, `metrics` or `campaigns`."""
    kinds: dict[str, Callable[[], Iterator[str]]] = {
        "strategies": _strategies, "scenarios": _scenarios, "metrics": _metrics, "campaigns": _campaigns,
    }  # fmt: skip
    return kinds[what]()


def _strategies() -> Iterator[str]:
    for kind in KINDS:
        for name in shipped(kind):
            doc = ast.get_docstring(ast.parse((LIBRARY / kind / f"{name}.py").read_text())) or ""
            yield f"{kind + '/' + name:<32}{find(kind, name).info:<10}{doc.split(chr(10))[0]}"


def _scenarios() -> Iterator[str]:
    for name in shipped_scenarios():
        yield f"{name:<32}{load_scenario(name).name}"


def _metrics() -> Iterator[str]:
    for name, metric in all_metrics().items():
        yield f"{name:<32}{metric.unit:<12}{metric.better + ' is better':<20}{metric.meaning}"


def _campaigns() -> Iterator[str]:
    for name in shipped_scenarios():
        for campaign, c in load_scenario(name).campaigns.items():
            window = f"{c.start:%Y-%m-%d %H:%M} to {c.end:%Y-%m-%d %H:%M}"
            yield f"{name + '/' + campaign:<32}{window}  markdown {c.markdown:.0%}, ritual {c.ritual:g}"
