"""What all actors share: a place in the Mesa model and the phases of the day they take part in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import mesa
import numpy as np
from numpy.typing import NDArray

from sim.contracts import Shop
from sim.kernels.people import Rows

if TYPE_CHECKING:
    from sim.kernels.experience import Coming
    from sim.world import World

PHASES: tuple[str, ...] = ("receive", "decide", "shop", "operate", "feel", "settle")
"""The phases of a day, in order. An actor takes part in a phase by having a method of that name."""


class Actor(mesa.Agent):
    """Somebody who lives in the world."""

    world: World

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.world = world


class Witness(Protocol):
    """Sees what ships and what will come back, and changes nothing: `world.witnesses`, empty in an ordinary run."""

    def shipped(self, rows: Rows) -> None:
        """Lines (n,) of `LINE` that ship; their memory is used again: copy what is kept."""

    def coming_back(self, lines: Coming) -> None:
        """Lines that were handed over and will come back."""


def named(shop: Shop, names: Sequence[str]) -> NDArray[np.bool_]:
    """(K,) SKUs that are named, themselves or by their category; all of them without names."""
    pairs = zip(shop.skus, shop.category, strict=True)
    return np.array([not names or sku in names or category in names for sku, category in pairs])
