"""The closed loop: the plan is what was decided and accepted, its worth is a paired difference, bad input is named."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.errors import PeakshiftError, UsageError
from sim.lab.loop.run import FILES, LoopResult, loop
from sim.scenario import Scenario, load_scenario
from sim.world import World

TINY = ("market.consumers=900", "calendar.start=2023-11-20", "calendar.warm_up_days=14", "calendar.scored_days=24",
        "calendar.settlement_days=5")  # fmt: skip


@pytest.fixture(scope="module")
def tiny() -> Callable[..., Scenario]:
    """The shipped scenario, few people; the plan's weeks hold the festival."""
    return lambda *extra: load_scenario("double12", (*TINY, *extra))


@pytest.fixture(scope="module")
def plan(tiny: Callable[..., Scenario], tmp_path_factory: pytest.TempPathFactory) -> tuple[LoopResult, Path]:
    """Two weeks, three replications, in this process."""
    out = tmp_path_factory.mktemp("loop") / "plan"
    return loop(tiny(), weeks=2, replications=3, workers=1, out=out), out


def test_all_files_are_there_and_cover_the_weeks(plan: tuple[LoopResult, Path]) -> None:
    result, out = plan
    assert sorted(path.name for path in out.iterdir()) == sorted(FILES)
    days = pd.date_range("2023-12-04", periods=14).strftime("%Y-%m-%d").tolist()
    prices, forecast = pd.read_csv(out / "prices.csv"), pd.read_csv(out / "forecast.csv")
    assert prices["date"].drop_duplicates().tolist() == days == forecast["date"].drop_duplicates().tolist()
    assert len(prices) == 14 * 20 and len(forecast) == 14 * 20 * 2
    assert (forecast["p05_units"] <= forecast["p50_units"]).all()
    assert (forecast["p50_units"] <= forecast["p95_units"]).all() and forecast["p95_units"].sum() > 0
    on = prices.groupby("date")["campaign_markdown_share"].max()
    assert on["2023-12-11"] == pytest.approx(0.15) and on["2023-12-05"] == 0.0  # the festival is in the calendar
    assert result.verdict() in (out / "README.md").read_text()


def test_the_plan_is_what_the_first_replication_decided(plan: tuple[LoopResult, Path]) -> None:
    """Bought, sent and priced in the world that the plan was taken from: units, messages and yuan agree."""
    from sim.lab.loop.live import Task, live
    from sim.lab.plan import seed_of

    result, out = plan
    told = live(Task(result.scenario, result.schedule, "closed_loop", "gut_feel", result.span,
                     seed_of(result.scenario.seed, 0)))  # fmt: skip
    orders, outreach = pd.read_csv(out / "orders.csv"), pd.read_csv(out / "outreach.csv")
    assert outreach["cost_yuan"].sum() == pytest.approx(told.loop["outreach"], rel=0.02)  # booked in fen a day
    assert told.notes is not None and len(orders) == len(told.notes.orders) > 0
    assert (orders["cost_yuan"] > 0).all() and (orders["latest_arrival"] >= orders["promised_arrival"]).all()
    assert (orders["promised_arrival"] > orders["order_date"]).all()
    assert (outreach["reach"] <= outreach["people"]).all()
    week = pd.to_datetime(orders["order_date"]).sub(pd.Timestamp("2023-12-04")).dt.days // 7
    assert (orders.groupby([week, "sku", "warehouse"])["units"].transform("sum") == orders["week_units"]).all()


