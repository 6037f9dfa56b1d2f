"""What the kernels read of the counter: all that is on offer in a slice of the day, as arrays.

Axes beside the usual: Z zones, H clocks, P = Z x H panels, O offers (channels and the pre-sale), A alternatives
(SKU x offer, padded, as in `Mind`), J categories.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from sim.actors.base import named
from sim.actors.running import DAY, Running
from sim.kernels.people import CLOSED, TERMS, ZONE, Mind, Rows, Slice, rows
from sim.kernels.utility import SPARES
from sim.scenario.expected import THRESHOLD_PULL

if TYPE_CHECKING:
    from sim.actors.offers import Counter
    from sim.world import World

Bools = NDArray[np.bool_]
Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Plans = list[Running | None]
"""(Z,) a campaign of each zone, or none."""
T = TypeVar("T")


def slice_of(world: World, begin: int, end: int) -> Slice:
    """All offers between two neighbouring boundaries, seconds from the first midnight."""
    counter, mind = world.counter, world.consumers.mind
    zones = range(counter.one_city.size)
    live = [counter.live(begin, n) for n in zones]
    running = [[(r.name, r.start) for r in part] for part in live]
    presales: Plans = [counter.presale(begin, n) for n in zones]
    rules: Plans = [max((r for r in part if r.terms.threshold), key=lambda r: r.saving, default=None) for part in live]
    price = counter.prices(begin)[:, :, mind.offer, mind.sku].reshape(-1, mind.sku.size)
    ratio = _ratio(counter, mind, price)
    early = np.array([r.eligible[mind.sku] if r else np.zeros(mind.sku.size) for r in presales])
    gifts, appeal = _given(world, begin)
    panels = _zones(world, live, presales, rules)
    days = panels["presale_days"]
    same = world.consumers.week(), counter.one_hour.tobytes(), early.tobytes(), days.tobytes(), appeal.tobytes()
    utility = _again(counter, "utility", same, lambda: _utility(world, early == 1, days, appeal))
    lowest, seen = _by_category(utility[:, 0, 0] > CLOSED, ratio, mind)
    counts = np.array([r.eligible[mind.sku] * _holds(mind, r) if r else np.zeros(mind.sku.size) for r in rules])
    index, until = _expected(world, begin)
    return _contiguous(Slice(
        begin=begin - world.midnight, end=end - world.midnight, zone=counter.zone, clock=counter.clock,
        clocks=counter.one_hour.size, by_group=int(counter.coupon.any()), need=world.need,
        channels=counter.shelf.shape[1],
        log_index=np.append(np.log(ratio), np.zeros(SPARES * mind.sku.size)).astype(np.float32),
        ratio=np.append(ratio, np.ones(SPARES * mind.sku.size)).astype(np.float32), lowest=lowest, seen=seen,
        utility=utility.reshape(-1), rules=counts.astype(np.float32).reshape(-1),
        deposits=(early * (mind.sku >= 0) * (mind.offer == mind.presale)).astype(np.float32).reshape(-1),
        price=price, coupon=counter.coupon, zones=panels,
        terms=_again(counter, "terms", running, lambda: _terms(world, live)),
        wait_index=index, wait_days=until,
        pull_now=panels["threshold_pull"][:, None] * np.maximum.reduceat(counts, mind.demand["first"], axis=1),
        has_presale=int(any(r is not None and r.eligible.any() for r in presales)),
        gifts=gifts, gift_left=counter.gift_left, outside=world.rival.utility(begin), paid_share=world.paid_share,
    ))  # fmt: skip


def _again(counter: Counter, name: str, of: object, build: Callable[[], T]) -> T:
    """What was built under a name for the slice before, where it was built of the same (0.1 of 0.25 ms)."""
    if counter.built.get(name, (None, None))[0] != of:
        counter.built[name] = of, build()
    last: T = counter.built[name][1]
    return last


def _ratio(counter: Counter, mind: Mind, price: Ints) -> Floats:
    """(P, G, A) price paid / list price, the groups' coupons in; (P, 1, A) without coupons; 1 at pads."""
    paid = price[:, None]
    if counter.coupon.any():
        paid = np.maximum(counter.floor[mind.sku], paid - counter.coupon[:, mind.sku])
    return np.where(mind.sku >= 0, paid / counter.listed[mind.sku], 1.0)


def _by_category(shown: Bools, ratio: Floats, mind: Mind) -> tuple[Floats, Floats]:
    """(P, G or 1, J) lowest and mean ratio of what is `shown` (P, A)."""
    first, public = mind.demand["first"], np.where(shown, 0.0, np.inf)[:, None] + ratio
    count = np.add.reduceat(np.isfinite(public), first, axis=2)
    seen = np.add.reduceat(np.where(np.isfinite(public), ratio, 0.0), first, axis=2) / np.maximum(1, count)
    return np.minimum.reduceat(public, first, axis=2), seen


