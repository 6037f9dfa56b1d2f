"""A Dask scheduler and two worker processes on loopback, as a user would start them; what an experiment left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


def contents(folder: Path) -> dict[str, bytes]:
    """All that must not depend on how the runs were done. No note and no part counts: orphans live a second longer."""
    files = [*folder.glob("*.parquet"), *folder.glob("*.csv"), *folder.glob("runs/*.npz")]
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in sorted(files)}


def _dask(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "dask", *arguments, "--host", "127.0.0.1", "--no-dashboard",
               "--scheduler-file", str(folder / "scheduler.json")]  # fmt: skip
    with (folder / f"{arguments[0]}.log").open("ab") as log:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """The scheduler's address; all processes are gone afterwards. A killed worker is started again by its nanny."""
    processes = [_dask(folder, "scheduler", "--port", "0")]
    try:
        processes.append(_dask(folder, "worker", "--nworkers", "2", "--nthreads", "1", "--local-directory", "scratch"))
        limit, told = time.monotonic() + 60, folder / "scheduler.json"
        log = folder / "worker.log"
        while not told.exists() or log.read_text().count("Registered to:") < 2:
            assert time.monotonic() < limit and all(p.poll() is None for p in processes), log.read_text()[-3000:]
            time.sleep(0.1)
        yield json.loads(told.read_text())["address"]
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
