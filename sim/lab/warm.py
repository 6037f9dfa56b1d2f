"""What the server of workers imports (sim/lab/workers.py): all that a run needs, loaded and its kernels ready.

A day of the shipped scenario is lived through, for the kernels that are compiled or read at their first call. What goes
wrong here is nobody's run: it will go wrong again, and be told, where it matters.
"""

from __future__ import annotations

import contextlib

from sim.lab.run import run_one
from sim.scenario import load_scenario

_DAYS = ("market.consumers=200", "calendar.start=2023-12-09", "calendar.warm_up_days=0", "calendar.scored_days=3",
         "calendar.settlement_days=0")  # fmt: skip

with contextlib.suppress(Exception):
    _scenario = load_scenario("double12", _DAYS)
    for _schedule, _line_up in (("big_promo", "gut_feel"), ("always_on", "closed_loop")):
        run_one(_scenario, _schedule, _line_up, 0)
