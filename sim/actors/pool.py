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
        self.first = 0
        """Number of the oldest row kept."""
        self.next = 0
        """Number that the next row gets."""

    def append(self, size: int, **values: Any) -> NDArray[np.int64]:
        """Adds `size` rows; returns their numbers."""
        used = self.next - self.first
        for name, column in self._columns.items():
            if used + size > column.size:
                fresh = np.zeros(2 * (used + size), column.dtype)
                fresh[:used] = column[:used]
                self._columns[name] = column = fresh
            column[used : used + size] = values[name]
        numbers = np.arange(self.next, self.next + size)
        self.next += size
        return numbers

    def get(self, name: str, numbers: NDArray[np.int64]) -> NDArray[Any]:
        """Values of a column in the rows with these numbers."""
        return self._columns[name][numbers - self.first]

    def set(self, name: str, numbers: NDArray[np.int64], value: Any) -> None:
        """Writes a column in the rows with these numbers."""
        self._columns[name][numbers - self.first] = value

    def column(self, name: str) -> NDArray[Any]:
        """All rows kept, oldest first."""
        return self._columns[name][: self.next - self.first]

    def drop_before(self, number: int) -> None:
        """Forgets rows with smaller numbers."""
        gone, used = number - self.first, self.next - self.first
        if gone <= 0:
            return
        for column in self._columns.values():
            column[: used - gone] = column[gone:used].copy()
        self.first = number
