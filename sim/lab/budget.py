"""Schedules held to the same promotion budget: their campaigns are scaled until both have spent the same.

`compare.hold: promo_budget`. For each line-up, every other schedule is held to what the baseline's schedule spends with
the same line-up, so that a difference between schedules is none of budget, and a line-up that needs fewer coupons keeps
that merit. One factor [f] multiplies what the campaigns of a schedule offer that touch the scored days: markdown, what
thresholds and bundles save, gifts in stock, paid traffic; not their ritual, dates or pre-sale. f is found by false
position (Illinois rule) on pilot replications with common draws, those of the experiment itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sim.errors import PeakshiftError
from sim.lab.plan import Run, baseline, pairs, runs_of
from sim.lab.run import RunResult
from sim.scenario import Scenario
from sim.scenario.campaigns import Campaign

TOLERANCE, PILOT_TOLERANCE = 0.02, 0.005
"""How near the spends must be in the experiment and in the pilot, share."""
PILOTS, ROUNDS = 5, 15

Pair = tuple[str, str]
Deliver = Callable[[list[Run]], list[tuple[Run, RunResult]]]


class BudgetError(PeakshiftError):
    """A schedule cannot spend what it is held to."""


def scaled(scenario: Scenario, schedule: str, factor: float) -> Scenario:
    """The same world with the scored campaigns of a schedule scaled; itself at factor 1."""
    if factor == 1.0:
        return scenario
    ours = _scored(scenario, schedule)
    campaigns = {name: times(c, factor) if name in ours else c for name, c in scenario.campaigns.items()}
    changed = scenario.model_copy(update={"campaigns": campaigns})
    changed._folder = scenario.folder
    return changed


def _scored(scenario: Scenario, schedule: str) -> dict[str, Campaign]:
    """Campaigns of a schedule that touch the scored days."""
    first, last = scenario.scored
    mine = {name: scenario.campaigns[name] for name in scenario.schedules[schedule]}
    return {name: c for name, c in mine.items() if c.end >= first and c.start < last}


def times(c: Campaign, f: float) -> Campaign:
    """A campaign that offers f times as much; not its ritual and dates."""
    rule = c.threshold and c.threshold.model_copy(update={"save_yuan": f * c.threshold.save_yuan})
    bundles = {n: b.model_copy(update={"saving": f * b.saving}) for n, b in c.bundles.items()}
    gifts = {n: g.model_copy(update={"stock_units": round(f * g.stock_units)}) for n, g in c.gifts.items()}
    return c.model_copy(update={
        "markdown": f * c.markdown, "threshold": rule, "bundles": bundles, "gifts": gifts,
        "traffic_yuan_per_day": f * c.traffic_yuan_per_day,
    })  # fmt: skip


def largest(scenario: Scenario, schedule: str) -> float:
    """The factor at which the first campaign reaches a bound: 95 % off, or all of a threshold's spend saved; at most
    100."""
    bounds = [100.0]
    for c in _scored(scenario, schedule).values():
        bounds += [0.95 / c.markdown] if c.markdown else []
        bounds += [0.95 / b.saving for b in c.bundles.values() if b.saving]
        if c.threshold and c.threshold.save_yuan:
            bounds.append(0.999 * c.threshold.spend_yuan / c.threshold.save_yuan)
    return min(bounds)


@dataclass
class _Search:
    """False position for spend(f) / target = 1."""

    most: float
    factor: float = 1.0
    low: tuple[float, float] | None = None
    high: tuple[float, float] | None = None
    last: tuple[float, float] | None = None

    def told(self, excess: float) -> bool:
        """Takes spend / target - 1 at `factor`, picks the next; whether it is near enough."""
        if abs(excess) <= PILOT_TOLERANCE:
            return True
        here, before, self.last = (self.factor, excess), self.last, (self.factor, excess)
        if excess < 0:
            same, self.low = self.low is not None, here
            if same and self.high:
                self.high = (self.high[0], self.high[1] / 2)
        else:
            same, self.high = self.high is not None, here
            if same and self.low:
                self.low = (self.low[0], self.low[1] / 2)
        if self.low and self.high:
            (a, below), (b, above) = self.low, self.high
            self.factor = a + (b - a) * -below / (above - below)
        else:  # along the secant, a little beyond; the first step as if spend were proportional
            slope = (excess - before[1]) / (here[0] - before[0]) if before and before[0] != here[0] else 0.0
            step = -1.05 * excess / slope if slope > 0 else self.factor * (1 / max(1 + excess, 0.05) - 1)
            self.factor = min(self.most, 4 * self.factor, max(self.factor / 4, self.factor + step))
        return False


def factors(scenario: Scenario, deliver: Deliver) -> dict[Pair, float]:
    """The factor of each pair that is held; `deliver` lives through runs. Raises BudgetError where there is none.

    A pair whose pilot runs fail keeps factor 1: its runs are failed rows of the experiment.
    """
    base, compared = baseline(scenario)[0], pairs(scenario)
    held = [pair for pair in compared if pair[0] != base]
    pilots = range(min(PILOTS, scenario.replications))
    target = _spend(deliver(runs_of(scenario, {(base, pair[1]): None for pair in held}, pilots)))
    open_ = {pair: _Search(largest(scenario, pair[0])) for pair in held if target.get((base, pair[1]), 0.0) > 0.0}
    found: dict[Pair, float] = {}
    for _ in range(ROUNDS):
        if not open_:
            return found
        now = {pair: search.factor for pair, search in open_.items()}
        spent = _spend(deliver(runs_of(scenario, now, pilots, now)))
        for pair in list(open_):
            search, last = open_[pair], now[pair]
            if pair not in spent:
                del open_[pair]
                continue
            goal = target[base, pair[1]]
            if search.told(spent[pair] / goal - 1):
                found[pair] = last
                del open_[pair]
            elif last >= search.most or last < 1e-3:
                raise BudgetError(_out_of_reach(pair, base, last, spent[pair], goal))
    pair = next(iter(open_))
    raise BudgetError(f"compare.hold: no factor within {ROUNDS} steps holds {pair[0]} with {pair[1]} to {base}'s spend")


def _spend(outcomes: list[tuple[Run, RunResult]]) -> dict[Pair, float]:
    """Mean realised promotion spend of each pair, yuan; a pair with a failed run is left out."""
    values: dict[Pair, list[float]] = {}
    for run, result in outcomes:
        values.setdefault((run.schedule, run.line_up), []).append(result.metrics.get("promo_spend", float("nan")))
    means = {pair: float(np.mean(spent)) for pair, spent in values.items()}
    return {pair: mean for pair, mean in means.items() if np.isfinite(mean)}


def _out_of_reach(pair: Pair, base: str, factor: float, spent: float, goal: float) -> str:
    return (
        f"compare.hold: schedules.{pair[0]}: must be able to spend what {base} spends with {pair[1]} "
        f"({goal:,.0f} yuan), got {spent:,.0f} yuan with its campaigns scaled by {factor:.4g}"
    )


def frame(scenario: Scenario, held: dict[Pair, float], runs: pd.DataFrame, daily: pd.DataFrame) -> pd.DataFrame:
    """One row a held pair: its factor, and mean realised and offered promotion of it and of the baseline's schedule
    with the same line-up, yuan over the scored days; `within` says whether the spends are within 2 %.

    NaN where the experiment itself does not run the baseline's schedule with that line-up.
    """
    base, first = baseline(scenario)[0], scenario.calendar.warm_up_days
    scored = daily[(daily["day"] >= first) & (daily["day"] < first + scenario.calendar.scored_days)]
    key = ["schedule", "line_up"]
    offered = scored.groupby([*key, "replication"])["offered_discount_yuan"].sum().groupby(key).mean()
    realised = runs[runs["status"] == "done"].groupby(key)["promo_spend"].mean()
    rows = []
    for (schedule, line_up), factor in held.items():
        mine, theirs = realised.get((schedule, line_up), np.nan), realised.get((base, line_up), np.nan)
        rows.append({
            "schedule": schedule, "line_up": line_up, "baseline_schedule": base, "factor": factor,
            "realised_yuan": mine, "baseline_realised_yuan": theirs,
            "offered_yuan": offered.get((schedule, line_up), np.nan),
            "baseline_offered_yuan": offered.get((base, line_up), np.nan),
            "within": bool(abs(mine / theirs - 1) <= TOLERANCE),
        })  # fmt: skip
    columns = ["schedule", "line_up", "baseline_schedule", "factor", "realised_yuan", "baseline_realised_yuan",
               "offered_yuan", "baseline_offered_yuan", "within"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)
