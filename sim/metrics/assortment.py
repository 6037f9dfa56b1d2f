"""Assortment: whether SKUs do the job of their role, and where they are sold."""

from __future__ import annotations

import numpy as np

from sim.ledger import History
from sim.metrics import metric
from sim.scenario.catalogue import Role


def _share(history: History, role: Role, of_margin: bool) -> float:
    """Share of units, or of gross margin at the price paid, in SKUs of a role; scored days."""
    skus = [history.scenario.catalogue.skus[name] for name in history.skus]
    units = history.sku_units[:, history.scored].sum(axis=1).astype(np.float64)
    cost = np.array([round(100 * sku.unit_cost_yuan) for sku in skus])
    value = history.sku_paid[:, history.scored].sum(axis=1) - units * cost if of_margin else units
    mine = np.array([sku.role == role for sku in skus])
    return float(value[mine].sum() / value.sum()) if value.sum() != 0 else float("nan")


@metric("traffic_units_share", "share", "higher", "units of SKUs whose role is traffic, scored days")
def traffic_units_share(history: History) -> float:
    """Their job is to bring people in."""
    return _share(history, "traffic", of_margin=False)


@metric("repeat_units_share", "share", "higher", "units of SKUs whose role is repeat, scored days")
def repeat_units_share(history: History) -> float:
    """Their job is to bring people back."""
    return _share(history, "repeat", of_margin=False)


@metric("profit_margin_share", "share", "higher", "gross margin earned by SKUs whose role is profit, scored days")
def profit_margin_share(history: History) -> float:
    """Paid less purchase cost; their job is to earn."""
    return _share(history, "profit", of_margin=True)


@metric("image_margin_share", "share", "higher", "gross margin earned by SKUs whose role is image, scored days")
def image_margin_share(history: History) -> float:
    """Their job is to be seen; what they earn comes on top."""
    return _share(history, "image", of_margin=True)


@metric(
    "other_channels_share",
    "share",
    "higher",
    "units ordered outside the first channel, pre-sale not counted, scored days",
)
def other_channels_share(history: History) -> float:
    """Livestream, store and the like."""
    units = history.offer_units[:-1, history.scored].sum(axis=1)
    return float(units[1:].sum() / units.sum()) if units.sum() > 0 else float("nan")


@metric("channel_inversions", "count", "lower", "SKU-days on which another channel undercut the first, scored days")
def channel_inversions(history: History) -> float:
    """By more than the red line's gap, at noon."""
    return float(history.daily["channel_inversions"][history.scored].sum())
