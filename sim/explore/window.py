"""The part of a scenario that a look lives through, in a smaller market: the weeks around one event, then the season.

A day costs about the same whatever the market (15 ms at 20,000 people, 13 ms at 4,000: strategies and bookkeeping), so
days are what is saved, and people only down to where whole pickers and couriers still mean something.

The weeks are not what the season brings: an event borrows from later months. So the season is lived through too, as
soon as the weeks have been answered. While the shop goes on, stock counts at cost: at its salvage value, as on a
scenario's last day, what each schedule happens to have on its shelves decides. A slow test prints what double12 earns
by both spans beside the full scenario.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sim.scenario import Scenario
from sim.scenario.campaigns import Campaign

MOST_PEOPLE = 20_000
WARM_DAYS, BEFORE_DAYS, EVENT_DAYS = 28, 7, 21
"""Days before the first scored one; from there to the event; scored from its start on."""
MOST_BEFORE_DAYS = 28
"""The weeks begin when the event is announced, or the other schedule's campaign where that is earlier, but at most so
many days before the event: what buyers put off until then is part of the answer."""
LEAST_WARM_DAYS = 5
"""Where the warm-up would begin in the middle of a campaign, it begins after it if this many days are left."""
Tree = dict[str, Any]


@dataclass(frozen=True)
class Window:
    """Two schedules, the campaign of each that the levers move, and the days that are looked at."""

    first: str
    second: str
    event: str | None
    """The campaign of `first` alone with the strongest ritual; None where it has no campaign in the scored days."""
    other: str | None
    """The same for `second`."""
    weeks: dict[str, Any]
    """The calendar of the weeks around the event."""
    season: dict[str, Any] | None
    """From there to the scenario's last scored day, with its own settlement; None where the weeks reach as far."""


def window_of(scenario: Scenario, first: str, second: str) -> Window:
    """The window in which `first` differs most from `second`."""
    event = _main(scenario, first, second)
    other = _main(scenario, second, first)
    centre = event or other
    own = scenario.calendar
    scored, days = own.date_of(own.warm_up_days), BEFORE_DAYS + EVENT_DAYS
    if centre is not None:
        start = scenario.campaigns[centre].start.date()
        earliest = start - timedelta(days=MOST_BEFORE_DAYS)
        near = [c for name in (event, other) if name and (c := scenario.campaigns[name]).start.date() >= earliest]
        told = [max(earliest, (c.start - timedelta(days=c.announced_days)).date()) for c in near]
        begins = min([start - timedelta(days=BEFORE_DAYS), *told])
        scored = max(begins, own.date_of(min(own.warm_up_days, WARM_DAYS)))
        days = max(1, (start - scored).days) + EVENT_DAYS
    start = max(own.start, _undisturbed(scenario, (first, second), scored - timedelta(days=WARM_DAYS), scored))
    begin = {"start": start.isoformat(), "warm_up_days": (scored - start).days}
    left = max(1, (own.date_of(own.warm_up_days + own.scored_days) - scored).days)
    season = begin | {"scored_days": left, "settlement_days": own.settlement_days}
    if days >= left:
        return Window(first, second, event, other, season, None)
    return Window(first, second, event, other, begin | {"scored_days": days, "settlement_days": 0}, season)


def _undisturbed(scenario: Scenario, schedules: tuple[str, str], start: date, scored: date) -> date:
    """`start`, or a later day on which no campaign is under way (its buyers would come to shelves never filled)."""
    campaigns = [scenario.campaigns[name] for schedule in schedules for name in scenario.schedules[schedule]]
    ends = [c.end.date() + timedelta(days=1) for c in campaigns if c.start.date() < start <= c.end.date()]
    later = max(ends, default=start)
    return later if (scored - later).days >= LEAST_WARM_DAYS else start


def _main(scenario: Scenario, mine: str, theirs: str) -> str | None:
    shared = set(scenario.schedules[theirs])
    inside = [name for name in scenario.schedules[mine] if overlaps(scenario.campaigns[name], *scenario.scored)]
    own = [name for name in inside if name not in shared] or inside
    return max(own, key=lambda name: _weight(scenario.campaigns[name]), default=None)


def _weight(campaign: Campaign) -> tuple[float, float]:
    return campaign.ritual, campaign.markdown


def overlaps(campaign: Campaign, start: datetime, end: datetime) -> bool:
    """Whether it runs at any time from `start` to `end`."""
    return campaign.start < end and campaign.end >= start
