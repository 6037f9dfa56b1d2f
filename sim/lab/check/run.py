"""All laws on one strategy, or on many, each in a process of its own so that a hung one loses nothing."""

from __future__ import annotations

import inspect
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from sim.actors.deadline import Deadline, hung
from sim.errors import UsageError, all_told
from sim.lab.check import alike, answer, form, knowledge, repeat, situations
from sim.lab.check.references import Found, resolve, shipped_references
from sim.lab.check.subject import Broken, Exempt, Subject, surroundings
from sim.lab.executor import KILLED, map_tasks

Law = Callable[[Subject], None]
Status = Literal["holds", "broken", "exempt", "not reached"]
FILES = (form, answer, repeat, situations, alike, knowledge)
FIRST = ("every_parameter_has_a_default", "right_type", "right_shape")
"""Without these no other law can be tried: they come first, and when one is broken the rest is not reached."""
SECONDS = 10.0
"""Deadline for one answer, where none is given."""


@dataclass(frozen=True)
class Outcome:
    """What one law says of one strategy; `message` is why it is broken, exempt or not reached."""

    law: str
    status: Status
    message: str = ""


@dataclass(frozen=True)
class Report:
    """What all laws say of one strategy."""

    strategy: str
    kind: str
    outcomes: tuple[Outcome, ...]
    slowest_seconds: dict[str, float]
    """Seconds of the slowest answer, by the size of the shop."""

    @property
    def passed(self) -> bool:
        """Whether no law is broken."""
        return not self.broken

    @property
    def broken(self) -> dict[str, str]:
        """Broken laws with their messages."""
        return {o.law: o.message for o in self.outcomes if o.status == "broken"}

    def lines(self, quiet: bool = False) -> list[str]:
        """One line a law; only the broken ones when `quiet`."""
        shown = [o for o in self.outcomes if o.status == "broken" or not quiet]
        return [f"{self.strategy}  {o.law:<34}{_one_line(o)}" for o in shown]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {**asdict(self), "passed": self.passed}


def _one_line(outcome: Outcome) -> str:
    text = f"{outcome.status}: {outcome.message}" if outcome.message else outcome.status
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def laws() -> dict[str, Law]:
    """Every law by name, those first without which no other can be tried."""
    found = {
        name.replace("_", " "): law
        for module in FILES
        for name, law in vars(module).items()
        if inspect.isfunction(law) and law.__module__ == module.__name__ and not name.startswith("_") and _is_law(law)
    }
    first = [name.replace("_", " ") for name in FIRST]
    return {name: found[name] for name in (*first, *(n for n in found if n not in first))}


def _is_law(function: Callable[..., Any]) -> bool:
    return [p.annotation for p in inspect.signature(function).parameters.values()] == ["Subject"]


def check(
    references: Sequence[str] = (),
    *,
    folder: Path = Path(),
    decision_seconds: float = SECONDS,
    workers: int | None = None,
) -> list[Report]:
    """The laws on these strategies, or on all that are shipped.

    A reference is `stocking/newsvendor`, `newsvendor` where no other kind has the name, `./mine.py:Cautious` or
    `module:Class`. With more than one worker (the default where there is more than one core) a strategy that hangs
    where no alarm is heard is stopped with its process; the other reports are delivered.
    Raises PluginError where a reference leads to no strategy.
    """
    if not 0 < decision_seconds <= 86_400:
        raise UsageError(f"decision_seconds: must be more than 0 and at most 86400, got {decision_seconds!r}")
    asked = [partial(resolve, reference, folder) for reference in references or shipped_references()]
    found = [one for several in all_told(*asked) for one in several]
    workers = workers or os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="peakshift-check-") as place:
        tasks = list(enumerate(found))
        work = partial(_work, folder.resolve(), decision_seconds, Path(place) if workers > 1 else None)
        reports = dict(map_tasks(work, tasks, workers, partial(_post_mortem, Path(place))))
    return [got if isinstance(got, Report) else _stopped(found[n], KILLED) for n, got in sorted(reports.items())]


def _note(place: Path, number: int) -> Path:
    return place / f"{number}.asking"


def _work(folder: Path, seconds: float, place: Path | None, task: tuple[int, Found]) -> Report:
    """In a worker: all laws on one strategy."""
    number, found = task
    deadline = Deadline(seconds, None if place is None else _note(place, number))
    try:
        return check_class(found, folder, deadline)
    finally:
        deadline.close()


def _post_mortem(place: Path, task: tuple[int, Found]) -> Report | None:
    """Of a strategy whose worker has died: the report that it hung, None where we cannot tell."""
    message = hung(_note(place, task[0]))
    return None if message is None else _stopped(task[1], message)


def _stopped(found: Found, message: str) -> Report:
    broken, rest = "answers in time", "the process was ended"
    outcomes = (Outcome(n, "broken", message) if n == broken else Outcome(n, "not reached", rest) for n in laws())
    return Report(found.name, found.kind, tuple(outcomes), {})


def check_class(found: Found, folder: Path, deadline: Deadline) -> Report:
    """All laws on one strategy, in this process."""
    before = surroundings()
    subject = Subject(found.name, found.kind, found.load(folder), deadline, before)
    outcomes: list[Outcome] = []
    unreached = ""
    for name, law in laws().items():
        if unreached:
            outcomes.append(Outcome(name, "not reached", f"{unreached!r} is broken"))
            continue
        outcomes.append(_tried(name, law, subject))
        if outcomes[-1].status == "broken" and name.replace(" ", "_") in FIRST:
            unreached = name
    return Report(found.name, found.kind, tuple(outcomes), subject.slowest)


def _tried(name: str, law: Law, subject: Subject) -> Outcome:
    try:
        law(subject)
    except Broken as broken:
        return Outcome(name, "broken", str(broken))
    except Exempt as exempt:
        return Outcome(name, "exempt", str(exempt))
    return Outcome(name, "holds")
