"""Runs on other people's executors: the same bytes, checked sources, no scheduler joined in the open."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from sim.errors import UsageError
from sim.lab import remote
from sim.lab.compare import compare
from sim.lab.executor import ExecutorError
from sim.lab.plan import plan
from sim.lab.remote import Job, SourcesDifferError, check_address, dask_executor
from sim.scenario import load_scenario
from tests.lab.cluster import ROOT, cluster, contents

SMALL = ("market.consumers=400", "calendar.start=2023-12-08", "calendar.warm_up_days=2", "calendar.scored_days=5",
         "calendar.settlement_days=1", "replications=2")  # fmt: skip
KILLER = """
import os, signal
from dataclasses import dataclass
from sim.contracts import Stocker

@dataclass
class Kills(Stocker):
    def order(self, view, forecast, rng):
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("one")
    compare(load_scenario("double12", SMALL), out=out, workers=1)
    return contents(out)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    with cluster(tmp_path_factory.mktemp("cluster")) as address:
        yield address


@pytest.mark.parametrize("workers", [2, pytest.param(4, marks=pytest.mark.slow)])
def test_same_bytes_on_local_workers(expected: dict[str, bytes], tmp_path: Path, workers: int) -> None:
    compare(load_scenario("double12", SMALL), out=tmp_path, workers=workers)
    assert contents(tmp_path) == expected


def test_same_bytes_on_threads(expected: dict[str, bytes], tmp_path: Path) -> None:
    """Threads take turns: one world at a time in a process."""
    with ThreadPoolExecutor(3) as executor:
        compare(load_scenario("double12", SMALL), out=tmp_path, executor=executor)
    assert contents(tmp_path) == expected


def test_same_bytes_on_dask(scheduler: str, expected: dict[str, bytes], tmp_path: Path) -> None:
    with dask_executor(scheduler) as executor:
        compare(load_scenario("double12", SMALL), out=tmp_path, executor=executor)
    assert contents(tmp_path) == expected


def test_the_command_runs_on_dask(scheduler: str, expected: dict[str, bytes], tmp_path: Path) -> None:
    settings = [part for setting in SMALL for part in ("--set", setting)]
    command = [sys.executable, "-m", "sim", "compare", "double12", *settings, "--dask", scheduler, "--out", "out",
               "--quiet"]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert contents(tmp_path / "out") == expected


def test_without_a_common_folder_the_caller_writes(
    expected: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker on another machine does not have the folder; it makes none either."""
    wrong = tmp_path / "elsewhere"
    real = Job.of
    monkeypatch.setattr(Job, "of", lambda *told: dataclasses.replace(real(*told), folder=wrong))
    with ThreadPoolExecutor(1) as executor:
        compare(load_scenario("double12", SMALL), out=tmp_path / "out", executor=executor)
    assert contents(tmp_path / "out") == expected and not wrong.exists()


def test_a_run_that_kills_its_dask_worker_fails_alone(scheduler: str, tmp_path: Path) -> None:
    (tmp_path / "kills.py").write_text(KILLER)
    (tmp_path / "s.yaml").write_text(
        "extends: shipped:double12.yaml\nline_ups: {closed_loop: {stocking: ./kills.py:Kills}}\n"
        "compare: {schedules: [always_on], baseline: {schedule: always_on, line_up: gut_feel}}\n"
    )
    scenario = load_scenario(tmp_path / "s.yaml", (*SMALL, "replications=1"))
    with dask_executor(scheduler) as executor:
        result = compare(scenario, out=tmp_path / "out", executor=executor)
    assert result.runs["status"].tolist() == ["done", "failed"]
    assert "WorkerKilled" in result.failures()[0]


def test_a_worker_with_other_sources_refuses(tmp_path: Path) -> None:
    scenario = load_scenario("double12", SMALL)
    runs = plan(scenario)
    job = Job.of(tmp_path, [(scenario, run) for run in runs])
    other = dataclasses.replace(job.sources, engine="0" * 64, packages={**job.sources.packages, "numpy": "1.0"})
    with pytest.raises(SourcesDifferError, match=r"different are sim's sources, numpy 1\.0 -> .*restart the workers"):
        remote.work(dataclasses.replace(job, sources=other), (scenario, runs[0]))


def test_a_worker_that_loaded_a_strategy_before_it_was_changed_refuses(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text((ROOT / "strategies" / "stocking" / "newsvendor.py").read_text())
    (tmp_path / "s.yaml").write_text(
        "extends: shipped:double12.yaml\nline_ups: {closed_loop: {stocking: ./mine.py:Newsvendor}}\n"
    )
    scenario = load_scenario(tmp_path / "s.yaml", SMALL)
    (run, *_) = [run for run in plan(scenario) if run.line_up == "closed_loop"]
    assert remote.work(Job.of(tmp_path, [(scenario, run)]), (scenario, run)).error is None
    file.write_text(file.read_text() + "# changed\n")
    (run, *_) = [run for run in plan(scenario) if run.line_up == "closed_loop"]
    with pytest.raises(SourcesDifferError, match=r"closed_loop/stocking \(loaded before its file was changed\)"):
        remote.work(Job.of(tmp_path, [(scenario, run)]), (scenario, run))


def test_an_executor_that_breaks_is_said_and_finished_runs_are_kept(tmp_path: Path) -> None:
    (tmp_path / "kills.py").write_text(KILLER)
    (tmp_path / "s.yaml").write_text(
        "extends: shipped:double12.yaml\nline_ups: {closed_loop: {stocking: ./kills.py:Kills}}\n"
    )
    scenario = load_scenario(tmp_path / "s.yaml", SMALL)
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor,
        pytest.raises(ExecutorError, match=r"must last until the end, got BrokenProcessPool.*runs? (is|are) kept"),
    ):
        compare(scenario, out=tmp_path / "out", executor=executor)
    assert list((tmp_path / "out" / "runs").glob("*.npz"))


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:8786", "tcp://localhost:8786", "tcp://[::1]:8786", "tls://10.0.0.5:8786"]
)
def test_loopback_and_tls_are_joined(address: str) -> None:
    check_address(address)


@pytest.mark.parametrize("address", ["tcp://10.0.0.5:8786", "tcp://cluster.example:8786", "tcp://0.0.0.0:8786"])
def test_the_open_network_is_not_joined_unless_told(address: str) -> None:
    with pytest.raises(UsageError, match=r"--dask: must be this machine \(127\.0\.0\.1\) or tls://.*--dask-insecure"):
        check_address(address)
    check_address(address, insecure=True)


@pytest.mark.parametrize("address", ["", "127.0.0.1:8786", "http://127.0.0.1:8786", "tcp://127.0.0.1", "tcp://[::1",
                                     "tcp://127.0.0.1:99999", "inproc://x/1/2"])  # fmt: skip
def test_what_is_no_address_is_said(address: str) -> None:
    with pytest.raises(UsageError, match="--dask: must be tcp://HOST:PORT or tls://HOST:PORT, got"):
        check_address(address)
