"""A campaign's bump taken apart: hand-counted flows, parts that add up, and mechanisms that are off count nothing."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from sim.cli import main
from sim.errors import UsageError
from sim.lab.bump_days import DAY_PARTS, day_parts
from sim.lab.credibility.bench import Bench, Cut
from sim.lab.credibility.figures.bump import split
from sim.lab.decompose import PARTS, Decomposition, decompose, parts_of, twins
from sim.lab.sales import Clerk, Sales, Window, replaced, watch
from sim.lab.twins import live_each
from sim.scenario import load_scenario
from tests.world.markets import campaign, market, play, sku
from tests.world.same import differences

if TYPE_CHECKING:
    from sim.world import World

PARTS_ = list(PARTS)
CATEGORIES = {"thing": {"need": 0.4, "storability": 0.9, "not_now": 1.0, "pack_days": 6, "return_rate": 0.2}}


def sales(event: Any, lines: Any = (), before: Any = None, after: Any = None, returned: Any = None) -> Sales:
    """Two SKUs of one category, two channels (and the pre-sale), one segment, one city; counts are (K, O)."""

    def cube(table: Any) -> np.ndarray:
        return np.asarray(np.zeros((2, 3)) if table is None else table, np.int64).reshape(2, 3, 1, 1)

    rows = np.asarray(lines, np.int64).reshape(-1, 4)
    homes = np.column_stack([np.unique(rows[:, 0]), np.zeros((np.unique(rows[:, 0]).size, 2))]).astype(np.int64)
    none = np.zeros(2, np.int64)
    daily = np.array([[cube(table).sum()] for table in (before, event, after, returned)])
    return Sales(cube(before), cube(event), cube(after), cube(returned), none, none, rows, homes, daily)


# ---- who bought what in place of what ----------------------------------------------------------
def test_flows_of_four_people_counted_by_hand() -> None:
    """1 buys the same; 2 switches channels; 3 buys SKU 0 in place of SKU 1, and one more; 4 buys another category."""
    off = np.array([[1, 0, 0, 1], [2, 0, 1, 2], [3, 1, 0, 1], [4, 2, 0, 1]])
    on = np.array([[1, 0, 0, 1], [2, 0, 0, 2], [3, 0, 0, 2], [4, 0, 0, 1]])
    keys, channel, sku_ = replaced(on, off, np.array([0, 0, 1]))
    flows = {tuple(int(x) for x in key): (int(c), int(s)) for key, c, s in zip(keys, channel, sku_, strict=True)}
    assert flows == {
        (1, 0, 0): (0, 0), (2, 0, 0): (2, 0), (2, 0, 1): (-2, 0), (3, 0, 0): (0, 1), (3, 1, 0): (0, -1),
        (4, 0, 0): (0, 0), (4, 2, 0): (0, 0),
    }  # fmt: skip


def test_flows_add_up_to_nothing_within_a_person_and_category() -> None:
    rng, category = np.random.default_rng(4), np.array([0, 0, 0, 1, 1])

    def world() -> np.ndarray:
        rows = np.unique(np.column_stack([rng.integers(0, 40, 300), rng.integers(0, 5, 300), rng.integers(0, 3, 300)]),
                         axis=0)  # fmt: skip
        return np.column_stack([rows, rng.integers(1, 5, len(rows))])

    on, off = world(), world()
    keys, channel, sku_ = replaced(on, off, category)
    by_sku = pd.Series(channel).groupby([keys[:, 0], keys[:, 1]]).sum()
    by_category = pd.Series(sku_).groupby([keys[:, 0], category[keys[:, 1]]]).sum()
    assert not by_sku.any() and not by_category.any() and np.abs(sku_).sum() > 0 < np.abs(channel).sum()


def test_nobody_bought_anything() -> None:
    none = np.zeros((0, 4), np.int64)
    assert [len(x) for x in replaced(none, none, np.array([0]))] == [0, 0, 0]


def test_parts_worked_out_on_paper() -> None:
    """SKU 0 in the first channel sells 10 for 4. Six more: 1 lost for want of stock (7 with plenty), 2 stocked up, 1
    waited for; so a surprise brings 4, of which 1 in place of SKU 1, 1 from the pre-sale's time, 1 from after."""
    off = sales([[4, 0, 0], [1, 0, 0]], [[1, 0, 0, 4], [2, 1, 0, 1]], [[5, 0, 0], [0, 0, 0]], [[9, 0, 0], [3, 0, 0]])
    worlds = {
        "off": off, "plenty off": off, "no stockpiling off": off,
        "on": sales([[10, 0, 0], [0, 0, 0]], returned=[[1, 0, 0], [0, 0, 0]]),
        "plenty on": sales([[11, 0, 0], [0, 0, 0]]),
        "no stockpiling on": sales([[9, 0, 0], [0, 0, 0]], before=[[2, 0, 0], [0, 0, 0]]),
        "unannounced on": sales([[8, 0, 0], [0, 0, 0]], [[1, 0, 0, 7], [2, 0, 0, 1]], [[4, 0, 0], [0, 0, 0]],
                                [[8, 0, 0], [3, 0, 0]]),
    }  # fmt: skip
    found = parts_of(worlds, np.array([0, 0]))
    first, second = ({name: int(table[k, 0, 0, 0]) for name, table in found.items()} for k in (0, 1))
    assert first == {
        "units": 10, "baseline": 4, "bump": 6, "incremental": 0, "returned": 1, "pulled_forward": 1, "postponed": 1,
        "from_before": 1, "stockpiled": 2, "switched_sku": 1, "switched_channel": 0, "lost_to_stockout": -1,
        "from_other_sku": 1, "from_other_channel": 0, "held_back": 2,
    }  # fmt: skip
    assert (second["bump"], second["switched_sku"], second["incremental"]) == (-1, -1, 0)


