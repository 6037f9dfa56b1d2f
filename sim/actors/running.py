"""The campaigns of a schedule as the world runs them: in seconds, with the SKUs, cities and channels they hold for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.actors.base import named
from sim.contracts import Shop
from sim.scenario.campaigns import Campaign
from sim.scenario.root import Scenario

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
        offers = c.markdown or c.ritual or self.saving or c.presale or c.traffic_yuan_per_day
        return not (offers or c.gifts or c.bundles or c.price_match)

    @property
    def saving(self) -> float:
        """Saving share of its threshold rule, 0 without one."""
        rule = self.terms.threshold
        return min(1.0, rule.save_yuan / rule.spend_yuan) if rule else 0.0

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
