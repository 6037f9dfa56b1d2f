"""Everybody stands in the group of his segment and life-cycle stage."""

from __future__ import annotations

import numpy as np
import pytest

from sim.contracts import STAGES
from sim.kernels.people import BOND, CELL, GRIEVANCES, PROSPECT, ROW, People
from sim.kernels.visits import count_groups, headcount


def stage(source: int, left: int, since_first: int, since_last: int) -> str:
    """The rule in words: a prospect has not bought; who left, or has not for 240 days, is lost."""
    if source == PROSPECT:
        return "prospect"
    if left or since_last > 240:
        return "lost"
    if since_first <= 30:
        return "new"
    return "active" if since_last <= 60 else "at_risk" if since_last <= 120 else "dormant"


@pytest.mark.parametrize("segments", [3, 50])  # 50: the most, and more groups than a byte counts
def test_stages_and_group_sizes(segments: int) -> None:
    rng, n, day = np.random.default_rng(5), 5003, 300
    since_last = rng.choice([0, 59, 60, 61, 119, 120, 121, 239, 240, 241, 400], n)
    since_first = since_last + rng.choice([0, 29, 30, 31, 500], n)
    people = People(
        rate=np.ones(n, np.float32), segment=rng.integers(0, segments, n).astype(np.uint8), city=np.zeros(n, np.uint8),
        source=rng.choice([0, 1, PROSPECT], n).astype(np.uint8), left=rng.choice([0, 0, 2], n).astype(np.uint8),
        stage=np.zeros(n, np.uint8), first_day=(day - since_first).astype(np.int16),
        last_day=(day - since_last).astype(np.int16), message_day=np.zeros(n, np.int16),
        grief=np.zeros((n, GRIEVANCES), np.uint8), bond=np.zeros(n, BOND), row=np.zeros(n, ROW),
        cell=np.zeros((n, 1), CELL),
    )  # fmt: skip
    sizes = count_groups(people, day, segments)
    columns = (people.source.tolist(), people.left.tolist(), since_first.tolist(), since_last.tolist())
    told = [stage(*one) for one in zip(*columns, strict=True)]
    assert [STAGES[s] for s in people.stage] == told
    group = people.segment.astype(int) * len(STAGES) + people.stage
    assert sizes.tolist() == np.bincount(group, minlength=segments * len(STAGES)).tolist() and set(told) == set(STAGES)
    bought, stayed = people.source != PROSPECT, people.left == 0
    assert headcount(people.source, people.left) == ((~bought).sum(), (~stayed).sum(), (bought & stayed).sum())
