"""What there is to use: strategies, scenarios, metrics, campaigns, found by looking, one line each."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from sim.contracts import KINDS, Strategy
from sim.metrics import all_metrics
from sim.plugins import LIBRARY, find, shipped
from sim.scenario import load_scenario, shipped_scenarios


def listing(what: str) -> Iterator[str]:
    """Lines for `strategies`, `scenarios`, `metrics` or `campaigns`."""
    kinds: dict[str, Callable[[], Iterator[str]]] = {
        "strategies": _strategies, "scenarios": _scenarios, "metrics": _metrics, "campaigns": _campaigns,
    }  # fmt: skip
    return kinds[what]()


@dataclasses.dataclass(frozen=True)
class Entry:
    """What a shipped strategy's file says about it."""

    kind: str
    name: str
    strategy: type[Strategy]
    idea: str
    """First paragraph of the file."""
    source: str
    parameters: dict[str, tuple[Any, str]]
    """Default and meaning of each parameter, in order."""


def catalogue() -> Iterator[Entry]:
    """Every shipped strategy, found by listing the folders and read from its file."""
    for kind in KINDS:
        for name in shipped(kind):
            yield _entry(kind, name)


def _entry(kind: str, name: str) -> Entry:
    tree, cls = ast.parse((LIBRARY / kind / f"{name}.py").read_text("utf-8")), find(kind, name)
    told = [" ".join(part.split()) for part in (ast.get_docstring(tree) or "").split("\n\n")]
    source = next((part for part in told if part.startswith("Source: ")), "Source: none needed.")
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == cls.__name__)
    meaning = {}
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            text = after.value if isinstance(after, ast.Expr) else None
            said = text.value if isinstance(text, ast.Constant) else None
            meaning[node.target.id] = " ".join(said.split()) if isinstance(said, str) else ""
    defaults = {n: v for n, v in cls().parameters().items() if n in meaning}
    return Entry(kind, name, cls, told[0], source.removeprefix("Source: "),
                 {n: (v, meaning[n]) for n, v in defaults.items()})  # fmt: skip


def page() -> str:
    """The catalogue of strategies as Markdown: docs/strategies.md."""
    out = ["# Strategies", "",
           "Made from the files under `strategies/` by `python -m sim.lab.listing`; not to be edited by hand.",
           "`info` is what a strategy may know, `memory` how many past days it looks at.", ""]  # fmt: skip
    kind = ""
    for e in catalogue():
        if e.kind != kind:
            kind = e.kind
            out += [f"## {kind}", ""]
        out += [f"### {e.name}", "", e.idea, "", f"- info {e.strategy.info}, memory {e.strategy.memory_days} days",
                f"- source: {e.source}"]  # fmt: skip
        if e.parameters:
            out += ["", "| parameter | default | meaning |", "|---|---|---|"]
            out += [f"| `{n}` | `{v!r}` | {text} |".replace("||", "| |") for n, (v, text) in e.parameters.items()]
        out.append("")
    return "\n".join(out)


def _strategies() -> Iterator[str]:
    for e in catalogue():
        yield f"{e.kind + '/' + e.name:<34}{e.strategy.info:<10}{e.idea}"
        for name, (default, meaning) in e.parameters.items():
            yield f"    {name} = {default!r}: {meaning}"
        yield f"    source: {e.source}"


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


if __name__ == "__main__":
    print(page(), end="")
