"""All shipped strategies keep all laws or have a reason; a stranger's file is checked and compared like them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sim.errors import PluginError, UsageError
from sim.lab.check import check, laws
from sim.lab.check.references import resolve, shipped_references
from sim.lab.check.views import arrays, axes, recorded, scenario
from tests.laws.test_laws import BROKEN_FOLDER

EXCEPTIONS: dict[str, dict[str, str]] = {}
"""Shipped strategy -> law that it breaks -> why that is right. One that holds after all fails the test."""

EXTRAS = {"forecasting/quantile_boosting": "lightgbm"}
"""Shipped strategy -> the library of the optional extra that it needs."""

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("reference", shipped_references())
def test_a_shipped_strategy_keeps_the_laws(reference: str) -> None:
    if reference in EXTRAS:
        pytest.importorskip(EXTRAS[reference], reason="an optional extra that is not installed here")
    (report,) = check([reference], workers=1)
    assert len(report.outcomes) == len(laws())
    assert set(report.broken) == set(EXCEPTIONS.get(reference, {})), report.broken
    assert all(o.status != "not reached" for o in report.outcomes)


def test_exceptions_are_of_strategies_and_laws_that_exist() -> None:
    assert set(EXCEPTIONS) <= set(shipped_references())
    assert all(set(known) <= set(laws()) for known in EXCEPTIONS.values())


@pytest.mark.parametrize(
    ("reference", "law", "status"),
    [
        ("alike:FiveNamedYuanOff", "currency does not matter", "holds"),
        ("alike:DrawsForTheFirst", "sku order does not matter", "broken"),
        ("declared:FirstOfAll", "sku order does not matter", "exempt"),
        ("declared:FiveOff", "currency does not matter", "exempt"),
        ("declared:Counts", "keeps nothing from day to day", "exempt"),
        ("declared:Knows", "truth is for oracles", "exempt"),
        ("sound:Sound", "blind sees no market", "exempt"),
        ("sound:SoundForecaster", "declared memory is enough", "holds"),
    ],
)
def test_what_is_declared_is_no_fault(reference: str, law: str, status: str) -> None:
    (report,) = check([f"{BROKEN_FOLDER}.{reference}"], workers=1)
    (found,) = (o for o in report.outcomes if o.law == law)
    assert found.status == status, found
    assert report.passed == (status != "broken"), report.broken


def test_the_recorded_world_has_every_axis() -> None:
    """Every array of the view, of the shop and of the forecast: no axis that the laws do not know."""
    names = {name: axes(name) for name, _ in arrays(recorded()[43])}
    assert "?" not in "".join(
        letters for name, letters in names.items() if not name.startswith(("forecast.", "shop.price_breaks"))
    )
    assert names["sold"] == "KCD" and names["on_order"] == "KWH" and names["shop.city_share"] == "C"
    assert recorded()[43].view.sold.sum() > 500 and len(scenario().schedules["big_promo"]) == 2


# ---- references --------------------------------------------------------------------------------
def test_a_name_is_enough_where_one_kind_has_it() -> None:
    assert [f.name for f in resolve("newsvendor", Path())] == ["stocking/newsvendor"]
    assert [f.name for f in resolve("stocking/newsvendor", Path())] == ["stocking/newsvendor"]
    assert [f.kind for f in resolve("strategies.pricing.personal:Personal", Path())] == ["pricing"]


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("newsvender", "got 'newsvender'; did you mean 'newsvendor'?"),
        ("stocking/newsvender", "stocking strategy must be one that exists, got 'newsvender'; did you mean"),
        ("zzzz", "must be one that is shipped, ./file.py:Class or module:Class, got 'zzzz'; peakshift list strategies"),
        ("./gone.py:A", "strategy './gone.py:A': must be an existing file"),
        ("json:loads", "must be a subclass of one of Forecaster, Pricer, Stocker, Staffer, Outreach in sim.contracts"),
        ("acme.gone:A", "could not be imported, ModuleNotFoundError"),
    ],
)
def test_a_reference_that_leads_nowhere(reference: str, message: str) -> None:
    with pytest.raises(PluginError) as error:
        resolve(reference, Path())
    assert message in str(error.value)


def test_a_wrong_deadline() -> None:
    with pytest.raises(UsageError, match="decision_seconds: must be more than 0"):
        check(["newsvendor"], decision_seconds=0)


# ---- a stranger ----------------------------------------------------------------------------------
STRANGER = '''"""Nine tenths of the list price on Tuesdays. Source: my grocer."""
from dataclasses import dataclass

import numpy as np

from sim.contracts import Offers, Pricer


@dataclass
class Tuesday(Pricer):
    """Cheap once a week."""
    info, memory_days = "blind", 0
    cut_share: float = 0.1
    def price(self, view, forecast, rng):
        price = view.shop.list_price * (1 - self.cut_share * (view.date.weekday() == 1))
        return Offers(np.tile(price, (len(view.shop.channels), 1)), np.zeros((len(view.shop.groups), len(price))))
'''
MINE = """
extends: shipped:double12.yaml
replications: 1
market: {consumers: 500}
calendar: {start: 2023-11-25, warm_up_days: 5, scored_days: 20, settlement_days: 5}
line_ups: {mine: {forecasting: moving_average, pricing: "./mine.py:Tuesday", stocking: newsvendor, staffing: fixed,
                  outreach: none}}
