"""One world from Python: names and seeds that cannot be are told at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim import compare, load_scenario, run
from sim.errors import UsageError


@pytest.mark.parametrize(
    ("schedule", "line_up", "seed", "message"),
    [
        ("always_onn", "closed_loop", 1, "schedule: must be one of .*; did you mean 'always_on'"),
        ("always_on", "closd_loop", 1, "line_up: must be one of .*; did you mean 'closed_loop'"),
        ("always_on", "closed_loop", -1, "seed: must be a whole number of at least 0, got -1"),
        ("always_on", "closed_loop", "x", "seed: must be a whole number of at least 0, got 'x'"),
    ],
)
def test_what_cannot_be_is_told(schedule: str, line_up: str, seed: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        run(load_scenario("double12"), schedule, line_up, seed)


def test_a_folder_of_somebody_else_is_spared(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("mine")
    with pytest.raises(UsageError, match="--out: must be a new folder or one of an experiment"):
        compare(load_scenario("double12"), out=tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
