"""What the lab adds to the runs themselves: throughput, parallel efficiency, overhead, memory.

`python benchmarks/lab.py` prints three lines, on small worlds by default (some minutes); `--full` measures throughput
and efficiency on the shipped experiment as it is (40 runs of 100,000 consumers and 210 days). The targets: efficiency
of two workers at least 0.9, overhead of a run below 50 ms, memory of a worker that does not grow over 1,000 runs.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import statistics
import tempfile
import time
from pathlib import Path

from sim.lab import store
from sim.lab.compare import compare
from sim.lab.plan import plan
from sim.lab.run import run_one
from sim.scenario import Scenario, load_scenario

SMALL = ("market.consumers=20000", "calendar.warm_up_days=10", "calendar.scored_days=20",
         "calendar.settlement_days=5", "replications=3")  # fmt: skip
TINY = ("market.consumers=200", "calendar.start=2023-12-01", "calendar.warm_up_days=0", "calendar.scored_days=3",
        "calendar.settlement_days=0")  # fmt: skip


def seconds(scenario: Scenario, workers: int) -> float:
    """Wall-clock of an experiment in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        compare(scenario, workers=workers, out=folder)
        return time.perf_counter() - begun


def throughput(settings: tuple[str, ...]) -> None:
    """Runs an hour on one and two workers, and the efficiency of the second; workers' start included.

    One worker before and after two: a machine's speed wanders, on a shared one by a tenth within minutes. Two are
    measured by the quicker of the two.
    """
    scenario = load_scenario("double12", settings)
    runs = len(plan(scenario))
    run_one(scenario, "always_on", "closed_loop", 1)  # compiles
    before, two, after = (seconds(scenario, workers) for workers in (1, 2, 1))
    hourly = [f"{3600 * runs / taken:,.0f}" for taken in (before, after, two)]
    print(f"throughput: {runs} runs, {hourly[0]} and {hourly[1]} an hour on 1 worker, {hourly[2]} on 2; "
          f"efficiency of 2 workers {min(before, after) / two / 2:.2f} (target 0.9)")  # fmt: skip


def overhead(replications: int = 5) -> None:
    """What a run costs beside the world itself: planning, writing, tables. Median over runs of the same worlds."""
    scenario = load_scenario("double12", (*TINY, f"replications={replications}"))
    runs = plan(scenario)
    run_one(scenario, runs[0].schedule, runs[0].line_up, 1)
    with tempfile.TemporaryDirectory() as folder:
        alone, written = [], []
        for run in runs:
            begun = time.perf_counter()
            result = run_one(scenario, run.schedule, run.line_up, run.seed)
            ran = time.perf_counter()
            store.save_run(Path(folder) / f"{run.key}.npz", result)
            alone.append(ran - begun)
            written.append(time.perf_counter() - ran)
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        compare(scenario, workers=1, out=folder)
    whole = time.perf_counter() - begun
    print(f"overhead: {1000 * statistics.median(written):.1f} ms to write a run; whole experiment "
          f"{1000 * (whole - sum(alone)) / len(runs):.1f} ms a run beside the worlds (target 50)")  # fmt: skip


def memory(runs: int) -> None:
    """Resident memory of a process that lives through many worlds, as a worker does."""
    scenario = load_scenario("double12", TINY)
    seen = []
    for n in range(runs):
        run_one(scenario, "always_on", "closed_loop", n)
        if n % max(1, runs // 10) == 0 or n == runs - 1:
            gc.collect()
            seen.append(resident_mb())
    settled = seen[2:]
    print(f"memory: {runs} runs, {', '.join(f'{mb:.0f}' for mb in seen)} MB on the way; growth after the first "
          f"fifth {settled[-1] - settled[0]:+.1f} MB (target 0)")  # fmt: skip


def resident_mb() -> float:
    """Now where Linux tells it, else the peak so far."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def main() -> None:
    """Prints the lines."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--full", action="store_true", help="throughput on the shipped experiment")
    parser.add_argument("--runs", type=int, default=1000, help="runs of the memory test")
    options = parser.parse_args()
    overhead()
    memory(options.runs)
    throughput(() if options.full else SMALL)


if __name__ == "__main__":
    main()
