"""Exact messages from scripted calendars and groups."""

from __future__ import annotations

import numpy as np
import pytest

from sim.contracts import CONTENTS, STAGES
from strategies.outreach.ab_test import AbTest, turns
from strategies.outreach.blast import Blast
from strategies.outreach.lifecycle import Lifecycle
from strategies.outreach.none import Silence
from strategies.outreach.segment_content import SegmentContent
from strategies.outreach.uplift import Uplift
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
    touches = Lifecycle(elasticity=12.0).touch(scripted_view(), FORECAST, RNG)
    want = {"new": 1 / 15, "active": 1 / 60, "at_risk": 1 / 14, "dormant": 1 / 21}
    np.testing.assert_allclose(touches.share, [want.get(stage, 0.0) for stage in STAGES] * 2)
    assert touches.coupon.tolist() == [8.0 if stage in ("at_risk", "dormant") else 0.0 for stage in STAGES] * 2
    kinds = {"new": "content", "active": "content", "at_risk": "coupon", "dormant": "coupon"}
    assert touches.content.tolist() == [CONTENTS.index(kinds.get(stage, "none")) for stage in STAGES] * 2


def test_lifecycle_gives_no_coupon_that_does_not_pay() -> None:
    """Margin 50 of 100, 8 yuan off: a third of 0.92^-2.6 - 1 = 0.242 is new, 0.08 x 50 = 4 < 1.08 x 8."""
    touches = Lifecycle().touch(scripted_view(), FORECAST, RNG)
    assert not touches.coupon.any()
    assert touches.content.tolist() == [0, *[CONTENTS.index("content")] * 4, 0] * 2


def test_lifecycle_stops_at_the_cap() -> None:
    """1000 people; 990 messages in six days leave 0.01 a head, 1000 leave none."""
    messages = np.zeros((12, 28), dtype=np.int64)
    new, risk = STAGES.index("new"), STAGES.index("at_risk")
    messages[new, -6:], messages[risk, -1] = 165, 1000
    touches = Lifecycle().touch(scripted_view(messages=messages), FORECAST, RNG)
    np.testing.assert_allclose(touches.share[[new, risk]], [0.01, 0.0], atol=1e-12)
    assert touches.coupon[risk] == 0.0


def test_uplift_writes_where_a_message_earns_more_than_it_costs() -> None:
    """Margin 50, 20 % more orders: 0.2 x 50 b > 0.05 asks for b > 0.005 a head and day, 150 of 1000 in 30 days."""
    orders = np.full(12, 149)
    orders[3] = 151
    touches = Uplift().touch(scripted_view(days=60, group_orders_30d=orders), FORECAST, RNG)
    np.testing.assert_allclose(touches.share, np.where(np.arange(12) == 3, 2 / 7, 0.0))
    assert not touches.coupon.any() and touches.content[3] == CONTENTS.index("content")


def test_uplift_keeps_the_cap_and_gives_the_coupon_that_pays() -> None:
    """1900 messages to 1000 people in six days leave 0.1 of 2; at elasticity 20 an 8 % coupon pays."""
    messages = np.zeros((12, 60), dtype=np.int64)
    messages[:, -1] = 1900
    view = scripted_view(days=60, group_orders_30d=np.full(12, 300), messages=messages)
    touches = Uplift(elasticity=20.0).touch(view, FORECAST, RNG)
    np.testing.assert_allclose(touches.share, 0.1)
    np.testing.assert_allclose(touches.coupon, 8.0)


def test_segment_content_speaks_to_each_segment() -> None:
    touches = SegmentContent().touch(scripted_view(), FORECAST, RNG)
    served = np.array([stage in ("new", "active", "at_risk") for stage in STAGES] * 2)
    np.testing.assert_allclose(touches.share, served / 7)
    kinds = np.where(np.arange(12) < 6, CONTENTS.index("bundle"), CONTENTS.index("coupon"))
    assert touches.content.tolist() == np.where(served, kinds, 0).tolist()
    assert touches.coupon.tolist() == np.where(served & (np.arange(12) >= 6), 2.0, 0.0).tolist()


def test_ab_turns_share_out_trend_and_weekday() -> None:
    on = turns(0, 112).reshape(-1, 7)
    assert on.sum(axis=0).tolist() == [8] * 7
    assert abs(on[:8].sum() - on[8:].sum()) <= 1


@pytest.mark.parametrize(("gain", "want"), [(0.3, True), (-0.3, False), (0.0, None)])
def test_ab_test_stops_when_it_is_clear(gain: float, want: bool | None) -> None:
    """Orders a visit the day after B are exp(gain) those after A; scatter 5 %. Without a difference it goes on."""
    days = 42
    rng = np.random.default_rng(3)
    after_b = np.r_[False, turns(0, days)[:-1]]
    orders = np.round(2000 * np.exp(gain * after_b + 0.05 * rng.standard_normal(days))).astype(np.int64)
    hourly = np.zeros((24, days), dtype=np.int64)
    hourly[12] = orders
    view = scripted_view(days=days, orders_by_hour=hourly, visits=np.full((1, days), 10_000))
    assert AbTest().decide(view) is want


def test_ab_test_seldom_sees_what_is_not_there() -> None:
    """Looking every day at 300 tests without any difference: few ever stop for B or A (the plan allows 5 %: 15)."""
    wrong = 0
    for seed in range(300):
        orders = np.random.default_rng(seed).poisson(400, 70)
        hourly = np.zeros((24, 70), dtype=np.int64)
        hourly[12] = orders
        view = scripted_view(days=70, orders_by_hour=hourly, visits=np.full((1, 70), 2000))
        wrong += AbTest().decide(view) is not None  # 55 days of 56: it still runs
    assert wrong <= 24


def test_ab_test_ends_with_the_cheaper_one() -> None:
    view = scripted_view(days=14 + 57 + 1)
    assert AbTest().decide(view) is False
    touches = AbTest().touch(view, FORECAST, RNG)
    assert touches.content.max() == CONTENTS.index("content") and not touches.coupon.any()
