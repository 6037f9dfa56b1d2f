"""What goes wrong, as dated events: strikes, outages, late trucks, a dead bot, sudden cold.

A fault comes as a surprise: nothing that a strategy is shown tells of it before it has begun.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sim.scenario.units import Moment, Section, param

FaultKind = Literal["courier_strike", "warehouse_outage", "late_supplier", "bot_down", "cold_wave"]
PLACES: dict[str, str | None] = {
    "courier_strike": "cities",
    "warehouse_outage": "warehouses",
    "late_supplier": "suppliers",
    "bot_down": None,
    "cold_wave": "cities",
}
"""Kind of fault -> the list that names where it strikes."""
SIZES: dict[str, str] = {"late_supplier": "days", "cold_wave": "drop_celsius"}
"""Kind of fault -> the field that says how bad it is, `share` for the others."""


class Fault(Section):
    """One event; what it takes is gone from its start to its end and then there again."""

    kind: FaultKind = param(
        ..., "name", "courier_strike (own couriers stay away), warehouse_outage (nobody picks), late_supplier (trucks "
        "due in the window are late), bot_down (tickets pass the bot), cold_wave (temperature falls)",
    )  # fmt: skip
    start: Moment = param(..., "local time", "first second")
    end: Moment = param(..., "local time", "first second after it")
    share: float = param(
        1.0, "share", "couriers or pickers absent, or tickets that the bot does not see; of no meaning to the others",
        ge=0, le=1,
    )  # fmt: skip
    cities: list[str] = Field(default=[], description="courier_strike, cold_wave: where; everywhere where empty")
    warehouses: list[str] = Field(default=[], description="warehouse_outage: which; all where empty")
    suppliers: list[str] = Field(default=[], description="late_supplier: which; all where empty")
    days: int = param(0, "days", "late_supplier: how much later trucks come", ge=0, le=365)
    drop_celsius: float = param(
        0.0, "Celsius", "cold_wave: fall on arrival; it wears off evenly until the end", ge=0, le=40
    )
