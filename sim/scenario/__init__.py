"""YAML text -> a frozen, fully checked `Scenario`."""

from sim.scenario.load import load_scenario, resolved, scenario_hash, shipped_scenarios
from sim.scenario.root import Scenario

__all__ = ["Scenario", "load_scenario", "resolved", "scenario_hash", "shipped_scenarios"]