# ---- small markets -----------------------------------------------------------------------------
def shop(**changes: Any) -> Any:
    """Three weeks, a fifth off for two days in the second; people stock up, wait, and return things."""
    behaviour = {"stockpiling": 2.0, "waiting_weight": 1.0} | changes.pop("behaviour", {})
    terms = {"markdown": 0.2, "announced_days": 4.0} | changes.pop("terms", {})
    return market(
        21, {"sale": campaign(9, 10, **terms)}, catalogue={"categories": CATEGORIES, **changes.pop("catalogue", {})},
        market={"behaviour": behaviour, "segments": {"s": {"share": 0.5, "visits_per_day": 0.3},
                                                     "t": {"share": 0.5, "visits_per_day": 0.4}},
                "channels": {"app": {"share": 0.6}, "live": {"share": 0.4}}, **changes.pop("market", {})}, **changes,
    )  # fmt: skip


@cache
def lived(name: str) -> Decomposition:
    scarce = {"warehouses": {"w": {"start_days": 8.0, "pickers": 200, "inspectors": 20}}}
    scenarios = {
        "all": lambda: shop(terms={"skus": ["a"], "markdown": 0.3}, operations=scarce),
        "no stockpiling": lambda: shop(behaviour={"stockpiling": 0.0}),
        "nobody waits": lambda: shop(behaviour={"waiting_weight": 0.0}),
        "unannounced": lambda: shop(terms={"announced_days": 0.0}),
        "one SKU, one channel, no returns": lambda: shop(
            catalogue={"skus": {"a": sku()}, "categories": {"thing": CATEGORIES["thing"] | {"return_rate": 0.0}}},
            market={"channels": {"app": {"share": 1.0}}},
        ),
        "inert": lambda: shop(terms={"markdown": 0.0}),
    }
    return decompose(scenarios[name](), "sale", replications=2)


def total(found: Decomposition) -> dict[str, int]:
    return {name: int(found.cells[name].sum()) for name in ("units", "bump", *PARTS_)}


@pytest.mark.parametrize("name", ["all", "no stockpiling", "one SKU, one channel, no returns"])
def test_parts_are_whole_and_sum_to_the_unit_in_every_cell(name: str) -> None:
    cells = lived(name).cells
    assert len(cells) and all(cells[part].dtype == np.int64 for part in ("units", "baseline", *PARTS_))
    assert (cells["baseline"] + cells[PARTS_].sum(axis=1) == cells["units"]).all()
    assert (cells["bump"] == cells[PARTS_].sum(axis=1)).all()


