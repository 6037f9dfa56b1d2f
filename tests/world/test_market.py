"""Every feature of the market does what it says: names key draws, sizes, itemised offers, gifts, bundles, promises,
services, channels, the rival's festivals, reasons to leave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sim.actors.base import Actor
from sim.actors.sizes import Sizes
from sim.contracts import Forecast, Stocker, StockPlan, View
from sim.kernels.people import CAUSES, GIFT, GRIEVANCES, LATE, REGRET, STOCKOUT
from sim.scenario.catalogue import Sku
from tests.world.markets import Nobody, Played, Shelf, Tree, built, campaign, market, plain_tree, play, sku
from tests.world.same import differences

DAY = 86_400
CURVE = {"S": 0.25, "M": 0.4, "L": 0.25, "XL": 0.1}


def itemised(played: Played) -> None:
    """Every line adds up, is not sold below its floor, and the books say the same."""
    x, world = played.lines, played.world
    off = x["markdown"] + x["bundle"] + x["threshold"] + x["coupon"]
    assert np.array_equal(x["listed"] - off, x["paid"])
    assert min(x[name].min() for name in ("markdown", "bundle", "threshold", "coupon", "paid", "deposit")) >= 0
    assert np.array_equal(x["listed"], world.counter.listed[x["sku"]] * x["units"])
    assert np.all(x["paid"] >= world.counter.floor[x["sku"]] * x["units"])
    assert np.all(x["deposit"] <= x["paid"]) and np.all((x["deposit"] > 0) <= (x["due"] > 0))
    if (x["due"] == 0).all():
        for account, name in (("gross_sales", "listed"), ("markdowns", "markdown"), ("bundles", "bundle"),
                              ("thresholds", "threshold"), ("coupons", "coupon")):  # fmt: skip
            assert abs(played.total(account)) == x[name].sum(), account


# ---- 2. names key draws ------------------------------------------------------------------------


def moved(a: Played, b: Played) -> set[tuple[str | None, str | None]]:
    """(choice before, choice after) of everybody who chose otherwise."""
    one, two = (
        {(d, who, played.world.spec.catalogue.skus[what.split("/")[0]].category): what
         for (d, who, _), what in played.chosen.items()} for played in (a, b)
    )  # fmt: skip
    return {(one.get(key), two.get(key)) for key in one.keys() | two.keys() if one.get(key) != two.get(key)}


@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_new_sku_moves_people_only_toward_itself(place: int) -> None:
    names = ["a", "b", "c"]
    names.insert(place, "new")
    before = play(market())
    after = play(market(catalogue={"skus": {name: sku() for name in names}}))
    switches = moved(before, after)
    assert len(switches) == 4 and {new for _, new in switches} == {"new/app"}


def test_a_channel_that_sells_nothing_changes_nobody() -> None:
    one, skus = {"app": {"share": 1.0}}, {"skus": {name: sku(channels=["app"]) for name in ("a", "b", "c")}}
    two = {"empty": {"share": 0.0}, **one}  # where nothing is sold
    before = play(market(market={"channels": one}, catalogue=skus))
    for channels in (two, dict(reversed(two.items()))):
        after = play(market(market={"channels": channels}, catalogue=skus))
        assert moved(before, after) == set()
        assert len(before.chosen) > 500 and after.units() == before.units()


@pytest.mark.parametrize("first", [True, False])
def test_a_category_that_nobody_needs_changes_nobody(first: bool) -> None:
    thing = {"need": 1.0, "storability": 1.0, "not_now": 1.0, "pack_days": 3.0}
    idle = {"need": 0.0, "storability": 0.5, "not_now": 1.0, "pack_days": 50.0}
    plain = market(days=4, catalogue={"categories": {"thing": thing}})
    order = {"idle": idle, "thing": thing} if first else {"thing": thing, "idle": idle}
    tree: Tree = {"skus": {"x": sku(category="idle"), "a": sku(), "b": sku(), "c": sku()}}
    wider = _with_categories(tree, order)
    before, after = play(plain), play(wider)
    assert len(before.chosen) > 1000
    assert moved(before, after) == set()


def _with_categories(tree: Tree, categories: Tree) -> Any:
    """A market of four days with these categories in this order."""
    plain = plain_tree()
    plain["catalogue"] = {"categories": categories, **tree}
    plain["calendar"]["scored_days"] = 4
    return built(plain)


# ---- 3. sizes ----------------------------------------------------------------------------------

curves = st.lists(st.floats(0.01, 1.0), min_size=1, max_size=7)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(curves, min_size=1, max_size=5), st.data())
def test_a_split_over_sizes_is_exact_and_even(parts: list[list[float]], data: st.DataObject) -> None:
    skus = [Sku(category="x", list_price_yuan=2.0, unit_cost_yuan=1.0,
                sizes={str(n): w / sum(part) for n, w in enumerate(part)}) for part in parts]  # fmt: skip
    sizes = Sizes.of(skus)
    units = data.draw(arrays.arrays(np.int64, (len(skus), 2), elements=st.integers(0, 10**7)))
    split = sizes.split(units)
    assert np.array_equal(sizes.total(split), units) and split.min() >= 0
    assert np.all(np.abs(split - sizes.share[:, None] * units[sizes.sku]) <= 1.0 + 1e-6 * units[sizes.sku])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.data())
def test_a_transfer_takes_no_size_below_zero(data: st.DataObject) -> None:
    counts = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    sizes = Sizes.of([Sku(category="x", list_price_yuan=2.0, unit_cost_yuan=1.0,
                          sizes={str(n): 1 / count for n in range(count)}) for count in counts])  # fmt: skip
    stock = data.draw(arrays.arrays(np.int64, (sum(counts),), elements=st.integers(0, 50)))
    most = sizes.total(stock)
    leaving = np.array([data.draw(st.integers(0, int(n))) for n in most])
    part = sizes.split(leaving, stock.astype(np.float64))
    assert np.array_equal(sizes.total(part), leaving)
    assert np.all(part >= 0) and np.all(part <= stock)


class NeverNegative(Actor):
    """Looks at the shelf in every phase."""

    def _look(self) -> None:
        assert self.world.stock.min() >= 0

    receive = decide = operate = feel = settle = _look


class Mover(Stocker):
    """Moves a few of everything from the first warehouse to the second, and orders odd numbers."""

    def order(self, view: View, forecast: Forecast, rng: np.random.Generator) -> StockPlan:
        moves = np.zeros((len(view.shop.skus), 2, 2), np.int64)
        moves[:, 0, 1] = 7
        return StockPlan(np.full((len(view.shop.skus), 2), 13), moves)


def sized(**changes: Any) -> Any:
    """One coat in four sizes beside something without sizes."""
    return market(
        **{"catalogue": {"skus": {"coat": sku(sizes=CURVE, appeal=0.8), "a": sku()},
                         "categories": {"thing": {"return_rate": 0.5}}}} | changes
    )  # fmt: skip


def without(k: int, *gone: int) -> Callable[[Any], None]:
    """Takes sizes of an SKU off the opening shelf, and out of the books."""

    def act(world: Any) -> None:
        for size in gone:
            v = world.sizes.first[k] + size
            units = int(world.stock[v].sum())
            world.stock[v] = 0
            world.ledger.units_in[k] -= units
            world.ledger.balance["stock"] -= int(units * world.cost_fen[k])
            world.ledger.opening -= int(units * world.cost_fen[k])

    return act


def test_people_buy_their_own_size_in_the_shares_of_the_curve() -> None:
    played = play(sized(days=3))
    coats = played.lines[played.where(sku=played.k("coat"))]
    assert coats["misfit"].sum() == 0 and played.history.daily["misfit_lines"].sum() == 0
    size = coats["variant"] - played.world.sizes.first[played.k("coat")]
    of_person: dict[int, int] = {}
    for who, what in zip(coats["consumer"], size, strict=True):
        assert of_person.setdefault(int(who), int(what)) == what  # a trait, not a draw of the day
    counts = np.bincount(list(of_person.values()), minlength=4)
    share = np.array(list(CURVE.values()))
    n = counts.sum()
    assert n > 1500 and np.all(np.abs(counts / n - share) < 4 * np.sqrt(share * (1 - share) / n))


def test_a_size_that_is_gone_sends_people_to_a_neighbour_or_away() -> None:
    full, broken = play(sized(days=30)), play(sized(days=30), before=without(0, 2))
    coat = broken.k("coat")
    x = broken.lines[broken.where(sku=coat, day=0)]
    size = x["variant"] - broken.world.sizes.first[coat]
    assert set(size[x["misfit"] == 1]) == {3}  # the larger neighbour is asked first
    people = {int(c) for c in full.lines["consumer"][full.where(sku=coat, day=0)]}
    large = {int(c) for c in full.lines["consumer"][full.where(sku=coat, day=0, variant=coat_size(full, 2))]}
    assert {int(c) for c in x["consumer"][x["misfit"] == 0]} == people - large
    took = {int(c) for c in x["consumer"][x["misfit"] == 1]}
    assert 0 < len(took) < len(large) and took <= large  # the others went to what else there is, or home
    day = broken.history.daily
    assert day["misfit_lines"][0] == len(took)
    assert day["lost_units"][0] == len(large) - len(took)


def coat_size(played: Played, size: int) -> int:
    return int(played.world.sizes.first[played.k("coat")]) + size


def test_misfits_come_back_more_often() -> None:
    """Twice as often, as misfit_returns says; both against delivered lines."""
    chance = {}
    for times in (1.0, 2.0):
        tree = sized(days=60, market={"consumers": 1500, "behaviour": {"misfit_returns": times}})
        tree = tree.model_copy(update={"operations": tree.operations})
        played = play(tree, before=without(0, 0, 2, 3), stocking=NoOrders())
        chance[times] = played.history.daily["returned_units"].sum() / played.units()
    misfits = (played.lines["misfit"] == 1).mean()
    assert misfits > 0.2
    assert chance[2.0] / chance[1.0] == pytest.approx(1 + misfits, rel=0.1)


class NoOrders(Stocker):
    """Never orders."""

    def order(self, view: View, forecast: Forecast, rng: np.random.Generator) -> StockPlan:
        k, w = len(view.shop.skus), len(view.shop.warehouses)
        return StockPlan(np.zeros((k, w), np.int64), np.zeros((k, w, w), np.int64))


def test_broken_sizes_are_shown_and_stock_stays_whole() -> None:
    seen: list[View] = []

    class Spy(NoOrders):
        def order(self, view: View, forecast: Forecast, rng: np.random.Generator) -> StockPlan:
            seen.append(view)
            return super().order(view, forecast, rng)

    play(sized(days=2), before=without(0, 1, 3), stocking=Spy(), guests=[NeverNegative])
    assert seen[0].broken_sizes[:, 0] == pytest.approx([0.5, 0.0])
    assert seen[0].on_hand.shape == (2, 1)


def test_transfers_and_odd_orders_of_sizes_keep_the_laws() -> None:
    two = {"w": {"start_days": 2.0, "pickers": 50}, "v": {"start_days": 1.0, "pickers": 50}}
    played = play(sized(days=12, operations={"warehouses": two}), stocking=Mover(), guests=[NeverNegative])
    assert played.history.daily["misfit_lines"].sum() > 0
    assert played.history.daily["lost_units"].sum() > 0


@pytest.mark.parametrize("seed", range(6))
def test_what_was_wanted_is_sold_or_lost_to_the_unit(seed: int) -> None:
    """One SKU, nothing to switch to: also who wants three and finds one is counted."""
    hoard = {"skus": {"a": sku()}, "categories": {"thing": {"storability": 1.0, "pack_days": 1.0}}}
    short = {"warehouses": {"w": {"start_days": 0.6}}}
    sale = {"c": campaign(0, 1, markdown=0.4)}
    scenario = market(
        catalogue=hoard, operations=short, campaigns=sale, market={"behaviour": {"stockpiling": 20.0}, "consumers": 500}
    )
    played = play(scenario, seed, stocking=NoOrders())
    daily = played.history.daily
    assert daily["units"][0] == daily["wanted_units"][0] - daily["lost_units"][0] == played.units()
    assert daily["lost_units"][0] > 100 and (played.lines["units"] > 2).sum() > 10


# ---- 4. offers ---------------------------------------------------------------------------------


def test_offers_add_up_on_every_line_and_in_the_books() -> None:
    rules = campaign(
        0, 3, markdown=0.1, threshold={"spend_yuan": 170.0, "save_yuan": 30.0},
        bundles={"pair": {"skus": ["a", "b"], "saving": 0.2}},
    )  # fmt: skip
    two = {"categories": {"thing": {"storability": 1.0}, "other": {"need": 0.6, "storability": 0.0}}, "skus": {
        "a": sku(), "b": sku(category="other", list_price_yuan=73.31), "c": sku(list_price_yuan=133.0)}}  # fmt: skip
    played = play(market(days=4, catalogue=two, campaigns={"c": rules}, red_lines={"margin_floor": 0.2}),
                  pricing=Shelf(coupons=lambda view: 9.0))  # fmt: skip
    itemised(played)
    x = played.lines
    for name in ("markdown", "bundle", "threshold", "coupon"):
        assert (x[name] > 0).sum() > 50, name
    assert played.history.daily["red_line_corrections"].sum() > 0  # the floor bound on some of them
    orders = np.unique(np.stack([played.day, x["order"], x["consumer"]]), axis=1).shape[1]
    assert orders == played.history.daily["orders"].sum()
    key = played.day.astype(np.int64) * 10**6 + x["order"]
    saved = np.bincount(np.unique(key, return_inverse=True)[1], x["threshold"])
    spent = np.bincount(np.unique(key, return_inverse=True)[1], x["paid"] + x["threshold"])
    assert saved.max() == 3000 and np.all((saved > 0) <= (spent >= 17000))


def test_the_margin_floor_holds_when_everything_is_off_at_once() -> None:
    rules = campaign(0, 2, markdown=0.4, threshold={"spend_yuan": 60.0, "save_yuan": 55.0},
                     bundles={"pair": {"skus": ["a", "b"], "saving": 0.9}})  # fmt: skip
    played = play(market(days=2, campaigns={"c": rules}, red_lines={"margin_floor": 0.1}),
                  pricing=Shelf(coupons=lambda view: 60.0))  # fmt: skip
    itemised(played)
    assert np.all(played.lines["paid"] == played.world.counter.floor[0] * played.lines["units"])


def test_the_deepest_markdown_counts_and_only_where_it_runs() -> None:
    """Two cities, two channels: each combination pays what the campaigns that run there say."""
    cities = {"east": {"share": 0.5}, "west": {"share": 0.5}}
    channels = {"app": {"share": 0.5}, "live": {"share": 0.5}}
    played = play(
        market(
            days=2, market={"cities": cities, "channels": channels},
            campaigns={
                "all": campaign(0, 1, markdown=0.05, skus=["a"]),
                "east": campaign(1, 1, markdown=0.2, cities=["east"], channels=["live"]),
                "west": campaign(1, 1, markdown=0.1, cities=["west"], skus=["b"],
                                 threshold={"spend_yuan": 90.0, "save_yuan": 9.0}),
            },
        )
    )  # fmt: skip
    itemised(played)
    x, city = played.lines, played.world.consumers.people.city[played.lines["consumer"]]
    depth = x["markdown"] / x["listed"]
    want = np.zeros(x.size)
    a, b, live = x["sku"] == played.k("a"), x["sku"] == played.k("b"), x["offer"] == 1
    want[a] = 0.05
    want[(played.day == 1) & (city == 0) & live] = 0.2
    want[(played.day == 1) & (city == 1) & b] = 0.1
    assert depth == pytest.approx(want)
    assert np.array_equal(x["threshold"] > 0, (played.day == 1) & (city == 1) & b)
    assert all((want == level).sum() > 20 for level in (0.0, 0.05, 0.1, 0.2))


def test_thresholds_and_gifts_hold_in_the_campaign_s_channels() -> None:
    channels = {"app": {"share": 0.5}, "live": {"share": 0.5}}
    here = campaign(0, 0, channels=["live"], threshold={"spend_yuan": 90.0, "save_yuan": 9.0},
                    gifts={"mug": {"stock_units": 10**7}})  # fmt: skip
    played = play(market(market={"channels": channels}, campaigns={"c": here}))
    live = played.lines["offer"] == 1
    assert 100 < live.sum() < live.size - 100
    assert np.array_equal(played.lines["threshold"] > 0, live) and np.array_equal(played.lines["gift"] == 1, live)


def test_prices_by_the_hour() -> None:
    """(24, L, K) prices hold from 06:00 for 24 hours, each in its hour and channel."""
    channels = {"app": {"share": 0.5}, "live": {"share": 0.5}}

    def by_hour(view: View) -> np.ndarray:
        prices = np.full((24, 2, 3), 100.0)
        prices[:, 1] -= np.arange(24)[:, None] / 2
        prices[20, 0] = 60.0
        return prices

    played = play(market(days=2, market={"channels": channels}), pricing=Shelf(by_hour))
    x, hour = played.lines, played.lines["second"] // 3600
    want = np.where(x["offer"] == 1, 10000 - 50 * hour, np.where(hour == 20, 6000, 10000))
    want[(played.day == 0) & (hour < 6)] = 10000  # before the first decision
    assert np.array_equal(x["paid"], want * x["units"])
    app = [((x["offer"] == 0) & (hour == h)).sum() / (hour == h).sum() for h in (19, 20, 21)]
    assert app[1] > 1.3 * max(app[0], app[2])  # and people see it


def test_a_larger_voucher_replaces_the_group_s_coupon_on_one_unit() -> None:
    def handed(world: Any) -> None:
        world.consumers.people.row["coupon"][::2], world.consumers.people.message_day[::2] = 1200, 0

    storable = {"categories": {"thing": {"storability": 1.0, "pack_days": 0.5}}}
    played = play(market(catalogue=storable, market={"behaviour": {"stockpiling": 9.0}}),
                  pricing=Shelf(coupons=lambda view: 5.0), before=handed)  # fmt: skip
    itemised(played)
    x = played.lines
    late, has = x["second"] >= 6 * 3600, x["consumer"] % 2 == 0
    assert (late & has & (x["units"] > 1)).sum() > 20 and (~late).sum() > 20
    assert np.array_equal(x["coupon"], 500 * x["units"] * late + np.where(has, np.where(late, 700, 1200), 0))
    assert np.all(played.world.consumers.people.row["coupon"][x["consumer"][has]] == 0)  # spent


def test_pre_sale_deposits_are_kept_or_become_part_of_the_price() -> None:
    fest = campaign(3, 4, markdown=0.2, announced_days=3, ritual=0.5, presale={
        "start": "2023-10-03T20:00", "deposit": 0.15, "balance_rate": 0.7})  # fmt: skip
    played = play(market(days=7, campaigns={"c": fest}))
    x = played.lines
    early = x["due"] > 0
    assert early.sum() > 100 and set(x["due"][early]) == {3 * 86400}
    assert np.array_equal(x["deposit"][early], np.floor(0.15 * x["paid"][early] + 0.5).astype(np.int64))
    assert np.all((played.day[early] == 1) | (played.day[early] == 2))
    assert np.all(x["paid"][early] == 8000 * x["units"][early])
    kept = played.total("deposits_kept")
    assert 0.2 < kept / x["deposit"][early].sum() < 0.4
    sold = played.total("gross_sales") + played.total("markdowns")
    lost = kept / 0.15  # the price of what was not taken in the end
    assert sold == pytest.approx(x["paid"].sum() - lost, abs=1)


# ---- 5. gifts, bundles, promises ---------------------------------------------------------------


def test_one_gift_of_each_kind_an_order_while_they_last() -> None:
    gifts = {"mug": {"unit_cost_yuan": 3.0, "stock_units": 8000}, "bag": {"unit_cost_yuan": 2.0, "stock_units": 10**7}}
    two = {"categories": {"thing": {}, "other": {"need": 1.0, "storability": 0.0, "not_now": 0.0}},
           "skus": {"a": sku(), "b": sku(category="other")}}  # fmt: skip
    played = play(market(catalogue=two, campaigns={"c": campaign(0, 0, gifts=gifts)}))
    orders = int(played.history.daily["orders"][0])
    mugs = 8000 * 3000 // 100_000
    assert (np.bincount(played.lines["order"]) > 1).sum() > 100  # two lines, and still one of each
    assert played.total("gifts") == -(300 * mugs + 200 * orders)
    assert played.history.daily["gifts_missing"][0] == orders - mugs
    assert played.history.daily["promo_spend_yuan"][0] == pytest.approx(3 * mugs + 2 * orders)
    assert (played.lines["gift"] == 2).sum() == orders - mugs and (played.lines["gift"] == 1).sum() == mugs


def test_a_gift_is_liked_while_it_lasts() -> None:
    def day(stock: int) -> int:
        gift = {"mug": {"stock_units": stock, "appeal": 1.0, "skus": ["a"]}}
        return play(market(campaigns={"c": campaign(0, 0, gifts=gift)})).units(sku=0)

    assert day(10**7) > 1.4 * day(0)


def test_a_missing_gift_hurts_and_is_asked_about_and_left_for() -> None:
    def run(stock: int, **behaviour: float) -> Played:
        gift = {"mug": {"stock_units": stock, "appeal": 0.0}}
        return play(market(days=9, market={"behaviour": {"gift_hit": 0.3, "leave_a": 0.3, "leave_b": 3.0,
                                                          "leave_trust_weight": 6.0, "regret_hit": 0.0,
                                                          "stockout_hit": 0.0, **behaviour}},
                           operations={"promise_hours": 2000.0, "service_desk": {"contacts_if_gift_missing": 0.5}},
                           campaigns={"c": campaign(0, 8, gifts=gift)}))  # fmt: skip

    given, missing = run(10**7), run(0)
    trust = [played.world.consumers.people.row["trust"].mean() for played in (given, missing)]
    assert trust[1] < trust[0] - 0.02
    tickets = [int(played.history.daily["tickets"].sum()) for played in (given, missing)]
    assert tickets[1] > tickets[0] + 0.3 * missing.history.daily["parcels_delivered"].sum() * 0.5
    assert (given.history.left == GIFT).sum() == 0 and (missing.history.left == GIFT).sum() > 20
    assert set(missing.history.left) <= {0, 1, GIFT}
    # a hit of another size moves nobody's choice of the first day
    assert run(0, gift_hit=0.0).world.consumers.people.row["trust"].min() >= 0.8 - 1e-6


def pairs(**terms: Any) -> Any:
    """A hotpot base and noodles, of two categories; what makes them a pair is the test's."""
    skus = {"base": sku(), "noodles": sku(category="side")}
    sides = {"thing": {}, "side": {"need": 0.02, "storability": 0.0, "not_now": 0.5}}
    return market(**{"catalogue": {"categories": sides, "skus": skus, **terms.pop("catalogue", {})}} | terms)


