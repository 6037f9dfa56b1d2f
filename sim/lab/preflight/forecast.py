"""The risk list: a world saved N days before a campaign, continued many times with other draws, and counted."""

from __future__ import annotations

import datetime
import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from sim.errors import UsageError, did_you_mean
from sim.lab.executor import WorkerKilled, map_tasks
from sim.lab.plan import seed_of
from sim.lab.preflight.actions import ACTIONS, SIZES
from sim.lab.preflight.risks import RISKS, Lookout, Reading, Window, read, threshold_of
from sim.lab.statistics import Difference, paired
from sim.scenario import Scenario
from sim.scenario.warnings import warnings_of
from sim.world import World

Progress = Callable[[int, int], None] | None
_RULES = "conflicting_rules"
TOP = "top"
"""Stands for the dearest risk that can still be acted upon."""
ACT_DAYS = 40
"""Days after the window in which what an action saves still counts: buyers who were served in time come again
(assumption; the reorders that lateness costs are spread over months)."""


@dataclass(frozen=True)
class Future:
    """One continuation, to be lived."""

    file: Path
    seed: int
    where: Window
    beyond: int = 0
    """Days to live after the window."""
    action: str = ""
    size: float = 1.0


@dataclass(frozen=True)
class Outcome:
    """What one continuation came to."""

    readings: dict[str, Reading]
    profit_yuan: float
    """From the day of the snapshot to the end of the window and what was lived beyond it."""


@dataclass(frozen=True)
class Row:
    """A line of the risk list."""

    name: str
    event: str
    threshold: float
    probability: float
    low: float
    high: float
    """95 % interval of the probability (Jeffreys); it knows the number of replications only."""
    loss_yuan: float
    """Mean over all replications, 0 in those without the event."""
    loss_error: float
    """Standard error of it."""
    day: datetime.date | None
    """Median worst day, of replications with the event."""
    act_by: datetime.date | None
    """Latest day on which the action still works."""
    too_late: bool
    action: str
    detail: str

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; NaN becomes null."""
        out: dict[str, Any] = {}
        for key, value in vars(self).items():
            value = value.isoformat() if isinstance(value, datetime.date) else value
            out[key] = None if isinstance(value, float) and not math.isfinite(value) else value
        return out


@dataclass(frozen=True)
class Acted:
    """A risk, its action, and what that changed in futures that had no part in choosing its size."""

    risk: str
    """Empty where nothing could be acted upon."""
    action: str = ""
    size: float = 1.0
    """The best of `SIZES` in the first half of the futures."""
    before: float = math.nan
    after: float = math.nan
    """Probability of the risk without and with the action, in the other half."""
    gain: Difference | None = None
    """Yuan of profit to `ACT_DAYS` after the window, with the action less without, pair by pair in the other half."""


@dataclass(frozen=True)
class Preflight:
    """The list of one campaign as seen from one morning."""

    campaign: str
    today: datetime.date
    replications: int
    rows: list[Row]
    outcomes: list[Outcome]
    where: Window
    acted: Acted | None = None
    """What acting on one risk came to."""


def lived(scenario: Scenario, schedule: str, line_up: str, campaign: str, days: int, seed: int) -> tuple[World, Window]:
    """A world on the midnight `days` days before a campaign's first. Raises UsageError where there is none."""
    names = scenario.schedules[schedule]
    if campaign not in names:
        near = did_you_mean(campaign, names)
        hint = f"; did you mean {near!r}?" if near else ""
        raise UsageError(f"--campaign: must be one of schedule {schedule} ({', '.join(names)}), got {campaign!r}{hint}")
    where = Window.of(scenario, scenario.campaigns[campaign])
    if where.first >= where.ends:
        raise UsageError(f"--campaign: must run within the calendar, got {campaign!r}, which lies outside")
    if where.first - days < 1:
        raise UsageError(f"--days: must be at most {max(0, where.first - 1)}, days simulated before it, got {days}")
    world = World(scenario, schedule, line_up, seed, guests=[Lookout])
    if any(strategy.info == "oracle" for strategy in world.merchant.line_up.values()):
        raise UsageError(f"--line-up: must hold no oracle, who knows the one true future, got {line_up!r}")
    world.live(where.first - days)
    return world, where


def continued(world: World, where: Window, today: int, beyond: int = 0) -> Outcome:
    """Lives a world through its window, and so many days on."""
    world.live(where.last)
    readings = read(world, where, today)
    world.live(where.last + beyond)  # or to the calendar's end
    profit = sum(int(account[today : where.last + beyond].sum()) for account in world.ledger.accounts.values()) / 100
    world.release()
    return Outcome(readings, profit)


def live_future(future: Future) -> Outcome:
    """One replication, in a worker or here."""
    world = World.load(future.file)
    today = world.days_lived
    world.branch(future.seed)
    if future.action:
        ACTIONS[future.action][1](world, future.where, future.size)
    return continued(world, future.where, today, future.beyond)


def preflight(
    scenario: Scenario, campaign: str, schedule: str, line_up: str, days: int = 10, replications: int = 40,
    act: str | None = None, thresholds: dict[str, float] | None = None, workers: int = 1, progress: Progress = None,
) -> Preflight:  # fmt: skip
    """The risk list `days` days before a campaign; with `act`, a risk's name or `TOP`, also what its action gains."""
    if act and act != TOP:
        _action_of(act)
    world, where = lived(scenario, schedule, line_up, campaign, days, seed_of(scenario.seed, 0))
    today, limits = world.days_lived, thresholds or {}
    seeds = [seed_of(scenario.seed, 1 + n) for n in range(replications)]
    acted = None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "world"
        world.save(file)
        world.release()
        futures = [Future(file, seed, where, ACT_DAYS if act else 0) for seed in seeds]
        plain = _all(futures, workers, progress)
        rows = risk_rows(scenario, plain, today, limits)
        rows += _rules(scenario, campaign, schedule, today)
        rows.sort(key=lambda row: (-row.loss_yuan if math.isfinite(row.loss_yuan) else 0.0, -row.probability, row.name))
        if act:
            acted = _act(_top(rows) if act == TOP else act, futures, plain, limits, workers, progress)
    return Preflight(campaign, scenario.calendar.date_of(today), replications, rows, plain, where, acted)


