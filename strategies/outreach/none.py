"""Nobody is written to: the reference that messages are measured against.

Source: none needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Forecast, Info, Outreach, Touches, View


@dataclass
class Silence(Outreach):
    """No messages."""

    info: ClassVar[Info] = "blind"
    memory_days: ClassVar[int] = 0

    def touch(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Touches:
        """Zero for every group."""
        groups = len(view.shop.groups)
        return Touches(np.zeros(groups), np.zeros(groups, dtype=np.int64), np.zeros(groups))