def test_a_bundle_is_complete_or_there_is_none() -> None:
    offer = campaign(0, 1, bundles={"pair": {"skus": ["base", "noodles"], "saving": 0.25}})
    plain, bundled = play(pairs(days=2)), play(pairs(days=2, campaigns={"c": offer}))
    itemised(bundled)
    assert bundled.units(sku=1) > 3 * plain.units(sku=1) > 0
    x = bundled.lines
    orders: dict[tuple[int, int], list[Any]] = {}
    for day, line in zip(bundled.day, x, strict=True):
        orders.setdefault((int(day), int(line["order"])), []).append(line)
    for lines in orders.values():
        saved = [line["bundle"] for line in lines]
        whole = {int(line["sku"]) for line in lines} == {0, 1}
        assert saved == ([2500, 2500] if whole else [0] * len(lines))
    assert bundled.history.accounts["bundles"].sum() == -x["bundle"].sum() < 0


def test_a_bundle_with_a_sold_out_part_is_ignored() -> None:
    offer = campaign(0, 0, bundles={"pair": {"skus": ["base", "noodles"], "saving": 0.25}})
    played = play(pairs(campaigns={"c": offer}), before=without(1, 0))
    assert played.units(sku=1) == 0 and played.units(sku=0) > 300
    assert played.lines["bundle"].sum() == 0


