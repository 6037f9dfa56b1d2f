"""What all actors share: a place in the Mesa model and the phases of the day they take part in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mesa

if TYPE_CHECKING:
    from sim.world import World

PHASES: tuple[str, ...] = ("receive", "decide", "shop", "operate", "feel", "settle")
"""The phases of a day, in order. An actor takes part in a phase by having a method of that name."""


class Actor(mesa.Agent):
    """Somebody who lives in the world."""

    world: World

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.world = world
