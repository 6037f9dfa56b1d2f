"""The consumers: a row each; an actor for all of them, and one for every segment."""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from sim.actors.base import Actor
from sim.contracts import STAGES
from sim.kernels.draws import normal, uniforms
from sim.kernels.experience import delivered, waited_in_vain
from sim.kernels.people import (
    BOND,
    CLAIM,
    DEMAND,
    FINE,
    GRIEVANCES,
    ITEM,
    LANES,
    LINE,
    NEVER,
    PROSPECT,
    TEMPER,
    Mind,
    People,
    Rows,
    Slice,
    Tallies,
    empty_tallies,
    rows,
    rows_and_cells,
)
from sim.kernels.shop import serve
from sim.kernels.visits import count_groups, send_messages, visitors
from sim.scenario.expected import liking
from sim.scenario.market import Market

if TYPE_CHECKING:
    from sim.world import World

Floats = NDArray[np.float64]
_GRID = 20_001
_CUPBOARDS = 0.7
"""Share of needs that what is at home does not meet already (assumption)."""


@lru_cache(maxsize=64)
def _quantiles(family: str, a: float, b: float) -> Floats:
    """Quantiles of a unit-mean Gamma (shape a) or a Beta(a, b) on an even grid of probabilities."""
    p = (np.arange(_GRID) + 0.5) / _GRID
    return np.asarray(special.gammaincinv(a, p) / a if family == "gamma" else special.betaincinv(a, b, p))


def _draw(quantiles: Floats, u: Floats) -> Floats:
    """Draws by interpolating a table of quantiles: 40 times faster than the exact inverse, and
    common random numbers keep people alike when a parameter moves."""
    return np.interp(u * _GRID - 0.5, np.arange(_GRID), quantiles)


def liking_of(world: World) -> Floats:
    """(S, K) utility of each SKU at list price, without channel, campaign and noise, in the shop's order of SKUs."""
    names = list(world.spec.catalogue.skus)
    return liking(world.spec)[:, [names.index(name) for name in world.shop.skus]]


def _key(text: str) -> np.uint32:
    """A name as a 32-bit key of draws: other names in the scenario do not change it."""
    return np.uint32(zlib.crc32(text.encode()))


