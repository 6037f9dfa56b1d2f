"""The gate: what it flags, what it does not, what it says; its power on an injected loss of 1 %."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.cli import main
from sim.errors import UsageError
from sim.lab.gate import GateError, GateResult, gate, judge
from sim.lab.plan import seed_of
from sim.lab.run import run_one
from sim.metrics import all_metrics
from sim.scenario import Scenario
from sim.scenario.root import StrategyUse
from tests.world.markets import campaign, market

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
CHEAP = """
import dataclasses
from dataclasses import dataclass
from strategies.pricing.list_price import ListPrice

@dataclass
class Cheap(ListPrice):
    cut: float = 0.0
    def price(self, view, forecast, rng):
        offers = super().price(view, forecast, rng)
        return dataclasses.replace(offers, prices=offers.prices * (1 - self.cut))
"""
PAIR = ("plain", "plain")


def world(folder: Path, cut: float = 0.0, file: str = "cheap.py", **changes: Any) -> Scenario:
    """A small shop that earns money; its pricer cuts all prices by `cut`."""
    if not (folder / file).exists():
        (folder / file).write_text(CHEAP)
    operations = {
        "warehouses": {"w": {"start_days": 11.0, "pickers": 4, "inspectors": 1}},
        "couriers": {"home": {"couriers": 5}}, "service_desk": {"agents": 2},
    }  # fmt: skip
    shop = {"consumers": 2000, "behaviour": {}} | changes
    made = market(10, {"c": campaign(2, 4, markdown=0.1)}, market=shop, operations=operations)
    pricing = StrategyUse(use=f"./{file}:Cheap", parameters={"cut": cut})
    stocking = StrategyUse(use="round_up", parameters={"cover_days": 5.0, "generous": 1.0, "festival_factor": 1.0})
    line_up = made.line_ups["plain"].model_copy(update={"pricing": pricing, "stocking": stocking})
    changed = made.model_copy(update={"line_ups": {"plain": line_up}})
    changed._folder = folder
    return changed


def held(scenario: Scenario, file: Path, **options: Any) -> GateResult:
    return gate(scenario, file, workers=1, **options)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a baseline of three seeds."""
    folder = tmp_path_factory.mktemp("gate")
    assert held(world(folder), folder / "b.json", renew=True, replications=3).passed
    return folder


def test_a_baseline_is_small_and_readable(stored: Path) -> None:
    text = (stored / "b.json").read_text()
    data = json.loads(text)
    assert len(text) < 3000
    assert {"scenario_hash", "seeds", "packages", "source_hash", "version"} <= set(data)
    assert data["seeds"] == [seed_of(data["seed"], n) for n in range(3)]
    (pair,) = data["pairs"]
    assert set(pair["values"]) == {"profit", "peak_load", "retention_90d"} and len(pair["hashes"]) == 5
    first = run_one(world(stored), "plain", "plain", data["seeds"][0])
    assert pair["values"]["profit"][0] == first.metrics["profit"] > 0


def test_a_change_that_changes_nothing_passes_and_is_named(stored: Path) -> None:
    (stored / "same.py").write_text(CHEAP + "# a comment\n")
    result = held(world(stored, file="same.py"), stored / "b.json")
    assert result.passed and all(finding.difference in (0.0,) or finding.pairs == 0 for finding in result.findings)
    assert result.changes == ('strategy plain/pricing: ./cheap.py:Cheap {"cut": 0.0} -> ./same.py:Cheap {"cut": 0.0}',)
    assert result.lines()[-1] == "gate passed" and "identical on 3 seeds" in result.lines()[0]


def test_a_loss_is_flagged_named_and_measured(stored: Path) -> None:
    result = held(world(stored, cut=0.05), stored / "b.json")
    (bad,) = [finding for finding in result.findings if finding.status == "fail"]
    assert not result.passed and bad.metric == "profit" and bad.high < 0 and bad.now < bad.before
    text = "\n".join(result.lines())
    assert "FAIL plain/plain profit (yuan): " in text and "strategy plain/pricing" in text
    assert "gate failed: 1 of 3 metrics lost more than 0.50% of the baseline" in text
    json.dumps(result.to_dict(), allow_nan=False)
    assert held(world(stored, cut=0.05), stored / "b.json", margin=0.2).passed  # it lost less


def test_renew_makes_the_new_figures_the_baseline(stored: Path, tmp_path: Path) -> None:
    copy = tmp_path / "b.json"
    copy.write_text((stored / "b.json").read_text())
    renewed = held(world(stored, cut=0.05), copy, renew=True, replications=3)
    assert renewed.passed and renewed.renewed and any(f.status == "fail" for f in renewed.findings)  # it says so
    assert held(world(stored, cut=0.05), copy).passed
    assert held(world(stored, cut=0.05), copy, replications=2).findings[0].pairs == 2


