"""The rival outside: a price index around 1, and his festivals, that a consumer weighs and a merchant sees next day.

Consumers do not know of a rival's festival before it starts: waiting for it is not modelled.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from sim.actors.base import Actor
from sim.kernels.draws import normal

if TYPE_CHECKING:
    from sim.world import World

_DAY = 86_400


class Rival(Actor):
    """Log price index x' = persistence x + shock, AR(1), one keyed shock a day; while festivals run, the deepest
    adds log(1 - depth)."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.log_index = 0.0
        """The usual price's, without festivals."""
        second = world.spec.calendar.second_of
        terms = world.spec.market.rival.festivals.values()
        self._festivals = [(second(f.start), second(f.end) + 1, math.log(1.0 - f.depth)) for f in terms if f.depth > 0]
        self.changes = sorted({moment for start, end, _ in self._festivals for moment in (start, end)})
        """Seconds from the first midnight at which a festival starts or ends."""

    def _cut(self, second: int) -> float:
        """What festivals add to the log index at a second."""
        return min((cut for start, end, cut in self._festivals if start <= second < end), default=0.0)

    def utility(self, second: int) -> float:
        """Utility added to "not now" at a second: positive while the rival is cheap."""
        return -self.world.spec.market.rival.pull * (self.log_index + self._cut(second))

    def receive(self) -> None:
        """A new price every morning."""
        rival = self.world.spec.market.rival
        shock = normal(self.world.streams.key("rival", self.world.day), np.int64(0), 0)
        self.log_index = rival.price_persistence * self.log_index + rival.price_sd * shock

    def settle(self) -> None:
        """Midnight: the day's index goes on record, festivals weighted by the part of the day they ran."""
        begin = self.world.midnight
        cuts = [begin, *(moment for moment in self.changes if begin < moment < begin + _DAY), begin + _DAY]
        cut = sum(self._cut(a) * (b - a) for a, b in pairwise(cuts)) / _DAY
        self.world.records.rival_index[self.world.day] = math.exp(self.log_index + cut)
