"""The rival outside: a price index around 1 that a consumer weighs and a merchant sees next day."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sim.actors.base import Actor
from sim.kernels.draws import normal

if TYPE_CHECKING:
    from sim.world import World


class Rival(Actor):
    """Log price index x' = persistence x + shock, AR(1), one keyed shock a day."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.log_index = 0.0

    @property
    def utility(self) -> float:
        """Utility added to "not now": positive while the rival is cheap."""
        return -self.world.spec.market.rival.pull * self.log_index

    def receive(self) -> None:
        """A new price every morning."""
        rival = self.world.spec.market.rival
        shock = normal(self.world.streams.key("rival", self.world.day), np.int64(0), 0)
        self.log_index = rival.price_persistence * self.log_index + rival.price_sd * shock
        self.world.records.rival_index[self.world.day] = math.exp(self.log_index)
