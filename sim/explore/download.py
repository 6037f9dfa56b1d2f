"""What can be taken away: the scenario as YAML, the report of a small experiment."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import yaml

from sim.errors import UsageError
from sim.explore.levers import Levers, moved
from sim.lab.compare import compare
from sim.scenario import Scenario, resolved


def yaml_of(scenario: Scenario, levers: Levers) -> str:
    """The full scenario with the levers applied, all defaults written out: its own market and calendar."""
    full, _, _ = moved(scenario, levers, "full")
    text: str = yaml.safe_dump(resolved(full), allow_unicode=True, sort_keys=False, width=100)
    changed = ", ".join(f"{key}={value}" for key, value in levers.model_dump(exclude_defaults=True).items()) or "none"
    told = "".join(c if c.isprintable() else "?" for c in changed)
    return f"# Made with peakshift explore; levers moved: {told}\n# Next: peakshift compare THIS-FILE\n{text}"


def report_of(scenario: Scenario, levers: Levers, pairs: int, folder: Path, language: str) -> str:
    """The report of the look's small market over `pairs` seeds of the season, as one page."""
    if find_spec("sim.report.html") is None:
        raise UsageError("report: must wait for a version of peakshift that writes reports")
    quick, _, _ = moved(scenario, levers, "season")
    compare(quick, replications=pairs, out=folder, workers=1)
    # By name, as the report may be missing from this version.
    page: str = import_module("sim.report.html").report_html(folder, language)
    return page
