"""The reference pages in docs/ are what the code says now, and nothing public is missing from them."""

from __future__ import annotations

from pathlib import Path

import pytest

import sim
from sim.contracts import KINDS
from sim.metrics import all_metrics
from sim.report.reference import PAGES
from sim.scenario.schema import field_table

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_current(name: str) -> None:
    """Renew it with `python -m sim.report.reference NAME > docs/NAME.md`."""
    assert (ROOT / "docs" / f"{name}.md").read_text("utf-8") == PAGES[name]()


def test_nothing_public_is_missing() -> None:
    assert all(f"| `{name}` |" in PAGES["metrics"]() for name in all_metrics())
    assert all(f"| `{row['path']}` |" in PAGES["scenario"]() for row in field_table())
    api = PAGES["api"]()
    assert all(f"### sim.{name}\n" in api for name in sim.__all__ if name != "__version__")
    assert all(f"### {cls.__name__}\n" in api for cls in KINDS.values())


@pytest.mark.parametrize("name", PAGES)
def test_every_row_has_as_many_cells_as_its_head(name: str) -> None:
    wide = 0
    for line in PAGES[name]().splitlines():
        cells = line.replace("\\|", "").count("|")
        if line.startswith("|---"):
            assert cells == wide
        elif line.startswith("| "):
            wide = wide or cells
            assert cells == wide, line
        else:
            wide = 0
