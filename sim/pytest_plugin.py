"""Peakshift in a team's own tests: installed with the package, found by pytest through its entry point `pytest11`.

def test_mine(strategy_laws, gate):
    strategy_laws("./mine.py:Cautious")
    gate("baseline.json")

`pytest --peakshift-gate baseline.json` makes a test of each pair in a baseline, without a line of code.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from sim.errors import PeakshiftError

if TYPE_CHECKING:
    from sim.lab.check import Report
    from sim.lab.gate import GateResult


class StrategyLaws(Protocol):
    """What the fixture `strategy_laws` gives."""

    def __call__(self, reference: str, *, exceptions: dict[str, str] | None = None) -> list[Report]:
        """Fails the test when a law is broken; see `strategy_laws`."""


@pytest.fixture
def strategy_laws(request: pytest.FixtureRequest) -> StrategyLaws:
    """`strategy_laws(REF)` holds a strategy to all laws and fails the test with one line a broken law.

    REF is as for `peakshift check`; a file is looked for beside the test. `exceptions` maps laws that are known to
    be broken to the reason; one that holds after all fails the test too, so that the list does not outlive them.
    The laws run in the test's own process: a strategy that hangs where no alarm is heard hangs the test.
    """
    folder = Path(request.path).parent

    def hold(reference: str, *, exceptions: dict[str, str] | None = None) -> list[Report]:
        from sim.lab.check import check, laws  # mesa and the lab: only in tests that ask for it

        known = exceptions or {}
        wrong = [f"no law {name!r} to make an exception of" for name in known if name not in laws()]
        reports = check([reference], folder=folder, workers=1)
        for report in reports:
            broken = report.broken
            wrong += [f"{report.strategy}  {law}: {message}" for law, message in broken.items() if law not in known]
            wrong += [
                f"{report.strategy}  {law}: is no longer broken, its exception must go ({why})"
                for law, why in known.items()
                if law in laws() and law not in broken
            ]
        if wrong:
            pytest.fail("\n".join(wrong), pytrace=False)
        return reports

    return hold


class Gate(Protocol):
    """What the fixture `gate` gives."""

    def __call__(
        self, baseline: str = "", *, schedule: str | None = None, line_up: str | None = None, **options: Any
    ) -> GateResult:
        """Fails the test when a metric lost too much; see `gate`."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """--peakshift-gate."""
    group = parser.getgroup("peakshift")
    group.addoption(
        "--peakshift-gate", action="append", default=[], metavar="BASELINE",
        help="hold strategies against a baseline of `peakshift gate --renew`, one test a pair; may be repeated",
    )  # fmt: skip
    group.addoption("--peakshift-workers", type=int, metavar="N", help="processes of the gate; all cores by default")


@pytest.fixture
def gate(request: pytest.FixtureRequest) -> Gate:
    """`gate(BASELINE)` holds the strategies of the baseline's scenario against it and fails the test with one line a
    metric that lost too much. The file is looked for beside the test; without one it is that of --peakshift-gate.
    Options are those of `sim.lab.gate.gate`: `margin`, `replications`, `workers`."""
    folder = Path(request.path).parent

    def hold(
        baseline: str = "", *, schedule: str | None = None, line_up: str | None = None, **options: Any
    ) -> GateResult:
        given = [request.config.invocation_params.dir / name for name in request.config.getoption("peakshift_gate")]
        file = folder / baseline if baseline else next(iter(given), None)
        if file is None:
            pytest.fail("gate: must be given a baseline, here or with --peakshift-gate", pytrace=False)
        result = _held(file, schedule, line_up, {"workers": _workers(request.config), **options})
        if not result.passed:
            pytest.fail("\n".join(result.lines()), pytrace=False)
        return result

    return hold


def _held(file: Path, schedule: str | None, line_up: str | None, options: dict[str, Any]) -> GateResult:
    """The gate's answer for the scenario that the baseline names."""
    from sim.lab.baseline import read  # with the lab
    from sim.lab.gate import gate as run_gate  # pandas and the lab: only in tests that ask for it
    from sim.scenario import load_scenario  # pydantic

    stored = read(file)
    if not stored.scenario:
        pytest.fail(f"{file}: must name its scenario; `peakshift gate --renew` writes one that does", pytrace=False)
    beside = file.parent / stored.scenario
    scenario = load_scenario(beside if beside.exists() else stored.scenario, stored.settings)
    return run_gate(scenario, file, schedule=schedule, line_up=line_up, **options)


def _workers(config: pytest.Config) -> int | None:
    """What was asked for; one where xdist has taken the cores already; None = all cores."""
    given: int | None = config.getoption("peakshift_workers")
    return 1 if given is None and "PYTEST_XDIST_WORKER" in os.environ else given


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:  # fmt: skip
    """Adds the tests of --peakshift-gate; before -k and -m choose among all."""
    for name in config.getoption("peakshift_gate"):
        file = config.invocation_params.dir / name
        if not any(isinstance(item, GateItem) and item.path == file for item in items):
            items.extend(GateFile.from_parent(session, path=file).collect())


class GateFile(pytest.File):
    """A baseline: one test a pair."""

    def collect(self) -> Iterator[GateItem]:
        """Reads the file. Its faults are those of the command line."""
        from sim.lab.baseline import read  # with the lab

        try:
            stored = read(self.path)
        except PeakshiftError as error:
            raise pytest.UsageError(str(error)) from None
        for pair in stored.pairs:
            yield GateItem.from_parent(self, name=f"{pair.schedule}/{pair.line_up}", pair=(pair.schedule, pair.line_up))


class GateFailed(Exception):
    """A metric lost too much."""


class GateItem(pytest.Item):
    """One schedule with one line-up of a baseline."""

    def __init__(self, *, pair: tuple[str, str], **told: Any) -> None:
        super().__init__(**told)
        self.pair = pair

    def runtest(self) -> None:
        """Lives through the baseline's seeds again."""
        result = _held(self.path, *self.pair, {"workers": _workers(self.config)})
        if not result.passed:
            raise GateFailed("\n".join(result.lines()))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The gate's own words; no traceback for what a user caused."""
        if isinstance(excinfo.value, GateFailed | PeakshiftError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where pytest says that it is."""
        return self.path, None, f"gate {self.name}"
