"""Nanoseconds a consumer-day: the compiled market beside plain Mesa and beside the bound of hash and compare.

`python benchmarks/market.py` prints, from one process: a normal day (10 % visit), a day on which everybody decides
(one category, 5 SKUs x 3 channels), the same decisions in plain Mesa with an agent a consumer, and the least that
any design with keyed draws must do (one hash, one comparison); then how the cost grows with consumers, SKUs and cities.
Ratios are what to compare between machines. The aims are 20 ns on a normal day and 150 ns when everybody decides, at
least 100 times plain Mesa.
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

from sim.actors.slices import slice_of
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
    *(f"catalogue.services.{name}=null" for name in ("size_guide", "set_up_films", "long_warranty", "trade_in",
                                                     "skin_care_set")),
    "campaigns.double12.gifts.tote_bag=null", "campaigns.double12.bundles.lunch_and_rice=null",
    "catalogue.categories.soft_drinks.need=1.0", "catalogue.categories.soft_drinks.storability=0.0",
    "market.prospect_share=0.0",
    *(f"market.segments.{name}.{field}" for field in ("visit_shape=100.0", "visits_per_day=0.1")
      for name in ("frequent_small", "rare_large", "price_sensitive", "service_sensitive")),
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
    cities = len(world.shop.cities)
    plain, none = np.full((cities, 24), visits / rate / 24), np.zeros((cities, 24))
    offer = slice_of(world, 0, 86_400)

    def job() -> None:
        world.day += 1
        world.stock[:] = 10**9
        world.consumers.wake(plain, none, np.zeros(cities))
        world.consumers.buy(offer)

    job()
    return job


class Shopper(mesa.Agent):
    """The same visit in plain Python: need, pantry, logit on price and remembered price, regret, quantity, line."""

    def __init__(self, model: PlainMesa) -> None:
        super().__init__(model)
        self.beta, self.channel, self.segment = random.lognormvariate(0.7, 0.3), random.randrange(3), 0
        self.pantry, self.reference, self.reference_day, self.trust = 0.0, 1.0, -1, 0.8
        self.paid, self.bought_day, self.orders, self.last_day = 0.0, -1000, 0, -1000

    def step(self) -> None:
        model, day = self.model, self.model.today
        if random.random() >= model.chance:
            return
        second = int(random.random() * 86_400)
        model.visits += 1
        cover = max(0.0, self.pantry - day)
        if random.random() >= math.exp(-model.storability * cover / 12.0):
            return
        best, best_value, lowest = None, -1e9, 1e9
        for k, appeal in enumerate(model.appeal):
            for channel in range(3):
                index = model.index[channel][k]
                lowest = min(lowest, index)
                change = (self.reference - index) / self.reference
                gain = 0.4 * change if change > 0 else 0.4 * 1.3 * change
                value = appeal - (channel != self.channel) - self.beta * (math.log(index) - gain)
                value -= math.log(-math.log(random.random()))
                if value > best_value:
                    best, best_value = (k, channel), value
        later = model.not_now - (self.trust - 0.8) - math.log(-math.log(random.random()))
        if self.paid > 0 and day - self.bought_day <= 15 and lowest < 0.95 * self.paid:
            self.trust, self.paid = max(0.0, self.trust - 0.02), 0.0
        kept = 0.93 ** (day - self.reference_day)
        self.reference, self.reference_day = kept * self.reference + (1 - kept) * lowest, day
        if best is None or best_value <= later or model.stock[best[0]] <= 0:
            return
        k, channel = best
        index = model.index[channel][k]
        gain, units = max(0.0, (self.reference - index) / self.reference), 1
        threshold, product = math.exp(-1.6 * model.storability * self.beta * gain), random.random()
        while product > threshold and units < 5:
            units, product = units + 1, product * random.random()
        model.stock[k] -= units
        model.sold[k] += units
        listed = 6600 * units
        line = {"consumer": self.unique_id, "second": second, "sku": k, "channel": channel, "units": units,
                "listed": listed, "paid": round(listed * index)}  # fmt: skip
        model.lines.append(line)
        self.pantry = max(float(day), self.pantry) + 12.0 * units
        self.paid, self.bought_day = line["paid"] / listed, day
        self.orders, self.last_day = self.orders + 1, day


class PlainMesa(mesa.Model):
    """An agent a consumer."""

    def __init__(self, chance: float) -> None:
        super().__init__(rng=1)
        self.chance, self.appeal, self.not_now, self.stock = chance, [-0.2, 0.3, -0.2, 0.0, 0.0], 1.7, [10**9] * 5
        self.index, self.sold, self.storability = [[1.0] * 5 for _ in range(3)], [0] * 5, 0.0
        self.today, self.visits, self.lines = 0, 0, list[dict[str, int]]()
        Shopper.create_agents(self, AGENTS)

    def day(self) -> None:
        self.today += 1
        self.lines.clear()
        self.agents.shuffle_do("step")  # in random order, as arrivals are


def market(consumers: int, *overrides: str) -> World:
    """A world of which only the market is used."""
    scenario = load_scenario("double12", [f"market.consumers={consumers}", CHANNELS, *ONE_CATEGORY, *overrides])
    return World(scenario, "always_on", "closed_loop", seed=1)


def more_skus(skus: int) -> list[str]:
    """Overrides: the five drinks copied to `skus` of them."""
    return [f"catalogue.skus.sd_copy{n}={{category: soft_drinks, list_price_yuan: 66, unit_cost_yuan: 45}}"
            for n in range(skus - 5)]  # fmt: skip


def more_cities(cities: int) -> list[str]:
    """Overrides: `cities` cities of equal size instead of two."""
    share = {f"city{n}": f"{{share: {1 / cities}}}" for n in range(cities)}
    return ["market.cities.hangzhou=null", "market.cities.chengdu=null", "operations.couriers.hangzhou=null",
            "operations.couriers.chengdu=null", *(f"market.cities.{name}={city}" for name, city in share.items()),
            *(f"operations.couriers.{name}={{couriers: 5}}" for name in share)]  # fmt: skip


SCALING: dict[str, list[tuple[str, int, Callable[[], World]]]] = {
    "consumers": [(f"{n:,}", n, lambda n=n: market(n)) for n in (100_000, 300_000, 1_000_000)],
    "SKUs": [(str(k), CONSUMERS, lambda k=k: market(CONSUMERS, *more_skus(k))) for k in (5, 50, 500)],
    "cities": [(str(c), CONSUMERS, lambda c=c: market(CONSUMERS, *more_cities(c))) for c in (2, 10)],
}


def main() -> None:
    """Prints the tables."""
    least = nanoseconds(lambda: bound(np.uint64(7), 0.1, CONSUMERS), CONSUMERS)
    worlds = {draws: market(CONSUMERS, f"market.choice_draws={draws}") for draws in ("coupled", "inverse_cdf")}
    size = worlds["coupled"].consumers.people.bytes_each()
    print(f"{CONSUMERS:,} consumers, 5 SKUs x 3 channels, one core; {size:.0f} bytes a consumer with one category")
    print(f"bound (hash and compare): {least:.1f} ns a consumer-day")
    for name, chance in (("normal day, 10 % visit", 0.1054), ("everybody decides", 50.0)):
        ours = {draws: nanoseconds(day_of(world, chance), CONSUMERS) for draws, world in worlds.items()}
        came = worlds["coupled"].consumers.coming.size / CONSUMERS
        plain = nanoseconds(PlainMesa(came).day, AGENTS)
        for draws, ns in ours.items():
            print(f"{name:<22} {draws:<11} came {came:.0%}: {ns:6.1f} ns a consumer-day, plain Mesa {plain:7,.0f} ns, "
                  f"{plain / ns:4.0f} x, {ns / least:5.1f} x the bound")  # fmt: skip
    print("scaling, normal day, ns a consumer-day (2 cities, 5 SKUs, 1 m consumers unless said):")
    for label, sizes in SCALING.items():
        figures = [f"{what}: {nanoseconds(day_of(world(), 0.1054), n):.1f}" for what, n, world in sizes]
        print(f"  {label:<10} {', '.join(figures)}")


if __name__ == "__main__":
    main()
