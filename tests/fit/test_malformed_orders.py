"""200 damaged order files, generated: a located message or a reported repair, never a traceback."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.errors import DataError
from sim.fit.job import fit_file
from tests.fit.test_order_files import HEAD, plain

Damage = Callable[[str, random.Random], bytes]


def _lines(text: str, rng: random.Random, share: float, change: Callable[[list[str]], list[str]]) -> bytes:
    """`change` done to the values of some lines."""
    head, *rows = text.splitlines()
    out = [",".join(change(row.split(","))) if rng.random() < share else row for row in rows]
    return "\n".join([head, *out, ""]).encode()


def _field(position: int, values: list[str]) -> Damage:
    """Another value in one column of some lines, or of all."""

    def damage(text: str, rng: random.Random) -> bytes:
        share = rng.choice([0.05, 0.3, 1.0])
        return _lines(text, rng, share, lambda row: [*row[:position], rng.choice(values), *row[position + 1 :]])

    return damage


def _bytes(text: str, rng: random.Random) -> bytes:
    raw = bytearray(text.encode())
    for _ in range(rng.randint(1, 200)):
        raw[rng.randrange(len(raw))] = rng.randrange(256)
    return bytes(raw)


def _cut(text: str, rng: random.Random) -> bytes:
    raw = text.encode(rng.choice(["utf-8", "utf-16", "utf-8-sig"]))
    return raw[: rng.randrange(len(raw))]


def _shuffled_header(text: str, rng: random.Random) -> bytes:
    head, rest = text.split("\n", 1)
    names = head.split(",")
    rng.shuffle(names)
    return (",".join(names[: rng.randint(1, len(names))]) + "\n" + rest).encode()


DAMAGES: dict[str, Damage] = {
    "encodings": lambda t, r: t.replace("o1", "订单é").encode(
        r.choice(["gb18030", "utf-16", "utf-16-be", "utf-8", "utf-7"])),
    "delimiters": lambda t, r: t.replace(",", r.choice([";", "\t", "|", " ", ":", ",,"])).encode(),
    "dates": _field(0, ["", "soon", "31/12/2024", "12/31/2024", "2024-13-45", "0000-00-00", "1e99", "99999", "-1",
                        "2024-02-30", "2024-01-05T10:00:00Z", "2024-01-05 25:00", "9" * 40]),
    "decimal commas": _field(6, ["'6,5'", '"6,50"', "6;5", "1.234,5", "¥6", "6 元", "6..5", "--6", "(6)", "6e400"]),
    "units": _field(4, ["-1", "0", "-999999999", "1e6", "1e300", "1.5", "nan", "", "one", "1 000", "0x10", "٣"]),
    "prices": _field(5, ["-10", "0", "1e9", "inf", "", "null", "N/A", "1e-300", "10 USD", "10 XYZ", "€10"]),
    "names": _field(3, ["", " ", "a" * 5000, "\x00", '"', "=1+1", "../x", "null", "\u202e", "é" * 9]),
    "huge": lambda t, r: (t + ("x" * r.choice([200_000, 2_000_000]))).encode(),
    "empty": lambda t, r: r.choice(
        [b"", b"\n\n\n", b" ", b"\xef\xbb\xbf", b"\xff\xfe", HEAD.encode(), b",,,,\n,,,,\n"]),
    "binary": lambda t, r: r.choice(
        [b"PK\x03\x04", b"PAR1", b"\x1f\x8b", b"%PDF", b"\x89PNG", b""]) + r.randbytes(5000),
    "flipped bytes": _bytes,
    "cut off": _cut,
    "quotes": lambda t, r: t.replace(",o", ',"o', r.randint(1, 9)).encode(),
    "ragged": lambda t, r: _lines(t, r, 0.3, lambda row: row[: r.randint(0, 7)] + [""] * r.randint(0, 3)),
    "headers": _shuffled_header,
    "repeated": lambda t, r: (t + t.split("\n", 1)[1] * r.randint(1, 3)).encode(),
    "line ends": lambda t, r: t.replace("\n", r.choice(["\r\n", "\r", "\n\n", "\r\r\n"])).encode(),
    "one price": _field(6, ["10"]),
    "nobody": _field(2, [""]),
    "one order": _field(1, ["o"]),
}  # fmt: skip


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_file_is_told_never_a_traceback(tmp_path: Path, kind: str, seed: int) -> None:
    rng = random.Random(f"{kind} {seed}")
    file = tmp_path / "orders.csv"
    file.write_bytes(DAMAGES[kind](HEAD + "".join(plain()), rng))
    try:
        done = fit_file(file, tmp_path / "my.yaml", replications=0)
    except DataError as error:
        assert str(error).startswith(str(file)) and error.exit_code == 2
        assert all(c.isprintable() for line in str(error).splitlines() for c in line)
        assert not (tmp_path / "my.yaml").exists()
    else:
        reading = done.fit.reading
        assert sum(reading.count.values()) == reading.rows
        if len(reading.aside):
            assert (tmp_path / "my_rows.csv").exists() and "set aside" in done.told()


def test_damage_is_real_and_some_of_it_is_mended(tmp_path: Path) -> None:
    """The files differ from the good one, and both answers occur: 200 refusals would prove little."""
    text = HEAD + "".join(plain())
    answers = set()
    for kind, damage in DAMAGES.items():
        raw = damage(text, random.Random(f"{kind} 0"))
        assert raw != text.encode()
        (tmp_path / "orders.csv").write_bytes(raw)
        try:
            fit_file(tmp_path / "orders.csv", tmp_path / "my.yaml", replications=0)
            answers.add("mended")
        except DataError:
            answers.add("refused")
    assert answers == {"mended", "refused"}