def test_the_second_part_of_a_bundle_fills_the_cupboard() -> None:
    """Who got noodles with the base needs none for a while."""
    sides = {
        "thing": {"storability": 0.0},
        "side": {"need": 0.5, "storability": 1.0, "not_now": 0.0, "pack_days": 30.0},
    }
    offer = campaign(0, 0, bundles={"pair": {"skus": ["base", "noodles"], "saving": 0.25}})

    def empty(world: Any) -> None:
        world.consumers.people.cell["pantry"][:, 1] = 0.0

    played = play(pairs(days=3, campaigns={"c": offer}, catalogue={"categories": sides}), before=empty)
    x = played.lines
    extra = set(x["consumer"][played.where(day=0, sku=1, filler=1)])
    none = set(x["consumer"][played.where(day=0, sku=0)]) - set(x["consumer"][played.where(day=0, sku=1)])
    later = [np.isin(list(group), x["consumer"][(played.day > 0) & (x["sku"] == 1)]).mean() for group in (extra, none)]
    assert len(extra) > 100 and later[0] < 0.5 * later[1]


def test_an_extra_line_of_a_bundle_is_no_misfit() -> None:
    offer = campaign(0, 0, bundles={"pair": {"skus": ["base", "noodles"], "saving": 0.25}})
    skus = {"skus": {"base": sku(sizes={"S": 0.5, "L": 0.5}), "noodles": sku(category="side")}}
    played = play(pairs(campaigns={"c": offer}, catalogue=skus), before=without(0, 0))
    assert (played.lines["misfit"] == 1).sum() > 50
    assert np.all(played.lines["sku"][played.lines["misfit"] == 1] == 0)


