"""Selection on problems whose best is known; the ranking, Shapley's parts and tiers on values made by hand."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim import plugins
from sim.errors import PluginError, UsageError
from sim.lab import attribution as parts
from sim.lab import tournament as lab
from sim.lab.plan import Run
from sim.lab.run import RunResult
from sim.lab.selection import KimNelson, ocba
from sim.scenario import Scenario, load_scenario
from sim.scenario.root import KINDS

ROLES = ("a", "b", "c")


def select(
    rng: np.random.Generator, means: np.ndarray, common: float, delta: float, first: int = 10
) -> tuple[int, int]:
    """(whom KN picks, replications) among normal systems with common noise and sd 1 each."""
    kn = KimNelson(delta)

    def draw(n: int) -> np.ndarray:
        return means + common * rng.normal(size=(n, 1)) + rng.normal(size=(n, means.size))

    start = draw(first)
    alive, sums, r = kn.first(start), start.sum(axis=0), first
    while alive.sum() > 1:
        assert r <= kn.most
        block = draw(64)
        for row in block:
            r, sums = r + 1, sums + row
            alive = kn.screen(alive, sums, r)
            if alive.sum() == 1:
                break
    return int(np.argmax(alive)), r


@pytest.mark.parametrize("common", [0.0, 3.0])
def test_kn_finds_the_best_in_at_least_95_of_100(common: float) -> None:
    """The slippage configuration, hardest of all: one is better than nine others by exactly the indifference zone.
    400 trials; with the true chance at 95 % less than 92.8 % would be 2 standard errors below."""
    rng, means = np.random.default_rng(21), np.zeros(10)
    means[3] = 0.5
    found = [select(rng, means, common, 0.5) for _ in range(400)]
    correct = np.mean([best == 3 for best, _ in found])
    print(f"KN, common noise {common}: correct {correct:.3f} in {np.mean([r for _, r in found]):.1f} replications")
    assert correct >= 0.95


def test_kn_on_common_noise_needs_no_more_than_without() -> None:
    """Common noise of any size cancels from every difference: the same draws end at the same replication."""
    means = np.array([0.0, 0.4, 0.1])
    plain = [select(np.random.default_rng(n), means, 0.0, 0.3) for n in range(20)]
    noisy = [select(np.random.default_rng(n), means, 100.0, 0.3) for n in range(20)]
    assert plain == noisy


def test_kn_by_hand() -> None:
    """n0 = 3, k = 2, alpha 0.1: eta = ((0.2)^-1 - 1) / 2 = 2, h2 = 8; differences 1, 2, 3 have variance 1."""
    kn = KimNelson(1.0, 0.9)
    x = np.array([[0.0, 1.0], [0.0, 2.0], [0.0, 3.0]])
    assert kn.first(x).tolist() == [False, True]  # 6 behind, allowed (8 - 3) / 2
    assert kn.most == 9
    assert kn.screen(np.array([True, True]), np.array([0.0, 2.4]), 3).all()
    assert kn.screen(np.array([True, True]), np.array([0.0, 2.6]), 3).tolist() == [False, True]


def test_ocba_by_hand() -> None:
    """Distances 1 and 2, equal sd: shares 1 and 1/4; the best sqrt(1 + 1/16)."""
    share = ocba(np.array([3.0, 2.0, 1.0]), np.ones(3), 100)
    assert share / share[1] == pytest.approx([np.sqrt(1.0625), 1.0, 0.25]) and share.sum() == pytest.approx(100)


def made(values: Callable[[str, int], float | str]) -> Callable[..., list[tuple[Run, RunResult]]]:
    """In place of worlds: profit by line-up and replication; text is an error."""

    def deliver(scenario: Scenario, runs: list[Run], *_: Any) -> list[tuple[Run, RunResult]]:
        out = []
        for run in runs:
            value = values(run.line_up, run.replication)
            error, metrics = (value, {}) if isinstance(value, str) else (None, {"profit": value})
            out.append((run, RunResult(run.schedule, run.line_up, run.seed, metrics, error)))
        return out

    return deliver


def _noise(*what: object) -> float:
    return float(np.random.default_rng(zlib.crc32(repr(what).encode())).normal())


def season(line_up: str, replication: int) -> float | str:
    """The season is common; closed_loop is best but for the oracle; textbook breaks."""
    if line_up == "textbook" and replication == 2:
        return "ZeroDivisionError: division by zero"
    level = {"oracle": 1100.0, "closed_loop": 1000.0, "gut_feel": 900.0}.get(line_up, 500.0)
    return level + 300 * _noise(replication) + 5 * _noise(line_up, replication)


@pytest.mark.parametrize("budget", [None, 60])
def test_a_tournament_ranks_and_a_failure_is_last(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, budget: int | None
) -> None:
    monkeypatch.setattr(lab, "deliver", made(season))
    result = lab.tournament(load_scenario("double12"), out=tmp_path, budget=budget, replications=4)
    names = result.table["line_up"].tolist()
    assert names[:3] == ["oracle", "closed_loop", "gut_feel"] and "do_nothing" in names
    assert names[-1] == "textbook" and result.failures() == ["textbook: ZeroDivisionError: division by zero"]
    assert result.table["status"].tolist()[0] == "best" and (tmp_path / "tournament.csv").is_file()
    cells = result.matrix.set_index(["one", "other"])
    assert len(cells) == 12 and "textbook" not in cells.index.get_level_values("one")
    for one, other in cells.index:
        assert cells.loc[(one, other), "difference"] == pytest.approx(-cells.loc[(other, one), "difference"])
        assert cells.loc[(one, other), "verdict"] != cells.loc[(other, one), "verdict"] in ("better", "worse")
    behind = result.table[result.table["status"] != "failed"].iloc[1:]
    for row in behind.to_dict("records"):
        assert cells.loc[(row["line_up"], "oracle"), ["difference", "low", "high"]].tolist() == pytest.approx(
            [row["difference"], row["low"], row["high"]]
        )
    text = result.text()
    assert "oracle" in text and json.loads(json.dumps(result.to_dict(), allow_nan=False))["ranking"][0]["rank"] == 1
    if budget is None:
        assert text.endswith("confidence 0.95.") and "oracle is the best" in result.rule
    else:
        assert result.table["runs"].sum() <= 60 and result.table["runs"].sum() >= 58


def test_a_tournament_that_cannot_decide_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(lab, "deliver", made(lambda name, n: 1000 + 900 * _noise(name, n)))
    result = lab.tournament(load_scenario("double12"), out=tmp_path, replications=4, most=9, indifference=0.001)
    assert "not decided within 9 replications" in result.rule and result.table["runs"].max() == 9


def test_all_combinations_with_the_oracle_and_do_nothing() -> None:
    scenario = load_scenario("double12")
    entered = lab.contenders(scenario, {"forecasting": ["last_year", "theta"], "pricing": ["list_price", "personal"]})
    assert {"last_year+list_price", "last_year+personal", "theta+list_price", "theta+personal"} < set(entered.line_ups)
    gut = scenario.line_ups["gut_feel"]
    assert entered.line_ups["theta+personal"].stocking == gut.stocking
    assert {"do_nothing", "oracle"} < set(entered.line_ups) and len(entered.line_ups) == 6
    with pytest.raises(PluginError, match="did you mean 'theta'"):
        lab.contenders(scenario, {"forecasting": ["thet"]})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"schedule": "big_prom"}, "did you mean 'big_promo'"), ({"metric": "profits"}, "did you mean 'profit'"),
     ({"confidence": 1.0}, "confidence: must be a share"), ({"budget": 4}, "budget: must be at least 3 runs for each"),
     ({"most": 4, "replications": 5}, "^most: must be at least the 5 replications"),
     ({"choices": {"stocking": ["newsvendr"]}}, "^stocking: .*did you mean 'newsvendor'"),
     ({"metric": "proft"}, "^metric: must be one of")],
)  # fmt: skip
def test_wrong_values_are_refused(wrong: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises((UsageError, PluginError), match=message):
        lab.tournament(load_scenario("double12"), out=tmp_path, **wrong)


def _coalitions(worth: Callable[[frozenset[str]], float], runs: int = 1) -> dict[frozenset[str], list[float]]:
    return {frozenset(c): [worth(frozenset(c)) + r for r in range(runs)]
            for size in range(len(ROLES) + 1) for c in combinations(ROLES, size)}  # fmt: skip


def test_shapley_by_hand_and_exact() -> None:
    """a adds 1 alone, b and c share a synergy of 0.7; c alone is worth nothing: 1, 0.35, 0.35 plus b's own 0.1."""
    value = _coalitions(lambda c: ("a" in c) * 1.0 + ("b" in c) * 0.1 + ({"b", "c"} <= c) * 0.7, runs=3)
    found = parts.shapley(value, ROLES)
    assert [float(found[role][0]) for role in ROLES] == pytest.approx([1.0, 0.45, 0.35])
    for run in range(3):
        gap = Fraction(value[frozenset(ROLES)][run]) - Fraction(value[frozenset()][run])
        assert sum((found[role][run] for role in ROLES), Fraction(0)) == gap