def test_every_mechanism_that_is_on_counts() -> None:
    """People hold purchases back before an announced sale; whether they catch up in it is the market's affair."""
    parts, cells = total(lived("all")), lived("all").cells
    assert parts["bump"] > 0 and parts["stockpiled"] > 0 and parts["returned"] > 0 > parts["lost_to_stockout"]
    assert parts["postponed"] != 0 != parts["pulled_forward"] and cells["held_back"].sum() > 0


def test_switches_add_up_to_nothing_in_the_shop() -> None:
    cells = lived("all").cells
    assert cells["from_other_sku"].sum() > 0 and not cells["switched_sku"].sum() and not cells["switched_channel"].sum()


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("no stockpiling", ["stockpiled", "lost_to_stockout"]),
        ("nobody waits", ["postponed", "lost_to_stockout"]),
        ("unannounced", ["postponed", "lost_to_stockout"]),
        ("one SKU, one channel, no returns", ["switched_sku", "switched_channel", "returned"]),
        ("inert", ["bump", *PARTS_]),
    ],
)
def test_what_is_off_counts_exactly_nothing_in_any_cell(name: str, parts: list[str]) -> None:
    """Stock for a thousand days is plenty already, in all of these shops."""
    cells = lived(name).cells
    assert len(cells) and cells["units"].sum() > 0
    assert not cells[parts].to_numpy().any()


def test_twins_that_are_the_same_world_have_the_same_key() -> None:
    found = twins(shop(behaviour={"stockpiling": 0.0}), "sale", "plain", "plain")
    assert found["on"].key == found["plenty on"].key == found["no stockpiling on"].key != found["off"].key
    assert len({twin.key for twin in twins(lived("all").scenario, "sale", "plain", "plain").values()}) == 7


def test_a_clerk_changes_no_bit() -> None:
    def count(world: World) -> None:
        world.witnesses.append(Clerk(world, Window.of(world.spec, "sale")))

    assert differences(play(shop()).history, play(shop(), before=count).history) == []


def test_window_is_the_campaigns_seconds() -> None:
    day = 86_400
    assert Window.of(shop(), "sale") == Window(0, 9 * day, 11 * day, 21 * day)
    assert Window.of(shop(), "sale", around_days=3) == Window(6 * day, 9 * day, 11 * day, 14 * day)


def test_summary_is_the_mean_over_replications_of_the_cells() -> None:
    found = lived("all")
    for level in ("total", "sku", "segment", "city", "channel"):
        rows = found.summary[(found.summary["level"] == level) & (found.summary["part"] == "stockpiled")]
        assert rows["mean"].sum() == pytest.approx(found.cells["stockpiled"].sum() / 2)
    (row,) = [r for r in found.summary.to_dict("records") if (r["level"], r["part"]) == ("total", "bump")]
    assert row["low"] < row["mean"] < row["high"] and row["share"] == 1.0


@pytest.mark.parametrize("name", ["all", "no stockpiling"])
def test_days_add_up_to_the_parts_of_the_whole(name: str) -> None:
    found = lived(name)
    total_ = {r["part"]: r["mean"] for r in found.summary.to_dict("records") if r["level"] == "total"}
    by = found.days.groupby(["part", "period"])["units_mean"].sum()
    for part in DAY_PARTS:
        assert by[part, "campaign"] == pytest.approx(total_[part], abs=1e-9), part
    assert by["pulled_forward", "after"] == pytest.approx(-total_["pulled_forward"], abs=1e-9)
    assert by["from_before", "before"] == pytest.approx(-total_["from_before"], abs=1e-9)
    assert by.xs("campaign", level="period").sum() == pytest.approx(total_["bump"])
    campaign_ = found.days[found.days["period"] == "campaign"]
    assert set(campaign_["day_offset"]) == {0, 1} and found.days["day_offset"].between(-9, 11).all()


def test_a_days_parts_are_the_difference_between_its_twins() -> None:
    """And of days of which nothing is taken apart there is nothing left over."""
    scenario = lived("all").scenario
    ((_, worlds),) = live_each(twins(scenario, "sale", "plain", "plain"), watch(Window.of(scenario, "sale")), 7, 1)
    parts = day_parts(worlds)
    moved = (worlds["on"].daily - worlds["off"].daily)[:3]
    assert np.abs(moved).sum(axis=1).all()
    np.testing.assert_allclose(sum(parts.values()), moved, atol=1e-9)
    for name, sold in worlds.items():
        cubes = [table.sum() for table in (sold.before, sold.event, sold.after, sold.returned)]
        assert sold.daily.sum(axis=1).tolist() == cubes, name


