"""Price response: elasticity as an analyst would estimate it, and what a cut does to the SKU's own week."""

from __future__ import annotations

import numpy as np

from sim.contracts import Floats
from sim.lab.credibility.bench import PROMO, WANDERING_WEEKS, WINDOW, Bench, Cut
from sim.lab.credibility.figures import figure
from sim.lab.ppml import dummies, poisson

USUAL_DEPTH = 0.2
"""Depth of the promotions that are taken apart: Complete Journey, median 25 %; Dominick's 21 %."""
_AFTER = slice(PROMO.start, WINDOW.stop)


def elasticities(units: Floats, log_price: Floats) -> Floats:
    """(K,) own-price elasticity of each SKU from (K, weeks) units and log prices, by PPML with SKU and week effects."""
    skus, weeks = units.shape
    sku, week = np.repeat(np.arange(skus), weeks), np.tile(np.arange(weeks), skus)
    levels = dummies(sku, drop_first=False)
    x = np.column_stack([levels * log_price.ravel()[:, None], levels, dummies(week, drop_first=True)])
    return poisson(units.ravel().astype(np.float64), x)[0][:skus]


def _estimated(bench: Bench) -> Floats:
    world = bench.wandering()
    units = world.weekly(world.units)[:, WANDERING_WEEKS]
    price = world.price[:, 3::7][:, WANDERING_WEEKS]  # mid-week: prices move on the first day of a week
    return np.round(elasticities(units, np.log(price)), 9)  # the last bits hang on how many threads BLAS uses


@figure("elasticity_median", "own-price elasticity, PPML with SKU and week effects, median SKU")
def elasticity_median(bench: Bench) -> float:
    """26 weeks of list prices less a random cut of 0-30 %, 60,000 consumers."""
    return float(np.median(_estimated(bench)))


@figure("elasticity_p10", "the same, 10th percentile of SKUs")
def elasticity_p10(bench: Bench) -> float:
    """The most elastic SKUs."""
    return float(np.quantile(_estimated(bench), 0.1))


@figure("elasticity_p90", "the same, 90th percentile of SKUs")
def elasticity_p90(bench: Bench) -> float:
    """The least elastic SKUs."""
    return float(np.quantile(_estimated(bench), 0.9))


def lift(bench: Bench, sku: str, *cuts: Cut) -> float:
    """Units of a SKU in the promotion's week over those of the same week without any cut, same draws."""
    base, tried = bench.quiet(), bench.quiet(*cuts, days=PROMO.stop)
    k = base.skus.index(sku)
    return float(tried.units[k, PROMO].sum() / max(1, base.units[k, PROMO].sum()))


def _median_lift(bench: Bench, depth: float) -> float:
    return float(np.median([lift(bench, sku, Cut(sku, depth)) for sku in bench.tried()]))


@figure("lift_10_20", "units in the week of a 15 % cut of one SKU / without it, no support, median SKU")
def lift_10_20(bench: Bench) -> float:
    """Two SKUs a category."""
    return _median_lift(bench, 0.15)


@figure("lift_20_30", "the same, 25 % cut")
def lift_20_30(bench: Bench) -> float:
    """Two SKUs a category."""
    return _median_lift(bench, 0.25)


@figure("lift_40_60", "the same, 50 % cut")
def lift_40_60(bench: Bench) -> float:
    """Two SKUs a category; below cost, so without the margin floor."""
    return _median_lift(bench, 0.5)


@figure("support_multiplier", "lift of a 20 % cut with the paid traffic of the shipped festival / without, median SKU")
def support_multiplier(bench: Bench) -> float:
    """The festival's traffic budget a day and no ritual: a mailer brings people, but no festival feeling."""
    budget = max(c.traffic_yuan_per_day for c in bench.scenario.campaigns.values())
    pairs = [
        lift(bench, sku, Cut(sku, USUAL_DEPTH, traffic_yuan_per_day=budget)) / lift(bench, sku, Cut(sku, USUAL_DEPTH))
        for sku in bench.tried()
    ]
    return float(np.median(pairs))


@figure("second_promo_ratio", "lift of a 20 % cut in the week after another / of the same cut alone, storables")
def second_promo_ratio(bench: Bench) -> float:
    """Mean lift of the SKUs with, over mean lift without a cut in the week before."""
    week = PROMO.stop - PROMO.start
    skus = bench.tried("storable")
    alone = [lift(bench, sku, Cut(sku, USUAL_DEPTH)) for sku in skus]
    after = [lift(bench, sku, Cut(sku, USUAL_DEPTH, PROMO.start - week, 2 * week)) for sku in skus]
    return float(np.mean(after) / np.mean(alone))


@figure("static_over_longrun", "elasticity to a one-week 20 % cut / to a 20 % cut that stays, storables")
def static_over_longrun(bench: Bench) -> float:
    """The lasting one is read in weeks 13-21, when remembered prices and pantries have settled."""
    base, static, lasting = bench.quiet(), [], []
    for sku in bench.tried("storable"):
        k = base.skus.index(sku)
        stays = bench.quiet(Cut(sku, USUAL_DEPTH, 0, WINDOW.stop))
        lasting.append(np.log(stays.units[k, _AFTER].sum() / base.units[k, _AFTER].sum()))
        static.append(np.log(lift(bench, sku, Cut(sku, USUAL_DEPTH))))
    return float(np.mean(static) / np.mean(lasting))
