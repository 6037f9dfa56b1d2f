"""The tidy tables of many runs, written run by run: memory holds a few runs' rows, however many there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sim.lab import store
from sim.lab.plan import Run
from sim.lab.run import RunResult

ROWS = 200_000
"""Rows that are gathered into one row group: the file's bytes depend on its content alone."""

_FRAMES: dict[str, Callable[[Sequence[tuple[Run, RunResult]]], pd.DataFrame]] = {
    "daily": store.daily_frame,
    "hourly": store.hourly_frame,
    "pnl": store.pnl_frame,
    "cohorts": store.cohorts_frame,
}


class _Table:
    """One parquet file that grows."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream, self.writer, self.waiting, self.rows = stream, None, [], 0

    writer: pq.ParquetWriter | None
    waiting: list[pa.Table]

    def add(self, frame: pd.DataFrame) -> None:
        schema = self.writer.schema if self.writer else self.waiting[0].schema if self.waiting else None
        self.waiting.append(pa.Table.from_pandas(frame, schema, preserve_index=False).replace_schema_metadata(None))
        self.rows += len(frame)
        if self.rows >= ROWS:
            self.flush()

    def flush(self) -> None:
        if self.waiting:
            table = pa.concat_tables(self.waiting)
            self.writer = self.writer or pq.ParquetWriter(self.stream, table.schema, compression="zstd")
            self.writer.write_table(table)
        self.waiting, self.rows = [], 0

    def close(self) -> None:
        self.flush()
        if self.writer:
            self.writer.close()
        else:  # nothing was delivered
            pq.write_table(pa.Table.from_pandas(pd.DataFrame()).replace_schema_metadata(None), self.stream)


def write_tables(folder: Path, runs: Sequence[Run], load: Callable[[Run], RunResult]) -> None:
    """daily, hourly, pnl and cohorts.parquet of `runs`, each loaded once; all four appear, or none is touched."""

    def nested(names: tuple[str, ...], open_: dict[str, _Table]) -> None:
        if names:
            file, rest = folder / f"{names[0]}.parquet", names[1:]
            store.write_atomic(file, lambda stream: nested(rest, {**open_, names[0]: _Table(stream)}))
            return
        for run, result in _loaded(runs, load):
            for name, table in open_.items():
                table.add(_FRAMES[name]([(run, result)]))
        for table in open_.values():
            table.close()

    nested(tuple(_FRAMES), {})


def _loaded(runs: Sequence[Run], load: Callable[[Run], RunResult]) -> Iterator[tuple[Run, RunResult]]:
    for run in runs:
        result = load(run)
        if result.error is None:
            yield run, result


def read_table(folder: Path, name: str, replications: int | None = None) -> pd.DataFrame:
    """A table of a stored experiment, of its first `replications` alone where given."""
    file = folder / f"{name}.parquet"
    if "replication" not in pq.read_schema(file).names:  # nothing was delivered
        return pd.read_parquet(file)
    return pd.read_parquet(file, filters=None if replications is None else [("replication", "<", replications)])
