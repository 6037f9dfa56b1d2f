"""The scenario's JSON Schema for editors, and its fields as a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from sim.scenario.root import Written


def json_schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12; every field carries its unit and source."""
    schema = Written.model_json_schema()
    schema["properties"]["extends"] = {"type": "string", "description": "another scenario file that this one changes"}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "peakshift scenario"}


def field_table() -> list[dict[str, str]]:
    """One row a field: path, unit, default, meaning, source; `*` stands for a name of your choice."""
    return list(_rows(Written, ""))


def _rows(model: type[BaseModel], prefix: str) -> Iterator[dict[str, str]]:
    for name, info in model.model_fields.items():
        path = f"{prefix}{name}"
        inner = [m for m in _models(info.annotation)]
        if inner:
            star = ".*." if "dict[" in str(info.annotation) else "."
            for m in inner:
                yield from _rows(m, path + star)
            continue
        extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        default = "required" if info.is_required() else repr(info.get_default(call_default_factory=True))
        yield {
            "path": path, "unit": str(extra.get("unit", "")), "default": default,
            "meaning": info.description or "", "source": str(extra.get("source", "")),
        }  # fmt: skip


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _models(part)