def _zones(world: World, live: list[list[Running]], presales: Plans, rules: Plans) -> Rows:
    """(Z,) rows of ZONE."""
    rituals = [max(part, key=lambda r: (r.terms.ritual, -r.start), default=None) for part in live]
    thresholds = [r.terms.threshold if r else None for r in rules]
    return rows(
        ZONE, ritual=[r.terms.ritual if r else 0.0 for r in rituals],
        ritual_day=[r.start // DAY if r else 0 for r in rituals],
        presale_due=[r.start if r else 0 for r in presales],
        presale_share=[r.terms.presale.deposit if r and r.terms.presale else 0.0 for r in presales],
        presale_days=[(r.start - world.midnight) / DAY if r else 0.0 for r in presales],
        threshold_spend=np.round([100 * t.spend_yuan if t else 0.0 for t in thresholds]),
        threshold_save=np.round([100 * t.save_yuan if t else 0.0 for t in thresholds]),
        threshold_pull=[THRESHOLD_PULL * r.saving if r else 0.0 for r in rules],
    )  # fmt: skip


def _terms(world: World, live: list[list[Running]]) -> Rows:
    """(Z, K) rows of TERMS."""
    none = np.zeros(len(world.shop.skus))
    matched = [[r.eligible for r in part if r.terms.price_match is not None] for part in live]
    partner, saving, pull = _together(world, live)
    return rows(TERMS, matched=[np.max(part, axis=0) if part else none for part in matched],
                partner=partner, saving=saving, pull=pull)  # fmt: skip


def _utility(world: World, early: Bools, presale_days: Floats, gift_appeal: Floats) -> NDArray[np.float32]:
    """(P, S, L, A) liking by segment and own channel at list price; CLOSED where not on offer.

    `early` (Z, A) is what a pre-sale offers, `presale_days` (Z,) the days until its balance, `gift_appeal` (Z, A).
    """
    counter, mind = world.counter, world.consumers.mind
    presale = mind.offer == mind.presale
    place = np.where(presale, 0, mind.offer)
    liking, z, h = world.consumers.weekly_liking(), counter.one_city.size, counter.one_hour.size
    out = np.broadcast_to(liking, (z, h, *liking.shape))
    if gift_appeal.any():
        out = out + gift_appeal[:, None, None, None]
    if presale_days.any():
        wait = mind.temper["impatience"][:, None, None] * presale * presale_days[:, None, None, None]
        out = out - wait[:, None]
    shown = counter.open_hours[counter.one_hour][:, place] & world.consumers.sold_in[place, mind.sku]
    shown = np.where(presale, early[:, None], shown[None]) & (mind.sku >= 0)
    out = np.where(shown[:, :, None, None], out, CLOSED)
    return out.reshape(z * h, *out.shape[2:]).astype(np.float32)


def _holds(mind: Mind, r: Running) -> Bools:
    """(A,) alternatives in the channels of a campaign, without pre-sale."""
    return np.append(r.channels, False)[mind.offer] & (mind.sku >= 0)


def _given(world: World, second: int) -> tuple[Bytes, Floats]:
    """(Z, gifts, A) 1 = the gift comes with it; (Z, A) the liking that gifts add while they last."""
    counter, mind = world.counter, world.consumers.mind
    given = np.zeros((counter.one_city.size, len(counter.gifts), mind.sku.size), np.uint8)
    appeal = np.zeros((counter.one_city.size, mind.sku.size))
    for number, (r, terms) in enumerate(counter.gifts):
        if not r.start <= second < r.end:
            continue
        mine = named(world.shop, terms.skus) & (r.eligible == 1)
        given[:, number] = np.outer(r.cities[counter.one_city], mine[mind.sku] & _holds(mind, r))
        if counter.gift_left[number] > 0:
            appeal += terms.appeal * given[:, number]
    return given, appeal


def _together(world: World, live: list[list[Running]]) -> tuple[Ints, Floats, Floats]:
    """(Z, K) partner SKU, -1 = none; saving on both parts; utility added to the partner."""
    skus = world.shop.skus
    partner = np.full((len(live), len(skus)), -1, np.int64)
    saving, pull = np.zeros(partner.shape), np.zeros(partner.shape)
    for service in world.spec.catalogue.services.values():
        if service.kind == "matching_sets" and service.partner in skus:
            mine = named(world.shop, service.skus) & (np.array(skus) != service.partner)
            partner[:, mine], pull[:, mine] = skus.index(service.partner), service.appeal
    for n, part in enumerate(live):
        for terms in (terms for r in part for terms in r.terms.bundles.values()):
            a, b = (skus.index(name) for name in terms.skus)
            partner[n, [a, b]], saving[n, [a, b]], pull[n, [a, b]] = [b, a], terms.saving, 0.0
    return partner, saving, pull


def _expected(world: World, second: int) -> tuple[Floats, Floats]:
    """(Z, J) log price index that the next announced event promises, and days from midnight to its start
    (counted from midnight, so that cutting the day into more slices changes nothing)."""
    first, one_city = world.first_sku, world.counter.one_city
    index = np.zeros((one_city.size, first.size - 1))
    days = np.zeros(index.shape)
    for r in world.counter.running:
        if not r.announced <= second < r.start:
            continue
        depth = np.log(1.0 - r.terms.markdown) * r.eligible - THRESHOLD_PULL * r.saving * r.eligible
        for j in range(first.size - 1):
            best = depth[first[j] : first[j + 1]].min(initial=0.0)
            free = (index[:, j] == 0.0) & r.cities[one_city]
            if best < 0.0:
                index[free, j], days[free, j] = best, (r.start - world.midnight) / DAY
    return index, days


def _contiguous(offer: Slice) -> Slice:
    """The same with every array in C order: another layout would be another type, and compile again."""
    parts: dict[str, Any] = offer._asdict()
    arrays = {name: np.ascontiguousarray(part) for name, part in parts.items() if isinstance(part, np.ndarray)}
    return Slice(**(parts | arrays))
