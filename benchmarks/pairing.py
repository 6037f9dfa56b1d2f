"""How much common random numbers are worth: variance of a profit difference on common draws and on independent seeds.

`python benchmarks/pairing.py [REPLICATIONS] [CONSUMERS]` runs schedules and line-ups of the default scenario on the
same seeds (12 of them, 20,000 consumers), and prints for each pair the spread of the seed-by-seed difference, that
of independent seeds (the sum of both variances) and the ratio of the variances. Aim: at least 10 for
schedule pairs.
"""

from __future__ import annotations

import sys
import tempfile

import numpy as np

from sim import compare, load_scenario

AIM = 10.0


def main() -> None:
    """Prints the table."""
    replications, consumers = (int(x) for x in (*sys.argv[1:], *("12", "20000")[len(sys.argv) - 1 :]))
    scenario = load_scenario("double12", [f"market.consumers={consumers}"])
    with tempfile.TemporaryDirectory() as folder:
        runs = compare(scenario, replications=replications, out=folder).runs
    profit = runs.pivot(index="replication", columns=["schedule", "line_up"], values="profit")
    pairs = list(profit.columns)
    print(f"{replications} replications, {consumers:,} consumers; sd in yuan")
    for n, a in enumerate(pairs):
        for b in pairs[n + 1 :]:
            kind = "schedules" if a[1] == b[1] else "line-ups" if a[0] == b[0] else "both"
            common = float((profit[b] - profit[a]).var())
            apart = float(profit[a].var() + profit[b].var())
            print(
                f"{kind:<10}{'/'.join(a):>24} {'/'.join(b):>24}  sd common {np.sqrt(common):9,.0f}  independent "
                f"{np.sqrt(apart):9,.0f}  ratio {apart / common:6.1f}"
                + (f" (aim {AIM:g})" if kind == "schedules" else "")
            )


if __name__ == "__main__":
    main()
