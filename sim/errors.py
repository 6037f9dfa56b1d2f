"""One error family, one message template: where, what, must be, got, did you mean.

Every error a user can cause derives from `PeakshiftError`; the command prints it without a
traceback and exits with `exit_code`. Anything else that escapes is a bug of ours. An error's `args`
are its constructor's arguments, so that it can be pickled and raised again (SimPy does).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar

T = TypeVar("T")


def did_you_mean(got: str, known: Iterable[str]) -> str | None:
    """The known name nearest to what was written, or None when nothing is near."""
    near = get_close_matches(got, list(known), n=1, cutoff=0.6)
    return near[0] if near else None


def one_of(what: str, value: str, known: Iterable[str], more: str = "") -> str:
    """The value. Raises UsageError with the nearest of the known names where it is none of them."""
    names = list(known)
    if value not in names:
        near = did_you_mean(str(value), names)
        hint = f"; did you mean {near!r}?" if near else ""
        raise UsageError(f"{what}: must be one of {', '.join(names)}{more}, got {value!r}{hint}")
    return value


def all_told(*checks: Callable[[], T]) -> list[T]:
    """What the checks answer. Raises one UsageError with everything that any of them has to say."""
    out: list[T] = []
    told: list[str] = []
    for check in checks:
        try:
            out.append(check())
        except PeakshiftError as error:
            told += str(error).splitlines()
    if told:
        raise UsageError("\n".join(dict.fromkeys(told)))
    return out


@contextmanager
def unmasked() -> Iterator[None]:
    """What interrupts a compiled function (a Ctrl-C, an alarm) comes out of here as itself.

    Where it is heard while a result is handed back, Python makes a SystemError of it, which whoever expects a
    strategy to fail in any way would take for that.
    """
    try:
        yield
    except SystemError as error:
        inner: BaseException = error
        while isinstance(inner, SystemError) and inner.__cause__ is not None:  # one for each array that was on its way
            inner = inner.__cause__
        if inner is error:
            raise
        raise inner from None


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, in the one form in which every fault is told.

    `where` is `file:line:column` (or a file, an option, a strategy and day), `what` the dotted
    path or name concerned, `must_be` completes the sentence "must be ...".
    """

    where: str
    what: str
    must_be: str
    got: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        place = ": ".join(part for part in (self.where, self.what) if part)
        text = f"{place}: {self.must_be}"
        if self.got is not None:
            text += f", got {self.got}"
        if self.hint is not None:
            text += f"; did you mean {self.hint!r}?"
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)  # nothing reaches the terminal raw


class PeakshiftError(Exception):
    """Base of all errors that a user can cause or act on."""

    exit_code = 2


class ScenarioError(PeakshiftError):
    """All faults of a scenario at once, in the order in which they stand in the file."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(self.faults)

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


class UsageError(PeakshiftError):
    """A command-line value, name or file that cannot be used."""


class DataError(PeakshiftError):
    """An order history or result table that cannot be read as what it should be."""


class PluginError(PeakshiftError):
    """A strategy reference that does not lead to a usable class."""


class StrategyError(PeakshiftError):
    """A strategy raised, or answered something that the contract does not allow.

    Names the strategy, the day and what the answer must be; it ends that run only.
    """

    exit_code = 3

    def __init__(self, strategy: str, day: int, problem: str) -> None:
        self.strategy, self.day, self.problem = strategy, day, problem
        super().__init__(strategy, day, problem)

    def __str__(self) -> str:
        return f"strategy {self.strategy}, day {self.day}: {self.problem}"


class LawBrokenError(PeakshiftError):
    """A conservation law does not hold at the end of a day: a fault of the engine, never of a user."""

    exit_code = 1

    def __init__(self, law: str, day: int, account: str, expected: int, found: int) -> None:
        self.law, self.day, self.account = law, day, account
        self.expected, self.found = expected, found
        super().__init__(law, day, account, expected, found)

    def __str__(self) -> str:
        return (
            f"law of {self.law}, day {self.day}: account {self.account!r} must be {self.expected}, "
            f"got {self.found} (difference {self.found - self.expected})"
        )


class MissingExtraError(PeakshiftError):
    """A heavy optional library is needed and not installed; names the extra that brings it."""

    def __init__(self, library: str, extra: str, purpose: str) -> None:
        self.library, self.extra, self.purpose = library, extra, purpose
        super().__init__(library, extra, purpose)

    def __str__(self) -> str:
        return f"{self.purpose} needs {self.library}, which is not installed: pip install 'peakshift[{self.extra}]'"
