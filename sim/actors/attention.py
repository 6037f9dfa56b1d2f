"""What brings people to the shop today: the hour, the weekday, campaigns' ritual, paid traffic, savings waited for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.actors.running import DAY, Running

if TYPE_CHECKING:
    from sim.world import World

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Attention:
    """A day's attention, before fatigue and the lull of holidays."""

    plain: Floats
    """(C, 24) multiples of the visit rate by hour, paid traffic in."""
    ritual: Floats
    """(C, 24) what the strongest campaign adds, before fatigue."""
    traffic_yuan: float
    """Spent on traffic."""
    paid_share: float
    """Share of plain visits that it brings."""


def attention_of(world: World) -> Attention:
    """Attention of the running day."""
    market, finance = world.spec.market, world.spec.operations.finance
    profile = np.asarray(market.hour_profile) / sum(market.hour_profile)
    weekday = np.asarray(market.weekday_profile)
    base = profile * (weekday[world.date.weekday()] / weekday.mean())
    ritual, yuan, paid = np.zeros((len(world.shop.cities), 24)), 0.0, np.zeros((len(world.shop.cities), 24))
    for r in world.counter.running:
        open_share = _open_share(r, world.midnight)
        if not open_share.any():
            continue
        ritual = np.maximum(ritual, np.outer(r.cities, _ritual(world, r, base, open_share)))
        spend = r.terms.traffic_yuan_per_day * market.consumers / 100_000 * open_share / 24
        yuan += float(spend.sum())
        paid += np.outer(r.cities, spend / finance.visit_yuan / world.shop.city_share[r.cities].sum())
    if yuan == 0.0:  # the sum over everybody takes 0.5 ms
        return Attention(base + np.zeros_like(paid), ritual, 0.0, 0.0)
    rate = max(1.0, float(world.consumers.people.rate.sum()))
    plain = base + paid / rate
    visits = float(plain.sum()) / plain.shape[0]
    return Attention(plain, ritual, yuan, yuan / finance.visit_yuan / rate / visits if visits > 0 else 0.0)


def _open_share(r: Running, midnight: int) -> Floats:
    """(24,) share of each hour of the day in which a campaign runs."""
    hours = midnight + 3600 * np.arange(24)
    return np.clip((np.minimum(r.end, hours + 3600) - np.maximum(r.start, hours)) / 3600, 0, 1)


def _ritual(world: World, r: Running, base: Floats, open_share: Floats) -> Floats:
    """(24,) pull of a campaign, in proportion to the `base` of the hours it runs in; its first hour has a share of its
    own on top."""
    behaviour = world.spec.market.behaviour
    strength, first = r.terms.ritual * behaviour.ritual_attention, behaviour.first_hour_share
    out = strength * base * open_share
    if world.midnight <= r.start < world.midnight + DAY:
        out[(r.start - world.midnight) // 3600] += strength * first / max(1e-9, 1.0 - first)
    return out


def awaited(world: World) -> Floats:
    """(C,) chance today that who has put a purchase off comes for it: where an announced saving runs."""
    midnight, out = world.midnight, np.zeros(len(world.shop.cities))
    for r in world.counter.running:
        saves = r.terms.markdown > 0.0 or r.saving > 0.0
        if saves and r.announced < r.start and r.start < midnight + DAY and midnight < r.end:
            out[r.cities] = world.spec.market.behaviour.waiting_return
    return out
