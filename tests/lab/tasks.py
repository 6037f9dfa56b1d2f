"""Tasks that worker processes can import."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path


def square(n: int) -> int:
    return n * n


def die_once(task: tuple[int, str]) -> int:
    """Kills its own process the first time each marked task is tried."""
    n, folder = task
    mark = Path(folder) / str(n)
    if n % 5 == 0 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.01)
    return n * n


def die_always(n: int) -> int:
    """Task 3 always kills its process."""
    if n == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.01)
    return n * n


def surroundings(name: str) -> tuple[str | None, str, list[str]]:
    """Of the process: an environment variable, the working folder, the import path."""
    return os.environ.get(name), str(Path.cwd()), sys.path
