"""Markets made for one test each: one of everything unless the test says otherwise, and every order line kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.contracts import Forecast, LineUp, Offers, Pricer, Roster, Staffer, View
from sim.ledger import History
from sim.scenario.checks import faults_of
from sim.scenario.root import Scenario, Written

if TYPE_CHECKING:
    from sim.actors.base import Actor
    from sim.world import World

Tree = dict[str, Any]
CALM: Tree = {"appeal_sd": 0.0, "trust_visit_weight": 0.0, "trust_choice_weight": 0.0, "leave_a": 0.001, "leave_b": 9.0}
"""Nobody's mood and no week's fashion moves demand; hardly anybody leaves."""


def plain_tree() -> Tree:
    """The plain market as a scenario file would hold it."""
    return {
        "name": "made for a test",
        "calendar": {"start": "2023-10-02", "warm_up_days": 0, "scored_days": 1, "settlement_days": 0},
        "market": {
            "consumers": 3000, "prospect_share": 0.0, "cities": {"home": {"share": 1.0}},
            "segments": {"all": {"share": 1.0, "visits_per_day": 1.0, "visit_shape": 50.0}},
            "behaviour": dict(CALM), "rival": {"price_sd": 0.0},
        },
        "catalogue": {
            "categories": {"thing": {"need": 1.0, "storability": 0.0, "not_now": 1.0}},
            "skus": {"a": sku(), "b": sku(), "c": sku()},
        },
        "operations": {
            "warehouses": {"w": {"start_days": 1000.0, "pickers": 200, "inspectors": 20}},
            "couriers": {"home": {"couriers": 200}}, "suppliers": {"factory": {}},
            "service_desk": {"agents": 50},
        },
        "campaigns": {}, "schedules": {"plain": []},
        "line_ups": {"plain": {
            "forecasting": "moving_average", "pricing": "list_price", "stocking": "round_up", "staffing": "fixed",
            "outreach": "none",
        }},
    }  # fmt: skip


def sku(**changes: Any) -> Tree:
    """100 yuan, cost 50."""
    return {"category": "thing", "list_price_yuan": 100.0, "unit_cost_yuan": 50.0} | changes


def _merged(tree: Tree, changes: Tree) -> Tree:
    out = dict(tree)
    for name, value in changes.items():
        inner = name not in ("skus", "cities", "segments", "channels", "sizes") and isinstance(value, dict)
        out[name] = _merged(out.get(name) or {}, value) if inner else value
    return out


def built(tree: Tree) -> Scenario:
    """A scenario from its tree, checked as a file would be."""
    written = Written.model_validate(tree)
    assert faults_of(written) == []
    return written.expanded()


def market(days: int = 1, campaigns: Tree | None = None, **changes: Any) -> Scenario:
    """The plain market with changes merged in; `campaigns` make up the schedule `plain`. SKUs, cities, segments,
    channels and sizes are replaced as a whole."""
    tree = _merged(plain_tree(), {"calendar": {"scored_days": days}, **changes})
    if campaigns:
        tree = _merged(tree, {"campaigns": campaigns, "schedules": {"plain": list(campaigns)}})
    cities = tree["market"]["cities"]
    tree["operations"]["couriers"] = {city: {"couriers": 200} for city in cities} | {
        city: fleet for city, fleet in tree["operations"]["couriers"].items() if city in cities
    }
    return built(tree)


def campaign(first: int, last: int, **terms: Any) -> Tree:
    """Terms that hold from midnight before simulated day `first` (0 = 2 October) to midnight after day `last`."""
    return {"start": f"2023-10-{2 + first:02d}T00:00", "end": f"2023-10-{2 + last:02d}T23:59:59"} | terms


@dataclass
class Shelf(Pricer):
    """Prices by day and hour, as a test writes them: `by_day(day)` (L, K) or (24, L, K) yuan."""

    by_day: Callable[[View], np.ndarray] = field(default=lambda view: view.shop.list_price)
    coupons: Callable[[View], Any] = field(default=lambda view: 0.0)

    def price(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Offers:
        shape = (len(view.shop.channels), len(view.shop.skus))
        prices = np.asarray(self.by_day(view), np.float64)
        if prices.ndim < 3:
            prices = np.broadcast_to(prices, shape).copy()
        groups = (len(view.shop.groups), len(view.shop.skus))
        return Offers(prices, np.broadcast_to(np.asarray(self.coupons(view), np.float64), groups).copy())


@dataclass
class Nobody(Staffer):
    """No people, no couriers, no bot."""

    def roster(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Roster:
        stations, cities = len(view.shop.stations), len(view.shop.cities)
        return Roster(np.zeros((stations, 3)), np.zeros((stations, 3)), np.zeros((stations, 1)),
                      np.zeros(cities, np.int64), np.zeros(cities), 0.0)  # fmt: skip


@dataclass
class Played:
    """A finished run: its world, its history, and all lines as the counter wrote them, with their day."""

    world: World
    history: History
    lines: np.ndarray
    day: np.ndarray
    visitors: list[np.ndarray]
    """By day, everybody who came, in order of arrival."""
    arrivals: list[np.ndarray]
    """By day, their seconds."""

    def units(self, **where: int) -> int:
        """Units on lines whose columns have these values; `day` is one of them."""
        return int(self.lines["units"][self.where(**where)].sum())

    def where(self, **where: int) -> np.ndarray:
        """Which lines have these values."""
        mask = np.ones(self.lines.size, np.bool_)
        for name, value in where.items():
            mask &= (self.day if name == "day" else self.lines[name]) == value
        return mask

    def k(self, name: str) -> int:
        """Number of an SKU."""
        return self.world.shop.skus.index(name)

    def total(self, account: str) -> int:
        """Fen booked on an account in the whole run."""
        return int(self.history.accounts[account].sum())

    @cached_property
    def chosen(self) -> dict[tuple[int, int, int], str]:
        """(day, consumer, category) -> SKU / offer."""
        names, offers, category = self.world.shop.skus, (*self.world.shop.channels, "pre-sale"), self.world.category
        rows = zip(self.day, self.lines, strict=True)
        return {(int(d), int(x["consumer"]), int(category[x["sku"]])): f"{names[x['sku']]}/{offers[x['offer']]}"
                for d, x in rows}  # fmt: skip


def play(
    scenario: Scenario, seed: int = 1, schedule: str = "plain", guests: Sequence[type[Actor]] = (),
    before: Callable[[World], None] | None = None, **strategies: Any,
) -> Played:  # fmt: skip
    """Runs the schedule with the plain line-up, some strategies replaced; `before` may touch the world first."""
    from sim.world import World, line_up_of  # compiled kernels: only where a world is run

    line_up: LineUp = line_up_of(scenario, "plain") | strategies
    world = World(scenario, schedule, line_up, seed, guests)
    kept: list[np.ndarray] = []
    days: list[np.ndarray] = []
    visitors: list[np.ndarray] = []
    arrivals: list[np.ndarray] = []
    place, wake = world.orders.place, world.consumers.wake

    def placed(lines: np.ndarray, begin: int) -> None:
        kept.append(lines.copy())
        days.append(np.full(lines.size, world.day))
        place(lines, begin)

    def woken(*told: Any) -> None:
        wake(*told)
        visitors.append(world.consumers.coming.copy())
        arrivals.append(world.consumers._came[1].copy())

    world.orders.place, world.consumers.wake = placed, woken  # type: ignore[method-assign, assignment]  # listens in
    if before:
        before(world)
    history = world.run()
    return Played(world, history, np.concatenate(kept), np.concatenate(days), visitors, arrivals)