def test_a_stale_baseline_is_refused_with_the_remedy(stored: Path) -> None:
    with pytest.raises(UsageError, match=r"b\.json: is stale: the scenario's world must be .*--renew writes it anew"):
        held(world(stored, consumers=2001), stored / "b.json")
    scenario = world(stored)
    other = scenario.model_copy(update={"schedules": {"plain": []}})
    other._folder = stored
    with pytest.raises(UsageError, match=r"is stale: the scenario must have schedule 'plain'.*--renew"):
        held(other, stored / "b.json")


def test_all_that_makes_a_baseline_stale_is_named(stored: Path, tmp_path: Path) -> None:
    scenario = world(stored, consumers=2001)
    line_ups = {"plane": scenario.line_ups["plain"]}
    more = {"late": scenario.campaigns["c"], "c": scenario.campaigns["c"].model_copy(update={"markdown": 0.2})}
    changes = {"schedules": {"plain": ["late"]}, "line_ups": line_ups, "campaigns": more}
    other = scenario.model_copy(update=changes)
    other._folder = stored
    with pytest.raises(UsageError) as caught:
        held(other, stored / "b.json")
    assert str(caught.value) == (
        f"{stored / 'b.json'}: is stale: the scenario must have schedule 'plain' as it was, ['c'], got ['late']; the "
        "scenario must have line-up 'plain', got plane; the scenario's world must be the one of the baseline, got "
        "market.consumers (2000 -> 2001), campaigns.c.markdown (0.1 -> 0.2), campaigns.late (given now); peakshift "
        "gate --renew writes it anew"
    )
    old = {name: value for name, value in json.loads((stored / "b.json").read_text()).items() if name != "world"}
    (tmp_path / "old.json").write_text(json.dumps(old))
    assert held(world(stored), tmp_path / "old.json").passed
    with pytest.raises(UsageError, match=r"got another one \(the baseline is too old to say in which fields\)"):
        held(world(stored, consumers=2001), tmp_path / "old.json")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"line_up": "plian"}, r"line_up: must be one of plain .*got 'plian'; did you mean 'plain'\?"),
        ({"schedule": "x"}, r"schedule: must be one of plain \(in .*--renew writes it anew\), got 'x'"),
        ({"replications": 4}, r"replications: must be at most the 3 of .*b\.json, got 4; .*--renew"),
        ({"replications": 1}, r"replications: must be at least 2"),
        ({"margin": float("nan")}, r"margin: must be a share from 0 to below 1, got nan"),
    ],
)
def test_wrong_questions_are_refused(stored: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        held(world(stored), stored / "b.json", **options)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (None, r"must be a baseline that exists; --renew writes it"),
        ("{", r"must be as `peakshift gate --renew` writes it: Invalid JSON"),
        ({"peakshift_gate": 2}, r"peakshift_gate: must be as .* writes it: Input should be 1"),
        ({"pairs": []}, r"pairs: must be as"),
        ({"seeds": [1, 2]}, r"plain/plain profit: must hold 2 values, got 3"),
        ({"more": 1}, r"more: must be as .*: Extra inputs are not permitted"),
    ],
)
def test_what_is_no_baseline_is_said(stored: Path, tmp_path: Path, change: object, message: str) -> None:
    file = tmp_path / "b.json"
    if isinstance(change, str):
        file.write_text(change)
    elif isinstance(change, dict):
        file.write_text(json.dumps(json.loads((stored / "b.json").read_text()) | change))
    with pytest.raises(UsageError, match=message):
        held(world(stored), file)


def test_a_run_that_fails_fails_the_gate_and_makes_no_baseline(stored: Path, tmp_path: Path) -> None:
    broken = world(stored, cut=2.0)  # prices below zero
    result = held(broken, stored / "b.json")
    assert not result.passed and "3 of 3 runs failed: StrategyError: " in result.lines()[0]
    with pytest.raises(GateError, match=r"new\.json: not written, 2 of 2 runs failed"):
        held(broken, tmp_path / "new.json", renew=True, replications=2)
    assert not list(tmp_path.iterdir())


def found(before: list[float], now: list[float], metric: str = "profit", margin: float = 0.005) -> str:
    return judge(PAIR, metric, np.array(before), np.array(now), margin).status


