"""kill -9 of the experiment, of a worker, of Dask's workers; disks that are full or read-only: nothing is lost, nothing
is done twice, the final bytes are the same. The harness is proved by a writer that is not atomic: it must be caught."""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sim import plugins
from sim.lab import store
from sim.lab.compare import compare
from sim.lab.plan import from_outside, plan
from sim.lab.remote import dask_executor
from sim.scenario import load_scenario, shipped_scenarios
from tests.lab.cluster import ROOT, cluster, contents

SMALL = ("market.consumers=400", "calendar.start=2023-11-25", "calendar.warm_up_days=5", "calendar.scored_days=10",
         "calendar.settlement_days=2", "replications=3")  # fmt: skip
SETTINGS = [part for setting in SMALL for part in ("--set", setting)]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
EXPERIMENT = """
import sys
from pathlib import Path
from sim.lab.compare import compare
from sim.scenario import load_scenario
import sim.world
{prelude}
scenario = load_scenario("double12", {settings!r})
print("ready", flush=True)
compare(scenario, out=Path(sys.argv[1]), workers={workers})
"""
TORN = """
import io, time
from sim import plugins
from sim.lab import store

def torn(file, write):
    whole = io.BytesIO()
    write(whole)
    with file.open("wb") as stream:
        for begin in range(0, len(whole.getvalue()), 1024):
            stream.write(whole.getvalue()[begin:begin + 1024])
            stream.flush()
            time.sleep(0.02)

store.write_atomic = torn
"""


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("one")
    compare(load_scenario("double12", SMALL), out=out, workers=1)
    return contents(out)


def started(out: Path, workers: int, prelude: str = "") -> subprocess.Popen[str]:
    """The experiment in a process of its own, about to begin."""
    script = EXPERIMENT.format(prelude=prelude, settings=SMALL, workers=workers)
    process = subprocess.Popen([sys.executable, "-c", script, str(out)], env=ENVIRONMENT, stdout=subprocess.PIPE,
                               text=True)  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


def seconds(out: Path, workers: int, prelude: str = "") -> float:
    """How long it takes when nobody disturbs it."""
    process = started(out, workers, prelude)
    begun = time.monotonic()
    assert process.wait(timeout=300) == 0
    assert process.stdout is not None
    process.stdout.close()
    return time.monotonic() - begun


def killed(out: Path, after: float, workers: int, prelude: str = "") -> None:
    """kill -9 of the experiment's own process so many seconds after it began."""
    process = started(out, workers, prelude)
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def torn_files(out: Path, expected: dict[str, bytes]) -> list[str]:
    """Names of files that are there and not whole."""
    return [name for name, text in contents(out).items() if name.endswith(".npz") and text != expected[name]]


def resumed(out: Path, expected: dict[str, bytes]) -> int:
    """Goes on in this process; how many runs were there already. None of these is done again, none is missing."""
    done = {file: file.stat().st_mtime_ns for file in out.glob("runs/[!.]*.npz")}
    result = compare(load_scenario("double12", SMALL), out=out, workers=1)
    assert len(result.runs) == 12 and not result.runs.duplicated(["schedule", "line_up", "seed"]).any()
    assert contents(out) == expected
    assert {file: file.stat().st_mtime_ns for file in done} == done
    return len(done)


@pytest.mark.slow
def test_the_experiment_killed_at_twenty_points(expected: dict[str, bytes], tmp_path: Path) -> None:
    draw, whole = random.Random(20), seconds(tmp_path / "whole", 2)
    kept = []
    for n in range(20):
        out = tmp_path / str(n)
        killed(out, whole * (n + draw.random()) / 20, 2)
        assert torn_files(out, expected) == []
        kept.append(resumed(out, expected))
    time.sleep(1.5)  # the last orphan has noticed that its parent is gone
    for n in range(20):
        store.sweep(tmp_path / str(n) / "runs")
        assert not list((tmp_path / str(n)).rglob(".*.part"))
    print(f"undisturbed {whole:.1f} s; runs kept of 12 at each kill: {kept}")
    assert len(set(kept)) >= 3  # the points do differ


