"""Rows with running numbers, kept only as long as somebody needs them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


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

    def append(self, size: int, **values: Any) -> NDArray[np.int64]:
        """Adds `size` rows; returns their numbers."""
        begin = self._room(size)
        for name, column in self._columns.items():
            column[begin : begin + size] = values[name]
        numbers = np.arange(self.next, self.next + size)
        self.next += size
        return numbers

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

    def drop_before(self, number: int) -> None:
        """Forgets rows with smaller numbers."""
        self._gone += max(0, number - self.first)
        self.first = max(self.first, number)
