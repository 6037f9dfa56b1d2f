"""What stands on the shelf at any second: the pricer's offers with the campaigns' public mechanics.

Stacking rules, explicit: of several running campaigns the deepest markdown counts for each SKU and
the threshold with the largest saving share counts for the order; the group's coupon (or a larger
voucher from a message, on one unit) comes off the marked-down price; the threshold's share comes
off last; no line goes below the margin floor.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.kernels.people import Slice
from sim.scenario.campaigns import Campaign

if TYPE_CHECKING:
    from sim.world import World

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
DAY = 86_400
_THRESHOLD_PULL = 0.5
"""Share of a threshold's saving that a buyer counts on before he knows his basket (assumption)."""


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

    @property
    def inert(self) -> bool:
        """True when it offers nothing: no markdown, ritual, rule, pre-sale or traffic."""
        c = self.terms
        return not (c.markdown or c.ritual or _saving(self) or c.presale or c.traffic_yuan_per_day)


def running_of(world: World, schedule: str) -> tuple[Running, ...]:
    """The campaigns of a schedule, in order of their start."""
    scenario, out = world.spec, []
    for name in scenario.schedules[schedule]:
        c = scenario.campaigns[name]
        second = scenario.calendar.second_of
        wanted = set(c.skus)
        named = zip(world.shop.skus, world.shop.category, strict=True)
        eligible = [not wanted or sku in wanted or category in wanted for sku, category in named]
        start = second(c.start)
        announced = start - int(c.announced_days * DAY)
        presale = second(c.presale.start) if c.presale else None
        out.append(Running(name, c, start, second(c.end) + 1, announced, presale, np.array(eligible, np.uint8)))
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

    def __post_init__(self) -> None:
        world = self.world
        self.listed = np.round(100 * world.shop.list_price).astype(np.int64)
        self.floor = np.ceil(world.cost_fen / (1.0 - world.spec.red_lines.margin_floor)).astype(np.int64)
        self.floor = np.minimum(self.floor, self.listed)
        channels = len(world.shop.channels)
        self.shelf = np.broadcast_to(self.listed, (24, channels, self.listed.size)).copy()
        self.coupon = np.zeros((len(world.shop.groups), self.listed.size), np.int64)

    def put(self, prices: Floats, coupons: Floats) -> int:
        """New offers from the pricer, red lines applied; returns how many numbers were corrected."""
        shelf = np.round(100 * (prices if prices.ndim == 3 else np.broadcast_to(prices, self.shelf.shape)))
        coupon = np.round(100 * coupons)
        corrected = int((shelf < self.floor).sum()) // (1 if prices.ndim == 3 else 24)
        self.shelf = np.maximum(shelf, self.floor).astype(np.int64)
        most = self.shelf.min(axis=(0, 1)) - self.floor
        corrected += int((coupon > most).sum())
        self.coupon = np.minimum(coupon, most).astype(np.int64)
        return corrected

    def boundaries(self, begin: int, end: int) -> list[int]:
        """Seconds in [begin, end] at which a public offer changes, with both ends."""
        cuts = {begin, end}
        for r in self.running:
            cuts |= {s for s in (r.start, r.end, r.presale, r.announced) if s is not None and begin < s < end}
        return sorted(cuts)

    def markdown(self, second: int) -> Floats:
        """(K,) the deepest public markdown at a second."""
        depth = np.zeros(self.listed.size)
        for r in self.running:
            if r.start <= second < r.end:
                depth = np.maximum(depth, r.terms.markdown * r.eligible)
        return depth

    def presale(self, second: int) -> Running | None:
        """The pre-sale that is open, the earliest festival first."""
        for r in self.running:
            if r.presale is not None and r.presale <= second < r.start:
                return r
        return None

    def slice(self, begin: int, end: int) -> Slice:
        """What is on offer between two neighbouring boundaries."""
        world, k = self.world, self.listed.size
        mid = world.midnight
        live = [r for r in self.running if r.start <= begin < r.end]
        shown = np.maximum(np.round(self.shelf * (1.0 - self.markdown(begin))).astype(np.int64), self.floor)
        presale, deposit = self.presale(begin), np.zeros(k, np.uint8)
        early = shown[:, :1]
        if presale is not None:
            deposit = presale.eligible
            cut = np.round(self.shelf[:, :1] * (1.0 - presale.terms.markdown * presale.eligible))
            early = np.maximum(cut.astype(np.int64), self.floor)
        price = np.concatenate([shown, early], axis=1)
        index, days = self._expected(begin)
        rules = [r for r in live if r.terms.threshold is not None]
        rule = max(rules, key=lambda r: _saving(r), default=None)
        terms = rule.terms.threshold if rule else None
        ritual = max(live, key=lambda r: (r.terms.ritual, -r.start), default=None)
        return Slice(
            begin=begin - mid, end=end - mid, log_index=np.log(price / self.listed), price=price,
            shelf=np.concatenate([self.shelf, self.shelf[:, :1]], axis=1), floor=self.floor, listed=self.listed,
            coupon=self.coupon, offers=price.shape[1] - (0 if deposit.any() else 1),
            eligible=rule.eligible if rule else np.zeros(k, np.uint8), presale=deposit,
            presale_days=(presale.start - mid) / DAY if presale else 0.0,
            threshold_spend=round(100 * terms.spend_yuan) if terms else 0,
            threshold_save=round(100 * terms.save_yuan) if terms else 0,
            threshold_pull=_THRESHOLD_PULL * _saving(rule) if rule else 0.0,
            wait_index=index, wait_days=days, outside=world.rival.utility,
            ritual=ritual.terms.ritual if ritual else 0.0, ritual_day=ritual.start // DAY if ritual else 0,
            paid_share=world.paid_share,
        )  # fmt: skip

    def _expected(self, second: int) -> tuple[Floats, Floats]:
        """(J,) log price index that the next announced event promises, and days from midnight to its start
        (counted from midnight, so that cutting the day into more slices changes nothing)."""
        first = self.world.first_sku
        index, days = np.zeros(first.size - 1), np.zeros(first.size - 1)
        for r in self.running:
            if not r.announced <= second < r.start:
                continue
            depth = np.log(1.0 - r.terms.markdown) * r.eligible - _THRESHOLD_PULL * _saving(r) * r.eligible
            for j in range(first.size - 1):
                best = depth[first[j] : first[j + 1]].min(initial=0.0)
                if index[j] == 0.0 and best < 0.0:
                    index[j], days[j] = best, (r.start - self.world.midnight) / DAY
        return index, days

    def attention(self, day: int) -> tuple[Floats, Floats, float]:
        """(plain, ritual, paid yuan): (C, 24) multiples of the visit rate by hour, and traffic spent."""
        world, market = self.world, self.world.spec.market
        profile = np.asarray(market.hour_profile) / sum(market.hour_profile)
        weekday = np.asarray(market.weekday_profile)
        base = profile * (weekday[world.date.weekday()] / weekday.mean())
        pull, yuan, paid = np.zeros(24), 0.0, np.zeros(24)
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
            pull = np.maximum(pull, mine)
            spend = r.terms.traffic_yuan_per_day * market.consumers / 100_000 * open_share / 24
            yuan += float(spend.sum())
            paid += spend / world.spec.operations.finance.visit_yuan
        rate = max(1.0, float(world.consumers.people.rate.sum()))
        plain = np.tile(base + paid / rate, (len(world.shop.cities), 1))
        return plain, np.tile(pull, (len(world.shop.cities), 1)), yuan


def _saving(running: Running) -> float:
    """Saving share of a campaign's threshold rule, 0 without one."""
    rule = running.terms.threshold
    return min(1.0, rule.save_yuan / rule.spend_yuan) if rule else 0.0