def test_orders_in_the_plan_are_all_that_the_engine_took(
    tiny: Callable[..., Scenario], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every unit on order appears in the notes, minimum orders and price breaks included."""
    from sim.lab.loop.scribe import Scribe

    scenario = tiny("catalogue.skus.tee.minimum_order_units=50",
                    "operations.suppliers.factory.price_breaks=[{units: 50, discount: 0.1}]")  # fmt: skip
    world = World(scenario, "big_promo", "closed_loop", 3, guests=[Scribe])
    scribe, (supplier,) = next(a for a in world.agents if isinstance(a, Scribe)), world.suppliers.values()
    order = supplier.order
    taken: list[tuple[int, int, int, int]] = []

    def listen(units: np.ndarray) -> None:
        taken.extend((world.day, int(k), int(w), int(units[k, w])) for k, w in np.argwhere(units > 0))
        order(units)

    monkeypatch.setattr(supplier, "order", listen)
    scribe.begin()
    world.live(20)
    assert scribe.notes is not None
    lines = scribe.notes.orders
    assert sorted((a.day, a.sku, a.warehouse, a.units) for a in lines) == sorted(taken) != []
    tees = [a for a in lines if world.shop.skus[a.sku] == "tee"]
    assert tees and all(a.units >= 50 and a.yuan == pytest.approx(0.9 * 36 * a.units) for a in tees)


def test_the_usual_line_up_against_itself_earns_exactly_nothing(tiny: Callable[..., Scenario]) -> None:
    """An inert change: the same strategies, put in anew, change no bit."""
    same = loop(tiny(), weeks=1, line_up="gut_feel", usual="gut_feel", replications=2, workers=1)
    assert (same.tables["summary"]["difference"] == 0.0).all()
    assert same.tables["summary"]["verdict"].iloc[0] == "tie"


def test_the_same_seed_gives_the_same_bytes_with_any_number_of_workers(
    plan: tuple[LoopResult, Path], tiny: Callable[..., Scenario], tmp_path: Path
) -> None:
    loop(tiny(), weeks=2, replications=3, workers=2, out=tmp_path / "two")
    for name in FILES:
        assert (tmp_path / "two" / name).read_bytes() == (plan[1] / name).read_bytes(), name


def test_an_earlier_plan_is_replaced_and_other_files_never(tiny: Callable[..., Scenario], tmp_path: Path) -> None:
    first = loop(tiny(), weeks=1, replications=1, workers=1, out=tmp_path / "a")
    again = loop(tiny(), weeks=1, replications=1, workers=1, seed=5, out=tmp_path / "a")
    assert not first.replaced and again.replaced
    profit = pd.read_csv(tmp_path / "a" / "summary.csv")["loop"][0]
    assert profit == pytest.approx(again.tables["summary"]["loop"][0])
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "orders.csv").write_text("mine\n")
    (tmp_path / "a" / "notes.txt").write_text("mine\n")
    for folder, name in (("a", "notes.txt"), ("b", "orders.csv")):
        with pytest.raises(UsageError, match=f"--out: must be a new or empty folder.* holds {name}"):
            loop(tiny(), weeks=1, replications=1, workers=1, out=tmp_path / folder)
        assert (tmp_path / folder / name).read_text() == "mine\n"


def test_one_replication_has_no_interval_and_no_verdict(tiny: Callable[..., Scenario]) -> None:
    one = loop(tiny(), weeks=1, replications=1, workers=1)
    assert "undecided" in one.verdict() and "95 %" not in one.verdict()
    assert one.to_dict()["summary"][0]["low"] is None


# ---- bad input -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"line_up": "closed_lop"}, "--line-up: must be one of .*did you mean 'closed_loop'"),
        ({"usual": "gut_feal"}, "--usual: must be one of .*did you mean 'gut_feel'"),
        ({"schedule": "big_prom"}, "--schedule: must be one of .*did you mean 'big_promo'"),
        ({"line_up": "oracle"}, "--line-up: must hold no oracle"),
        ({"weeks": 5}, "--weeks: must be 1 to 4, as the calendar goes on for 29 days after the 14 days of history"),
        ({"weeks": 0}, "--weeks: must be 1 to 4"),
    ],
)
def test_bad_input_is_named(tiny: Callable[..., Scenario], options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        loop(tiny(), **{"replications": 1, "workers": 1, **options})


BROKEN = """
from dataclasses import dataclass
from sim.contracts import Pricer

@dataclass
class Broken(Pricer):
    def price(self, view, forecast, rng):
        raise ValueError("no price today")
"""


def test_a_strategy_that_fails_in_the_plan_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(BROKEN)
    file = tmp_path / "mine.yaml"
    file.write_text("extends: shipped:double12.yaml\nline_ups: {closed_loop: {pricing: './mine.py:Broken'}}\n")
    with pytest.raises(PeakshiftError, match=r"first replication, whose decisions are the plan, failed.*no price"):
        loop(load_scenario(str(file), TINY), weeks=1, replications=1, workers=1)


def test_the_command_says_what_it_wrote_and_what_is_wrong(tmp_path: Path) -> None:
    def peakshift(*more: str) -> subprocess.CompletedProcess[str]:
        settings = [part for text in TINY for part in ("--set", text)]
        command = [sys.executable, "-m", "sim", "loop", "double12", *settings, "--replications", "1", "--workers", "1"]
        return subprocess.run([*command, *more], cwd=tmp_path, capture_output=True, text=True, timeout=300)

    done = peakshift("--weeks", "1", "--out", "plan")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert "Plan: plan" in done.stdout and (tmp_path / "plan" / "orders.csv").exists()
    bad = peakshift("--weeks", "9", "--out", "other")
    assert bad.returncode == 2 and bad.stderr.startswith("--weeks: must be 1 to 4") and "Traceback" not in bad.stderr
    assert not (tmp_path / "other").exists()
