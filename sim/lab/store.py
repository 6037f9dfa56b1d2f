"""Results on disk: one atomic file a run, compacted into tidy tables with the same bytes every time.

A run's file is named by the hash of all that decides it, so a repeated, enlarged or interrupted
experiment only runs what is new, and a half-written file cannot be taken for a whole one.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sim.errors import PeakshiftError
from sim.lab.plan import Run
from sim.lab.run import RunResult

_TABLES = ("daily", "hourly", "pnl", "cohorts")


class StoreError(PeakshiftError):
    """Results could not be written or read."""


def write_atomic(file: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Writes beside the target, then renames: the file is there whole or not at all."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.{_writer()}.", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as stream:
                write(stream)
                stream.flush()
                os.fsync(stream.fileno())
            os.chmod(name, _readable())
            os.replace(name, file)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreError(f"{file}: could not be written: {reason}") from None


_PART = re.compile(r"\..+\.([0-9A-Za-z-]+)-(\d+)\.[^.]+\.part")
_STALE_SECONDS = 86_400.0


def _host() -> str:
    """This machine's name, in letters, digits and hyphens."""
    return re.sub(r"[^0-9A-Za-z-]", "-", socket.gethostname()) or "-"


def _writer() -> str:
    """Who writes, in the name of the unfinished file."""
    return f"{_host()}-{os.getpid()}"


def sweep(folder: Path) -> int:
    """Removes what killed writers left unfinished; says how many files.

    A file goes when the process that its name tells of lives no more on this machine, or after a day.
    """
    gone = 0
    for file in folder.glob(".*.part"):
        told = _PART.fullmatch(file.name)
        if told is None:
            continue
        with contextlib.suppress(OSError):
            dead = told[1] == _host() and not _alive(int(told[2]))
            if dead or time.time() - file.stat().st_mtime > _STALE_SECONDS:
                file.unlink()
                gone += 1
    return gone


def _alive(pid: int) -> bool:
    """Whether a process of this machine lives; True where that cannot be asked without harm (Windows)."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True


def _readable() -> int:
    """The mode that a plain `open` would give; mkstemp's files are for their owner alone."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def prepare(folder: Path) -> None:
    """Makes the folder, proves that it can be written to before an hour is spent on runs, and sweeps it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StoreError(f"{folder}: must be a folder that can be written to: {error.strerror or error}") from None
    sweep(folder)


def save_run(file: Path, result: RunResult) -> None:
    """One run's metrics and tables in one file (npz, no pickles)."""
    arrays = {f"{table}/{name}": column for table in _TABLES for name, column in getattr(result, table).items()}
    head = json.dumps({"schedule": result.schedule, "line_up": result.line_up, "seed": result.seed,
                       "metrics": result.metrics})  # fmt: skip
    write_atomic(file, lambda stream: np.savez_compressed(stream, head=np.array(head), **arrays))


def load_run(file: Path, with_tables: bool = True) -> RunResult | None:
    """A run read back, or None when the file is not there or not whole; without tables only its metrics are read."""
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as data:
            head = json.loads(str(data["head"]))
            tables: dict[str, dict[str, Any]] = {table: {} for table in _TABLES}
            for key in data.files if with_tables else ():
                table, _, name = key.partition("/")
                if name:
                    tables[table][name] = data[key]
            return RunResult(
                head["schedule"], head["line_up"], head["seed"], head["metrics"], None,
                tables["daily"], tables["hourly"], tables["pnl"], tables["cohorts"],
            )  # fmt: skip
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, PermissionError):
            raise StoreError(f"{file}: could not be read: {error.strerror}") from None
        return None  # damaged from outside: it is run again


def write_parquet(file: Path, frame: pd.DataFrame) -> None:
    """A table whose bytes depend on its content alone."""
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    write_atomic(file, lambda stream: pq.write_table(table, stream, compression="zstd"))


def write_csv(file: Path, frame: pd.DataFrame) -> None:
    """A table for people and spreadsheets."""
    text = frame.to_csv(index=False, lineterminator="\n", float_format="%.10g")
    write_atomic(file, lambda stream: stream.write(text.encode()))


def write_json(file: Path, data: dict[str, Any]) -> None:
    """Readable JSON."""
    text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    write_atomic(file, lambda stream: stream.write(text.encode()))


def _labelled(run: Run, columns: dict[str, Any]) -> pd.DataFrame:
    head = {"schedule": run.schedule, "line_up": run.line_up, "replication": run.replication, "seed": run.seed}
    return pd.DataFrame({**head, **columns})


def _stack(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    parts = list(frames)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def runs_frame(outcomes: Sequence[tuple[Run, RunResult]]) -> pd.DataFrame:
    """One row a run, failed ones too, in the order of the plan."""
    names = next((list(result.metrics) for _, result in outcomes if result.error is None), [])
    rows = []
    for run, result in outcomes:
        head = {"schedule": run.schedule, "line_up": run.line_up, "replication": run.replication,
                "seed": run.seed, "status": result.status, "error": result.error or ""}  # fmt: skip
        rows.append({**head, **{name: result.metrics.get(name, float("nan")) for name in names}})
    return pd.DataFrame(rows)


def daily_frame(outcomes: Sequence[tuple[Run, RunResult]]) -> pd.DataFrame:
    """One row a run and day."""
    return _stack(_labelled(run, result.daily) for run, result in outcomes if result.error is None)


def hourly_frame(outcomes: Sequence[tuple[Run, RunResult]]) -> pd.DataFrame:
    """One row a run, station, day and hour: jobs that arrived, jobs an hour that the shift can do."""

    def columns(result: RunResult) -> dict[str, Any]:
        names, arrivals = result.hourly["station"], result.hourly["arrivals"]
        stations, days, hours = (axis.ravel() for axis in np.indices(arrivals.shape))
        return {"station": names[stations], "day": days.astype(np.int32), "hour": hours.astype(np.int8),
                "arrivals": arrivals.ravel(), "capacity": result.hourly["capacity"].ravel()}  # fmt: skip

    return _stack(_labelled(run, columns(result)) for run, result in outcomes if result.error is None)


def pnl_frame(outcomes: Sequence[tuple[Run, RunResult]]) -> pd.DataFrame:
    """One row a run, account and day, yuan."""

    def columns(result: RunResult) -> dict[str, Any]:
        accounts, days = (axis.ravel() for axis in np.indices(result.pnl["fen"].shape))
        return {"account": result.pnl["account"][accounts], "day": days.astype(np.int32),
                "yuan": result.pnl["fen"].ravel() / 100}  # fmt: skip

    return _stack(_labelled(run, columns(result)) for run, result in outcomes if result.error is None)


def cohorts_frame(outcomes: Sequence[tuple[Run, RunResult]]) -> pd.DataFrame:
    """One row a run, source, month of first order and days to the second (-1 = none): customers."""
    return _stack(_labelled(run, result.cohorts) for run, result in outcomes if result.error is None)


def write_run(folder: Path, result: RunResult) -> None:
    """The tables of a single run, for `peakshift run --out`."""
    one = [(Run(result.schedule, result.line_up, 0, result.seed, ""), result)]
    write_parquet(folder / "runs.parquet", runs_frame(one))
    write_parquet(folder / "daily.parquet", daily_frame(one))
    write_parquet(folder / "hourly.parquet", hourly_frame(one))
    write_parquet(folder / "pnl.parquet", pnl_frame(one))
    write_parquet(folder / "cohorts.parquet", cohorts_frame(one))
