"""The pytest plugin in a scratch project: the fixtures and --peakshift-gate, as a team uses them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim.lab.gate import gate
from sim.scenario import load_scenario

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parents[2]
MINE = """
from dataclasses import dataclass
from strategies.pricing.list_price import ListPrice

@dataclass
class Mine(ListPrice):
    def price(self, view, forecast, rng):
        return super().price(view, forecast, rng)
"""
SCENARIO = """
extends: shipped:double12.yaml
market: {consumers: 500}
calendar: {start: 2023-11-25, warm_up_days: 3, scored_days: 8, settlement_days: 1}
replications: 2
line_ups: {closed_loop: {pricing: ./mine.py:Mine}}
compare: {schedules: [always_on], baseline: {schedule: always_on, line_up: gut_feel}}
"""


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The text of a baseline of two pairs."""
    folder = tmp_path_factory.mktemp("team")
    (folder / "mine.py").write_text(MINE)
    (folder / "s.yaml").write_text(SCENARIO)
    scenario, file = load_scenario(folder / "s.yaml"), folder / "baseline.json"
    assert gate(scenario, file, renew=True, scenario_name=str(folder / "s.yaml"), workers=1).passed
    return file.read_text()


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, baseline: str) -> pytest.Pytester:
    """A team's project with its baseline."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.path.joinpath("mine.py").write_text(MINE)
    pytester.path.joinpath("s.yaml").write_text(SCENARIO)
    pytester.path.joinpath("baseline.json").write_text(baseline)
    return pytester


def ran(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """pytest in a process of its own, with our plugin alone, whether the package is installed or not."""
    ours = ("-p", "sim.pytest_plugin", "-p", "no:cacheprovider", "--peakshift-workers", "1")
    return project.runpytest_subprocess(*ours, *arguments)


def worse(project: pytest.Pytester) -> None:
    project.path.joinpath("mine.py").write_text(
        "import dataclasses\n"
        + MINE.replace(
            "return super().price(view, forecast, rng)",
            "offers = super().price(view, forecast, rng)\n"
            "        return dataclasses.replace(offers, prices=0.7 * offers.prices)",
        )
    )


def test_the_option_makes_a_test_of_each_pair(project: pytest.Pytester) -> None:
    worse(project)
    result = ran(project, "--peakshift-gate", "baseline.json", "-v", "--junitxml", "junit.xml")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*always_on/gut_feel PASSED*", "*always_on/closed_loop FAILED*"])
    result.stdout.fnmatch_lines(["*FAIL always_on/closed_loop profit (yuan)*", "*source of ./mine.py:Mine*"])
    assert "Traceback" not in result.stdout.str()
    assert "always_on/closed_loop" in project.path.joinpath("junit.xml").read_text()


def test_the_fixtures(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_team="""
        def test_gate(gate):
            assert gate("baseline.json", line_up="closed_loop").passed

        def test_gate_of_the_option(gate):
            assert gate(line_up="closed_loop").findings
        """
    )
    result = ran(project, "test_team.py")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*gate: must be given a baseline, here or with --peakshift-gate*"])
    worse(project)
    result = ran(project, "test_team.py", "-k", "option", "--peakshift-gate", "baseline.json")
    result.assert_outcomes(failed=1, deselected=3)  # -k chooses among the gate's own tests too
    result.stdout.fnmatch_lines(["*FAIL always_on/closed_loop profit (yuan)*"])


def test_a_file_that_is_no_baseline_is_one_line(project: pytest.Pytester) -> None:
    result = ran(project, "--peakshift-gate", "none.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*none.json: must be a baseline that exists; --renew writes it*"])


def test_a_stale_baseline_is_one_line(project: pytest.Pytester, baseline: str) -> None:
    file = project.path / "baseline.json"
    file.write_text(json.dumps(json.loads(baseline) | {"scenario_hash": "0"}))
    result = ran(project, "--peakshift-gate", "baseline.json")
    result.assert_outcomes(failed=2)
    assert "is stale" in result.stdout.str() and "Traceback" not in result.stdout.str()
