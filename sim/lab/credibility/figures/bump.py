"""Where a promotion's bump comes from, what follows it, and whether it paid.

One SKU is cut by 20 % for a week, unannounced and unsupported; the same world without the cut is subtracted, so
that every unit of difference was caused by it. Units, eight weeks before to eight weeks after.

The split itself is `sim.lab.moved`, which `peakshift decompose` prints too.
"""

from __future__ import annotations

import numpy as np

from sim.contracts import Ints
from sim.lab.credibility.bench import PROMO, WINDOW, Bench, Cut, Lived
from sim.lab.credibility.figures import figure
from sim.lab.credibility.figures.price import USUAL_DEPTH
from sim.lab.moved import Split as Split
from sim.lab.moved import split_of

_FOUR_WEEKS = slice(PROMO.stop, PROMO.stop + 28)
_LAST_WEEKS = slice(WINDOW.stop - 14, WINDOW.stop)
_OUTSIDE = ("salvage_loss", "interest", "space")
"""Accounts of the surplus stock that a quiet world holds; they would credit a promotion with emptying it."""


def split(with_cut: Ints, without: Ints, own: int, category: tuple[str, ...]) -> Split:
    """Takes a bump apart: (K, T) units of the two worlds, number of the SKU cut, category of each SKU."""
    moved = with_cut[:, : WINDOW.stop] - without[:, : WINDOW.stop]
    mine = np.arange(len(category)) == own
    same = np.array([c == category[own] for c in category])
    now, always, soon = (moved[:, part].sum(axis=1) for part in (PROMO, WINDOW, _FOUR_WEEKS))
    return split_of(now, always, soon, mine, same)


def _promoted(bench: Bench, sku: str) -> Lived:
    return bench.quiet(Cut(sku, USUAL_DEPTH))


def _sum(bench: Bench, *kinds: str) -> Split:
    """Sum over the SKUs tried of these kinds."""
    base, total = bench.quiet(), Split(0, 0, 0, 0, 0, 0)
    for sku in bench.tried(*kinds):
        total += split(_promoted(bench, sku).units, base.units, base.skus.index(sku), base.category)
    return total


@figure("bump_switching", "share of the bump taken from other SKUs of the category that week, storables")
def bump_switching(bench: Bench) -> float:
    """Storables: what van Heerde et al. looked at (tuna, tissue, shampoo, peanut butter)."""
    total = _sum(bench, "storable")
    return total.switching / total.bump


@figure("bump_cross_period", "share of the bump taken from other weeks of the category, storables")
def bump_cross_period(bench: Bench) -> float:
    """All weeks of the window but the promotion's."""
    total = _sum(bench, "storable")
    return total.cross_period / total.bump


@figure("bump_expansion", "share of the bump that the category gained over all weeks, storables")
def bump_expansion(bench: Bench) -> float:
    """The rest: the three add to 1."""
    total = _sum(bench, "storable")
    return total.expansion / total.bump


@figure("incremental_share", "units that the whole shop gained over all weeks / bump, all categories")
def incremental_share(bench: Bench) -> float:
    """Category expansion and what other categories gained or lost."""
    total = _sum(bench)
    return (total.expansion + total.elsewhere) / total.bump


@figure("dip_storable", "units that the category lost in the four weeks after / bump, storables")
def dip_storable(bench: Bench) -> float:
    """Storability of at least 0.5, restocked within a year."""
    total = _sum(bench, "storable")
    return total.deficit / total.bump


@figure("dip_perishable", "the same, perishables")
def dip_perishable(bench: Bench) -> float:
    """Storability below 0.5."""
    total = _sum(bench, "perishable")
    return total.deficit / total.bump


@figure("back_after_8_weeks", "units of the category in weeks 7 and 8 after / without the promotion, all categories")
def back_after_8_weeks(bench: Bench) -> float:
    """Mean over the SKUs tried."""
    base, ratios = bench.quiet(), []
    for sku in bench.tried():
        same = [c == base.category[base.skus.index(sku)] for c in base.category]
        after = _promoted(bench, sku).units[same, _LAST_WEEKS].sum()
        ratios.append(float(after / max(1, base.units[same, _LAST_WEEKS].sum())))
    return float(np.mean(ratios))


def profit(world: Lived) -> float:
    """Yuan over the window, without what hangs on the surplus stock."""
    accounts = world.history.accounts
    return sum(int(values[WINDOW].sum()) for name, values in accounts.items() if name not in _OUTSIDE) / 100


@figure("unprofitable_promo_share", "share of the 20 % cuts that cost profit over all weeks, all categories")
def unprofitable_promo_share(bench: Bench) -> float:
    """Two SKUs a category; wages of a fixed staff cancel out."""
    base = profit(bench.quiet())
    return float(np.mean([profit(_promoted(bench, sku)) < base for sku in bench.tried()]))