def test_a_shop_that_sells_nothing_has_a_table_of_zeros() -> None:
    found = decompose(
        shop(catalogue={"categories": {"thing": CATEGORIES["thing"] | {"need": 0.0}}}), "sale", replications=2
    )
    assert not found.days["units_mean"].any()
    assert not len(found.cells) and not found.summary["mean"].any() and len(found.summary) == len(PARTS) + 6
    assert "mean of 2 replications" in found.text()
    lines = found.text().splitlines()
    rules = [n for n, line in enumerate(lines) if line and set(line) == {"-"}]
    assert lines[rules[2] + 1].startswith("from_other_sku") and lines[rules[1] - 1].startswith("bump ")


def test_presale_orders_are_units_of_the_campaign_when_they_are_paid(tmp_path: Path) -> None:
    start = {"start": "2023-10-07T00:00", "balance_rate": 0.5}
    scenario = shop(terms={"presale": start, "announced_days": 0.0})
    found = decompose(scenario, "sale", replications=1, out=tmp_path)
    assert found.cells.loc[found.cells["channel"] == "pre-sale", "units"].sum() > 0
    assert (found.cells["baseline"] + found.cells[PARTS_].sum(axis=1) == found.cells["units"]).all()
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "decomposition.parquet"), found.cells)
    assert (tmp_path / "decomposition.csv").exists()


@pytest.mark.slow
def test_results_do_not_depend_on_workers() -> None:
    two = decompose(shop(behaviour={"stockpiling": 0.0}), "sale", replications=2, workers=2)
    pd.testing.assert_frame_equal(two.cells, lived("no stockpiling").cells)


@pytest.mark.slow
def test_split_beside_the_bands_is_the_one_that_the_credibility_table_prints() -> None:
    bench, cut = Bench(0), Cut("sd_5569230", 0.2)
    on, off = bench.quiet(cut, consumers=2000), bench.quiet(consumers=2000)
    expected = split(on.units, off.units, on.skus.index(cut.sku), on.category)
    found = decompose(on.history.scenario, "cut0", line_up="bench", replications=1, seed=bench.scenario.seed)
    assert found.splits[0]["all"] == found.splits[0]["storable"] == expected and expected.bump > 0
    cells = found.cells[found.cells["promoted"]]
    assert set(cells["sku"]) == {cut.sku} and cells["bump"].sum() == expected.bump
    assert cells["switched_sku"].sum() > 0 == found.cells["postponed"].sum()


# ---- the command -------------------------------------------------------------------------------
SMALL = ["--set", "market.consumers=1500", "--set", "calendar.start=2023-11-25", "--set", "calendar.warm_up_days=8",
         "--set", "calendar.scored_days=20", "--set", "calendar.settlement_days=5"]  # fmt: skip


def test_command_prints_parts_and_bands(capsys: pytest.CaptureFixture[str]) -> None:
    args = ["decompose", "double12", "--campaign", "double12", "--replications", "1", "--workers", "1"]
    main([*args, *SMALL, "--json"])
    found = json.loads(capsys.readouterr().out)
    rows = {r["part"]: r["mean"] for r in found["summary"] if r["level"] == "total"}
    assert rows["units"] == rows["baseline"] + sum(rows[part] for part in PARTS_)
    assert {b["name"] for b in found["bands"]} >= {"bump_switching", "bump_cross_period", "incremental_share"}


@pytest.mark.parametrize(
    ("campaign_", "schedule", "line_up", "message"),
    [
        ("duoble12", None, None, "did you mean 'double12'"),
        ("double12", "always_on", None, "must hold double12"),
        ("double12", None, "gut_fel", "did you mean 'gut_feel'"),
    ],
)
def test_names_that_do_not_exist(campaign_: str, schedule: str | None, line_up: str | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        decompose(load_scenario("double12"), campaign_, schedule=schedule, line_up=line_up)


def test_a_misspelt_name_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["decompose", "double12", "--campaign", "duoble12"])
    told = capsys.readouterr().err
    assert stop.value.code == 2 and told.startswith("--campaign: must be one of") and told.count("\n") == 1
