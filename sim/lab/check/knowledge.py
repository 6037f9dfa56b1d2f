"""Laws on knowledge: what a strategy declares that it may know is all that its decisions depend on."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from typing import Any

from sim.actors.base import Actor
from sim.contracts import Forecast, Strategy
from sim.lab.check import change, views
from sim.lab.check.subject import Broken, Exempt, Subject, difference
from sim.lab.check.views import FESTIVAL, LAST, QUIET, Told
from sim.scenario import Scenario
from sim.streams import Streams
from sim.world import World, line_up_of

PART_DAY = 6
"""Day after whose decisions the two worlds of `no_look_ahead_in_a_world` part."""


def declared_memory_is_enough(s: Subject) -> None:
    """Days older than the declared memory are replaced by zeros, then by other figures: the decision stays."""
    long = change.repeated(s.morning(), 26)
    if s.cls.memory_days >= long.view.day:
        raise Exempt(f"declares {s.cls.memory_days} days, the laws have {long.view.day}")
    mornings = [told for told in (s.morning(), s.morning(LAST), long) if told.view.day > s.cls.memory_days]
    for told in mornings:
        for filler in (0, 17):
            found = difference(s.accepted(told), s.accepted(change.forgotten(told, s.cls.memory_days, filler)))
            if found:
                raise Broken(
                    f"its decision must not depend on days older than memory_days = {s.cls.memory_days}, {found} "
                    f"when they are replaced on day {told.view.day}"
                )


def no_look_ahead_behind_the_arrays(s: Subject) -> None:
    """What the engine's own arrays hold after today, behind the windows that are handed out, changes nothing."""
    for day in (0, FESTIVAL, QUIET):
        told = s.morning(day)
        one, two = (s.accepted(told, given=partial(views.handed, poison=p)) for p in (0.0, 9999.0))
        found = difference(one, two)
        if found:
            raise Broken(
                f"its decision of day {day} must not depend on what comes after it, {found} when the records behind "
                "the arrays are replaced from that day on: use the arrays as told, not their .base"
            )


def no_look_ahead_in_a_world(s: Subject) -> None:
    """Two real worlds, lived through one after the other, are the same until a day and other people's worlds after it:
    its decisions until that day are the same."""
    one, two = _lived(s, part=False), _lived(s, part=True)
    for day in range(PART_DAY + 1):
        found = difference(one[day], two[day])
        if found:
            raise Broken(
                f"its decision of day {day} must not depend on days after {PART_DAY}, {found} in a second world that "
                "differs only after that: keep nothing of an earlier run"
            )


def truth_is_for_oracles(s: Subject) -> None:
    """Only a strategy that is declared an oracle decides by the true demand."""
    if s.oracle:
        raise Exempt("is an oracle")
    for day in (0, QUIET):
        told = s.morning(day)
        without = s.accepted(told)
        for factor in (1.0, 100.0):
            found = difference(without, s.accepted(change.with_truth(told, factor)))
            if found:
                raise Broken(
                    f'must not decide by view.truth unless it declares info = "oracle", {found} when the truth is there'
                )


def blind_sees_no_market(s: Subject) -> None:
    """A blind strategy decides by the date, its shop and what the merchant has set and holds: another market,
    calendar or forecast changes nothing."""
    if s.cls.info != "blind":
        raise Exempt(f"is {s.cls.info}")
    for day in (QUIET, FESTIVAL, LAST):
        told = s.morning(day)
        found = difference(s.accepted(told), s.accepted(change.other_market(told)))
        if found:
            raise Broken(
                "a blind strategy must not look at the market, the calendar or the forecast, "
                f'{found} in another market on day {day}: declare info = "informed"'
            )


# ---- a real world ------------------------------------------------------------------------------
@cache
def _short() -> Scenario:
    """Two weeks around 11 November, 300 people."""
    whole = views.scenario()
    start = whole.calendar.start.replace(month=11, day=4)
    calendar = whole.calendar.model_copy(
        update={"start": start, "warm_up_days": 1, "scored_days": PART_DAY + 5, "settlement_days": 1}
    )
    market = whole.market.model_copy(update={"consumers": 300})
    scenario = whole.model_copy(update={"calendar": calendar, "market": market})
    scenario._folder = whole.folder
    return scenario


class _OtherFuture(Actor):
    """Once the decisions of PART_DAY are taken, all draws to come are others."""

    def decide(self) -> None:
        """After the merchant: guests move in last."""
        if self.world.day == PART_DAY:
            self.world.streams.__dict__.update(Streams(99).__dict__)  # everybody holds this object


def _lived(s: Subject, part: bool) -> list[Any]:
    """Its answers, day by day, in a world with the other four strategies shipped; with `part`, all draws of the days
    after PART_DAY are others. Raises Broken where it is told the truth without being an oracle."""
    strategy = s.fresh()
    line_up: dict[str, Strategy] = line_up_of(_short(), "gut_feel") | {s.kind: strategy}
    world = World(_short(), "big_promo", line_up, seed=5, guests=[_OtherFuture] if part else [])
    ask, kept = world.merchant._ask, list[Any]()

    def asked(kind: str, *rest: Any) -> Any:
        if kind != s.kind:
            return ask(kind, *rest)
        view = rest[1]
        if view.truth is not None and not s.oracle:
            raise Broken("the engine must tell the truth to oracles alone, it told this strategy")
        told = Told(view, rest[2]) if isinstance(rest[2], Forecast) else replace(views.recorded()[0], view=view)
        answer = s.inspected(s.ask(told, strategy, seed=5, given=lambda t: t), told)
        kept.append(answer)
        return ask(kind, lambda *_: answer, *rest[1:])

    world.merchant._ask = asked  # type: ignore[method-assign, assignment]  # hears each question of a whole run
    world.run()
    return kept