@pytest.mark.slow
def test_a_writer_that_is_not_atomic_is_caught(expected: dict[str, bytes], tmp_path: Path) -> None:
    """What the test above would say of a careless writer."""
    draw, whole = random.Random(1), seconds(tmp_path / "whole", 1, TORN)
    for n in range(20):
        out = tmp_path / str(n)
        killed(out, whole * draw.random(), 1, TORN)
        if torn_files(out, expected):
            return
    pytest.fail("20 kills, and no torn file was found: the harness is blind")


@pytest.mark.slow
@pytest.mark.parametrize("done", [0, 3, 6, 9])  # of 12, when the worker is killed: both have work left
def test_a_killed_worker_of_the_local_pool_loses_nothing(expected: dict[str, bytes], tmp_path: Path, done: int) -> None:
    before = set(multiprocessing.active_children())
    victims: list[int] = []

    def kill() -> None:
        limit = time.monotonic() + 300
        while time.monotonic() < limit:
            workers = [child.pid for child in set(multiprocessing.active_children()) - before if child.pid is not None]
            if workers and len(list(tmp_path.glob("runs/[!.]*.npz"))) >= done:
                os.kill(workers[0], signal.SIGKILL)
                victims.append(workers[0])
                return
            time.sleep(0.01)

    thread = threading.Thread(target=kill)
    thread.start()
    compare(load_scenario("double12", SMALL), out=tmp_path, workers=2)
    thread.join()
    assert len(victims) == 1 and contents(tmp_path) == expected


KILLS = """
import os, signal
from dataclasses import dataclass
from sim.contracts import Stocker

@dataclass
class Kills(Stocker):
    def order(self, view, forecast, rng):
        {how}
"""
EXIT, KILL = "os._exit(3)", "os.kill(os.getpid(), signal.SIGKILL)"


def deadly(folder: Path, how: str) -> Path:
    """A scenario in which one of two line-ups ends its process."""
    (folder / "kills.py").write_text(KILLS.format(how=how))
    (folder / "s.yaml").write_text(
        "extends: shipped:double12.yaml\nline_ups: {closed_loop: {stocking: ./kills.py:Kills}}\n"
        "compare: {schedules: [always_on], baseline: {schedule: always_on, line_up: gut_feel}}\n"
    )
    return folder / "s.yaml"


@pytest.mark.parametrize(("workers", "how"), [(1, EXIT), (2, KILL)])
def test_a_run_that_always_kills_its_worker_fails_alone(tmp_path: Path, workers: int, how: str) -> None:
    scenario = load_scenario(deadly(tmp_path, how), (*SMALL, "replications=1"))
    result = compare(scenario, out=tmp_path / "out", workers=workers)
    assert result.runs["status"].tolist() == ["done", "failed"]
    assert result.failures()[0].startswith("always_on/closed_loop replication 0: WorkerKilled: the worker process died")


