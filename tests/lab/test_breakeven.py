"""The break-even map: where theory puts the line, refinement, resuming, the rule in words, bad input."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from sim.cli import main
from sim.errors import MissingExtraError, ScenarioError, UsageError
from sim.lab.breakeven import Breakeven, breakeven, crossings
from sim.lab.design import Base, Range
from sim.lab.rules import learn, predict, sentence
from sim.lab.sensitivity import sensitivity
from sim.scenario import load_scenario, resolved
from tests.world.markets import CALM, plain_tree, sku

BETA, PRICE, NOT_NOW = 4.0, 100.0, 2.0
X, Y = "campaigns.cut.markdown=0.1:0.3:3", "catalogue.skus.a.unit_cost_yuan=50:70:2"
OTHER = ("campaigns.cut.markdown=0:0.3", "catalogue.skus.a.unit_cost_yuan=30:80")


def corner_tree() -> dict[str, object]:
    """One SKU, nothing but the logit: no capacity that binds, no waiting, stockpiling, memory of prices, returns; and
    no cost but that of goods. Whoever comes, comes in either schedule."""
    tree = plain_tree()
    tree["market"] |= {"consumers": 2000}
    tree["market"]["segments"]["all"] |= {"price_sensitivity": BETA, "price_sensitivity_sd": 0.0}
    tree["market"]["behaviour"] = CALM | {"reference_weight": 0.0, "waiting_weight": 0.0, "stockpiling": 0.0,
                                          "speed_utility": 0.0, "trust_visit_weight": 0.0}  # fmt: skip
    tree["catalogue"] = {
        "categories": {"thing": {"need": 1.0, "storability": 0.0, "not_now": NOT_NOW, "return_rate": 0.0}},
        "skus": {"a": sku()},
    }
    tree["operations"]["couriers"] = {"home": {"couriers": 200, "parcel_yuan": 0.0, "surge_extra_yuan": 0.0}}
    tree["operations"]["labour"] = dict.fromkeys(
        ("hour_yuan", "agent_hour_yuan", "temp_hour_yuan", "temp_training_yuan"), 0.0
    )
    tree["operations"]["finance"] = {"salvage_share": 1.0} | dict.fromkeys(
        ("commission", "interest_per_year", "line_haul_yuan", "packing_yuan", "return_yuan", "space_yuan"), 0.0
    )
    day = {"start": "2023-10-02T00:00", "end": "2023-10-02T23:59:59", "announced_days": 0}
    tree["campaigns"] = {"cut": day | {"markdown": 0.2}}
    return tree | {"schedules": {"cut": ["cut"], "plain": []}, "replications": 5}


@pytest.fixture(scope="module")
def corner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("corner") / "corner.yaml"
    file.write_text(yaml.safe_dump(corner_tree(), sort_keys=False))
    return file


@pytest.fixture(scope="module")
def mapped(corner: Path) -> Breakeven:
    return breakeven(corner, X, Y, refine=1, workers=1, out=corner.parent / "map")


def cost_that_breaks_even(depth: float) -> float:
    """Profit s(d) (p (1 - d) - c) equals s(0) (p - c) at this unit cost; s is the logit's share."""
    weight = np.exp(-BETA * np.log(1 - np.array([0.0, depth])))
    share = weight / (weight + np.exp(NOT_NOW))
    lift = share[1] / share[0]
    return float(PRICE * ((1 - depth) * lift - 1) / (lift - 1))


def test_the_line_runs_where_theory_puts_it(mapped: Breakeven) -> None:
    """Down each column of the map: the difference is linear in the unit cost, so nothing is lost between points."""
    columns = mapped.line[mapped.line["path"] == "catalogue.skus.a.unit_cost_yuan"]
    assert columns["other"].tolist() == [0.1, 0.2, 0.3]
    for row in columns.itertuples():
        theory = cost_that_breaks_even(row.other)
        print(f"markdown {row.other}: theory {theory:.2f}, map {row.zero:.2f} [{row.low:.2f}, {row.high:.2f}] yuan")
        assert row.low <= theory <= row.high
        assert row.high - row.low < 8
    assert np.diff(columns["zero"]).max() < 0  # the deeper the cut, the cheaper the goods must be


def test_cells_are_cut_where_undecided_and_nowhere_else(mapped: Breakeven) -> None:
    points, cells = mapped.points, mapped.cells
    assert set(points["level"]) == {0, 1} and not points.duplicated(["x", "y"]).any()
    area = ((cells["x_high"] - cells["x_low"]) * (cells["y_high"] - cells["y_low"])).sum()
    assert area == pytest.approx(0.2 * 20)
    said = points.set_index(["x", "y"])["verdict"]
    for cell in cells.itertuples():
        corners = {said[x, y] for x in (cell.x_low, cell.x_high) for y in (cell.y_low, cell.y_high)}
        assert cell.verdict == (corners.pop() if len(corners) == 1 else "undecided")
        assert cell.level == 1 or cell.verdict != "undecided"
    middle = points[(points["x"] == 0.2) & (points["y"] == 60.0)].iloc[0]
    assert middle["level"] == 1


