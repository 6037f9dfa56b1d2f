"""A file of order lines as text: CSV of any common encoding and delimiter, or Parquet; every row with its line."""

from __future__ import annotations

import codecs
import csv
import gc
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sim.errors import DataError

MOST_ROWS = 10_000_000
_CHUNK = 100_000
_BREAK = re.compile(r"\r\n|\r|\n")
_MOST_COLUMNS = 1_000
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_MAGIC = {b"PK\x03\x04": "a ZIP or Excel file", b"\x1f\x8b": "a gzip file", b"%PDF": "a PDF file",
          b"\xd0\xcf\x11\xe0": "an old Excel file"}  # fmt: skip


@dataclass(frozen=True)
class Head:
    """What a file is, before its rows are read."""

    path: Path
    format: str
    """`csv` or `parquet`."""
    encoding: str
    delimiter: str
    header: list[str]
    header_line: int

    def told(self) -> str:
        """In words."""
        if self.format == "parquet":
            return "Parquet"
        return f"CSV, {self.encoding}, columns separated by {_DELIMITERS[self.delimiter]}"


@dataclass(frozen=True)
class Raw:
    """The chosen columns of all rows as text, and what could not be read as a row."""

    frame: pd.DataFrame
    line: NDArray[np.int64]
    """(rows,) line of the file on which each row ends; in Parquet the row's number."""
    same: NDArray[np.int64]
    """(rows,) equal for rows that are equal in every column of the file."""
    broken: list[tuple[int, str]]
    """(line, problem) of rows that do not fit the header."""
    trimmed: list[int]
    """Lines whose empty values beyond the header were cut off."""
    blank: int
    """Lines without anything on them."""


def head_of(path: Path) -> Head:
    """Recognises the file. Raises DataError that names it."""
    try:
        with path.open("rb") as file:
            start = file.read(65_536)
    except OSError as error:
        raise DataError(f"{path}: must be a file that can be read: {error.strerror}") from None
    except ValueError as error:  # a NUL in the name
        raise DataError(f"{path!r}: must be the name of a file: {error}") from None
    if not start.strip():
        raise DataError(f"{path}: must hold order lines, got an empty file")
    if start[:4] == b"PAR1":
        _, names = _parquet(path)
        return Head(path, "parquet", "", "", [name.strip() for name in names], 1)
    for magic, name in _MAGIC.items():
        if start.startswith(magic):
            raise DataError(f"{path}: must be a CSV or Parquet file, got {name}; unpack it or save it as CSV")
    wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if b"\0" in start and not wide:
        raise DataError(f"{path}: must be a text file (CSV), got binary data")
    encoding = "utf-16" if wide else _encoding(path)
    if wide:
        _decodes(path, encoding)
    delimiter = _delimiter(start.decode(encoding, errors="replace"))
    for (number,), (row,) in _chunks(path, encoding, delimiter, 1):
        if any(value.strip() for value in row):
            if len(row) > _MOST_COLUMNS:
                raise DataError(f"{path}:{number}: must have at most {_MOST_COLUMNS} columns, got {len(row)}")
            return Head(path, "csv", encoding, delimiter, [name.strip() for name in row], number)
    raise DataError(f"{path}: must hold order lines, got an empty file")


def read(head: Head, columns: Sequence[int]) -> Raw:
    """All rows, `columns` (positions in the header) alone kept, named by position. Raises DataError."""
    return _read_parquet(head, columns) if head.format == "parquet" else _read_csv(head, columns)


