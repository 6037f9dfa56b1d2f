"""A written reference -> a strategy class; the only place that imports by name.

Three spellings: `newsvendor` (the file strategies/KIND/newsvendor.py), `./mine.py:Cautious` (a file,
relative to the scenario's folder) and `acme.pricing:Bandit` (an installed module). The class may be
left out where the file holds exactly one strategy of the kind. Importing a strategy runs its code:
this contains accidents, it is no security sandbox.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Mapping
from contextlib import AbstractContextManager, redirect_stdout
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_origin, get_type_hints

from sim.contracts import KINDS, Strategy
from sim.errors import PluginError, did_you_mean

LIBRARY = Path(__file__).resolve().parent.parent / "strategies"
"""Where the shipped strategies live: one folder a kind, one file a strategy."""


USER_MODULE = "peakshift_user_"
"""What the module name of a strategy's own file begins with."""


def told(error: BaseException) -> str:
    """An error of a user's code in one line, with the innermost line of his own files: `ValueError: boom (mine.py:10)`.

    The file stands there without its folder: stored errors are the same on every machine.
    """
    name, message, place = type(error).__name__, " ".join(str(error).split()), ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        if str(frame.f_globals.get("__name__", "")).startswith(USER_MODULE):
            place = f" ({Path(frame.f_code.co_filename).name}:{line})"
    return (f"{name}: {message}" if message else name) + place


def printing_aside() -> AbstractContextManager[object]:
    """What a user's code prints in here goes to standard error: standard output is the result of a command."""
    return redirect_stdout(sys.stderr)


def shipped(kind: str) -> list[str]:
    """Names of the shipped strategies of a kind, found by listing the folder."""
    return sorted(p.stem for p in (LIBRARY / kind).glob("*.py") if not p.stem.startswith("_"))


def from_outside(written: object) -> bool:
    """Whether a reference is to no shipped strategy: a file or a module, whose code may do anything. Of a mapping or
    list, whether any text in it looks like one, as strategies may name others in their parameters."""
    if isinstance(written, Mapping):
        return any(map(from_outside, written.values()))
    if isinstance(written, list | tuple):
        return any(map(from_outside, written))
    return isinstance(written, str) and (":" in written or "." in written)


def _from_file(path: Path, reference: str) -> ModuleType:
    if not path.is_file():
        raise PluginError(f"strategy {reference!r}: must be an existing file, got {path}")
    name = USER_MODULE + hashlib.blake2b(str(path.resolve()).encode(), digest_size=8).hexdigest()
    known = sys.modules.get(name)
    if known is not None:
        return known
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PluginError(f"strategy {reference!r}: must be a Python file, got {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _module(kind: str, reference: str, folder: Path) -> tuple[ModuleType, str]:
    """The module that a reference means, and the class name in it ('' = the only one)."""
    target, _, class_name = reference.partition(":")
    try:
        with printing_aside():
            if target.endswith(".py"):
                return _from_file((folder / target), reference), class_name
            if "." not in target and not class_name:
                names = shipped(kind)
                if target not in names:
                    near = did_you_mean(target, names)
                    hint = f"; did you mean {near!r}?" if near else f"; known: {', '.join(names)}"
                    raise PluginError(f"{kind} strategy must be one that exists, got {target!r}{hint}")
                return importlib.import_module(f"strategies.{kind}.{target}"), ""
            return importlib.import_module(target), class_name
    except (PluginError, KeyboardInterrupt):
        raise
    except BaseException as error:  # a user's module may fail in any way, SystemExit too; the message says how
        raise PluginError(f"strategy {reference!r}: could not be imported, {told(error)}") from error


def find(kind: str, reference: str, folder: Path = Path()) -> type[Strategy]:
    """The class that `reference` names, checked to be a complete strategy of `kind`.

    Raises `PluginError` when there is no such file, module or class, or when it is not a dataclass
    that implements the kind's contract.
    """
    base = KINDS[kind]
    module, class_name = _module(kind, reference, folder)
    own = {
        name: value
        for name, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, base) and value.__module__ == module.__name__
    }
    if class_name:
        found = getattr(module, class_name, None)
        if found is None:
            near = did_you_mean(class_name, own)
            hint = f"; did you mean {near!r}?" if near else ""
            raise PluginError(f"strategy {reference!r}: no class {class_name!r} there{hint}")
    elif len(own) == 1:
        found = next(iter(own.values()))
    else:
        raise PluginError(
            f"strategy {reference!r}: must hold exactly one {kind} strategy or name a class, got {sorted(own)}"
        )
    if not (inspect.isclass(found) and issubclass(found, base)):
        raise PluginError(f"strategy {reference!r}: must be a subclass of sim.contracts.{base.__name__}")
    missing = sorted(getattr(found, "__abstractmethods__", ()))
    if missing:
        raise PluginError(f"strategy {reference!r}: must implement {', '.join(missing)}")
    if "__dataclass_fields__" not in vars(found):
        raise PluginError(f"strategy {reference!r}: must be a dataclass (add @dataclass)")
    return found


