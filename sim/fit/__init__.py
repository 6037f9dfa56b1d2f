"""A user's order history -> estimates with their certainty -> a calibrated, runnable scenario and a report."""

from __future__ import annotations

from sim.fit.estimates import Fit, fit_of, fit_orders
from sim.fit.orders import Ask
from sim.fit.scenario import write_scenario
from sim.fit.summary import summary

__all__ = ["Ask", "Fit", "fit_of", "fit_orders", "summary", "write_scenario"]
