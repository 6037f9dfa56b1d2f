"""What stands in a schedule: names of campaigns, and rules that generate campaigns from one.

A generated campaign is an ordinary `Campaign`; its name is the source's with a slash: `double12/3 of 12`.
All that a campaign offers per day (markdown, what a threshold saves, traffic) and its ritual are
multiplied by one factor [f], so that the offered budget, depth x days, stays that of the source.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from sim.scenario.campaigns import Campaign, Gift
from sim.scenario.units import Section, param

_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)
_WEEK = 7 * _DAY


class KEvents(Section):
    """The same promotion as k events of equal length, evenly over the scored days: `{k_events: 12, of: double12}`.

    The scored days are cut into k equal parts with one event in the middle of each, at the source's hour of the
    day. f = length of the source / (k x length of an event).
    """

    k_events: int = param(..., "events", "how many [k]", ge=1, le=52)
    of: str = Field(description="the campaign that is spread")
    days: float | None = param(None, "days", "length of one event; the source's where not given", gt=0, le=366)


class Staged(Section):
    """One campaign released city by city, week by week: `{staged: double12, weeks: 4}`.

    Week 1 is the source's own date and the first city's, week 2 the second's, and so on around both lists until
    every week and every city was used. A stage lasts as long as the source, at most its week. For a city with r
    stages f = length of the source / (r x length of a stage); traffic is split by population too.
    """

    staged: str = Field(description="the campaign that is released in stages")
    weeks: int = param(4, "weeks", "over how many", ge=1, le=52)


def _form(value: Any) -> str:
    if isinstance(value, Staged) or (isinstance(value, dict) and "staged" in value):
        return "[Staged]"
    return "[KEvents]" if isinstance(value, KEvents | dict) else "[name]"


Entry = Annotated[
    Annotated[str, Tag("[name]")] | Annotated[KEvents, Tag("[KEvents]")] | Annotated[Staged, Tag("[Staged]")],
    Discriminator(_form),
]
"""The tags stand in brackets, as pydantic's own `[key]` does, so that they are no part of a value's path."""


def source_of(entry: str | KEvents | Staged) -> tuple[str, str | None]:
    """The campaign that an entry names, and the field in which it does."""
    if isinstance(entry, str):
        return entry, None
    return (entry.of, "of") if isinstance(entry, KEvents) else (entry.staged, "staged")


def most_pieces(entry: str | KEvents | Staged, cities: int) -> int:
    """At most so many campaigns come from an entry."""
    if isinstance(entry, str):
        return 0
    return entry.k_events if isinstance(entry, KEvents) else max(entry.weeks, cities)


def pieces(
    entry: KEvents | Staged, source: Campaign, window: tuple[datetime, datetime], cities: Mapping[str, float]
) -> dict[str, Campaign]:
    """The campaigns that an entry stands for, by name. `window` bounds the scored days; `cities` are the shares of
    all cities. Raises ValueError ("must ...") where they do not fit."""
    if isinstance(entry, KEvents):
        return _k_events(entry, source, window)
    return _staged(entry, source, {name: cities[name] for name in source.cities or cities})


def _k_events(entry: KEvents, source: Campaign, window: tuple[datetime, datetime]) -> dict[str, Campaign]:
    k, clock = entry.k_events, source.start - datetime.combine(source.start, datetime.min.time())
    scored, duration = (window[1] - window[0]).days, _duration(source)
    length = duration if entry.days is None else round(entry.days * 86_400) * _SECOND
    room = scored // k * _DAY - clock
    if length > room:
        raise ValueError(
            f"must leave room for its events: {scored} scored days hold {k} of at most {max(0.0, room / _DAY):.3g} "
            f"days that start at {source.start:%H:%M}, not of {length / _DAY:.3g} days"
        )
    each = f"{k}" if entry.days is None else f"{k}, {entry.days:g} days each"
    out, previous = {}, window[0]
    for n in range(k):
        start = window[0] + n * scored // k * _DAY + (room - length) // 2 // _DAY * _DAY + clock
        event = _moved(source, start, length, duration / (k * length))
        told = min(event.announced_days, (start - window[0]) / _DAY)  # what buyers put off before would not count
        event = event.model_copy(update={"announced_days": told})
        if event.presale and event.presale.start < previous and n > 0:  # not before the last event is over
            event = _with_presale(event, previous)
        out[f"{entry.of}/{n + 1} of {each}"], previous = event, event.end + _SECOND
    return out


def _staged(entry: Staged, source: Campaign, cities: Mapping[str, float]) -> dict[str, Campaign]:
    weeks, names, duration = entry.weeks, list(cities), _duration(source)
    length = min(duration, _WEEK)
    turns = [(n % weeks, names[n % len(names)]) for n in range(max(weeks, len(names)))]
    out = {}
    for week in range(weeks):
        here = [city for turn, city in turns if turn == week]
        stages = sum(city == here[0] for _, city in turns)  # cities that share a week have one stage each
        stage = _moved(source, source.start + week * _WEEK, length, duration / (stages * length))
        share = sum(cities[city] for city in here) / (sum(cities.values()) or 1.0)
        traffic = share * stage.traffic_yuan_per_day
        out[f"{entry.staged}/week {week + 1} of {weeks}"] = stage.model_copy(
            update={"cities": here, "traffic_yuan_per_day": traffic, "gifts": _gifts(stage, share)}
        )
    return out


def _duration(campaign: Campaign) -> timedelta:
    """Its end is its last second."""
    return campaign.end - campaign.start + _SECOND


def _moved(source: Campaign, start: datetime, length: timedelta, factor: float) -> Campaign:
    """A campaign at another time and of another length, what it offers per day multiplied by `factor`."""
    rule = source.threshold
    save = factor * rule.save_yuan if rule else 0.0
    markdown, ritual = factor * source.markdown, factor * source.ritual
    if markdown > 0.95 or ritual > 2 or (rule and save >= rule.spend_yuan):
        raise ValueError(
            f"must have longer events: to keep the budget, one of {length / _DAY:.3g} days needs "
            f"a markdown of {markdown:.3g}, a ritual of {ritual:.3g} and a saving of {save:.4g} yuan"
        )
    changes = {
        "start": start, "end": start + length - _SECOND, "markdown": markdown, "ritual": ritual,
        "threshold": rule and rule.model_copy(update={"save_yuan": save}),
        "traffic_yuan_per_day": factor * source.traffic_yuan_per_day,
        "gifts": _gifts(source, factor * (length / _duration(source))),
    }  # fmt: skip
    moved = source.model_copy(update=changes)
    return _with_presale(moved, source.presale.start + (start - source.start)) if source.presale else moved


def _gifts(source: Campaign, share: float) -> dict[str, Gift]:
    """A share of each gift's stock."""
    return {
        name: gift.model_copy(update={"stock_units": round(share * gift.stock_units)})
        for name, gift in source.gifts.items()
    }


def _with_presale(campaign: Campaign, start: datetime) -> Campaign:
    """The pre-sale begins at another time; none where that is no earlier than the campaign."""
    presale = campaign.presale and campaign.presale.model_copy(update={"start": start})
    return campaign.model_copy(update={"presale": presale if start < campaign.start else None})