def test_attribution_sums_to_the_gap_and_leaves_unchanged_roles_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    worth = {"forecasting": 30.0, "pricing": -5.0, "stocking": 11.0, "staffing": 2.0, "outreach": 0.5}

    def value(name: str, replication: int) -> float:
        own = sum(worth[kind] for kind in KINDS if kind in name.split("+"))
        return 1e6 * _noise(replication) + own + (40.0 if {"forecasting", "stocking"} <= set(name.split("+")) else 0.0)

    monkeypatch.setattr(lab, "deliver", made(value))
    scenario = load_scenario("double12", ["line_ups.closed_loop.staffing=fixed", "line_ups.gut_feel.staffing=fixed"])
    result = parts.attribute(scenario, "gut_feel", "closed_loop", out=tmp_path, replications=5)
    table = result.table.set_index("role")
    assert table.loc["staffing", ["part", "low", "high"]].tolist() == [0.0, 0.0, 0.0]
    assert table["part"].drop("all").sum() == pytest.approx(result.gap, abs=1e-6) == table.loc["all", "part"]
    assert table.loc["forecasting", "part"] == pytest.approx(50.0, abs=1e-6)
    assert table.loc["stocking", ["alone", "last"]].tolist() == pytest.approx([11.0, 51.0], abs=1e-6)
    with pytest.raises(UsageError, match="did you mean 'gut_feel'"):
        parts.attribute(scenario, "gut_fell", "closed_loop", out=tmp_path)


