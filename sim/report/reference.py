"""The reference pages in docs/, read from the code: `python -m sim.report.reference NAME > docs/NAME.md`."""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator

import sim
from sim import contracts
from sim.metrics import Metric, all_metrics
from sim.scenario.schema import field_table

_MADE = "Made from the code by `python -m sim.report.reference {}`; not to be edited by hand."


def _head(title: str, name: str, *paragraphs: str) -> Iterator[str]:
    yield from (f"# {title}", "", _MADE.format(name))
    for text in paragraphs:
        yield from ("", text)


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    names = list(columns)
    yield from ("", f"| {' | '.join(names)} |", "|---" * len(names) + "|")
    for row in rows:
        yield f"| {' | '.join(_cell(cell) for cell in row)} |"


def _cell(text: str) -> str:
    """One line of a table; a star outside code is a star."""
    parts = " ".join(text.split()).replace("|", "\\|").split("`")
    parts[::2] = [part.replace("*", "\\*").replace("<", "&lt;").replace("[", "\\[") for part in parts[::2]]
    return "`".join(parts)


def metrics_page() -> str:
    """Every metric by family, with unit and direction."""
    families: dict[str, list[Metric]] = {}
    for metric in all_metrics().values():
        families.setdefault(metric.of.__module__.rsplit(".", 1)[1], []).append(metric)
    out = list(_head("Metrics", "metrics", "A metric is a pure function of a finished run's history (`sim/metrics/`)."))
    for family, found in families.items():
        told = inspect.getdoc(sys.modules[found[0].of.__module__]) or ""
        out += ["", f"## {family}", "", _cell(told.split("\n\n")[0])]
        out += _table(
            ("metric", "unit", "better", "meaning"), ((f"`{m.name}`", m.unit, m.better, m.meaning) for m in found)
        )
    return "\n".join(out) + "\n"


def scenario_page() -> str:
    """Every field of a scenario by section, with unit, default, meaning and source."""
    sections: dict[str, list[dict[str, str]]] = {}
    for row in field_table():
        first, *rest = row["path"].split(".")
        sections.setdefault(first if rest else "the scenario itself", []).append(row)
    out = list(_head(
        "Scenario fields", "scenario",
        "`*` stands for a name of your choice. *Assumption* as a source means that no good evidence was found.",
    ))  # fmt: skip
    for section, rows in sections.items():
        out += ["", f"## {section}"]
        out += _table(
            ("field", "unit", "default", "meaning", "source"),
            ((f"`{r['path']}`", r["unit"], f"`{r['default']}`", r["meaning"], r["source"]) for r in rows),
        )
    return "\n".join(out) + "\n"


def api_page() -> str:
    """The public names of `sim`, and what a strategy is told and must answer (`sim.contracts`)."""
    out = list(_head("Python", "api", "What `sim` exports, then the contracts of strategies."))
    out += ["", "## sim"]
    for name in sim.__all__:
        if name != "__version__":
            out += _entry(f"sim.{name}", getattr(sim, name))
    out += ["", "## sim.contracts", "", _axes()]
    for name, thing in vars(contracts).items():
        if inspect.isclass(thing) and thing.__module__ == contracts.__name__:
            out += _entry(name, thing)
    return "\n".join(out) + "\n"


def _axes() -> str:
    paragraphs = (contracts.__doc__ or "").split("\n\n")
    return next(" ".join(part.split()) for part in paragraphs if part.startswith("Axes:"))


def _entry(name: str, thing: Callable[..., object]) -> Iterator[str]:
    yield from ("", f"### {name}")
    if inspect.isfunction(thing):
        yield from ("", "```text", f"{name}{_signature(thing)}", "```")
    told = inspect.getdoc(thing) or ""
    if told and not told.startswith(f"{thing.__name__}("):  # a dataclass without one describes its fields
        yield from ("", "```text", told, "```")
    if dataclasses.is_dataclass(thing) and isinstance(thing, type):
        fields = [f for f in dataclasses.fields(thing) if not f.name.startswith("_")]
        if fields:
            yield from _table(("field", "type"), ((f"`{f.name}`", f"`{f.type}`") for f in fields))
    methods = [] if not inspect.isclass(thing) else [
        (n, m) for n, m in vars(thing).items() if inspect.isfunction(m) and not n.startswith("_")
    ]  # fmt: skip
    if methods and thing.__module__ == contracts.__name__:
        rows = ((f"`{n}{_signature(m)}`", (inspect.getdoc(m) or "").split("\n\n")[0]) for n, m in methods)
        yield from _table(("method", "does"), rows)


def _signature(function: Callable[..., object]) -> str:
    """The signature as written, without the addresses of defaults that have no text."""
    return re.sub(r"<(\w+) object at 0x[0-9a-f]+>", r"<\1>", str(inspect.signature(function))).replace("'", "")


PAGES: dict[str, Callable[[], str]] = {"metrics": metrics_page, "scenario": scenario_page, "api": api_page}

if __name__ == "__main__":
    chosen = sys.argv[1] if len(sys.argv) == 2 else ""
    if chosen not in PAGES:
        sys.exit(f"usage: python -m sim.report.reference {'|'.join(PAGES)}")
    print(PAGES[chosen](), end="")
