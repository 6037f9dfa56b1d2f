"""The whole of `peakshift fit`: read, fit, tune by simulation, score on held-out weeks, write."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sim.errors import UsageError, did_you_mean
from sim.fit.columns import asked_of
from sim.fit.elasticity import panel
from sim.fit.estimates import Fit, fit_of
from sim.fit.holdout import FEWEST_WEEKS, HoldOut, hold_out, past_of
from sim.fit.orders import read_orders
from sim.fit.replay import side_by_side, tune
from sim.fit.report import write_fit_report
from sim.fit.scenario import Tuning, untouched, write_scenario, write_whole
from sim.fit.sheet import MOST_SKUS, Ask
from sim.fit.summary import summary
from sim.lab.workers import make_ready

SEED = 1
_MOST_YUAN = 1e6
_PAGE_MARK = "peakshift fit</title>"


@dataclass(frozen=True)
class Done:
    """What was found and written."""

    fit: Fit
    tuning: Tuning
    held: HoldOut | None
    simulated: bool
    files: tuple[Path, ...]

    def told(self) -> str:
        """The printed result."""
        out = [summary(self.fit), ""]
        if self.tuning.done:
            out.append(f"tuned by simulation: need x {self.tuning.need:.2f}, price sensitivity x "
                       f"{self.tuning.sensitivity:.2f}")  # fmt: skip
        if self.held is not None:
            out.append(f"goodness of fit: {self.held.told()}")
        elif self.simulated:
            out.append(f"goodness of fit: not measured, it needs {FEWEST_WEEKS} whole weeks")
        else:
            out.append("goodness of fit: not measured and the scenario not tuned, as nothing was simulated")
        return "\n".join(out)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        held = None if self.held is None else self.held.to_dict()
        return {**self.fit.to_dict(), "tuning": vars(self.tuning), "hold_out": held,
                "files": [path.name for path in self.files]}  # fmt: skip


def asking(
    columns: tuple[str, ...] = (), rates: tuple[str, ...] = (), time_zone: str | None = None,
    keep_duplicates: bool = False, skus: int = MOST_SKUS,
) -> Ask:  # fmt: skip
    """The command's options as one. Raises DataError or UsageError."""
    return Ask(asked_of(columns), _rates(rates), None if time_zone is None else _zone(time_zone), keep_duplicates, skus)


def fit_file(
    orders: Path,
    out: Path,
    yuan: float = 1.0,
    ask: Ask | None = None,
    replications: int = 5,
    report: Path | None = None,
    workers: int = 1,
) -> Done:  # fmt: skip
    """Fits `orders` and writes the scenario `out`, the report beside it, and the list of rows that were set aside.

    `replications` is how often the held-out weeks are simulated, on `workers` processes; 0 simulates nothing, not even
    to tune. Raises
    DataError, and UsageError where a file that is there would be lost.
    """
    page = report or out.with_name(f"{out.stem}.html")
    _spare(orders, out, page)
    if not 0 < yuan < _MOST_YUAN:
        raise UsageError(f"--yuan: must be a number above 0 and below {_MOST_YUAN:,.0f}, got {yuan:g}")
    if replications and workers > 1:
        make_ready()
    read = read_orders(orders, ask)
    fit = fit_of(read, orders.name)
    write_scenario(fit, out, yuan)  # a folder that cannot be written to is told before minutes of simulation
    tuning, held = Tuning(), None
    if replications:
        past = past_of(read, orders.name)
        to_tune = [(fit, panel(read), yuan, SEED)] + ([(past.fit, past.seen, yuan, SEED)] if past else [])
        tuning, *of_past = side_by_side(tune, to_tune, workers)
        held = hold_out(past, of_past[0], yuan, replications, SEED, workers) if past else None
        write_scenario(fit, out, yuan, tuning)
    write_fit_report(fit, held, page, replications > 0)
    files = [out, page]
    if len(fit.reading.aside):
        files.append(_rows_file(out))
        write_whole(files[-1], fit.reading.aside.to_csv(index=False))
    return Done(fit, tuning, held, replications > 0, tuple(files))


def _rows_file(out: Path) -> Path:
    """Where the rows that were set aside are listed."""
    return out.with_name(f"{out.stem}_rows.csv")


def _spare(orders: Path, out: Path, page: Path) -> None:
    """Nothing is written over the orders, over each other, or over what was not written here. Raises UsageError."""
    for option, file in (("--out", out), ("--report", page)):
        taken = {orders.resolve()} | ({out.resolve()} if file is page else set())
        if file.resolve() in taken or (file is out and _rows_file(out).resolve() in taken):
            raise UsageError(f"{option}: must be a file of its own, got {str(file)!r}; nothing was written")
        try:
            known = not file.exists() or (file.is_file() and (untouched(file) if file is out else _is_page(file)))
        except OSError as error:
            raise UsageError(f"{option}: {file}: could not be read: {error.strerror}") from None
        if not known:
            got = f"got {str(file)!r}; nothing was written"
            raise UsageError(f"{option}: must be a new file or one that is as fit wrote it, {got}")


def _is_page(file: Path) -> bool:
    return _PAGE_MARK in file.read_text("utf-8", "replace")[:4000]


def _rates(texts: tuple[str, ...]) -> dict[str, float]:
    """`USD=7.2,EUR=7.8` as a dict."""
    out = {}
    for part in (part for text in texts for part in text.split(",")):
        code, _, value = (piece.strip() for piece in part.partition("="))
        try:
            rate = float(value)
        except ValueError:
            rate = 0.0
        if not code or not 0 < rate < 1e9:
            raise UsageError(f"--rates: must be CURRENCY=WORTH[,...], e.g. USD=7.2, got {part!r}")
        out[code.upper()] = rate
    return out


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        near = did_you_mean(name, zoneinfo.available_timezones())
        hint = f"; did you mean {near!r}?" if near else ""
        raise UsageError(f"--time-zone: must be a time zone like Asia/Shanghai, got {name!r}{hint}") from None
