"""Campaigns: windows in which the merchant has promised something in public."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field

from sim.scenario.units import ASSUMPTION, Section, param


def _moment(value: object) -> object:
    """ISO text, as YAML 1.2 core delivers it, to a datetime without time zone."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("must be a date and time like 2023-12-10T20:00") from None
    if isinstance(value, datetime) and value.tzinfo is not None:
        raise ValueError("must be local time, without a time zone")
    return value


Moment = Annotated[datetime, BeforeValidator(_moment)]


class Threshold(Section):
    """Cross-item rule: spend so much on eligible items, save so much, once an order."""

    spend_yuan: float = param(300.0, "yuan", "order value from which it applies", gt=0, le=1e6)
    save_yuan: float = param(50.0, "yuan", "what is taken off", ge=0, le=1e6)


class Presale(Section):
    """Deposit pre-sale: pay a deposit early, the balance when the festival opens."""

    start: Moment = param(..., "local time", "first moment in which deposits are taken")
    deposit: float = param(0.1, "share", "deposit on the price, forfeited when the balance is not paid",
        "Tmall 2016: integer, <= 20 %", ge=0, le=1)  # fmt: skip
    balance_rate: float = param(0.9, "share", "deposits whose balance is paid", ASSUMPTION, ge=0, le=1)


class Campaign(Section):
    """Window + mechanics + eligible SKUs + announcement + ritual + traffic."""

    start: Moment = param(..., "local time", "first second of the offer")
    end: Moment = param(..., "local time", "last moment of the offer")
    announced_days: float = param(7.0, "days", "how long before the start people know of it", ge=0, le=365)
    ritual: float = param(
        0.0, "1", "strength of the festival feeling: attention, first-hour rush, fatigue. 0 none, 1 Double 11",
        ASSUMPTION, ge=0, le=2,
    )  # fmt: skip
    markdown: float = param(0.0, "share", "cut of the shelf price, for everybody", ge=0, le=0.95)
    threshold: Threshold | None = Field(default=None, description="spend-X-save-Y rule, or none")
    presale: Presale | None = Field(default=None, description="deposit pre-sale, or none")
    traffic_yuan_per_day: float = param(0.0, "yuan/day", "paid traffic while it runs, for a market of 100,000 "
        "consumers; scaled with the market", ge=0, le=1e9)  # fmt: skip
    skus: list[str] = Field(default=[], description="eligible SKUs or categories; all where empty")
