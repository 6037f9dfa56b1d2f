"""One world from Python: names and seeds that cannot be are told at once."""

from __future__ import annotations

import _thread
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from sim import compare, load_scenario, run, world
from sim.errors import UsageError, unmasked


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


@njit(nogil=True)
def _busy(rounds: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Two arrays, which Python code boxes one after the other: there a signal is heard."""
    out = np.zeros(1000)
    for _ in range(rounds):
        for i in range(out.size):
            out[i] = out[i] * 0.5 + 1.0
    return out, np.zeros(1, np.int64)


def test_a_ctrl_c_inside_a_compiled_function_is_one() -> None:
    _busy(0)
    before, masked = signal.signal(signal.SIGINT, signal.default_int_handler), 0
    try:
        for _ in range(10):
            with pytest.raises(KeyboardInterrupt), unmasked():
                threading.Timer(0.02, _thread.interrupt_main).start()
                try:
                    _busy(300_000)
                    time.sleep(1.0)
                except SystemError:
                    masked += 1
                    raise
    finally:
        signal.signal(signal.SIGINT, before)
    print(f"{masked} of 10 came as a SystemError")


def test_a_world_that_is_interrupted_is_no_failed_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Python reports a Ctrl-C that is heard while a compiled function hands its result back."""

    def masked(*_: object, **__: object) -> None:
        try:
            raise SystemError("returned a result with an exception set") from KeyboardInterrupt()
        except SystemError as error:  # once more for the next array
            raise SystemError("returned a result with an exception set") from error

    monkeypatch.setattr(world.World, "live", masked)
    with pytest.raises(KeyboardInterrupt):
        run(load_scenario("double12", TINY), "always_on", "gut_feel", 1)


def test_a_folder_of_somebody_else_is_spared(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("mine")
    with pytest.raises(UsageError, match="--out: must be a new folder or one of an experiment"):
        compare(load_scenario("double12"), out=tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


TINY = ("market.consumers=100", "calendar.start=2023-12-01", "calendar.warm_up_days=1", "calendar.scored_days=2",
        "calendar.settlement_days=1", "replications=1", "compare.line_ups=[gut_feel]")  # fmt: skip


def test_the_folder_of_another_scenario_is_spared(tmp_path: Path) -> None:
    compare(load_scenario("double12", TINY), out=tmp_path, workers=1)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    for told, name, setting in (
        (r"market\.consumers \(100 -> 120\)", "double12", "market.consumers=120"),
        (r"campaigns\.double12\.markdown \(0\.15 -> 0\.2\)", "double12", "campaigns.double12.markdown=0.2"),
        (r"operations\.stores \(given now\)", "stores", "seed=1"),
    ):
        with pytest.raises(UsageError, match=rf"--out: must be .*same scenario.*'Double 12.*differs in {told};"):
            compare(load_scenario(name, (*TINY, setting)), out=tmp_path, workers=1)
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before
    other = load_scenario("double12", (*TINY, "market.consumers=120"))
    for gone in ("manifest.json", "runs/scenario.json"):  # as an interruption and as an earlier version leaves it
        (tmp_path / gone).unlink()
        with pytest.raises(UsageError, match="experiment of the same scenario"):
            compare(other, out=tmp_path, workers=1)
        (tmp_path / gone).write_bytes(before[tmp_path / gone])


def test_the_folder_of_the_same_scenario_is_enlarged(tmp_path: Path) -> None:
    compare(load_scenario("double12", TINY), out=tmp_path, workers=1)
    kept = set((tmp_path / "runs").glob("*.npz"))
    more = (*TINY, "replications=2", "compare.metrics=[gmv]", "schedules.again=[double11]")
    result = compare(load_scenario("double12", more), out=tmp_path, workers=1)
    assert len(result.runs) == 4 and kept < set((tmp_path / "runs").glob("*.npz"))
    own = (*more, "campaigns.late={start: 2023-12-03T00:00, end: 2023-12-03T12:00, markdown: 0.1}")
    compare(load_scenario("double12", (*own, "schedules.again=[late]")), out=tmp_path, workers=1)
    compare(load_scenario("double12", TINY), out=tmp_path, workers=1)
    with pytest.raises(UsageError, match=r"campaigns\.late\.markdown"):
        compare(load_scenario("double12", (*own, "campaigns.late.markdown=0.2")), out=tmp_path, workers=1)
