"""Runs handed out and brought home: lived through in workers or on an executor, each written where it finished.

Whatever an experiment asks for comes through here, so an interrupted or enlarged one runs only what is new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sim.actors.deadline import hung
from sim.lab import remote, store
from sim.lab.executor import KILLED, ExecutorError, map_tasks
from sim.lab.plan import Run, from_outside
from sim.lab.run import RunResult, run_one
from sim.scenario import Scenario

Progress = Callable[[int, int], None]
"""(runs done, runs in all)"""
Task = tuple[Scenario, Run]
"""A run and the scenario that it lives through."""


@contextmanager
def keeping(folder: Path, resume: bool = True) -> Iterator[None]:
    """Around an experiment with this folder of runs: where it ends too early, the error says what is kept of it."""
    try:
        yield
    except (KeyboardInterrupt, store.StoreError, ExecutorError) as error:
        raise type(error)(_Left(str(error), folder, resume)) from None


@dataclass(frozen=True)
class _Left:
    """An error and what an experiment leaves behind, as it is when that is read: a folder that was for the moment alone
    is gone by then."""

    error: str
    folder: Path
    resume: bool

    def __str__(self) -> str:
        count = sum(1 for _ in self.folder.glob("*.npz"))
        runs = f"{count} finished {'run is' if count == 1 else 'runs are'} kept in {self.folder}"
        again = (
            "the same command goes on from there" if self.resume else "without --fresh the same command goes on there"
        )
        kept = f"{runs}; {again}" if count else "no finished run is kept"
        return f"{self.error}; {kept}" if self.error else kept


def deliver(
    tasks: Sequence[Task], folder: Path, workers: int, resume: bool, progress: Progress | None = None,
    executor: Executor | None = None,
) -> list[RunResult]:  # fmt: skip
    """The metrics of every task, in its order: from the folder of runs where they are, else lived through.

    Their tables stay in the folder: memory could not hold those of hundreds. A run that fails is its error.
    """
    files = {run.key: run.file(folder) for _, run in tasks}
    results: dict[str, RunResult] = {}
    for key, file in files.items() if resume else ():
        found = store.load_run(file, with_tables=False)
        if found is not None:
            results[key] = found
    todo = list({run.key: (scenario, run) for scenario, run in tasks if run.key not in results}.values())

    def told() -> None:
        if progress:
            progress(len(results), len(files))

    told()
    _forget(folder, todo)
    apart = workers > 1 or any(from_outside(scenario, run.line_up) for scenario, run in todo)
    work = partial(_work, folder, apart)
    if executor is not None and todo:
        work = partial(remote.work, remote.Job.of(folder, todo))
    for n, result in map_tasks(work, todo, workers, partial(_hung, folder), executor, apart):
        run = todo[n][1]
        if not isinstance(result, RunResult):
            result = RunResult(run.schedule, run.line_up, run.seed, {}, KILLED)
        if executor is not None:
            remote.keep(folder, run, result)
        results[run.key] = result.without_tables()
        told()
    _forget(folder, todo)
    store.sweep(folder)
    return [results[run.key] for _, run in tasks]


def reload(folder: Path, task: Task) -> RunResult:
    """A delivered run with its tables; lived through again where its file was damaged in the meantime."""
    scenario, run = task
    return store.load_run(run.file(folder)) or run_one(scenario, run.schedule, run.line_up, run.seed)


def _work(folder: Path, apart: bool, task: Task) -> RunResult:
    """In a worker: live through one world and write it down where it finished."""
    scenario, run = task
    note = run.note(folder) if apart else None  # in the caller's own process nothing may be ended
    result = run_one(scenario, run.schedule, run.line_up, run.seed, note)
    if result.error is None:
        store.save_run(run.file(folder), result)
    return result.without_tables()


def _hung(folder: Path, task: Task) -> RunResult | None:
    """Of a run whose worker has died: a failed run where a strategy hung, None where we cannot tell."""
    message, run = hung(task[1].note(folder)), task[1]
    return RunResult(run.schedule, run.line_up, run.seed, {}, f"StrategyError: {message}") if message else None


def _forget(folder: Path, tasks: Sequence[Task]) -> None:
    """Removes notes of killed workers: they tell of another attempt."""
    for _, run in tasks:
        run.note(folder).unlink(missing_ok=True)
