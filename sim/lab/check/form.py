"""Laws on what a strategy says of itself, and on how it is built."""

from __future__ import annotations

import ast
import contextlib
import copy
import dataclasses
import inspect
import pickle
import re
import sys
import textwrap
from typing import Any

from sim.contracts import KINDS, Strategy
from sim.lab.check.subject import Broken, Exempt, Subject, difference

UNITS = frozenset((
    "days", "day", "hours", "hour", "seconds", "weeks", "share", "shares", "yuan", "units", "factor", "rate", "ratio",
    "litres", "heads", "people", "orders", "parcels", "celsius", "sd", "sds", "cv", "quantile", "samples",
))  # fmt: skip
"""Words in a field's name that say its unit."""


def declares_what_it_may_know(s: Subject) -> None:
    """`info` stands in the class and is blind, informed or oracle."""
    _declared(s.cls, "info", 'info = "informed"')
    if s.cls.info not in ("blind", "informed", "oracle"):
        raise Broken(f"info must be one of blind, informed, oracle, got {s.cls.info!r}")


def declares_its_memory(s: Subject) -> None:
    """`memory_days` stands in the class and is a whole number of days of at least 0."""
    _declared(s.cls, "memory_days", "memory_days = 28")
    memory = s.cls.memory_days
    if isinstance(memory, bool) or not isinstance(memory, int) or memory < 0:
        raise Broken(f"memory_days must be a whole number of days of at least 0, got {memory!r}")


def _declared(cls: type[Strategy], name: str, example: str) -> None:
    base = set(Strategy.__mro__) | set(KINDS.values())
    if not any(name in vars(c) for c in cls.__mro__ if c not in base):
        raise Broken(f"{name} must be declared in the class, e.g. `{example}`, got only the contract's default")
    if name in {f.name for f in dataclasses.fields(cls)}:
        raise Broken(f"{name} must be declared as a ClassVar, got a parameter of that name")


def states_its_idea_and_source(s: Subject) -> None:
    """The docstring of the class says the idea, and it or that of the file names a source."""
    module = sys.modules.get(s.cls.__module__)
    own = s.cls.__dict__.get("__doc__") or ""
    if not own.strip() or own.startswith(f"{s.cls.__name__}("):  # what @dataclass writes where there is none
        raise Broken("the class must have a docstring that says its idea, got none")
    if not re.search(r"\bSources?:\s*\S", own + "\n" + (getattr(module, "__doc__", None) or "")):
        raise Broken("the docstring of the class or of its file must name a source (`Source: ...`), got none")


def parameters_say_their_units(s: Subject) -> None:
    """Each parameter has its unit in its name, in its metadata, or a line of text below it."""
    texts = _texts(s.cls)
    for f in dataclasses.fields(s.cls):
        told = UNITS & set(f.name.split("_")) or f.metadata.get("unit") or texts.get(f.name)
        if not told and not isinstance(f.default, str | bool):
            raise Broken(
                f"parameter {f.name!r} must say its unit: in its name ({f.name}_days, {f.name}_share, ...), as "
                'metadata={"unit": ...}, or in a text below it'
            )


def _texts(cls: type) -> dict[str, str]:
    """Fields of a class that have a string right below them, with that string."""
    found: dict[str, str] = {}
    for c in cls.__mro__:
        with contextlib.suppress(OSError, TypeError, SyntaxError):
            body = ast.parse(textwrap.dedent(inspect.getsource(c))).body[0]
            assert isinstance(body, ast.ClassDef)
            for line, below in zip(body.body, body.body[1:], strict=False):
                if isinstance(line, ast.AnnAssign) and isinstance(below, ast.Expr):
                    text = getattr(below.value, "value", None)
                    if isinstance(line.target, ast.Name) and isinstance(text, str) and text.strip():
                        found.setdefault(line.target.id, text)
    return found


def every_parameter_has_a_default(s: Subject) -> None:
    """It can be built without any parameter, which the laws need too."""
    for f in dataclasses.fields(s.cls):
        if f.init and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
            raise Broken(f"parameter {f.name!r} must have a default, got none")
    try:
        s.fresh()
    except Exception as error:  # a user's constructor may fail in any way
        raise Broken(f"must be built without an error, raised {type(error).__name__}: {error}") from error


def constructor_only_stores(s: Subject) -> None:
    """The object holds its parameters as they were given, and nothing else."""
    strategy = s.fresh()
    names = {f.name for f in dataclasses.fields(s.cls)}
    for name in sorted(set(getattr(strategy, "__dict__", {})) - names):
        raise Broken(f"the constructor must only store parameters, it also sets {name!r}: do that when asked")
    for f in dataclasses.fields(s.cls):
        given = copy.deepcopy(getattr(strategy, f.name))
        if not f.init:
            raise Broken(f"the constructor must only store parameters, {f.name!r} is none (init=False)")
        if getattr(s.fresh(**{f.name: given}), f.name) is not given:
            raise Broken(f"the constructor must store {f.name!r} as it was given, it stores something else")


def pickles(s: Subject) -> None:
    """It goes to another process and back, and answers the same."""
    strategy = s.fresh()
    try:
        back: Any = pickle.loads(pickle.dumps(strategy))
    except Exception as error:  # pickle raises whatever a strange field does
        raise Broken(f"must go through pickle, raised {type(error).__name__}: {error}") from error
    if type(back) is not s.cls or back.parameters() != strategy.parameters():
        raise Broken(f"must come back from pickle with its parameters, got {back!r}")
    told = s.morning()
    found = difference(s.accepted(told, strategy), s.accepted(told, back))
    if found:
        raise Broken(f"must answer the same after pickle, {found}")


def parameters_untouched(s: Subject) -> None:
    """Being asked changes none of its parameters and nothing of its class."""
    strategy = s.fresh()
    for told in (s.morning(0), s.morning()):
        before, of_class = copy.deepcopy(strategy.parameters()), _class_values(s.cls)
        s.ask(told, strategy)
        for name, value in strategy.parameters().items():
            if not _equal(value, before[name]):
                raise Broken(f"parameter {name!r} must stay as given, it went from {before[name]!r} to {value!r}")
        for name, value in _class_values(s.cls).items():
            if name not in of_class or not _equal(value, of_class[name]):
                raise Broken(f"the class must stay as it is, {name!r} changed: runs would see each other")


def _class_values(cls: type) -> dict[str, Any]:
    """Copies of what stands in the class and its own bases, functions and the machinery left out."""
    out: dict[str, Any] = {}
    for c in cls.__mro__:
        if c.__module__.startswith(("sim.contracts", "abc", "builtins")):
            continue
        for name, value in vars(c).items():
            if not name.startswith(("__", "_abc")) and not callable(value) and not hasattr(value, "__get__"):
                with contextlib.suppress(Exception):  # what cannot be copied cannot be compared either
                    out.setdefault(name, copy.deepcopy(value))
    return out


def _equal(one: Any, two: Any) -> bool:
    try:
        return bool(one == two)
    except ValueError:  # arrays
        return repr(one) == repr(two)


def keeps_nothing_from_day_to_day(s: Subject) -> None:
    """An object that has lived through the days before answers as a fresh one does."""
    if s.cls.keeps_state:
        raise Exempt("declares keeps_state")
    lived, told = s.fresh(), s.morning()
    for day in (0, 1, 22):
        s.ask(s.morning(day), lived)
    found = difference(s.accepted(told, lived), s.accepted(told))
    if found:
        raise Broken(
            f"an object asked on earlier days must answer as a fresh one, {found}: read the past from the view, or "
            "declare keeps_state = True"
        )
