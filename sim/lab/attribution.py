"""Where a gap between two line-ups comes from, and what knowing more is worth, role by role.

The gap is split over the five roles by Shapley's value (Shapley 1953): a role's part is its mean marginal contribution
over all orders in which the roles of line-up A can be swapped for those of B, one by one, on common draws. All 2^n
mixtures of the n roles in which they differ are lived through (32 at most). Parts add up to the gap exactly,
replication by replication; an unchanged role's part is exactly 0. Intervals are paired t over replications, each for
itself.

The value of information (Raiffa & Schlaifer 1961): for each role the best shipped strategy of each tier (blind,
informed, oracle), the others as they are. The best is picked on one half of the replications and valued on the other,
so that picking does not flatter it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import factorial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim import plugins
from sim.errors import PeakshiftError, UsageError, one_of
from sim.lab import store
from sim.lab.compare import default_folder
from sim.lab.delivery import Progress
from sim.lab.plan import baseline
from sim.lab.statistics import paired
from sim.lab.tournament import Field, mixed, schedule_of, with_line_ups
from sim.lab.wording import aligned, number, printable, signed
from sim.lab.worlds import claim
from sim.metrics import all_metrics
from sim.scenario import Scenario
from sim.scenario.root import KINDS

TIERS = ("blind", "informed", "oracle")


class MixtureError(PeakshiftError):
    """A mixture of two line-ups failed, so that no part can be told."""

    exit_code = 3


@dataclass(frozen=True)
class Attribution:
    """A table of parts or gains, where it is stored, and how it reads."""

    scenario: Scenario
    folder: Path
    metric: str
    title: str
    table: pd.DataFrame
    gap: float | None = None
    """Mean of B less mean of A."""

    def text(self) -> str:
        """The table as aligned text."""
        unit = all_metrics()[self.metric].unit
        rows: list[tuple[str, ...]] = [tuple(str(name).replace("_", " ") for name in self.table.columns)]
        for record in self.table.to_dict("records"):
            rows.append(tuple(_cell(str(name), value, unit) for name, value in record.items()))
        words = [n for n, name in enumerate(self.table.columns) if name in ("role", "tier", "strategy", "from", "to")]
        right = set(range(len(rows[0]))) - set(words)
        return "\n".join([printable(self.title), "", *aligned(rows, right)])

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; NaN becomes null."""
        rows = self.table.astype(object).where(self.table.notna(), None).to_dict("records")
        return {"name": self.scenario.name, "folder": str(self.folder), "metric": self.metric, "title": self.title,
                "gap": self.gap, "rows": rows}  # fmt: skip


def _cell(name: str, value: Any, unit: str) -> str:
    if isinstance(value, str) or name == "pairs":
        return str(value)
    return number(float(value), unit) if name == "mean" else signed(float(value), unit)


def shapley(value: Mapping[frozenset[str], Sequence[float]], players: Sequence[str]) -> dict[str, list[Fraction]]:
    """Each player's part, replication by replication, in exact arithmetic; `value` holds all coalitions' values.

    >>> v = {frozenset(): [0.0], frozenset("a"): [1.0], frozenset("b"): [2.0], frozenset("ab"): [5.0]}
    >>> [float(part[0]) for part in shapley(v, "ab").values()]
    [2.0, 3.0]
    """
    n = len(players)
    exact = {coalition: [Fraction(x) for x in values] for coalition, values in value.items()}
    parts = {}
    for player in players:
        others = [p for p in players if p != player]
        total = [Fraction(0)] * len(exact[frozenset()])
        for size in range(n):
            weight = Fraction(factorial(size) * factorial(n - size - 1), factorial(n))
            for chosen in combinations(others, size):
                without = exact[frozenset(chosen)]
                with_ = exact[frozenset((*chosen, player))]
                total = [t + weight * (b - a) for t, a, b in zip(total, without, with_, strict=True)]
        parts[player] = total
    return parts


def attribute(
    scenario: Scenario, a: str, b: str, *, schedule: str | None = None, metric: str = "profit",
    replications: int | None = None, seed: int | None = None, workers: int | None = None,
    out: Path | str | None = None, resume: bool = True, progress: Progress | None = None,
) -> Attribution:  # fmt: skip
    """Splits the gap of line-up `b` over line-up `a` by role. Raises UsageError for unknown line-ups, MixtureError
    where a mixture fails, as no part can then be told."""
    one_of("metric", metric, all_metrics())
    for name in (a, b):
        one_of("attribute", name, scenario.line_ups)
    schedule, scenario = schedule_of(scenario, schedule), _seeded(scenario, seed)
    folder = Path(out) if out is not None else default_folder(scenario)
    first, second = scenario.line_ups[a], scenario.line_ups[b]
    players = [kind for kind in KINDS if getattr(first, kind) != getattr(second, kind)]
    mixtures = {frozenset(c): mixed(first, {kind: getattr(second, kind) for kind in c})
                for size in range(len(players) + 1) for c in combinations(players, size)}  # fmt: skip
    names = {c: "+".join(kind for kind in players if kind in c) or a for c in mixtures}
    world = with_line_ups(scenario, {names[c]: line_up for c, line_up in mixtures.items()})
    values = _lived(world, schedule, metric, folder, replications or scenario.replications, workers, resume, progress)
    table = parts_table({c: values[names[c]] for c in mixtures}, players)
    store.write_csv(folder / "attribution.csv", table)
    gap = float(np.mean(values[names[frozenset(players)]]) - np.mean(values[names[frozenset()]]))
    title = f"{scenario.name}: {metric} of {b} less {a} on {schedule}, by role (Shapley)"
    return Attribution(scenario, folder, metric, title, table, gap)


