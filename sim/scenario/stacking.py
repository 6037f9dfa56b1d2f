"""What campaigns that run together come to: the lowest an SKU may be sold for, and prices by channel.

The rules are the engine's (`sim/actors/offers.py`): of all campaigns that run in a city the deepest markdown counts,
the threshold with the largest saving share, the bundle and the gift that were named last. List prices are assumed:
what a pricer takes off comes on top.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.scenario.campaigns import Campaign
from sim.scenario.expected import Flags, Floats, belonging, window
from sim.scenario.root import Scenario

Ints = NDArray[np.int64]
Live = tuple[tuple[str, Campaign], ...]
"""Campaigns that run at one time in one city, in order of their start."""
_NOBODY = -1


@dataclass(frozen=True)
class Shelf:
    """The catalogue as columns, in its own order of SKUs."""

    names: list[str]
    price: Floats
    """(K,) yuan, list price."""
    cost: Floats
    """(K,) yuan."""
    floor: Floats
    """(K,) yuan, the lowest price that the engine lets a line be sold at."""
    sold: Flags
    """(L, K) which channel sells what."""

    @classmethod
    def of(cls, scenario: Scenario) -> Shelf:
        """The shelf of a scenario."""
        skus, left = scenario.catalogue.skus, 1.0 - scenario.red_lines.margin_floor
        price = np.array([k.list_price_yuan for k in skus.values()])
        cost = np.array([k.unit_cost_yuan for k in skus.values()])
        lowest = np.ceil(np.round(100 * cost) / left) / 100 if left > 0.0 else price
        sold = [[not k.channels or name in k.channels for k in skus.values()] for name in scenario.market.channels]
        return cls(list(skus), price, cost, np.minimum(lowest, price), np.array(sold))


@dataclass(frozen=True)
class Deal:
    """The lowest that one unit of an SKU is sold for under some campaigns, all of which it takes."""

    campaigns: tuple[str, ...]
    sku: int
    kept: float
    """Yuan a unit: what is paid, not below the floor, without the unit's part of a gift's cost."""
    loss: bool
    """Less is kept than the unit costs."""
    clipped: bool
    """The rules ask for less than the floor."""


def live_sets(scenario: Scenario, schedule: str) -> list[Live]:
    """All different sets of campaigns of a schedule that run together in some city at some time."""
    named = [(name, scenario.campaigns[name]) for name in scenario.schedules[schedule]]
    run = sorted(named, key=lambda item: (item[1].start, item[0]))
    run = [(name, c) for name, c in run if window(scenario, c)[0] < window(scenario, c)[1]]
    spans = [window(scenario, c) for _, c in run]
    moments = sorted({moment for span in spans for moment in span})
    live = np.array([[begin <= moment < end for begin, end in spans] for moment in moments], np.bool_)
    here = np.array([[not c.cities or city in c.cities for _, c in run] for city in scenario.market.cities], np.bool_)
    found: dict[tuple[int, ...], None] = {}
    for zone in np.unique(here, axis=0) if run else here[:0]:
        found |= {tuple(int(n) for n in np.flatnonzero(row)): None for row in np.unique(live & zone, axis=0)}
    return [tuple(run[n] for n in numbers) for numbers in sorted(found) if numbers]


def deals(scenario: Scenario, shelf: Shelf, live: Live) -> Iterator[Deal]:
    """SKUs that campaigns which run together sell below cost or below the floor.

    Four orders are weighed for each SKU: one unit; with its bundle; one that just reaches the threshold; both. A
    gift's cost is shared by the value of what is in the order.
    """
    number = {name: k for k, name in enumerate(shelf.names)}
    size, ones = len(shelf.names), np.ones(len(shelf.names), np.bool_)
    depth, by_markdown = np.zeros(size), np.full(size, _NOBODY)
    saving, by_bundle, mate = np.zeros(size), np.full(size, _NOBODY), np.arange(size)
    gift, by_gift = np.zeros(size), np.full(size, _NOBODY)
    for n, (_, c) in enumerate(live):
        mine = belonging(scenario, c.skus)
        cut = c.markdown * (mine & _somewhere(scenario, shelf, c))
        by_markdown, depth = np.where(cut > depth, n, by_markdown), np.maximum(cut, depth)
        for bundle in c.bundles.values():
            pair = [number[sku] for sku in bundle.skus]
            saving[pair], by_bundle[pair], mate[pair] = bundle.saving, n, pair[::-1]
        for terms in c.gifts.values():
            with_it = mine & belonging(scenario, terms.skus)
            gift[with_it] = terms.unit_cost_yuan if terms.stock_units > 0 else 0.0
            by_gift[with_it] = n if terms.stock_units > 0 else _NOBODY
    saved, spend, rule = _threshold(live)
    ruled = belonging(scenario, live[rule][1].skus) if rule != _NOBODY else ~ones
    bundled = by_bundle != _NOBODY
    alone = shelf.price * (1.0 - depth)
    paired = alone * (1.0 - saving)
    both = paired + np.where(bundled, paired[mate], 0.0)
    shared = np.where(by_gift[mate] == by_gift, both, paired)
    value = paired + np.where(bundled & ruled[mate], paired[mate], 0.0)
    # (paid a unit, the unit's part of a gift, may it be, who makes it)
    orders: list[tuple[Floats, Floats, Flags, list[Ints]]] = [
        (alone, np.ones(size), ones, [by_markdown]),
        (paired, paired / shared, bundled, [by_markdown, by_bundle]),
        (alone * (1.0 - saved / np.maximum(spend, alone)), alone / np.maximum(spend, alone), ruled,
         [by_markdown, np.full(size, rule)]),
        (paired * (1.0 - saved / np.maximum(spend, value)), paired / np.maximum(spend, np.maximum(value, shared)),
         ruled & bundled, [by_markdown, by_bundle, np.full(size, rule)]),
    ]  # fmt: skip
    paid = np.array([np.where(may, yuan, np.inf) for yuan, _, may, _ in orders])
    kept = np.maximum(paid, shelf.floor) - np.array([part * gift for _, part, _, _ in orders])
    clipped, loss = paid.min(axis=0) < shelf.floor - 0.005, kept.min(axis=0) < shelf.cost - 0.005
    for k in np.flatnonzero(clipped | loss):
        worst, least = int(paid[:, k].argmin()), int(kept[:, k].argmin())
        makers = {int(by[k]) for by in orders[worst if clipped[k] else least][3]}
        if loss[k] and gift[k] > 0.0:
            makers.add(int(by_gift[k]))
        names = tuple(live[n][0] for n in sorted(makers - {_NOBODY}))
        if names:
            yield Deal(names, int(k), float(kept[least, k]), bool(loss[k]), bool(clipped[k]))


def _somewhere(scenario: Scenario, shelf: Shelf, campaign: Campaign) -> Flags:
    """(K,) whether a campaign's markdown holds in a channel that sells the SKU."""
    rows = [not campaign.channels or name in campaign.channels for name in scenario.market.channels]
    return np.asarray(shelf.sold[np.array(rows)].any(axis=0))


