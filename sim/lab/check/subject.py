"""A strategy before the laws: built fresh, asked as the engine asks, its answers compared bit by bit."""

from __future__ import annotations

import contextlib
import io
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from sim.actors import answers
from sim.actors.answers import Inspector
from sim.actors.deadline import Deadline, Overdue
from sim.contracts import (
    HORIZON_DAYS,
    Forecast,
    Forecaster,
    Offers,
    Outreach,
    Pricer,
    Roster,
    Staffer,
    Stocker,
    StockPlan,
    Strategy,
    Touches,
)
from sim.errors import StrategyError
from sim.lab.check.change import with_truth
from sim.lab.check.views import QUIET, Told, handed, recorded
from sim.scenario.operations import TICKET_TYPES
from sim.streams import Streams

ANSWERS: dict[str, type] = {
    "forecasting": Forecast, "pricing": Offers, "stocking": StockPlan, "staffing": Roster, "outreach": Touches,
}  # fmt: skip
"""The class of each kind's answer."""


class Broken(Exception):
    """A law does not hold; the message says what must be, what was got and, where it is known, the likely fix."""


class Exempt(Exception):
    """The strategy declares that a law does not concern it."""


@dataclass
class Subject:
    """One strategy class with its reference, its kind and the deadline for each answer."""

    name: str
    kind: str
    cls: type[Strategy]
    deadline: Deadline
    before: dict[str, Any] = field(default_factory=dict, repr=False)
    """`surroundings()` before its class was loaded."""
    said: str = ""
    """What it printed so far."""
    slowest: dict[str, float] = field(default_factory=dict)
    """Seconds of the slowest answer by what was asked."""

    @property
    def oracle(self) -> bool:
        """Whether it is declared to see the truth."""
        return self.cls.info == "oracle"

    def fresh(self, **parameters: Any) -> Strategy:
        """A new object with its default parameters."""
        return self.cls(**parameters)

    def morning(self, day: int = QUIET) -> Told:
        """A recorded morning, with the truth where that is allowed."""
        return self.allowed(recorded()[day])

    def allowed(self, told: Told) -> Told:
        """What an oracle is told has the truth in it."""
        return with_truth(told) if self.oracle and told.view.truth is None else told

    def ask(
        self, told: Told, strategy: Strategy | None = None, seed: int = 1, horizon: int = HORIZON_DAYS,
        given: Callable[[Told], Told] = handed,
    ) -> Any:  # fmt: skip
        """Whatever it answers. Raises Broken when it raises something or takes too long."""
        asked = strategy if strategy is not None else self.fresh()
        told = given(self.allowed(told))
        rng = Streams(seed).generator(f"strategy {self.kind}", told.view.day)
        spoken = io.StringIO()
        late = f"must answer within {self.deadline.seconds:g} s, was stopped on day {told.view.day}"
        begun = time.perf_counter()
        try:
            with contextlib.redirect_stdout(spoken), contextlib.redirect_stderr(spoken), self.deadline.watch(late):
                return question(asked, told, horizon, rng)
        except Overdue:
            raise Broken(late) from None
        except (KeyboardInterrupt, Broken):
            raise
        except BaseException as error:  # a user's code may fail in any way, SystemExit too
            raise Broken(
                f"must answer on day {told.view.day} without an error, raised {type(error).__name__}: {error}"
            ) from error
        finally:
            self.said += spoken.getvalue()
            size = f"{len(told.view.shop.skus)} SKUs x {len(told.view.shop.cities)} cities"
            self.slowest[size] = max(self.slowest.get(size, 0.0), time.perf_counter() - begun)

    def accepted(self, told: Told, strategy: Strategy | None = None, **how: Any) -> Any:
        """An answer that the engine's own inspection takes. Raises Broken."""
        answer = self.ask(told, strategy, **how)
        return self.inspected(answer, told, how.get("horizon", HORIZON_DAYS))

    def inspected(self, answer: Any, told: Told, horizon: int = HORIZON_DAYS) -> Any:
        """The answer, once the engine's own inspection has taken it."""
        look, shop = Inspector(self.name, told.view.day), told.view.shop
        try:
            if self.kind == "forecasting":
                return answers.check_forecast(look, answer, shop, horizon)
            check: Callable[..., Any] = getattr(answers, f"check_{_SHORT[self.kind]}")
            return check(look, answer, shop)
        except StrategyError as error:
            raise Broken(f"the engine refuses the answer of day {told.view.day}: {error.problem}") from error


_SHORT = {"stocking": "stock", "staffing": "roster", "pricing": "offers", "outreach": "touches"}


def question(strategy: Strategy, told: Told, horizon: int, rng: np.random.Generator) -> Any:
    """The kind's own question."""
    match strategy:
        case Forecaster():
            return strategy.forecast(told.view, horizon, rng)
        case Stocker():
            return strategy.order(told.view, told.forecast, rng)
        case Staffer():
            return strategy.roster(told.view, told.forecast, rng)
        case Pricer():
            return strategy.price(told.view, told.forecast, rng)
        case Outreach():
            return strategy.touch(told.view, told.forecast, rng)
    raise AssertionError(f"{type(strategy).__name__} is of no kind")


def parts(answer: Any) -> dict[str, np.ndarray[Any, Any]]:
    """Fields of an answer as arrays; names of tickets by number, -1 where there are none such."""
    found = {f.name: np.asarray(getattr(answer, f.name)) for f in fields(answer)}
    if isinstance(answer, Roster):
        number = {name: n for n, name in enumerate(TICKET_TYPES)}
        found["triage"] = np.array([number.get(name, -1) for name in answer.triage or ()], np.int64)
    return found


def difference(one: Any, two: Any) -> str | None:
    """The first field in which two answers differ, and by how much; None when they are the same in every bit."""
    for name, a in parts(one).items():
        b = parts(two)[name]
        if a.shape != b.shape:
            return f"{name} has shape {_size(a)} and {_size(b)}"
        if not np.array_equal(a, b, equal_nan=a.dtype.kind == "f" and b.dtype.kind == "f"):
            place = tuple(int(n) for n in np.argwhere(a != b)[0])
            return f"{name}{list(place) if place else ''} is {a[place]:.6g} and {b[place]:.6g}"
    return None


def _size(array: np.ndarray[Any, Any]) -> str:
    return "x".join(map(str, array.shape))


def surroundings() -> dict[str, Any]:
    """What of the process a strategy could change and must not."""
    return {
        "os.environ": dict(os.environ), "the working directory": os.getcwd(), "sys.path": list(sys.path),
        "a signal handler": [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)],
        "numpy's error settings": np.geterr(), "the recursion limit": sys.getrecursionlimit(),
    }  # fmt: skip


@contextlib.contextmanager
def same_dice(seed: int) -> Iterator[None]:
    """Global random numbers set to a known state, and put back afterwards."""
    states = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
