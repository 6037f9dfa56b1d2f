"""Small questions to tidy frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from sim.errors import UsageError


def ordered(names: Iterable[object], known: Sequence[str] = ()) -> list[str]:
    """The distinct names: those that the scenario knows in its order, then the others as they come."""
    found = [str(name) for name in dict.fromkeys(names)]
    return [name for name in known if name in found] + [name for name in found if name not in known]


def with_columns(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The frame; an empty one, which may have no columns, with those that are read."""
    return pd.DataFrame({name: [] for name in columns}, dtype=object) if frame.empty else frame


def require(frame: pd.DataFrame, where: str, columns: Sequence[str]) -> None:
    """UsageError that names all columns a frame lacks."""
    missing = [name for name in columns if name not in frame]
    if missing:
        held = ", ".join(str(name) for name in frame.columns) or "none"
        raise UsageError(f"{where}: columns: must include {', '.join(missing)}, got {held}")
