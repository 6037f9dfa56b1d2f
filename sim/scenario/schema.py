"""The scenario's JSON Schema for editors, and its fields as a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from sim.scenario.root import Written


def json_schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12; every field carries its unit and source.

    It accepts all that the reader does, files that extend another too: what these leave out or remove (null) is asked
    for by `peakshift validate` alone, as nobody sees it in one file.
    """
    schema = Written.model_json_schema()
    schema["properties"]["extends"] = {"type": "string", "description": "another scenario file that this one changes"}
    listed = set(_listed(schema))
    for name, part in schema["$defs"].items():
        if name not in listed:  # lists are replaced, all else is merged
            part.pop("required", None)
            part["type"] = [part["type"], "null"]
    for part in (schema, *schema["$defs"].values()):
        for mapping in part["properties"].values():
            entry = mapping.get("additionalProperties")
            if isinstance(entry, dict) and "type" in entry:
                entry["type"] = [entry["type"], "null"]
    alone = {"if": {"not": {"required": ["extends"]}}, "then": {"required": schema.pop("required")}}
    title = {"title": "peakshift scenario"}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, **title, **alone}


def _listed(part: Any, inside: bool = False) -> Iterator[str]:
    """Names of the definitions that entries of lists have."""
    if isinstance(part, dict):
        if inside and "$ref" in part:
            yield part["$ref"].rsplit("/", 1)[1]
        for key, value in part.items():
            yield from _listed(value, inside or key == "items")
    elif isinstance(part, list):
        for value in part:
            yield from _listed(value, inside)


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
