"""What the merchant's systems remember, by SKU, city and day: the past that a `View` shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.contracts import Shop

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

    @classmethod
    def empty(cls, shop: Shop, days: int) -> Records:
        """All zeros; one more day of capacity, because a roster reaches into the next morning."""
        k, c, w = len(shop.skus), len(shop.cities), len(shop.warehouses)
        g, n, st = len(shop.groups), len(shop.channels), len(shop.stations)
        i, f = np.int64, np.float64
        return cls(
            sold=np.zeros((k, c, days), i), wanted=np.zeros((k, c, days), i), stockout_hours=np.zeros((k, w, days), f),
            visits=np.zeros((c, days), i), orders_by_hour=np.zeros((24, days), i), prices=np.zeros((n, k, days), f),
            paid=np.zeros((k, days), f), shipped=np.zeros((k, days), i), earned=np.zeros((k, days), i),
            by_offer=np.zeros((n + 1, days), i), returned=np.zeros((k, days), i), arrivals=np.zeros((st, days), i),
            finished=np.zeros((st, days), i), late_share=np.zeros(days, f), messages=np.zeros((g, days), i),
            group_orders=np.zeros((g, days), i), rival_index=np.ones(days, f),
            arrivals_hourly=np.zeros((st, days, 24), i), capacity_hourly=np.zeros((st, days + 1, 24), f),
        )  # fmt: skip
