"""`extends` and `--set`: several documents become one, each value keeping the place it came from.

Merging goes key by key. Lists of named items (mappings with a `name`) merge by name; other lists
and plain values replace. `null` removes an entry that the base had.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path as File
from typing import Any

from sim.errors import Fault, ScenarioError, did_you_mean
from sim.scenario.reader import MOST_BYTES, Document, Path, dotted, parse, read

SHIPPED = File(__file__).resolve().parents[2] / "scenarios"
"""The folder of shipped scenarios."""
_MOST_EXTENDS = 16
_PREFIX = "shipped:"


def _overlay(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for key, value in top.items():
        old = out.get(key)
        if value is None and key in out:
            del out[key]
        elif isinstance(value, dict) and isinstance(old, dict):
            out[key] = _overlay(old, value)
        elif _named(value) and _named(old):
            items = {item["name"]: item for item in old or []}
            for item in value:
                items[item["name"]] = _overlay(items.get(item["name"], {}), item)
            out[key] = list(items.values())
        elif isinstance(value, dict):
            out[key] = _overlay({}, value)
        else:
            out[key] = value
    return out


def _named(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(i, dict) and isinstance(i.get("name"), str) for i in value)
    )


def _target(written: Any, file: File, root: File, where: str) -> tuple[File, File]:
    """The file that `extends` means and the folder it must stay in."""
    if not isinstance(written, str) or not written:
        raise ScenarioError([Fault(where, "extends", "must be the path of a scenario file", repr(written))])
    if written.startswith(_PREFIX):
        root, target = SHIPPED, SHIPPED / written[len(_PREFIX) :]
    else:
        target = file.parent / written
    try:
        real, exists = target.resolve(), target.is_file()
    except (OSError, ValueError, RuntimeError):  # a NUL, a name too long, a loop of links
        raise ScenarioError(
            [Fault(where, "extends", "must be the path of a scenario file", repr(written[:80]))]
        ) from None
    if not real.is_relative_to(root.resolve()):
        raise ScenarioError([Fault(where, "extends", "must stay inside the scenario's folder", repr(written))])
    if not exists:
        hint = _meant(written, file)
        raise ScenarioError([Fault(where, "extends", "must be an existing file", repr(written), hint)])
    return target, root


def _meant(written: str, file: File) -> str | None:
    """What `extends` in a file was probably meant to say."""
    if written.startswith(_PREFIX):
        near = nearest(written.removeprefix(_PREFIX), SHIPPED, {})
        return near and _PREFIX + near
    return nearest(written, file.parent, {f.stem: _PREFIX + f.name for f in SHIPPED.glob("*.yaml") if f != file}, file)


def nearest(written: str, folder: File, more: Mapping[str, str], but: File | None = None) -> str | None:
    """The scenario file called most like one that does not exist, a path in a folder: of those beside it, `but` one,
    and of `more` (name -> how it is written)."""
    path = File(written)
    beside = (file for file in sorted((folder / path).parent.glob("*.y*ml")) if file != but)
    names = {**more, **{file.stem: str(path.parent / file.name) for file in beside}}
    near = did_you_mean(path.stem, names)
    return names[near] if near else None


def _read_file(file: File, name: str) -> Document:
    try:
        if file.stat().st_size > MOST_BYTES:
            size = f"{file.stat().st_size:,}"
            raise ScenarioError([Fault(f"{name}:1:1", "", f"must be at most {MOST_BYTES:,} bytes", size)])
        document = read(file.read_bytes(), name)
        document.places[()] = f"{name}:1:1"
        return document
    except OSError as error:
        reason = error.strerror or str(error)
        raise ScenarioError([Fault(name, "", f"must be a file that can be read: {reason}")]) from None


def gather(file: File, root: File, name: str, seen: Sequence[File] = ()) -> Document:
    """A file with all that it extends, its own values on top.

    Raises `ScenarioError` for cycles, escapes and unreadable files; other faults are collected.
    """
    document = _read_file(file, name)
    if "extends" not in document.data:
        return document
    where = document.places[("extends",)]
    written = document.data.pop("extends")
    target, root = _target(written, file, root, where)
    chain = (*seen, file.resolve())
    if target.resolve() in chain:
        raise ScenarioError([Fault(where, "extends", "must not lead back to itself", repr(written))])
    if len(chain) > _MOST_EXTENDS:
        raise ScenarioError([Fault(where, "extends", f"must be at most {_MOST_EXTENDS} files deep")])
    base = gather(target, root, written.removeprefix(_PREFIX), chain)
    return Document(
        _overlay(base.data, document.data), base.places | document.places, [*base.faults, *document.faults],
        base.added | _added(base.places, document.places),
    )  # fmt: skip


def _added(old: Mapping[Path, str], new: Mapping[Path, str]) -> dict[Path, str]:
    """New entries of mappings that were there before."""
    return {path: place for path, place in new.items() if path not in old and (path[:-1] in old or len(path) == 1)}


def apply_settings(document: Document, settings: Sequence[str]) -> None:
    """`--set PATH=VALUE`, in order; PATH is dotted, VALUE is YAML. Faults are added to the document's."""
    for setting in settings:
        try:
            _apply(document, setting)
        except ScenarioError as error:
            document.faults += error.faults


def _spell_out(data: dict[str, Any], parents: list[str]) -> None:
    """`pricing: personal` becomes `{use: personal}`, so that a parameter can be set on it."""
    line_up = data.get("line_ups", {}).get(parents[1])
    if isinstance(line_up, dict) and isinstance(line_up.get(parents[2]), str):
        line_up[parents[2]] = {"use": line_up[parents[2]]}


def _apply(document: Document, setting: str) -> None:
    path_text, equals, value_text = setting.partition("=")
    where = "--set"
    if not equals or not path_text.strip():
        raise ScenarioError([Fault("--set", "", "must be PATH=VALUE", repr(setting))])
    *parents, last = path_text.strip().split(".")
    if not value_text.strip():
        raise ScenarioError([Fault(where, path_text.strip(), "must have a value (null takes an entry out)", "nothing")])
    try:
        value, builder = parse(value_text, where)
    except ScenarioError as error:  # a place in one line of an option is none
        raise ScenarioError([replace(fault, where=where, what=path_text.strip()) for fault in error.faults]) from None
    if builder.faults:
        inside = [replace(f, where=where, what=f"{path_text.strip()}.{f.what}") for f in builder.faults]
        raise ScenarioError(inside)
    if len(parents) == 3 and parents[0] == "line_ups":
        _spell_out(document.data, parents)
    place, at = document.data, []
    for part in parents:
        at.append(part)
        inner: Any = place.setdefault(part, {})
        if not isinstance(inner, dict):
            raise ScenarioError([Fault(where, dotted(tuple(at)), "must be a mapping to set a part of it", repr(inner))])
        place = inner
    if value is None:
        place.pop(last, None)
    else:
        old = place.get(last)
        place[last] = _overlay(old, value) if isinstance(value, dict) and isinstance(old, dict) else value
    path: Path = (*parents, last)
    named: dict[Path, str] = {path[:length]: where for length in range(1, len(path) + 1)}
    document.added |= _added(document.places, named)
    document.places = named | document.places
    for below in [p for p in document.places if p[: len(path)] == path]:
        document.places[below] = where
    for inner_path in builder.places:
        document.places[(*path, *inner_path)] = where