def cool_and_warm(*sensitivity: float) -> Tree:
    """Two segments alike but for how much they care about service."""
    alike = {"share": 0.5, "visits_per_day": 1.0, "visit_shape": 50.0}
    return {name: alike | {"service_sensitivity": s} for name, s in zip(("cool", "warm"), sensitivity, strict=True)}


def test_matching_sets_make_bigger_baskets_of_those_who_care() -> None:
    service = {"services": {"look": {"kind": "matching_sets", "skus": ["base"], "partner": "noodles", "appeal": 0.7}}}
    kinds = cool_and_warm(0.0, 2.0)
    plain = play(pairs(days=2, market={"segments": kinds}))
    paired = play(pairs(days=2, market={"segments": kinds}, catalogue=service))
    size = [played.lines.size / played.history.daily["orders"].sum() for played in (plain, paired)]
    assert size[1] > size[0] + 0.1
    assert paired.lines["bundle"].sum() == 0
    extra = paired.lines[paired.where(filler=1)]
    warm = paired.world.consumers.people.segment[extra["consumer"]]
    assert (warm == 1).sum() > 1.5 * (warm == 0).sum() > 0


def cheaper_from(day: int, price: float = 80.0, sku_number: int = 0) -> Shelf:
    """One SKU at 100 yuan, and at another price from 06:00 of a day on."""

    def prices(view: View) -> np.ndarray:
        out = view.shop.list_price.copy()
        if view.day >= day:
            out[sku_number] = price
        return out

    return Shelf(prices)


