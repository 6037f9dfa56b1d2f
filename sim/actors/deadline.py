"""How long one question to a strategy may take. It contains accidents; it is no security sandbox.

Two clocks. The soft one raises `Overdue` inside the strategy at the deadline (an alarm signal: main thread of a
POSIX process only). Code that never comes back to Python, or that catches everything, does not hear it; for that
the hard one ends the whole process within half a second, from a C thread that needs no interpreter lock. It is armed
only where a `note` is given, which is in worker processes: whoever started the worker reads from the note who was
asked (`hung`) and goes on with the others.

The hard clock is a thread each time it is set, 0.2 to 0.7 ms beside busy workers and most of what a question cost. So
between questions that follow each other (`several`) it stays, and is set anew only once half of its grace has passed.
"""

from __future__ import annotations

import contextlib
import faulthandler
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sim.errors import unmasked

GRACE_SECONDS = 0.5
"""From the soft clock to the hard one, at most; at least half of it."""
_MARK = "\nTimeout ("
"""What the hard clock (faulthandler) writes below the note before it ends the process."""


class Overdue(BaseException):
    """The deadline passed. No `Exception`, so that a strategy's own handlers do not swallow it."""


class Deadline:
    """`seconds` for each question; `note` is a file that tells the outside who is being asked."""

    def __init__(self, seconds: float, note: Path | None = None) -> None:
        self.seconds = seconds
        self._note = note
        self._file: IO[str] | None = None
        self._set = -math.inf
        """When the hard clock was set; never while it is not."""
        self._stays = self._rings = self._asking = False

    @contextmanager
    def several(self) -> Iterator[None]:
        """Around questions one right after the other: both clocks stay at hand between them."""
        with _listening(self._ring) as self._rings:
            self._stays = True
            try:
                yield
            finally:
                self._stays = False
                self._disarm()

    @contextmanager
    def watch(self, message: str) -> Iterator[None]:
        """For the length of one question. Raises Overdue when it took longer; `message` goes into the note."""
        if not self._stays:
            with self.several(), self.watch(message):
                yield
            return
        begun = time.monotonic()
        self._arm(message)
        self._asking = True
        try:
            if self._rings:
                signal.setitimer(signal.ITIMER_REAL, self.seconds)
            with unmasked():
                yield
        finally:
            self._asking = False
            if self._rings:
                signal.setitimer(signal.ITIMER_REAL, 0.0)
        if time.monotonic() - begun > self.seconds:  # it caught the alarm, or there was none
            raise Overdue

    def _ring(self, *_: object) -> None:
        if self._asking:
            raise Overdue

    def _arm(self, message: str) -> None:
        if self._note is None:
            return
        try:
            if self._file is None:
                self._file = self._note.open("w", encoding="utf-8")
            self._file.seek(0)
            self._file.truncate()
            self._file.write(message + "\n")
            self._file.flush()
        except OSError:  # a full disk ends the run when it is to be stored, and says so there
            self.close()
            self._note = None
            return
        now = time.monotonic()
        if now - self._set > GRACE_SECONDS / 2:
            faulthandler.dump_traceback_later(self.seconds + GRACE_SECONDS, exit=True, file=self._file)
            self._set = now

    def _disarm(self) -> None:
        if self._file is not None:
            faulthandler.cancel_dump_traceback_later()
        self._set = -math.inf

    def close(self) -> None:
        """Nobody is asked any more: the note goes."""
        if self._file is not None and self._note is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._note.unlink(missing_ok=True)
            self._file = None


@contextmanager
def _listening(ring: Callable[..., None]) -> Iterator[bool]:
    """Whether an alarm can be heard here: in the main thread, where there are alarms. It is `ring` that hears it."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield False
        return
    before = signal.signal(signal.SIGALRM, ring)
    left, again = signal.setitimer(signal.ITIMER_REAL, 0.0)
    begun = time.monotonic()
    try:
        yield True
    finally:
        rest = max(1e-3, left - (time.monotonic() - begun)) if left else 0.0  # somebody else's alarm goes on
        signal.signal(signal.SIGALRM, before if before is not None else signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, rest, again)


def hung(note: Path) -> str | None:
    """Of a process that has ended: the message of the question at which the hard clock ended it, or None."""
    text = ""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        text = note.read_text(encoding="utf-8")
        note.unlink()
    message, mark, _ = text.partition(_MARK)
    return message if mark else None
