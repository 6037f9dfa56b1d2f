"""Where worker processes come from: on Linux forked from one server that has loaded everything, elsewhere spawned.

A spawned worker spends seconds on imports and on reading compiled kernels. The server does it once for the life of the
caller's process (sim/lab/warm.py) and has no threads of its own, so forking it is safe. A worker still is what a
spawned one would be: it gets its caller's import path, folder and environment, and where a source file has changed
since the server read it, workers are spawned, so that no result comes from another code than its hash says.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.context import BaseContext
from pathlib import Path

from sim.plugins import LIBRARY

_SINGLE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
_read: dict[Path, int] = {}
"""Our source files as the server found them -> time of their last change, ns. Empty while there is no server."""
_lock = threading.Lock()


def worker_pool(workers: int, prepare: Callable[[], None] | None = None) -> ProcessPoolExecutor:
    """A pool whose workers leave with the caller; `prepare` is called first in each of them."""
    for name in _SINGLE_THREAD:
        os.environ.setdefault(name, "1")
    return ProcessPoolExecutor(workers, _context(), initializer=_begin, initargs=(dict(os.environ), prepare))


def make_ready() -> None:
    """Starts what workers come from, while the caller does something else first."""
    _context()


@contextmanager
def without_main() -> Iterator[None]:
    """While workers start: hides the caller's main module, which would be run again in each of them.

    Tasks never need it. A script without `if __name__ == "__main__"`, or one read from standard
    input, would otherwise kill every worker at birth.
    """
    main = sys.modules["__main__"]
    hidden = {name: getattr(main, name) for name in ("__spec__", "__file__") if hasattr(main, name)}
    try:
        main.__spec__ = None
        if "__file__" in hidden:
            del main.__file__
        yield
    finally:
        for name, value in hidden.items():
            setattr(main, name, value)


def _context() -> BaseContext:
    """How workers are made here and now."""
    if not sys.platform.startswith("linux"):
        return multiprocessing.get_context("spawn")
    with _lock:
        now = {file: file.stat().st_mtime_ns for part in (LIBRARY, Path(__file__).parents[1])
               for file in part.rglob("*.py")}  # fmt: skip
        if not _read:
            _read.update(now)
        if now != _read:
            return multiprocessing.get_context("spawn")
        _start_server()
        return multiprocessing.get_context("forkserver")


def _start_server() -> None:
    """Starts it, or a killed one again, with our import path: Python hands that to workers only."""
    from multiprocessing import forkserver  # not on Windows

    multiprocessing.set_forkserver_preload(["sim.lab.warm"])
    paths = os.pathsep.join(os.path.abspath(path) for path in sys.path)
    ours = {"PYTHONPATH": paths, "PYTHONSAFEPATH": "1"}
    before = {name: os.environ.get(name) for name in ours}
    os.environ |= ours
    try:
        with without_main():
            forkserver.ensure_running()
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _begin(environment: dict[str, str], prepare: Callable[[], None] | None) -> None:
    """In a new worker: the caller's environment; it ends with its caller, which a killed caller cannot ask for."""
    os.environ.clear()
    os.environ |= environment
    caller = multiprocessing.parent_process()
    assert caller is not None

    def leave() -> None:
        caller.join()
        os._exit(1)

    threading.Thread(target=leave, daemon=True).start()
    if prepare is not None:
        prepare()
