"""Pre-sale orders packed ahead of their balance, and unpacked again where it is not paid.

With `operations.stage_hours` above 0, each morning within so many hours of a balance every pre-sale order whose lines
are not packed yet becomes a job at the end of its warehouse's pick-pack queue, one a buyer and warehouse. What is done
when the balance is due has only `staged_minutes` of work left; what has not begun by then is given up and packed as
any order, and so is, in full, what is in work at that very second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.kernels.people import Rows

if TYPE_CHECKING:
    from sim.world import World

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Staging:
    """Which jobs ahead of time there are and which are done; job -1 - n is number n."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._done: Bools = np.zeros(0, np.bool_)
        """(n,) by number."""

    def _numbers(self, count: int) -> Ints:
        numbers = np.arange(self._done.size, self._done.size + count)
        self._done = np.append(self._done, np.zeros(count, np.bool_))
        return numbers

    def finished(self, jobs: Ints) -> None:
        """Jobs ahead of time are done."""
        self._done[-1 - jobs] = True

    def ready(self, lines: Rows) -> Bools:
        """(n,) which lines are packed."""
        staged = lines["staged"]
        return (staged >= 0) & self._done[staged] if self._done.size else np.zeros(staged.size, np.bool_)

    def dues(self, deposits: dict[int, list[Rows]]) -> set[int]:
        """Balances for which something is packed ahead."""
        if self._done.size == 0:
            return set()
        return {due for due, parts in deposits.items() if any((part["staged"] >= 0).any() for part in parts)}

    def stage(self, deposits: dict[int, list[Rows]]) -> None:
        """Queues what is new of the orders whose balance is near."""
        world, now = self.world, int(self.world.env.now)
        most = world.spec.operations.stage_hours * 3600
        for due, parts in deposits.items():
            if not now < due <= now + most:
                continue
            lines = np.concatenate(parts)
            parts[:] = [lines]
            fresh = np.flatnonzero(lines["staged"] < 0)
            order, number, first = _by_buyer(lines, fresh)
            jobs = self._numbers(first.size)
            lines["staged"][order] = jobs[number]
            site, consumer, count = lines["warehouse"][first], _buyers(lines[first]), np.bincount(number)
            for warehouse in world.warehouses:
                mine = site == warehouse.number
                if mine.any():
                    warehouse.stage(-1 - jobs[mine], consumer[mine], count[mine], due)

    def unpack(self, lines: Rows) -> None:
        """Lines packed ahead and not paid for go to the back of the queue, to be put back."""
        if lines.size == 0:
            return
        order, number, first = _by_buyer(lines, np.arange(lines.size))
        jobs = -1 - self._numbers(first.size)
        parts = np.split(order, np.flatnonzero(np.diff(number)) + 1)
        contents = [(lines["variant"][part], lines["units"][part]) for part in parts]
        for warehouse in self.world.warehouses:
            mine = np.flatnonzero(lines["warehouse"][first] == warehouse.number)
            if mine.size:
                warehouse.unpack(jobs[mine], _buyers(lines[first][mine]), [contents[n] for n in mine])


def _buyers(lines: Rows) -> Ints:
    return lines["consumer"].astype(np.int64)


def _by_buyer(lines: Rows, among: Ints) -> tuple[Ints, Ints, Ints]:
    """(rows `among` by warehouse and buyer, number of the buyer's parcel for each, first row of each parcel)."""
    order = among[np.lexsort((lines["consumer"][among], lines["warehouse"][among]))]
    site, buyer = lines["warehouse"][order], lines["consumer"][order]
    new = np.ones(order.size, np.bool_)
    new[1:] = (site[1:] != site[:-1]) | (buyer[1:] != buyer[:-1])
    return order, np.cumsum(new) - 1, order[new]