def test_a_folder_of_another_experiment_is_left_alone(corner: Path, tmp_path: Path) -> None:
    def refused(told: str, *settings: str) -> None:
        before = {file: file.read_bytes() for file in tmp_path.iterdir()}
        with pytest.raises(UsageError, match=rf"--out: must be a new folder .* holds {told}; nothing was written"):
            breakeven(corner, X, Y, settings=settings, workers=1, out=tmp_path)
        assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before

    file = tmp_path / "manifest.json"
    file.write_text('{"scenario": {}}')
    refused("a comparison")
    file.write_text("{")
    refused("a manifest.json that cannot be read: .*")
    loaded = load_scenario(corner)
    file.write_text(json.dumps({"experiment": "breakeven", "base_scenario": resolved(loaded)}))
    more = loaded.market.consumers + 1
    refused(rf"a breakeven that differs in market\.consumers \({more - 1} -> {more}\)", f"market.consumers={more}")


def test_a_second_time_runs_nothing_and_another_metric_neither(mapped: Breakeven, corner: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(mapped.folder, tmp_path / "map")
    runs = {file: file.stat().st_mtime_ns for file in (folder / "runs").glob("*.npz")}
    rows = mapped.points["y"].nunique()  # x moves the cut alone: along a row, `against` is one world
    assert len(runs) == (len(mapped.points) + rows) * 5
    stored = {name: (folder / name).read_bytes() for name in ("breakeven.csv", "breakeven.parquet", "line.csv")}
    torn = next(iter(runs))
    torn.write_bytes(torn.read_bytes()[:50])
    breakeven(corner, X, Y, refine=1, workers=1, out=folder)
    assert stored == {name: (folder / name).read_bytes() for name in stored}
    runs.pop(torn)
    other = breakeven(corner, X, Y, workers=1, out=folder, metric="gmv")
    assert runs == {file: file.stat().st_mtime_ns for file in runs}
    assert set(other.points["metric"]) == {"gmv"} and len(other.points) == 6
    assert json.loads((folder / "manifest.json").read_text())["experiment"] == "breakeven"


def test_every_fault_is_told_before_anything_runs(corner: Path, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as error:
        breakeven(
            corner, "campaigns.cut.markdwn=0:1:3", "operations.couriers.hom.couriers=1:5:2", metric="profitt",
            schedules="cut,plane", line_up="plian", refine=99, replications=1, out=tmp_path / "none",
            over=("market.consumers=10:5", "market.consumers=1.5:9", "market.choice_draws=1:2", "market.consumers"),
        )  # fmt: skip
    assert str(error.value).splitlines()[0] == "--refine: must be a whole number from 0 to 6, got 99"
    for told in (
        "--x: campaigns.cut: must have known keys only, got 'markdwn'; did you mean 'markdown'?",
        "--y: operations.couriers: must have one of home, got 'hom'; did you mean 'home'?",
        "--over: market.consumers: must run from a number to a larger one, got '10:5'",
        "--over: market.consumers: must run from a whole number to a whole number, got '1.5:9'",
        "--over: market.choice_draws: must be a field that holds a number",
        "--over: must be PATH=lo:hi, got 'market.consumers'",
        "--schedules: must be one of cut, plain, got 'plane'; did you mean 'plain'?",
        "--line-up: must be one of plain, got 'plian'; did you mean 'plain'?",
        "--replications: must be at least 2 for an interval, got 1",
    ):
        assert told in str(error.value)
    assert not (tmp_path / "none").exists()


def test_the_command_refuses_what_the_scenario_would(corner: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["breakeven", str(corner), "--x", "campaigns.cut.markdown=0:1.5:3", "--y", Y])
    assert stop.value.code == 2
    assert capsys.readouterr().err == "--x: campaigns.cut.markdown: must be a number of at most 0.95, got 1.5\n"


def test_whole_fields_take_whole_values() -> None:
    axis = Range("--x", "market.consumers", 1, 4, 7, whole=True)
    assert axis.grid() == [1, 2, 3, 4] and all(isinstance(v, int) for v in axis.grid())
    assert axis.between(1, 4) == 2 and axis.between(1, 2) is None
    assert replace(axis, whole=False).between(1.0, 2.0) == 1.5


def test_a_crossing_and_its_interval() -> None:
    at, mean = np.arange(4.0), np.array([3.0, 1.0, -1.0, -3.0])
    assert crossings(at, mean, mean - 1, mean + 1) == [(1.5, 1.0, 2.0)]
    (found,) = crossings(at, mean, mean - 9, mean + 1)
    assert found[0] == 1.5 and np.isnan(found[1]) and found[2] == 2.0  # nowhere surely above 0
    assert crossings(at, mean + 9, mean, mean + 10) == []


def test_a_rule_finds_a_box_and_claims_nothing_of_noise() -> None:
    rng = np.random.default_rng(3)
    x = rng.uniform(0, 1, (120, 3))
    box = (x[:, 0] > 0.4) & (x[:, 2] < 0.7)
    rule = learn(x, box, seed=1)
    assert rule.boxes() == [{0: (pytest.approx(0.4, abs=0.03), np.inf), 2: (-np.inf, pytest.approx(0.7, abs=0.03))}]
    assert rule.in_sample == (predict(rule.tree, x) == box).mean() == 1.0 and rule.cross_validated > 0.9
    told = sentence(rule, "festival", "always_on", ["depth", "b", "couriers"], [False, False, True])
    assert told.startswith("festival beats always_on when depth > 0.4") and "couriers < 1 (right in 100%" in told
    coins = [learn(x, rng.uniform(size=120) < 0.5, seed).cross_validated for seed in range(8)]
    assert abs(np.mean(coins) - 0.5) < 0.1  # noise is not predicted: the accuracy is honest
    never = learn(x, np.zeros(120, np.bool_), seed=1)
    assert never.boxes() == [] and "always_on is ahead in 100%" in sentence(never, "f", "always_on", "abc", [False] * 3)


def test_a_sampled_rule_agrees_with_theory(corner: Path) -> None:
    result = breakeven(corner, over=OTHER, samples=16, replications=2, workers=1, out=corner.parent / "rule")
    table, paths = result.samples, [text.partition("=")[0] for text in OTHER]
    assert len(table) == 16 and result.rule is not None and result.rule.samples == 16
    strips = np.floor((table[paths[0]] / 0.3) * 16).astype(int)
    assert sorted(strips) == list(range(16))  # a Latin hypercube: one in each strip
    margin = [cost_that_breaks_even(d) - c for d, c in zip(table[paths[0]], table[paths[1]], strict=True)]
    clear = np.abs(margin) > 10
    assert clear.sum() >= 6
    assert ((np.array(margin) > 0) == (table["difference"] > 0))[clear].all()
    assert "of 16 sampled worlds" in result.words


def test_sensitivity_names_what_matters(corner: Path, tmp_path: Path) -> None:
    pytest.importorskip("SALib")
    inert = "operations.service_desk.patience_minutes"
    fields = ("campaigns.cut.markdown=0.1:0.3", OTHER[1], f"{inert}=5:50")  # with no cut at all the cost means nothing
    result = sensitivity(corner, fields, samples=3, replications=2, workers=1, out=tmp_path)
    indices = result.indices.set_index("field")
    assert indices.loc[inert, "mu_star"] == 0.0 and indices.index[2] == inert  # nothing hangs on it, to the fen
    assert (indices["mu_star"].to_numpy()[:2] > 500).all()
    assert (indices["mu_star_low"] <= indices["mu_star"]).all() and len(result.samples) == 12
    stored = pd.read_csv(tmp_path / "sensitivity.csv")
    assert stored["field"].tolist() == result.indices["field"].tolist()
    nothing = (f"{inert}=5:50", "operations.service_desk.handle_minutes=5:9")
    with pytest.raises(UsageError, match="must hold a field that the difference hangs on, got 0 everywhere"):
        sensitivity(corner, nothing, method="sobol", samples=2, replications=2, workers=1, out=tmp_path / "none",
                    settings=["campaigns.cut.markdown=0"])  # fmt: skip


def test_without_the_extra_it_is_named(corner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SALib", "SALib.sample", "SALib.analyze"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'peakshift\[sensitivity\]'"):
        sensitivity(corner, OTHER)


@pytest.mark.slow
def test_same_bytes_with_two_workers(mapped: Breakeven, corner: Path, tmp_path: Path) -> None:
    breakeven(corner, X, Y, refine=1, workers=2, out=tmp_path)
    for name in ("cells.csv", "line.csv", "breakeven.csv", "breakeven.parquet"):
        assert (tmp_path / name).read_bytes() == (mapped.folder / name).read_bytes()


def test_points_are_made_from_the_file_so_that_rules_follow(corner: Path, tmp_path: Path) -> None:
    """A schedule's rule makes its campaigns anew from the varied one."""
    tree = yaml.safe_load(corner.read_text())
    tree["calendar"]["scored_days"] = 60
    tree["schedules"]["often"] = [{"k_events": 3, "of": "cut"}]
    (tmp_path / "rule.yaml").write_text(yaml.safe_dump(tree))
    axis = Range("--x", "campaigns.cut.markdown", 0.1, 0.3, 2)
    varied = Base(tmp_path / "rule.yaml").at([axis], [0.3])
    made = [varied.campaigns[name].markdown for name in varied.schedules["often"]]
    assert made == pytest.approx([0.1] * 3, rel=1e-3)  # a third of 0.3 each
