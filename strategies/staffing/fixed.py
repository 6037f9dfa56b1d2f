"""The whole payroll every day in fixed shifts; around festivals all overtime and a fixed crowd of temps.

A festival is known by the calendar, whatever demand is expected. Its crowd stays some days longer: parcels come to
couriers, and questions to the desk, days after the orders.

Source: trade practice ("add people for Double 11"); the baseline that quantile staffing must beat.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.contracts import Forecast, Info, Roster, Staffer, View


@dataclass
class Fixed(Staffer):
    """Fixed shares by shift; fixed extras on the days of a festival and those after it."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 14
    shift_shares: tuple[float, ...] = (0.45, 0.45, 0.1)
    """Share of the payroll's hours in the shifts 06-14, 14-22 and 22-06."""
    festival_temps_factor: float = 0.6
    """Temps on a festival day, per regular head of the station: 37 % of the hands, 35-40 % are usual at peak."""
    festival_surge_factor: float = 0.5
    """Surge couriers on a festival day, as a share of the most there is."""
    festival_overtime: float = 1.0
    """Overtime on a festival day, as a share of what the law allows."""
    festival_ritual: float = 0.1
    """Least ritual strength of a festival day; what is weaker is staffed as any day."""
    festival_days_after: int = 5
    """Days after a festival that are staffed like it, at most 14; the carriers' Double 11 lasts until the 16th."""
    bot_share: float = 1.0
    """Share of contacts first sent to the bot."""

    def roster(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Roster:
        """Eight hours a head; overtime, temps and surge by the calendar."""
        shop = view.shop
        shares = np.array(self.shift_shares) / sum(self.shift_shares)
        festival = self._festival(view)[: forecast.paths.shape[-1]]  # (H,)
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

    def _festival(self, view: View) -> NDArray[np.bool_]:
        """(60,) whether each coming day lies in a festival or so few days after it."""
        strong = view.ritual >= self.festival_ritual
        out = strong[-60:].copy()
        for days in range(1, min(self.festival_days_after, view.day, self.memory_days) + 1):
            out |= strong[-60 - days : -days]
        return out