PROMISE: Tree = {"promise": campaign(0, 0, price_match={"days": 10, "claim_share": 1.0})}


def test_a_promise_pays_exactly_the_difference_once_and_nobody_regrets() -> None:
    played = play(market(days=6, campaigns=PROMISE), pricing=cheaper_from(2))
    cheap = 2 * DAY + 6 * 3600
    x, when = played.lines, played.day * DAY + played.lines["second"]
    last = {int(line["consumer"]): n for n, line in enumerate(x) if when[n] < cheap}  # what he had bought by then
    back = {int(c) for day in range(2, 6) for c, s in zip(played.visitors[day], played.arrivals[day], strict=True)
            if day * DAY + s >= cheap}  # fmt: skip
    owed = [n for who, n in last.items() if who in back and x["sku"][n] == 0]
    promised = [n for n in owed if played.day[n] == 0]
    assert 100 < len(promised) < len(owed)
    assert -played.total("price_matches") == 2000 * x["units"][promised].sum()
    assert played.history.daily["regrets"].sum() == len(owed) - len(promised)


def test_without_a_promise_regret_lowers_trust_and_is_booked_as_cause() -> None:
    behaviour = {"behaviour": {"regret_hit": 0.3, "leave_a": 0.3, "leave_b": 3.0, "leave_trust_weight": 8.0,
                               "stockout_hit": 0.0}}  # fmt: skip
    quiet: Tree = {"operations": {"promise_hours": 2000.0}, "market": behaviour}
    steady, cut = (play(market(days=12, **quiet), pricing=cheaper_from(day)) for day in (99, 2))
    assert steady.history.daily["regrets"].sum() == 0
    hurt = int(cut.history.daily["regrets"].sum())
    assert hurt > 200
    assert cut.world.consumers.people.row["trust"].mean() < steady.world.consumers.people.row["trust"].mean() - 0.01
    assert (cut.history.left == REGRET).sum() > 10 and (steady.history.left == REGRET).sum() == 0
    promised = market(days=12, **quiet, campaigns={"p": campaign(0, 11, price_match={"days": 15, "claim_share": 1.0})})
    assert play(promised, pricing=cheaper_from(2)).history.daily["regrets"].sum() == 0


