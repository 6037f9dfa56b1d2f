"""Hours where a high quantile of the forecast needs them: by station and shift, days ahead for temps.

- pick-pack: the [service] quantile of the orders of a warehouse's cities, spread over the day by the
  forecast's hour shares, plus the backlog in the first shift, over what a person packs in an hour
- returns: the usual share of what was sold one to two weeks ago, or the last week's arrivals if more
- inbound: what is due to arrive, in pallets, in the first shift; today's is on the dock, so in the backlog
- service desk: offered load a = contacts/hour over handle rate, heads n = a + [beta] sqrt(a); or, with [wait_share],
  the fewest heads at which no more than that share waits in the shift's busiest hour (Erlang C)
- regular hours first (the guaranteed ones in any case), then overtime; temps for what both cannot do, from
  the first day on which newly trained ones can work
- surge couriers for the parcels beyond the fleet's capacity

Source: square-root staffing, Halfin & Whitt 1981; Borst, Mandelbaum & Reiman 2004; staffing to a quantile of
the load, Gans, Koole & Mandelbaum 2003. Erlang C: Cooper, Introduction to
Queueing Theory (2nd ed., 1981), 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Floats, Forecast, Info, Roster, Staffer, View

PICK, RETURNS, INBOUND, DESK = "pick_pack", "returns", "inbound", "service_desk"


@dataclass
class Quantile(Staffer):
    """Staffing to a service target from the forecast's sample paths."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 28
    service: float = 0.85
    """Quantile of a day's orders that today's hours must be able to do."""
    temp_service: float = 0.7
    """The same for temps booked ahead, who are paid whether needed or not."""
    beta: float = 0.8
    """Quality of service of the desk [beta]; 0.5 makes about half of the callers wait, 2 few."""
    wait_share: float = 0.0
    """Most contacts (share) that may have to wait in a shift's busiest hour; 0 = staff by `beta`."""
    guaranteed_share: float = 0.8
    """Share of the payroll's hours that is paid in any case, and so rostered in any case."""
    courier_share: float = 0.6
    """Share of a day's expected orders that reaches the couriers on the same day."""
    units_per_order: float = 1.6
    """Units in an order, until there is history to tell."""
    bot_share: float = 1.0
    """Share of contacts first sent to the bot."""
    triage: tuple[str, ...] = ()
    """Types of tickets that agents take first while the desk is behind, in this order; otherwise, and where empty,
    the shop's own order. `[where_is_my_order, wrong_or_missing]` spares those who have been let down already."""

    def roster(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Roster:
        """Today's hours by shift, temps for the coming days, couriers and surge."""
        shop = view.shop
        orders = forecast.paths.sum(axis=1) / self._basket(view)  # (S, C, H)
        today = self._hours(view, forecast, orders, self.service)[:, :1]  # (St, 1, 3)
        coming = self._hours(view, forecast, orders, self.temp_service).sum(axis=-1)  # (St, H)
        per_hour = np.maximum(shop.station_per_hour, 1e-9)
        need = today[:, 0]
        need[:, 0] += view.backlog / per_hour
        temp_hours = 8.0 * shop.temp_productivity * view.temps_booked[:, :1]
        need *= 1.0 - np.minimum(1.0, temp_hours / np.maximum(need.sum(axis=1, keepdims=True), 1e-9))
        payroll = shop.station_heads.astype(np.float64)
        most = np.minimum(payroll * shop.overtime_hours_per_day, np.maximum(0.0, view.overtime_left))
        regular, overtime = self._allot(need, payroll * 8.0, most)
        heads = payroll[:, None]
        short = np.maximum(coming - heads * (8.0 + 0.5 * shop.overtime_hours_per_day), 0.0)
        temps = np.ceil(short / (8.0 * shop.temp_productivity))
        temps = np.minimum(temps, np.floor(heads * shop.temp_max_factor))
        temps[:, : shop.temp_training_days] = 0.0
        parcels = view.courier_backlog + self.courier_share * np.quantile(orders[:, :, 0], self.service, axis=0)
        beyond = parcels / np.maximum(shop.courier_parcels_per_day, 1e-9) - shop.couriers
        surge = np.clip(beyond, 0.0, shop.surge_max_factor * shop.couriers)
        behind = view.backlog[[station == DESK for station in shop.stations]].sum() > 0
        triage = tuple(self.triage) if self.triage and behind else None
        return Roster(regular, overtime, temps, shop.couriers.copy(), surge, self.bot_share, triage=triage)

    def _basket(self, view: View) -> float:
        """Units an order, from the last four weeks."""
        orders = float(view.orders_by_hour[:, -self.memory_days :].sum())
        units = float(view.sold[..., -self.memory_days :].sum())
        return max(units / orders, 1.0) if orders > 0 else self.units_per_order

    def _hours(self, view: View, forecast: Forecast, orders: Floats, p: float) -> Floats:
        """(St, H, 3) work hours needed in each shift of each day, before any backlog."""
        shop = view.shop
        share = _shift_shares(forecast.hour_shares)  # (H, 3)
        home = np.eye(len(shop.warehouses))[shop.home_warehouse]  # (C, W)
        packed = np.quantile(np.einsum("sch,cw->swh", orders, home), p, axis=0)  # (W, H)
        contacts = np.quantile(orders.sum(axis=1), p, axis=0) * self._contacts(view)  # (H,)
        hours = np.zeros((len(shop.stations), *share.shape))
        for i, station in enumerate(shop.stations):
            rate = max(float(shop.station_per_hour[i]), 1e-9)
            site, _, work = station.rpartition("/")
            if work == PICK:
                hours[i] = packed[shop.warehouses.index(site), :, None] * share / rate
            elif work == RETURNS:
                hours[i] = self._returns(view, i, home[:, shop.warehouses.index(site)]) / rate / 3.0
            elif work == INBOUND:
                due = view.on_order[:, shop.warehouses.index(site), 1 : len(share)]  # (K, H - 1)
                hours[i, 1 : 1 + due.shape[1], 0] = (-(-due // shop.pallet_units)).sum(axis=0) / rate
            elif work == DESK:
                load = contacts[:, None] * share / 8.0 / rate
                hours[i] = 8.0 * (load + self.beta * np.sqrt(load))
                if self.wait_share > 0:
                    busiest = contacts[:, None] * _peak_shares(forecast.hour_shares) / rate
                    hours[i] = 8.0 * erlang_heads(busiest, self.wait_share)
        return hours

    def _contacts(self, view: View) -> float:
        """Contacts an order that reach the desk: the last four weeks', or the usual less the bot's."""
        shop = view.shop
        orders = float(view.orders_by_hour[:, -self.memory_days :].sum())
        desk = [i for i, station in enumerate(shop.stations) if station == DESK]
        seen = float(view.arrivals[desk, -self.memory_days :].sum())
        if orders > 0 and seen > 0:
            return seen / orders
        return shop.contacts_per_order * (1.0 - self.bot_share * shop.bot_containment)

    def _returns(self, view: View, station: int, served: Floats) -> float:
        """Returned parcels a day: what was sold 5 to 16 days ago, or last week's arrivals if more."""
        sold = view.sold[..., -16:-4] @ np.ones(view.sold[..., -16:-4].shape[-1])  # (K, C)
        due = float(view.shop.return_rate @ (sold @ served)) / 12.0
        last = view.arrivals[station, -7:]
        return max(due, float(last.mean()) if len(last) else 0.0)

    def _allot(self, need: Floats, regular: Floats, overtime: Floats) -> tuple[Floats, Floats]:
        """Split needed hours (St, 3) into regular and overtime hours, each in proportion to the need."""
        total = need.sum(axis=1, keepdims=True)
        shape = np.where(total > 0, need / np.maximum(total, 1e-12), 1.0 / 3.0)
        base = np.clip(total[:, 0], self.guaranteed_share * regular, regular)
        extra = np.clip(total[:, 0] - regular, 0.0, overtime)
        return base[:, None] * shape, extra[:, None] * shape


def erlang_c(heads: Floats, load: Floats) -> Floats:
    """Chance that a caller waits in M/M/n with offered load a < n; 1 where a >= n.

    From Erlang B by its recursion B(0) = 1, B(k) = a B(k - 1) / (k + a B(k - 1)); C = n B / (n - a (1 - B)).
    """
    heads, load = np.broadcast_arrays(np.asarray(heads, dtype=np.int64), np.asarray(load, dtype=np.float64))
    blocked, found = np.ones(load.shape), np.ones(load.shape)
    for k in range(1, int(heads.max(initial=0)) + 1):
        blocked = load * blocked / (k + load * blocked)
        found = np.where(heads == k, blocked, found)
    busy = heads > load
    return np.asarray(np.where(busy, heads * found / np.where(busy, heads - load * (1.0 - found), 1.0), 1.0))


def erlang_heads(load: Floats, wait_share: float) -> Floats:
    """Fewest heads at which at most `wait_share` of the callers wait; 0 without load."""
    load = np.asarray(load, dtype=np.float64)
    blocked, heads = np.ones(load.shape), np.zeros(load.shape)
    open_ = load > 0
    k = 0
    while open_.any():
        k += 1
        blocked = load * blocked / (k + load * blocked)
        enough = (k > load) & (k * blocked <= wait_share * (k - load * (1.0 - blocked)))
        heads = np.where(open_ & enough, float(k), heads)
        open_ = open_ & ~enough
    return heads


def _peak_shares(hour_shares: Floats) -> Floats:
    """(H, 3) share of a day's orders in the busiest hour of each shift."""
    night = np.roll(hour_shares[:, :6].max(axis=1), -1)
    night[-1] = hour_shares[-1, :6].max()
    late = np.maximum(hour_shares[:, 22:].max(axis=1), night)
    return np.stack([hour_shares[:, 6:14].max(axis=1), hour_shares[:, 14:22].max(axis=1), late], axis=1)


def _shift_shares(hour_shares: Floats) -> Floats:
    """(H, 3) share of a day's orders in each shift; the night shift ends at 06:00 of the next day."""
    night = np.roll(hour_shares[:, :6].sum(axis=1), -1)
    night[-1] = hour_shares[-1, :6].sum()
    day, evening = hour_shares[:, 6:14].sum(axis=1), hour_shares[:, 14:22].sum(axis=1)
    return np.stack([day, evening, hour_shares[:, 22:].sum(axis=1) + night], axis=1)
