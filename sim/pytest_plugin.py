"""Peakshift in a team's own tests: installed with the package, found by pytest through its entry point `pytest11`.

def test_mine(strategy_laws):
    strategy_laws("./mine.py:Cautious")
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from sim.lab.check import Report


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
