"""What `pip install` brings: everything that a clone has and a user needs, nothing that a run left behind."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ("sim", "strategies", "scenarios")
LEFT_BEHIND = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "results")


def python(*arguments: str, cwd: Path) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that no build folder appears in the clone; its numba caches come along."""
    copy = tmp_path_factory.mktemp("copy") / "peakshift"
    shutil.copytree(ROOT, copy, ignore=LEFT_BEHIND)
    (copy / "results" / "runs").mkdir(parents=True)
    (copy / "results" / "runs" / "left.csv").touch()
    (copy / "sim" / "kernels" / "__pycache__").mkdir(exist_ok=True)
    (copy / "sim" / "kernels" / "__pycache__" / "left.py311.nbi").touch()
    python("-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", "dist", ".", cwd=copy)
    (built,) = (copy / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_every_source_and_scenario_is_inside(names: set[str]) -> None:
    wanted = {
        path.relative_to(ROOT).as_posix()
        for folder in SHIPPED
        for suffix in ("*.py", "*.yaml", "*.csv", "*.html", "*.j2", "*.css", "*.js", "py.typed")
        for path in (ROOT / folder).rglob(suffix)
        if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
    }
    assert any(name.startswith("scenarios/") and name.endswith(".yaml") for name in wanted)
    assert any(name.startswith("scenarios/data/") and name.endswith(".csv") for name in wanted)
    assert wanted <= names, sorted(wanted - names)


def test_nothing_else_is_inside(names: set[str]) -> None:
    extra = [
        name
        for name in sorted(names)
        if not name.startswith((*(f"{folder}/" for folder in SHIPPED), "peakshift-"))
        or "__pycache__" in name
        or name.endswith((".nbi", ".nbc", ".pyc"))
    ]
    assert not extra


def test_an_installed_copy_finds_its_scenarios_and_strategies(wheel: Path, tmp_path: Path) -> None:
    python("-m", "pip", "install", "-q", "--no-deps", "--target", "site", str(wheel), cwd=tmp_path)
    code = (
        "import sys; sys.path.insert(0, 'site'); import sim; from pathlib import Path; from sim.plugins import shipped;"
        "root = Path(sim.__file__).resolve().parents[1]; print(root);"
        "print(*sorted(p.stem for p in (root / 'scenarios').glob('*.yaml')));"
        "print(*shipped('stocking')); print(sim.load_scenario('double12').name)"
    )
    root, scenarios, stocking, name = python("-c", code, cwd=tmp_path).splitlines()
    assert Path(root) == (tmp_path / "site").resolve()
    assert "double12" in scenarios.split()
    assert "newsvendor" in stocking.split()
    assert name