def test_nobody_regrets_that_something_else_has_always_been_cheaper() -> None:
    """Prices stand still; b is at 80 from the first morning. Who bought a at 100 has nothing to regret."""
    played = play(market(days=8), pricing=cheaper_from(0, sku_number=1))
    late = played.lines["second"] >= 6 * 3600
    assert ((played.lines["sku"] == 0) & late).sum() > 500
    before_six = ~late & (played.day == 0) & (played.lines["sku"] == 1)  # these paid 100 for b
    assert played.history.daily["regrets"].sum() <= before_six.sum()


def test_what_a_threshold_saved_counts_in_what_was_paid() -> None:
    """Bought for 70 after the rule, seen for 80: nothing to regret. Bought for 90: a lot."""
    for save, regrets in ((30.0, False), (10.0, True)):
        rule = campaign(0, 0, threshold={"spend_yuan": 95.0, "save_yuan": save})
        played = play(market(days=6, campaigns={"c": rule}), pricing=cheaper_from(1))
        cheap = DAY + 6 * 3600
        late = ((played.day * DAY + played.lines["second"] < cheap) & (played.day == 1)).sum()  # these paid 100
        assert (played.history.daily["regrets"].sum() > late) == regrets


@pytest.mark.parametrize(("days", "cut", "claims"), [(3, 6, False), (25, 20, True), (3, 2, True)])
def test_a_promise_holds_as_long_as_it_says(days: int, cut: int, claims: bool) -> None:
    """Shorter than regret: afterwards it is regretted. Longer than regret: it is still paid."""
    promise = {"promise": campaign(0, 0, price_match={"days": days, "claim_share": 1.0})}
    rare = {"all": {"share": 1.0, "visits_per_day": 0.1, "visit_shape": 50.0}}
    played = play(market(days=cut + 3, campaigns=promise, market={"segments": rare}), pricing=cheaper_from(cut))
    assert (played.total("price_matches") < 0) == claims
    if not claims:
        assert played.history.daily["regrets"].sum() > 0


def test_a_short_promise_is_not_lengthened_by_another_campaign_s() -> None:
    short = campaign(0, 0, price_match={"days": 3, "claim_share": 1.0})
    later = campaign(15, 15, skus=["c"], price_match={"days": 30, "claim_share": 1.0})
    rare = {"all": {"share": 1.0, "visits_per_day": 0.1, "visit_shape": 50.0}}
    played = play(market(days=12, campaigns={"short": short, "later": later}, market={"segments": rare}),
                  pricing=cheaper_from(6))  # fmt: skip
    assert played.total("price_matches") == 0


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_what_came_back_is_not_matched(rate: float) -> None:
    """Money for a returned line has been paid back in full; seeing it cheaper later brings nothing more."""
    back = {"categories": {"thing": {"return_rate": rate}}}
    promise = {"promise": campaign(0, 7, price_match={"days": 200, "claim_share": 1.0})}
    rare = {"all": {"share": 1.0, "visits_per_day": 0.03, "visit_shape": 50.0}}
    played = play(market(days=90, catalogue=back, campaigns=promise, market={"segments": rare}),
                  pricing=cheaper_from(78))  # fmt: skip
    matched = -played.total("price_matches")
    assert matched == 0 if rate else matched >= 2000


# ---- 6. services -------------------------------------------------------------------------------


def served(kind: str, days: int = 40, **terms: Any) -> Any:
    """The plain market with a service of a kind; without appeal unless the test says otherwise."""
    service = {"kind": kind, "appeal": 0.0, "yuan_per_day": 1000.0, **terms}
    return market(days=days, catalogue={"services": {"s": service}, "categories": {"thing": {"return_rate": 0.3}}},
                  market={"consumers": 1000})  # fmt: skip


