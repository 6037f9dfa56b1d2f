"""What is written on the command line -> strategies to check: a shipped name, a file or a module."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sim import plugins
from sim.contracts import KINDS, Strategy
from sim.errors import PluginError, did_you_mean


@dataclass(frozen=True)
class Found:
    """A strategy of a kind; it travels to a worker as text and is loaded there."""

    name: str
    kind: str
    reference: str

    def load(self, folder: Path) -> type[Strategy]:
        """Its class. Raises PluginError."""
        return plugins.find(self.kind, self.reference, folder)


def shipped_references() -> list[str]:
    """`KIND/NAME` of all that is shipped, found by looking into the folders."""
    return [f"{kind}/{name}" for kind in KINDS for name in plugins.shipped(kind)]


def resolve(reference: str, folder: Path) -> list[Found]:
    """The strategies that a reference names: one, or one a kind where a file holds several kinds.

    Raises PluginError with what must be written instead.
    """
    kind, _, name = reference.partition("/")
    if kind in KINDS and ":" not in name and not name.endswith(".py"):
        plugins.find(kind, name, folder)
        return [Found(reference, kind, name)]
    if ":" in reference or "." in reference:
        return _elsewhere(reference, folder)
    kinds = [kind for kind in KINDS if reference in plugins.shipped(kind)]
    if len(kinds) == 1:
        return [Found(f"{kinds[0]}/{reference}", kinds[0], reference)]
    if kinds:
        raise PluginError(
            f"strategy {reference!r}: must name its kind, {' or '.join(f'{k}/{reference}' for k in kinds)}"
        )
    names = shipped_references()
    near = did_you_mean(reference, [n.partition("/")[2] for n in names]) or did_you_mean(reference, names)
    hint = f"; did you mean {near!r}?" if near else "; peakshift list strategies shows them"
    raise PluginError(f"strategy must be one that is shipped, ./file.py:Class or module:Class, got {reference!r}{hint}")


def _elsewhere(reference: str, folder: Path) -> list[Found]:
    """In a file or module: of each kind that it holds one of."""
    found, faults = [], list[str]()
    for kind in KINDS:
        try:
            plugins.find(kind, reference, folder)
        except PluginError as error:
            faults.append(str(error))
        else:
            found.append(Found(reference, kind, reference))
    if found:
        return [f if len(found) == 1 else Found(f"{f.kind}: {f.name}", f.kind, f.reference) for f in found]
    other_kind = ("must be a subclass of sim.contracts.", "got []")
    telling = [fault for fault in faults if not any(text in fault for text in other_kind)]
    if telling:
        raise PluginError(telling[0])
    must = ", ".join(base.__name__ for base in KINDS.values())
    raise PluginError(f"strategy {reference!r}: must be a subclass of one of {must} in sim.contracts")