def parts_table(value: Mapping[frozenset[str], Sequence[float]], players: Sequence[str]) -> pd.DataFrame:
    """One row a role, then the whole gap: part with interval, the effect swapped in alone and as the last."""
    whole, nothing = np.array(value[frozenset(players)]), np.array(value[frozenset()])
    parts = shapley(value, players)
    rows = []
    for kind in (*KINDS, "all"):
        zero = np.zeros(len(nothing))
        if kind == "all":
            part, alone, last = whole - nothing, whole - nothing, whole - nothing
        elif kind in parts:
            part = np.array([float(x) for x in parts[kind]])
            alone = np.array(value[frozenset([kind])]) - nothing
            last = whole - np.array(value[frozenset(players) - {kind}])
        else:
            part = alone = last = zero
        d = paired(part, zero)
        rows.append({"role": kind, "part": d.mean, "low": d.low, "high": d.high, "alone": float(alone.mean()),
                     "last": float(last.mean()), "pairs": d.pairs})  # fmt: skip
    return pd.DataFrame(rows)


def information(
    scenario: Scenario, *, schedule: str | None = None, metric: str = "profit", replications: int | None = None,
    seed: int | None = None, workers: int | None = None, out: Path | str | None = None, resume: bool = True,
    progress: Progress | None = None,
) -> Attribution:  # fmt: skip
    """What each tier of information is worth in each role of the baseline's line-up, over the tier below.

    Strategies run with their defaults; one that fails is left out. A tier without a shipped strategy is no row.
    """
    one_of("metric", metric, all_metrics())
    schedule, scenario = schedule_of(scenario, schedule), _seeded(scenario, seed)
    folder = Path(out) if out is not None else default_folder(scenario)
    runs = replications or scenario.replications
    if runs < 4:
        raise UsageError(f"replications: must be at least 4, half to pick and half to value, got {runs}")
    base = scenario.line_ups[baseline(scenario)[1]]
    tier = {(kind, name): plugins.find(kind, name).info for kind in KINDS for name in plugins.shipped(kind)}
    world = with_line_ups(scenario, {f"{kind}={name}": mixed(base, {kind: name}) for kind, name in tier})
    claim(folder, scenario)
    field = Field(world, schedule, metric, folder, workers, resume, progress)
    field.extend(dict.fromkeys(world.line_ups, runs))
    sign = 1.0 if all_metrics()[metric].better == "higher" else -1.0
    sound = {key: np.array(field.values["=".join(key)]) for key in tier if "=".join(key) not in field.errors}
    table = tiers_table(sound, tier, sign)
    store.write_csv(folder / "information.csv", table)
    title = f"{scenario.name}: {metric} by what each role may know, {baseline(scenario)[1]} on {schedule}"
    return Attribution(scenario, folder, metric, title, table)


def tiers_table(
    values: Mapping[tuple[str, str], NDArray[np.float64]], tier: Mapping[tuple[str, str], str], sign: float
) -> pd.DataFrame:
    """One row a role and tier: its best strategy, picked on the even replications; mean and gain on the odd ones."""
    rows: list[dict[str, Any]] = []
    for kind in KINDS:
        below: NDArray[np.float64] | None = None
        for level in TIERS:
            here = {name: x for (role, name), x in values.items() if role == kind and tier[role, name] == level}
            if not here:
                continue
            best = max(here, key=lambda name: (sign * float(here[name][::2].mean()), name))
            mine = here[best][1::2]
            d = paired(mine, below if below is not None else np.full(mine.size, np.nan))
            rows.append({"role": kind, "tier": level, "strategy": best, "mean": float(mine.mean()), "gain": d.mean,
                         "low": d.low, "high": d.high, "pairs": mine.size})  # fmt: skip
            below = mine
    return pd.DataFrame(rows, columns=["role", "tier", "strategy", "mean", "gain", "low", "high", "pairs"])


def _seeded(scenario: Scenario, seed: int | None) -> Scenario:
    return scenario if seed is None else with_line_ups(scenario.model_copy(update={"seed": seed}), scenario.line_ups)


def _lived(
    world: Scenario, schedule: str, metric: str, folder: Path, runs: int, workers: int | None, resume: bool,
    progress: Progress | None,
) -> dict[str, list[float]]:  # fmt: skip
    claim(folder, world)
    field = Field(world, schedule, metric, folder, workers, resume, progress)
    field.extend(dict.fromkeys(world.line_ups, runs))
    for name, error in field.errors.items():
        raise MixtureError(f"attribute: line-up {name!r} must live through its runs, got {error}")
    return field.values
