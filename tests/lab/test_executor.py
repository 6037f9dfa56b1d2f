"""Killed workers lose nothing; a task that always kills its worker is the only one that fails."""

from __future__ import annotations

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
