"""The worlds that the figures are measured on: each is lived through once a seed, whoever asks for it.

Three kinds. *Shipped*: a schedule and line-up of `double12` as they are, 100,000 consumers, because staff and
couriers fit that size. *Quiet*: the same market without campaigns, at list price, with more stock than can be sold
and more people than are needed, so that demand alone speaks; single SKUs are cut here, each in a future of its own.
All worlds of a bench share their seed: draws are keyed by consumer, day and SKU, so a world with a cut differs
from the one without only through the cut. *Wandering*: quiet, with every SKU's price moved at random by week.

Figures of quiet worlds do not depend on the number of consumers beyond their noise, so there are few.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim import snapshot
from sim.contracts import Floats, Ints
from sim.lab.plan import seed_of
from sim.ledger import History
from sim.scenario import Scenario, load_scenario

if TYPE_CHECKING:
    from sim.world import World

SCENARIO = "double12"
PROMO = slice(84, 91)
"""Days of the one-week promotion: twelve weeks in, when the opening state is forgotten."""
WINDOW = slice(28, 147)
"""Eight weeks before it to eight weeks after."""
QUIET_CONSUMERS = 20_000
WANDERING_CONSUMERS = 60_000
WANDERING_WEEKS = slice(4, 30)
"""Whole weeks used of the wandering and the small worlds; the first four form remembered prices and pantries."""
FESTIVAL_RITUAL = 0.3
"""Ritual strength from which a campaign counts as a festival."""
DURABLE_DAYS = 365
"""Life of a unit from which its category is durable: nobody restocks within the window."""
_LINE_UP = ("line_ups.bench={forecasting: moving_average, pricing: %s, stocking: base_stock, staffing: fixed, "
            "outreach: none}")  # fmt: skip
_QUIET = (
    "schedules.quiet=[]", "operations.warehouses.hangzhou_dc.start_days=1000.0", "red_lines.margin_floor=-10.0",
    "calendar.warm_up_days=0", "calendar.settlement_days=0",
)  # fmt: skip


@dataclass(frozen=True)
class Cut:
    """A price cut of one SKU, unannounced; with paid traffic where `traffic_yuan_per_day` (100,000 consumers)."""

    sku: str
    depth: float
    first_day: int = PROMO.start
    days: int = PROMO.stop - PROMO.start
    traffic_yuan_per_day: float = 0.0

    def setting(self, name: str, start: date) -> str:
        """The campaign `name` in a calendar that begins on `start`, as PATH=VALUE."""
        begin = datetime.combine(start, time()) + timedelta(days=self.first_day)
        end = begin + timedelta(days=self.days, seconds=-1)
        return (
            f'campaigns.{name}={{start: "{begin.isoformat()}", end: "{end.isoformat()}", announced_days: 0.0, '
            f"markdown: {self.depth!r}, skus: [{self.sku}], traffic_yuan_per_day: {self.traffic_yuan_per_day!r}}}"
        )


@dataclass(frozen=True)
class Lived:
    """A finished world. K SKUs, T days."""

    history: History
    skus: tuple[str, ...]
    category: tuple[str, ...]
    """(K,)"""
    units: Ints
    """(K, T) units ordered and accepted."""
    paid: Floats
    """(K, T) yuan, mean price paid a unit."""
    price: Floats
    """(K, T) yuan, shelf price of the first channel at noon."""
    returned: Ints
    """(K, T) units inspected on the returns dock."""

    def weekly(self, table: NDArray[np.generic]) -> Floats:
        """(K, weeks) sums of whole weeks."""
        weeks = table.shape[1] // 7
        return np.asarray(table[:, : 7 * weeks].reshape(table.shape[0], weeks, 7).sum(axis=2), np.float64)


def live(world: World, until: int | None = None) -> Lived:
    """Lives a world to its end, or to a day; the one place that looks beyond History, at sales by SKU."""
    if until is None:
        history = world.run()
    else:
        world.live(until)
        history = world.history()
        world.release()
    records = world.records
    return Lived(
        history, world.shop.skus, world.shop.category, records.sold.sum(axis=1), records.paid, records.prices[0],
        records.returned,
    )  # fmt: skip


@dataclass
class Bench:
    """All worlds of one seed: the same seed as that replication of the shipped scenario."""

    replication: int
    scenario: Scenario = field(default_factory=lambda: load_scenario(SCENARIO))
    _lived: dict[tuple[object, ...], Lived] = field(default_factory=dict, repr=False)
    _saved: dict[tuple[object, ...], dict[int, bytes]] = field(default_factory=dict, repr=False)

    @property
    def seed(self) -> int:
        """The root of all draws."""
        return seed_of(self.scenario.seed, self.replication)

    def shipped(self, schedule: str, line_up: str) -> Lived:
        """A schedule with a line-up, nothing changed."""
        key = ("shipped", schedule, line_up)
        if key not in self._lived:
            from sim.world import World  # mesa and compiled kernels: 1 s, only where a world is run

            self._lived[key] = live(World(self.scenario, schedule, line_up, self.seed))
        return self._lived[key]

    def baseline(self) -> Lived:
        """What `peakshift compare double12` compares with: the festival by gut feel."""
        return self.shipped("big_promo", "gut_feel")

    def quiet(self, *cuts: Cut, days: int = WINDOW.stop, consumers: int = QUIET_CONSUMERS) -> Lived:
        """A quiet world of `days` days with these cuts."""
        return self._quiet(cuts, days, consumers, "list_price")

    def wandering(self) -> Lived:
        """A quiet world in which every SKU's price moves at random by week."""
        return self._quiet((), 7 * WANDERING_WEEKS.stop, WANDERING_CONSUMERS, "random_weekly")

    def _quiet(self, cuts: tuple[Cut, ...], days: int, consumers: int, pricing: str) -> Lived:
        key = (cuts, days, consumers, pricing)
        if key not in self._lived:
            length = max(days, WINDOW.stop)
            world = self._before(min((cut.first_day for cut in cuts), default=0), length, consumers, pricing)
            if cuts:
                world.replan(self.quiet_scenario(cuts, length, consumers, pricing))
            self._lived[key] = live(world, days if days < length else None)
        return self._lived[key]

    def quiet_scenario(self, cuts: Sequence[Cut], days: int, consumers: int, pricing: str) -> Scenario:
        """The quiet market with these cuts, in its schedule `quiet` with the line-up `bench`."""
        names = [f"cut{n}" for n in range(len(cuts))]
        start = self.scenario.calendar.start
        changes = [cut.setting(name, start) for cut, name in zip(cuts, names, strict=True)]
        size = [f"market.consumers={consumers}", f"calendar.scored_days={days}", _LINE_UP % pricing]
        return load_scenario(SCENARIO, [*_QUIET, *size, *changes, f"schedules.quiet=[{', '.join(names)}]"])

    def _before(self, day: int, length: int, consumers: int, pricing: str) -> World:
        """The quiet world on the midnight before `day`; all cuts of that day go on from there, as nobody knew of them.

        Lived whole, a seed's 57 worlds with a cut took four times as long.
        """
        from sim.world import World  # mesa and compiled kernels: 1 s, only where a world is run

        saved = self._saved.setdefault((length, consumers, pricing), {})
        if day in saved:
            return World.thawed(saved[day])
        earlier = max((known for known in saved if known < day), default=None)
        if earlier is not None:
            world = World.thawed(saved[earlier])
        else:
            world = World(self.quiet_scenario((), length, consumers, pricing), "quiet", "bench", self.seed)
        world.live(day)
        if day:
            saved[day] = snapshot.freeze(world)
        return world

    # ---- which SKUs are tried ------------------------------------------------------------------
    def tried(self, *kinds: str) -> list[str]:
        """Two SKUs of each category of these kinds, all where none is named: the best liked and the middle one."""
        catalogue = self.scenario.catalogue
        out: list[str] = []
        for category in catalogue.categories:
            if kinds and self.kind(category) not in kinds:
                continue
            mine = [name for name, sku in catalogue.skus.items() if sku.category == category]
            mine.sort(key=lambda name: (-catalogue.skus[name].appeal, name))
            out += dict.fromkeys((mine[0], mine[len(mine) // 2]))
        return out

    def kind(self, category: str) -> str:
        """`durable`, `storable` or `perishable`."""
        terms = self.scenario.catalogue.categories[category]
        if terms.pack_days >= DURABLE_DAYS:
            return "durable"
        return "storable" if terms.storability >= 0.5 else "perishable"
