"""Faults of the scenario: they take people away for a while, hold trucks up, silence the bot, bring the cold.

Nobody is told before. What has begun is seen through what it does: queues, backlogs, temperatures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.actors.base import Actor
from sim.actors.shifts import Shifts
from sim.scenario.faults import PLACES, Fault, FaultKind

if TYPE_CHECKING:
    from sim.world import World

Ints = NDArray[np.int64]
_ALL = np.ones(1)


class Faults(Actor):
    """All faults of a run; an empty one does nothing."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        second_of = world.spec.calendar.second_of
        self._all = [
            (name, fault, second_of(fault.start), second_of(fault.end)) for name, fault in world.spec.faults.items()
        ]

    def _of(self, kind: FaultKind, place: str | None = None) -> Iterator[tuple[str, Fault, int, int]]:
        """(name, fault, first second, second after) of those of a kind that strike at a place."""
        key = PLACES[kind]
        for name, fault, begin, end in self._all:
            places = getattr(fault, key) if key is not None else ()
            if fault.kind == kind and (not places or place in places):
                yield name, fault, begin, end

    def threaten(self, kind: FaultKind, place: str, shifts: Shifts) -> None:
        """Makes the appointments that take people of a place away and bring them back."""
        for name, fault, begin, end in self._of(kind, place):
            if fault.share > 0.0:
                self.world.env.call(begin, self._strike, shifts, name, fault.share, end)

    def _strike(self, shifts: Shifts, name: str, share: float, end: int) -> None:
        """From now to `end` a share of the planned people is away."""
        shifts.strike(name, share)
        self.world.env.call(end - int(self.world.env.now), shifts.strike, name, 0.0)

    def bot_seen(self, seconds: Ints) -> NDArray[np.float64]:
        """(n,) share of contacts made at these seconds that the bot gets to see, (1,) where it is never down."""
        down = list(self._of("bot_down"))
        if not down:
            return _ALL
        seen = np.ones(seconds.size)
        for _, fault, begin, end in down:
            seen[(begin <= seconds) & (seconds < end)] *= 1.0 - fault.share
        return seen

    def delay_days(self, supplier: str, day: int) -> int:
        """Days by which a supplier's truck that is due on `day` is late; it docks in the morning."""
        dock = 86_400 * day + 6 * 3600
        return sum(f.days for _, f, begin, end in self._of("late_supplier", supplier) if begin <= dock < end)

    def waves(self, cities: Sequence[str]) -> list[tuple[int, Fault, NDArray[np.bool_]]]:
        """(first second, fault, (C,) cities it strikes) of the cold waves."""
        struck = {name: [n for n, *_ in self._of("cold_wave", city)] for name, city in zip(cities, cities, strict=True)}
        return [
            (begin, fault, np.array([name in struck[city] for city in cities]))
            for name, fault, begin, _ in self._all if fault.kind == "cold_wave"
        ]  # fmt: skip
