"""Losses as flows: tables that sum to everybody, and net that is gross in less gross out."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from sim.cli import main
from sim.errors import UsageError
from sim.lab.churn import FATES, Churn, churn, cross, fates
from sim.scenario import Scenario, load_scenario

SMALL = ("market.consumers=3000", "calendar.start=2023-11-25", "calendar.warm_up_days=8", "calendar.scored_days=30",
         "calendar.settlement_days=5")  # fmt: skip
LATE, STOCKOUT, NEVER = FATES.index("late"), FATES.index("stockout"), len(FATES) - 1


def small(*extra: str) -> Scenario:
    return load_scenario("double12", (*SMALL, *extra))


def by_hand() -> Churn:
    """Ten people: 3 leave late here: 1 stays there, 1 leaves late, 1 for a stockout; 2 leave late there only."""
    here = np.array([LATE, LATE, LATE, 0, 0, 0, 0, NEVER, NEVER, 0], np.int8)
    there = np.array([0, LATE, STOCKOUT, LATE, LATE, 0, 0, NEVER, 0, NEVER], np.int8)
    return Churn(("a", "x"), ("b", "x"), cross(here, there)[None], [0], [])


def test_flows_of_ten_people() -> None:
    rows = {r["cause"]: r for r in by_hand().by_cause.to_dict("records")}
    late, all_ = rows["late"], rows["all causes"]
    assert [late[c] for c in ("lost", "lost_against", "lost_only_here", "here_other_cause_there", "lost_only_there",
                              "there_other_cause_here", "net")] == [3, 3, 1, 1, 2, 0, 0]  # fmt: skip
    assert [rows["stockout"][c] for c in ("lost", "lost_against", "there_other_cause_here", "net")] == [0, 1, 1, -1]
    assert [all_[c] for c in ("lost", "lost_against", "lost_only_here", "lost_only_there", "net")] == [3, 4, 1, 2, -1]


def test_table_holds_everybody_once() -> None:
    assert by_hand().table["people"].sum() == 10


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Churn:
    return churn(small(), "big_promo/gut_feel", "always_on/gut_feel", replications=2,
                 out=tmp_path_factory.mktemp("churn"))  # fmt: skip


def test_tables_of_a_run_sum_exactly(found: Churn) -> None:
    assert (found.flows.sum(axis=(1, 2)) == 3000).all() and found.table["people"].sum() == 6000
    for row in found.by_cause.to_dict("records"):
        gross_in = row["lost_only_here"] + row["here_other_cause_there"]
        gross_out = row["lost_only_there"] + row["there_other_cause_here"]
        assert row["net"] == row["lost"] - row["lost_against"] == gross_in - gross_out
    *causes, every = found.by_cause.to_dict("records")
    assert every["net"] == sum(row["net"] for row in causes) and every["lost"] == sum(row["lost"] for row in causes)
    assert every["lost"] > 0 and found.flows[:, 0, 1:-1].sum() > 0


def test_losses_are_those_of_the_history() -> None:
    from sim.world import World  # compiled kernels: only where a world is run

    history = World(small(), "big_promo", "gut_feel", 3).run()
    fate = fates(history)
    assert ((fate > 0) & (fate < NEVER)).sum() == history.daily["left_customers"].sum()
    assert (fate == NEVER).sum() == (history.source < 0).sum()


def test_a_pair_against_itself_moves_nobody() -> None:
    same = churn(small("market.consumers=500"), "big_promo/gut_feel", "big_promo/gut_feel", replications=1)
    assert np.array_equal(same.flows[0], np.diag(np.diag(same.flows[0]))) and not same.by_cause["net"].any()


def test_command(capsys: pytest.CaptureFixture[str]) -> None:
    sets = [part for setting in (*SMALL, "market.consumers=500") for part in ("--set", setting)]
    main(["churn", "double12", "--replications", "1", "--workers", "1", "--json", *sets])
    told = json.loads(capsys.readouterr().out)
    assert told["against"] == ["big_promo", "gut_feel"] and told["pair"] == ["always_on", "gut_feel"]
    assert pd.DataFrame(told["flows"])["people"].sum() == 500


@pytest.mark.parametrize(
    ("pair", "message"),
    [("gut_feel", "must be SCHEDULE/LINE_UP"), ("big_prom/gut_feel", "^--pair: .*did you mean 'big_promo'"),
     ("big_promo/closd_loop", "^--pair: .*did you mean 'closed_loop'")],
)  # fmt: skip
def test_pairs_that_do_not_exist(pair: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        churn(small(), pair)
