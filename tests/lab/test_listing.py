"""The catalogue of strategies is read from their files, whole, and the page in docs/ is what it says now."""

from __future__ import annotations

from pathlib import Path

from sim.contracts import KINDS
from sim.lab.listing import catalogue, listing, page
from sim.plugins import shipped

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_current() -> None:
    """Renew it with `python -m sim.lab.listing > docs/strategies.md`."""
    assert (ROOT / "docs" / "strategies.md").read_text("utf-8") == page()


def test_every_strategy_says_its_idea_its_source_and_its_parameters() -> None:
    entries = list(catalogue())
    assert [(e.kind, e.name) for e in entries] == [(kind, name) for kind in KINDS for name in shipped(kind)]
    for e in entries:
        assert e.idea and e.source, e.name
        assert set(e.parameters) == set(e.strategy().parameters()), e.name
        assert all(meaning for _, meaning in e.parameters.values()), e.name


def test_the_list_names_parameters_and_source() -> None:
    lines = list(listing("strategies"))
    assert all(f"{e.kind}/{e.name} " in " ".join(lines) for e in catalogue())  # a name stands apart
    place = next(n for n, line in enumerate(lines) if line.startswith("stocking/min_max"))
    assert "informed" in lines[place]
    assert lines[place + 1].startswith("    order_yuan = 60.0: [K] cost of placing")
    assert any(line.startswith("    source: Ehrhardt & Mosier") for line in lines[place : place + 6])
