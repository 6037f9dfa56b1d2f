"""What strategies cost: their share of a default run, and a year of daily decisions for 500 SKUs in 10 cities.

`python benchmarks/decisions.py` prints both with the line-up closed_loop, in seconds of processor time. Aims: at most
25 % of the default run; the year below 120 s.
"""

from __future__ import annotations

import time
from typing import Any

from sim.actors.merchant import Merchant
from sim.scenario import Scenario, load_scenario
from sim.world import World

SKUS, CITIES, CONSUMERS = 500, 10, 50_000


def timed(scenario: Scenario, schedule: str) -> tuple[float, float]:
    """(seconds of a run, seconds of it in which strategies were asked; checking their answers counts as theirs)."""
    spent, ask = 0.0, Merchant._ask

    def asked(self: Merchant, *told: Any, **more: Any) -> Any:
        nonlocal spent
        begin = time.process_time()
        try:
            return ask(self, *told, **more)
        finally:
            spent += time.process_time() - begin

    world = World(scenario, schedule, "closed_loop", seed=1)
    world.merchant._ask = asked.__get__(world.merchant)  # times every question
    begin = time.process_time()
    world.run()
    return time.process_time() - begin, spent


def large() -> Scenario:
    """`always_on` for a year: the shipped SKUs copied to 500, ten cities of equal size."""
    base = load_scenario("double12")
    skus = list(base.catalogue.skus)
    kept = ("category", "list_price_yuan", "unit_cost_yuan", "appeal", "role")
    sets = []
    for n in range(SKUS - len(skus)):
        source = base.catalogue.skus[skus[n % len(skus)]]
        fields = ", ".join(f"{name}: {getattr(source, name)}" for name in kept)
        sets.append(f"catalogue.skus.copy{n}={{{fields}}}")
    for name in base.market.cities:
        sets += [f"market.cities.{name}=null", f"operations.couriers.{name}=null"]
    for n in range(CITIES):
        sets += [f"market.cities.city{n}={{share: {1 / CITIES}}}", f"operations.couriers.city{n}={{couriers: 5}}"]
    sets += [f"market.consumers={CONSUMERS}", "calendar.scored_days=275", "calendar.settlement_days=30"]
    return load_scenario("double12", sets)


def main() -> None:
    """Prints the two lines."""
    World(load_scenario("double12", ["market.consumers=1000"]), "always_on", "closed_loop", seed=1).run()  # compiles
    for schedule in ("big_promo", "always_on"):
        whole, spent = timed(load_scenario("double12"), schedule)
        print(f"double12, {schedule}: {whole:.2f} s, strategies {spent:.2f} s = {spent / whole:.0%} (aim at most 25 %)")
    whole, spent = timed(large(), "always_on")
    print(f"{SKUS} SKUs x {CITIES} cities x 365 days: {whole:.1f} s, strategies {spent:.1f} s (aim 120 s)")


if __name__ == "__main__":
    main()
