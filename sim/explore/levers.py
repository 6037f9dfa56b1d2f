"""What a strategist may move, checked, and the scenario that follows."""

from __future__ import annotations

import copy
import re
from datetime import datetime, time, timedelta
from typing import Any, Literal

from pydantic import Field, ValidationError

from sim.errors import Fault, ScenarioError, UsageError, did_you_mean
from sim.explore.window import MOST_PEOPLE, Tree, Window, overlaps, window_of
from sim.scenario import Scenario, resolved
from sim.scenario.campaigns import Campaign
from sim.scenario.load import read_back
from sim.scenario.scaled import shrink
from sim.scenario.schedules import KEvents, pieces
from sim.scenario.units import Section, param

Span = Literal["weeks", "season", "full"]


class Levers(Section):
    """One position of all levers. None keeps what the scenario says."""

    first: str | None = Field(default=None, description="the schedule that the levers of the event move")
    second: str | None = Field(default=None, description="the schedule it is compared with")
    line_up: str | None = Field(default=None, description="the strategies, the same for both schedules")
    depth: float | None = param(None, "share", "markdown of the first schedule's event", ge=0, le=0.6)
    other_depth: float | None = param(None, "share", "markdown of the second schedule's campaign", ge=0, le=0.6)
    events: int = param(1, "events", "into how many the event is cut, its offered budget the same", ge=1, le=6)
    ritual: float | None = param(None, "1", "ritual strength of the event", ge=0, le=2)
    traffic: float = param(1.0, "1", "paid traffic of both schedules' campaigns, against the scenario's", ge=0, le=3)
    capacity: float = param(1.0, "1", "staff and couriers, against the scenario's", ge=0.25, le=3)
    segments: dict[str, float] = param({}, "1", "weight of each segment; those not named keep theirs", max_length=50)


def levers_of(data: object) -> Levers:
    """Checked levers. Raises ScenarioError with every fault."""
    try:
        return Levers.model_validate(data)
    except ValidationError as error:
        faults = []
        for problem in error.errors():
            name = ".".join(str(part) for part in problem["loc"]) or "levers"
            if problem["type"] == "extra_forbidden":
                hint = did_you_mean(name, Levers.model_fields)
                faults.append(Fault("levers", name[:60], "must be a lever that exists", None, hint))
                continue
            got = repr(problem["input"])
            must = problem["msg"].replace("Input should be", "must be")
            faults.append(Fault("levers", name[:60], must, got if len(got) <= 60 else got[:57] + "..."))
        raise ScenarioError(faults) from None


def schedules_of(scenario: Scenario, levers: Levers) -> tuple[str, str]:
    """The two schedules: those asked for, else the baseline's and the first other one."""
    names = list(scenario.schedules)
    base = scenario.compare.baseline.schedule if scenario.compare.baseline else names[0]
    first = levers.first or base
    second = levers.second or next((name for name in names if name != first), first)
    for what, name in (("first", first), ("second", second)):
        if name not in names:
            hint = did_you_mean(name, names)
            raise ScenarioError([Fault("levers", what, f"must be one of {', '.join(names)}", repr(name[:60]), hint)])
    return first, second


def line_up_of(scenario: Scenario, levers: Levers) -> str:
    """The line-up asked for, else the baseline's."""
    base = scenario.compare.baseline.line_up if scenario.compare.baseline else next(iter(scenario.line_ups))
    name = levers.line_up or base
    if name not in scenario.line_ups:
        must = f"must be one of {', '.join(scenario.line_ups)}"
        raise ScenarioError([Fault("levers", "line_up", must, repr(name[:60]), did_you_mean(name, scenario.line_ups))])
    return name


def moved(scenario: Scenario, levers: Levers, span: Span) -> tuple[Scenario, Window, float]:
    """The scenario with the levers applied, the window of the look, and people simulated / people of the scenario.

    `weeks` and `season` are what a look runs, in a smaller market (a season that is no longer than the weeks is the
    weeks); `full` is what to download: the scenario's own calendar and market, with the same campaigns. Raises
    ScenarioError where the levers lead to something that cannot be.
    """
    window = window_of(scenario, *schedules_of(scenario, levers))
    line_up = line_up_of(scenario, levers)
    data = copy.deepcopy(resolved(scenario))
    _segments(data, levers)
    _capacity(data["operations"], levers.capacity)
    campaigns, schedules = _campaigns(scenario, levers, window)
    data["campaigns"], data["schedules"] = campaigns, schedules
    data["line_ups"] = {line_up: data["line_ups"][line_up]}
    names = list(dict.fromkeys((window.first, window.second)))
    data["compare"] |= {"baseline": {"schedule": window.second, "line_up": line_up}, "schedules": names, "line_ups": []}
    factor = 1.0
    if span != "full":
        data["calendar"] = window.season if span == "season" and window.season else window.weeks
        factor = shrink(data, min(MOST_PEOPLE, scenario.market.consumers))
        data["compare"]["decision_seconds"] = min(10.0, data["compare"]["decision_seconds"])
    return read_back(data, scenario.folder), window, factor