compare: {baseline: {schedule: always_on, line_up: gut_feel}, schedules: [always_on], line_ups: [gut_feel, mine]}
"""


def peakshift(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sim", *args]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=environment, timeout=300)


def test_a_strangers_strategy_is_checked_and_compared(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(STRANGER)
    (tmp_path / "s.yaml").write_text(MINE)
    done = peakshift("check", "./mine.py:Tuesday", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(laws()) and all(line.startswith("./mine.py:Tuesday  ") for line in lines)
    done = peakshift("compare", "s.yaml", "--json", "--workers", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {row["line_up"] for row in json.loads(done.stdout)["comparison"]} == {"mine"}


def test_the_command_says_no_and_hung_code_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(STRANGER.replace("0.1", "2.5"))
    deaf = STRANGER.replace("        price =", "        import itertools; sum(itertools.repeat(0))\n        price =")
    (tmp_path / "deaf.py").write_text(deaf)
    args = ("check", "mine.py:Tuesday", "deaf.py", "none", "--json", "--workers", "2", "--decision-seconds", "2")
    done = peakshift(*args, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    told = {report["strategy"]: report for report in json.loads(done.stdout)}
    assert [r["passed"] for r in told.values()] == [False, False, True] and "outreach/none" in told
    status = {o["law"]: (o["status"], o["message"]) for o in told["deaf.py"]["outcomes"]}
    assert status.pop("answers in time") == ("broken", "must answer within 2 s, was stopped on day 43")
    assert set(status.values()) == {("not reached", "the process was ended")}


def test_the_command_on_a_wrong_name(tmp_path: Path) -> None:
    done = peakshift("check", "newsvender", cwd=tmp_path)
    assert done.returncode == 2 and "did you mean 'newsvendor'?" in done.stderr and "Traceback" not in done.stderr


# ---- pytest ------------------------------------------------------------------------------------
TESTS = """
def test_mine(strategy_laws):
    (report,) = strategy_laws("./mine.py:Tuesday")
    assert report.passed

def test_broken(strategy_laws):
    strategy_laws("./loud.py")

def test_known(strategy_laws):
    strategy_laws("./loud.py", exceptions={"says nothing": "it is meant for a demonstration"})

def test_outlived(strategy_laws):
    strategy_laws("./mine.py", exceptions={"says nothing": "it was loud once"})
"""


def test_the_fixture_holds_a_teams_strategy_to_the_laws(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(STRANGER)
    (tmp_path / "loud.py").write_text(STRANGER.replace("        price =", '        print("hello")\n        price ='))
    (tmp_path / "test_team.py").write_text(TESTS)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "sim.pytest_plugin", "test_team.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment, timeout=300)
    assert "2 failed, 2 passed" in done.stdout, done.stdout + done.stderr
    assert "./loud.py  says nothing: must print nothing, it printed 'hello'" in done.stdout
    assert "./mine.py  says nothing: is no longer broken, its exception must go (it was loud once)" in done.stdout


def test_pytest_finds_the_plugin_by_its_entry_point() -> None:
    assert 'pytest11]\npeakshift = "sim.pytest_plugin"' in (ROOT / "pyproject.toml").read_text("utf-8")
