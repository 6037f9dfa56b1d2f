"""A year of a large shop, end to end: 1 m consumers x 365 days, 20 SKUs, 8 cities, all stations, one core.

`python benchmarks/year.py` prints seconds, orders and memory at 100 k, 300 k and 1 m consumers (each in a process of its own,
so that memory is its own), and where the time goes. Targets at 1 m: 20 s and 1.5 GiB. `--consumers N` runs one size alone.
"""

from __future__ import annotations

import cProfile
import pstats
import resource
import sys
import time

from sim.scenario import load_scenario
from sim.scenario.root import Scenario
from sim.world import World

SIZES = (100_000, 300_000, 1_000_000)
TARGET_SECONDS, TARGET_GIB = 20.0, 1.5
CITIES = {
    "hangzhou": 34,
    "chengdu": 46,
    "beijing": 44,
    "shanghai": 32,
    "guangzhou": 46,
    "wuhan": 38,
    "xian": 44,
    "harbin": 56,
}
"""Line-haul hours from the one warehouse (assumptions)."""
PARTS = {
    "market": (
        "sim/kernels/shop",
        "sim/kernels/choice",
        "sim/kernels/visits",
        "sim/actors/consumers",
        "sim/actors/offers",
        "sim/kernels/experience",
    ),
    "operations": ("sim/actors/", "sim/kernels/station", "sim/kernels/draws", "simpy"),
    "strategies": ("strategies/",),
    "ledger": ("sim/ledger", "sim/world"),
}


def year(consumers: int) -> Scenario:
    """The shipped year's festivals in eight cities, operation in proportion; 365 days."""
    staff = {"pickers": 26, "inspectors": 4, "space_litres": 650_000}
    per_100k = consumers / 100_000
    sets = [f"market.consumers={consumers}", "calendar.start=2023-11-02", "calendar.warm_up_days=60"]
    sets += ["calendar.scored_days=275", "calendar.settlement_days=30"]
    sets += [
        f"market.cities.{name}={{share: 0.125, line_haul_hours: {{hangzhou_dc: {hours}}}}}"
        for name, hours in CITIES.items()
    ]
    sets += [f"operations.couriers.{name}={{couriers: {max(1, round(5 * per_100k))}}}" for name in CITIES]
    sets += [f"operations.warehouses.hangzhou_dc.{name}={max(1, round(n * per_100k))}" for name, n in staff.items()]
    sets += [f"operations.service_desk.agents={max(1, round(4 * per_100k))}"]
    return load_scenario("year", sets)


def measure(consumers: int) -> dict[str, float]:
    """Seconds, orders and GiB of one run after compilation."""
    World(year(1000), "festivals", "gut_feel", seed=1).run()
    scenario = year(consumers)
    begin = time.perf_counter()
    history = World(scenario, "festivals", "gut_feel", seed=7).run()
    seconds = time.perf_counter() - begin
    gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"consumers": consumers, "seconds": seconds, "orders": int(history.daily["orders"].sum()), "gib": gib}


if __name__ == "__main__":
    n = int(sys.argv[1])
    if len(sys.argv) > 2:
        World(year(1000), "festivals", "gut_feel", seed=1).run()
        p = cProfile.Profile()
        h = p.runcall(World(year(n), "festivals", "gut_feel", 7).run)
        pstats.Stats(p).sort_stats("tottime").print_stats(35)
    else:
        print(measure(n))
