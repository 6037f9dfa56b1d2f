"""Keyed random numbers: a draw is a pure function of (seed, stream, day, entity, draw).

Nothing here depends on the order in which draws are made, so two runs that differ in one
strategy or one campaign share every other draw, and an inert change changes nothing. A stream is
addressed by name (as in Vivarium's `randomness/stream.py`); its 64-bit key goes into the compiled
kernels (`sim.kernels.draws`), which mix in the entity and the draw number.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

import numpy as np

_MASK = (1 << 64) - 1
_FAR = 1 << 30


@lru_cache(maxsize=4096)
def _name_key(name: str) -> int:
    """64 bits from a stream's name, the same on every platform and Python."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")


def mix(value: int) -> int:
    """SplitMix64's finaliser on a 64-bit integer (Steele, Lea & Flood 2014)."""
    value = (value + 0x9E3779B97F4A7C15) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


@lru_cache(maxsize=4096)
def _stream_root(root: int, stream: str) -> int:
    """A run's root and a stream's name, mixed: asked for each stream every day."""
    return mix(root ^ _name_key(stream))


@lru_cache(maxsize=1024)
def _key(root: int, stream: str, day: int) -> np.uint64:
    """A key; half of a day's questions are for one that was asked for before."""
    return np.uint64(mix(_stream_root(root, stream) ^ (day & _MASK)))


class Streams:
    """The random numbers of one run.

    >>> a, b = Streams(7), Streams(7)
    >>> a.key("visit", 3) == b.key("visit", 3)
    True
    >>> a.key("visit", 3) == a.key("visit", 4)
    False
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._root = mix(seed & _MASK)
        self._before: list[tuple[int, int]] = []
        """(day, root that held until then) of every branch."""

    def branch(self, seed: int, day: int) -> None:
        """From `day` on, other random numbers: one future of many, with the past as it was.

        >>> past, future = Streams(7), Streams(7)
        >>> future.branch(1, day=10)
        >>> past.key("visit", 10) == future.key("visit", 10), past.key("visit", 9) == future.at(9).key("visit", 9)
        (False, True)
        """
        self._before.append((day, self._root))
        self._root = mix(self._root ^ mix(seed & _MASK))

    def branches(self) -> list[Branch]:
        """All random numbers that held one after another, the present ones last; one entry without a branch."""
        out, since = [], -_FAR
        for until, root in self._before:
            past = Streams(self.seed)
            past._root = root
            out.append(Branch(past, since, until))
            since = until
        return [*out, Branch(self, since, _FAR)]

    def at(self, day: int) -> Streams:
        """The random numbers that hold, or held, on a day: for what was drawn before a branch and lasts."""
        return next(b.streams for b in self.branches() if b.holds(day)) if self._before else self

    def key(self, stream: str, day: int = 0) -> np.uint64:
        """The 64-bit key of `stream` on `day`, to be handed to a kernel."""
        return _key(self._root, stream, day)

    def generator(self, stream: str, day: int = 0) -> np.random.Generator:
        """A numpy Generator keyed the same way (12 microseconds to create: one per strategy and
        day is fine, one per consumer is not)."""
        return np.random.Generator(np.random.Philox(key=int(self.key(stream, day))))


class Branch(NamedTuple):
    """Random numbers and the days on which they hold."""

    streams: Streams
    since: int
    until: int

    def holds(self, day: int) -> bool:
        """Whether they hold on a day."""
        return self.since <= day < self.until
