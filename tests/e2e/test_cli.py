"""The command as a user types it: results, messages, exit codes, never a traceback."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from sim.cli import main
from sim.cli.options import Progress
from sim.errors import Fault
from sim.scenario.merge import SHIPPED

SMALL = ("--set", "market.consumers=600", "--set", "calendar.start=2023-12-05", "--set", "calendar.warm_up_days=3",
         "--set", "calendar.scored_days=12", "--set", "calendar.settlement_days=2")  # fmt: skip

NAMES = ("daily_orders", "hourly_load", "paired_differences", "difference_waterfall", "profit_waterfall", "trade_off",
         "churn_by_cause", "retention_curves", "stock_and_ageing")  # fmt: skip


def peakshift(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONWARNINGS": "error::DeprecationWarning:sim"}
    return subprocess.run(
        [sys.executable, "-m", "sim", *args], cwd=cwd, capture_output=True, text=True, env=environment, timeout=300
    )


def test_compare_prints_the_verdict_and_writes_all_files(tmp_path: Path) -> None:
    done = peakshift("compare", "double12", *SMALL, "--replications", "2", "--workers", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    warned = peakshift("validate", "double12", *SMALL, cwd=tmp_path).stderr
    assert "which may decide the profit" in warned  # so short a calendar cuts the season off
    assert re.sub(r"\d+ of \d+ runs\n", "", done.stderr) == warned  # lines of progress, where it takes long
    assert "verdict" in done.stdout and "always_on with closed_loop, against big_promo with gut_feel" in done.stdout
    (folder,) = (tmp_path / "results" / "runs").iterdir()
    names = {path.name for path in folder.iterdir()}
    assert {"runs.parquet", "comparison.csv", "daily.parquet", "manifest.json", "hourly.parquet", "pnl.parquet",
            "cohorts.parquet", "campaigns.parquet", "figures"} <= names  # fmt: skip
    figures = {path.name for path in (folder / "figures").iterdir()}
    assert figures == {f"{n}.{e}" for n in NAMES for e in ("png", "svg")}
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_json_is_the_same_with_one_and_two_workers(tmp_path: Path) -> None:
    outputs, tables = [], []
    for workers in ("1", "2"):
        done = peakshift("compare", "double12", *SMALL, "--replications", "2", "--json", "--workers", workers,
                         "--out", f"w{workers}", cwd=tmp_path)  # fmt: skip
        assert done.returncode == 0, done.stderr
        data = json.loads(done.stdout)
        outputs.append((data["comparison"], data["verdict"]))
        tables.append((tmp_path / f"w{workers}" / "runs.parquet").read_bytes())
    assert outputs[0] == outputs[1] and tables[0] == tables[1]
    assert len(outputs[0][0]) >= 9 and {"profit", "peak_load", "retention_90d"} <= {r["metric"] for r in outputs[0][0]}


def test_a_log_gets_a_line_of_progress_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("sim.cli.options.time.monotonic", lambda: now[0])
    with Progress(quiet=False) as told:
        assert told is not None
        for done, second in enumerate((0.0, 29.0, 31.0, 45.0, 62.0)):
            now[0] = second
            told(done, 9)
    assert capsys.readouterr().err == "2 of 9 runs\n4 of 9 runs\n"
    with Progress(quiet=True) as none:
        assert none is None


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT can be sent to one process alone there")
@pytest.mark.parametrize(("stop", "workers"), [(signal.SIGINT, "1"), (signal.SIGINT, "2"), (signal.SIGTERM, "2")])
def test_an_interrupted_experiment_says_what_is_kept(tmp_path: Path, stop: signal.Signals, workers: str) -> None:
    command = [sys.executable, "-m", "sim", "compare", "double12", *SMALL, "--replications", "30", "--workers", workers,
               "--out", str(tmp_path / "out")]  # fmt: skip
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores it
    ) as process:  # fmt: skip
        while len(list((tmp_path / "out" / "runs").glob("*.npz"))) < 2 and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(stop)
        said, told = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in told and "verdict" not in said, told
    words = re.search(r"^interrupted: (\d+) finished runs are kept in \S+; the same command goes on from", told, re.M)
    kept = len(list((tmp_path / "out" / "runs").glob("*.npz")))  # workers may have finished what they were at
    assert words is not None and 2 <= int(words[1]) <= kept <= int(words[1]) + int(workers) < 120, (told, kept)


LOUD = """
from dataclasses import dataclass
import numpy as np
from sim.contracts import Stocker, StockPlan
print("on import")
@dataclass
class Loud(Stocker):
    info, memory_days = "informed", 0
    def __post_init__(self):
        print("on building")
    def order(self, view, forecast, rng):
        print("on asking")
        k, w = len(view.shop.skus), len(view.shop.warehouses)
        return StockPlan(np.zeros((k, w), np.int64), np.zeros((k, w, w), np.int64))
