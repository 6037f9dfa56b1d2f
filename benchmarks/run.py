"""How long one run of the shipped scenario takes: 100,000 consumers, 210 days, one core.

`python benchmarks/run.py` prints the median of five runs of each line-up after compilation, and where the
time goes. The target is 4 s.
"""

from __future__ import annotations

import cProfile
import pstats
import statistics
import time

from sim.scenario import load_scenario
from sim.world import World

RUNS, TARGET_SECONDS = 5, 4.0


def seconds(line_up: str) -> float:
    """Wall-clock seconds of one run."""
    scenario = load_scenario("double12")
    begin = time.perf_counter()
    World(scenario, "big_promo", line_up, seed=7).run()
    return time.perf_counter() - begin


def main() -> None:
    """Prints the table."""
    World(load_scenario("double12", ["market.consumers=1000"]), "big_promo", "closed_loop", seed=1).run()  # compiles
    for line_up in ("gut_feel", "closed_loop"):
        times = [seconds(line_up) for _ in range(RUNS)]
        spread = f"{min(times):.2f} to {max(times):.2f}"
        print(
            f"{line_up:<12} median {statistics.median(times):.2f} s of {RUNS} ({spread}), target {TARGET_SECONDS:g} s"
        )
    profile = cProfile.Profile()
    profile.runcall(seconds, "closed_loop")
    pstats.Stats(profile).sort_stats("tottime").print_stats(15)


if __name__ == "__main__":
    main()
