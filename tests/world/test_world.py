"""The world as a whole: same seed same bytes, inert changes change nothing, nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from sim import plugins
from sim.actors.base import Actor
from sim.contracts import KINDS, Forecast, Offers, Pricer, Stocker, StockPlan, View
from sim.errors import LawBrokenError, StrategyError
from sim.ledger import PNL, History
from sim.scenario import Scenario
from sim.world import World, line_up_of
from tests.world.same import differences

Small = Callable[..., Scenario]


def run(scenario: Scenario, schedule: str = "big_promo", line_up: str = "closed_loop", seed: int = 11) -> History:
    return World(scenario, schedule, line_up, seed).run()


def test_same_seed_same_bytes_and_another_seed_others(small: Small, history: History) -> None:
    assert differences(history, run(small())) == []
    assert "orders" in differences(history, run(small(), seed=12))


@pytest.mark.parametrize("line_up", ["gut_feel", "closed_loop"])
@pytest.mark.parametrize("others", ["double11, double12", ""])
def test_inert_campaign_changes_no_bit(small: Small, line_up: str, others: str) -> None:
    """No markdown, no ritual, no traffic, no rule: a name on the calendar and nothing else."""
    null = 'campaigns.nothing={start: "2023-11-20T09:30", end: "2023-11-28T17:00", announced_days: 6}'
    base = small(f"schedules.plain=[{others}]")
    with_null = small(null, f"schedules.plain=[{others + ', ' if others else ''}nothing]")
    a, b = (run(scenario, "plain", line_up) for scenario in (base, with_null))
    assert differences(a, b) == []


class Bystander(Actor):
    """Takes part in every phase and does nothing."""

    calls = 0

    def _look(self) -> None:
        type(self).calls += 1

    receive = decide = shop = operate = feel = settle = _look


def test_an_actor_that_does_nothing_changes_no_bit(small: Small, history: History) -> None:
    other = World(small(), "big_promo", "closed_loop", 11, guests=[Bystander]).run()
    assert Bystander.calls > 90 * 4
    assert differences(history, other) == []


def test_common_draws_across_strategies(small: Small) -> None:
    """Who buys what does not hang on who orders stock or plans shifts, until these are felt."""
    scenario = small()
    gut, loop = line_up_of(scenario, "gut_feel"), line_up_of(scenario, "closed_loop")
    mixed = loop | {"stocking": gut["stocking"], "staffing": gut["staffing"]}
    a, b = run(scenario), World(scenario, "big_promo", mixed, 11).run()
    first = (a.order_day < 2).sum()
    assert first > 100
    assert np.array_equal(a.order_customer[:first], b.order_customer[:first])
    assert differences(a, b) != []


def test_yuan_balance(history: History) -> None:
    """Every yuan: opening equity + all profit = cash + what is owed either way + stock."""
    assert set(history.accounts) == set(PNL)
    assert history.accounts["gross_sales"].sum() > 0
    assert all((history.accounts[name] <= 0).all() for name in ("markdowns", "cost_of_goods", "packing", "space"))


def test_parcels_and_people_balance(history: History) -> None:
    d = history.daily
    assert d["parcels_delivered"].sum() <= d["parcels_dispatched"].sum()
    assert d["new_customers"].sum() == (history.source > 0).sum()
    assert d["left_customers"].sum() == (history.left > 0).sum()
    assert history.order_customer.size == d["orders"].sum()


class Thief(Actor):
    """Takes a unit off the shelf on day 5."""

    def settle(self) -> None:
        if self.world.day == 5:
            self.world.stock[0, 0] -= 1


class Forger(Actor):
    """Adds a fen to the cash box on day 4."""

    def settle(self) -> None:
        if self.world.day == 4:
            self.world.ledger.balance["cash"] += 1


class Kidnapper(Actor):
    """Makes a customer leave without a reason on day 3."""

    def settle(self) -> None:
        if self.world.day == 3:
            self.world.consumers.people.left[np.flatnonzero(self.world.consumers.people.left == 0)[0]] = 1


class Postman(Actor):
    """Loses a parcel on day 6."""

    def settle(self) -> None:
        if self.world.day == 6:
            self.world.ledger.flow("delivered", 1)


@pytest.mark.parametrize(
    ("crook", "law", "day", "account"),
    [(Thief, "units", 5, "sd_"), (Forger, "money", 4, "equity"), (Kidnapper, "customers", 3, "left"),
     (Postman, "parcels", 6, "on the road")],
)  # fmt: skip
def test_a_broken_law_stops_the_run_and_names_the_account(
    small: Small, crook: type[Actor], law: str, day: int, account: str
) -> None:
    with pytest.raises(LawBrokenError) as caught:
        World(small(), "big_promo", "gut_feel", 1, guests=[crook]).run()
    assert (caught.value.law, caught.value.day) == (law, day)
    assert account in caught.value.account


def test_trust_feeds_back_into_visits(small: Small) -> None:
    """Without couriers on the road nothing arrives, promises break, and people come less."""
    slow = "operations.promise_hours=1"
    good, bad = run(small(), line_up="gut_feel"), run(small(slow), line_up="gut_feel")
    assert bad.daily["parcels_late"].sum() > 0.9 * bad.daily["parcels_delivered"].sum()
    last = slice(60, 90)
    assert bad.daily["visits"][last].sum() < 0.9 * good.daily["visits"][last].sum()
    assert bad.daily["left_customers"].sum() > good.daily["left_customers"].sum()


def test_a_sold_out_shelf_loses_sales_not_units(small: Small) -> None:
    empty = run(small("operations.warehouses.hangzhou_dc.start_days=0.5"), line_up="gut_feel")
    assert empty.daily["lost_units"].sum() > 0
    assert empty.daily["lost_units"].max() <= empty.daily["wanted_units"].max()
    assert empty.daily["units"][:3].sum() < empty.daily["wanted_units"][:3].sum()


def bad(kind: str, answer: Callable[[View], object]) -> type:
    """A strategy of a kind whose answer is what `answer` returns."""
    method = {"pricing": "price", "stocking": "order"}[kind]
    return dataclass(type("Bad", (KINDS[kind],), {method: lambda self, view, forecast, rng: answer(view)}))


def zero_orders(view: View) -> np.ndarray:
    return np.zeros((len(view.shop.skus), len(view.shop.warehouses)), np.int64)


def no_moves(view: View) -> np.ndarray:
    return np.zeros((len(view.shop.skus), *(2 * (len(view.shop.warehouses),))), np.int64)


def raising(view: View) -> object:
    raise ZeroDivisionError("oops")


@pytest.mark.parametrize(
    ("kind", "answer", "message"),
    [
        ("stocking", raising, "must answer without an error, raised ZeroDivisionError: oops"),
        ("stocking", lambda v: None, "must return a StockPlan, got NoneType"),
        ("stocking", lambda v: StockPlan(zero_orders(v) - 5, no_moves(v)), "orders must be at least 0, got -5"),
        ("stocking", lambda v: StockPlan(zero_orders(v)[:3], no_moves(v)), "orders must have shape 20x1, got 3x1"),
        ("stocking", lambda v: StockPlan(zero_orders(v) + 0.5, no_moves(v)), "orders must be whole units, got 0.5"),
        ("pricing", lambda v: Offers(np.full((3, 20), np.nan), np.zeros((24, 20))), "prices must be finite, got nan"),
        ("pricing", lambda v: Offers(np.zeros((3, 20)), np.zeros((24, 20))), "prices must be at least 0.01, got 0"),
    ],
)  # fmt: skip
def test_a_wrong_answer_names_strategy_day_and_what_it_must_be(
    small: Small, kind: str, answer: Callable[[View], object], message: str
) -> None:
    scenario = small()
    line_up = line_up_of(scenario, "gut_feel") | {kind: bad(kind, answer)()}
    with pytest.raises(StrategyError) as caught:
        World(scenario, "big_promo", line_up, 1).run()
    assert str(caught.value) == f"strategy {kind}/Bad, day 0: {message}"


def test_an_error_of_a_users_file_names_its_line_and_not_its_folder(small: Small, tmp_path: Path) -> None:
    (tmp_path / "raises.py").write_text(
        "from dataclasses import dataclass\nimport numpy as np\nfrom sim.contracts import Stocker\n\n\n@dataclass\n"
        "class Raises(Stocker):\n    def order(self, view, forecast, rng):\n        return self.deeper()\n\n"
        "    def deeper(self):\n        return np.zeros(3).reshape(2, 2)\n\n\n@dataclass\n"
        "class Two(Stocker):\n    def order(self, view, forecast, rng):\n        raise ValueError('boom\\n  bang')\n"
    )
    told = {}
    for name in ("Raises", "Two"):
        line_up = line_up_of(small(), "gut_feel") | {
            "stocking": plugins.build("stocking", f"raises.py:{name}", {}, tmp_path)
        }
        with pytest.raises(StrategyError) as caught:
            World(small(), "big_promo", line_up, 1).run()
        told[name] = str(caught.value)
    assert told["Raises"].endswith("(raises.py:12)") and "raised ValueError: cannot reshape" in told["Raises"]
    assert told["Two"].endswith("must answer without an error, raised ValueError: boom bang (raises.py:18)")
    assert str(tmp_path) not in told["Raises"] + told["Two"]


@dataclass
class Dumper(Pricer):
    """Sells everything for a fen."""

    def price(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Offers:
        return Offers(np.full((len(view.shop.channels), len(view.shop.skus)), 0.01),
                      np.full((len(view.shop.groups), len(view.shop.skus)), 50.0))  # fmt: skip


def test_the_margin_floor_is_kept_and_corrections_are_counted(small: Small) -> None:
    scenario = small("red_lines.margin_floor=0.1", "calendar.scored_days=5", "calendar.settlement_days=0")
    history = World(scenario, "big_promo", line_up_of(scenario, "gut_feel") | {"pricing": Dumper()}, 1).run()
    paid = sum(history.accounts[n].sum() for n in ("gross_sales", "markdowns", "thresholds", "coupons"))
    cost = -history.accounts["cost_of_goods"].sum()
    assert (paid - cost) / paid >= 0.1 - 1e-3
    assert history.daily["red_line_corrections"].sum() > 0


@dataclass
class Nothing(Stocker):
    """Never orders."""

    def order(self, view: View, forecast: Forecast, rng: np.random.Generator) -> StockPlan:
        return StockPlan(zero_orders(view), no_moves(view))


def test_views_are_read_only_and_hold_the_past_only(small: Small) -> None:
    seen: list[View] = []

    @dataclass
    class Spy(Nothing):
        def order(self, view: View, forecast: Forecast, rng: np.random.Generator) -> StockPlan:
            seen.append(view)
            return super().order(view, forecast, rng)

    scenario = small("calendar.scored_days=5", "calendar.settlement_days=0")
    World(scenario, "big_promo", line_up_of(scenario, "gut_feel") | {"stocking": Spy()}, 1).run()
    for day, view in enumerate(seen):
        assert view.day == day and view.sold.shape[2] == day
        assert view.truth is None
        with pytest.raises(ValueError, match="read-only"):
            view.on_hand[0, 0] = 5
        with pytest.raises(ValueError, match="read-only"):
            view.sold[...] = 0


def test_a_finished_world_is_released(small: Small) -> None:
    import gc
    import weakref

    scenario = small("calendar.scored_days=2", "calendar.settlement_days=0", "market.consumers=100")
    world = World(scenario, "big_promo", "gut_feel", 1)
    world.run()
    dead = weakref.ref(world)
    del world
    gc.collect()
    assert dead() is None
