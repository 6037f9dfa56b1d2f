"""Price-match promises: what was sold under one, until it runs out, and what buyers get who then see it cheaper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.kernels.draws import uniforms
from sim.kernels.people import Rows

if TYPE_CHECKING:
    from sim.world import World

Ints = NDArray[np.int64]
Kept = dict[str, NDArray[Any]]


class PriceMatch:
    """Lines under a promise, by the day on which they were sold."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.kept: dict[int, list[Kept]] = {}
        """Day -> lines (n,): consumer, sku, listed and paid (fen), entity, until (last day of the promise)."""
        self.back: dict[int, set[int]] = {}
        """Day -> entities of those lines that came back."""

    def sold(self, lines: Rows) -> None:
        """Keeps those of the lines (n,) that were sold under a promise."""
        world = self.world
        matched = [r for r in world.counter.running if r.terms.price_match]
        if not matched:
            return
        last = world.day - max(r.terms.price_match.days for r in matched if r.terms.price_match)
        self.kept = {day: parts for day, parts in self.kept.items() if day >= last}
        self.back = {day: gone for day, gone in self.back.items() if day >= last}
        now = lines["second"]
        matched = [r for r in matched if r.start <= now.max() and now.min() < r.end]
        if not matched:
            return
        city = world.consumers.people.city[lines["consumer"]]
        days = np.zeros(now.size, np.int64)
        for r in matched:
            mine = (r.start <= now) & (now < r.end) & (r.eligible[lines["sku"]] == 1) & r.cities[city]
            days[mine] = np.maximum(days[mine], r.terms.price_match.days if r.terms.price_match else 0)
        under = days > 0
        kept = {name: lines[name][under] for name in ("consumer", "sku", "listed", "paid", "entity")}
        kept["until"] = world.day + days[under]
        self.kept.setdefault(world.day, []).append(kept)

    def forget(self, entity: Ints) -> None:
        """Lines that came back can claim nothing more. To search for them among all kept took 10 % of a run."""
        if not self.kept:
            return
        placed = entity // 4096 % 4096  # a line's entity names its day
        for day in self.kept.keys() & set(placed.tolist()):
            self.back.setdefault(day, set()).update(entity[placed == day].tolist())

    def claim(self, claims: Rows) -> None:
        """Buyers who have seen it cheaper ask for the difference on their last purchase of it."""
        world = self.world
        terms = [r.terms.price_match for r in world.counter.running if r.terms.price_match]
        if claims.size == 0 or not terms:
            return
        key, consumer = world.streams.key("price match", world.day), claims["consumer"].astype(np.int64)
        asks = uniforms(key, consumer, 0) < max(t.claim_share for t in terms)
        paid = sum(self._pay(int(c["consumer"]), int(c["sku"]), float(c["index"])) for c in claims[asks])
        world.ledger.book("price_matches", "cash", -paid)
        world.desk.claimed(claims["consumer"][asks])

    def _pay(self, consumer: int, sku: int, index: float) -> int:
        """Fen between what a person last paid for an SKU and what it costs now, at `index` times the list price."""
        part, n = self._last(consumer, sku)
        if n < 0:
            return 0
        difference = max(0, int(part["paid"][n]) - round(index * int(part["listed"][n])))
        part["paid"][n] -= difference  # what he has got he does not get again
        # coming back, or on its way; the latter also keeps rows of what is at the door while an older parcel is not
        for lines in (self.world.orders.returns.lines, self.world.lines):
            held = np.flatnonzero(lines.column("entity") == part["entity"][n])[-1:]
            lines.column("paid")[held] -= difference  # a return is refunded at what was really paid
            if held.size:
                break
        return difference

    def _last(self, consumer: int, sku: int) -> tuple[Kept, int]:
        """A person's last purchase of an SKU under a promise: the lines it is among, and its place; -1 where there is
        none, its promise has run out or it came back."""
        for day in sorted(self.kept, reverse=True):
            for part in reversed(self.kept[day]):
                mine = np.flatnonzero((part["consumer"] == consumer) & (part["sku"] == sku))
                if mine.size:
                    n = int(mine[-1])
                    gone = int(part["entity"][n]) in self.back.get(day, ())
                    return part, -1 if gone or part["until"][n] < self.world.day else n
        return {}, -1
