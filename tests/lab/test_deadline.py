"""A strategy that never answers costs its own runs only, whether it sleeps or spins where no alarm is heard."""

from __future__ import annotations

import contextlib
import faulthandler
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sim.actors.deadline import GRACE_SECONDS, Deadline, Overdue, hung
from sim.errors import UsageError
from sim.lab.compare import Comparison, compare
from sim.scenario import load_scenario

SMALL = ("market.consumers=400", "calendar.start=2023-11-25", "calendar.warm_up_days=5", "calendar.scored_days=10",
         "calendar.settlement_days=2", "replications=2", "compare.schedules=[always_on]")  # fmt: skip

HANGING = """
import itertools, time
from dataclasses import dataclass
from sim.contracts import Stocker

@dataclass
class Hangs(Stocker):
    def order(self, view, forecast, rng):
        while view.day == 3:
            try:
                {how}
            except Exception:
                pass
        import numpy as np
        return __import__("sim.contracts").contracts.StockPlan(
            np.zeros(view.on_hand.shape, np.int64), np.zeros((*view.on_hand.shape, view.on_hand.shape[1]), np.int64))
"""
SLEEPS = "time.sleep(3600)"
DEAF = "sum(itertools.repeat(0))"  # one C call without end: signal handlers never run
MESSAGE = "StrategyError: strategy stocking/Hangs, day 3: must answer within 1 s, was stopped"


def experiment(folder: Path, how: str, workers: int) -> Comparison:
    (folder / "hangs.py").write_text(HANGING.format(how=how))
    (folder / "s.yaml").write_text(
        "extends: shipped:double12.yaml\nline_ups: {closed_loop: {stocking: ./hangs.py:Hangs}}\n"
        "compare: {baseline: {schedule: always_on, line_up: gut_feel}, line_ups: [gut_feel, closed_loop]}\n"
    )
    scenario = load_scenario(folder / "s.yaml", SMALL)
    return compare(scenario, out=folder / "out", workers=workers, decision_seconds=1.0)


@pytest.mark.parametrize(("how", "workers"), [(SLEEPS, 1), (SLEEPS, 2), (DEAF, 2)])
def test_a_hung_strategy_costs_its_own_runs_only(tmp_path: Path, how: str, workers: int) -> None:
    result = experiment(tmp_path, how, workers)
    status = result.runs.groupby("line_up")["status"].unique().to_dict()
    assert status["gut_feel"].tolist() == ["done"] and status["closed_loop"].tolist() == ["failed"]
    errors = result.runs.loc[result.runs["line_up"] == "closed_loop", "error"].tolist()
    assert errors == [MESSAGE, MESSAGE]
    assert not list((tmp_path / "out" / "runs").glob("*.asking"))


def test_one_hung_run_alone_is_stopped_too(tmp_path: Path) -> None:
    """More than one worker means another process, even for a single run."""
    (tmp_path / "hangs.py").write_text(HANGING.format(how=DEAF))
    (tmp_path / "s.yaml").write_text(
        "extends: shipped:double12.yaml\nline_ups: {closed_loop: {stocking: ./hangs.py:Hangs}}\n"
        "compare: {baseline: {schedule: always_on, line_up: closed_loop}, line_ups: [closed_loop]}\n"
    )
    scenario = load_scenario(tmp_path / "s.yaml", (*SMALL, "replications=1"))
    result = compare(scenario, out=tmp_path / "out", workers=2, decision_seconds=1.0)
    assert result.runs["error"].tolist() == [MESSAGE]


def test_the_twin_that_tells_an_oracle_is_on_nobodys_clock(tmp_path: Path) -> None:
    """It takes longer than the deadline, between two questions of the first morning."""
    long = ("market.consumers=2000", "calendar.warm_up_days=120", "line_ups.closed_loop.stocking=oracle",
            "compare.line_ups=[closed_loop]", "compare.baseline.line_up=closed_loop", "replications=1")  # fmt: skip
    scenario = load_scenario("double12", long)
    result = compare(scenario, out=tmp_path / "out", workers=2, decision_seconds=1.0)
    assert result.failures() == []


