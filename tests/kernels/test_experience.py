"""What inspected returns come to, against plain numpy."""

from __future__ import annotations

import numpy as np

from sim.kernels.draws import uniforms
from sim.kernels.experience import ReturnRows, inspect

KEY, FIRST, N = np.uint64(9), 400, 3000


def test_inspected_returns_are_summed_up_and_marked() -> None:
    rng = np.random.default_rng(4)
    skus, variants, nodes, warehouses = 6, 15, 4, 2
    lines = ReturnRows(
        entity=rng.integers(0, 1 << 40, N), sku=rng.integers(0, skus, N).astype(np.int16),
        variant=rng.integers(0, variants, N).astype(np.int16), units=rng.integers(1, 4, N).astype(np.int16),
        paid=rng.integers(1, 100_000, N), home=rng.integers(0, nodes, N).astype(np.uint8), done=np.zeros(N, np.uint8),
    )  # fmt: skip
    share, cost, fee = rng.uniform(0, 1, skus), rng.integers(100, 9000, skus), rng.uniform(0, 0.1, nodes)
    mine = np.sort(rng.choice(N, 1000, replace=False))
    told = inspect(KEY, lines, FIRST, mine + FIRST, share, cost, fee, variants, warehouses)
    sku, units, paid, home = (
        column[mine].astype(np.int64) for column in (lines.sku, lines.units, lines.paid, lines.home)
    )
    good, each = uniforms(KEY, lines.entity[mine], 0) < share[sku], cost[sku] * units
    assert np.flatnonzero(lines.done).tolist() == mine.tolist()
    assert told.entity.tolist() == lines.entity[mine].tolist()
    assert told.consumer.tolist() == (lines.entity[mine] >> 24).astype(np.int32).tolist()
    assert told.units.tolist() == np.bincount(sku, units, skus).tolist()
    assert told.good.tolist() == np.bincount(lines.variant[mine][good], units[good], variants).tolist()
    assert (told.paid, told.cost, told.lost) == (paid.sum(), each.sum(), each[~good].sum())
    assert told.commission == np.rint(fee[home] * paid).sum() and told.carried == (home < warehouses).sum()
    assert 0 < told.lost < told.cost and 0 < told.carried < mine.size
