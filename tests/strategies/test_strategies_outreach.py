"""Exact messages from scripted calendars and groups."""

from __future__ import annotations

import numpy as np

from sim.contracts import CONTENTS, STAGES
from strategies.outreach.blast import Blast
from strategies.outreach.lifecycle import Lifecycle
from strategies.outreach.none import Silence
from tests.strategies.scripted import campaign, even_forecast, scripted_view

RNG = np.random.default_rng(0)
FORECAST = even_forecast([[1], [1]])


def test_silence() -> None:
    assert not Silence().touch(scripted_view(), FORECAST, RNG).share.any()


def test_blast_from_three_days_before_to_the_end() -> None:
    """Today is day 28; a day counts when any of its hours lies in the window."""
    for start, end, on in ((31.5, 33, True), (32.0, 33, False), (26, 28.5, True), (25, 28, False)):
        touches = Blast().touch(scripted_view(campaigns=(campaign(start, end, 2),)), FORECAST, RNG)
        assert touches.share.tolist() == [float(on)] * 12, (start, end)
        assert touches.content.tolist() == [CONTENTS.index("content") if on else 0] * 12
        assert not touches.coupon.any()


def test_blast_with_coupon() -> None:
    strategy = Blast(content="coupon", coupon_yuan=7.0)
    touches = strategy.touch(scripted_view(campaigns=(campaign(28, 30, 2),)), FORECAST, RNG)
    assert touches.coupon.tolist() == [7.0] * 12
    assert touches.content.tolist() == [CONTENTS.index("coupon")] * 12


def test_lifecycle_shares_by_stage() -> None:
    touches = Lifecycle().touch(scripted_view(), FORECAST, RNG)
    want = {"new": 1 / 15, "active": 1 / 60, "at_risk": 1 / 14, "dormant": 1 / 21}
    np.testing.assert_allclose(touches.share, [want.get(stage, 0.0) for stage in STAGES] * 2)
    assert touches.coupon.tolist() == [8.0 if stage in ("at_risk", "dormant") else 0.0 for stage in STAGES] * 2
    kinds = {"new": "content", "active": "content", "at_risk": "coupon", "dormant": "coupon"}
    assert touches.content.tolist() == [CONTENTS.index(kinds.get(stage, "none")) for stage in STAGES] * 2


def test_lifecycle_stops_at_the_cap() -> None:
    """1000 people; 990 messages in six days leave 0.01 a head, 1000 leave none."""
    messages = np.zeros((12, 28), dtype=np.int64)
    new, risk = STAGES.index("new"), STAGES.index("at_risk")
    messages[new, -6:], messages[risk, -1] = 165, 1000
    touches = Lifecycle().touch(scripted_view(messages=messages), FORECAST, RNG)
    np.testing.assert_allclose(touches.share[[new, risk]], [0.01, 0.0], atol=1e-12)
    assert touches.coupon[risk] == 0.0