def bare(days: int = 40) -> Any:
    return market(days=days, catalogue={"categories": {"thing": {"return_rate": 0.3}}}, market={"consumers": 1000})


def test_size_advice_avoids_returns_and_costs_what_it_says() -> None:
    plain, advised = play(bare()), play(served("size_advice", effect=0.5, yuan_per_unit=0.5))
    returned = [played.history.daily["returned_units"].sum() for played in (plain, advised)]
    assert returned[1] / returned[0] == pytest.approx(0.5, abs=0.06)
    assert moved(plain, advised) == set()
    assert -advised.total("services") == 40 * 1000 + 50 * advised.units()


def test_size_advice_for_one_sku_helps_that_one() -> None:
    plain, advised = play(bare()), play(served("size_advice", effect=0.8, skus=["b"]))
    ratio = advised.world.records.returned.sum(axis=1) / plain.world.records.returned.sum(axis=1)
    assert ratio[[0, 2]] == pytest.approx(1.0) and ratio[1] < 0.35


def test_tutorials_avoid_contacts() -> None:
    plain, taught = play(bare(10)), play(served("tutorials", days=10, effect=0.6))
    orders = plain.history.daily["orders"].sum()
    less = plain.history.daily["tickets"].sum() - taught.history.daily["tickets"].sum()
    rate = plain.world.spec.operations.service_desk.contacts_per_order
    assert less == pytest.approx(0.6 * rate * orders, rel=0.15)


def test_a_warranty_is_taken_by_a_share_and_earns_its_price_less_claims() -> None:
    played = play(served("warranty", days=6, effect=0.25, price_yuan=20.0, claims_share=0.4, skus=["a", "b"]))
    units = played.units(sku=0) + played.units(sku=1)
    assert played.total("warranties") % 1200 == 0
    assert played.total("warranties") / 1200 == pytest.approx(0.25 * units, abs=4 * np.sqrt(units) / 2)
    other = {"services": {
        "first": {"kind": "tutorials", "appeal": 0.0},
        "s": {"kind": "warranty", "appeal": 0.0, "effect": 0.25, "price_yuan": 20.0, "skus": ["a", "b"]},
    }}  # fmt: skip
    beside = play(market(days=6, catalogue=other, market={"consumers": 1000}))
    assert beside.total("warranties") == played.total("warranties")  # its draws are its own


def test_trade_in_brings_people_back_earlier() -> None:
    tree = {"categories": {"thing": {"storability": 1.0, "pack_days": 30.0}}}
    service = {"services": {"s": {"kind": "trade_in", "effect": 0.6, "appeal": 0.0}}}
    plain, traded = (play(market(days=45, catalogue=catalogue, market={"consumers": 1500}))
                     for catalogue in (tree, tree | service))  # fmt: skip
    assert traded.units() > 1.3 * plain.units()


def test_appeal_wins_those_who_care_about_service() -> None:
    kinds = cool_and_warm(0.2, 2.0)
    service = {"services": {"s": {"kind": "tutorials", "appeal": 0.4, "skus": ["a"]}}}
    plain, liked = (play(market(days=4, catalogue=c, market={"segments": kinds})) for c in ({}, service))
    rise = []
    for segment in (0, 1):
        n = [int((p.world.consumers.people.segment[p.lines["consumer"][p.where(sku=0)]] == segment).sum())
             for p in (plain, liked)]  # fmt: skip
        rise.append(n[1] / n[0])
    assert rise[1] > 1.4 > 1.2 > rise[0] > 0.99


# ---- 7. channels -------------------------------------------------------------------------------


def live(**terms: Any) -> Any:
    channels = {"app": {"share": 0.6}, "live": {"share": 0.4, "hours": [19, 23], **terms}}
    return market(days=30, market={"consumers": 1000, "channels": channels},
                  catalogue={"categories": {"thing": {"return_rate": 0.15}}})  # fmt: skip


