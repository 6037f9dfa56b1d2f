"""axe-core, the accessibility checker: an npm package (`npm install --no-save axe-core`), or what PEAKSHIFT_AXE is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def axe() -> str:
    """Its source. Skips the test where it is not here."""
    inside = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"
    file = Path(os.environ.get("PEAKSHIFT_AXE", inside))
    if not file.is_file():  # no Python package brings it; CI installs it
        pytest.skip("axe-core is not here: npm install --no-save axe-core, or PEAKSHIFT_AXE=path/to/axe.min.js")
    return file.read_text(encoding="utf-8") + ";0"