def test_the_rule() -> None:
    nan = float("nan")
    assert found([100, 102, 98], [100, 102, 98]) == "ok"
    assert found([100, 102, 98], [99, 101.1, 97.2]) == "fail"  # surely 0.9 % less
    assert found([100, 102, 98], [99.7, 101.7, 97.7]) == "ok"  # surely less, and too little to matter
    assert found([100, 102, 98], [90, 108, 95]) == "ok"  # 2.3 % less, and not surely
    assert found([100, 102, 98], [101, 103, 99]) == "ok"  # more
    assert all_metrics()["peak_load"].better == "lower"
    assert found([10, 11, 12], [10.2, 11.2, 12.2], "peak_load") == "fail"
    assert found([10, 11, 12], [9.8, 10.8, 11.8], "peak_load") == "ok"
    assert found([-100, -102, -98], [-101, -103, -99]) == "fail"  # a loss that grew
    assert found([100, nan, 98], [100, 5, 98]) == "ok"  # it was not defined there
    assert found([100, 102, 98], [100, 102, nan]) == "fail"  # and now no longer is
    assert found([nan, nan], [nan, nan]) == "ok"
    assert found([0, 0, 0], [-1, -1.1, -0.9]) == "fail"  # nothing to take a share of: any sure loss


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A strategy file that is edited between two commands, as a team does it."""
    (tmp_path / "results").mkdir()
    (tmp_path / "mine.py").write_text(CHEAP)
    (tmp_path / "s.yaml").write_text(
        "extends: shipped:double12.yaml\nmarket: {consumers: 500}\n"
        "calendar: {start: 2023-11-25, warm_up_days: 3, scored_days: 8, settlement_days: 1}\n"
        "line_ups: {closed_loop: {pricing: ./mine.py:Cheap}}\n"
    )
    monkeypatch.chdir(tmp_path / "results")
    command = ["gate", "../s.yaml", "--baseline", "b.json", "--workers", "1"]

    def here(*more: str) -> tuple[object, str, str]:
        with pytest.raises(SystemExit) as left:
            main([*command, *more])
        told = capsys.readouterr()
        return left.value.code, told.out, told.err

    assert here() == (2, "", "b.json: must be a baseline that exists; --renew writes it\n")
    one = ("--schedule", "always_on", "--line-up", "closed_loop")
    assert here("--renew", "--replications", "2", *one) == (0, "baseline written: b.json\n", "")
    assert json.loads((tmp_path / "results" / "b.json").read_text())["scenario"] == "../s.yaml"
    code, _, text = here("--set", "market.consumers=501")
    assert code == 2 and "is stale" in text
    code, _, text = here("--margin", "0.5")
    assert code == 2 and "must be a percentage from 0% to below 100%, such as 0.5%, got '0.5'" in text
    (tmp_path / "mine.py").write_text(CHEAP.replace("1 - self.cut", "0.7"))
    fresh = subprocess.run([sys.executable, "-m", "sim", *command, "--json"], cwd=tmp_path / "results", text=True,
                           env=ENVIRONMENT, capture_output=True, timeout=300)  # fmt: skip
    assert (fresh.returncode, fresh.stderr) == (1, "")
    data = json.loads(fresh.stdout)
    assert data["passed"] is False and data["changes"] == ["strategy closed_loop/pricing: source of ./mine.py:Cheap"]
    assert data["findings"][0]["status"] == "fail" and data["findings"][0]["metric"] == "profit"


SEEDS, REPLICATIONS, TRIALS, NO_OPS = 80, 10, 50, 200


@pytest.mark.slow
def test_a_loss_of_one_per_cent_is_found_and_no_change_is_not(tmp_path: Path) -> None:
    """A real strategy made worse: prices cut until profit is 1 % lower. Trials draw their seeds from one pool."""
    (tmp_path / "same.py").write_text(CHEAP + "# a comment\n")
    seeds = [seed_of(6, n) for n in range(SEEDS)]

    def profits(scenario: Scenario, number: int = SEEDS) -> np.ndarray:
        return np.array([run_one(scenario, "plain", "plain", seed).metrics["profit"] for seed in seeds[:number]])

    before = profits(world(tmp_path))
    tried = profits(world(tmp_path, cut=0.005), 40)
    cut = 0.005 * 0.01 * before[:40].mean() / (before[:40] - tried).mean()
    worse, same = profits(world(tmp_path, cut=cut)), profits(world(tmp_path, file="same.py"))
    loss = (before - worse).mean() / before.mean()
    draw = np.random.default_rng(1)
    picks = [draw.choice(SEEDS, REPLICATIONS, replace=False) for _ in range(NO_OPS)]
    hit = sum(judge(PAIR, "profit", before[p], worse[p], 0.005).status == "fail" for p in picks[:TRIALS])
    false = sum(judge(PAIR, "profit", before[p], same[p], 0.005).status == "fail" for p in picks)
    print(f"loss of {loss:.2%} (prices cut by {cut:.3%}): found in {hit} of {TRIALS} trials of {REPLICATIONS} seeds; "
          f"no change flagged in {false} of {NO_OPS}; paired sd {(before - worse).std() / before.mean():.2%}, "
          f"unpaired {before.std() / before.mean():.1%}")  # fmt: skip
    assert 0.008 < loss < 0.012
    assert (same == before).all() and false == 0
    assert hit >= 0.95 * TRIALS
