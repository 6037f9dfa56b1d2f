"""Customer service: a bot first, then agents; who waits too long gives up, remembers it and may try again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.actors.base import Actor
from sim.actors.crew import Crew
from sim.actors.parcel_station import station_of
from sim.actors.pool import Pool
from sim.actors.station import ABANDONED, hourly
from sim.kernels.draws import uniforms
from sim.kernels.tickets import asking, to_agents, within_a_day
from sim.scenario.operations import TICKET_TYPES, Ticket

if TYPE_CHECKING:
    from sim.world import World

Ints = NDArray[np.int64]
_OPENS = 6 * 3600
_QUESTION, _ORDER, _LATE, _WRONG, _PRICE, _RETURN = range(len(TICKET_TYPES))


class ServiceDesk(Actor):
    """Tickets come from questions before buying, from orders, from parcels that are late or wrong, from returns."""

    def __init__(self, world: World, index: int) -> None:
        super().__init__(world)
        self.terms = world.spec.operations.service_desk
        self.station = station_of(world, "service_desk")
        per_hour = self.terms.concurrency * 60.0 / self.terms.handle_minutes
        self.crew = Crew(world, index, self.station, self.terms.agents, per_hour, self.terms.concurrency)
        self.tickets = Pool(consumer=np.int32, kind=np.uint8, opened=np.int64)
        self.bot_share = 1.0
        self._tomorrow: list[tuple[NDArray[np.int32], Ints, int]] = []
        own = {str(name): ticket for name, ticket in self.terms.tickets.items()}
        special = [own.get(name, Ticket()) for name in TICKET_TYPES]
        self._contained = np.array([_either(t.bot_containment, self.terms.bot_containment) for t in special])
        """(Y,) share of each type that the bot resolves."""
        self._minutes = np.array([_either(t.handle_minutes, self.terms.handle_minutes) for t in special])
        """(Y,) mean handle time of each type."""
        self.sort(None)
        profile = np.asarray(world.spec.market.hour_profile)
        self._hours = np.cumsum(profile) / profile.sum()
        self._passed = np.append(0.0, self._hours)
        """(25,) share of a day's visits that have come by each full hour."""

    def sort(self, triage: Sequence[str] | None) -> None:
        """From now on, agents take new tickets of these types first; None = as the scenario says."""
        first = self.terms.triage if triage is None else triage
        self._urgency = np.array([first.index(t) - len(first) if t in first else 0 for t in TICKET_TYPES])
        """(Y,) the smaller, the sooner an agent takes it; 0 for types that triage does not name."""

    def receive(self) -> None:
        """Contacts that yesterday caused for today arrive through the day."""
        if not self._tomorrow:
            return
        consumers, seconds = (np.concatenate(column) for column in list(zip(*self._tomorrow, strict=True))[:2])
        cause = np.repeat([cause for *_, cause in self._tomorrow], [who.size for who, *_ in self._tomorrow])
        self._open(consumers, seconds + self.world.midnight, cause)
        self._tomorrow = []

    def questions(self, consumers: NDArray[np.int32], seconds: NDArray[np.int32], rules: int) -> None:
        """Visitors, at `seconds` of the day, ask before buying, the more the more kinds of rules there are to grasp."""
        chance = np.array([self.terms.question_per_visit * (1.0 + self.terms.rule_complexity * rules)])
        asks = asking(self.world.streams.key("question", self.world.day), consumers.astype(np.int64), chance)
        self._open(consumers[asks], seconds[asks].astype(np.int64) + self.world.midnight, _QUESTION)

    def ordered(self, consumers: NDArray[np.int32], seconds: Ints, unasked: NDArray[np.float64]) -> None:
        """Some orders cause a contact within a day after the order; tutorials leave a share of them."""
        midnight, key = self.world.midnight, self.world.streams.key("order contact", self.world.day)
        entity, when = within_a_day(
            key, consumers, seconds - midnight, self.terms.contacts_per_order, unasked, self._passed, _OPENS
        )
        who, today = entity.astype(np.int32), int(np.searchsorted(when, 86_400))
        self._open(who[:today], when[:today] + midnight, _ORDER)
        if today < who.size:
            self._tomorrow.append((who[today:], when[today:] - 86_400, _ORDER))

    def late(self, consumers: NDArray[np.int32]) -> None:
        """Buyers of parcels whose promise has just passed ask tomorrow where they are."""
        self._ask_tomorrow(consumers, "late contact", self.terms.contacts_if_late, _LATE)

    def missing(self, consumers: NDArray[np.int32]) -> None:
        """Buyers whose promised gift was not in the parcel ask tomorrow."""
        self._ask_tomorrow(consumers, "gift contact", self.terms.contacts_if_gift_missing, _WRONG)

    def unpacked(self, consumers: NDArray[np.int32]) -> None:
        """Some parcels handed over today hold the wrong item, or one too few: their buyers ask tomorrow."""
        self._ask_tomorrow(consumers, "wrong item contact", self.terms.contacts_per_parcel, _WRONG)

    def sent_back(self, consumers: NDArray[np.int32], lines: Ints) -> None:
        """Some buyers whose returned lines were inspected today ask for the refund tomorrow; a draw a line, keyed by
        the lines' own numbers."""
        self._ask_tomorrow(consumers, "return contact", self.terms.contacts_per_return, _RETURN, lines)

    def claimed(self, consumers: NDArray[np.int32]) -> None:
        """Buyers who have seen it cheaper claim the difference tomorrow."""
        self._ask_tomorrow(consumers, "price contact", 1.0, _PRICE)

    def _ask_tomorrow(
        self, consumers: NDArray[np.int32], stream: str, chance: float, cause: int, entity: Ints | None = None
    ) -> None:
        """Some of these people ask tomorrow, at hours at which people visit; draws are keyed by `entity`, without it
        by the person."""
        if consumers.size == 0 or chance <= 0.0:
            return
        key = self.world.streams.key(stream, self.world.day)
        entity = consumers.astype(np.int64) if entity is None else entity
        asks = asking(key, entity, np.array([chance]))
        consumers, entity = consumers[asks], entity[asks]
        hour = np.minimum(np.searchsorted(self._hours, uniforms(key, entity, 1)), 23)
        seconds = np.maximum((hour * 3600 + uniforms(key, entity, 2) * 3600).astype(np.int64), _OPENS)
        order = np.lexsort((consumers, seconds))
        self._tomorrow.append((consumers[order], seconds[order], cause))

    def _open(self, consumers: NDArray[np.int32], seconds: Ints, cause: Ints | int) -> None:
        """The bot takes what it can; the rest queue for an agent. `cause` is (n,) or that of all."""
        if consumers.size == 0:
            return
        world, terms, cause = self.world, self.terms, np.full(consumers.size, cause)
        entity = consumers.astype(np.int64) * 8 + cause
        by_bot = self._contained[cause] * self.bot_share * world.faults.bot_seen(seconds)
        asked, service, patience = to_agents(
            world.streams.key("ticket", world.day), world.streams.key("handle", world.day), entity, by_bot,
            self._minutes[cause], terms.handle_cv, terms.patience_minutes,
        )  # fmt: skip
        world.records.tickets_by_type[:, world.day] += np.bincount(cause, minlength=len(TICKET_TYPES))
        for name, count in (("tickets", consumers.size), ("tickets_bot", consumers.size - asked.size)):
            world.ledger.count(name, count)
            world.ledger.flow(name, count)
        entity, seconds, cause = entity[asked], seconds[asked], cause[asked]
        numbers = self.tickets.append(asked.size, consumer=consumers[asked], kind=cause, opened=seconds)
        self.station.push(numbers, seconds, service, entity, patience, self._urgency[cause])
        world.records.arrivals_hourly[self.crew.index, world.day] += hourly(seconds, world.day)

    def feel(self) -> None:
        """Midnight: answered and abandoned contacts are counted; the latter cost trust, and some try again."""
        world = self.world
        numbers, start, done = self.station.take()
        gave_up = start == ABANDONED
        world.bookkeeper.note_served(self.crew.index, (start - self.tickets.get("opened", numbers))[~gave_up], done)
        world.ledger.count("tickets_served", int((~gave_up).sum()))
        world.ledger.count("tickets_abandoned", int(gave_up.sum()))
        world.records.finished[self.crew.index, world.day] += numbers.size
        lost = np.sort(numbers[gave_up])
        world.consumers.waited_in_vain(self.tickets.get("consumer", lost))
        self._try_again(lost)
        if self.station.inside == 0:
            self.tickets.drop_before(self.tickets.next)

    def _try_again(self, numbers: Ints) -> None:
        """Some contacts that were given up come back tomorrow, as new ones of the same type."""
        kinds, consumers = self.tickets.get("kind", numbers), self.tickets.get("consumer", numbers)
        for cause in np.unique(kinds):
            mine = consumers[kinds == cause]
            entity = mine.astype(np.int64) * 8 + int(cause)
            self._ask_tomorrow(mine, "repeat contact", self.terms.repeat_share, int(cause), entity)

    def settle(self) -> None:
        """Wages of the day."""
        self.world.ledger.book("service_desk", "cash", -sum(self.crew.cost.values()))


def _either(own: float | None, usual: float) -> float:
    """A type's own value, or the desk's."""
    return usual if own is None else own