"""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_a_strategy_prints_is_no_part_of_the_result(tmp_path: Path, workers: str) -> None:
    (tmp_path / "loud.py").write_text(LOUD)
    (tmp_path / "loud.yaml").write_text(
        "extends: shipped:double12.yaml\nline_ups: {closed_loop: {stocking: ./loud.py:Loud}}\n"
        "compare: {line_ups: [closed_loop]}\n"
    )
    done = peakshift("compare", "loud.yaml", *SMALL, "--replications", "1", "--json", "--workers", workers,
                     "--out", "out", cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["failed"] == []
    assert {"on import", "on building", "on asking"} <= set(done.stderr.splitlines())


def test_run_prints_every_metric(tmp_path: Path) -> None:
    args = ("run", "double12", "--schedule", "always_on", "--line-up", "closed_loop", *SMALL, "--seed", "5")
    text, data = peakshift(*args, cwd=tmp_path), peakshift(*args, "--json", "--out", "one", cwd=tmp_path)
    assert text.returncode == data.returncode == 0, text.stderr + data.stderr
    metrics = json.loads(data.stdout)["metrics"]
    assert all(name in text.stdout for name in metrics)
    ends = {len(line) - len(line.split(maxsplit=2)[2]) for line in text.stdout.splitlines()}
    assert len(ends) == 1 and " -0 " not in text.stdout
    assert len(pd.read_parquet(tmp_path / "one" / "daily.parquet")) == 17


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("compare", "duoble12"),
         "must be a file or one of double12, stores, year, got 'duoble12'; did you mean 'double12'?"),
        (("compare", "no.yaml"), "no.yaml: must be a scenario file that exists\n"),
        (("compare", "double12", "--set", "market.consumers=lots"),
         "--set: market.consumers: must be a whole number of at least 1, got 'lots'"),
        (("compare", "double12", "--set", "compare.metrics=[profit, retention]"), "did you mean 'retention_90d'"),
        (("compare", "double12", "--workers", "0", "--language", "fr", "--until", "x"),
         "peakshift compare: --workers: must be a whole number of at least 1, got '0'\n"
         "peakshift compare: --until: must be a share like 2% or 0.02, got 'x'\n"
         "peakshift compare: --language: must be one of en, zh, got 'fr'\n"),
        (("sensitivity", "double12", "--method", "moris"), "got 'moris'; did you mean 'morris'?"),
        (("explore", "double12", "--port", "99999"), "--port: must be a whole number from 0 to 65535, got '99999'"),
        (("fit",), "peakshift fit: ORDERS: must be given\npeakshift fit: --out: must be given\n"),
        (("compare", "double12", "--replication", "3"), "No such option"),
        (("run", "double12", "--schedule", "bigpromo", "--line-up", "gut_feel"),
         "must be one of big_promo, always_on, three_weeks, got 'bigpromo'; did you mean 'big_promo'?"),
        (("run", "double12"), "--schedule: must be given\npeakshift run: --line-up: must be given\n"),
        (("comapre", "double12"), "no command 'comapre'; did you mean 'compare'?"),
        (("validate", "mine.yaml"), "mine.yaml:2:10: market.consumers: must be a whole number of at least 1"),
        (("new", "a/b"), "NAME: must be letters, digits, _ and -, at most 64, got 'a/b'"),
        (("new", "mine"), "mine.yaml: must not exist yet; nothing was written"),
        (("list", "things"), "list: must be one of strategies, scenarios, metrics, campaigns, got 'things'"),
        (("list", "strtegies"), "did you mean 'strategies'?"),
        (("fit", "no.csv", "--out", "x.yaml"), "no.csv: must be a file that can be read"),
        (("fit", "mine.yaml", "--out", "x.yaml"), "mine.yaml:1: must have the columns"),
        (("rerun", "nowhere"),
         "nowhere: must be the folder of a stored experiment, such as compare wrote, got nothing there"),
        (("rerun", "."), ".: must be the folder of a stored experiment, such as compare wrote, got a folder without"),
        (("compare", "double12", "--until", "500%"), "--until: must be a share above 0 and at most 1"),
        (("compare", "double12", "--most", "9"), "--until: must be given with most"),
        (("tournament", "double12", "--most", "5", "--replications", "8"),
         "--most: must be at least the 8 replications of the first stage, got 5"),
        (("tournament", "double12", "--metric", "proft"), "--metric: must be one of"),
        (("tournament", "double12", "--stocking", "newsvendr"),
         "--stocking: stocking strategy must be one that exists"),
        (("tournament", "double12", "--attribute", "gut_feel,closd_loop"), "--attribute: must be one of"),
        (("tournament", "double12", "--indifference", "200%"), "--indifference: must be a share above 0"),
        (("churn", "double12", "--pair", "big_promo/closd_loop"), "--pair: must be one of"),
    ],
)  # fmt: skip
def test_bad_input_gets_one_message_and_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], args: tuple[str, ...],
    message: str,
) -> None:  # fmt: skip
    (tmp_path / "mine.yaml").write_text("extends: shipped:double12.yaml\nmarket: {consumers: lots}\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:  # in this process: each of its own takes seconds to load
        main(args)
    told = capsys.readouterr()
    assert ended.value.code == 2
    assert message in told.err and "Traceback" not in told.err and told.out == ""
    assert "Errno" not in told.err


def test_bad_input_of_a_process_of_its_own(tmp_path: Path) -> None:
    done = peakshift("validate", "duoble12", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean 'double12'" in done.stderr and "Traceback" not in done.stderr


def test_a_failed_run_gives_exit_code_3_and_the_rest(tmp_path: Path) -> None:
    (tmp_path / "nan.py").write_text(
        "from dataclasses import dataclass\nimport numpy as np\nfrom sim.contracts import Offers, Pricer\n\n\n"
        "@dataclass\n"
        "class Nan(Pricer):\n    def price(self, view, forecast, rng):\n"
        "        return Offers(np.full((3, 20), np.nan), np.zeros((24, 20)))\n"
    )
    (tmp_path / "s.yaml").write_text(
        "extends: shipped:double12.yaml\nline_ups: {closed_loop: {pricing: ./nan.py:Nan}}\n"
    )
    done = peakshift("compare", "s.yaml", *SMALL, "--replications", "2", "--workers", "1", cwd=tmp_path)
    assert done.returncode == 3
    assert "strategy pricing/Nan, day 0: prices must be finite, got nan" in done.stderr
    assert "Traceback" not in done.stderr and "always_on with gut_feel" in done.stdout


def test_a_strategy_that_exits_costs_its_own_runs_only(tmp_path: Path) -> None:
    (tmp_path / "quits.py").write_text(
        "import sys\nfrom dataclasses import dataclass\nfrom sim.contracts import Stocker\n\n\n@dataclass\n"
        "class Quits(Stocker):\n    def order(self, view, forecast, rng):\n        sys.exit('bye\\nbye')\n"
    )
    (tmp_path / "s.yaml").write_text(
        "extends: shipped:double12.yaml\nline_ups: {closed_loop: {stocking: ./quits.py:Quits}}\n"
    )
    done = peakshift("compare", "s.yaml", *SMALL, "--replications", "2", "--workers", "2", cwd=tmp_path)
    assert done.returncode == 3
    told = [line for line in done.stderr.splitlines() if not line.startswith("warning: ")]
    assert len(told) == 4 and all(line.endswith("SystemExit: bye bye (quits.py:9)") for line in told)
    assert "always_on with gut_feel" in done.stdout


def test_a_name_that_looks_like_markup_is_only_a_name(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text('extends: shipped:double12.yaml\nname: "a [/b] \\e[31mred"\n')
    done = peakshift("compare", "s.yaml", *SMALL, "--replications", "1", "--workers", "1", cwd=tmp_path)
    assert done.returncode == 0 and all(line.startswith("warning: ") for line in done.stderr.splitlines())
    assert done.stdout.startswith(r"a [/b] \x1b[31mred: against big_promo with gut_feel")


def test_a_reader_that_leaves_early_is_no_answer(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "sim", "schema"], cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE, timeout=60
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_folder_that_cannot_be_is_said_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = peakshift("compare", "double12", "--out", "file", cwd=tmp_path)  # in full size: must not start
    assert done.returncode == 2
    assert done.stderr == "file/runs: must be a folder that can be written to: Not a directory\n"


def test_lists_wrap_on_a_terminal_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    main(["list", "strategies"])
    whole = capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    main(["list", "strategies"])
    wrapped = capsys.readouterr().out
    assert max(map(len, whole.splitlines())) > 200 and max(map(len, wrapped.splitlines())) <= 80
    assert wrapped.split() == whole.split()


def test_new_list_and_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*args: str) -> str:
        main(args)
        return capsys.readouterr().out

    monkeypatch.chdir(tmp_path)
    assert said("new", "mine") == "wrote mine.yaml; next: peakshift validate mine.yaml\n"
    assert "valid. 20,000 consumers, 20 SKUs, 210 days" in said("validate", "mine.yaml")
    assert "newsvendor" in said("list", "strategies")
    assert "double12" in said("list", "scenarios")
    assert "retention_90d" in said("list", "metrics")
    assert "markdown 15%" in said("list", "campaigns")
    assert json.loads(said("schema"))["title"] == "peakshift scenario"
    assert "market.consumers  [people]  100000" in said("schema", "--table")


def test_what_fit_wrote_is_compared(tmp_path: Path) -> None:
    orders = str(SHIPPED / "data" / "soft_drinks_13w.csv")
    fitted = peakshift("fit", orders, "--out", "my.yaml", "--replications", "0", cwd=tmp_path)
    assert fitted.returncode == 0 and "identified" in fitted.stdout
    assert peakshift("validate", "my.yaml", cwd=tmp_path).returncode == 0
    ran = peakshift("compare", "my.yaml", "--replications", "2", "--workers", "1", "--set", "calendar.scored_days=20",
                    "--set", "calendar.settlement_days=5", cwd=tmp_path)  # fmt: skip
    assert ran.returncode == 0 and "verdict" in ran.stdout, ran.stderr


def test_validate_as_json_says_what_the_text_says(tmp_path: Path) -> None:
    settings = ("--consumers", "2000", "--set", "campaigns.double12.markdown=0.6")
    text, data = (peakshift("validate", "double12", *settings, *more, cwd=tmp_path) for more in ((), ("--json",)))
    told = json.loads(data.stdout)
    assert (text.returncode, data.returncode, data.stderr) == (0, 0, "")
    assert told["warnings"] and [f"warning: {line}" for line in told["warnings"]] == text.stderr.splitlines()
    assert text.stdout == (
        f"double12: valid. {told['consumers']:,} consumers, {told['skus']} SKUs, {told['days']} days, {told['pairs']} "
        f"pairs x {told['replications']} replications; schedules {', '.join(told['schedules'])}; "
        f"line-ups {', '.join(told['line_ups'])}\n"
    )
    wrong = ("--set", "compare.metrics=[proft]", "--set", "seed=x")
    text, data = (peakshift("validate", "double12", *wrong, *more, cwd=tmp_path) for more in ((), ("--json",)))
    told = json.loads(data.stdout)
    assert (text.returncode, data.returncode, data.stderr, told["valid"]) == (2, 2, "", False)
    assert [str(Fault(**fault)) for fault in told["faults"]] == text.stderr.splitlines()
    assert [fault["hint"] for fault in told["faults"]] == [None, "profit"]


def test_help_version_and_no_arguments(tmp_path: Path) -> None:
    assert "compare" in peakshift("--help", cwd=tmp_path).stdout
    assert peakshift("--version", cwd=tmp_path).stdout.startswith("peakshift, version 0.1.0")
    assert peakshift(cwd=tmp_path).returncode in (0, 2)