SPINS = """
import itertools, sys, time
from pathlib import Path
from sim.actors.deadline import Deadline
with Deadline(1.0, Path(sys.argv[1])).watch("who was asked"):
    print(time.time(), flush=True)
    {how}
"""


@pytest.mark.timing
@pytest.mark.parametrize(  # code that never comes back to Python, and code that swallows whatever is raised in it
    "how", ["sum(itertools.repeat(0))", "\n    while True:\n        try: time.sleep(9)\n        except: pass"]
)
def test_a_worker_is_ended_a_second_after_the_deadline_at_most(tmp_path: Path, how: str) -> None:
    command = [sys.executable, "-c", SPINS.format(how=how), str(tmp_path / "note")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, cwd=Path(__file__).parents[2])
    ended = time.time()
    taken = ended - float(done.stdout)
    print(f"deadline 1 s: the process had ended after {taken:.2f} s")
    assert done.returncode == 1 and 1.0 + GRACE_SECONDS <= taken < 2.0
    assert hung(tmp_path / "note") == "who was asked"
    assert not (tmp_path / "note").exists()


SEVERAL = """
import itertools, sys
from pathlib import Path
from sim.actors.deadline import Deadline
deadline = Deadline(1.0, Path(sys.argv[1]))
with deadline.several():
    for name in ("first", "second"):
        with deadline.watch(name):
            sum(itertools.repeat(0)) if name == "second" else None
"""


def test_among_several_questions_the_one_that_hangs_is_named(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SEVERAL, str(tmp_path / "note")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, cwd=Path(__file__).parents[2])
    assert done.returncode == 1 and hung(tmp_path / "note") == "second"


def test_among_several_questions_the_hard_clock_is_set_anew_only_when_its_grace_is_half_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So each has its time, and at most the grace beyond it."""
    told: list[str] = []
    monkeypatch.setattr(faulthandler, "dump_traceback_later", lambda *_, **__: told.append("set"))
    monkeypatch.setattr(faulthandler, "cancel_dump_traceback_later", lambda: told.append("off"))
    deadline = Deadline(5.0, tmp_path / "note")
    with deadline.several():
        for seconds in (0.0, 0.0, GRACE_SECONDS / 2 + 0.05, 0.0, 0.0):
            with deadline.watch("asked"):
                time.sleep(seconds)
    assert told == ["set", "set", "off"]
    with deadline.watch("asked"):
        pass
    assert told[3:] == ["set", "off"]
    deadline.close()


def test_the_soft_clock() -> None:
    deadline = Deadline(0.05)
    with deadline.watch(""):
        pass
    begun = time.monotonic()
    with pytest.raises(Overdue), deadline.watch(""):
        time.sleep(5)
    assert time.monotonic() - begun < 2
    with pytest.raises(Overdue), deadline.watch(""), contextlib.suppress(BaseException):
        time.sleep(5)  # who swallows the alarm is late all the same


def test_a_note_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    """A full disk, say; the soft clock still runs."""
    deadline = Deadline(0.05, tmp_path / "gone" / "note")
    with deadline.watch("asked"):
        pass
    with pytest.raises(Overdue), deadline.watch("asked"):
        time.sleep(5)
    deadline.close()


def test_beside_the_main_thread_an_answer_is_late_when_it_comes() -> None:
    said: list[str] = []

    def ask() -> None:
        try:
            with Deadline(0.01).watch(""):
                time.sleep(0.05)
        except Overdue:
            said.append("late")

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert said == ["late"]


def test_a_note_tells_nothing_of_a_death_of_another_kind(tmp_path: Path) -> None:
    assert hung(tmp_path / "none") is None
    (tmp_path / "note").write_text("strategy x, day 1: asked")
    assert hung(tmp_path / "note") is None


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), float("inf"), True, 1e6])
def test_wrong_deadlines_are_refused(wrong: float, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="decision_seconds: must be more than 0 and at most 86400"):
        compare(load_scenario("double12", SMALL), out=tmp_path, decision_seconds=wrong)
