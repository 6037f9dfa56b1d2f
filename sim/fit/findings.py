"""One estimate with its certainty and a verdict; what cannot be identified takes a default that has evidence."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sim.fit.elasticity import UNIDENTIFIED, WEAK, Identified


@dataclass(frozen=True)
class Finding:
    """What was asked of the data and what they say."""

    name: str
    value: float
    """NaN where it is not identified."""
    se: float
    unit: str
    verdict: Identified
    used: float
    """The value, or the default in its place."""
    source: str
    """How it was estimated, or where the default is from."""
    why: str = ""
    """Why it is not identified, or what to beware of."""

    def told(self) -> str:
        """One line of text."""
        number = f"{self.value:.3g} (s.e. {self.se:.2g})" if math.isfinite(self.value) else f"{self.used:.3g} (default)"
        why = f"; {self.why}" if self.why else ""
        return f"{self.name:<30}{number:<24}{self.unit:<14}{self.verdict:<16}{self.source}{why}"


def found(name: str, value: float, se: float, unit: str, source: str, weak: str = "") -> Finding:
    """An estimate; `weak` says why it is a weak one."""
    return Finding(name, value, se, unit, "weak" if weak else "identified", value, source, weak)


def unknown(name: str, unit: str, default: float, source: str, why: str) -> Finding:
    """No number, only its default."""
    nan = float("nan")
    return Finding(name, nan, nan, unit, "not identified", default, source, why)


def by_movement(name: str, value: float, se: float, unit: str, moved: float, default: float, source: str,
                evidence: str, what: str) -> Finding:  # fmt: skip
    """A regression's coefficient, judged as an elasticity is: by how much `what` moves beyond the other regressors."""
    if moved < UNIDENTIFIED or not (math.isfinite(value) and 0 < se < 1e3):
        return unknown(name, unit, default, evidence, f"{what} moves too little beyond the rest (s.d. {moved:.3f})")
    weak = f"{what} moves little beyond the rest (s.d. {moved:.3f})" if moved < WEAK else ""
    return found(name, value, se, unit, source, weak)
