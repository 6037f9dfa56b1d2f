"""The same morning, changed in one respect: fewer SKUs, another currency, a past that nobody remembers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from sim.contracts import OWN_FIELDS, CampaignInfo, Forecast, Shop, Truth
from sim.lab.check.views import Array, Told, axes, mapped, text_axis

MONEY = ("shop.list_price", "shop.unit_cost", "prices", "paid")
"""Arrays in yuan, beside those whose name says so."""
_QUEUES = ("backlog", "courier_backlog", "group_orders_30d")
CAMPAIGN_MONEY = ("threshold_spend", "threshold_save")


def taken(told: Told, axis: str, index: Sequence[int] | Array) -> Told:
    """Only these SKUs (`K`) or cities (`C`), in this order; some may come more than once."""
    pick = np.asarray(index, np.int64)

    def along(name: str, array: Array) -> Array:
        if axis not in axes(name):
            return array
        return np.ascontiguousarray(np.take(array, pick, axis=axes(name).index(axis)))

    new = mapped(told, along)
    shop, view = new.view.shop, new.view
    names: dict[str, Any] = {
        item.name: tuple(getattr(shop, item.name)[i] for i in pick)
        for item in fields(Shop)
        if isinstance(getattr(shop, item.name), tuple) and text_axis(item.name, getattr(shop, item.name)) == axis
    }
    if axis == "K":
        names["skus"] = _unique(names["skus"])
        campaigns = tuple(replace(c, eligible=tuple(c.eligible[i] for i in pick)) for c in view.campaigns)
        view = replace(view, campaigns=campaigns)
    if axis == "C":
        names["cities"] = _unique(names["cities"])
        shop = replace(shop, city_share=shop.city_share / shop.city_share.sum())
    return replace(new, view=replace(view, shop=replace(shop, **names)))


def _unique(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) == len(names):
        return names
    return tuple(f"{name}_{n}" for n, name in enumerate(names))


def money_times(told: Told, factor: float) -> Told:
    """All money counted in another unit."""

    def dearer(name: str, array: Array) -> Array:
        return array * factor if name in MONEY or name.endswith("_yuan") else array

    new = mapped(told, dearer)
    view, shop = new.view, new.view.shop
    single = {
        item.name: getattr(shop, item.name) * factor
        for item in fields(Shop)
        if item.name.endswith("_yuan") and isinstance(getattr(shop, item.name), float)
    }
    campaigns = tuple(
        replace(c, **{name: getattr(c, name) * factor for name in CAMPAIGN_MONEY}) for c in view.campaigns
    )
    view = replace(view, shop=replace(shop, **single), campaigns=campaigns, cash=view.cash * factor)
    return replace(new, view=view)


def forgotten(told: Told, memory_days: int, filler: int) -> Told:
    """Days older than the memory replaced: by zeros for `filler` 0, else by other figures."""
    old = max(0, told.view.day - memory_days)

    def blank(name: str, array: Array) -> Array:
        if "D" not in axes(name):
            return array
        out = array.copy()
        part = np.moveaxis(out, axes(name).index("D"), -1)[..., :old]
        part[...] = filler if filler == 0 else (part[..., ::-1] * 3 + filler)
        return out

    return mapped(told, blank)


def repeated(told: Told, times: int) -> Told:
    """A longer past: the same days again and again, the campaigns at their distance from today."""
    view = told.view
    more = (times - 1) * view.day

    def again(name: str, array: Array) -> Array:
        if "D" in axes(name):
            return np.concatenate([array] * times, axis=axes(name).index("D"))
        if "T" in axes(name):
            at = axes(name).index("T")
            past = np.take(array, np.arange(view.day), axis=at)
            return np.concatenate([past] * (times - 1) + [array], axis=at)
        return array

    campaigns = tuple(moved(c, back * view.day) for back in range(times) for c in view.campaigns)
    campaigns = tuple(sorted(campaigns, key=lambda c: c.start_day))
    new = mapped(told, again)
    return replace(new, view=replace(new.view, day=view.day + more, campaigns=campaigns))


def moved(campaign: CampaignInfo, days: int) -> CampaignInfo:
    """A campaign so many days later."""
    return replace(
        campaign, start_day=campaign.start_day + days, end_day=campaign.end_day + days,
        announced_day=campaign.announced_day + days,
        presale_day=None if campaign.presale_day is None else campaign.presale_day + days,
    )  # fmt: skip


def sold_nothing(told: Told) -> Told:
    """Nobody ever came: all flows zero, and a forecast of nothing."""

    def zero(name: str, array: Array) -> Array:
        flow = "D" in axes(name) and name not in ("prices", "paid", "rival_index")
        return np.zeros_like(array) if flow or name in _QUEUES else array

    new = mapped(told, zero)
    shop_price = np.repeat(new.view.shop.list_price[:, None], new.view.day, axis=1)
    return Told(replace(new.view, paid=shop_price), quiet(new.forecast))


def quiet(forecast: Forecast) -> Forecast:
    """No demand at all."""
    return replace(forecast, paths=np.zeros_like(forecast.paths))


def sold_out(told: Told) -> Told:
    """Nothing on the shelf on any day, nothing on order."""
    view = sold_nothing(told).view
    empty = np.zeros_like(view.on_hand)
    view = replace(
        view, stockout_hours=np.full_like(view.stockout_hours, 24.0), on_hand=empty,
        on_order=np.zeros_like(view.on_order), broken_sizes=np.ones_like(view.broken_sizes), visits=told.view.visits,
    )  # fmt: skip
    return Told(view, told.forecast)


def without_campaigns(told: Told) -> Told:
    """An empty calendar."""
    view = told.view
    return replace(
        told, view=replace(view, campaigns=(), depth=np.zeros_like(view.depth), ritual=np.zeros_like(view.ritual))
    )


def only_campaigns(told: Told) -> Told:
    """One campaign on all SKUs that has always run and never ends."""
    view = told.view
    one = CampaignInfo(
        "always", 0.0, view.day + 400.0, 0.0, ritual=0.6, markdown=0.2, threshold_spend=300.0, threshold_save=50.0,
        presale_day=None, eligible=(True,) * len(view.shop.skus),
    )  # fmt: skip
    view = replace(view, campaigns=(one,), depth=np.full_like(view.depth, 0.2), ritual=np.full_like(view.ritual, 0.6))
    return replace(told, view=view)


def other_market(told: Told) -> Told:
    """Another market around the same shop: all that a blind strategy must not look at, the forecast too."""
    other = {name: value for name, value in vars(sold_nothing(told).view).items() if name not in OWN_FIELDS}

    def scrambled(name: str, value: Any) -> Any:
        if not isinstance(value, np.ndarray):
            return value
        return (value[..., ::-1] * 2 + 1).astype(value.dtype) if name not in ("depth", "ritual") else value * 0

    changed = {name: scrambled(name, value) for name, value in other.items()}
    view = replace(told.view, **changed | {"campaigns": (), "truth": None})
    return Told(view, replace(told.forecast, paths=told.forecast.paths[:, ::-1] * 3 + 1))


def with_truth(told: Told, factor: float = 1.0) -> Told:
    """With the true demand in it, as only an oracle gets it: here the first path of the forecast."""
    return replace(told, view=replace(told.view, truth=Truth(demand=factor * told.forecast.paths[0])))
