"""The whole scenario, and the checks that need more than one part of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BeforeValidator, ConfigDict, Field, PrivateAttr

from sim.scenario.campaigns import Campaign
from sim.scenario.catalogue import Catalogue
from sim.scenario.faults import Fault
from sim.scenario.market import Market
from sim.scenario.operations import Operations
from sim.scenario.schedules import Entry, pieces, source_of
from sim.scenario.units import Day, Section, param


class Calendar(Section):
    """Warm-up (state only), scored days, settlement (what was scored still flows in)."""

    start: Day = param(..., "date", "first simulated day")
    warm_up_days: int = param(60, "days", "days that only build up state", ge=0, le=3660)
    scored_days: int = param(120, "days", "days whose figures count", ge=1, le=3660)
    settlement_days: int = param(30, "days", "days in which returns, dips and refunds still count", ge=0, le=3660)

    @property
    def days(self) -> int:
        """All simulated days."""
        return self.warm_up_days + self.scored_days + self.settlement_days

    def date_of(self, day: int) -> date:
        """The date of simulated day `day`, 0 being the first."""
        return self.start + timedelta(days=day)

    def second_of(self, moment: datetime) -> int:
        """Seconds from the first midnight to `moment`."""
        return int((moment - datetime.combine(self.start, datetime.min.time())).total_seconds())


class StrategyUse(Section):
    """A strategy with parameters: `{use: personal, floor: 0.12}`."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": True})  # its parameters, beside `use`

    use: str = Field(description="a strategy's name, `./file.py:Class` or `package.module:Class`")
    parameters: dict[str, Any] = Field(default={}, description="its parameters")


def _use(value: object) -> object:
    if isinstance(value, str):
        return StrategyUse(use=value)
    if isinstance(value, dict) and "use" in value and "parameters" not in value:
        return {"use": value["use"], "parameters": {k: v for k, v in value.items() if k != "use"}}
    return value


Use = Annotated[StrategyUse, BeforeValidator(_use, json_schema_input_type=StrategyUse | str)]


class LineUp(Section):
    """One strategy of each kind."""

    forecasting: Use = Field(description="who forecasts demand")
    pricing: Use = Field(description="who sets prices and coupons")
    stocking: Use = Field(description="who orders stock")
    staffing: Use = Field(description="who plans people and couriers")
    outreach: Use = Field(description="who writes to customers")


KINDS: tuple[str, ...] = tuple(LineUp.model_fields)


class Pair(Section):
    """A schedule with a line-up."""

    schedule: str = Field(description="a schedule's name")
    line_up: str = Field(description="a line-up's name")


class Compare(Section):
    """What `peakshift compare` sets against what."""

    baseline: Pair | None = Field(
        default=None, description="what all others are compared with; the first pair where absent"
    )
    schedules: list[str] = Field(default=[], description="which schedules; all where empty")
    line_ups: list[str] = Field(default=[], description="which line-ups; all where empty")
    metrics: list[str] = Field(
        default=["profit", "peak_load", "retention_90d"], description="which metrics the verdict table shows"
    )
    decision_seconds: float = param(
        60.0, "s", "longest that a strategy may take for one answer; then its run ends as failed",
        gt=0, le=86_400,
    )  # fmt: skip
    hold: Literal["promo_budget"] | None = Field(
        default=None, description="promo_budget: each schedule's campaigns are scaled by one factor until, with the "
        "same line-up, it realises the promotion spend of the baseline's schedule"
    )  # fmt: skip


class RedLines(Section):
    """Limits on prices that the engine enforces and counts."""

    margin_floor: float = param(
        -0.05, "share", "lowest margin (paid - cost) / paid a line may be sold at, when offers add up", ge=-10, le=1
    )
    channel_gap: float = param(
        0.1, "share", "how much cheaper than in the first channel a price counts as an inversion", ge=0, le=1
    )
    hold_channels: bool = param(
        False, "true/false", "raise what undercuts the first channel by more than the gap; false: count it only"
    )
    scarce_days: float = param(
        0.0, "days of sales", "stock below which an SKU takes neither the pricer's cut nor a coupon; 0: no such line",
        ge=0, le=1000,
    )  # fmt: skip
    lifetime_yuan: dict[Literal["prospect", "new", "active", "at_risk", "dormant", "lost"], float] = param(
        {}, "yuan", "later contribution of a customer by life-cycle stage (prospect, new, active, at_risk, dormant, "
        "lost): a coupon may cost the unit's margin and this, less acquisition_yuan; stages not named: no such test",
    )  # fmt: skip
    acquisition_yuan: float = param(0.0, "yuan/customer", "spent to win a customer before any coupon", ge=0, le=1e6)


E = TypeVar("E")


class _Whole(Section, Generic[E]):
    """A scenario whose schedules hold entries of type E."""

    name: str = Field(description="a title for people", min_length=1, max_length=200)
    description: str = Field(default="", description="what it is about")
    seed: int = param(20231212, "1", "root of all random numbers", ge=0, le=2**62)
    replications: int = param(20, "runs", "paired seeds per comparison", ge=1, le=100_000)
    calendar: Calendar
    market: Market
    catalogue: Catalogue
    operations: Operations
    campaigns: dict[str, Campaign] = Field(default={}, description="named campaigns")
    schedules: dict[str, list[E]] = Field(
        description="named lists of campaigns, and of rules that make some", min_length=1
    )
    line_ups: dict[str, LineUp] = Field(description="named sets of strategies", min_length=1)
    red_lines: RedLines = Field(default=RedLines(), description="limits on prices")
    faults: dict[str, Fault] = Field(default={}, description="what goes wrong, by name")
    compare: Compare = Field(default=Compare(), description="what is compared")
    _folder: Path = PrivateAttr(default=Path())

    @property
    def folder(self) -> Path:
        """The folder of its file: where `./mine.py:Class` is looked for."""
        return self._folder

    @property
    def scored(self) -> tuple[datetime, datetime]:
        """The midnights between which days count."""
        first = datetime.combine(self.calendar.date_of(self.calendar.warm_up_days), datetime.min.time())
        return first, first + timedelta(days=self.calendar.scored_days)


class Scenario(_Whole[str]):
    """A market, an operation, schedules and line-ups: all that an experiment needs."""


class Written(_Whole[Entry]):
    """A scenario as its author writes it: schedules may hold rules that generate campaigns."""

    def generated(self, schedule: str, entry: int) -> dict[str, Campaign]:
        """The campaigns of one entry of a schedule. Raises ValueError where it does not fit."""
        found = self.schedules[schedule][entry]
        if isinstance(found, str):
            return {found: self.campaigns[found]}
        shares = {name: city.share for name, city in self.market.cities.items()}
        return pieces(found, self.campaigns[source_of(found)[0]], self.scored, shares)

    def expanded(self) -> Scenario:
        """The same with every generated campaign among the others, and schedules of names alone."""
        campaigns, schedules = dict(self.campaigns), {}
        for name, entries in self.schedules.items():
            parts = [self.generated(name, n) for n in range(len(entries))]
            campaigns |= {key: campaign for part in parts for key, campaign in part.items()}
            schedules[name] = [key for part in parts for key in part]
        scenario = Scenario(**dict(self) | {"campaigns": campaigns, "schedules": schedules})
        scenario._folder = self._folder
        return scenario
