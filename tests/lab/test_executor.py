"""Killed workers lose nothing; a task that always kills its worker is the only one that fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sim.lab.executor import WorkerKilled, map_tasks
from tests.lab.tasks import die_always, die_once, square


@pytest.mark.parametrize("workers", [1, 2])
def test_every_task_once(workers: int) -> None:
    got = list(map_tasks(square, list(range(9)), workers))
    assert sorted(got) == [(n, n * n) for n in range(9)]


def test_killed_workers_lose_nothing(tmp_path: Path) -> None:
    tasks = [(n, str(tmp_path)) for n in range(12)]
    got = list(map_tasks(die_once, tasks, 2))
    assert sorted(got) == [(n, n * n) for n in range(12)]


def test_a_task_that_always_kills_fails_alone() -> None:
    got = dict(map_tasks(die_always, list(range(8)), 2))
    assert isinstance(got.pop(3), WorkerKilled)
    assert got == {n: n * n for n in range(8) if n != 3}


SCRIPT = """
import sys
sys.path.insert(0, {root!r})
from sim.lab.executor import map_tasks
from tests.lab.tasks import square
print(sorted(map_tasks(square, [1, 2, 3], 2)), __name__)
"""


@pytest.mark.parametrize("how", ["file", "stdin"])
def test_a_script_needs_no_main_guard(tmp_path: Path, how: str) -> None:
    """Workers do not run the caller's main module, which would start workers in turn."""
    text = SCRIPT.format(root=str(Path(__file__).parents[2]))
    (tmp_path / "script.py").write_text(text)
    command = [sys.executable, str(tmp_path / "script.py") if how == "file" else "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[(0, 1), (1, 4), (2, 9)] __main__\n", "")
