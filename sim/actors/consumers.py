"""The consumers: a row each; an actor for all of them, and one for every segment."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from sim.actors.base import Actor
from sim.contracts import STAGES
from sim.kernels.draws import uniforms
from sim.kernels.experience import delivered, waited_in_vain
from sim.kernels.people import NEVER, PROSPECT, Lines, Mind, People, Slice, Tallies, empty_lines, empty_tallies
from sim.kernels.shop import count_groups, send_messages, serve, visitors
from sim.scenario.market import Market

if TYPE_CHECKING:
    from sim.world import World

Floats = NDArray[np.float64]
_GRID = 20_001


@lru_cache(maxsize=64)
def _quantiles(family: str, a: float, b: float) -> Floats:
    """Quantiles of a unit-mean Gamma (shape a) or a Beta(a, b) on an even grid of probabilities."""
    p = (np.arange(_GRID) + 0.5) / _GRID
    return np.asarray(special.gammaincinv(a, p) / a if family == "gamma" else special.betaincinv(a, b, p))


def _draw(quantiles: Floats, u: Floats) -> Floats:
    """Draws by interpolating a table of quantiles: 40 times faster than the exact inverse, and
    common random numbers keep people alike when a parameter moves."""
    return np.interp(u * _GRID - 0.5, np.arange(_GRID), quantiles)


def mind_of(world: World) -> Mind:
    """The behaviour parameters of a scenario as the kernels read them."""
    market, catalogue = world.spec.market, world.spec.catalogue
    b, segments = market.behaviour, list(market.segments.values())
    categories, skus = list(catalogue.categories.values()), [catalogue.skus[name] for name in world.shop.skus]
    names = list(catalogue.categories)
    first = np.searchsorted([names.index(s.category) for s in skus], np.arange(len(names) + 1))
    return Mind(
        need=np.array([[min(1.0, c.need * s.need.get(n, 1.0)) for n, c in catalogue.categories.items()]
                       for s in segments]),
        appeal=np.array([[k.appeal + s.taste.get(k.role, 0.0) for k in skus] for s in segments]),
        loss_aversion=np.array([s.loss_aversion for s in segments]),
        impatience=np.array([s.impatience for s in segments]),
        storage=np.array([s.storage_packs for s in segments]),
        service=np.array([s.service_sensitivity for s in segments]),
        beta_factor=np.array([c.price_sensitivity for c in categories]),
        not_now=np.array([c.not_now for c in categories]),
        pack_days=np.array([c.pack_days for c in categories]),
        storability=np.array([c.storability for c in categories]),
        expansion=np.array([c.expansion for c in categories]),
        first_sku=first.astype(np.int64),
        reference_weight=b.reference_weight, reference_memory=b.reference_memory ** (1 / 7),
        waiting_weight=b.waiting_weight, waiting_intercept=b.waiting_intercept, stockpiling=b.stockpiling,
        fatigue_per_ritual=b.fatigue_per_ritual, fatigue_decay=np.log(2) / b.fatigue_half_life_days,
        fatigue_damping=b.fatigue_damping, message_attention=b.message_attention,
        trust_start=b.trust_start, trust_visit=b.trust_visit_weight, trust_choice=b.trust_choice_weight,
        kept_promise=b.kept_promise, late_first=b.late_first, late_established=b.late_established,
        stockout_hit=b.stockout_hit, wait_hit=b.wait_hit, leave_weight=b.leave_trust_weight,
        event_acquired_rate=b.event_acquired_rate, other_channel=1.0,
    )  # fmt: skip


def _shares(shares: list[float], u: Floats) -> NDArray[np.int64]:
    """Which of several kinds each person is, for uniforms `u`."""
    return np.minimum(np.searchsorted(np.cumsum(shares), u, side="right"), len(shares) - 1)


_SWEPT = {"rate", "city", "segment", "source", "left", "first_day", "last_day", "message_day"}
"""Columns that whole sweeps read, one after the other: each stays an array of its own."""


def _packed(people: People) -> People:
    """Lays the columns that only visits touch side by side in one record a person.

    A visitor then costs two cache lines instead of fifteen: `serve` took 0.80 of the time it took
    before, at 100,000 consumers; sweeps over everybody are not slowed.
    """
    visited = [name for name in People._fields if name not in _SWEPT]
    kinds = [(name, getattr(people, name).dtype, getattr(people, name).shape[1:]) for name in visited]
    table = np.zeros(people.rate.size, np.dtype(kinds, align=True))
    for name in visited:
        table[name] = getattr(people, name)
    return people._replace(**{name: table[name] for name in visited})


def people_of(market: Market, mind: Mind, world: World) -> People:
    """Draws everybody's traits and state on the first day, each keyed by the person's number."""
    n, j = market.consumers, mind.pack_days.size
    segments, b = list(market.segments.values()), market.behaviour
    everyone = np.arange(n)

    def draw(name: str) -> Floats:
        return uniforms(world.streams.key(f"trait {name}"), everyone, 0)

    ends = np.round(np.cumsum([s.share for s in segments]) * n).astype(np.int64)
    segment = np.searchsorted(ends, everyone, side="right").clip(max=len(segments) - 1)
    per_person: dict[str, Floats] = {
        name: np.array([getattr(s, name) for s in segments])[segment]
        for name in ("visits_per_day", "price_sensitivity", "price_sensitivity_sd", "hassle_aversion")
    }
    gamma = np.empty(n)
    u = draw("visit rate")
    for number, s in enumerate(segments):
        mine = segment == number
        gamma[mine] = _draw(_quantiles("gamma", s.visit_shape, 0.0), u[mine])
    rate = per_person["visits_per_day"] * gamma
    prospect = draw("prospect") < market.prospect_share
    since = (np.log(draw("last order")) * 45.0).astype(np.int64).clip(-400, -1)
    pantry = np.stack([(draw(f"pantry {c}") - 0.5) * 2.0 * mind.pack_days[c] for c in range(j)], axis=1)
    f, d = np.float32, np.int16
    return _packed(People(
        segment=segment.astype(np.uint8),
        city=_shares([c.share for c in market.cities.values()], draw("city")).astype(np.uint8),
        channel=_shares([c.share for c in market.channels.values()], draw("channel")).astype(np.uint8),
        source=np.where(prospect, PROSPECT, 0).astype(np.uint8),
        grievance=np.zeros(n, np.uint8), left=np.zeros(n, np.uint8),
        visit_rate=rate.astype(f), rate=np.where(prospect, market.discovery_per_day, rate).astype(f),
        leave_chance=_draw(_quantiles("beta", b.leave_a, b.leave_b), draw("leave")).astype(f),
        beta=(per_person["price_sensitivity"]
              * np.exp(per_person["price_sensitivity_sd"] * special.ndtri(draw("beta")))).astype(f),
        hassle=(per_person["hassle_aversion"] * 2.0 * draw("hassle")).astype(f),
        trust=np.full(n, b.trust_start, f), fatigue=np.zeros(n, f), fatigue_day=np.full(n, NEVER, d),
        message_day=np.full(n, NEVER, d), message_coupon=np.zeros(n, np.int32),
        orders=np.where(prospect, 0, 1 + (-since) // 30).astype(np.int32),
        first_day=np.where(prospect, NEVER, since - 60).astype(d), last_day=np.where(prospect, NEVER, since).astype(d),
        pantry=pantry.astype(f), reference=np.ones((n, j), f), reference_day=np.full((n, j), -1, d),
    ))  # fmt: skip


class Segment(Actor):
    """A kind of consumer: knows its rows and its life-cycle stages."""

    def __init__(self, world: World, name: str, number: int) -> None:
        super().__init__(world)
        self.name, self.number = name, number

    @property
    def stages(self) -> dict[str, int]:
        """People by life-cycle stage this morning."""
        sizes = self.world.consumers.group_size[self.number * len(STAGES) :][: len(STAGES)]
        return dict(zip(STAGES, (int(size) for size in sizes), strict=True))


class Consumers(Actor):
    """All rows, and the kernels that move them."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.mind = mind_of(world)
        self.people = people_of(world.spec.market, self.mind, world)
        self.group_size = count_groups(self.people, 0, len(world.spec.market.segments))
        self.tally: Tallies = self._fresh_tally()
        self._came: tuple[NDArray[np.int32], NDArray[np.int32]] = (np.zeros(0, np.int32),) * 2
        self._next = self._orders = 0
        self._lines = empty_lines(0)

    def _fresh_tally(self) -> Tallies:
        shop = self.world.shop
        return empty_tallies(len(shop.cities), len(shop.skus), len(shop.groups))

    def wake(self, plain: Floats, ritual: Floats, discovery: float) -> None:
        """Midnight: who comes today, and when."""
        world = self.world
        self.tally = self._fresh_tally()
        key = world.streams.key("visit", world.day)
        self._came = visitors(key, self.people, self.mind, world.day, plain, ritual, discovery)
        self._next = self._orders = 0

    @property
    def coming(self) -> NDArray[np.int32]:
        """Who comes today, in order of arrival."""
        return self._came[0]

    def buy(self, offer: Slice) -> tuple[Lines, int, tuple[NDArray[np.int32], NDArray[np.int64]]]:
        """Serves those who come while `offer` stands: (lines, how many, (visitors, their seconds))."""
        world, first = self.world, self._next
        came, second = self._came
        last = int(np.searchsorted(second, offer.end))
        room = (last - first) * self.mind.pack_days.size
        if self._lines.order.size < room:
            self._lines = empty_lines(2 * room)
        key = world.streams.key
        self._next, count, self._orders = serve(
            key("need", world.day), key("choice", world.day), key("units", world.day), self.people, self.mind,
            offer, world.stock, world.route, world.day, came, second, first, self._lines, 0, self._orders, self.tally,
        )  # fmt: skip
        part = slice(first, self._next)
        return self._lines, count, (came[part], second[part].astype(np.int64) + world.midnight)

    def write_to(self, share: Floats, coupon: NDArray[np.int64]) -> NDArray[np.int64]:
        """Messages go out; returns (G,) how many."""
        b, world = self.world.spec.market.behaviour, self.world
        cap_days = 7.0 / b.message_cap_per_week if b.message_cap_per_week > 0 else 1e9
        key = world.streams.key("message", world.day)
        return send_messages(key, self.people, self.mind, share, coupon, world.day, cap_days, b.message_fatigue)

    def delivered(self, consumers: NDArray[np.int32], late: NDArray[Any], placed_day: NDArray[np.int64]) -> None:
        """Parcels were handed over: trust moves, some leave; losses are counted by cause."""
        causes = delivered(self.world.streams.key("leave"), self.people, self.mind, consumers, late, placed_day)
        left = int(causes.sum())
        self.world.ledger.count("left_customers", left)
        self.world.ledger.flow("left", left)

    def waited_in_vain(self, consumers: NDArray[np.int32]) -> None:
        """Contacts were abandoned."""
        waited_in_vain(self.people, self.mind, consumers)

    def settle(self) -> None:
        """Counts of the day; sizes of the groups for tomorrow's decisions."""
        world, tally = self.world, self.tally
        ledger, records, day = world.ledger, world.records, world.day
        records.sold[:, :, day], records.wanted[:, :, day] = tally.sold, tally.wanted
        records.visits[:, day], records.orders_by_hour[:, day] = tally.visits, tally.orders_by_hour
        records.group_orders[:, day] = tally.group_orders
        ledger.count("visits", int(tally.visits.sum()))
        ledger.count("wanted_units", int(tally.wanted.sum()))
        ledger.count("lost_units", int(tally.lost.sum()))
        ledger.count("red_line_corrections", int(tally.corrections[0]))
        ledger.count("new_customers", int(tally.won.sum()))
        ledger.flow("won", int(tally.won.sum()))
        self.group_size = count_groups(self.people, day + 1, len(world.spec.market.segments))
        people = self.people
        ledger.count("customers", int(((people.source != PROSPECT) & (people.left == 0)).sum()))
