"""Laws on repetition: the same question, the same answer, and nothing else has changed for having been asked."""

from __future__ import annotations

import contextlib
import os
import random
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from sim.lab.check.change import only_campaigns
from sim.lab.check.subject import Broken, Subject, difference, same_dice, surroundings
from sim.lab.check.views import LAST, Told, arrays, handed


def same_rng_same_answer(s: Subject) -> None:
    """Asked twice with equal generators, it answers the same in every bit."""
    for told in (s.morning(), s.morning(0)):
        found = difference(s.accepted(told), s.accepted(told))
        if found:
            raise Broken(f"must answer the same to the same view, forecast and rng, {found}")


def another_object_same_answer(s: Subject) -> None:
    """What another object of the class lived through before, later days of it too, changes nothing."""
    told = s.morning()
    before = s.accepted(told)
    other = s.fresh()
    for seen in (s.morning(LAST), only_campaigns(s.morning(0)), s.morning(LAST)):
        s.ask(seen, other, seed=2)
    found = difference(before, s.accepted(told))
    if found:
        raise Broken(f"a new object must not know what another was asked, {found}: keep nothing in the class or module")


def draws_from_its_rng_alone(s: Subject) -> None:
    """Global random numbers are neither used nor moved."""
    told, answers = s.morning(), []
    for seed in (1, 2):
        with same_dice(seed):
            states = repr(random.getstate()), repr(np.random.get_state())
            answers.append(s.accepted(told))
            for library, before, after in (
                ("random", states[0], repr(random.getstate())),
                ("numpy.random", states[1], repr(np.random.get_state())),
            ):
                if before != after:
                    raise Broken(f"must draw from the rng that it is given, it uses the global {library}")
    found = difference(*answers)
    if found:
        raise Broken(f"must draw from the rng that it is given, its answer follows global random numbers: {found}")


def inputs_untouched(s: Subject) -> None:
    """Every array that it is told, and the engine's own behind it, holds the same bytes afterwards."""
    told, books = s.morning(), list[tuple[str, np.ndarray[Any, Any]]]()

    def given(told: Told) -> Told:
        window = handed(told)
        books.extend(arrays(window))
        return window

    s.ask(told, given=given)
    before = dict(arrays(s.allowed(told)))
    for name, array in books:
        if array.tobytes() != before[name].tobytes():
            raise Broken(f"{name} must stay as it was told: work on a copy")
        if array.flags.writeable or (array.base is not None and not array.base.flags.writeable):
            raise Broken(f"{name} must stay read-only: work on a copy")


def process_untouched(s: Subject) -> None:
    """Environment, working directory, import path, signal handlers and float warnings are as before it was loaded."""
    s.ask(s.morning())
    for name, value in surroundings().items():
        if value != s.before[name]:
            raise Broken(f"must leave the process alone, it changed {name}")


def touches_nothing_outside(s: Subject) -> None:
    """It writes no file, starts no process and opens no connection."""
    with _listening() as heard:
        for told in (s.morning(0), s.morning()):
            s.ask(told)
    if heard:
        raise Broken(f"must neither write files nor start processes nor connect, it did: {heard[0]}")


def says_nothing(s: Subject) -> None:
    """It prints nothing: standard output belongs to the command."""
    s.said = ""
    s.ask(s.morning())
    if s.said:
        raise Broken(f"must print nothing, it printed {s.said.strip().splitlines()[0][:60]!r}" if s.said.strip() else
                     "must print nothing, it printed blank lines")  # fmt: skip


_heard: list[str] | None = None
"""Where the audit hook writes; None while nobody listens. A hook cannot be taken out again, so there is only one."""
_FILES = ("os.mkdir", "os.rmdir", "os.remove", "os.rename", "os.link", "os.symlink", "os.truncate", "shutil.")
_OTHERS = ("subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "socket.connect",
           "socket.bind")  # fmt: skip


def _hear(event: str, args: tuple[Any, ...]) -> None:
    if _heard is None:
        return
    told = " ".join(str(a)[:80] for a in args[:1])
    if event == "open":
        mode, flags = args[1], args[2] or 0
        writes = any(c in mode for c in "wax+") if isinstance(mode, str) else bool(flags & (os.O_WRONLY | os.O_RDWR))
        if writes and "__pycache__" not in told and told != os.devnull:
            _heard.append(f"open {told} for writing")
    elif event.startswith(_OTHERS) or (event.startswith(_FILES) and "__pycache__" not in told):
        _heard.append(f"{event} {told}")


@contextlib.contextmanager
def _listening() -> Iterator[list[str]]:
    """What the process does to the outside meanwhile; Python's own compiled files do not count."""
    global _heard
    if "_peakshift_hears" not in vars(sys):
        sys.addaudithook(lambda event, args: _hear(event, args))
        vars(sys)["_peakshift_hears"] = True  # survives a reload of this module, as the hook does
    _heard = []
    try:
        yield _heard
    finally:
        _heard = None
