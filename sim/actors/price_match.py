"""Price-match promises: who has bought and sees it cheaper within the promised days is paid the difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.actors.pool import Pool
from sim.kernels.draws import uniforms
from sim.kernels.people import Rows

if TYPE_CHECKING:
    from sim.world import World

Ints = NDArray[np.int64]
_KEPT = ("consumer", "sku", "listed", "paid")


class PriceMatch:
    """The lines sold under a promise, by the day of their order, until the longest promise runs out."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._sold: dict[int, list[dict[str, Ints]]] = {}
        """Day -> lines: those of `_KEPT`, `entity` and `until`, the last day of the promise."""
        self._back: dict[int, set[int]] = {}
        """Day -> entities of those lines that came back: they can claim nothing more."""

    def promise(self, lines: dict[str, Ints], entity: Ints, city: Ints) -> None:
        """Lines that ship today, in `city` (n,): those sold under a promise are kept."""
        world = self.world
        running = [(r, r.terms.price_match) for r in world.counter.running if r.terms.price_match]
        if not running:
            return
        last = world.day - max(terms.days for _, terms in running)
        self._sold = {day: parts for day, parts in self._sold.items() if day >= last}
        self._back = {day: gone for day, gone in self._back.items() if day >= last}
        now, days = lines["second"], np.zeros(entity.size, np.int64)
        for r, terms in running:
            mine = (r.start <= now) & (now < r.end) & (r.eligible[lines["sku"]] == 1) & r.cities[city]
            days[mine] = np.maximum(days[mine], terms.days)
        under = days > 0
        kept = {name: lines[name][under] for name in _KEPT}
        kept |= {"entity": entity[under], "until": world.day + days[under]}
        self._sold.setdefault(world.day, []).append(kept)

    def came_back(self, entity: Ints) -> None:
        """Lines that were refunded. A search through all promised lines took 10 % of a run."""
        placed = _day(entity)
        for day in self._sold.keys() & set(placed.tolist()):
            self._back.setdefault(day, set()).update(entity[placed == day].tolist())

    def claim(self, claims: Rows, lines: Pool) -> None:
        """Buyers who have seen it cheaper ask for the difference on their last purchase of it, among `lines`."""
        world = self.world
        terms = [r.terms.price_match for r in world.counter.running if r.terms.price_match]
        if claims.size == 0 or not terms:
            return
        key, consumer = world.streams.key("price match", world.day), claims["consumer"].astype(np.int64)
        asks = uniforms(key, consumer, 0) < max(t.claim_share for t in terms)
        paid = 0
        for claim in claims[asks]:
            part, n = self._last(int(claim["consumer"]), int(claim["sku"]))
            if n < 0:
                continue
            difference = max(0, int(part["paid"][n]) - round(float(claim["index"]) * int(part["listed"][n])))
            part["paid"][n] -= difference  # what he has got he does not get again
            held = np.flatnonzero(lines.column("entity") == part["entity"][n])[-1:]
            lines.column("paid")[held] -= difference  # a later return is refunded at what was really paid
            paid += difference
        world.ledger.book("price_matches", "cash", -paid)
        world.desk.claimed(claims["consumer"][asks])

    def _last(self, consumer: int, sku: int) -> tuple[dict[str, Ints], int]:
        """A person's last purchase of an SKU under a promise: the lines it is among, and its place; -1 where there is
        none, its promise has run out or it came back."""
        for day in sorted(self._sold, reverse=True):
            for part in reversed(self._sold[day]):
                mine = np.flatnonzero((part["consumer"] == consumer) & (part["sku"] == sku))
                if mine.size:
                    n = int(mine[-1])
                    gone = int(part["entity"][n]) in self._back.get(day, ())
                    return part, n if part["until"][n] >= self.world.day and not gone else -1
        return {}, -1


def _day(entity: Ints) -> Ints:
    """(n,) the day of a line's order, which its entity names."""
    return entity // 4096 % 4096
