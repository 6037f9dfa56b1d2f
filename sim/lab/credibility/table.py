"""Figures over seeds, beside their bands."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from sim.errors import PeakshiftError, UsageError, did_you_mean
from sim.lab.credibility.bands import BANDS, Band
from sim.lab.credibility.bench import SCENARIO, Bench
from sim.lab.credibility.figures import all_figures
from sim.lab.executor import KILLED, map_tasks

SEEDS = 20


@dataclass(frozen=True)
class Row:
    """One figure over all seeds."""

    name: str
    meaning: str
    values: tuple[float, ...]
    """One a seed."""
    band: Band

    @property
    def mean(self) -> float:
        """Over seeds; NaN when a seed has no value."""
        return float(np.mean(self.values))

    @property
    def error(self) -> float:
        """Standard error of the mean; NaN with a single seed."""
        n = len(self.values)
        return float(np.std(self.values, ddof=1)) / math.sqrt(n) if n > 1 else float("nan")

    @property
    def holds(self) -> bool:
        """Whether the mean lies in the band."""
        return self.band.holds(self.mean)

    @property
    def verdict(self) -> str:
        """`ok` or `MISSED`."""
        return "ok" if self.holds else "MISSED"

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; NaN becomes null."""
        numbers = {"mean": self.mean, "standard_error": self.error}
        known = {name: value if math.isfinite(value) else None for name, value in numbers.items()}
        values = [value if math.isfinite(value) else None for value in self.values]
        head = {"name": self.name, "meaning": self.meaning, "verdict": self.verdict}
        return {**head, **known, **asdict(self.band), "values": values}


def chosen(only: Iterable[str] = ()) -> list[str]:
    """Names of the figures wanted, in the order of the bands; all where none is named."""
    wanted = list(only)
    for name in wanted:
        if name not in BANDS:
            near = did_you_mean(name, BANDS)
            hint = f"; did you mean {near!r}?" if near else f"; there are {', '.join(BANDS)}"
            raise UsageError(f"--only: must be figures that have a band, got {name!r}{hint}")
    return [name for name in BANDS if not wanted or name in wanted]


def one_seed(names: list[str], replication: int) -> dict[str, float]:
    """These figures on one seed; worlds that several of them need are lived through once."""
    bench, figures = Bench(replication), all_figures()
    return {name: figures[name].of(bench) for name in names}


def measure(
    seeds: int = SEEDS, only: Iterable[str] = (), workers: int = 1, progress: Callable[[int, int], None] | None = None
) -> list[Row]:
    """One row a figure over `seeds` seeds; results do not depend on `workers`."""
    names = chosen(only)
    found: dict[int, dict[str, float]] = {}
    for replication, values in map_tasks(partial(one_seed, names), range(seeds), workers):
        if not isinstance(values, dict):
            raise PeakshiftError(f"seed {replication}: {KILLED}")
        found[replication] = values
        if progress:
            progress(len(found), seeds)
    figures = all_figures()
    return [Row(n, figures[n].meaning, tuple(found[r][n] for r in range(seeds)), BANDS[n]) for n in names]


def text(rows: list[Row]) -> str:
    """The table for people: a line of numbers a figure, then what each is and who says so."""
    head = ("figure", "mean", "s.e.", "band", "", "what it is | source")
    cells = [head] + [
        (r.name, f"{r.mean:.3f}", f"{r.error:.3f}", f"{r.band.low:g} .. {r.band.high:g}", r.verdict,
         f"{r.meaning} | {r.band.source}")
        for r in rows
    ]  # fmt: skip
    widths = [max(len(row[n]) for row in cells) for n in range(5)]
    lines = []
    for row in cells:
        parts = [c.rjust(w) if n in (1, 2) else c.ljust(w) for n, (c, w) in enumerate(zip(row, widths, strict=False))]
        lines.append("  ".join([*parts, row[5]]).rstrip())
    missed = [r.name for r in rows if not r.holds]
    seeds = len(rows[0].values) if rows else 0
    lines.insert(1, "-" * len(lines[0]))
    total = f"{len(rows) - len(missed)} of {len(rows)} figures in their band, mean over {seeds} seeds"
    return "\n".join([
        f"{SCENARIO}: the simulated market beside what has been published", "", *lines, "",
        total + (f"; MISSED: {', '.join(missed)}" if missed else ""),
    ])  # fmt: skip
