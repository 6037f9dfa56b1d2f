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
from sim.kernels.tickets import asking, next_day, to_agents, within_a_day
from sim.scenario.operations import TICKET_TYPES, Ticket

if TYPE_CHECKING:
    from sim.world import World

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]
_OPENS = 6 * 3600
_QUESTION, _ORDER, _LATE, _WRONG, _PRICE, _RETURN = range(len(TICKET_TYPES))
_THEMSELVES = np.zeros(0, np.int64)


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
        self._passed = np.append(0.0, np.cumsum(profile) / profile.sum())
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
        causes = np.array([cause for *_, cause in self._tomorrow], np.uint8)
        cause = np.repeat(causes, [who.size for who, *_ in self._tomorrow])
        self._open(consumers, seconds + self.world.midnight, cause)
        self._tomorrow = []

    def questions(self, consumers: NDArray[np.int32], seconds: NDArray[np.int32], rules: int) -> None:
        """Visitors, at `seconds` of the day, ask before buying, the more the more kinds of rules there are to grasp."""
        chance = self.terms.question_per_visit * (1.0 + self.terms.rule_complexity * rules)
        key, midnight = self.world.streams.key("question", self.world.day), self.world.midnight
        self._open(*asking(key, consumers, seconds, chance, midnight), np.array([_QUESTION], np.uint8))

    def ordered(self, consumers: NDArray[np.int32], seconds: Ints, unasked: NDArray[np.float64]) -> None:
        """Some orders cause a contact within a day after the order; tutorials leave a share of them."""
        midnight, key = self.world.midnight, self.world.streams.key("order contact", self.world.day)
        who, when = within_a_day(
            key, consumers, seconds - midnight, self.terms.contacts_per_order, unasked, self._passed, _OPENS
        )
        today = int(np.searchsorted(when, 86_400))
        self._open(who[:today], when[:today] + midnight, np.array([_ORDER], np.uint8))
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
        self, consumers: NDArray[np.int32], stream: str, chance: float, cause: int, entity: Ints = _THEMSELVES
    ) -> None:
        """Some of these people ask tomorrow; draws are keyed by `entity`, without it by the person."""
        if consumers.size == 0 or chance <= 0.0:
            return
        key = self.world.streams.key(stream, self.world.day)
        self._tomorrow.append((*next_day(key, consumers, entity, chance, self._passed, _OPENS), cause))

    def _open(self, consumers: NDArray[np.int32], seconds: Ints, cause: Bytes) -> None:
        """The bot takes what it can; the rest queue for an agent. `cause` is (n,), or (1,) of all."""
        if consumers.size == 0:
            return
        world, terms = self.world, self.terms
        asked = to_agents(
            world.streams.key("ticket", world.day), world.streams.key("handle", world.day), consumers, seconds, cause,
            world.faults.bot_seen(seconds), self._contained * self.bot_share, self._minutes, self._urgency,
            terms.handle_cv, terms.patience_minutes,
        )  # fmt: skip
        world.records.tickets_by_type[:, world.day] += asked.by_type
        for name, count in (("tickets", consumers.size), ("tickets_bot", consumers.size - asked.consumer.size)):
            world.ledger.count(name, count)
            world.ledger.flow(name, count)
        numbers = self.tickets.append(
            asked.consumer.size, consumer=asked.consumer, kind=asked.cause, opened=asked.second
        )
        self.station.push(numbers, asked.second, asked.service, asked.entity, asked.patience, asked.urgency)
        world.records.arrivals_hourly[self.crew.index, world.day] += hourly(asked.second, world.day)

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
