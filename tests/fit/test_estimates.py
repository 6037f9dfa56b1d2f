"""Everything but the elasticity: each estimator against a truth of its own, each refusal with its default."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.fit import fit_orders, summary
from sim.fit.bgnbd import CDNOW, fit_rates
from sim.fit.effects import DIP, SUPPORT, cross, dip, season, support
from sim.fit.elasticity import by_sku, estimate
from sim.fit.experiment import Experiment, dispersion_of, power, price_sd, smallest, standard_error
from tests.fit.test_fit import DATA, synthetic
from tests.fit.test_order_files import DAYS, HEAD, plain


def scattered(seed: int, *, mailer: float = 0.0, other: float = 0.0, lag: float = 0.0, weeks: int = 26) -> pd.DataFrame:
    """A Poisson panel of five SKUs with an elasticity of -3 and one further effect."""
    rng = np.random.default_rng(seed)
    price = np.where(rng.random((5, weeks)) < 0.4, np.log(0.7), 0.0) + rng.normal(0, 0.03, (5, weeks))
    mailed = (rng.random((5, weeks)) < 0.3).astype(float)
    others = (price.sum(axis=0) - price) / 4
    before = np.column_stack([np.zeros((5, 1)), price[:, :-1]])
    level = rng.normal(4.5, 0.3, (5, 1))
    units = rng.poisson(np.exp(level - 3.0 * price + mailer * mailed + other * others + lag * before))
    rows = [(f"s{k}", t, float(units[k, t]), price[k, t], mailed[k, t]) for k in range(5) for t in range(weeks)]
    return pd.DataFrame(rows, columns=["sku", "week", "units", "log_price", "mailer"])


def test_a_mailer_is_told_from_price() -> None:
    found = [support(scattered(seed, mailer=0.5), known=True) for seed in range(20)]
    assert np.mean([f.value for f in found]) == pytest.approx(0.5, abs=0.03)
    assert np.mean([abs(f.value - 0.5) < 1.96 * f.se for f in found]) >= 0.85
    assert support(scattered(1), known=False).used == SUPPORT
    still = scattered(1).assign(mailer=0.0)
    assert support(still, known=True).verdict == "not identified"


def test_other_skus_prices_are_told_from_the_own() -> None:
    found = [cross(scattered(seed, other=0.8)) for seed in range(20)]
    assert np.mean([own.value for own, _ in found]) == pytest.approx(-3.0, abs=0.1)
    assert np.mean([other.value for _, other in found]) == pytest.approx(0.8, abs=0.15)
    alone = scattered(1)
    assert {f.verdict for f in cross(alone[alone["sku"] == "s0"])} == {"not identified"}


def test_a_dip_is_found_where_it_is_and_only_there() -> None:
    """A log price of the week before that acts by 0.6 against -3 of this week is a dip of 0.2 of the bump."""
    found = [dip(scattered(seed, lag=0.6)) for seed in range(20)]
    assert np.mean([f.value for f in found]) == pytest.approx(0.2, abs=0.05)
    none = [dip(scattered(seed)) for seed in range(20)]
    assert np.mean([f.value for f in none]) == pytest.approx(0.0, abs=0.05)
    short = dip(scattered(1, weeks=5))
    assert short.verdict == "not identified" and short.used == DIP


def test_a_season_takes_two_years() -> None:
    table = scattered(3, weeks=110)
    month = (pd.Timestamp("2022-01-03") + pd.to_timedelta(7 * table["week"] + 3, unit="D")).dt.month
    table["units"] *= np.where(month == 12, 2.0, 1.0)
    strength, index = season(table, pd.Timestamp("2022-01-03"), estimate(table))
    assert strength.verdict == "identified" and len(index) == 12
    assert index[11] / np.mean(index[:11]) == pytest.approx(2.0, rel=0.1)
    assert season(scattered(3), pd.Timestamp("2022-01-03"), estimate(table))[1] == []


def buyers(r: float, alpha: float, a: float, b: float, people: int, end: int) -> pd.DataFrame:
    """Purchase days of people who come at random and may leave after each purchase but their first."""
    rng, rows = np.random.default_rng(8), []
    for who in range(people):
        rate, leave = rng.gamma(r, 1 / alpha), rng.beta(a, b)
        time = float(rng.integers(28, end - 60))
        rows.append((f"c{who}", int(time)))
        while (time := time + rng.exponential(1 / rate)) < end:
            rows.append((f"c{who}", int(time)))
            if rng.random() < leave:
                break
    return pd.DataFrame(rows, columns=["customer", "day"]).drop_duplicates().sort_values("day", kind="stable")


def test_purchase_rates_are_recovered() -> None:
    truth = (0.8, 40.0, 0.6, 2.4)
    rates = fit_rates(buyers(*truth, people=4000, end=720), 28, 719)
    assert rates.verdicts == ("identified",) * 4
    for value, se, true in zip(rates.values, rates.se, truth, strict=True):
        assert abs(value - true) < 3 * se + 0.05 * true, (rates, truth)


def test_without_enough_newcomers_rates_are_those_of_the_evidence(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text(HEAD + "".join(plain()))
    fit = fit_orders(tmp_path / "o.csv")
    found = [f for f in fit.findings if "BG/NBD" in f.name]
    assert [f.used for f in found] == list(CDNOW) and {f.verdict for f in found} == {"not identified"}


def test_return_rate_and_lag(tmp_path: Path) -> None:
    """120 purchases of one unit a fortnight apart; every third comes back after ten days."""
    days = pd.date_range("2024-01-01", periods=120)
    rows = [f"{d:%Y-%m-%d} 10:00,o{n},c{n},a,1,10,{8 + n % 3}\n" for n, d in enumerate(days)]
    rows += [f"{d + pd.Timedelta(days=10):%Y-%m-%d} 10:00,r{n},c{n},a,-1,10,8\n" for n, d in enumerate(days)
             if n % 3 == 0 and n < 100]  # fmt: skip
    (tmp_path / "o.csv").write_text(HEAD + "".join(rows))
    fit = fit_orders(tmp_path / "o.csv")
    rate, lag = fit.finding("return rate"), fit.finding("return lag, median")
    assert rate.value == pytest.approx(1 / 3, abs=0.05) and lag.value == pytest.approx(10.0)
    assert rate.verdict == "weak" and "30 returns" in rate.why


# ---- the experiment ----------------------------------------------------------------------------
def test_the_proposed_experiment_tells_what_it_says() -> None:
    """Lived through 200 times: the s.e. of the formula is the spread of the estimates, and the power comes out."""
    base = {"a": 30.0, "b": 25.0, "c": 20.0, "d": 8.0}
    plan = smallest(base, 1.0)
    assert plan.enough and plan.price_sd >= 0.1 and plan.se <= 0.5 and plan.power >= 0.8
    rng, found = np.random.default_rng(4), []
    level = np.array([base[sku] for sku in plan.skus])[:, None]
    for _ in range(200):
        cut = np.where(rng.random((len(plan.skus), plan.weeks)) < 0.5, np.log(1 - plan.cut), 0.0)
        units = rng.poisson(level * np.exp(-2.6 * cut))
        rows = [(sku, t, float(units[k, t]), cut[k, t]) for k, sku in enumerate(plan.skus) for t in range(plan.weeks)]
        fit = estimate(pd.DataFrame(rows, columns=["sku", "week", "units", "log_price"]))
        if np.isfinite(fit.estimate):
            found.append((fit.estimate, abs(fit.estimate + 1) > 1.96 * fit.se))
    assert len(found) > 150
    assert np.std([e for e, _ in found]) == pytest.approx(plan.se, rel=0.3)
    assert np.mean([told for _, told in found]) == pytest.approx(plan.power, abs=0.1)


def test_no_smaller_experiment_would_do() -> None:
    plan = smallest({"a": 30.0, "b": 25.0}, 2.2)
    less = standard_error(30.0 if len(plan.skus) == 1 else 55.0, 2.2, plan.cut, len(plan.skus), plan.weeks - 1)
    short = price_sd(plan.cut, len(plan.skus), plan.weeks - 1) < 0.1 or less > 0.5 or power(less) < 0.8
    assert short or plan.weeks == 4
    hopeless = smallest({"a": 0.1}, 2.2)
    assert isinstance(hopeless, Experiment) and not hopeless.enough and "not enough" in hopeless.told()


def test_dispersion_by_hand() -> None:
    rng = np.random.default_rng(0)
    poisson = pd.DataFrame([(f"s{k}", t, float(rng.poisson(40))) for k in range(8) for t in range(40)],
                           columns=["sku", "week", "units"])  # fmt: skip
    assert dispersion_of(poisson) == pytest.approx(1.0, abs=0.15)
    assert dispersion_of(poisson.assign(units=3 * poisson["units"])) == pytest.approx(3.0, rel=0.15)


def test_fixed_prices_are_refused_and_an_experiment_is_proposed(tmp_path: Path) -> None:
    rows = [f"{day} 10:{n:02}:00,o{n},c{n % 7},{sku},{1 + n % 2},10,10\n" for n, day in enumerate(DAYS) for sku in "ab"]
    (tmp_path / "o.csv").write_text(HEAD + "".join(rows))
    fit = fit_orders(tmp_path / "o.csv")
    assert {e.identified for e in (fit.elasticity, *fit.by_sku.values())} == {"not identified"}
    assert np.isnan(fit.elasticity.estimate) and "Smallest price experiment" in summary(fit)
    assert fit.experiment is not None and fit.to_dict()["experiment"]["weeks"] == fit.experiment.weeks


# ---- per SKU -----------------------------------------------------------------------------------
def test_skus_that_differ_are_told_apart_and_drawn_together() -> None:
    rng = np.random.default_rng(2)
    truth = np.array([-1.5, -2.5, -3.5, -4.5])
    price = rng.normal(0, 0.25, (4, 40))
    units = rng.poisson(np.exp(4 + truth[:, None] * price))
    rows = [(f"s{k}", t, float(units[k, t]), price[k, t]) for k in range(4) for t in range(40)]
    table = pd.DataFrame(rows, columns=["sku", "week", "units", "log_price"])
    own = list(by_sku(table, estimate(table)).values())
    np.testing.assert_allclose([e.estimate for e in own], truth, atol=0.3)
    pulled = [abs(e.pooled - e.estimate) for e in own]
    assert max(pulled) < 0.3 and own[0].pooled <= own[0].estimate and own[3].pooled >= own[3].estimate


def test_a_sku_with_a_fixed_price_takes_that_of_all() -> None:
    table = synthetic(-3.0, 0.2, 5)
    table.loc[table["sku"] == "s2", "log_price"] = 1.0
    common = estimate(table)
    own = by_sku(table, common)
    assert own["s2"].identified == "not identified" and own["s2"].pooled == common.pooled
    assert own["s2"].pooled_sd >= common.pooled_sd
    assert own["s1"].identified == "identified"


def test_the_shipped_data_say_what_they_can(tmp_path: Path) -> None:
    fit = fit_orders(DATA)
    assert fit.finding("promo support (mailer)").verdict == "identified"
    assert fit.finding("season (s.d. of months)").verdict == "not identified"
    assert fit.finding("return rate").verdict == "not identified"
    assert fit.experiment is None and fit.reading.count["used"] == 2069
