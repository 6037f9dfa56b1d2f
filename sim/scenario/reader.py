"""YAML text -> plain data with a place for every value.

YAML 1.2 core rules over PyYAML's composer: `10:30` and dates stay text, `NO` is a word, `1e3` a
number. Refused, with their place: duplicate keys, tags, anchors and aliases, merge keys, several
documents, more than 1 MB, 10,000 nodes or 64 levels.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from sim.errors import Fault, ScenarioError

MOST_BYTES, MOST_NODES, MOST_DEPTH, MOST_DIGITS = 1_000_000, 10_000, 64, 40
Path = tuple[str | int, ...]
"""Keys and positions from the top of a document to a value."""

_INT = re.compile(r"[-+]?[0-9]+$")
_OCT, _HEX = re.compile(r"0o[0-7]+$"), re.compile(r"0x[0-9a-fA-F]+$")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)$|\.(nan|NaN|NAN)$")
_WORDS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
          "null": None, "Null": None, "NULL": None, "~": None, "": None}  # fmt: skip


@dataclass
class Document:
    """Data of one file, and where each value and key stands."""

    data: dict[str, Any]
    places: dict[Path, str]
    """`file:line:column` of the value at a path (of its key, for entries of a mapping)."""
    faults: list[Fault] = field(default_factory=list)
    added: dict[Path, str] = field(default_factory=dict)
    """Of `places`, the entries that a document adds to a mapping of the one it extends."""


def scalar(text: str) -> Any:
    """A plain scalar by the YAML 1.2 core schema.

    >>> scalar("10:30"), scalar("NO"), scalar("1e3"), scalar("0x1F"), scalar("~")
    ('10:30', 'NO', 1000.0, 31, None)
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INT.match(text):
        return int(text) if len(text) <= MOST_DIGITS else text
    if _OCT.match(text):
        return int(text[2:], 8)
    if _HEX.match(text):
        return int(text[2:], 16) if len(text) <= MOST_DIGITS else text
    if _SPECIAL.match(text):
        return float(text.lower().replace(".", ""))
    if _FLOAT.match(text):
        return float(text)
    return text


class _Builder:
    """Walks the node graph of one document, collecting faults instead of stopping."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.places: dict[Path, str] = {}
        self.faults: list[Fault] = []

    def at(self, mark: Any) -> str:
        return f"{self.name}:{mark.line + 1}:{mark.column + 1}"

    def fault(self, mark: Any, what: str, must_be: str, got: str | None = None) -> None:
        self.faults.append(Fault(self.at(mark), what, must_be, got))

    def build(self, node: yaml.Node, path: Path) -> Any:
        what = dotted(path)
        if len(path) > MOST_DEPTH:
            self.fault(node.start_mark, what, f"must be nested at most {MOST_DEPTH} levels deep")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            out = []
            for n, child in enumerate(node.value):
                self.places[(*path, n)] = self.at(child.start_mark)
                out.append(self.build(child, (*path, n)))
            return out
        assert isinstance(node, yaml.ScalarNode)
        return scalar(node.value) if not node.style else node.value

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key_node, child in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.fault(key_node.start_mark, dotted(path), "must have plain names as keys")
                continue
            key = str(key_node.value)
            if key == "<<":
                self.fault(key_node.start_mark, dotted(path), "must not use merge keys ('<<'): use extends")
                continue
            if key in out:
                self.fault(key_node.start_mark, dotted((*path, key)), "must stand only once, this is a duplicate key")
                continue
            self.places[(*path, key)] = self.at(key_node.start_mark)
            out[key] = self.build(child, (*path, key))
        return out


def dotted(path: Path) -> str:
    """`("market", "cities", 0)` -> `market.cities.0`."""
    return ".".join(str(part) for part in path)


def _refuse_events(text: str, name: str) -> None:
    """A first pass over the events: tags, anchors, sizes and depth, before any node is built."""
    faults: list[Fault] = []
    depth = nodes = documents = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        mark = event.start_mark
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                faults.append(Fault(where, "", "must be one document, this is a second one"))
                break
        if isinstance(event, yaml.AliasEvent):
            faults.append(Fault(where, f"*{event.anchor}", "must not use aliases"))
        elif isinstance(event, yaml.NodeEvent):
            nodes += 1
            if event.anchor is not None:
                faults.append(Fault(where, f"&{event.anchor}", "must not use anchors"))
            if getattr(event, "tag", None) is not None:
                faults.append(Fault(where, str(getattr(event, "tag", "")), "must not use tags"))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MOST_DEPTH:
            faults.append(Fault(where, "", f"must be nested at most {MOST_DEPTH} levels deep"))
            break
        if nodes > MOST_NODES:
            faults.append(Fault(where, "", f"must hold at most {MOST_NODES:,} values"))
            break
    if faults:
        raise ScenarioError(faults)


def parse(text: str, name: str) -> tuple[Any, _Builder]:
    """One value from YAML text, and where its parts stand. Raises `ScenarioError` when it is no YAML."""
    try:
        _refuse_events(text, name)
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise ScenarioError([Fault(where, "", f"must be valid YAML: {error.problem or error}")]) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ScenarioError([Fault(f"{name}:1:1", "", f"must be valid YAML: {str(error).splitlines()[0]}")]) from None
    if node is None:
        return None, _Builder(name)
    builder = _Builder(name)
    return builder.build(node, ()), builder


def read(raw: bytes, name: str) -> Document:
    """A whole file. Raises `ScenarioError` when it is no mapping at all; other faults are collected."""
    if len(raw) > MOST_BYTES:
        raise ScenarioError([Fault(f"{name}:1:1", "", f"must be at most {MOST_BYTES:,} bytes", f"{len(raw):,}")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ScenarioError([Fault(f"{name}:{line}:1", "", "must be UTF-8 text", f"byte {error.start}")]) from None
    data, builder = parse(text, name)
    if data is None:
        raise ScenarioError([Fault(f"{name}:1:1", "", "must be a mapping of scenario fields", "nothing")])
    if not isinstance(data, dict):
        raise ScenarioError(
            [Fault(f"{name}:1:1", "", "must be a mapping of scenario fields", type(data).__name__), *builder.faults]
        )
    return Document(data, builder.places, builder.faults)
