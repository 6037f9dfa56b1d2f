"""What the merchant's systems remember, by SKU, city and day: the past that a `View` shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.contracts import Shop
from sim.ledger import WAIT_BINS
from sim.scenario.operations import TICKET_TYPES

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass
class Records:
    """Arrays over all T days of the run, filled day by day; axes as in `contracts.View`."""

    sold: Ints
    wanted: Ints
    stockout_hours: Floats
    visits: Ints
    orders_by_hour: Ints
    prices: Floats
    paid: Floats
    shipped: Ints
    """(K, days) units that were ordered and paid."""
    earned: Ints
    """(K, days) fen paid for them."""
    by_offer: Ints
    """(O, days) units by channel, the pre-sale last."""
    returned: Ints
    arrivals: Ints
    finished: Ints
    late_share: Floats
    messages: Ints
    group_orders: Ints
    rival_index: Floats
    arrivals_hourly: Ints
    capacity_hourly: Floats
    finished_hourly: Ints
    """(St, days, 24) jobs that were done, or at the service desk given up."""
    hours_worked: Floats
    """(St, 3, days) hours of regular staff, overtime and temps."""
    wait_counts: Ints
    """(St, days, B) jobs by the time they waited, in `ledger.WAIT_BINS`, by the day they were counted."""
    wait_seconds: Ints
    """(St, days) seconds that these jobs waited in all."""
    tickets_by_type: Ints
    """(Y, days) contacts by type, as in `operations.TICKET_TYPES`."""
    courier_arrivals_hourly: Ints
    """(C, days, 24) parcels that reached each city's depot."""
    courier_capacity_hourly: Floats
    """(C, days, 24) parcels an hour that the couriers at work can hand over."""
    courier_finished_hourly: Ints
    """(C, days, 24) parcels handed over."""
    couriers_on_road: Floats
    """(C, days) couriers at work within the courier hours, hired runs counted as couriers."""

    @classmethod
    def empty(cls, shop: Shop, days: int) -> Records:
        """All zeros."""
        k, c, w = len(shop.skus), len(shop.cities), len(shop.warehouses)
        g, n, st = len(shop.groups), len(shop.channels), len(shop.stations)
        i, f, day = np.int64, np.float64, (days, 24)
        return cls(
            sold=np.zeros((k, c, days), i), wanted=np.zeros((k, c, days), i), stockout_hours=np.zeros((k, w, days), f),
            visits=np.zeros((c, days), i), orders_by_hour=np.zeros((24, days), i), prices=np.zeros((n, k, days), f),
            paid=np.zeros((k, days), f), shipped=np.zeros((k, days), i), earned=np.zeros((k, days), i),
            by_offer=np.zeros((n + 1, days), i), returned=np.zeros((k, days), i), arrivals=np.zeros((st, days), i),
            finished=np.zeros((st, days), i), late_share=np.zeros(days, f), messages=np.zeros((g, days), i),
            group_orders=np.zeros((g, days), i), rival_index=np.ones(days, f),
            arrivals_hourly=np.zeros((st, *day), i), capacity_hourly=np.zeros((st, *day), f),
            finished_hourly=np.zeros((st, *day), i), hours_worked=np.zeros((st, 3, days), f),
            wait_counts=np.zeros((st, days, WAIT_BINS), i), wait_seconds=np.zeros((st, days), i),
            tickets_by_type=np.zeros((len(TICKET_TYPES), days), i),
            courier_arrivals_hourly=np.zeros((c, *day), i), courier_capacity_hourly=np.zeros((c, *day), f),
            courier_finished_hourly=np.zeros((c, *day), i), couriers_on_road=np.zeros((c, days), f),
        )  # fmt: skip
