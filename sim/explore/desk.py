"""Who may ask how much: one question a session, warm workers, every run kept that was lived through."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sim.errors import PeakshiftError
from sim.explore.levers import Levers, Span, line_up_of, moved
from sim.explore.look import Dropped, Glimpse, Task, live, played, summary
from sim.lab.executor import WarmPool
from sim.lab.plan import seed_of
from sim.scenario import Scenario, scenario_hash

MOST_PAIRS = 12
"""Paired seeds that a session may ask for at a time."""
MOST_KEPT = 400
"""Runs in memory, about 150 kB each."""
MOST_SESSIONS = 8
SECONDS = 120.0
"""Longest that a look may take; then it is given up, and the workers with it."""
FIRST_SECONDS = 1800.0
"""The same before any run has ended: kernels may have to be compiled first, once on a machine."""
Key = tuple[str, int]


class Superseded(PeakshiftError):
    """A later question of the same session came before this one was answered."""


class Busy(PeakshiftError):
    """Too many sessions at a time, or a run that did not end."""


class _Run:
    """A run that is waiting, under way or done, how many open questions want it, and the file that ends it."""

    done: asyncio.Task[Glimpse]

    def __init__(self, dropped: Path) -> None:
        self.begun, self.wanted, self.dropped = False, 0, dropped

    @property
    def usable(self) -> bool:
        """Whether it is done or will be."""
        if self.done.done():
            return not self.done.cancelled() and self.done.exception() is None
        return not self.dropped.exists()

    def leave(self) -> None:
        """One question less wants it; without any it is dropped: at once before it has begun, else at midnight."""
        self.wanted -= 1
        if self.wanted or self.done.done():
            return
        if self.begun:
            self.dropped.touch()
        else:
            self.done.cancel()


class Desk:
    """Answers looks. Used from one event loop."""

    def __init__(self, workers: int) -> None:
        self.pool = WarmPool(workers)
        self._free, self._warm = asyncio.Semaphore(workers), False
        self._runs: OrderedDict[Key, _Run] = OrderedDict()
        self._asked: OrderedDict[str, asyncio.Event] = OrderedDict()
        """Session -> set when its open question is overtaken."""
        self._flags, self._numbers = tempfile.TemporaryDirectory(prefix="peakshift-"), itertools.count()

    async def look(
        self, session: str, scenario: Scenario, levers: Levers, pairs: int, span: Span = "weeks"
    ) -> dict[str, Any]:
        """Both schedules over `pairs` seeds, for the weeks around the event or the season. Raises Superseded when the
        session asks anew meanwhile."""
        overtaken = self._turn(session)
        try:
            return await self._answer(scenario, levers, pairs, span, overtaken)
        finally:
            if self._asked.get(session) is overtaken:
                del self._asked[session]

    def _turn(self, session: str) -> asyncio.Event:
        earlier = self._asked.pop(session, None)
        if earlier is not None:
            earlier.set()
        if len(self._asked) >= MOST_SESSIONS:
            raise Busy(f"sessions: must be at most {MOST_SESSIONS} at a time; try again in a moment")
        self._asked[session] = asyncio.Event()
        return self._asked[session]

    async def _answer(
        self, scenario: Scenario, levers: Levers, pairs: int, span: Span, overtaken: asyncio.Event
    ) -> dict[str, Any]:
        await asyncio.sleep(0)  # a later question that is here already goes first
        if overtaken.is_set():
            raise Superseded("overtaken")
        quick, window, factor = moved(scenario, levers, span)
        line_up = line_up_of(scenario, levers)
        sides = {name: only(quick, name) for name in dict.fromkeys((window.first, window.second))}
        hashes = {name: scenario_hash(part) for name, part in sides.items()}
        goes_on, hourly = span == "weeks" and window.season is not None, span == "weeks" or window.season is None
        runs: dict[tuple[str, int], _Run] = {}
        for n in range(pairs):
            for name, part in sides.items():
                task = Task(part, name, line_up, seed_of(scenario.seed, n), goes_on, hourly)
                runs[name, n] = self._run((hashes[name], task.seed), task)
        await self._wait(list(runs.values()), overtaken)
        first, second = ([runs[name, n].done.result() for n in range(pairs)] for name in (window.first, window.second))
        whole = [n for n in range(pairs) if first[n].error is None and second[n].error is None]
        errors = sorted({g.error for g in (*first, *second) if g.error is not None})
        if not whole:
            raise PeakshiftError(f"no run could be finished: {errors[0]}")
        first, second = [first[n] for n in whole], [second[n] for n in whole]
        return {
            "first": window.first, "second": window.second, "line_up": line_up, "errors": errors,
            "pairs": len(whole), "asked": pairs, "people": quick.market.consumers, "of": scenario.market.consumers,
            "warm_up_days": quick.calendar.warm_up_days, "scored_days": quick.calendar.scored_days,
            "scored_start": _day(quick, 0), "scored_end": _day(quick, quick.calendar.scored_days - 1),
            "season_end": _day(scenario, scenario.calendar.scored_days - 1), "longer": window.season is not None,
            "campaigns": {side: _windows(quick, name) for side, name in
                          (("first", window.first), ("second", window.second))},
            **summary(first, second, factor), "played": played(first[0], second[0], factor),
        }  # fmt: skip

    def _run(self, key: Key, task: Task) -> _Run:
        """The run with this key: one that is kept or under way, else a new one."""
        run = self._runs.get(key)
        if run is None or not run.usable:
            run = self._runs[key] = _Run(Path(self._flags.name) / str(next(self._numbers)))
            run.done = asyncio.ensure_future(self._live(run, replace(task, dropped=run.dropped)))
        run.wanted += 1
        self._runs.move_to_end(key)
        if len(self._runs) > MOST_KEPT:
            self._runs.popitem(last=False)
        return run

    async def _live(self, run: _Run, task: Task) -> Glimpse:
        """Waits for a free worker. No more is handed to the pool, as what it holds could not be dropped any more."""
        async with self._free:
            run.begun = True
            try:
                return await asyncio.wrap_future(self.pool.submit(live, task))
            except Dropped:
                raise asyncio.CancelledError from None  # nobody waits for it
            finally:
                run.dropped.unlink(missing_ok=True)

    async def _wait(self, runs: Sequence[_Run], overtaken: asyncio.Event) -> None:
        """Until all runs are done. When the question is overtaken, what no other wants is dropped."""
        stop = asyncio.ensure_future(overtaken.wait())
        all_done = asyncio.ensure_future(asyncio.wait([run.done for run in runs]))
        limit = SECONDS if self._warm else FIRST_SECONDS
        try:
            await asyncio.wait((all_done, stop), timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            if all_done.done():
                self._warm = True
                return
            if overtaken.is_set():
                raise Superseded("overtaken")
            self.pool.close()
            raise Busy(f"the look: must take at most {limit:g} seconds; a strategy may hang")
        finally:
            stop.cancel()
            all_done.cancel()
            for run in runs:
                run.leave()

    def stop(self) -> None:
        """Drops all open questions."""
        for overtaken in self._asked.values():
            overtaken.set()

    def close(self) -> None:
        """Ends the workers."""
        self.pool.close()
        self._flags.cleanup()


def only(scenario: Scenario, schedule: str) -> Scenario:
    """The scenario without other schedules and their campaigns: what one run depends on, and nothing else."""
    names = scenario.schedules[schedule]
    changed = scenario.model_copy(update={
        "schedules": {schedule: names}, "campaigns": {name: scenario.campaigns[name] for name in names},
        "compare": scenario.compare.model_copy(update={"baseline": None, "schedules": []}),
    })  # fmt: skip
    changed._folder = scenario.folder
    return changed


def _day(scenario: Scenario, scored: int) -> str:
    """The date of a scored day."""
    return scenario.calendar.date_of(scenario.calendar.warm_up_days + scored).isoformat()


def _windows(scenario: Scenario, schedule: str) -> list[dict[str, str]]:
    """The schedule's campaigns, to be marked on the chart."""
    found = ((name, scenario.campaigns[name]) for name in scenario.schedules[schedule])
    return [{"name": name, "start": c.start.isoformat(), "end": c.end.isoformat()} for name, c in found]
