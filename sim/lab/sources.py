"""What a result depends on besides its scenario: our code, the strategies' code, the packages below."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from sim.lab.plan import strategy_hashes
from sim.plugins import engine_hash
from sim.scenario import Scenario

PACKAGES = ("mesa", "numpy", "pandas", "simpy", "numba", "scipy", "pydantic", "pyarrow", "matplotlib")
"""Named in manifests."""
DECIDING = ("mesa", "simpy", "numba", "numpy", "scipy")
"""Those that a run's figures can depend on."""


def version_of(package: str) -> str:
    """Its installed version."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


@dataclass(frozen=True)
class Sources:
    """Versions and hashes; two runs with equal ones, scenario and seed give the same bytes."""

    engine: str
    """SHA-256 of our own sources."""
    strategies: dict[str, dict[str, str]]
    """line-up -> kind -> SHA-256 of the source."""
    packages: dict[str, str]
    """Python and the packages that a run's figures can depend on -> version."""

    @classmethod
    def now(cls, scenario: Scenario, line_ups: Iterable[str]) -> Sources:
        """As they are in this process."""
        strategies = {name: strategy_hashes(scenario, name) for name in dict.fromkeys(line_ups)}
        packages = {"python": platform.python_version(), **{name: version_of(name) for name in DECIDING}}
        return cls(engine_hash(), strategies, packages)

    @classmethod
    def stored(cls, manifest: dict[str, Any]) -> Sources:
        """As a manifest tells them."""
        packages = {name: str(manifest["packages"][name]) for name in DECIDING}
        return cls(
            str(manifest["source_hash"]), dict(manifest["strategies"]), {"python": str(manifest["python"]), **packages}
        )

    def changes(self, now: Sources) -> list[str]:
        """What is different now, in words: `strategy closed_loop/pricing`, `numpy 2.3.1 -> 2.4.6`, `sim's sources`."""
        out = ["sim's sources"] if self.engine != now.engine else []
        for line_up, hashes in self.strategies.items():
            there = now.strategies.get(line_up, {})
            out += [f"strategy {line_up}/{kind}" for kind, digest in hashes.items() if there.get(kind) != digest]
        names = dict.fromkeys([*self.packages, *now.packages])
        pairs = {name: (self.packages.get(name, "none"), now.packages.get(name, "none")) for name in names}
        return out + [f"{name} {before} -> {after}" for name, (before, after) in pairs.items() if before != after]
