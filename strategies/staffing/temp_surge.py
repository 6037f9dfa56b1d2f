"""The payroll does the ordinary days; before a festival temps and couriers are booked for the mean of what is coming.

Each coming day's work is the forecast's mean orders over what a person does in an hour. What the payroll cannot do in
regular hours is given to temps, no overtime, as soon as they can be trained, and they stay for [tail_days] after each
day that needs them, when parcels and returns of the festival still come. Surge couriers likewise.

Source: trade practice of seasonal agencies: people are booked for a season, not for an hour; compare quantile.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Forecast, Info, Roster, Staffer, View


@dataclass
class TempSurge(Staffer):
    """Mean work beyond the payroll goes to temps."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 28
    shift_shares: tuple[float, ...] = (0.45, 0.45, 0.1)
    """Share of all hours in the shifts 06-14, 14-22 and 22-06."""
    generous: float = 1.1
    """Factor on the mean work."""
    tail_days: int = 3
    """Days for which temps stay on after they were needed."""
    units_per_order: float = 1.6
    """Units in an order, until there is history to tell."""
    bot_share: float = 1.0
    """Share of contacts first sent to the bot."""

    def roster(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Roster:
        """All regular hours, temps for what they cannot do, surge for what the fleet cannot."""
        shop = view.shop
        past = slice(max(0, view.day - self.memory_days), view.day)
        orders, units = float(view.orders_by_hour[:, past].sum()), float(view.sold[..., past].sum())
        basket = max(units / orders, 1.0) if orders > 0 else self.units_per_order
        coming = forecast.mean.sum(axis=0) / basket  # (C, H) orders
        jobs = np.zeros((len(shop.stations), coming.shape[1]))
        seen = view.arrivals[:, past].sum(axis=1) / max(orders, 1.0)  # (St,) jobs an order
        for n, station in enumerate(shop.stations):
            site, _, work = station.rpartition("/")
            if work == "pick_pack":
                jobs[n] = coming[shop.home_warehouse == shop.warehouses.index(site)].sum(axis=0)
            else:
                jobs[n] = seen[n] * coming.sum(axis=0)
        heads = shop.station_heads[:, None]
        short = np.maximum(self.generous * jobs / np.maximum(shop.station_per_hour, 1e-9)[:, None] - 8.0 * heads, 0.0)
        temps = np.ceil(short / (8.0 * max(shop.temp_productivity, 1e-9)) - 1e-9)
        for day in range(temps.shape[1] - 1, 0, -1):
            temps[:, day] = temps[:, max(0, day - self.tail_days) : day + 1].max(axis=1)
        temps = np.minimum(temps, np.floor(heads * shop.temp_max_factor))
        temps[:, : shop.temp_training_days] = 0.0
        shares = np.array(self.shift_shares) / sum(self.shift_shares)
        regular = np.outer(8.0 * shop.station_heads, shares)
        parcels = view.courier_backlog + self.generous * coming[:, 0]
        beyond = parcels / np.maximum(shop.courier_parcels_per_day, 1e-9) - shop.couriers
        surge = np.clip(beyond, 0.0, shop.surge_max_factor * shop.couriers)
        return Roster(regular, np.zeros(regular.shape), temps, shop.couriers.copy(), surge, self.bot_share)
