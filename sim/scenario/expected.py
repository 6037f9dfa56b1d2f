"""Orders that a campaign may expect, from the scenario alone: visits x need x logit share, nobody simulated.

Pantries and leavers are one factor (`STAY`) for all categories; trust, messages, stockouts and the pricer's own
offers are left out. Rough: `tests/world/test_expected.py` holds it to the world within a fifth, for the
shipped scenario.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from sim.scenario.campaigns import Campaign
from sim.scenario.root import Scenario

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
STAY = 0.75
"""Share of the orders that are left when people have stock at home and some have gone (assumption)."""
_USUAL_PROMISE_HOURS = 72.0
"""Promise at which speed adds nothing (order to door 56 h, 81 % within 72 h, State Post Bureau 2023)."""
THRESHOLD_PULL = 0.5
"""Share of a threshold's saving that a buyer counts on before he knows his basket (assumption)."""


def belonging(scenario: Scenario, names: Sequence[str]) -> Flags:
    """(K,) SKUs in the catalogue's order that are named, themselves or by category; all of them without names."""
    wanted = set(names)
    return np.array([not wanted or n in wanted or k.category in wanted for n, k in scenario.catalogue.skus.items()])


def window(scenario: Scenario, campaign: Campaign) -> tuple[datetime, datetime]:
    """First moment and first moment after a campaign, as far as it lies in the calendar; empty ones end early."""
    first = datetime.combine(scenario.calendar.start, datetime.min.time())
    last = first + timedelta(days=scenario.calendar.days)
    return max(first, campaign.start), min(last, campaign.end + timedelta(seconds=1))


def liking(scenario: Scenario) -> Floats:
    """(S, K) utility of each SKU at list price, without channel, campaign and noise: appeal, taste for its role,
    content, service assets, speed of the promise; SKUs in the catalogue's order."""
    market, catalogue = scenario.market, scenario.catalogue
    skus, segments = catalogue.skus.values(), market.segments.values()
    served = np.zeros(len(skus))
    for service in catalogue.services.values():
        if service.kind != "matching_sets":
            served += service.appeal * belonging(scenario, service.skus)
    own = [[k.appeal + s.taste.get(k.role, 0.0) + s.content_sensitivity * k.content for k in skus] for s in segments]
    hours = scenario.operations.promised_hours
    faster = np.array([(_USUAL_PROMISE_HOURS - hours[s.promise]) / 24.0 for s in segments])[:, None]
    care = np.outer([s.service_sensitivity for s in segments], served)
    return np.asarray(np.array(own) + care + market.behaviour.speed_utility * faster)


def channel_pull(scenario: Scenario) -> float:
    """How much more a shelf weighs for standing in several channels: sum of exp(impulse - other_channel) over those
    open when people visit, mean over people's own channels; 1 with one channel."""
    market = scenario.market
    usual, channels = np.array(market.hour_profile) / sum(market.hour_profile), list(market.channels.values())
    open_ = [float(usual[slice(*c.hours)].sum()) for c in channels]
    away = math.exp(-market.behaviour.other_channel)
    return sum(own.share * sum(part * math.exp(c.impulse) * (1.0 if c is own else away)
               for part, c in zip(open_, channels, strict=True)) for own in channels)  # fmt: skip


def visits_while(scenario: Scenario, campaign: Campaign) -> Floats:
    """(S,) visits by segment while a campaign runs, in its cities and the calendar.

    Ritual uplift: visit rates are 1 + ritual x market.behaviour.ritual_attention times the usual, and the first hour
    of the campaign brings first_hour_share of the festival day's extra visits; prospects feel ritual_discovery of it.
    Nobody comes twice a day: of visit rates spread as Gamma(shape r, mean v), 1 - (1 + v m / r)^-r come on a day of m
    times the usual rate, of prospects 1 - exp(-v m). Paid traffic adds visits at finance.visit_yuan each.
    """
    market, (begin, end) = scenario.market, window(scenario, campaign)
    b, segments = market.behaviour, list(market.segments.values())
    usual = np.array(market.hour_profile) / sum(market.hour_profile)
    pull = campaign.ritual * b.ritual_attention
    rate, shape = np.array([s.visits_per_day for s in segments]), np.array([s.visit_shape for s in segments])
    share = np.array([s.share for s in segments])
    known, bought = np.zeros(len(segments)), 0.0
    day = datetime.combine(begin.date(), datetime.min.time())
    while day < end:
        seconds = 3600.0 * np.arange(24)
        first, last = (begin - day).total_seconds(), (end - day).total_seconds()
        inside = np.clip((np.minimum(last, seconds + 3600.0) - np.maximum(first, seconds)) / 3600.0, 0.0, 1.0)
        extra = pull * usual * inside
        if day <= campaign.start < day + timedelta(days=1):
            extra[campaign.start.hour] += pull * b.first_hour_share / max(1e-9, 1.0 - b.first_hour_share)
        plain, festive = float((usual * inside).sum()), float(extra.sum())
        came = 1.0 - (1.0 + rate * (1.0 + festive) / shape) ** -shape
        known += (1.0 - market.prospect_share) * came * (plain + festive) / (1.0 + festive)
        felt = b.ritual_discovery * festive
        found = -math.expm1(-market.discovery_per_day * (1.0 + felt))
        known += market.prospect_share * found * (plain + felt) / (1.0 + felt)
        bought += campaign.traffic_yuan_per_day * float(inside.sum()) / 24.0
        day += timedelta(days=1)
    reached = sum(city.share for name, city in market.cities.items() if not campaign.cities or name in campaign.cities)
    paid = bought / 100_000 / scenario.operations.finance.visit_yuan
    return np.asarray(market.consumers * share * (reached * known + paid))


def orders_while(scenario: Scenario, campaign: Campaign, eligible: Flags, appeal: float = 0.0) -> float:
    """Orders with at least one SKU of `eligible` (K,) while a campaign runs, its markdown and threshold felt;
    `appeal` is the utility that a gift adds to these."""
    market, catalogue = scenario.market, scenario.catalogue
    b, skus, total = market.behaviour, list(catalogue.skus.values()), 0.0
    rule, mine = campaign.threshold, belonging(scenario, campaign.skus)
    cut, pull = campaign.markdown * mine, THRESHOLD_PULL * (rule.save_yuan / rule.spend_yuan if rule else 0.0) * mine
    visits, likes = visits_while(scenario, campaign), liking(scenario) + math.log(max(1e-9, channel_pull(scenario)))
    for n, segment in enumerate(market.segments.values()):
        none = 1.0
        for name, category in catalogue.categories.items():
            shelf = np.array([k.category == name for k in skus])
            beta = segment.price_sensitivity * category.price_sensitivity
            gain = -np.log(1.0 - cut) + b.reference_weight * cut + math.exp(-segment.hassle_aversion) * pull
            weight = np.exp(np.clip(likes[n] + beta * gain + appeal * eligible, -700.0, 700.0)) * shelf
            share = float((weight * eligible).sum()) / (float(weight.sum()) + math.exp(category.not_now))
            none *= 1.0 - min(1.0, category.need * segment.need.get(name, 1.0)) * share
        total += float(visits[n]) * (1.0 - none)
    return STAY * total
