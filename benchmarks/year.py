"""A year of a large shop, end to end: 1 m consumers x 365 days, 10 m orders, 20 SKUs, 8 cities, all stations, one core.

`python benchmarks/year.py` prints seconds of processor time, orders and memory at 100 k, 300 k and 1 m consumers, each
in a process of its own, and where the time of the largest goes. Targets at 1 m: 20 s and 1.5 GiB.
`python benchmarks/year.py 100000` measures one size, here.
"""

from __future__ import annotations

import cProfile
import json
import pstats
import resource
import subprocess
import sys
import time

from sim.scenario import load_scenario
from sim.scenario.root import Scenario
from sim.world import World

SIZES = (100_000, 300_000, 1_000_000)
TARGET_SECONDS, TARGET_GIB = 20.0, 1.5
CITIES = {
    "hangzhou": 34, "chengdu": 46, "beijing": 44, "shanghai": 32, "guangzhou": 46, "wuhan": 38, "xian": 44,
    "harbin": 56,
}  # fmt: skip
"""Hours of road from the one warehouse (assumptions)."""
NEED, LESS_NOT_NOW = 1.55, 1.55
"""How much more often there is a need than in the shipped market; utility taken from "not now"."""
PARTS = {
    "strategies": ("/strategies/", "actors/merchant", "actors/answers", "actors/view", "actors/critic", "numpy/random"),
    "market": (
        "kernels/shop", "kernels/rules", "kernels/choice", "kernels/visits", "kernels/experience", "actors/consumers",
        "actors/offers", "actors/slices", "actors/running", "actors/attention", "actors/weather", "actors/rival",
    ),
    "ledger": ("sim/ledger", "actors/records", "actors/bookkeeper", "metrics"),
    "operations": ("sim/actors/", "sim/kernels/", "simpy", "sim/world", "sim/streams"),
}  # fmt: skip
"""Part of the system -> what the files that count for it have in their path; the first that fits counts."""


def year(consumers: int) -> Scenario:
    """The shipped year's festivals in eight cities, among people who buy ten times a year (the shipped ones: five): all
    of them customers, with needs more often and less in favour of not now. The operation in proportion.
    """
    per_100k = consumers / 100_000
    staff = {"pickers": 83, "inspectors": 13, "dockers": 6, "space_litres": 2_000_000}
    sets = [f"market.consumers={consumers}", "calendar.scored_days=275", "calendar.settlement_days=30",
            "market.prospect_share=0.0"]  # fmt: skip
    sets += [
        f"market.cities.{name}={{share: 0.125, line_haul_hours: {{hangzhou_dc: {hours}}}}}"
        for name, hours in CITIES.items()
    ]
    for name, category in load_scenario("year").catalogue.categories.items():
        where = f"catalogue.categories.{name}"
        sets += [f"{where}.need={NEED * category.need}", f"{where}.not_now={category.not_now - LESS_NOT_NOW}"]
    sets += [f"operations.couriers.{name}={{couriers: {max(1, round(16 * per_100k))}}}" for name in CITIES]
    sets += [f"operations.warehouses.hangzhou_dc.{name}={max(1, round(n * per_100k))}" for name, n in staff.items()]
    return load_scenario("year", [*sets, f"operations.service_desk.agents={max(1, round(13 * per_100k))}"])


def measure(consumers: int) -> dict[str, float]:
    """Seconds, orders and GiB of one run of gut_feel under the festivals, after compilation."""
    World(year(1000), "festivals", "gut_feel", seed=1).run()
    begin = time.process_time()
    history = World(year(consumers), "festivals", "gut_feel", seed=7).run()
    seconds = time.process_time() - begin
    gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"consumers": consumers, "seconds": seconds, "orders": float(history.daily["orders"].sum()), "gib": gib}


def shares(consumers: int) -> dict[str, float]:
    """Share of the time by part of the system; what no part claims (numpy) counts for its callers."""
    World(year(1000), "festivals", "gut_feel", seed=1).run()
    profile = cProfile.Profile()
    profile.runcall(World(year(consumers), "festivals", "gut_feel", seed=7).run)
    stats = pstats.Stats(profile).stats
    out = dict.fromkeys([*PARTS, "other"], 0.0)
    for (file, _, _), (_, _, own, _, callers) in stats.items():
        part = _part(file)
        if part is not None or not callers:
            out[part or "other"] += own
            continue
        for (caller, _, _), (_, _, their, _) in callers.items():
            out[_part(caller) or "other"] += their
    total = sum(out.values())
    return {name: seconds / total for name, seconds in out.items()}


def _part(file: str) -> str | None:
    return next((name for name, marks in PARTS.items() if any(mark in file for mark in marks)), None)


def main() -> None:
    """Prints the table."""
    if len(sys.argv) > 1:
        print(json.dumps(measure(int(sys.argv[1]))))
        return
    for consumers in SIZES:
        answer = subprocess.run([sys.executable, __file__, str(consumers)], check=True, capture_output=True, text=True)
        m = json.loads(answer.stdout.splitlines()[-1])
        print(
            f"{consumers:>9,} consumers x 365 days: {m['orders']:>11,.0f} orders in {m['seconds']:6.1f} s, "
            f"{1e6 * m['seconds'] / m['orders']:5.1f} us an order, {m['gib']:.2f} GiB"
        )
    print(f"targets at {SIZES[-1]:,}: {TARGET_SECONDS:g} s and {TARGET_GIB:g} GiB")
    for name, share in shares(SIZES[-1]).items():
        print(f"  {name:<11} {share:5.1%}")


if __name__ == "__main__":
    main()
