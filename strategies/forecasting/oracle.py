"""Says what will be wanted, because it is told: the upper bound of what forecasting can be worth.

It knows the units that every SKU and city wants on the coming days in a twin of this world (the same draws, a plain
stand-in for each oracle; see `World.with_truth`), and nothing of what its own merchant's acts will change.

Source: the perfect-information bound of decision analysis, Raiffa & Schlaifer 1961.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Forecast, Forecaster, Info, View
from strategies.forecasting._shared import hour_shares


@dataclass
class Oracle(Forecaster):
    """The twin's demand, without doubt."""

    info: ClassVar[Info] = "oracle"
    memory_days: ClassVar[int] = 28
    samples: int = 1
    """Sample paths [S], all alike."""

    def forecast(self, view: View, horizon_days: int, rng: np.random.Generator) -> Forecast:
        """The truth; days beyond what is known repeat the last."""
        if view.truth is None:
            raise ValueError("an oracle needs View.truth, got None: it can only be asked as an oracle")
        demand = view.truth.demand
        day = np.minimum(np.arange(horizon_days), demand.shape[-1] - 1)
        return Forecast(np.repeat(demand[None, ..., day], self.samples, axis=0), hour_shares(view, horizon_days))