def test_information_is_picked_on_one_half_and_valued_on_the_other() -> None:
    tier = {("pricing", "x"): "blind", ("pricing", "y"): "informed", ("pricing", "z"): "informed"}
    values = {("pricing", "x"): np.array([1.0, 1, 1, 1]), ("pricing", "y"): np.array([9.0, 2, 9, 4]),
              ("pricing", "z"): np.array([5.0, 50, 5, 50])}  # fmt: skip
    table = parts.tiers_table(values, tier, 1.0)
    assert table["strategy"].tolist() == ["x", "y"] and table["gain"].tolist()[1] == 2.0 and np.isnan(table["gain"][0])


def test_a_strategys_file_is_found_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped scenario lies elsewhere; the label stays what was typed."""
    shipped = Path(lab.__file__).parents[2] / "strategies" / "stocking" / "newsvendor.py"
    (tmp_path / "mine.py").write_text(shipped.read_text())
    monkeypatch.chdir(tmp_path)
    entered = lab.contenders(load_scenario("double12"), {"stocking": ["./mine.py:Newsvendor", "base_stock"]})
    assert list(entered.line_ups)[:2] == ["./mine.py:Newsvendor", "base_stock"]
    use = entered.line_ups["./mine.py:Newsvendor"].stocking.use
    assert plugins.find("stocking", use, entered.folder).__name__ == "Newsvendor"
