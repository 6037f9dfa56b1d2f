"""Every command writes the tables that results/README.md explains, column by column, and draws their figures."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.image import imread

from sim.cli import main
from sim.report.columns import A_FIFTH, REFERENCE, results_readme
from sim.report.experiment_tables import TABLES
from sim.report.figures import EXPERIMENTS, save_experiment, table_of
from sim.report.style import DARK, LIGHT

ROOT = Path(__file__).resolve().parents[2]
SMALL = ["--set", "market.consumers=1000", "--set", "calendar.start=2023-11-29", "--set", "calendar.warm_up_days=4",
         "--set", "calendar.scored_days=16", "--set", "calendar.settlement_days=3", "--json"]  # fmt: skip
COMMANDS = {
    "peakshift run --out": "run --schedule big_promo --line-up gut_feel",
    "peakshift decompose --out": "decompose --campaign double12 --replications 2",
    "peakshift smoothing --out": "smoothing --campaign double12 --events 1,2 --offered --replications 2",
    "peakshift tournament": "tournament --stocking newsvendor --replications 3 --most 3",
    "peakshift breakeven": "breakeven --x campaigns.double12.markdown=0:0.4:2 --y campaigns.double12.ritual=0:1:2 "
    "--replications 2",
    "peakshift preflight --out": "preflight --campaign double12 --days 4 --replications 2",
    "peakshift preflight --backtest --out": "preflight --campaign double12 --days 4 --replications 2 --backtest 4",
}


def test_every_table_has_a_command_here_and_every_figure_a_table() -> None:
    assert {table.command for table in TABLES.values()} == set(COMMANDS)
    assert {table.figure for table in TABLES.values()} - {"", "breakeven_map"} == set(EXPERIMENTS)
    assert all(TABLES[table_of(name)].figure == name for name in EXPERIMENTS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_writes_its_tables_and_draws_them(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, *options = shlex.split(COMMANDS[command])
    workers = [] if name == "run" else ["--workers", "1"]
    main([name, "double12", *options, *workers, *SMALL, "--out", str(tmp_path)])
    told = json.loads(capsys.readouterr().out)
    mine = {name: table for name, table in TABLES.items() if table.command == command}
    written = {file.name for file in tmp_path.glob("*.csv")} - {"comparison.csv", "budget.csv"}
    assert written == set(mine)
    for file, table in mine.items():
        stored = pd.read_csv(tmp_path / file)
        assert list(stored.columns) == list(table.columns), file
        assert len(stored) or file == "line.csv", file  # a map need not break even
    figures = {f"{table.figure}{end}" for table in mine.values() if table.figure for end in (".png", ".svg")}
    assert {file.name for file in (tmp_path / "figures").iterdir()} == figures
    assert {Path(path).name for path in told["figures"]} == figures and not list(tmp_path.glob("*.png"))


def test_the_readme_explains_every_column_with_its_unit() -> None:
    page = results_readme()
    for name, table in TABLES.items():
        part = page[page.index(f"\n### {name}\n") :].split("\n### ")[1]
        for column, (unit, meaning) in table.columns.items():
            assert unit and meaning and f"| {column} | {unit} | {meaning} |\n" in part


def test_a_stored_table_is_drawn_the_same_and_dark_where_asked(tmp_path: Path) -> None:
    fan = pd.DataFrame({"date": ["2023-12-09", "2023-12-10"], "campaigns": [None, "sale"], "actual": [5.0, None],
                        "q05": [1.0, 2.0], "q50": [4.0, 5.0], "q95": [7.0, 8.0]})  # fmt: skip
    for folder, theme in (("a", LIGHT), ("b", LIGHT), ("dark", DARK)):
        paths = save_experiment(tmp_path / folder, "forecast_fan", fan, theme)
        assert [p.relative_to(tmp_path / folder).as_posix() for p in paths] == [
            "figures/forecast_fan.png", "figures/forecast_fan.svg",
        ]  # fmt: skip
    light, again, dark = ((tmp_path / name / "figures" / "forecast_fan.png") for name in ("a", "b", "dark"))
    assert light.read_bytes() == again.read_bytes()
    assert imread(light)[0, 0, 0] > 0.9 and imread(dark)[0, 0, 0] < 0.2


def _lines() -> list[list[str]]:
    shown = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", "reference"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [shlex.split(line) for line in shown.stdout.replace("\\\n", " ").splitlines() if "bin/peakshift" in line]


@pytest.mark.skipif(shutil.which("make") is None, reason="reads the Makefile by make itself")
def test_make_reference_runs_what_the_readme_tells() -> None:
    compare, *others = _lines()
    assert compare[1:3] == ["compare", "double12"] and len(others) == len(REFERENCE)
    for words, told in zip(others, REFERENCE, strict=True):
        wanted = shlex.split(told)[1:]
        assert words[1 : 1 + len(wanted)] == wanted
        assert {text for flag, text in pairwise(words) if flag == "--set"} >= set(A_FIFTH)
