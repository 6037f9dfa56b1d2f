"""The three red lines: what they say, and that the engine keeps them."""

from __future__ import annotations

import numpy as np
import pytest

from sim.red_lines import ChannelConsistency, MarginFloor, StockLinkage
from sim.scenario import load_scenario
from sim.world import World
from tests.world.markets import Shelf, campaign, market, play, sku


def test_margin_floor_and_payback() -> None:
    """Floor 20 % of what is paid: 50 / 0.8 = 62.5. A coupon may cost the margin of 50 and LTV 30 less CAC 20."""
    line = MarginFloor(0.2, {"prospect": 30.0, "dormant": 0.0}, acquisition_yuan=20.0)
    price, cost = np.array([100.0]), np.array([50.0])
    assert line.lowest(cost, price).tolist() == [62.5]
    assert line.lowest(np.array([90.0]), price).tolist() == [100.0]
    assert line.most_coupon(price, cost, "prospect").tolist() == [60.0]
    assert line.most_coupon(price, cost, "dormant").tolist() == [30.0]
    assert line.most_coupon(price, np.array([85.0]), "dormant").tolist() == [0.0]
    assert np.isinf(line.most_coupon(price, cost, "active")).all()


def test_channels_and_stock() -> None:
    assert ChannelConsistency(0.1).lowest(np.array([100.0])).tolist() == [90.0]
    line, daily = StockLinkage(5.0), np.array([10.0, 10.0, 0.0])
    assert line.scarce(np.array([49.0, 50.0, 0.0]), daily).tolist() == [True, False, False]
    assert not StockLinkage().scarce(np.zeros(3), daily).any()


CHANNELS = {"app": {"share": 0.5}, "live": {"share": 0.5}}


def test_channels_are_held_to_the_gap() -> None:
    """Live at 70 is raised to 90; a campaign of 30 % on live alone is held to 10 % too."""
    prices = np.array([[100.0, 100.0, 100.0], [70.0, 95.0, 90.0]])
    there = campaign(1, 1, markdown=0.3, channels=["live"], skus=["b"])
    scenario = market(days=3, market={"channels": CHANNELS}, campaigns={"c": there}, red_lines={"hold_channels": True})
    played = play(scenario, pricing=Shelf(lambda view: prices))
    assert list(played.history.daily["channel_inversions"]) == [0, 0, 0]
    assert list(played.history.daily["red_line_corrections"]) == [1, 1, 1]
    x = played.lines
    for k, day, want in ((0, 2, 9000), (1, 0, 9500), (1, 1, 9000), (2, 2, 9000)):
        mine = (x["sku"] == k) & (x["offer"] == 1) & (played.day == day) & (x["second"] > 6 * 3600)
        assert mine.any() and set(x["paid"][mine] // x["units"][mine]) == {want}, (k, day)


def test_without_the_line_inversions_are_counted_only() -> None:
    prices = np.array([[100.0, 100.0, 100.0], [70.0, 95.0, 90.0]])
    played = play(market(days=3, market={"channels": CHANNELS}), pricing=Shelf(lambda view: prices))
    assert list(played.history.daily["channel_inversions"]) == [1, 1, 1]


def test_scarce_stock_takes_neither_cut_nor_coupon() -> None:
    """With stock for 50 days, a line of 500 makes all that sells scarce from the second morning on."""
    cut = Shelf(lambda view: np.full((len(view.shop.channels), 3), 80.0), coupons=lambda view: 5.0)
    few = {"warehouses": {"w": {"start_days": 50.0}}}
    played = play(market(days=4, operations=few, red_lines={"scarce_days": 500.0}), pricing=cut)
    x = played.lines
    late = (played.day >= 2) | ((played.day == 1) & (x["second"] > 6 * 3600))
    assert (x["coupon"][~late] > 0).any()
    assert not x["coupon"][late].any() and not x["markdown"][late].any()


def test_a_coupon_must_pay_back() -> None:
    """Price 100, cost 50 of every SKU: active customers are worth -20 later, so 30 of the 45 yuan are left."""
    assert sku()["list_price_yuan"] == 100.0
    lines = {"margin_floor": -1.0, "lifetime_yuan": {"active": 0.0}, "acquisition_yuan": 20.0}
    played = play(market(days=3, red_lines=lines), pricing=Shelf(coupons=lambda view: 45.0))
    stage = [group.rpartition("/")[2] for group in played.world.shop.groups]
    coupon = played.world.counter.coupon
    price, cost = played.world.counter.listed, played.world.cost_fen
    for g, name in enumerate(stage):
        want = np.minimum(4500, price - cost - 2000) if name == "active" else 4500
        assert (coupon[g] == np.maximum(want, 0)).all(), name


@pytest.mark.parametrize("schedule", ["big_promo", "always_on"])
def test_no_breach_in_a_default_run(schedule: str) -> None:
    """The default market at a fiftieth of its size, red lines on, closed loop: nothing to correct, no line below the
    floor, no inversion."""
    scenario = load_scenario("double12", ["market.consumers=2000", "calendar.scored_days=80"])
    world = World(scenario, schedule, "closed_loop", 7)
    placed, place = [], world.orders.place
    world.orders.place = lambda lines, begin: (placed.append(lines.copy()), place(lines, begin))[1]  # type: ignore[method-assign]  # listens in
    history = world.run()
    sold = np.concatenate(placed)
    floor = np.minimum(np.ceil(world.cost_fen / (1.0 - scenario.red_lines.margin_floor)), world.counter.listed)
    assert scenario.red_lines.hold_channels and sold.size > 1000
    assert (sold["paid"] >= floor[sold["sku"]] * sold["units"]).all()
    assert history.daily["channel_inversions"].sum() == 0
    assert history.daily["red_line_corrections"].sum() == 0