def build(kind: str, reference: str, parameters: dict[str, Any], folder: Path = Path()) -> Strategy:
    """A fresh strategy with these parameters; an unknown or missing one is named."""
    cls = find(kind, reference, folder)
    fields = {f.name: f for f in dataclasses.fields(cls) if f.init}
    for name, value in parameters.items():
        if name not in fields:
            near = did_you_mean(name, fields)
            hint = f"; did you mean {near!r}?" if near else f"; it has {', '.join(fields) or 'none'}"
            raise PluginError(f"{kind} strategy {reference!r}: no parameter {name!r}{hint}")
        default = fields[name].default
        if isinstance(default, (int, float)) and not _finite(value):
            raise PluginError(f"{kind} strategy {reference!r}: {name} must be a finite number, got {str(value)[:60]}")
    try:
        inner = {name: _nested(cls, name, value, folder) for name, value in parameters.items()}
    except RecursionError:
        raise PluginError(f"{kind} strategy {reference!r}: must not hold itself without end") from None
    try:
        with printing_aside():
            return cls(**inner)
    except Exception as error:  # a user's constructor may fail in any way
        raise PluginError(f"{kind} strategy {reference!r}: could not be built, {told(error)}") from error


def _nested(cls: type[Strategy], name: str, value: object, folder: Path) -> object:
    """`value`, or what it names where the field is declared a strategy (`base: Forecaster`) or a tuple of them.

    A strategy that works around others names them in the scenario as a line-up does: `seasonal_naive` or
    `{use: seasonal_naive, ...parameters}`. None of them may know more than the one around it.
    """
    declared = get_type_hints(cls)[name]
    if get_origin(declared) is tuple and _is_strategy(get_args(declared)[0]):
        if not isinstance(value, list | tuple) or not value:
            raise PluginError(f"{cls.kind} strategy: {name} must be a list of strategies, got {value!r}")
        return tuple(_inner(cls, name, part, folder) for part in value)
    return _inner(cls, name, value, folder) if _is_strategy(declared) else value


def _is_strategy(declared: object) -> bool:
    return inspect.isclass(declared) and issubclass(declared, Strategy)


def _inner(cls: type[Strategy], name: str, value: object, folder: Path) -> object:
    """One nested strategy, built from its name or mapping; a ready one stays as it is."""
    if isinstance(value, str):
        found: object = build(cls.kind, value, {}, folder)
    elif isinstance(value, Mapping) and isinstance(value.get("use"), str):
        found = build(cls.kind, value["use"], {k: v for k, v in value.items() if k != "use"}, folder)
    else:
        found = value
    if not isinstance(found, KINDS[cls.kind]):
        got = str(value)[:60]
        raise PluginError(f"{cls.kind} strategy: {name} must be a strategy's name or {{use: name, ...}}, got {got!r}")
    if _KNOWS.index(found.info) > _KNOWS.index(cls.info):
        raise PluginError(f"{cls.kind} strategy: {name} must not know more than {cls.info}, got {found.info} {value!r}")
    return found


_KNOWS = ("blind", "informed", "oracle")


def _finite(value: object) -> bool:
    return isinstance(value, (int, float)) and abs(value) < 1e300  # false for NaN and infinity


@cache
def engine_hash() -> str:
    """SHA-256 over our own sources: what another version made is never taken up."""
    here, digest = Path(__file__).resolve().parent, hashlib.sha256()
    for file in sorted(here.rglob("*.py")):
        digest.update(file.relative_to(here).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def source_hash(cls: type[Strategy]) -> str:
    """SHA-256 of the file that defines a strategy and of what it may build on, for manifests and workers: other shipped
    strategies that it imports, and all of its folder where it is shipped itself."""
    file, own = Path(inspect.getfile(cls)), inspect.getmodule(cls)
    used = {str(getattr(value, "__module__", "")) for value in vars(own).values()} if own is not None else set()
    others = [Path(inspect.getfile(sys.modules[name])) for name in used if name.startswith("strategies.")]
    folder = list(file.parent.glob("*.py")) if LIBRARY in file.parents else []
    files = [file, *sorted({*others, *folder} - {file})]
    return hashlib.sha256(b"".join(part.read_bytes() for part in files)).hexdigest()
