"""The page's server: loopback only, its own host and origin only, fixed files, small bodies, one question a session."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import CancelledError
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager, suppress
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sim.errors import PeakshiftError, UsageError, did_you_mean
from sim.explore.desk import MOST_PAIRS, Busy, Desk, Superseded
from sim.explore.download import report_of, yaml_of
from sim.explore.levers import Levers, described, levers_of
from sim.scenario import Scenario, load_scenario, shipped_scenarios

MOST_BYTES = 16_384
"""Longest body of a request."""
REPORT_PAIRS = 5
FILES = {"/": ("index.html", "text/html"), "/explore.css": ("explore.css", "text/css"),
         "/explore.js": ("explore.js", "text/javascript"), "/words.js": ("words.js", "text/javascript"),
         "/charts.js": ("charts.js", "text/javascript")}  # fmt: skip
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff", "x-frame-options": "DENY", "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin", "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}  # fmt: skip


class Guard:
    """Refuses requests that another site, or another name for this machine, had the browser send; and large ones."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self.app = app
        self.hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]}
        refused = self._refused(scope, headers)
        if refused is not None:
            await _told(*refused)(scope, receive, self._dressed(send))
            return
        body = b""
        while scope["method"] == "POST":
            message = await receive()
            body += message.get("body", b"")
            if len(body) > MOST_BYTES:
                await _told(413, f"body: must be at most {MOST_BYTES} bytes")(scope, receive, self._dressed(send))
                return
            if message["type"] == "http.disconnect":
                return
            if not message.get("more_body"):
                break
        whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Message:
            return whole.pop() if whole else await receive()

        await self.app(scope, again, self._dressed(send))

    def _refused(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if host not in self.hosts:
            return 403, "host: must be this machine's loopback address with this port"
        if origin is not None and origin.removeprefix("http://") not in self.hosts:
            return 403, "origin: must be this page"
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return 403, "sec-fetch-site: must be this page"
        if scope["method"] == "POST" and headers.get("content-type", "").partition(";")[0] != "application/json":
            return 415, "content-type: must be application/json"
        return None

    @staticmethod
    def _dressed(send: Send) -> Send:
        """Every answer carries the safety headers."""

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = [(key.encode(), value.encode()) for key, value in HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", []), *extra]}
            await send(message)

        return dressed


def _told(status: int, *errors: str) -> JSONResponse:
    return JSONResponse({"errors": list(errors)}, status)


class Page:
    """The routes, over the scenarios that are known by name."""

    def __init__(self, scenario: Scenario, name: str, desk: Desk) -> None:
        self.desk, self.name = desk, name
        self._scenarios = {name: scenario}
        self.names = list(dict.fromkeys((name, *shipped_scenarios())))
        self._writing = asyncio.Lock()

    def scenario(self, name: object) -> Scenario:
        """The scenario with this name: the user's own or a shipped one; never a path."""
        if not isinstance(name, str) or name not in self.names:
            hint = did_you_mean(name, self.names) if isinstance(name, str) else None
            also = f"; did you mean {hint!r}?" if hint else ""
            raise UsageError(f"scenario: must be one of {', '.join(self.names)}, got {str(name)[:60]!r}{also}")
        if name not in self._scenarios:
            self._scenarios[name] = load_scenario(name)
        return self._scenarios[name]

    async def file(self, request: Request) -> Response:
        """One of the page's own files: a fixed list, no path is ever opened."""
        name, kind = FILES[request.url.path]
        return Response(resources.files("sim.explore").joinpath("page", name).read_bytes(), media_type=kind)

    async def start(self, request: Request) -> Response:
        """Names of scenarios, and the levers of the first."""
        name = request.query_params.get("name", self.name)
        return JSONResponse({"names": self.names, "report": find_spec("sim.report.html") is not None,
                             "scenario": described(self.scenario(name), name)})  # fmt: skip

    async def look(self, request: Request) -> Response:
        """Both schedules at one position of the levers."""
        asked, scenario, levers = await self._asked(request)
        pairs, session = asked.get("pairs", 3), asked.get("session")
        if isinstance(pairs, bool) or not isinstance(pairs, int) or not 1 <= pairs <= MOST_PAIRS:
            raise UsageError(f"pairs: must be a whole number from 1 to {MOST_PAIRS}, got {str(pairs)[:60]!r}")
        if not isinstance(session, str) or not 1 <= len(session) <= 64:
            raise UsageError("session: must be a text of 1 to 64 letters")
        span = asked.get("span", "weeks")
        if span not in ("weeks", "season"):
            raise UsageError(f"span: must be weeks or season, got {str(span)[:60]!r}")
        return JSONResponse(await self.desk.look(session, scenario, levers, pairs, span))

    async def yaml(self, request: Request) -> Response:
        """The scenario at this position of the levers, ready for `peakshift compare`."""
        _, scenario, levers = await self._asked(request)
        return Response(yaml_of(scenario, levers), media_type="application/yaml")

    async def report(self, request: Request) -> Response:
        """The report of a small experiment at this position; one at a time."""
        asked, scenario, levers = await self._asked(request)
        if self._writing.locked():
            raise Busy("report: must wait for the one that is being written")
        language = "zh" if asked.get("language") == "zh" else "en"
        async with self._writing:
            with tempfile.TemporaryDirectory(prefix="peakshift-") as folder:
                text = await run_in_threadpool(report_of, scenario, levers, REPORT_PAIRS, Path(folder), language)
        return Response(text, media_type="text/html")

    async def _asked(self, request: Request) -> tuple[dict[str, Any], Scenario, Levers]:
        try:
            asked = json.loads(await request.body())
        except (ValueError, RecursionError):
            raise UsageError("body: must be JSON") from None
        if not isinstance(asked, dict):
            raise UsageError("body: must be a JSON object")
        return asked, self.scenario(asked.get("scenario", self.name)), levers_of(asked.get("levers", {}))


async def _fault(request: Request, error: Exception) -> Response:
    """Faults of ours to tell, as lines."""
    status = 409 if isinstance(error, Superseded) else 503 if isinstance(error, Busy) else 422
    return _told(status, *str(error).splitlines())


async def _broken(request: Request, error: Exception) -> Response:
    return _told(503, "a worker ended in the middle of a run; try again")


def app_of(scenario: Scenario, name: str, desk: Desk, port: int) -> ASGIApp:
    """The whole application; the first look is begun as it starts, so that workers are warm."""
    page = Page(scenario, name, desk)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        warm = asyncio.ensure_future(_quietly(desk.look("warm-up", scenario, Levers(), 2)))
        yield
        warm.cancel()

    handlers: dict[Any, Callable[[Request, Exception], Awaitable[Response]]] = {
        PeakshiftError: _fault, BrokenProcessPool: _broken, CancelledError: _broken
    }  # fmt: skip
    routes = [
        *(Route(path, page.file) for path in FILES),
        Route("/api/start", page.start),
        *(Route(f"/api/{name}", getattr(page, name), methods=["POST"]) for name in ("look", "yaml", "report")),
    ]
    return Guard(Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan), port)


async def _quietly(work: Awaitable[object]) -> None:
    with suppress(PeakshiftError, BrokenProcessPool, CancelledError):  # the page's own question tells
        await work


class _Server(uvicorn.Server):
    """Drops open questions when it is told to end, so that it ends at once."""

    def __init__(self, config: uvicorn.Config, desk: Desk) -> None:
        super().__init__(config)
        self._desk = desk

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._desk.stop()
        super().handle_exit(sig, frame)


def serve(scenario: Scenario, name: str, port: int, workers: int | None, ready: Callable[[str], None]) -> None:
    """Serves until Ctrl-C."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise UsageError(f"--port: must be free, got {port}: {error.strerror}") from None
    port = listener.getsockname()[1]
    desk = Desk(workers or os.cpu_count() or 1)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # runs that were dropped at the end are no news
    config = uvicorn.Config(
        app_of(scenario, name, desk, port), log_level="critical", access_log=False, server_header=False,
        limit_concurrency=32, timeout_graceful_shutdown=1, ws="none",
    )  # fmt: skip
    server = _Server(config, desk)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does, workers with it
    try:
        listener.listen(64)
        ready(f"http://127.0.0.1:{port}/")
        with suppress(KeyboardInterrupt):  # how one leaves
            server.run(sockets=[listener])
    finally:
        desk.close()
        listener.close()
