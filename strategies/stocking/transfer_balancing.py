"""What lies too much in one warehouse goes to the one that will run out, before anything is bought.

Each warehouse has two levels: what its cities will need until a transfer can arrive and until an order can arrive, at
the [service] quantile of the total. Above the second lies surplus, below the first need: needs are filled from the
surpluses, largest first, in proportion to the need. What is still missing against the second level is bought.

Source: transshipment between locations, Tagaras & Cohen, Management Science 38 (1992); Snyder & Shen, Fundamentals of
Supply Chain Theory (2nd ed., 2019), 7.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Floats, Forecast, Info, Ints, Stocker, StockPlan, View


@dataclass
class TransferBalancing(Stocker):
    """Order-up-to policy that moves surplus first."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 0
    service: float = 0.97
    """Wanted chance of no stockout in a window, share."""
    transfer_days: float = 2.0
    """Days that a transfer is on the road."""
    safety_sds: float = 2.0
    """Standard deviations of the lead time added to the window."""
    least_units: int = 6
    """Transfers of fewer units are not worth a truck's space."""

    def order(self, view: View, forecast: Forecast, rng: np.random.Generator) -> StockPlan:
        """Transfers (K, W, W) from surplus to need, then orders (K, W)."""
        shop = view.shop
        lead = 1.0 + shop.lead_time_days + self.safety_sds * shop.lead_time_sd_days
        soon = np.minimum(1.0 + self.transfer_days, lead)
        low, high = (self._level(view, forecast, days) for days in (soon, lead))
        near = np.arange(view.on_order.shape[-1]) <= self.transfer_days
        coming = view.on_order[..., near].sum(axis=-1)
        all_coming = view.on_order.sum(axis=-1)
        need = np.maximum(low - view.on_hand - coming, 0.0)
        surplus = np.minimum(np.maximum(view.on_hand + all_coming - high, 0.0), view.on_hand)
        transfers = self._match(need, surplus)
        position = view.on_hand + all_coming + transfers.sum(axis=1) - transfers.sum(axis=2)
        orders = np.ceil(np.maximum(high - position, 0.0) - 1e-6).astype(np.int64)
        return StockPlan(orders, transfers)

    def _level(self, view: View, forecast: Forecast, days: Floats) -> Floats:
        """(K, W) quantile of the total over `days` (K,)."""
        shop = view.shop
        inside = np.clip(days[:, None] - np.arange(forecast.paths.shape[-1]), 0.0, 1.0)
        inside *= (days / inside.sum(axis=1))[:, None]  # beyond the horizon: go on at the same rate
        home = np.eye(len(shop.warehouses))[shop.home_warehouse]
        return np.asarray(np.quantile((forecast.paths @ inside[:, :, None])[..., 0] @ home, self.service, axis=0))

    def _match(self, need: Floats, surplus: Floats) -> Ints:
        """(K, W, W) whole units: all that is both needed and to spare, shared in proportion on either side."""
        wanted, spare = need.sum(axis=1), surplus.sum(axis=1)
        moved = np.minimum(wanted, spare)
        part = need * np.divide(moved, wanted, out=np.zeros_like(moved), where=wanted > 0)[:, None]
        source = surplus / np.maximum(spare, 1e-12)[:, None]
        units = np.floor(source[:, :, None] * part[:, None, :] + 1e-6).astype(np.int64)
        return np.where(units >= self.least_units, units, 0)
