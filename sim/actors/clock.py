"""The clock: SimPy's, with appointments kept as data, so that it can be saved between two days.

A generator cannot be written to disk. What must survive a midnight (trucks on the road, waves and shifts until next
morning, faults to come) is therefore no SimPy process but an `Appointment`: a method and its arguments, due at a
second.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import simpy
from simpy.events import NORMAL, URGENT


class Appointment(simpy.Event):
    """A method of an actor that is called when the clock comes there."""

    def __init__(self, env: simpy.Environment, act: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        super().__init__(env)
        self._ok, self._value = True, None  # triggered from the start, as simpy.Timeout is
        self.act, self.arguments = act, arguments
        self.callbacks.append(self._keep)

    def _keep(self, _: simpy.Event) -> None:
        self.act(*self.arguments)


class Clock(simpy.Environment):
    """A SimPy environment whose pending appointments can be pickled. Same-second events keep their order."""

    def call(self, delay: int, act: Callable[..., None], *arguments: Any, first: bool = False) -> None:
        """Calls `act` in `delay` seconds; with `first` before all ordinary events of that second."""
        self.schedule(Appointment(self, act, arguments), URGENT if first else NORMAL, delay)

    def wait(self, event: simpy.Event) -> None:
        """Lets everything happen that comes before `event`, and it."""
        self.run(until=event)

    def __getstate__(self) -> dict[str, Any]:
        queue = sorted(
            entry for entry in self._queue if entry[3].callbacks
        )  # SimPy puts back, without any, what ended a run
        if any(not isinstance(event, Appointment) for *_, event in queue):
            raise TypeError("a SimPy process is pending: it cannot be saved, an appointment can")
        return {"now": self.now, "queue": queue, "number": next(self._eid) + 1}

    def __setstate__(self, state: dict[str, Any]) -> None:
        simpy.Environment.__init__(self, state["now"])
        self._queue, self._eid = state["queue"], count(state["number"])
