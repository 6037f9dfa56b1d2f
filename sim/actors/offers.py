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

from sim.actors.running import DAY, Running
from sim.errors import UsageError
from sim.scenario.campaigns import Gift

if TYPE_CHECKING:
    from sim.world import World

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


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
    one_city: Ints = field(init=False)
    """(Z,) a city of each zone."""
    clock: Ints = field(init=False)
    """(24,) hours with the same shelf prices and open channels are one clock."""
    one_hour: Ints = field(init=False)
    """(H,) an hour of each clock."""
    open_hours: NDArray[np.bool_] = field(init=False)
    """(24, L) which channels are open."""
    gifts: list[tuple[Running, Gift]] = field(init=False)
    gift_left: Ints = field(init=False)
    """(gifts,) units."""
    built: dict[str, tuple[object, Any]] = field(init=False, default_factory=dict)
    """What slices of the day have built last, and of what."""

    def __post_init__(self) -> None:
        world, shop = self.world, self.world.shop
        self.listed = np.round(100 * shop.list_price).astype(np.int64)
        self.lines = shop.red_lines
        floor = self.lines.margin.lowest(world.cost_fen.astype(np.float64), self.listed.astype(np.float64))
        self.floor = np.ceil(floor).astype(np.int64)
        self.shelf = np.broadcast_to(self.listed, (24, len(shop.channels), self.listed.size)).copy()
        self.coupon = np.zeros((len(shop.groups), self.listed.size), np.int64)
        same = np.array([np.ones(len(shop.cities), np.bool_), *(r.cities for r in self.running)]).T
        _, self.one_city, zone = np.unique(same, axis=0, return_index=True, return_inverse=True)
        self.zone = zone.reshape(-1).astype(np.int64)
        channels = world.spec.market.channels.values()
        self.open_hours = np.array([[first <= hour < last for first, last in (c.hours for c in channels)]
                               for hour in range(24)])  # fmt: skip
        self._open_clock = _alike(self.open_hours)
        self.gifts = [(r, gift) for r in self.running for gift in r.terms.gifts.values()]
        scale = world.spec.market.consumers / 100_000
        self.gift_left = np.array([round(gift.stock_units * scale) for _, gift in self.gifts], np.int64)
        self.gift_fen: Ints = np.array([round(100 * gift.unit_cost_yuan) for _, gift in self.gifts], np.int64)
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
        kept, same = (np.array([r.name not in moved for r, _ in c.gifts], np.bool_) for c in (self, new))
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
        """Finds the hours that are alike."""
        if (self.shelf == self.shelf[0]).all():  # no hourly prices: a millisecond a day saved
            self.one_hour, self.clock = self._open_clock
            return
        self.one_hour, self.clock = _alike(np.concatenate([self.open_hours, self.shelf.reshape(24, -1)], axis=1))

    def boundaries(self, begin: int, end: int) -> list[int]:
        """Seconds in [begin, end] at which a public offer changes, with both ends."""
        cuts = {begin, end}
        for r in self.running:
            cuts |= {s for s in (r.start, r.end, r.presale, r.announced) if s is not None and begin < s < end}
        cuts |= {s for s in self.world.rival.changes if begin < s < end}
        return sorted(cuts)

    def live(self, second: int, zone: int) -> list[Running]:
        """Campaigns that run at a second in a zone."""
        city = self.one_city[zone]
        return [r for r in self.running if r.start <= second < r.end and r.cities[city]]

    def markdown(self, second: int) -> Floats:
        """(Z, O, K) the deepest public markdown at a second; pre-sale as in the first channel."""
        channels = self.shelf.shape[1]
        depth = np.zeros((self.one_city.size, channels + 1, self.listed.size))
        for z in range(depth.shape[0]):
            for r in self.live(second, z):
                open_to = np.append(r.channels, r.channels[0])[:, None]
                depth[z] = np.maximum(depth[z], r.terms.markdown * r.eligible * open_to)
        return depth

    def presale(self, second: int, zone: int) -> Running | None:
        """The pre-sale that is open in a zone, the earliest festival first."""
        city = self.one_city[zone]
        for r in self.running:
            if r.presale is not None and r.presale <= second < r.start and r.cities[city]:
                return r
        return None

    def prices(self, second: int) -> Ints:
        """(Z, H, O, K) fen at a second, the public markdown in."""
        shelf, depth = self.shelf[self.one_hour], self.markdown(second)
        shelf = np.concatenate([shelf, shelf[:, :1]], axis=1)
        for zone in range(depth.shape[0]):
            presale = self.presale(second, zone)
            if presale is not None:
                depth[zone, -1] = presale.terms.markdown * presale.eligible
        price = np.maximum(np.round(shelf * (1.0 - depth[:, None])).astype(np.int64), self.floor)
        price[:, :, :-1] = np.maximum(price[:, :, :-1], self._beside(price[:, :, :-1], axis=2))
        return price

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
            both = (self.open_hours[hours][:, :, None] & sold) & (self.open_hours[hours][:, :1, None] & sold[:1])
            found |= ((price < most * price[:, :, :1]) & both).any(axis=(0, 1, 2))
        return int(found.sum())


def _alike(hours: NDArray[Any]) -> tuple[Ints, Ints]:
    """(an hour of each kind, the kind of each hour) of rows (24, n)."""
    _, one, kind = np.unique(hours, axis=0, return_index=True, return_inverse=True)
    return one, kind.reshape(-1).astype(np.int64)
