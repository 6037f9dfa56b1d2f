"""Rows with running numbers: what a pool tells is what a list of all rows, never moved, tells."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.actors.pool import Pool

ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(0, 3000)),
        st.tuples(st.just("drop"), st.floats(0.0, 1.0)),
        st.tuples(st.just("set"), st.floats(0.0, 1.0)),
    ),
    max_size=30,
)


@given(ACTS)
def test_a_pool_tells_what_a_list_of_all_rows_does(acts: list[tuple[str, float]]) -> None:
    pool, rows = Pool(value=np.int64, sign=np.int8), list[int]()
    for what, amount in acts:
        if what == "append":
            values = np.arange(len(rows), len(rows) + int(amount)) * 7
            numbers = pool.append(values.size, value=values, sign=-1)
            assert numbers.tolist() == list(range(len(rows), len(rows) + values.size))
            rows += values.tolist()
        elif what == "drop":
            pool.drop_before(pool.first + round(amount * (pool.next - pool.first)))
            pool.drop_before(0)  # what is gone stays gone
        elif pool.first < pool.next:
            number = pool.first + int(amount * (pool.next - pool.first - 1))
            pool.set("value", np.array([number]), -number)
            rows[number] = -number
        assert pool.next == len(rows)
        kept = np.arange(pool.first, pool.next)
        assert pool.get("value", kept).tolist() == pool.column("value").tolist() == rows[pool.first :]
        assert (pool.column("sign") == -1).all()


def test_memory_follows_what_is_open() -> None:
    """A thousand rows a day, each for three days: no column grows beyond a few days."""
    pool = Pool(day=np.int64)
    for day in range(200):
        pool.append(1000, day=day)
        pool.drop_before(1000 * max(0, day - 2))
        assert pool.column("day")[[0, -1]].tolist() == [max(0, day - 2), day]
    assert pool._columns["day"].size <= 12_000
