"""Nanoseconds a consumer-day: the compiled market beside plain Mesa and beside the bound of hash and compare.

`python benchmarks/market.py` prints, from one process: a normal day (10 % visit), a day on which everybody decides
(one category, 5 SKUs x 3 channels), the same decisions in plain Mesa with an agent a consumer, and the least that
any design with keyed draws must do (one hash, one comparison). Ratios are what to compare between machines. The aims
are 20 ns on a normal day and 150 ns when everybody decides, at least 100 times plain Mesa: not reached yet.
"""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Callable

import mesa
import numpy as np
from numba import njit

from sim.kernels.draws import uniform
from sim.scenario import load_scenario
from sim.world import World

CONSUMERS, AGENTS, REPEATS = 1_000_000, 10_000, 5
CHANNELS = "market.channels={app: {share: 0.5}, livestream: {share: 0.3}, store: {share: 0.2}}"
OTHERS = [
    "cleanser",
    "moisturiser",
    "serum",
    "sunscreen",
    "gift_set",
    "tee",
    "thermal",
    "jeans",
    "down_jacket",
    "cashmere",
    "kettle",
    "rice_cooker",
    "air_fryer",
    "hair_dryer",
    "robot_vacuum",
]
ONE_CATEGORY = [
    *(f"catalogue.categories.{name}=null" for name in ("skincare", "apparel", "small_appliances")),
    *(f"catalogue.skus.{name}=null" for name in OTHERS),
    *(f"market.segments.{name}.need=null" for name in ("frequent_small", "rare_large")),
    "catalogue.categories.soft_drinks.need=1.0", "market.segments.frequent_small.visit_shape=50.0",
]  # fmt: skip


@njit(cache=True)
def bound(key: np.uint64, chance: float, people: int) -> int:
    """One hash and one comparison a person."""
    count = 0
    for i in range(people):
        if uniform(key, i, 0) < chance:
            count += 1
    return count


def nanoseconds(job: Callable[[], object], people: int) -> float:
    """Median over `REPEATS`, per person."""
    times = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        job()
        times.append(time.perf_counter() - begin)
    return 1e9 * statistics.median(times) / people


def day_of(world: World, visits: float) -> Callable[[], object]:
    """A job: one day in which a person's mean number of visits is about `visits`."""
    rate = float(world.consumers.people.rate.mean())
    plain, none = np.full((2, 24), visits / rate / 24), np.zeros((2, 24))
    offer = world.counter.slice(0, 86_400)

    def job() -> None:
        world.day += 1
        world.stock[:] = 10**9
        world.consumers.people.pantry[:] = 0.0
        world.consumers.wake(plain, none, 0.0)
        world.consumers.buy(offer)

    job()
    return job


class Shopper(mesa.Agent):
    """The same decision in plain Python: visit, then a logit among SKU x channel and not now."""

    def step(self) -> None:
        model = self.model
        if random.random() >= model.chance:
            return
        best, best_value = None, model.not_now - math.log(-math.log(random.random()))
        for k, appeal in enumerate(model.appeal):
            for channel in range(3):
                value = appeal - (channel != 0) - math.log(-math.log(random.random()))
                if value > best_value:
                    best, best_value = (k, channel), value
        if best is not None:
            model.stock[best[0]] -= 1


class PlainMesa(mesa.Model):
    """An agent a consumer."""

    def __init__(self, chance: float) -> None:
        super().__init__(rng=1)
        self.chance, self.appeal, self.not_now, self.stock = chance, [-0.2, 0.3, -0.2, 0.0, 0.0], 1.7, [10**9] * 5
        Shopper.create_agents(self, AGENTS)

    def day(self) -> None:
        self.agents.do("step")


def main() -> None:
    """Prints the table."""
    scenario = load_scenario("double12", [f"market.consumers={CONSUMERS}", CHANNELS, *ONE_CATEGORY])
    world = World(scenario, "always_on", "closed_loop", seed=1)
    least = nanoseconds(lambda: bound(np.uint64(7), 0.1, CONSUMERS), CONSUMERS)
    rows = []
    for name, chance in (("normal day, 10 % visit", 0.1), ("everybody decides", 50.0)):
        ours = nanoseconds(day_of(world, chance), CONSUMERS)
        came = world.consumers.coming.size / CONSUMERS
        plain = PlainMesa(came)
        rows.append((name, came, ours, nanoseconds(plain.day, AGENTS)))
    size = sum(column.nbytes for column in world.consumers.people) / CONSUMERS
    print(f"{CONSUMERS:,} consumers, 5 SKUs x 3 channels, coupled draws; {size:.0f} bytes a consumer")
    print(f"bound (hash and compare): {least:.1f} ns a consumer-day")
    for name, came, ours, mesa_ns in rows:
        print(f"{name:<24} came {came:.0%}: {ours:7.1f} ns a consumer-day, plain Mesa {mesa_ns:9,.0f} ns, "
              f"{mesa_ns / ours:5.0f} x, {ours / least:5.1f} x the bound")  # fmt: skip


if __name__ == "__main__":
    main()
