"""Many runs on many processes; a worker that dies loses nothing.

A plain ProcessPoolExecutor loses everything it holds when one worker is killed. Here the pool is
made anew and what was not finished is handed out again; a task that was in work at two deaths is
tried alone, and given up when it kills its worker alone. Who can tell from outside what a dead worker was at
(`post_mortem`) spares both the task and the others the second try.

Any other `concurrent.futures.Executor` serves as well (threads; Dask's many machines: sim/lab/remote.py). It looks
after its own workers; what it gives up is tried once more, alone.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from sim.errors import PeakshiftError
from sim.lab.workers import without_main, worker_pool

T = TypeVar("T")
R = TypeVar("R")
KILLED = "WorkerKilled: the worker process died while this ran, alone, twice (killed, crashed or left by os._exit)"


class WorkerKilled(Exception):
    """A task that kills its worker process each time."""


class ExecutorError(PeakshiftError):
    """The executor that was handed in does not work, or works no more."""


def map_tasks(
    function: Callable[[T], R], tasks: Sequence[T], workers: int, post_mortem: Callable[[T], R | None] | None = None,
    executor: Executor | None = None, apart: bool = False,
) -> Iterator[tuple[int, R | WorkerKilled]]:  # fmt: skip
    """(number of the task, its result) as they finish, in any order.

    `function` and the tasks must be picklable when `workers` > 1. An exception of `function` itself
    is a fault of ours and is raised. `post_mortem` is asked about each task that was in work when a worker died: a
    result of its own settles the task, None has it tried again. Where it is given, more than one worker always means
    another process, even for a single task; so does `apart`, for tasks whose code is not ours and may end the process
    that it runs in. With an `executor` the tasks go there, and `workers` means nothing.
    """
    if executor is not None:
        yield from _elsewhere(function, tasks, executor)
        return
    if not apart and (workers <= 1 or (len(tasks) == 1 and post_mortem is None)):
        for n, task in enumerate(tasks):
            yield n, function(task)
        return
    open_, deaths = list(range(len(tasks))), Counter[int]()
    while open_:
        suspects = [n for n in open_ if deaths[n] >= 2]
        if suspects:
            n = suspects[0]
            open_.remove(n)
            # With one worker it was alone each time.
            yield n, _alone(function, tasks[n], post_mortem or _unknown) if workers > 1 else WorkerKilled(KILLED)
            continue
        yield from _round(function, tasks, workers, open_, deaths, post_mortem or _unknown)


def _unknown(task: object) -> None:
    """Nobody can tell what a dead worker was at."""


def _submit(pool: ProcessPoolExecutor, function: Callable[[T], R], task: T) -> Future[R]:
    """Hands a task out; the pool starts its workers here, as they are needed."""
    with without_main():
        return pool.submit(function, task)


def _round(
    function: Callable[[T], R], tasks: Sequence[T], workers: int, open_: list[int], deaths: Counter[int],
    post_mortem: Callable[[T], R | None],
) -> Iterator[tuple[int, R]]:  # fmt: skip
    """Works through the open tasks until all are done or a worker dies; few are handed out at a
    time, so that a death blames few."""
    pool = worker_pool(min(workers, len(open_)))
    running: dict[Future[R], int] = {}
    waiting = iter(list(open_))
    try:
        while True:
            while len(running) < workers and (n := next(waiting, None)) is not None:
                running[_submit(pool, function, tasks[n])] = n
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=lambda f: running[f]):
                result = future.result()
                n = running.pop(future)
                open_.remove(n)
                yield n, result
    except BrokenProcessPool:
        finished: list[Future[R]] = [f for f in running if f.done() and f.exception() is None]
        for future in finished:
            n = running.pop(future)
            open_.remove(n)
            yield n, future.result()
        for n in running.values():
            found = post_mortem(tasks[n])
            if found is None:
                deaths[n] += 1
            else:
                open_.remove(n)
                yield n, found
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _alone(function: Callable[[T], R], task: T, post_mortem: Callable[[T], R | None]) -> R | WorkerKilled:
    """A suspect in a pool of its own, twice at most."""
    for _ in range(2):
        with worker_pool(1) as pool:
            try:
                return _submit(pool, function, task).result()
            except BrokenProcessPool:
                found = post_mortem(task)
                if found is not None:
                    return found
    return WorkerKilled(KILLED)


_IN_FLIGHT = 1024
"""Tasks handed to a foreign executor at a time: enough for any cluster of ours, few enough to hold in memory."""


def _elsewhere(
    function: Callable[[T], R], tasks: Sequence[T], executor: Executor
) -> Iterator[tuple[int, R | WorkerKilled]]:
    """On somebody else's executor. It hands out again what a dead worker held; a task that it gives up, which may have
    been a bystander each time, is tried once more when all others are done."""
    running: dict[Future[R], int] = {}
    waiting, suspects = iter(range(len(tasks))), list[int]()
    try:
        while True:
            while len(running) < _IN_FLIGHT and (n := next(waiting, None)) is not None:
                running[_hand_out(executor, function, tasks[n])] = n
            if not running:
                break
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=lambda f: running[f]):
                n = running.pop(future)
                result = _answer(future)
                if isinstance(result, WorkerKilled):
                    suspects.append(n)
                else:
                    yield n, result
        for n in suspects:
            yield n, _answer(_hand_out(executor, function, tasks[n]))
    finally:
        for future in running:
            future.cancel()


def _hand_out(executor: Executor, function: Callable[[T], R], task: T) -> Future[R]:
    try:
        with without_main():  # where it is a pool of processes, its workers start here
            return executor.submit(function, task)
    except RuntimeError as error:  # broken or shut down
        raise ExecutorError(f"executor: must take tasks, got {type(error).__name__}: {error}") from None


def _answer(future: Future[R]) -> R | WorkerKilled:
    """What came back; WorkerKilled where Dask gave the task up because its workers kept dying."""
    try:
        return future.result()
    except (CancelledError, BrokenExecutor) as error:
        reason = f"{type(error).__name__}: {error}".rstrip(": ")
        raise ExecutorError(f"executor: must last until the end, got {reason}") from None
    except ImportError as error:
        raise ExecutorError(f"executor: its workers must have peakshift and all it needs, got {error}") from None
    except Exception as error:
        if type(error).__name__ == "KilledWorker":  # distributed's, by name: it need not be installed
            return WorkerKilled(KILLED)
        raise


class WarmPool:
    """Worker processes that stay: for many small tasks, one after another. A Ctrl-C is the parent's to handle.

    What a dead worker held is lost: its futures raise BrokenProcessPool, and the next task gets a new pool.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None
        self._children: list[multiprocessing.process.BaseProcess] = []

    def submit(self, function: Callable[[T], R], task: T) -> Future[R]:
        """Hands a task out; a pool that has broken is made anew."""
        try:
            return self._submitted(function, task)
        except BrokenProcessPool:
            self._pool = None
            return self._submitted(function, task)

    def _submitted(self, function: Callable[[T], R], task: T) -> Future[R]:
        if self._pool is None:
            self._pool = worker_pool(self.workers, _serve)
        before = set(multiprocessing.active_children())
        future = _submit(self._pool, function, task)
        self._children += [child for child in multiprocessing.active_children() if child not in before]
        return future

    def close(self) -> None:
        """Ends the workers at once, in the middle of whatever they do."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
        for child in self._children:
            child.terminate()
        self._children.clear()


def _serve() -> None:
    """In a worker that stays: the terminal's Ctrl-C reaches it too, and means nothing to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
