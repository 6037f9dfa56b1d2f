"""Rows with running numbers, kept only as long as somebody needs them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.kernels.counts import leading


class Pool:
    """Columns of equal length addressed by running number; old rows are dropped from the front.

    Memory follows what is open, not the length of the run.
    """

    def __init__(self, **columns: Any) -> None:
        self._columns: dict[str, NDArray[Any]] = {name: np.zeros(1024, dtype) for name, dtype in columns.items()}
        self._gone = 0
        """Rows dropped that still lie in front; room is made for all columns at once, when there is none behind."""
        self.first = 0
        """Number of the oldest row kept."""
        self.next = 0
        """Number that the next row gets."""

    @property
    def size(self) -> int:
        """Rows kept."""
        return self.next - self.first

    def append(self, size: int, **values: Any) -> NDArray[np.int64]:
        """Adds `size` rows; returns their numbers."""
        numbers = np.arange(self.next, self.next + size)
        for name, column in self.grow(size).items():
            column[:] = values[name]
        return numbers

    def grow(self, size: int) -> dict[str, NDArray[Any]]:
        """Adds `size` rows, to be written by the caller: their part of each column."""
        begin = self._room(size)
        self.next += size
        return {name: column[begin : begin + size] for name, column in self._columns.items()}

    def _room(self, size: int) -> int:
        """Makes room for `size` rows; returns where they begin."""
        used = self.next - self.first
        begin = self._gone + used
        have = next(iter(self._columns.values())).size
        if begin + size <= have:
            return begin
        for name, column in self._columns.items():
            # moving in place while less than half is used: each row is moved once on average
            target = column if 2 * (used + size) <= have else np.zeros(2 * (used + size), column.dtype)
            target[:used] = column[self._gone : begin]
            self._columns[name] = target
        self._gone = 0
        return used

    def get(self, name: str, numbers: NDArray[np.int64]) -> NDArray[Any]:
        """Values of a column in the rows with these numbers."""
        return self._columns[name][numbers - (self.first - self._gone)]

    def set(self, name: str, numbers: NDArray[np.int64], value: Any) -> None:
        """Writes a column in the rows with these numbers."""
        self._columns[name][numbers - (self.first - self._gone)] = value

    def column(self, name: str) -> NDArray[Any]:
        """All rows kept, oldest first."""
        return self._columns[name][self._gone : self._gone + self.next - self.first]

    def kept(self) -> dict[str, NDArray[Any]]:
        """All columns, of all rows kept."""
        begin, end = self._gone, self._gone + self.next - self.first
        return {name: column[begin:end] for name, column in self._columns.items()}

    def drop_before(self, number: int) -> None:
        """Forgets rows with smaller numbers."""
        self._gone += max(0, number - self.first)
        self.first = max(self.first, number)

    def drop_leading(self, name: str, low: int, high: int) -> None:
        """Forgets the rows in front in which a column of whole numbers lies from `low` to `high`."""
        self.drop_before(self.first + leading(self.column(name), low, high))
