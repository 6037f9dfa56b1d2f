"""Fitting: known truths are recovered, the shipped data give what they should, bad files are named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.fit import fit_of, fit_orders, summary, write_scenario
from sim.fit.elasticity import PRIOR_MEAN, estimate, panel
from sim.fit.orders import read_orders
from sim.fit.pattern import kaplan_meier
from sim.fit.replay import simulated, tune
from sim.scenario import load_scenario
from sim.scenario.merge import SHIPPED
from sim.scenario.warnings import warnings_of

DATA = SHIPPED / "data" / "soft_drinks_13w.csv"


HEAD = "ordered_at,order_id,customer_id,sku,units,list_price,paid\n"


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
    covered = np.mean([abs(f.estimate - truth) < 1.96 * max(f.se, f.se_robust, f.se_week) for f in fits])
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
    assert 0.5 < fit.elasticity.se_week < 0.65  # variants of a brand are promoted as one
    assert fit.pattern.repurchase[7] == pytest.approx(0.10, abs=0.01)
    assert fit.pattern.repurchase[30] == pytest.approx(0.31, abs=0.01)
    assert np.isnan(fit.pattern.repurchase[90])  # 92 days less the wash-out are too few
    assert fit.pattern.empty_weeks == 0
    assert any("UTC" in note for note in fit.notes) and any("extrapolated" in note for note in fit.notes)


def test_an_estimate_settles_in_few_rounds_with_an_empty_week(monkeypatch: pytest.MonkeyPatch) -> None:
    """The coefficient of a week in which nothing was sold runs away: minutes on 500 SKUs."""
    solve, calls = np.linalg.lstsq, []
    monkeypatch.setattr(np.linalg, "lstsq", lambda *a, **k: calls.append(1) or solve(*a, **k))
    table = synthetic(-2.6, 0.2, 1)
    table.loc[table["week"] == 4, "units"] = 0.0
    assert abs(estimate(table).estimate - -2.6) < 0.5
    assert len(calls) < 60


def test_errors_that_go_together_widen_the_interval() -> None:
    """Twin SKUs share prices and shocks: HC1 alone covers the truth in 8 of 10 cases."""
    rng, covered, alone = np.random.default_rng(5), 0, 0
    for _ in range(150):
        twin = np.array([0, 1, 1, 2, 2])
        cut = np.where(rng.random((3, 13)) < 0.35, -rng.uniform(0.2, 0.6, (3, 13)), 0.0)[twin]
        cut = cut + rng.normal(0.0, 0.04, (5, 13))
        shock = rng.normal(0.0, 0.4, (3, 13))[twin] + rng.normal(0.0, 0.2, (5, 13)) + rng.normal(0.0, 0.15, 13)
        units = rng.poisson(np.exp(3.5 - 3.0 * cut + shock))
        rows = [(f"s{k}", t, float(units[k, t]), cut[k, t]) for k in range(5) for t in range(13)]
        f = estimate(pd.DataFrame(rows, columns=["sku", "week", "units", "log_price"]))
        alone += abs(f.estimate + 3.0) < 1.96 * f.se_robust
        covered += abs(f.estimate + 3.0) < 1.96 * max(f.se, f.se_robust, f.se_week)
    assert covered > alone and covered >= 0.85 * 150


def test_prices_and_volumes_far_out_still_load(tmp_path: Path) -> None:
    lines = [
        f"2017-{m:02}-{d:02},{m * 40 + d},{d},{s},{units},{price},{price * (1 - d / 50)}\n"
        for m in (1, 2, 3) for d in (1, 5, 9, 20) for s in "ab" for units, price in [(900_000, 9.0)]
    ]  # fmt: skip
    for n, text in enumerate([HEAD + "".join(lines), HEAD + "".join(lines).replace(",9.0,", ",9e-300,")]):
        file = tmp_path / f"o{n}.csv"
        file.write_text(text)
        write_scenario(fit_orders(file), tmp_path / "my.yaml")
        assert load_scenario(tmp_path / "my.yaml").catalogue.skus


def test_weeks_without_a_sale_take_the_median_price_and_are_told(tmp_path: Path) -> None:
    text = history(["a", "b"])
    second_week = [f"2024-01-{day:02} " for day in range(8, 15)]
    kept = [line for line in text.splitlines(keepends=True) if ',"b",' not in line or line[:11] not in second_week]
    (tmp_path / "o.csv").write_text("".join(kept))
    table = panel(read_orders(tmp_path / "o.csv"))
    empty = table[table["units"] == 0]
    assert len(empty) == 1
    sold = table[(table["sku"] == "b") & (table["units"] > 0)]
    assert np.exp(empty["log_price"].iloc[0]) == pytest.approx(np.exp(sold["log_price"]).median())
    fit = fit_orders(tmp_path / "o.csv")
    assert fit.pattern.empty_weeks == len(empty) and any("no sale" in note for note in fit.notes)


def test_kaplan_meier_by_hand() -> None:
    """Five people: events on days 1 and 3, censored on days 2, 5 and 6."""
    gap = np.array([1.0, np.nan, 3.0, np.nan, np.nan])
    end = np.array([9.0, 2, 9, 5, 6])
    share, se = kaplan_meier(gap, end, 4)
    assert share == pytest.approx(1 - (4 / 5) * (2 / 3))
    assert se == pytest.approx((4 / 5) * (2 / 3) * np.sqrt(1 / (5 * 4) + 1 / (3 * 2)))
    assert np.isnan(kaplan_meier(gap, end, 30)[0])


def test_the_written_scenario_loads_and_runs(tmp_path: Path) -> None:
    fit = fit_orders(DATA)
    write_scenario(fit, tmp_path / "my.yaml")
    scenario = load_scenario(tmp_path / "my.yaml", ["calendar.scored_days=20", "calendar.settlement_days=0"])
    assert len(scenario.catalogue.skus) == 5 and list(scenario.catalogue.categories) == ["soft_drinks_13w"]
    assert warnings_of(load_scenario(tmp_path / "my.yaml")) == []
    from sim.world import World  # compiled kernels: only where a world is run

    World(scenario, "big_promo", "closed_loop", 1).run()


@pytest.mark.slow
def test_the_tuned_world_gives_the_data_back() -> None:
    """At the prices of the file, on other draws than those it was tuned on: total units and elasticity."""
    orders = read_orders(DATA)
    fit, table = fit_of(orders, DATA.name), panel(orders)
    world = simulated(fit, table, 7.0, tune(fit, table, 7.0, seed=1), seed=2)
    assert world["units"].sum() == pytest.approx(table["units"].sum(), rel=0.15)
    assert estimate(world).estimate == pytest.approx(fit.elasticity.pooled, rel=0.15)


def history(skus: list[str], days: int = 57, price_sd: float = 0.2, slope: float = -2.0) -> str:
    """An order history in which prices change each week; the last SKU is bought on the last day too."""
    rng = np.random.default_rng(3)
    out = [HEAD]
    for sku in skus:
        for week in range(days // 7):
            cut = float(np.exp(-abs(rng.normal(0.0, price_sd))))
            for n in range(max(1, round(8 * cut**slope))):
                day = pd.Timestamp("2024-01-01") + pd.Timedelta(days=7 * week + n % 7, hours=9 + n % 12)
                out.append(f'{day},{skus.index(sku)}-{week}-{n},{n % 11},"{sku}",1,10,{10 * cut:.4f}\n')
    return "".join(out)


@pytest.mark.parametrize("stem", ["2023", "null", "soft_drinks", "-", "订单", "a: b #c", "x" * 90])
def test_any_file_name_gives_a_scenario_that_loads(tmp_path: Path, stem: str) -> None:
    (tmp_path / f"{stem}.csv").write_text(history(["a", "b"]))
    write_scenario(fit_orders(tmp_path / f"{stem}.csv"), tmp_path / "my.yaml")
    assert len(load_scenario(tmp_path / "my.yaml").catalogue.skus) == 2


def test_any_sku_name_gives_a_scenario_that_loads(tmp_path: Path) -> None:
    names = ["tee", "null", "1e5", "a,b", "a b", "a_b", "可乐", "雪碧", "x" * 99, "- y"]
    (tmp_path / "o.csv").write_text(history(names))
    fit = fit_orders(tmp_path / "o.csv")
    write_scenario(fit, tmp_path / "my.yaml")
    assert len(load_scenario(tmp_path / "my.yaml").catalogue.skus) == len(names)
    assert summary(fit) and fit.to_dict()


def test_a_sku_without_a_whole_week_is_kept_out_of_the_panel(tmp_path: Path) -> None:
    text = history(["a", "b"]) + "2024-02-26 10:00,z1,5,late,1,10,9\n"
    (tmp_path / "o.csv").write_text(text)
    fit = fit_orders(tmp_path / "o.csv")
    assert list(fit.by_sku) == ["a", "b"] and np.isfinite(fit.elasticity.estimate)
    write_scenario(fit, tmp_path / "my.yaml")
    assert len(load_scenario(tmp_path / "my.yaml").catalogue.skus) == 3


def test_one_sku_fixed_prices_and_demand_that_rises_with_price_all_load(tmp_path: Path) -> None:
    for n, text in enumerate([history(["a"]), history(["a", "b"], price_sd=0.0), history(["a", "b"], slope=3.0)]):
        (tmp_path / f"o{n}.csv").write_text(text)
        fit = fit_orders(tmp_path / f"o{n}.csv")
        write_scenario(fit, tmp_path / "my.yaml")
        (category,) = load_scenario(tmp_path / "my.yaml").catalogue.categories.values()
        assert 0 <= category.price_sensitivity <= 5
        assert n != 1 or (fit.elasticity.identified == "not identified" and "Smallest price experiment" in summary(fit))
        assert n != 2 or fit.elasticity.pooled < 0 or category.price_sensitivity == 0
