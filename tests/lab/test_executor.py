"""Killed workers lose nothing; a task that always kills its worker is the only one that fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sim.lab import workers
from sim.lab.executor import WorkerKilled, map_tasks
from tests.lab.tasks import die_always, die_once, square, surroundings


@pytest.mark.parametrize("count", [1, 2])
def test_every_task_once(count: int) -> None:
    got = list(map_tasks(square, list(range(9)), count))
    assert sorted(got) == [(n, n * n) for n in range(9)]


def test_killed_workers_lose_nothing(tmp_path: Path) -> None:
    tasks = [(n, str(tmp_path)) for n in range(12)]
    got = list(map_tasks(die_once, tasks, 2))
    assert sorted(got) == [(n, n * n) for n in range(12)]


def test_a_task_that_always_kills_fails_alone() -> None:
    got = dict(map_tasks(die_always, list(range(8)), 2))
    assert isinstance(got.pop(3), WorkerKilled)
    assert got == {n: n * n for n in range(8) if n != 3}


def test_a_worker_is_surrounded_by_what_its_caller_is_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by what was there when the server of workers was started, as the first of these calls does at the latest."""
    assert dict(map_tasks(surroundings, ["PEAKSHIFT_X"] * 2, 2))[0][0] is None
    monkeypatch.setenv("PEAKSHIFT_X", "now")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    for found in dict(map_tasks(surroundings, ["PEAKSHIFT_X"] * 2, 2)).values():
        assert not isinstance(found, WorkerKilled)
        variable, folder, path = found
        assert (variable, folder) == ("now", str(tmp_path)) and path[0] == str(tmp_path)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere all workers are spawned")
def test_workers_of_changed_sources_are_spawned(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the server has loaded may not be what a result's hash says."""
    list(map_tasks(square, [1, 2], 2))
    assert workers._context().get_start_method() == "forkserver"
    monkeypatch.setitem(workers._read, next(iter(workers._read)), 0)
    assert workers._context().get_start_method() == "spawn"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere all workers are spawned")
def test_a_killed_server_of_workers_is_started_again() -> None:
    from multiprocessing import forkserver  # not on Windows

    server = vars(forkserver)["_forkserver"]
    list(map_tasks(square, [1, 2], 2))
    killed = server._forkserver_pid
    os.kill(killed, signal.SIGKILL)
    os.waitid(os.P_PID, killed, os.WEXITED | os.WNOWAIT)
    assert dict(map_tasks(square, [1, 2, 3], 2)) == {0: 1, 1: 4, 2: 9}
    assert server._forkserver_pid not in (None, killed)


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
