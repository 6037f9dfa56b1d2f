"""How a scenario field is declared: default, unit, meaning, source, bounds, all in one place.

The unit, meaning and source travel as data (JSON Schema, the generated field table, the report's
list of assumptions), after PyPSA's `component_attrs/*.csv`. A source of `assumption` says that no
good evidence was found; `design` marks a free choice of the scenario's author.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

ASSUMPTION = "assumption"
DESIGN = "design"


class Section(BaseModel):
    """Base of every part of a scenario: frozen, no unknown keys, no silent conversion."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def param(default: Any, unit: str, meaning: str, source: str = DESIGN, **bounds: Any) -> Any:
    """A field with its unit ("1" = a pure number), meaning and source; `bounds` are pydantic's.

    A default of `...` makes the field required.
    """
    extra: dict[str, Any] = {"unit": unit, "source": source}
    return Field(default, description=meaning, json_schema_extra=extra, **bounds)


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


Moment = Annotated[datetime, BeforeValidator(_moment, json_schema_input_type=str)]
"""Plain text in the JSON Schema, whose `date-time` must have a time zone."""


def _day(value: object) -> object:
    """ISO text to a date."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError("must be a date like 2023-10-01") from None
    return value


Day = Annotated[date, BeforeValidator(_day)]
