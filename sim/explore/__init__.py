"""`peakshift explore`: a page on loopback that answers a strategist's levers with a quick look at both schedules."""

from __future__ import annotations

from collections.abc import Callable

from sim.errors import MissingExtraError
from sim.scenario import Scenario


def explore(scenario: Scenario, name: str, port: int, workers: int | None, ready: Callable[[str], None]) -> None:
    """Serves the page on 127.0.0.1 until Ctrl-C; `ready` is told its address. Port 0 takes a free one.

    Raises MissingExtraError without starlette and uvicorn, UsageError where the port is taken.
    """
    try:
        from sim.explore.server import serve  # starlette and uvicorn, an extra
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in ("starlette", "uvicorn", "anyio", "h11"):
            raise
        raise MissingExtraError("starlette with uvicorn", "explore", "the interactive page") from None
    serve(scenario, name, port, workers, ready)
