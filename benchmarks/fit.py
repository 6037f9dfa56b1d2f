"""How long `peakshift fit` takes on a million order lines, and how much memory.

`python benchmarks/fit.py [LINES] [REPLICATIONS]` writes that many lines (1,000,000) of 50 SKUs over 13 weeks, fits them
in a process of its own with and without simulation (0 replications, then 5), and prints seconds, processor seconds and
the largest memory. The targets are 60 s and 2 GiB.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

SKUS, WEEKS = 50, 13
TARGET_SECONDS, TARGET_GIB = 60.0, 2.0


def order_lines(lines: int, seed: int = 1) -> pd.DataFrame:
    """Lines of a shop whose SKUs stand at random weekly prices, with an elasticity of -2.5."""
    rng = np.random.default_rng(seed)
    cut = rng.choice([0.0, 0.1, 0.2, 0.3], (SKUS, WEEKS))
    listed = np.round(rng.uniform(2, 30, SKUS), 2)
    weight = (1 - cut) ** -2.5
    cell = rng.choice(SKUS * WEEKS, lines, p=(weight / weight.sum()).ravel())
    sku, week = cell // WEEKS, cell % WEEKS
    second = week * 7 * 86_400 + rng.integers(0, 7 * 86_400, lines)
    when = pd.Timestamp("2024-01-01") + pd.to_timedelta(second, unit="s")
    return pd.DataFrame(
        {
            "ordered_at": when.strftime("%Y-%m-%d %H:%M:%S"), "order_id": np.arange(lines),
            "customer_id": rng.integers(0, max(1, lines // 4), lines), "sku": np.char.add("SKU", sku.astype(str)),
            "units": 1 + rng.poisson(0.5, lines), "list_price": listed[sku],
            "paid": np.round(listed[sku] * (1 - cut[sku, week]), 2),
        }
    )  # fmt: skip


def measure(file: Path, replications: int) -> tuple[float, float, float]:
    """(seconds, processor seconds, GiB) of one command."""
    out = file.with_name("fitted.yaml")
    command = [sys.executable, "-m", "sim", "fit", str(file), "--out", str(out), "--quiet", "--replications"]
    begin = time.perf_counter()
    process = subprocess.Popen([*command, str(replications)])
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"fit ended with status {status}")
    return time.perf_counter() - begin, used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20


def main() -> None:
    """Prints the table."""
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    counts = (int(sys.argv[2]),) if len(sys.argv) > 2 else (0, 5)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "orders.csv"
        order_lines(lines).to_csv(file, index=False)
        for replications in counts:
            seconds, busy, gib = measure(file, replications)
            print(
                f"{lines:,} lines, {replications} replications: {seconds:.1f} s (target {TARGET_SECONDS:g}), "
                f"{busy:.1f} s of processor, {gib:.2f} GiB (target {TARGET_GIB:g})"
            )


if __name__ == "__main__":
    main()
