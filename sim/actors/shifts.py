"""Who is at work at a station, second by second: the roster's plan, and what a fault leaves of it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.actors.parcel_station import AnyStation

if TYPE_CHECKING:
    from sim.world import World

Floats = NDArray[np.float64]
_DAY = 86_400


class Shifts:
    """Moves a station's servers: planned ones less those that a fault keeps away, plus hired ones.

    A fault takes its share of the planned servers at any time, also of those a later change of the plan brings;
    when it ends, what the plan then says is back. Hired servers (couriers' surge runs) stay.
    """

    def __init__(self, world: World, station: AnyStation, jobs_per_server_hour: float) -> None:
        self.world, self.station, self.rate = world, station, jobs_per_server_hour
        self.planned = self.hired = 0
        self._absent: dict[str, float] = {}
        """Fault that has begun and not ended -> share of the planned servers it keeps away."""
        self._since = 0
        self.server_seconds = [[0] * 24, [0] * 24]
        """Seconds worked by planned and by hired servers, by hour of today, so far; lists, because arrays took 1 s of
        a year's run one number at a time."""

    @property
    def present(self) -> int:
        """Planned servers that are there: each fault takes its share of what others leave, in whole servers."""
        left = self.planned
        for share in self._absent.values():
            left -= int(share * left + 0.5)
        return left

    def begin(self, plan: Iterable[tuple[int, int, int]]) -> None:
        """From now on the station is worked by a plan of (second, planned, hired servers)."""
        changes = [next(same) for _, same in groupby(plan, key=lambda entry: entry[1:])]
        self.world.env.call(0, self._follow, changes, first=True)

    def _follow(self, plan: list[tuple[int, int, int]]) -> None:
        """Makes the changes of the plan that are due, and comes back for the next."""
        now = int(self.world.env.now)
        while plan and plan[0][0] <= now:
            self.note()
            _, self.planned, self.hired = plan.pop(0)
            self._apply()
        if plan:
            self.world.env.call(plan[0][0] - now, self._follow, plan)

    def strike(self, fault: str, share: float) -> None:
        """From now on a fault keeps away `share` of the planned servers; 0 ends it."""
        self.note()
        if share > 0.0:
            self._absent[fault] = share
        else:
            self._absent.pop(fault, None)
        self._apply()

    def _apply(self) -> None:
        """The station's servers become what is there now."""
        for _ in self.station.work([(int(self.world.env.now), self.present + self.hired)]):
            raise AssertionError("a change that is due now does not wait")

    def note(self) -> None:
        """Writes down who has worked since the last change; called at every change and at midnight."""
        now = int(self.world.env.now)
        present, (planned, hired) = self.present if self._since < now else 0, self.server_seconds
        while self._since < now and (present or self.hired):
            hour, end = self._since % _DAY // 3600, min(now, (self._since // 3600 + 1) * 3600)
            length = end - self._since
            planned[hour] += present * length
            hired[hour] += self.hired * length
            self._since = end
        self._since = now

    def close_day(self) -> tuple[Floats, NDArray[np.int64]]:
        """Midnight: (capacity (24,), server seconds (2, 24)) of the day that ends; the next one begins at zero."""
        self.note()
        seconds = np.array(self.server_seconds)
        self.server_seconds = [[0] * 24, [0] * 24]
        return (seconds[0] + seconds[1]) * self.rate / 3600, seconds