def _top(rows: Sequence[Row]) -> str:
    """The dearest risk that has an action and time left for it; empty where there is none."""
    known = (r.name for r in rows if r.action and r.loss_yuan > 0 and not r.too_late and not r.name.startswith(_RULES))
    return next(known, "")


def _act(
    risk: str, futures: Sequence[Future], plain: Sequence[Outcome], limits: dict[str, float], workers: int,
    progress: Progress,
) -> Acted:  # fmt: skip
    """The size that earns most in the first half of the futures, measured in the other, which did not choose it."""
    if not risk:
        return Acted("")
    action, half = _action_of(risk), len(futures) // 2
    tried = [replace(future, action=action, size=size) for size in SIZES for future in futures[:half]]
    profits = np.array([o.profit_yuan for o in _all(tried, workers, progress)]).reshape(len(SIZES), half)
    size = SIZES[int(profits.mean(axis=1).argmax())] if half else SIZES[0]
    with_it = _all([replace(future, action=action, size=size) for future in futures[half:]], workers, progress)
    gain = paired(np.array([o.profit_yuan for o in with_it]), np.array([o.profit_yuan for o in plain[half:]]))
    return Acted(risk, action, size, _chance(plain[half:], risk, limits), _chance(with_it, risk, limits), gain)


def _all(futures: Sequence[Future], workers: int, progress: Progress) -> list[Outcome]:
    out: dict[int, Outcome] = {}
    for n, result in map_tasks(live_future, futures, workers):
        if isinstance(result, WorkerKilled):
            raise result
        out[n] = result
        if progress is not None:
            progress(len(out), len(futures))
    return [out[n] for n in range(len(futures))]


def _action_of(act: str) -> str:
    risk = act.partition(":")[0]
    if risk not in RISKS or not RISKS[risk].action:
        known = [name for name, r in RISKS.items() if r.action]
        near = did_you_mean(risk, [TOP, *known])
        hint = f"; did you mean {near!r}?" if near else ""
        raise UsageError(f"--act: must be {TOP} or a risk with an action ({', '.join(known)}), got {act!r}{hint}")
    return RISKS[risk].action


def came(outcome: Outcome, name: str, thresholds: dict[str, float]) -> bool:
    """Whether an event came true: a risk without a part means any of its parts."""
    found = [r.value > threshold_of(n, thresholds) for n, r in outcome.readings.items()
             if n == name or n.partition(":")[0] == name]  # fmt: skip
    return any(found)


def _chance(outcomes: Sequence[Outcome], name: str, thresholds: dict[str, float]) -> float:
    return float(np.mean([came(o, name, thresholds) for o in outcomes]))


def lead_days(scenario: Scenario, lead: str) -> int:
    """Days that an action needs before the day it is to help on."""
    ops = scenario.operations
    if lead == "supply":
        return math.ceil(max(s.mean_days + s.sd_days for s in ops.suppliers.values())) + 1
    return ops.labour.temp_training_days + 1 if lead == "train" else 1


def risk_rows(scenario: Scenario, outcomes: Sequence[Outcome], today: int, thresholds: dict[str, float]) -> list[Row]:
    """One row a risk and part."""
    rows, n = [], len(outcomes)
    for name in outcomes[0].readings:
        risk, limit = RISKS[name.partition(":")[0]], threshold_of(name, thresholds)
        readings = [o.readings[name] for o in outcomes]
        hits = [r for r in readings if r.value > limit]
        losses = np.array([r.loss_yuan if r.value > limit else 0.0 for r in readings])
        k = len(hits)
        low = float(stats.beta.ppf(0.025, k + 0.5, n - k + 0.5)) if k else 0.0
        high = float(stats.beta.ppf(0.975, k + 0.5, n - k + 0.5)) if k < n else 1.0
        day = int(np.median([r.day for r in hits])) if hits else None
        by = None if day is None or not risk.action else day - lead_days(scenario, risk.lead)
        date = scenario.calendar.date_of
        typical = sorted(hits, key=lambda r: r.value)[k // 2].detail if hits else ""
        error = float(losses.std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan
        rows.append(Row(
            name, risk.event, limit, k / n, low, high, float(losses.mean()), error,
            None if day is None else date(day), None if by is None else date(by), by is not None and by < today,
            ACTIONS[risk.action][0] if risk.action else "", typical,
        ))  # fmt: skip
    return rows


def _rules(scenario: Scenario, campaign: str, schedule: str, today: int) -> list[Row]:
    """Warnings that name the campaign: certain, and of unknown cost. Rules can change until they are announced."""
    only = scenario.model_copy(update={"schedules": {schedule: scenario.schedules[schedule]}})
    terms, date = scenario.campaigns[campaign], scenario.calendar.date_of
    by = (terms.start - datetime.timedelta(days=terms.announced_days)).date()
    texts = [text for text in warnings_of(only) if f"campaigns.{campaign}" in text.partition(": ")[0]]
    return [
        Row(f"{_RULES}:{n}", "a rule that contradicts another or does nothing", 0.0, 1.0, 1.0, 1.0, math.nan,
            math.nan, terms.start.date(), by, by < date(today), "change the rule before it is announced", text)
        for n, text in enumerate(texts, 1)
    ]  # fmt: skip