def _campaigns(scenario: Scenario, levers: Levers, window: Window) -> tuple[Tree, dict[str, list[str]]]:
    """Campaigns of both schedules, resolved, and the schedules that name them."""
    start = datetime.combine(datetime.fromisoformat(window.weeks["start"]).date(), time())
    first = start + timedelta(days=window.weeks["warm_up_days"])
    scored = first, first + timedelta(days=window.weeks["scored_days"])
    campaigns: Tree = {}
    schedules: dict[str, list[str]] = {}
    for schedule in dict.fromkeys((window.first, window.second)):
        names = []
        for name in scenario.schedules[schedule]:
            for key, campaign in _pieces(scenario, levers, window, schedule, name, scored).items():
                plain = re.sub(r"[^A-Za-z0-9_-]+", "-", key)[:64]
                if plain in campaigns and campaigns[plain] != campaign.model_dump(mode="json"):
                    plain = f"{plain[:50]}-{len(campaigns)}"
                campaigns[plain] = campaign.model_dump(mode="json")
                names.append(plain)
        schedules[schedule] = names
    return campaigns, schedules


def _pieces(
    scenario: Scenario, levers: Levers, window: Window, schedule: str, name: str, scored: tuple[datetime, datetime]
) -> dict[str, Campaign]:
    campaign = scenario.campaigns[name]
    changes: Tree = {}
    if overlaps(campaign, *scored) and levers.traffic != 1.0:
        changes["traffic_yuan_per_day"] = campaign.traffic_yuan_per_day * levers.traffic
    is_event = schedule == window.first and name == window.event
    if is_event:
        changes |= {} if levers.depth is None else {"markdown": levers.depth}
        changes |= {} if levers.ritual is None else {"ritual": levers.ritual}
    elif schedule == window.second and name == window.other and levers.other_depth is not None:
        changes["markdown"] = levers.other_depth
    changed = campaign.model_copy(update=changes)
    if not is_event or levers.events == 1:
        return {name: changed}
    shares = {city: part.share for city, part in scenario.market.cities.items()}
    try:
        return pieces(KEvents(k_events=levers.events, of=name), changed, scored, shares)
    except ValueError as error:
        raise ScenarioError([Fault("levers", "events", str(error), str(levers.events))]) from None


def _segments(data: Tree, levers: Levers) -> None:
    """Shares in proportion to the weights."""
    if not levers.segments:
        return
    segments = data["market"]["segments"]
    for name, weight in levers.segments.items():
        if name not in segments:
            hint = did_you_mean(name, segments)
            raise ScenarioError([Fault("levers", "segments", "must be segments that exist", repr(name[:60]), hint)])
        if not 0 <= weight <= 100:
            raise ScenarioError([Fault("levers", f"segments.{name}", "must be from 0 to 100", f"{weight:g}")])
    weights = {name: levers.segments.get(name, part["share"]) for name, part in segments.items()}
    total = sum(weights.values())
    if total <= 0:
        raise ScenarioError([Fault("levers", "segments", "must have at least one weight above 0", "0")])
    for name, weight in weights.items():
        segments[name]["share"] = weight / total


def _capacity(operations: Tree, factor: float) -> None:
    """Heads of every station and fleet; people stay whole."""
    if factor == 1.0:
        return
    for warehouse in operations["warehouses"].values():
        for heads in ("pickers", "inspectors", "dockers"):
            if warehouse[heads]:
                warehouse[heads] = max(1, round(factor * warehouse[heads]))
    for fleet in operations["couriers"].values():
        fleet["couriers"] = round(factor * fleet["couriers"])
    operations["service_desk"]["agents"] = round(factor * operations["service_desk"]["agents"])


def described(scenario: Scenario, name: str) -> dict[str, Any]:
    """What the page needs to draw the levers of a scenario."""
    if not scenario.schedules:
        raise UsageError(f"{name}: must have a schedule")
    levers = Levers()
    window = window_of(scenario, *schedules_of(scenario, levers))
    event = scenario.campaigns[window.event] if window.event else None
    other = scenario.campaigns[window.other] if window.other else None
    return {
        "name": name, "title": scenario.name, "description": scenario.description,
        "schedules": list(scenario.schedules), "line_ups": list(scenario.line_ups),
        "first": window.first, "second": window.second, "line_up": line_up_of(scenario, levers),
        "event": window.event, "other": window.other,
        "depth": event.markdown if event else None, "ritual": event.ritual if event else None,
        "other_depth": other.markdown if other else None,
        "segments": {key: segment.share for key, segment in scenario.market.segments.items()},
        "consumers": scenario.market.consumers, "days": scenario.calendar.days,
    }  # fmt: skip
