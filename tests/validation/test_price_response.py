"""What a price cut of one SKU does on its first day, against published bands.

Everybody still remembers the list price, nobody stockpiles, nothing is announced: the static response.
"""

from __future__ import annotations

import numpy as np
import pytest

from sim.scenario import load_scenario
from tests.validation.test_theory import ONE_DAY, PLAIN, wanted

SEEDS, SKUS = range(4), (0, 1, 5, 7, 10, 12, 16)
BANDS = {0.15: (1.1, 1.9), 0.25: (1.4, 2.6), 0.5: (2.5, 5.5)}
"""Lift by depth without support: Complete Journey, Dominick's orange juice."""
ELASTICITY = (-3.8, -1.5)
"""Median SKU: Bijmolt et al. 2005 -2.62; Complete Journey quartiles -3.1 to -1.7."""


def lifts(depth: float) -> np.ndarray:
    """Units of each tried SKU when it alone is cut, over units at list price; same draws."""
    plain = [*ONE_DAY, *PLAIN, "market.consumers=60000", "market.behaviour.stockpiling=0.0"]
    base = load_scenario("double12", plain)
    before = sum(wanted(base, seed) for seed in SEEDS)
    out = []
    for k in SKUS:
        sku = list(base.catalogue.skus)[k]
        window = 'start: "2023-10-01T00:00", end: "2023-10-01T23:59:59"'
        cut = f"campaigns.cut={{{window}, markdown: {depth}, skus: [{sku}]}}"
        after = sum(wanted(load_scenario("double12", [*plain, cut, "schedules.none=[cut]"]), seed)[k] for seed in SEEDS)
        out.append(after / before[k])
    return np.array(out)


@pytest.mark.slow
def test_the_depth_curve_lies_in_its_bands_and_rises() -> None:
    medians = {depth: float(np.median(lifts(depth))) for depth in BANDS}
    for depth, (low, high) in BANDS.items():
        assert low <= medians[depth] <= high, medians
    assert list(medians.values()) == sorted(medians.values())
    elasticity = np.log(medians[0.15]) / np.log(1 - 0.15)
    assert ELASTICITY[0] <= elasticity <= ELASTICITY[1], elasticity
