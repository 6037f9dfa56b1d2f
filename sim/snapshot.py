"""A world as bytes, in memory or on disk: all that lives in it, the pending appointments of its clock included.

The bytes are a pickle: strategies of the user's own file are written as their source's path and what they hold. What
another version of the engine saved is refused, as it would go on differently. A pickle runs what its writer put into
it: open only files that you saved yourself.
"""

from __future__ import annotations

import importlib
import io
import json
import pickle
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from sim import plugins
from sim.contracts import Strategy
from sim.errors import UsageError
from sim.kernels.people import People, rows_and_cells

_MAGIC = b"peakshift world\n"


@cache
def _engine() -> str:
    """Who can go on with it: our own sources, Python and numpy."""
    return f"{plugins.engine_hash()[:32]} python {sys.version_info[0]}.{sys.version_info[1]} numpy {np.__version__}"


def _strategy(kind: str, module: str, name: str, file: str) -> Strategy:
    """An empty strategy of a class: of a module, or of a file of the user's."""
    cls = plugins.find(kind, f"{file}:{name}") if file else getattr(importlib.import_module(module), name)
    assert issubclass(cls, Strategy)
    empty: Strategy = cls.__new__(cls)
    return empty


def _people(*columns: Any) -> People:
    """Rows and cells side by side again: copied one by one they would be another type, and kernels compile anew."""
    told = People(*columns)
    row, cell = rows_and_cells(*told.cell.shape)
    row[:], cell[:] = told.row, told.cell
    return told._replace(row=row, cell=cell)


class _Pickler(pickle.Pickler):
    """Knows that a user's strategies come from files, which no import finds, and how people lie in memory."""

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, People):
            return _people, tuple(obj)
        if not isinstance(obj, Strategy):
            return NotImplemented
        cls = type(obj)
        own = cls.__module__.startswith(plugins.USER_MODULE)
        file = str(Path(str(sys.modules[cls.__module__].__file__)).resolve()) if own else ""
        return _strategy, (cls.kind, cls.__module__, cls.__qualname__, file), vars(obj)


def freeze(world: object) -> bytes:
    """A world between two days as bytes."""
    out = io.BytesIO()
    _Pickler(out, protocol=5).dump(world)
    return out.getvalue()


def thaw(frozen: bytes) -> object:
    """The world again; each call makes another one."""
    return pickle.loads(frozen)


def write(file: Path, frozen: bytes) -> None:
    """To disk, whole or not at all."""
    head = json.dumps({"engine": _engine()}).encode() + b"\n"
    part = file.with_name(file.name + ".part")
    try:
        part.write_bytes(_MAGIC + head + frozen)
        part.replace(file)
    except OSError as error:
        raise UsageError(f"{file}: could not be written: {error.strerror}") from None


def read(file: Path) -> bytes:
    """From disk. Raises UsageError where it is none of ours, or of another version."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: could not be read: {error.strerror}") from None
    if not data.startswith(_MAGIC):
        raise UsageError(f"{file}: must be a world saved by peakshift, got another file")
    head, _, frozen = data[len(_MAGIC) :].partition(b"\n")
    saved = json.loads(head)["engine"]
    if saved != _engine():
        raise UsageError(f"{file}: must be saved by this engine ({_engine()}), got one of {saved}")
    return frozen