def _alternatives(world: World) -> dict[str, NDArray[Any]]:
    """SKU x channel in blocks by category, behind each block SKU x pre-sale, both padded to whole vectors.

    Returns first, lanes and all_lanes (J,), sku (-1 for pads), offer and key (A,), alternative (K, O).
    """
    shop, offers = world.shop, (*world.shop.channels, "pre-sale")
    first, lanes, all_lanes, flat = [], [], [], list[tuple[int, int]]()
    for j in range(world.first_sku.size - 1):
        skus = range(world.first_sku[j], world.first_sku[j + 1])
        first.append(len(flat))
        for part in ([(k, o) for k in skus for o in range(len(offers) - 1)], [(k, len(offers) - 1) for k in skus]):
            lanes.append(-(-len(part) // LANES) * LANES)
            flat += part + [(-1, 0)] * (lanes[-1] - len(part))
        all_lanes.append(lanes[-2] + lanes.pop())
    alternative = np.zeros((len(shop.skus), len(offers)), np.int64)
    for a, (k, o) in enumerate(flat):
        if k >= 0:
            alternative[k, o] = a
    key = [_key(f"{shop.skus[k]}/{offers[o]}") if k >= 0 else np.uint32(0) for k, o in flat]
    return {
        "first": np.array(first), "lanes": np.array(lanes), "all_lanes": np.array(all_lanes),
        "sku": np.array([k for k, _ in flat]), "offer": np.array([o for _, o in flat]), "key": np.array(key),
        "alternative": alternative,
    }  # fmt: skip


def _order_chance(world: World) -> Floats:
    """(S,) usual share of visits that end in an order: some need, not met by what is at home, and a choice to buy."""
    market, catalogue, liking = world.spec.market, world.spec.catalogue, liking_of(world)
    none = np.ones(len(market.segments))
    for j, (name, category) in enumerate(catalogue.categories.items()):
        weight = np.exp(liking[:, world.first_sku[j] : world.first_sku[j + 1]]).sum(axis=1)
        need = np.array([min(1.0, category.need * s.need.get(name, 1.0)) for s in market.segments.values()])
        none *= 1.0 - need * weight / (weight + np.exp(category.not_now))
    return _CUPBOARDS * (1.0 - none)


def mind_of(world: World) -> Mind:
    """The behaviour parameters of a scenario as the kernels read them."""
    market, catalogue = world.spec.market, world.spec.catalogue
    b, segments = market.behaviour, list(market.segments.values())
    categories, names = list(catalogue.categories.values()), list(catalogue.categories)
    skus, key = [catalogue.skus[name] for name in world.shop.skus], world.streams.key
    shelf = [[skus[k] for k in range(world.first_sku[j], world.first_sku[j + 1])] for j in range(len(names))]
    advised = [0.5 * sum(k.content for k in shelf[j]) / max(1, len(shelf[j])) for j in range(len(names))]
    form = _alternatives(world)
    return Mind(
        need=np.array([[min(1.0, c.need * s.need.get(n, 1.0)) for n, c in catalogue.categories.items()]
                       for s in segments]),
        deliberation=np.array([[s.deliberation * c.deliberation * (1.0 - advised[j])
                                for j, c in enumerate(categories)] for s in segments]),
        temper=rows(
            TEMPER, loss_aversion=[s.loss_aversion for s in segments], impatience=[s.impatience for s in segments],
            hassle=[s.hassle_aversion for s in segments], storage=[s.storage_packs for s in segments],
            service=[s.service_sensitivity for s in segments],
        ),
        demand=rows(
            DEMAND, first=form["first"], lanes=form["lanes"], all_lanes=form["all_lanes"],
            key=[_key(name) for name in names], later_key=[_key(f"{name}/not now") for name in names],
            beta_factor=[c.price_sensitivity for c in categories], not_now=[c.not_now for c in categories],
            pack_days=[c.pack_days for c in categories], storability=[c.storability for c in categories],
            expansion=[c.expansion for c in categories],
        ),
        item=rows(
            ITEM, category=world.category, place=np.arange(world.category.size) - world.first_sku[world.category],
            first_variant=world.sizes.first[:-1], variants=np.diff(world.sizes.first),
            keep=1.0 - world.services.effect("trade_in"), listed=world.counter.listed, floor=world.counter.floor,
        ),
        sku=form["sku"], offer=form["offer"], key=form["key"], alternative=form["alternative"],
        first_sku=world.first_sku.astype(np.int64), presale=len(world.shop.channels),
        size_below=world.sizes.below,
        leave_chance=np.array([_quantiles("beta", b.leave_a, b.leave_b + x) for x in (0, b.established_orders)]),
        size_key=key("trait size"), hassle_key=key("trait hassle"), leave_key=key("trait leave"),
        deliberation_days=float(b.deliberation_days),
        coupled=int(market.choice_draws == "coupled"),
        reference_weight=np.float32(b.reference_weight), kept=b.reference_memory ** (np.arange(400) / 7),
        waiting_weight=b.waiting_weight, waiting_intercept=b.waiting_intercept, waiting_days=float(b.waiting_days),
        stockpiling=b.stockpiling,
        misfit=b.misfit_utility,
        fatigue_per_ritual=b.fatigue_per_ritual, fatigue_decay=np.log(2) / b.fatigue_half_life_days,
        fatigue_damping=b.fatigue_damping, message_attention=b.message_attention,
        trust_start=b.trust_start, trust_visit=b.trust_visit_weight, trust_choice=b.trust_choice_weight,
        kept_promise=b.kept_promise, late_first=b.late_first, late_established=b.late_established,
        stockout_hit=b.stockout_hit, wait_hit=b.wait_hit, regret_hit=b.regret_hit,
        regret_days=float(b.regret_days), match_days=float(world.counter.match_days), regret_gap=b.regret_gap,
        gift_hit=b.gift_hit,
        leave_weight=b.leave_trust_weight, order_chance=_order_chance(world), event_acquired_rate=b.event_acquired_rate,
    )  # fmt: skip


def _shares(shares: list[float], u: Floats) -> NDArray[np.int64]:
    """Which of several kinds each person is, for uniforms `u`."""
    return np.minimum(np.searchsorted(np.cumsum(shares), u, side="right"), len(shares) - 1)


def people_of(market: Market, mind: Mind, world: World) -> People:
    """Draws everybody's traits and state on the first day, each keyed by the person's number."""
    n, j = market.consumers, mind.demand.size
    segments, b = list(market.segments.values()), market.behaviour
    everyone = np.arange(n)

    def draw(name: str) -> Floats:
        return uniforms(world.streams.key(f"trait {name}"), everyone, 0)

    ends = np.round(np.cumsum([s.share for s in segments]) * n).astype(np.int64)
    segment = np.searchsorted(ends, everyone, side="right").clip(max=len(segments) - 1)
    per_person: dict[str, Floats] = {
        name: np.array([getattr(s, name) for s in segments])[segment]
        for name in ("visits_per_day", "price_sensitivity", "price_sensitivity_sd")
    }
    gamma = np.empty(n)
    u = draw("visit rate")
    for number, s in enumerate(segments):
        mine = segment == number
        gamma[mine] = _draw(_quantiles("gamma", s.visit_shape, 0.0), u[mine])
    rate = per_person["visits_per_day"] * gamma
    prospect = draw("prospect") < market.prospect_share
    since = (np.log(draw("last order")) * 45.0).astype(np.int64).clip(-400, -1)
    (row, cell), bond = rows_and_cells(n, j), np.zeros(n, BOND)
    row["beta"] = (per_person["price_sensitivity"]
                   * np.exp(per_person["price_sensitivity_sd"] * special.ndtri(draw("beta"))))  # fmt: skip
    row["trust"], row["orders"] = b.trust_start, np.where(prospect, 0, 1 + (-since) // 30)
    row["channel"] = _shares([c.share for c in market.channels.values()], draw("channel"))
    for c, name in enumerate(world.spec.catalogue.categories):
        cell["pantry"][:, c] = (draw(f"pantry {name}") - 0.5) * 2.0 * mind.demand["pack_days"][c]
    cell["reference"], cell["reference_day"], cell["bought_day"] = round(1.0 / FINE), -1, NEVER
    city = _shares([c.share for c in market.cities.values()], draw("city"))
    row["segment"], row["city"] = segment, city
    bond["visit_rate"], bond["fatigue_day"], bond["judged_day"] = rate, NEVER, np.where(prospect, NEVER, 0)
    return People(
        rate=np.where(prospect, market.discovery_per_day, rate).astype(np.float32), segment=segment.astype(np.uint8),
        city=city.astype(np.uint8),
        source=np.where(prospect, PROSPECT, 0).astype(np.uint8), left=np.zeros(n, np.uint8),
        stage=np.zeros(n, np.uint8),
        first_day=np.where(prospect, NEVER, since - 60).astype(np.int16),
        last_day=np.where(prospect, NEVER, since).astype(np.int16), message_day=np.full(n, NEVER, np.int16),
        grief=np.zeros((n, GRIEVANCES), np.uint8), bond=bond, row=row, cell=cell,
    )  # fmt: skip


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
        self.mind, self.liking = mind_of(world), liking_of(world)
        channels, skus = world.shop.channels, [world.spec.catalogue.skus[name] for name in world.shop.skus]
        self.sold_in = np.array([[not k.channels or channel in k.channels for k in skus] for channel in channels])
        """(L, K) which channel sells what."""
        self.people = people_of(world.spec.market, self.mind, world)
        self.group_size = count_groups(self.people, 0, len(world.spec.market.segments))
        self.tally: Tallies = self._fresh_tally()
        self._arrivals = tuple(np.empty(self.people.rate.size, np.int32) for _ in range(4))
        self._came = self._arrivals[0][:0], self._arrivals[1][:0]
        self._next = self._orders = 0
        self._written_for = int(NEVER)
        """Day on which the last messages are felt."""
        self._choice_keys = np.zeros(world.spec.calendar.days, np.uint64)
        self._lines, self._claims = np.zeros(0, LINE), np.zeros(0, CLAIM)
        self._liking: tuple[np.uint64 | None, Floats] = None, np.zeros(0)

    def _fresh_tally(self) -> Tallies:
        shop, gifts = self.world.shop, self.world.counter.gift_left.size
        return empty_tallies(len(shop.cities), len(shop.skus), len(shop.groups), len(shop.channels) + 1, gifts)

    def expected_sales(self) -> Floats:
        """(K,) rough units a day at list price: visits x need x logit share."""
        world, mind, market = self.world, self.mind, self.world.spec.market
        shares = np.array([s.share * s.visits_per_day for s in market.segments.values()])
        visits = market.consumers * (1 - market.prospect_share) * shares
        out = np.zeros(len(world.shop.skus))
        for j in range(mind.demand.size):
            part = slice(world.first_sku[j], world.first_sku[j + 1])
            weight = np.exp(self.liking[:, part])
            choice = weight / (weight.sum(axis=1, keepdims=True) + np.exp(mind.demand["not_now"][j]))
            use = np.minimum(mind.need[:, j], 1.0)
            out[part] = (visits[:, None] * use[:, None] * choice).sum(axis=0)
        return out

    def weekly_appeal(self) -> Floats:
        """(K,) what this week adds to each SKU's appeal: one keyed draw an SKU and week."""
        key, sd = self.week(), self.world.spec.market.behaviour.appeal_sd
        return np.array([sd * normal(key, np.int64(_key(name)), 0) for name in self.world.shop.skus])

    def weekly_liking(self) -> Floats:
        """(S, L, A) utility of each alternative at list price to a segment's customers of each own channel, the week's
        appeal in, campaigns and opening hours out."""
        if self.week() != self._liking[0]:
            mind, market = self.mind, self.world.spec.market
            own, presale = np.arange(len(market.channels))[:, None], mind.offer == mind.presale
            place = np.where(presale, 0, mind.offer)
            impulse = np.array([c.impulse for c in market.channels.values()])[place] * ~presale
            away = market.behaviour.other_channel * ((own != place) & ~presale)
            liking = (self.liking + self.weekly_appeal())[:, mind.sku][:, None] + impulse - away
            self._liking = self.week(), liking
        return self._liking[1]

    def week(self) -> np.uint64:
        """The key of this week's appeal."""
        week = self.world.day // 7
        return self.world.streams.at(7 * week).key("appeal", week)

    def wake(self, plain: Floats, ritual: Floats, back: Floats) -> None:
        """Midnight: who comes today, and when. `back` (C,): chance of who has put a purchase off to come for it."""
        world, discovery = self.world, self.world.spec.market.behaviour.ritual_discovery
        self.tally = self._fresh_tally()
        key, attention = world.streams.key, self.mind.message_attention if self._written_for == world.day else 0.0
        self._choice_keys[world.day] = key("choice", world.day)
        count = visitors(
            key("visit", world.day), self.people, self.mind, world.day, attention, plain, ritual, discovery, back,
            *self._arrivals,
        )  # fmt: skip
        self._came = self._arrivals[0][:count], self._arrivals[1][:count]
        self._next = self._orders = 0

    @property
    def coming(self) -> NDArray[np.int32]:
        """Who comes today, in order of arrival."""
        return self._came[0]

    def buy(self, offer: Slice) -> tuple[Rows, Rows, tuple[NDArray[np.int32], NDArray[np.int32]]]:
        """Serves those who come while `offer` stands: (lines, price-match claims, (visitors, seconds of the day)), all
        of them views of what the next call overwrites."""
        world, first = self.world, self._next
        came, second = self._came
        last = int(second.searchsorted(np.int32(offer.end)))  # a plain number would have all seconds copied first
        room = (last - first) * self.mind.demand.size
        if self._claims.size < room:
            self._lines, self._claims = np.zeros(4 * room, LINE), np.zeros(2 * room, CLAIM)
        key = world.streams.key
        self._next, count, claimed, self._orders = serve(
            key("need", world.day), self._choice_keys, key("units", world.day), self.people, self.mind,
            offer, world.stock, world.route, world.day, came, second, first, self._lines, self._claims, self._orders,
            self.tally,
        )  # fmt: skip
        part = slice(first, self._next)
        return self._lines[:count], self._claims[:claimed], (came[part], second[part])

    def write_to(self, share: Floats, coupon: NDArray[np.int64]) -> NDArray[np.int64]:
        """Messages go out; returns (G,) how many."""
        b, world = self.world.spec.market.behaviour, self.world
        cap_days = 7.0 / b.message_cap_per_week if b.message_cap_per_week > 0 else 1e9
        key, self._written_for = world.streams.key("message", world.day), world.day + 1
        return send_messages(key, self.people, self.mind, share, coupon, world.day, cap_days, b.message_fatigue)

    def delivered(
        self, consumers: NDArray[np.int32], late: NDArray[np.bool_], missing_gift: NDArray[np.bool_],
        placed_day: NDArray[np.int64],
    ) -> None:  # fmt: skip
        """Parcels were handed over: trust moves, some leave; losses are counted by cause."""
        causes = delivered(self.world.streams.key("leave"), self.people, self.mind, consumers,
                           late.astype(np.uint8), missing_gift.astype(np.uint8), placed_day)  # fmt: skip
        self.world.ledger.count("left_customers", int(causes.sum()))
        self.world.ledger.flow("left", int(causes.sum()))

    def waited_in_vain(self, consumers: NDArray[np.int32]) -> None:
        """Contacts were abandoned."""
        waited_in_vain(self.people, self.mind, consumers)

    def settle(self) -> None:
        """Counts of the day; sizes of the groups for tomorrow's decisions."""
        world, tally = self.world, self.tally
        ledger, records, day = world.ledger, world.records, world.day
        records.sold[:, :, day], records.wanted[:, :, day] = tally.sold, tally.wanted
        records.visits[:, day], records.orders_by_hour[:, day] = tally.visits, tally.orders_by_hour
        records.group_orders[:, day], records.by_offer[:, day] = tally.group_orders, tally.by_offer
        ledger.count("visits", int(tally.visits.sum()))
        ledger.count("wanted_units", int(tally.wanted.sum()))
        ledger.count("lost_units", int(tally.lost.sum()))
        ledger.count("red_line_corrections", int(tally.corrections[0]))
        ledger.count("new_customers", int(tally.won.sum()))
        ledger.flow("won", int(tally.won.sum()))
        ledger.count("misfit_lines", int(tally.misfits[0]))
        ledger.count("regrets", int(tally.regrets[0]))
        ledger.count("gifts_missing", int(tally.gifts[:, 1].sum()))
        ledger.book("gifts", "cash", -int((tally.gifts[:, 0] * world.counter.gift_fen).sum()))
        self.group_size = count_groups(self.people, day + 1, len(world.spec.market.segments))