def test_a_single_run_that_ends_its_process_is_told(tmp_path: Path) -> None:
    run = ("run", str(deadly(tmp_path, EXIT)), *SETTINGS, "--schedule", "always_on", "--line-up")
    done = peakshift(*run, "closed_loop", "--seed", "5", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("failed: always_on/closed_loop seed 5: WorkerKilled: the worker process died while ")


def test_only_strategies_that_are_not_shipped_run_apart(tmp_path: Path) -> None:
    shipped = [load_scenario(name) for name in shipped_scenarios()]
    assert not any(from_outside(scenario, name) for scenario in shipped for name in scenario.line_ups)
    assert plugins.from_outside({"use": "ensemble", "parameters": {"members": ["naive", {"use": "./mine.py:Mine"}]}})
    assert [from_outside(load_scenario(deadly(tmp_path, EXIT)), name) for name in ("gut_feel", "closed_loop")] == [
        False, True,
    ]  # fmt: skip


def alive(client: Any) -> list[int]:
    """Both workers' processes, once the nanny of a killed one has started it again."""
    limit = time.monotonic() + 120
    while time.monotonic() < limit:
        pids = list(client.run(os.getpid, on_error="ignore").values())
        if len(pids) == 2 and all(store._alive(pid) for pid in pids):
            return pids
        time.sleep(0.2)
    pytest.fail("no two workers within two minutes")


@pytest.mark.slow
def test_dask_workers_killed_at_ten_points(expected: dict[str, bytes], tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    scenario, draw = load_scenario("double12", SMALL), random.Random(10)
    with cluster(tmp_path) as address, distributed.Client(address, set_as_default=False) as client:
        begun = time.monotonic()
        with dask_executor(address) as executor:
            compare(scenario, out=tmp_path / "whole", executor=executor)
        whole = time.monotonic() - begun
        for n in range(10):
            timer = threading.Timer(whole * draw.random(), os.kill, (alive(client)[n % 2], signal.SIGKILL))
            timer.start()
            with dask_executor(address) as executor:
                result = compare(scenario, out=tmp_path / str(n), executor=executor)
            timer.join()
            assert len(result.runs) == 12 and contents(tmp_path / str(n)) == expected
    print(f"undisturbed {whole:.1f} s, 10 workers killed")


def test_parts_of_killed_writers_are_swept_and_others_are_not(tmp_path: Path) -> None:
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    host = store._host()
    dead = tmp_path / f".x.npz.{host}-{int(gone.stdout)}.abc.part"
    ours, old = tmp_path / f".x.npz.{host}-{os.getpid()}.abc.part", tmp_path / ".x.npz.elsewhere-1.abc.part"
    fresh, strange = tmp_path / ".x.npz.elsewhere-2.abc.part", tmp_path / ".notes.part"
    for file in (dead, ours, old, fresh, strange):
        file.touch()
    os.utime(old, (0, 0))
    os.utime(strange, (0, 0))
    assert store.sweep(tmp_path) == 2
    assert set(tmp_path.iterdir()) == {ours, fresh, strange}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 200 kB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:  # only root may mount; the read-only and file-size tests run for everybody
        pytest.skip("mounting a small file system needs rights that we do not have")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def peakshift(*arguments: str, cwd: Path, file_bytes: int | None = None) -> subprocess.CompletedProcess[str]:
    def limit() -> None:
        if file_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))

    command = [sys.executable, "-m", "sim", *arguments]
    return subprocess.run(
        command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=300, preexec_fn=limit
    )


@pytest.mark.slow
def test_a_full_disk_is_said_and_earlier_runs_are_intact(expected: dict[str, bytes], disk: Path) -> None:
    arguments = ("compare", "double12", *SETTINGS, "--out", str(disk / "out"))
    done = peakshift(*arguments, "--workers", "2", cwd=disk)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    kept = contents(disk / "out")
    told = re.search(
        r"No space left on device; (\d+) finished runs? (is|are) kept in .*; the same command", done.stderr
    )
    assert told is not None and int(told[1]) == len(kept)
    assert 0 < len(kept) < 12 and torn_files(disk / "out", expected) == []
    subprocess.run(["mount", "-o", "remount,size=100m", str(disk)], check=True)
    assert resumed(disk / "out", expected) == len(kept)


@pytest.mark.slow
def test_a_folder_that_became_read_only_is_said_and_earlier_runs_are_intact(
    expected: dict[str, bytes], disk: Path
) -> None:
    subprocess.run(["mount", "-o", "remount,size=100m", str(disk)], check=True)
    compare(load_scenario("double12", (*SMALL, "replications=1")), out=disk / "out", workers=1)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    done = peakshift("compare", "double12", *SETTINGS, "--out", str(disk / "out"), cwd=disk.parent)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr == f"{disk}/out/runs: must be a folder that can be written to: Read-only file system\n"
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    assert resumed(disk / "out", expected) == 4


@pytest.mark.slow
def test_a_file_that_may_not_grow_is_said(expected: dict[str, bytes], tmp_path: Path) -> None:
    """As the full disk, where nothing can be mounted: all runs fit, the first larger table does not."""
    largest = max(len(text) for name, text in expected.items() if name.endswith(".npz"))
    assert largest < max(len(text) for text in expected.values())
    arguments = ("compare", "double12", *SETTINGS, "--out", str(tmp_path / "out"), "--workers", "1")
    done = peakshift(*arguments, cwd=tmp_path, file_bytes=largest)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "could not be written: File too large; 12 finished runs are kept in " in done.stderr
    assert resumed(tmp_path / "out", expected) == len(plan(load_scenario("double12", SMALL)))
