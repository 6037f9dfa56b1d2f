"""Runs in processes that we did not start: any executor's workers, Dask's on many machines.

A strategy travels as its name and is loaded there; before anything runs, the worker's sources are held against the
caller's, so that no result comes from other code than its key says. A run is written where it finished when the
results' folder is there too; else the caller writes it.

Whoever can talk to a Dask scheduler can run any code on its workers, and a worker on its client's machine can be made
to. So we join schedulers on this machine only, or behind TLS, unless told otherwise.
"""

from __future__ import annotations

import ipaddress
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from sim import plugins
from sim.actors.deadline import hung
from sim.errors import MissingExtraError, PeakshiftError, UsageError
from sim.lab import store
from sim.lab.plan import Run
from sim.lab.run import RunResult, run_one
from sim.lab.sources import Sources
from sim.scenario import Scenario
from sim.scenario.root import KINDS

_ONE_WORLD = threading.Lock()
"""A world holds the interpreter anyway, and a process has one alarm clock: threads take turns."""
_LOADED: dict[str, str] = {}
"""In this process: strategy's module -> SHA-256 of its source when it was first used."""
_CONNECT_SECONDS = 10


class SourcesDifferError(PeakshiftError):
    """A worker would run other code than the caller means."""


@dataclass(frozen=True)
class Job:
    """What a worker must know besides the run."""

    folder: Path
    """Of the runs; absolute."""
    sources: Sources
    caller: int
    """Process that asks: in itself no hung strategy may end the process."""

    @classmethod
    def of(cls, folder: Path, tasks: Sequence[tuple[Scenario, Run]]) -> Job:
        """For these runs, asked for by this process; their scenarios have the same line-ups."""
        sources = Sources.now(tasks[0][0], [run.line_up for _, run in tasks])
        return cls(folder.resolve(), sources, os.getpid())


def work(job: Job, task: tuple[Scenario, Run]) -> RunResult:
    """In a worker: check that it is the same code, live through one world, write it down where that can be."""
    scenario, run = task
    with _ONE_WORLD:
        _verify(job, scenario, run.line_up)
        shared = job.folder.is_dir()
        note = run.note(job.folder) if shared and os.getpid() != job.caller else None
        message = hung(note) if note is not None else None  # another worker was ended over it
        if message is not None:
            return RunResult(run.schedule, run.line_up, run.seed, {}, f"StrategyError: {message}")
        result = run_one(scenario, run.schedule, run.line_up, run.seed, note)
        if shared:
            keep(job.folder, run, result)
        return result


def keep(folder: Path, run: Run, result: RunResult) -> None:
    """Writes a run that is not there yet."""
    file = run.file(folder)
    if result.error is None and not file.exists():
        store.save_run(file, result)


def _verify(job: Job, scenario: Scenario, line_up: str) -> None:
    """Raises SourcesDifferError where this process has other sources, or loaded a strategy before it was changed."""
    here = Sources.now(scenario, [line_up])
    there = Sources(job.sources.engine, {line_up: job.sources.strategies[line_up]}, job.sources.packages)
    changes = there.changes(here)
    uses = scenario.line_ups[line_up]
    for kind in KINDS:
        module = plugins.find(kind, getattr(uses, kind).use, scenario.folder).__module__
        digest = here.strategies[line_up][kind]
        if _LOADED.setdefault(f"{kind} {module}", digest) != digest:
            changes.append(f"strategy {line_up}/{kind} (loaded before its file was changed)")
    if changes:
        raise SourcesDifferError(
            f"worker {os.getpid()}: its sources must be the caller's, different are {', '.join(changes)}; "
            "bring them up to date and restart the workers"
        )


def check_address(address: str, insecure: bool = False) -> None:
    """Refuses a scheduler beyond this machine without TLS, and what is no scheduler's address.

    >>> check_address("tcp://127.0.0.1:8786")
    >>> check_address("tls://10.0.0.5:8786")
    """
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in ("tcp", "tls") or not host or not port or parts.path or parts.username:
        raise UsageError(f"--dask: must be tcp://HOST:PORT or tls://HOST:PORT, got {address!r}")
    if parts.scheme == "tcp" and not insecure and not _loopback(host):
        raise UsageError(
            f"--dask: must be this machine (127.0.0.1) or tls://, got {address!r}: without TLS whoever reaches the "
            "scheduler can run code on the workers and here; --dask-insecure joins it all the same"
        )


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # a name can lead anywhere, and elsewhere tomorrow


@contextmanager
def dask_executor(address: str, insecure: bool = False) -> Iterator[Executor]:
    """Dask's scheduler at `address` as an executor. Certificates for tls:// come from Dask's own configuration
    (`distributed.comm.tls`)."""
    check_address(address, insecure)
    try:
        from distributed import Client  # optional and heavy: the extra `dask`
    except ImportError:
        raise MissingExtraError("distributed", "dask", "--dask") from None
    try:
        client = cast(Any, Client)(address, timeout=_CONNECT_SECONDS, set_as_default=False)  # it carries no types
    except (OSError, ValueError, TypeError) as error:  # no answer; no certificate
        told = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(f"--dask: must be a scheduler that answers, got {address!r}: {told}") from None
    try:
        if not client.scheduler_info()["workers"]:
            raise UsageError(f"--dask: must be a scheduler with workers, got none at {address!r}")
        yield cast(Executor, client.get_executor())
    finally:
        client.close()
