"""What a merchant knows of a coming event: how much it offers, and how many hands there are. No two events are alike.

A back-test over one event lived again and again with other seeds asks only what the state of the world tells beyond the
plan: little, as ten days ahead a peak's queues hang on draws that nobody knows yet. A merchant's events differ: some
offer more, some find fewer hands. The base rate that a risk list must beat is that of all of these (the archive he
has), and what it can know beforehand is both the plan and the state. As a score over differing events also rewards
knowing which event it is (Hamill & Juras, Measuring forecast skill: is it real skill or is it the varying climatology?
QJRMS 132, 2006), the stricter reference, the base rate of events of the same circumstances, is shown beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim.lab.budget import largest, times
from sim.scenario import Scenario

OFFERS, HANDS = (0.6, 1.0, 1.4), (0.75, 1.0, 1.35)
"""Factors on what the campaign offers and on what people get done, from thin to rich (assumption: events of a few years
differ by about as much)."""

_MOST_RITUAL = 2.0


@dataclass(frozen=True)
class Circumstances:
    """Factors on a scenario; 1 and 1 are the scenario itself."""

    offer: float = 1.0
    """On markdown, threshold, bundles, gifts, traffic and ritual of the campaign."""
    hands: float = 1.0
    """On the speed of all stations and couriers: as so many more people would do, but not in whole people."""


USUAL = Circumstances()
"""The scenario's own."""


def of_event(number: int) -> Circumstances:
    """All nine in turn: every so many events hold as many of each."""
    return Circumstances(OFFERS[number % 3], HANDS[number // 3 % 3])


def under(scenario: Scenario, schedule: str, campaign: str, c: Circumstances) -> Scenario:
    """The scenario under these circumstances; itself where both are 1. Nothing is offered beyond its bounds."""
    if c == USUAL:
        return scenario
    terms = times(scenario.campaigns[campaign], min(c.offer, largest(scenario, schedule)))
    terms = terms.model_copy(update={"ritual": min(_MOST_RITUAL, c.offer * terms.ritual)})
    ops, f = scenario.operations, c.hands
    warehouses = {name: w.model_copy(update={
        "orders_per_hour": f * w.orders_per_hour, "returns_per_hour": f * w.returns_per_hour,
        "units_per_hour": f * w.units_per_hour,
    }) for name, w in ops.warehouses.items()}  # fmt: skip
    couriers = {n: k.model_copy(update={"parcels_per_day": f * k.parcels_per_day}) for n, k in ops.couriers.items()}
    desk = ops.service_desk
    own = {name: t.model_copy(update={"handle_minutes": t.handle_minutes and t.handle_minutes / f})
           for name, t in desk.tickets.items()}  # fmt: skip
    desk = desk.model_copy(update={"handle_minutes": desk.handle_minutes / f, "tickets": own})
    changed = ops.model_copy(update={"warehouses": warehouses, "couriers": couriers, "service_desk": desk})
    out = scenario.model_copy(update={
        "campaigns": {**scenario.campaigns, campaign: terms}, "operations": changed,
    })  # fmt: skip
    out._folder = scenario.folder
    return out
