"""The whole payroll every day in fixed shifts; on festival days all overtime and a fixed crowd of temps.

A festival day is one with ritual strength above zero, whatever demand is expected.

Source: trade practice ("add people for Double 11"); the baseline that quantile staffing must beat.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Forecast, Info, Roster, Staffer, View


@dataclass
class Fixed(Staffer):
    """Fixed shares by shift; fixed extras on festival days."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 0
    shift_shares: tuple[float, ...] = (0.45, 0.45, 0.1)
    """Share of the payroll's hours in the shifts 06-14, 14-22 and 22-06."""
    festival_temps_factor: float = 0.5
    """Temps on a festival day, per regular head of the station."""
    festival_surge_factor: float = 0.5
    """Surge couriers on a festival day, as a share of the most there is."""
    festival_overtime: float = 1.0
    """Overtime on a festival day, as a share of what the law allows."""
    bot_share: float = 1.0
    """Share of contacts first sent to the bot."""

    def roster(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Roster:
        """Eight hours a head; overtime, temps and surge by the calendar."""
        shop = view.shop
        shares = np.array(self.shift_shares) / sum(self.shift_shares)
        festival = view.ritual_ahead[: forecast.paths.shape[-1]] > 0  # (H,)
        heads = shop.station_heads.astype(np.float64)
        overtime = self.festival_overtime * shop.overtime_hours_per_day if festival[0] else 0.0
        temps = np.ceil(heads * min(self.festival_temps_factor, shop.temp_max_factor))
        surge = self.festival_surge_factor if festival[0] else 0.0
        return Roster(
            regular_hours=np.outer(8.0 * heads, shares),
            overtime_hours=np.outer(overtime * heads, shares),
            temps=np.outer(np.minimum(temps, heads * shop.temp_max_factor), festival.astype(np.float64)),
            couriers=shop.couriers.copy(),
            surge=surge * shop.surge_max_factor * shop.couriers,
            bot_share=self.bot_share,
        )
