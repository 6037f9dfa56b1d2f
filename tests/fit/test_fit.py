"""Fitting: known truths are recovered, the shipped data give what they should, bad files are named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.errors import DataError
from sim.fit import fit_orders, write_scenario
from sim.fit.elasticity import PRIOR_MEAN, estimate
from sim.fit.orders import read_orders
from sim.fit.pattern import kaplan_meier
from sim.scenario import load_scenario
from sim.scenario.checks import warnings_of
from sim.scenario.merge import SHIPPED

DATA = SHIPPED / "data" / "soft_drinks_13w.csv"


def synthetic(truth: float, price_sd: float, seed: int, skus: int = 5, weeks: int = 13) -> pd.DataFrame:
    """A Poisson panel with SKU and week effects and a known elasticity."""
    rng = np.random.default_rng(seed)
    level, week = rng.normal(4.0, 0.4, skus), rng.normal(0.0, 0.15, weeks)
    log_price = rng.normal(1.5, 0.3, skus)[:, None] + rng.normal(0.0, price_sd, (skus, weeks))
    units = rng.poisson(np.exp(level[:, None] + week + truth * (log_price - log_price.mean(axis=1, keepdims=True))))
    grid = [(f"s{k}", t, float(units[k, t]), log_price[k, t]) for k in range(skus) for t in range(weeks)]
    return pd.DataFrame(grid, columns=["sku", "week", "units", "log_price"])


@pytest.mark.parametrize("truth", [-2.0, -3.5])
def test_a_known_elasticity_is_recovered(truth: float) -> None:
    fits = [estimate(synthetic(truth, 0.2, seed)) for seed in range(60)]
    error = np.array([f.estimate - truth for f in fits])
    assert abs(error.mean()) < 3 * error.std() / np.sqrt(60) + 0.02
    covered = np.mean([abs(f.estimate - truth) < 1.96 * f.se for f in fits])
    assert 0.86 <= covered <= 1.0
    assert {f.identified for f in fits} == {"identified"}


def test_too_little_price_movement_is_refused() -> None:
    for seed in range(30):
        found = estimate(synthetic(-2.6, 0.03, seed))
        assert found.identified == "not identified"
        assert np.isnan(found.estimate) and found.pooled == PRIOR_MEAN and found.pooled_sd == 1.0
    assert {estimate(synthetic(-2.6, 0.085, seed)).identified for seed in range(10)} == {"weak"}


def test_the_shipped_data_give_minus_four_and_a_half() -> None:
    fit = fit_orders(DATA)
    assert abs(fit.elasticity.estimate - -4.5) < 0.3
    assert 0.2 < fit.elasticity.se_robust < 0.45
    assert fit.elasticity.identified == "identified" and fit.elasticity.observations == 65
    assert fit.elasticity.estimate < fit.elasticity.pooled < PRIOR_MEAN
    assert (fit.pattern.customers, len(fit.pattern.list_price)) == (745, 5)
    assert sum(fit.pattern.weekly_units.values()) == pytest.approx(263.0, abs=0.1)
    assert fit.pattern.repurchase[7] < fit.pattern.repurchase[30] < fit.pattern.repurchase[90]


def test_kaplan_meier_by_hand() -> None:
    """Five people: events on days 1 and 3, censored on days 2, 5 and 6."""
    gap = pd.Series([1.0, np.nan, 3.0, np.nan, np.nan])
    end = pd.Series([9, 2, 9, 5, 6])
    assert kaplan_meier(gap, end, 4) == pytest.approx(1 - (4 / 5) * (2 / 3))
    assert np.isnan(kaplan_meier(gap, end, 30))


def test_the_written_scenario_loads_and_runs(tmp_path: Path) -> None:
    fit = fit_orders(DATA)
    write_scenario(fit, tmp_path / "my.yaml")
    scenario = load_scenario(tmp_path / "my.yaml", ["calendar.scored_days=20", "calendar.settlement_days=0"])
    assert len(scenario.catalogue.skus) == 5 and list(scenario.catalogue.categories) == ["soft_drinks_13w"]
    assert warnings_of(scenario) == []
    from sim.world import World  # compiled kernels: only where a world is run

    history = World(scenario, "big_promo", "closed_loop", 1).run()
    seen = sum(fit.pattern.weekly_units.values()) / 7 * 27
    assert 0.3 * seen < history.daily["units"][7:30].mean() < 3 * seen


HEAD = "ordered_at,order_id,customer_id,sku,units,list_price,paid\n"
GOOD = "2017-03-27 10:09:30,1,2,a,1,4.59,3.34\n"
BAD = {
    b"": "must hold order lines, got an empty file",
    b"\x00\x01\x02": "must be a text file (CSV), got binary data",
    HEAD.encode() + b"2017-03-27,1,2,\xff,1,1,1\n": ":2: must be UTF-8 text, got byte 0xff",
    b"a;b;c\n1;2;3\n": ":1: must separate columns by commas, got ';'",
    b"ordered_at,order,customer_id,sku,units,list_price,paid\n": "missing: 'order_id' (found 'order')",
    HEAD.replace("paid", "sku").encode(): "missing: 'paid'",
    HEAD.encode(): "must hold at least one order line, got none",
    (HEAD + GOOD).encode(): "must span at least 28 days to be fitted, got 1",
    (HEAD + "soon,1,2,a,1,1,1\n").encode(): ":2: ordered_at must be a date and time like 2017-03-27",
    (HEAD + "2017-03-27,1,2,a,many,1,1\n").encode(): ":2: units must be a number, got 'many'",
    (HEAD + "2017-03-27,1,2,a,-3,1,1\n").encode(): ":2: units must be a whole number from 1 to 1,000,000, got '-3'",
    (HEAD + "2017-03-27,1,2,a,1.5,1,1\n").encode(): ":2: units must be a whole number from 1 to 1,000,000, got '1.5'",
    (HEAD + "2017-03-27,1,2,a,1,0,1\n").encode(): ":2: list_price must be above 0, got '0'",
    (HEAD + "2017-03-27,1,2,a,1,nan,1\n").encode(): ":2: list_price must be a finite number, got 'nan'",
    (HEAD + "2017-03-27,1,,a,1,1,1\n").encode(): ":2: customer_id must be given",
    (HEAD + "2017-03-27,1,2\n").encode(): ":2: must have as many values as the header",
    (HEAD + "2017-03-27T10:00+08:00,1,2,a,1,1,1\n").encode(): ":2: ordered_at must be local time",
    (HEAD + '2017-03-27,"1,2,a,1,1,1\n').encode(): "must be a CSV file",
}  # fmt: skip


@pytest.mark.parametrize("raw", BAD, ids=range(len(BAD)))
def test_malformed_files_are_named_never_a_traceback(tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "orders.csv"
    file.write_bytes(raw)
    with pytest.raises(DataError) as caught:
        read_orders(file)
    assert str(caught.value).startswith(str(file)) and BAD[raw] in str(caught.value)
    assert caught.value.exit_code == 2


def test_many_bad_lines_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(HEAD + GOOD + "2017-03-27,1,2,a,x,1,1\n" * 25)
    with pytest.raises(DataError) as caught:
        read_orders(file)
    lines = str(caught.value).splitlines()
    assert len(lines) == 11 and lines[-1].endswith("and 15 further bad lines")


def test_no_such_file() -> None:
    with pytest.raises(DataError, match="must be a file that can be read"):
        read_orders(Path("no/such.csv"))
