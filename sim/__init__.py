"""peakshift: big promotions against always-on retail, simulated with demand and capacity in one loop.

The public names load what they need when they are first used, so that `import sim` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.fit import fit_orders
    from sim.lab.compare import compare
    from sim.lab.run import run_one as run
    from sim.scenario import Scenario, load_scenario
    from sim.world import World

__version__ = "0.1.0"
__all__ = ["Scenario", "World", "__version__", "compare", "fit_orders", "load_scenario", "run"]

_HOME = {
    "Scenario": "sim.scenario:Scenario",
    "World": "sim.world:World",
    "compare": "sim.lab.compare:compare",
    "fit_orders": "sim.fit:fit_orders",
    "load_scenario": "sim.scenario:load_scenario",
    "run": "sim.lab.run:run_one",
}


def __getattr__(name: str) -> Any:
    """Loads a public name from the module that holds it."""
    if name not in _HOME:
        raise AttributeError(f"module 'sim' has no attribute {name!r}")
    module, _, attribute = _HOME[name].partition(":")
    return getattr(import_module(module), attribute)
