"""What stands on the shelf at any second: the pricer's offers with the campaigns' public mechanics.

Stacking rules, explicit: of several campaigns that run in a city the deepest markdown counts for each SKU and
channel, and the threshold with the largest saving share for the order; the group's coupon (or a larger voucher
from a message, on one unit) comes off the marked-down price; then a bundle's saving on one unit of each part (the
last campaign that names an SKU decides its partner); the threshold's share comes off last; one gift of each kind an
order; no line goes below the margin floor. Pre-sale lines take neither bundle nor threshold nor gift.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.actors.base import named
from sim.contracts import Shop
from sim.errors import UsageError
from sim.kernels.people import CLOSED, TERMS, ZONE, Slice, rows
from sim.scenario.campaigns import Campaign
from sim.scenario.expected import THRESHOLD_PULL
from sim.scenario.root import Scenario

if TYPE_CHECKING:
    from sim.world import World

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
DAY = 86_400


@dataclass(frozen=True)
class Running:
    """A campaign of the schedule in seconds from the first midnight."""

    name: str
    terms: Campaign
    start: int
    end: int
    announced: int
    presale: int | None
    eligible: NDArray[np.uint8]
    """(K,)"""
    cities: NDArray[np.bool_]
    """(C,) where it runs."""
    channels: NDArray[np.bool_]
    """(L,) where its markdown, threshold and gifts hold."""

    @property
    def inert(self) -> bool:
        """True when it offers nothing: no markdown, ritual, rule, gift, bundle, promise, pre-sale or traffic."""
        c = self.terms
        offers = c.markdown or c.ritual or _saving(self) or c.presale or c.traffic_yuan_per_day
        return not (offers or c.gifts or c.bundles or c.price_match)

    @property
    def felt(self) -> int:
        """The first second at which anybody outside can know of it."""
        return min(s for s in (self.start, self.announced, self.presale) if s is not None)


def running_of(scenario: Scenario, shop: Shop, schedule: str) -> tuple[Running, ...]:
    """The campaigns of a schedule, in order of their start."""
    out = []
    for name in scenario.schedules[schedule]:
        c = scenario.campaigns[name]
        second = scenario.calendar.second_of
        start = second(c.start)
        announced = start - int(c.announced_days * DAY)
        presale = second(c.presale.start) if c.presale else None
        cities = np.array([not c.cities or city in c.cities for city in shop.cities])
        channels = np.array([not c.channels or channel in c.channels for channel in shop.channels])
        out.append(Running(name, c, start, second(c.end) + 1, announced, presale,
                           named(shop, c.skus).astype(np.uint8), cities, channels))  # fmt: skip
    return tuple(sorted(out, key=lambda r: (r.start, r.name)))


@dataclass
class Counter:
    """The shop's counter: standing offers, and the campaigns on top."""

    world: World
    running: tuple[Running, ...]
    shelf: Ints = field(init=False)
    """(24, L, K) fen, the pricer's shelf prices."""
    coupon: Ints = field(init=False)
    """(G, K) fen."""
    floor: Ints = field(init=False)
    """(K,) fen."""
    listed: Ints = field(init=False)
    zone: Ints = field(init=False)
    """(C,) cities with the same campaigns are one zone."""
    gift_left: Ints = field(init=False)
    """(gifts,) units."""

    def __post_init__(self) -> None:
        world, shop = self.world, self.world.shop
        self.listed = np.round(100 * shop.list_price).astype(np.int64)
        self.lines = shop.red_lines
        floor = self.lines.margin.lowest(world.cost_fen.astype(np.float64), self.listed.astype(np.float64))
        self.floor = np.ceil(floor).astype(np.int64)
        self.shelf = np.broadcast_to(self.listed, (24, len(shop.channels), self.listed.size)).copy()
        self.coupon = np.zeros((len(shop.groups), self.listed.size), np.int64)
        same = np.array([np.ones(len(shop.cities), np.bool_), *(r.cities for r in self.running)]).T
        _, self._one_city, zone = np.unique(same, axis=0, return_index=True, return_inverse=True)
        self.zone = zone.reshape(-1).astype(np.int64)
        channels = world.spec.market.channels.values()
        self._open = np.array([[first <= hour < last for first, last in (c.hours for c in channels)]
                               for hour in range(24)])  # fmt: skip
        self._gifts = [(r, gift) for r in self.running for gift in r.terms.gifts.values()]
        scale = world.spec.market.consumers / 100_000
        self.gift_left = np.array([round(gift.stock_units * scale) for _, gift in self._gifts], np.int64)
        self.gift_fen: Ints = np.array([round(100 * gift.unit_cost_yuan) for _, gift in self._gifts], np.int64)
        matches = [r.terms.price_match for r in self.running]
        self.match_days = max((match.days for match in matches if match is not None), default=0)
        """Longest price-match promise of the schedule."""
        self._set_clock()

    def replanned(self, running: tuple[Running, ...]) -> Counter:
        """A counter with what stands on this one today, and other campaigns ahead.

        Raises UsageError where one that is new, changed or dropped would have been felt before today.
        """
        mine, theirs = ({r.name: r for r in plan} for plan in (self.running, running))
        moved = [name for name in mine | theirs
                 if name not in mine or name not in theirs or mine[name].terms != theirs[name].terms]  # fmt: skip
        today = DAY * self.world.days_lived
        for name in moved:
            if min(plan[name].felt for plan in (mine, theirs) if name in plan) < today:
                day = self.world.days_lived
                raise UsageError(f"campaigns.{name}: must not be felt before day {day} to be replanned")
        new = Counter(self.world, running)
        new.shelf, new.coupon = self.shelf, self.coupon
        kept, same = (np.array([r.name not in moved for r, _ in c._gifts], np.bool_) for c in (self, new))
        new.gift_left[same] = self.gift_left[kept]
        new._set_clock()
        return new

    def put(self, prices: Floats, coupons: Floats) -> int:
        """New offers from the pricer, red lines applied; returns how many numbers were corrected."""
        shelf = np.round(100 * (prices if prices.ndim == 3 else np.broadcast_to(prices, self.shelf.shape)))
        coupon = np.round(100 * coupons)
        least = np.maximum(self.floor, np.where(self.scarce(), self.listed, 0))
        least = np.maximum(least, self._beside(np.maximum(shelf, least), axis=1))
        corrected = int((shelf < least).sum()) // (1 if prices.ndim == 3 else 24)
        self.shelf = np.maximum(shelf, least).astype(np.int64)
        most = self._most_coupon()
        corrected += int((coupon > most).sum())
        self.coupon = np.minimum(coupon, most).astype(np.int64)
        self._set_clock()
        return corrected

    def scarce(self) -> NDArray[np.bool_]:
        """(K,) SKUs that the stock line takes no discount on: short against the last fortnight's sales."""
        world = self.world
        past = slice(max(0, world.day - 14), world.day)
        daily = world.records.sold[:, :, past].sum(axis=1).mean(axis=1) if world.day else np.zeros(self.listed.size)
        return self.lines.stock.scarce(world.shelf_units().sum(axis=1).astype(np.float64), daily)

    def _beside(self, price: Floats | Ints, axis: int) -> Ints:
        """Lowest price of each channel beside the first, 0 where the channels' line is off; `axis` = channels."""
        if not self.lines.channels.enforced:
            return np.zeros((1,) * price.ndim, np.int64)
        first = np.take(price, [0], axis=axis).astype(np.float64)
        return np.ceil(self.lines.channels.lowest(first) - 1e-6).astype(np.int64)

    def _most_coupon(self) -> Ints:
        """(G, K) fen: the largest coupons that margin floor, payback and stock line allow."""
        low = self.shelf.min(axis=(0, 1))
        most = np.broadcast_to(np.where(self.scarce(), 0, low - self.floor), self.coupon.shape).astype(np.float64)
        price, cost = low / 100.0, self.world.cost_fen / 100.0
        stages = [group.rpartition("/")[2] for group in self.world.shop.groups]
        for stage in self.lines.margin.lifetime_yuan:
            back = np.floor(100.0 * self.lines.margin.most_coupon(price, cost, stage) + 1e-6)
            mine = np.array([s == stage for s in stages])[:, None]
            most = np.where(mine, np.minimum(most, back), most)
        return most.astype(np.int64)

    def _set_clock(self) -> None:
        """Hours with the same shelf prices and open channels are one clock."""
        hours = np.concatenate([self._open, self.shelf.reshape(24, -1)], axis=1)
        _, self._one_hour, clock = np.unique(hours, axis=0, return_index=True, return_inverse=True)
        self.clock: Ints = clock.reshape(-1).astype(np.int64)

    def boundaries(self, begin: int, end: int) -> list[int]:
        """Seconds in [begin, end] at which a public offer changes, with both ends."""
        cuts = {begin, end}
        for r in self.running:
            cuts |= {s for s in (r.start, r.end, r.presale, r.announced) if s is not None and begin < s < end}
        cuts |= {s for s in self.world.rival.changes if begin < s < end}
        return sorted(cuts)

    def _live(self, second: int, zone: int) -> list[Running]:
        """Campaigns that run at a second in a zone."""
        city = self._one_city[zone]
        return [r for r in self.running if r.start <= second < r.end and r.cities[city]]

    def markdown(self, second: int) -> Floats:
        """(Z, O, K) the deepest public markdown at a second; pre-sale as in the first channel."""
        channels = self.shelf.shape[1]
        depth = np.zeros((self._one_city.size, channels + 1, self.listed.size))
        for z in range(depth.shape[0]):
            for r in self._live(second, z):
                open_to = np.append(r.channels, r.channels[0])[:, None]
                depth[z] = np.maximum(depth[z], r.terms.markdown * r.eligible * open_to)
        return depth

    def presale(self, second: int, zone: int) -> Running | None:
        """The pre-sale that is open in a zone, the earliest festival first."""
        city = self._one_city[zone]
        for r in self.running:
            if r.presale is not None and r.presale <= second < r.start and r.cities[city]:
                return r
        return None

    def slice(self, begin: int, end: int) -> Slice:
        """What is on offer between two neighbouring boundaries."""
        world, mid, zones = self.world, self.world.midnight, range(self._one_city.size)
        mind, liking = world.consumers.mind, world.consumers.liking + world.consumers.weekly_appeal()
        k = self.listed.size
        presales = [self.presale(begin, n) for n in zones]
        price, deposits = self._prices(begin, presales)
        live = [self._live(begin, n) for n in zones]
        rules = [max((r for r in part if r.terms.threshold), key=_saving, default=None) for part in live]
        spend = [r.terms.threshold.spend_yuan if r and r.terms.threshold else 0.0 for r in rules]
        save = [r.terms.threshold.save_yuan if r and r.terms.threshold else 0.0 for r in rules]
        rituals = [max(part, key=lambda r: (r.terms.ritual, -r.start), default=None) for part in live]
        counts = np.array([r.eligible[mind.sku] * self._holds(r) if r else np.zeros(mind.sku.size) for r in rules])
        index, days = self._expected(begin)
        pulls = np.array([THRESHOLD_PULL * _saving(r) if r else 0.0 for r in rules])
        pull_now = pulls[:, None] * np.maximum.reduceat(counts, mind.demand["first"], axis=1)
        gifts, gift_appeal = self._given(begin)
        presale_days = np.array([(r.start - mid) / DAY if r else 0.0 for r in presales])
        sold = mind.sku >= 0
        price = price[:, :, mind.offer, mind.sku].reshape(-1, mind.sku.size)
        by_group = int(self.coupon.any())
        paid = price[:, None]
        if by_group:
            paid = np.maximum(self.floor[mind.sku], price[:, None] - self.coupon[:, mind.sku])
        ratio = np.where(sold, paid / self.listed[mind.sku], 1.0)
        utility = self._utility(liking, presales, presale_days, deposits, gift_appeal)
        public = np.where(utility[:, 0, 0] > CLOSED, 0.0, np.inf)[:, None] + ratio
        lowest = np.minimum.reduceat(public, mind.demand["first"], axis=2)
        shown = np.isfinite(public)
        count = np.add.reduceat(shown, mind.demand["first"], axis=2)
        seen = np.add.reduceat(np.where(shown, ratio, 0.0), mind.demand["first"], axis=2) / np.maximum(1, count)
        matched = [[r.eligible * (r.terms.price_match is not None) for r in part] for part in live]
        partner, bundle, pull = self._together(begin)
        return _contiguous(Slice(
            begin=begin - mid, end=end - mid, zone=self.zone, clock=self.clock, clocks=self._one_hour.size,
            by_group=by_group, need=world.need, channels=self.shelf.shape[1],
            log_index=np.append(np.log(ratio), np.zeros(sold.size)).astype(np.float32),
            ratio=np.append(ratio, np.ones(sold.size)).astype(np.float32), lowest=lowest, seen=seen,
            utility=utility.reshape(-1),
            rules=counts.astype(np.float32).reshape(-1),
            deposits=(deposits[:, mind.sku] * sold * (mind.offer == mind.presale)).astype(np.float32).reshape(-1),
            price=price,
            coupon=self.coupon,
            zones=rows(
                ZONE, ritual=[r.terms.ritual if r else 0.0 for r in rituals],
                ritual_day=[r.start // DAY if r else 0 for r in rituals],
                presale_due=[r.start if r else 0 for r in presales],
                presale_share=[r.terms.presale.deposit if r and r.terms.presale else 0.0 for r in presales],
                presale_days=presale_days, threshold_spend=np.round(100 * np.array(spend)),
                threshold_save=np.round(100 * np.array(save)),
                threshold_pull=pulls,
            ),
            terms=rows(
                TERMS, matched=[np.max(part, axis=0) if part else np.zeros(k) for part in matched],
                partner=partner, saving=bundle, pull=pull,
            ),
            wait_index=index, wait_days=days, pull_now=pull_now,
            has_presale=int(deposits.any()),
            has_gifts=int(gifts.any()),
            gifts=gifts, gift_left=self.gift_left, outside=world.rival.utility(begin),
            paid_share=world.paid_share,
        ))  # fmt: skip

    def _prices(self, begin: int, presales: list[Running | None]) -> tuple[Ints, NDArray[np.uint8]]:
        """(Z, H, O, K) fen with the public markdown in, and (Z, K) what is in pre-sale."""
        shelf = self.shelf[self._one_hour]
        shelf = np.concatenate([shelf, shelf[:, :1]], axis=1)
        depth, deposits = self.markdown(begin), np.zeros((len(presales), self.listed.size), np.uint8)
        for n, presale in enumerate(presales):
            if presale is not None:
                deposits[n] = presale.eligible
                depth[n, -1] = presale.terms.markdown * presale.eligible
        price = np.maximum(np.round(shelf * (1.0 - depth[:, None])).astype(np.int64), self.floor)
        price[:, :, :-1] = np.maximum(price[:, :, :-1], self._beside(price[:, :, :-1], axis=2))
        return price, deposits

    def _utility(
        self,
        liking: Floats,
        presales: list[Running | None],
        presale_days: Floats,
        deposits: NDArray[np.uint8],
        gift_appeal: Floats,
    ) -> NDArray[np.float32]:
        """(P, S, L, A) liking by segment and own channel at list price; CLOSED where not on offer."""
        world, mind = self.world, self.world.consumers.mind
        channels, z, h = world.spec.market.channels, self._one_city.size, self._one_hour.size
        own = np.arange(len(channels))[:, None]
        early = mind.offer == mind.presale
        place = np.where(early, 0, mind.offer)
        impulse = np.array([c.impulse for c in channels.values()])[place] * ~early
        away = world.spec.market.behaviour.other_channel * ((own != place) & ~early)
        out = np.empty((z, h, liking.shape[0], len(channels), mind.sku.size))
        out[:] = liking[:, mind.sku][:, None] + impulse - away
        out += gift_appeal[:, None, None, None]
        out -= (mind.temper["impatience"][:, None, None] * early * presale_days[:, None, None, None])[:, None]
        shown = self._open[self._one_hour][:, place] & world.consumers.sold_in[place, mind.sku]
        shown = np.where(early, deposits[:, mind.sku][:, None] == 1, shown[None]) & (mind.sku >= 0)
        out = np.where(shown[:, :, None, None], out, CLOSED)
        return out.reshape(z * h, *out.shape[2:]).astype(np.float32)

    def _holds(self, r: Running) -> NDArray[np.bool_]:
        """(A,) alternatives in the channels of a campaign, without pre-sale."""
        mind = self.world.consumers.mind
        return np.append(r.channels, False)[mind.offer] & (mind.sku >= 0)

    def _given(self, second: int) -> tuple[NDArray[np.uint8], Floats]:
        """(Z, gifts, A) 1 = the gift comes with it; (Z, A) the liking that gifts add while they last."""
        mind = self.world.consumers.mind
        given = np.zeros((self._one_city.size, len(self._gifts), mind.sku.size), np.uint8)
        appeal = np.zeros((self._one_city.size, mind.sku.size))
        for number, (r, terms) in enumerate(self._gifts):
            if not r.start <= second < r.end:
                continue
            mine = named(self.world.shop, terms.skus) & (r.eligible == 1)
            given[:, number] = np.outer(r.cities[self._one_city], mine[mind.sku] & self._holds(r))
            if self.gift_left[number] > 0:
                appeal += terms.appeal * given[:, number]
        return given, appeal

    def _together(self, second: int) -> tuple[Ints, Floats, Floats]:
        """(Z, K) partner SKU, -1 = none; saving on both parts; utility added to the partner."""
        world, skus = self.world, self.world.shop.skus
        partner = np.full((self._one_city.size, self.listed.size), -1, np.int64)
        saving, pull = np.zeros(partner.shape), np.zeros(partner.shape)
        for service in world.spec.catalogue.services.values():
            if service.kind == "matching_sets" and service.partner in skus:
                mine = named(world.shop, service.skus) & (np.array(skus) != service.partner)
                partner[:, mine], pull[:, mine] = skus.index(service.partner), service.appeal
        for n in range(partner.shape[0]):
            for r in self._live(second, n):
                for terms in r.terms.bundles.values():
                    a, b = (skus.index(name) for name in terms.skus)
                    partner[n, [a, b]], saving[n, [a, b]], pull[n, [a, b]] = [b, a], terms.saving, 0.0
        return partner, saving, pull

    def inversions(self) -> int:
        """SKUs that today, at some hour and in some city, an open channel sold cheaper than the first channel by more
        than the red line's gap."""
        world, most = self.world, 1.0 - self.world.spec.red_lines.channel_gap
        found = np.zeros(self.listed.size, np.bool_)
        sold, cuts = world.consumers.sold_in, self.boundaries(world.midnight, world.midnight + DAY)
        for begin, end in pairwise(cuts):
            depth = self.markdown(begin)[:, None, :-1]
            hours = slice((begin - world.midnight) // 3600, -(-(end - world.midnight) // 3600))
            price = self.shelf[hours] * (1.0 - depth)
            price = np.maximum(price, self._beside(price, axis=2))
            both = (self._open[hours][:, :, None] & sold) & (self._open[hours][:, :1, None] & sold[:1])
            found |= ((price < most * price[:, :, :1]) & both).any(axis=(0, 1, 2))
        return int(found.sum())

    def _expected(self, second: int) -> tuple[Floats, Floats]:
        """(Z, J) log price index that the next announced event promises, and days from midnight to its start
        (counted from midnight, so that cutting the day into more slices changes nothing)."""
        first = self.world.first_sku
        index = np.zeros((self._one_city.size, first.size - 1))
        days = np.zeros(index.shape)
        for r in self.running:
            if not r.announced <= second < r.start:
                continue
            depth = np.log(1.0 - r.terms.markdown) * r.eligible - THRESHOLD_PULL * _saving(r) * r.eligible
            for j in range(first.size - 1):
                best = depth[first[j] : first[j + 1]].min(initial=0.0)
                free = (index[:, j] == 0.0) & r.cities[self._one_city]
                if best < 0.0:
                    index[free, j], days[free, j] = best, (r.start - self.world.midnight) / DAY
        return index, days

    def awaited(self, day: int) -> Floats:
        """(C,) chance today that who has put a purchase off comes for it: where an announced saving runs."""
        midnight, out = day * DAY, np.zeros(len(self.world.shop.cities))
        for r in self.running:
            saves = r.terms.markdown > 0.0 or _saving(r) > 0.0
            if saves and r.announced < r.start and r.start < midnight + DAY and midnight < r.end:
                out[r.cities] = self.world.spec.market.behaviour.waiting_return
        return out

    def attention(self, day: int) -> tuple[Floats, Floats, float]:
        """(plain, ritual, paid yuan): (C, 24) multiples of the visit rate by hour, and traffic spent."""
        world, market = self.world, self.world.spec.market
        profile = np.asarray(market.hour_profile) / sum(market.hour_profile)
        weekday = np.asarray(market.weekday_profile)
        base = profile * (weekday[world.date.weekday()] / weekday.mean())
        cities = len(world.shop.cities)
        pull, yuan, paid = np.zeros((cities, 24)), 0.0, np.zeros((cities, 24))
        begin = day * DAY
        hours = begin + 3600 * np.arange(24)
        for r in self.running:
            open_share = np.clip((np.minimum(r.end, hours + 3600) - np.maximum(r.start, hours)) / 3600, 0, 1)
            if not open_share.any():
                continue
            strength = r.terms.ritual * market.behaviour.ritual_attention
            mine = strength * base * open_share
            if begin <= r.start < begin + DAY:
                first = market.behaviour.first_hour_share
                mine[(r.start - begin) // 3600] += strength * first / max(1e-9, 1.0 - first)
            pull = np.maximum(pull, np.outer(r.cities, mine))
            spend = r.terms.traffic_yuan_per_day * market.consumers / 100_000 * open_share / 24
            yuan += float(spend.sum())
            reached = world.shop.city_share[r.cities].sum()
            paid += np.outer(r.cities, spend / world.spec.operations.finance.visit_yuan / reached)
        rate = max(1.0, float(world.consumers.people.rate.sum()))
        return base + paid / rate, pull, yuan


def _contiguous(offer: Slice) -> Slice:
    """The same with every array in C order: another layout would be another type, and compile again."""
    parts: dict[str, Any] = offer._asdict()
    arrays = {name: np.ascontiguousarray(part) for name, part in parts.items() if isinstance(part, np.ndarray)}
    return Slice(**(parts | arrays))


def _saving(running: Running) -> float:
    """Saving share of a campaign's threshold rule, 0 without one."""
    rule = running.terms.threshold
    return min(1.0, rule.save_yuan / rule.spend_yuan) if rule else 0.0