def test_a_livestream_sells_in_its_hours_alone() -> None:
    hours = play(live()).lines
    on_air = hours["second"][hours["offer"] == 1] // 3600
    assert set(on_air) == {19, 20, 21, 22}
    assert set(hours["second"][hours["offer"] == 0] // 3600) >= set(range(7, 24))


def test_impulse_sells_more_and_returns_are_multiplied() -> None:
    dull, keen, sent_back = play(live()), play(live(impulse=1.0)), play(live(return_multiplier=4.0))
    sold = [(p.lines["offer"] == 1).sum() for p in (dull, keen)]
    assert sold[1] > 1.5 * sold[0]
    assert moved(dull, sent_back) == set()
    returned = [p.history.daily["returned_units"].sum() for p in (dull, sent_back)]
    share = (dull.lines["offer"] == 1).mean()
    assert returned[1] / returned[0] == pytest.approx(1 + 3 * share, rel=0.15)


def test_an_sku_is_sold_where_its_channels_say() -> None:
    skus = {"skus": {"a": sku(), "b": sku(channels=["live"])}}
    channels = {"app": {"share": 0.5}, "live": {"share": 0.5}}
    played = play(market(catalogue=skus, market={"channels": channels}))
    assert set(played.lines["offer"][played.where(sku=1)]) == {1}
    assert set(played.lines["offer"][played.where(sku=0)]) == {0, 1}


@pytest.mark.parametrize(("app", "live", "gap", "found"), [
    ([0, 24], [0, 24], 0.1, 2), ([0, 24], [19, 23], 0.1, 2), ([0, 24], [0, 24], 0.2, 0), ([0, 12], [12, 24], 0.1, 0),
])  # fmt: skip
def test_channel_inversions_are_counted_while_both_are_open(
    app: list[int], live: list[int], gap: float, found: int
) -> None:
    channels = {"app": {"share": 0.5, "hours": app}, "live": {"share": 0.5, "hours": live}}
    prices = np.array([[100.0, 100.0, 100.0], [85.0, 85.0, 95.0]])
    played = play(market(days=3, market={"channels": channels}, red_lines={"channel_gap": gap}),
                  pricing=Shelf(lambda view: prices))  # fmt: skip
    assert list(played.history.daily["channel_inversions"]) == [found] * 3


def test_a_campaign_of_one_city_and_channel_can_invert_prices() -> None:
    channels, cities = {"app": {"share": 0.5}, "live": {"share": 0.5}}, {"x": {"share": 0.5}, "y": {"share": 0.5}}
    there = campaign(1, 1, markdown=0.3, cities=["y"], channels=["live"], skus=["a"])
    played = play(market(days=3, market={"channels": channels, "cities": cities}, campaigns={"c": there}))
    assert list(played.history.daily["channel_inversions"]) == [0, 1, 0]


# ---- the rival ---------------------------------------------------------------------------------


def beside(depth: float = 0.3, start: str = "2023-10-03T15:00", end: str = "2023-10-03T17:59:59") -> Any:
    sale = {"festivals": {"theirs": {"start": start, "end": end, "depth": depth}}, "price_sd": 0.05, "pull": 4.0}
    return market(days=4, market={"rival": sale})


def test_a_rival_s_festival_takes_sales_while_it_runs_and_at_no_other_second() -> None:
    quiet, loud = play(beside(depth=0.0)), play(beside())
    during = {(day, hour): [(p.where(day=day) & (p.lines["second"] // 3600 == hour)).sum() for p in (quiet, loud)]
              for day in range(4) for hour in range(24)}  # fmt: skip
    for (day, hour), (before, after) in during.items():
        if day == 1 and 15 <= hour < 18:
            assert after < 0.75 * before and before > 40
        else:
            assert after == before
    left = {who: what for who, what in quiet.chosen.items() if loud.chosen.get(who) != what}
    assert all(who not in loud.chosen for who in left)  # to the rival, not to another SKU


def test_the_merchant_sees_yesterday_s_index_with_the_festival_in() -> None:
    seen: list[np.ndarray] = []

    class Spy(Nobody):
        def roster(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Any:
            seen.append(view.rival_index.copy())
            return super().roster(view, forecast, rng)

    play(beside(), staffing=Spy())
    shown = seen[3]
    seen.clear()
    play(beside(depth=0.0), staffing=Spy())
    assert [index.size for index in seen] == [0, 1, 2, 3]
    assert np.array_equal(seen[3][:2], seen[2])
    assert np.log(shown / seen[3]) == pytest.approx([0.0, np.log(0.7) * 3 / 24, 0.0])
    assert np.abs(np.log(seen[3])).min() > 0


def test_a_rival_s_festival_without_a_cut_changes_no_bit() -> None:
    assert differences(play(beside(depth=0.0)).history, play(market(days=4, market={"rival": {
        "price_sd": 0.05, "pull": 4.0}})).history) == []  # fmt: skip


def test_the_deepest_of_two_rival_festivals_counts() -> None:
    both = market(market={"rival": {"festivals": {
        "long": {"start": "2023-10-02T10:00", "end": "2023-10-02T20:00", "depth": 0.1},
        "deep": {"start": "2023-10-02T12:00", "end": "2023-10-02T13:59:59", "depth": 0.4}}}})  # fmt: skip
    rival = play(both).world.rival
    pull = both.market.rival.pull
    hour = [rival.utility(3600 * h) for h in (9, 11, 12, 14, 21)]
    assert hour == pytest.approx([0.0, -pull * np.log(0.9), -pull * np.log(0.6), -pull * np.log(0.9), 0.0])


# ---- 8. leaving --------------------------------------------------------------------------------


def test_leavers_are_booked_under_what_took_most_of_their_trust() -> None:
    """Everybody carries one grief, larger than all others: that is the cause of all who would not go by nature."""
    for cause in range(LATE, LATE + GRIEVANCES):

        def wronged(world: Any, cause: int = cause) -> None:
            people = world.consumers.people
            people.grief[:] = 3
            people.grief[:, cause - LATE] = 40
            people.row["trust"] -= 0.4

        played = play(market(days=8, market={"behaviour": {"leave_a": 0.3, "leave_b": 3.0, "leave_trust_weight": 6.0}},
                             operations={"promise_hours": 2000.0}), before=wronged)  # fmt: skip
        left = np.bincount(played.history.left, minlength=len(CAUSES))
        assert left[cause] > 20 and left[1] > 5 and left[[c for c in range(2, 7) if c != cause]].sum() == 0
        assert played.history.daily["left_customers"].sum() == left[1:].sum()


def test_lateness_and_empty_shelves_are_causes_too() -> None:
    behaviour = {"leave_a": 0.3, "leave_b": 3.0, "leave_trust_weight": 6.0, "late_established": 0.1, "late_first": 0.1,
                 "stockout_hit": 0.2}  # fmt: skip
    late = play(market(days=8, market={"behaviour": behaviour}, operations={"promise_hours": 1.0}))
    assert (late.history.left == LATE).sum() > 20 and (late.history.left == STOCKOUT).sum() == 0
    gone = play(market(days=8, market={"behaviour": behaviour}, operations={"promise_hours": 2000.0}),
                before=without(0, 0), stocking=NoOrders())  # fmt: skip
    assert (gone.history.left == STOCKOUT).sum() > 20 and (gone.history.left == LATE).sum() == 0
    for played in (late, gone):
        assert played.history.daily["left_customers"].sum() == (played.history.left > 0).sum()