def _threshold(live: Live) -> tuple[float, float, int]:
    """(yuan saved, yuan to spend, place of its campaign) of the rule with the largest saving share, or none."""
    best, out = 0.0, (0.0, 1.0, _NOBODY)
    for n, (_, c) in enumerate(live):
        if c.threshold and c.threshold.save_yuan / c.threshold.spend_yuan > best:
            best = c.threshold.save_yuan / c.threshold.spend_yuan
            out = (c.threshold.save_yuan, c.threshold.spend_yuan, n)
    return out


def inversions(scenario: Scenario, shelf: Shelf, live: Live) -> Iterator[tuple[str, str, int, float]]:
    """(campaign, channel, SKU, how much cheaper than in the first channel, as a share) beyond the red line's gap."""
    channels, size = list(scenario.market.channels), len(shelf.names)
    depth, by = np.zeros((len(channels), size)), np.full((len(channels), size), _NOBODY)
    for n, (_, c) in enumerate(live):
        open_to = np.array([not c.channels or name in c.channels for name in channels])
        cut = c.markdown * np.outer(open_to, belonging(scenario, c.skus))
        by, depth = np.where(cut > depth, n, by), np.maximum(cut, depth)
    cheaper = 1.0 - (1.0 - depth) / (1.0 - depth[0])
    wide = (cheaper > scenario.red_lines.channel_gap + 1e-9) & shelf.sold & shelf.sold[0]
    for at, k in zip(*np.nonzero(wide), strict=True):
        yield live[by[at, k]][0], channels[at], int(k), float(cheaper[at, k])