def _read_csv(head: Head, columns: Sequence[int]) -> Raw:
    width, blank, kept_rows = len(head.header), 0, 0
    parts: list[pa.Table] = []
    lines: list[NDArray[np.int64]] = []
    same: list[NDArray[np.int64]] = []
    broken: list[tuple[int, str]] = []
    trimmed: list[int] = []

    def usable(ends: Sequence[int], rows: list[list[str]]) -> tuple[Sequence[int], list[list[str]]]:
        """The rows of a chunk that have as many values as the header; the others are noted."""
        nonlocal blank
        if ends[0] > head.header_line and all(map(width.__eq__, map(len, rows))) and all(map(any, rows)):
            return ends, rows  # a chunk without fault, which most are, costs no loop
        kept: list[tuple[int, list[str]]] = []
        for number, row in zip(ends, rows, strict=True):
            if number <= head.header_line:
                continue
            if not any(row):
                blank += 1
                continue
            if len(row) > width and not any(value.strip() for value in row[width:]):
                trimmed.append(number)
                row = row[:width]
            if len(row) != width:
                broken.append((number, f"must have {width} values as the header, got {len(row)}"))
                continue
            kept.append((number, row))
        return [number for number, _ in kept], [row for _, row in kept]

    with _uncollected():
        for every_end, every in _chunks(head.path, head.encoding, head.delimiter, _CHUNK):
            ends, rows = usable(every_end, every)
            if not rows:
                continue
            values = {c: list(map(itemgetter(c), rows)) for c in columns}  # zip(*rows) takes twice as long
            parts.append(pa.table({str(c): pa.array(values[c], pa.large_string()) for c in columns}))
            lines.append(np.array(ends, np.int64))
            same.append(np.fromiter(map(hash, map(tuple, rows)), np.int64, len(rows)))
            kept_rows += len(rows)
            if kept_rows > MOST_ROWS:
                raise DataError(f"{head.path}:{ends[-1]}: must have at most {MOST_ROWS:,} lines; fit a part of it")
    empty = pa.table({str(c): pa.array([], pa.large_string()) for c in columns})
    frame = pa.concat_tables(parts or [empty]).to_pandas().astype("str")
    none = np.zeros(0, np.int64)
    return Raw(frame, np.concatenate([none, *lines]), np.concatenate([none, *same]), broken, trimmed, blank)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of cycles: rows make none, and it took 2 of 6.7 s a million lines to look for them."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _chunks(
    path: Path, encoding: str, delimiter: str, size: int
) -> Iterator[tuple[Sequence[int], list[list[str]]]]:  # fmt: skip
    """(lines on which they end, rows), `size` at a time. Raises DataError at a row that is no CSV."""
    with path.open("r", encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        before = 0
        try:
            while rows := list(itertools.islice(reader, size)):
                ends: Sequence[int] = range(before + 1, before + len(rows) + 1)
                if reader.line_num > ends[-1]:  # values with line breaks in them
                    spans = (1 + sum(len(_BREAK.findall(value)) for value in row) for row in rows)
                    ends = [before + upto for upto in itertools.accumulate(spans)]
                before = reader.line_num
                yield ends, rows
        except csv.Error as error:
            raise DataError(f"{path}:{max(1, reader.line_num)}: must be a CSV file: {error}") from None


def _encoding(path: Path) -> str:
    """UTF-8 where it is; else Chinese (GB 18030) where that gives Chinese, else Western (Windows-1252)."""
    fault = _decodes(path, "utf-8-sig", raises=False)
    if fault is None:
        return "utf-8-sig"
    if _decodes(path, "gb18030", raises=False) is None:
        with path.open("r", encoding="gb18030", newline="") as file:
            other = [c for c in file.read(1_000_000) if ord(c) > 127]
        if len(other) > 1 and sum("一" <= c <= "鿿" or "　" <= c <= "〿" for c in other) > 0.9 * len(other):
            return "gb18030"
    if _decodes(path, "cp1252", raises=False) is None:
        return "cp1252"
    line, byte = fault
    raise DataError(f"{path}:{line}: must be UTF-8 text, got byte {byte:#04x}")


def _decodes(path: Path, encoding: str, raises: bool = True) -> tuple[int, int] | None:
    """None where the whole file is text of that encoding, else the (line, byte) that is not."""
    decoder, line = codecs.getincrementaldecoder(encoding)(), 1
    with path.open("rb") as file:
        while True:
            block = file.read(1 << 20)
            try:
                decoder.decode(block, final=not block)
            except UnicodeError as error:
                at = error.start if isinstance(error, UnicodeDecodeError) else 0
                data = error.object if isinstance(error, UnicodeDecodeError) else block or b"\0"
                line += data[:at].count(b"\n")
                if raises:
                    raise DataError(f"{path}:{line}: must be {encoding.upper()} text to its end") from None
                return line, data[min(at, len(data) - 1)]
            if not block:
                return None
            line += block.count(b"\n")


def _delimiter(text: str) -> str:
    """The separator that the first line with anything on it has most of, outside quotes."""
    first = next((line for line in io.StringIO(text) if line.strip()), "")
    bare = "".join(part for n, part in enumerate(first.split('"')) if n % 2 == 0)
    return max(_DELIMITERS, key=lambda d: (bare.count(d), d == ","))


def _parquet(path: Path) -> tuple[pq.ParquetFile, list[str]]:
    """The file and the names of its columns. Raises DataError."""
    try:
        file = pq.ParquetFile(path)
        return file, file.schema_arrow.names
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last where a name is damaged
        raise DataError(f"{path}: must be a whole Parquet file: {str(error).splitlines()[0]}") from None


def _read_parquet(head: Head, columns: Sequence[int]) -> Raw:
    file, names = _parquet(head.path)
    rows = file.metadata.num_rows
    if rows > MOST_ROWS:
        raise DataError(f"{head.path}: must have at most {MOST_ROWS:,} lines, got {rows:,}; fit a part of it")
    texts = {}
    for position, name in enumerate(names):
        try:
            column = file.read(columns=[name]).column(0)
            if pa.types.is_dictionary(column.type):
                column = column.cast(column.type.value_type)
            text = column.cast(pa.large_string())
            text.validate(full=True)  # damaged text is found here, not when it is used
            if len(text) != rows:
                raise pa.ArrowInvalid(f"{len(text):,} of {rows:,} lines")
        except (pa.ArrowException, OSError) as error:  # a list or a picture, or a part of the file that is damaged
            if position in columns:
                raise DataError(f"{head.path}: {name}: must be plain values: {str(error).splitlines()[0]}") from None
            continue  # beside the orders
        texts[str(position)] = text.to_pandas().astype("str").fillna("")
    frame = pd.DataFrame(texts)
    same = pd.util.hash_pandas_object(frame, index=False).to_numpy().astype(np.int64)
    keep = frame[[str(c) for c in columns]]
    return Raw(keep, np.arange(1, rows + 1, dtype=np.int64), same, [], [], 0)
