"""Experiments: identical at any number of workers, resumable, failures are rows, disks may be full."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.cli import main
from sim.errors import UsageError
from sim.lab import store
from sim.lab.budget import BudgetError, scaled
from sim.lab.compare import compare, deliver
from sim.lab.plan import pairs, plan, seed_of
from sim.lab.rerun import rerun
from sim.lab.run import RunResult, run_one
from sim.lab.store import StoreError
from sim.lab.tally import tally
from sim.scenario import Scenario, load_scenario

SMALL = ("market.consumers=800", "calendar.start=2023-12-05", "calendar.warm_up_days=3", "calendar.scored_days=12",
         "calendar.settlement_days=2", "replications=2")  # fmt: skip
TABLES = ("runs", "daily", "hourly", "pnl", "cohorts", "campaigns")


def small(*extra: str) -> Scenario:
    return load_scenario("double12", (*SMALL, *extra))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("one")
    compare(small(), out=out, workers=1)
    return out


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {name: (folder / f"{name}.parquet").read_bytes() for name in TABLES}


def test_same_bytes_with_two_workers(folder: Path, tmp_path: Path) -> None:
    compare(small(), out=tmp_path, workers=2)
    assert bytes_of(tmp_path) == bytes_of(folder)
    assert (tmp_path / "comparison.csv").read_bytes() == (folder / "comparison.csv").read_bytes()


def test_resume_runs_only_what_is_missing_and_ends_with_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    compare(small(), out=tmp_path, workers=1)
    files = sorted((tmp_path / "runs").glob("*.npz"))
    assert len(files) == 8
    before = {file: file.stat().st_mtime_ns for file in files[2:]}
    files[0].unlink()
    files[1].write_bytes(files[1].read_bytes()[:100])  # torn from outside
    compare(small(), out=tmp_path, workers=1)
    assert bytes_of(tmp_path) == bytes_of(folder)
    assert {file: file.stat().st_mtime_ns for file in files[2:]} == before


def test_an_enlarged_experiment_keeps_its_runs(folder: Path) -> None:
    old, new = {run.key for run in plan(small())}, {run.key for run in plan(small("replications=3"))}
    assert old < new and len(new) == 12
    assert seed_of(5, 0) != seed_of(5, 1) != seed_of(6, 1)
    other = plan(small("market.consumers=801"))
    assert not old & {run.key for run in other}


def test_a_run_is_shared_with_scenarios_that_differ_in_campaigns_of_another_schedule() -> None:
    changed = "campaigns.double12.markdown=0.4"
    keys = [{(r.schedule, r.line_up, r.replication): r.key for r in plan(s)} for s in (small(), small(changed))]
    assert keys[0].keys() == keys[1].keys()
    for (schedule, *rest), key in keys[0].items():
        assert (keys[1][schedule, *rest] == key) == (schedule == "always_on")
    plain, other = (run_one(s, "always_on", "gut_feel", 5) for s in (small(), small(changed)))
    assert plain.error is None and str(plain.metrics) == str(other.metrics)  # NaN is not itself
    for table in ("daily", "hourly", "pnl", "cohorts"):
        mine, theirs = getattr(plain, table), getattr(other, table)
        assert {name: column.tobytes() for name, column in mine.items()} == {
            name: column.tobytes() for name, column in theirs.items()
        }


def test_tables_are_tidy_and_agree(folder: Path) -> None:
    runs, daily = pd.read_parquet(folder / "runs.parquet"), pd.read_parquet(folder / "daily.parquet")
    pnl, hourly = pd.read_parquet(folder / "pnl.parquet"), pd.read_parquet(folder / "hourly.parquet")
    assert len(runs) == 8 and len(daily) == 8 * 17 and set(runs["status"]) == {"done"}
    key = ["schedule", "line_up", "replication"]
    counted = pnl[pnl["day"] >= 3].groupby(key)["yuan"].sum()
    assert np.allclose(counted.to_numpy(), runs.set_index(key)["profit"].sort_index().to_numpy())
    orders = daily.groupby(key)["orders"].sum()
    packed = hourly[hourly["station"] == "hangzhou_dc/pick_pack"].groupby(key)["arrivals"].sum()
    assert (packed >= orders).all()
    comparison = pd.read_csv(folder / "comparison.csv")
    profit = comparison[comparison["metric"] == "profit"].iloc[0]
    assert profit["difference"] == pytest.approx(profit["mean"] - profit["baseline_mean"])
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["failed"] == [] and len(manifest["seeds"]) == 2
    assert len(manifest["strategies"]["closed_loop"]) == 5


def test_rerun_says_identical_and_finds_a_change(folder: Path) -> None:
    assert rerun(folder, workers=1) == (True, f"{folder}: identical")
    runs = pd.read_parquet(folder / "runs.parquet")
    original = (folder / "runs.parquet").read_bytes()
    runs.loc[0, "profit"] += 1
    store.write_parquet(folder / "runs.parquet", runs)
    same, text = rerun(folder, workers=1)
    assert not same and text.startswith(f"{folder}: differs in runs; neither code nor packages have changed")
    (folder / "runs.parquet").write_bytes(original)


def test_a_faulty_strategy_costs_its_own_runs_only(tmp_path: Path) -> None:
    (tmp_path / "faulty.py").write_text(
        "from dataclasses import dataclass\nfrom sim.contracts import Stocker\n\n@dataclass\nclass Faulty(Stocker):\n"
        "    def order(self, view, forecast, rng):\n        return view.day // 0\n"
    )
    (tmp_path / "s.yaml").write_text(
        "extends: shipped:double12.yaml\nline_ups: {closed_loop: {stocking: ./faulty.py:Faulty}}\n"
    )
    result = compare(load_scenario(tmp_path / "s.yaml", SMALL), out=tmp_path / "out", workers=2)
    status = result.runs.groupby("line_up")["status"].unique().to_dict()
    assert status["gut_feel"].tolist() == ["done"] and status["closed_loop"].tolist() == ["failed"]
    told = result.failures()
    assert len(told) == 4
    assert "strategy stocking/Faulty, day 0: must answer without an error, raised ZeroDivisionError" in told[0]
    assert set(result.comparison["line_up"]) == {"gut_feel"}


def test_nothing_to_compare_and_nothing_delivered(tmp_path: Path) -> None:
    """A single pair has no difference to show; a failed baseline leaves none."""
    one = small("replications=1", "compare.schedules=[big_promo]", "compare.line_ups=[gut_feel]")
    result = compare(one, out=tmp_path, workers=1)
    assert len(result.runs) == 1 and len(result.comparison) == 0 and result.verdict() == []
    assert "against big_promo with gut_feel" in result.table()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = RunResult("s", "l", 1, {"profit": 1.0})
    with pytest.raises(StoreError, match="could not be written"):
        store.save_run(tmp_path / "file" / "run.npz", result)


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "table.bin"
    store.write_atomic(file, lambda stream: stream.write(b"old"))

    def torn(stream: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(StoreError, match=r"table\.bin: could not be written: No space left on device$"):
        store.write_atomic(file, torn)
    assert file.read_bytes() == b"old" and list(tmp_path.iterdir()) == [file]


def test_a_killed_experiment_resumes_to_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    """kill -9 of the parent after its first finished run; then the same call again, on one worker."""
    script = (
        "import sys; from pathlib import Path; from sim import compare, load_scenario\n"
        f"compare(load_scenario('double12', {SMALL!r}), out=Path(sys.argv[1]), workers=2)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=Path(__file__).parents[2])
    limit = time.monotonic() + 60
    while not list(tmp_path.glob("runs/*.npz")) and parent.poll() is None and time.monotonic() < limit:
        time.sleep(0.01)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    done = {file: file.stat().st_mtime_ns for file in tmp_path.glob("runs/*.npz")}
    assert done and not (tmp_path / "manifest.json").exists()
    compare(small(), out=tmp_path, workers=1)
    assert bytes_of(tmp_path) == bytes_of(folder)
    assert {file: file.stat().st_mtime_ns for file in done} == done


@pytest.mark.parametrize(("after", "told"), [(0, "no finished run is kept"), (1, "1 finished run is kept in {}/runs; "),
                                             (2, "2 finished runs are kept in {}/runs; ")])  # fmt: skip
@pytest.mark.parametrize(
    ("error", "words", "code"),
    [(KeyboardInterrupt(), "\ninterrupted: ", 130), (StoreError("x: could not be written: full"), "full; ", 2)],
)
def test_who_ends_it_early_is_told_what_is_kept(
    folder: Path, tmp_path: Path, after: int, told: str, error: BaseException, words: str, code: int,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """By Ctrl-C or a disk that is full; the runs are those of `folder`, brought here one by one."""
    ready = sorted((folder / "runs").glob("*.npz"))

    def deliver_some(tasks: object, runs: Path, *_: object) -> None:
        for file in ready[:after]:
            (runs / file.name).write_bytes(file.read_bytes())
        raise error

    monkeypatch.setattr("sim.lab.delivery.deliver", deliver_some)
    for again, how in ((), "the same command goes on"), (("--fresh",), "without --fresh the same command goes on"):
        with pytest.raises(SystemExit) as left:
            main(["compare", "double12", "--out", str(tmp_path), *again])
        assert left.value.code == code
        assert words + told.format(tmp_path) + (how if after else "") in capsys.readouterr().err


def test_what_is_kept_nowhere_is_not_promised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sim.lab.delivery.map_tasks", interrupted)
    monkeypatch.setattr("sim.lab.fan.run_one", interrupted)
    for command, told in (
        ("run double12 --schedule big_promo --line-up gut_feel", ""),
        ("gate double12 --baseline b.json --renew", ""),
        ("gate double12 --baseline b.json --renew --out out", ": no finished run is kept"),
        ("smoothing double12 --campaign double12", ": no finished run is kept"),
    ):
        with pytest.raises(SystemExit) as left:
            main([*command.split(), "--set", "market.consumers=500"])
        assert (left.value.code, capsys.readouterr().err) == (130, f"\ninterrupted{told}\n")


def test_the_baseline_is_run_though_the_lists_leave_it_out() -> None:
    scenario = small(
        "compare.schedules=[always_on]", "compare.baseline={schedule: big_promo, line_up: gut_feel}", "replications=1"
    )
    assert pairs(scenario) == [("big_promo", "gut_feel"), ("always_on", "gut_feel"), ("always_on", "closed_loop")]
    assert [(run.schedule, run.line_up) for run in plan(scenario)] == pairs(scenario)


@pytest.mark.parametrize("wrong", [{"replications": 0}, {"replications": 2.5}, {"seed": -1}, {"seed": True}])
def test_wrong_numbers_are_refused(wrong: dict[str, int], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="must be a whole number of at least"):
        compare(small(), out=tmp_path, **wrong)
    assert not list(tmp_path.iterdir())


def test_runs_of_other_library_versions_are_not_taken_up(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {run.key for run in plan(small())}
    monkeypatch.setattr("sim.lab.plan.versions", lambda: {"numpy": "0.0"})
    assert not before & {run.key for run in plan(small())}


def test_memory_holds_metrics_alone(folder: Path) -> None:
    """Whether lived through or read back; the tables come from the files, one run at a time."""
    runs = plan(small("replications=1"))
    for result in (result for _, result in deliver(small(), runs, folder, 1, True, None)):
        assert result.metrics and not (result.daily or result.hourly or result.pnl or result.cohorts)


def test_a_file_damaged_between_runs_and_tables_is_lived_through_again(folder: Path, tmp_path: Path) -> None:
    compare(small(), out=tmp_path, workers=1)
    file = sorted((tmp_path / "runs").glob("*.npz"))[0]
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF  # the head can still be read, a table cannot
    file.write_bytes(content)
    compare(small(), out=tmp_path, workers=1)
    assert bytes_of(tmp_path) == bytes_of(folder)


def test_schedules_are_held_to_the_same_budget(tmp_path: Path) -> None:
    result = compare(small("compare.hold=promo_budget", "compare.line_ups=[gut_feel]"), out=tmp_path, workers=1)
    assert result.budget is not None
    (row,) = result.budget.to_dict("records")
    spent = result.runs.groupby("schedule")["promo_spend"].mean()
    assert spent["always_on"] == pytest.approx(spent["big_promo"], rel=0.02) == row["realised_yuan"] and row["within"]
    assert row["factor"] != 1.0 and row["offered_yuan"] > 0 and (tmp_path / "budget.csv").is_file()
    (line,) = [
        line for line in result.verdict() if line.startswith("Budget: always_on with gut_feel, campaigns scaled")
    ]
    assert "realised" in line and "offered" in line
    assert rerun(tmp_path, workers=1)[0]


def test_a_budget_out_of_reach_is_said(tmp_path: Path) -> None:
    wrong = small("compare.hold=promo_budget", "schedules.always_on=[double11]", "compare.line_ups=[gut_feel]")
    with pytest.raises(BudgetError, match=r"schedules\.always_on: must be able to spend what big_promo spends"):
        compare(wrong, out=tmp_path, workers=1)
    assert scaled(wrong, "always_on", 3.0).campaigns == wrong.campaigns  # double11 lies in the warm-up


def test_replications_are_added_until_enough_is_known(tmp_path: Path) -> None:
    one = small("compare.line_ups=[gut_feel]", "replications=3")
    easy = compare(one, out=tmp_path, workers=1, until=1.0, most=9)
    assert len(easy.runs) == 6 and "look 1 of 3" in str(easy.stopping)
    hard = compare(one, out=tmp_path, workers=1, until=1e-6, most=6)
    assert len(hard.runs) in (6, 12) and str(hard.stopping) == hard.verdict()[-1]
    wider, plain = hard.comparison.set_index("metric"), compare(one, out=tmp_path, workers=1).comparison
    if len(hard.runs) == 6:
        plain = plain.set_index("metric")
        assert (
            wider.loc["profit", "low"] < plain.loc["profit", "low"]
            and wider.loc["profit", "p"] > plain.loc["profit", "p"]
        )


@pytest.mark.parametrize("wrong", [{"until": 0.0}, {"until": 2}, {"most": 5}, {"until": 0.1, "most": 2}])
def test_wrong_stopping_rules_are_refused(wrong: dict[str, float], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="must be"):
        compare(small(), out=tmp_path, **wrong)


def test_wins_ties_and_losses_are_counted_over_scenarios(tmp_path: Path) -> None:
    results = [compare(small(f"seed={seed}"), out=tmp_path / str(seed), workers=1) for seed in (1, 2)]
    count = tally(results)
    assert (count.table[["better", "tie", "worse", "undecided"]].sum(axis=1) == 2).all()
    assert len(count.table) == 3 * 3 and "undecided" in count.text().splitlines()[2]
