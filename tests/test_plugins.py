"""The three spellings of a strategy, and each message when one does not lead to a class."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from sim.contracts import KINDS
from sim.errors import PluginError
from sim.plugins import build, find, shipped, source_hash

GOOD = """
from dataclasses import dataclass
import numpy as np
from sim.contracts import Offers, Pricer

@dataclass
class Cautious(Pricer):
    cut: float = 0.1

    def price(self, view, forecast, rng):
        shop = view.shop
        prices = np.tile(shop.list_price * (1 - self.cut), (len(shop.channels), 1))
        return Offers(prices, np.zeros((len(shop.groups), len(shop.skus))))
"""


def _write(folder: Path, text: str, name: str = "mine.py") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def _fails(message: str, reference: str, folder: Path = Path(), kind: str = "pricing") -> None:
    with pytest.raises(PluginError, match=re.escape(message)):
        find(kind, reference, folder)


def test_shipped_names_are_the_files() -> None:
    assert all(shipped(kind) for kind in KINDS)
    assert "newsvendor" in shipped("stocking") and "__init__" not in shipped("stocking")


@pytest.mark.parametrize("kind", KINDS)
def test_every_shipped_strategy_is_found(kind: str) -> None:
    for name in shipped(kind):
        assert issubclass(find(kind, name), KINDS[kind])
        assert find(kind, name).__doc__ and sys.modules[find(kind, name).__module__].__doc__


def test_a_name_finds_the_shipped_class() -> None:
    assert find("stocking", "newsvendor").__name__ == "Newsvendor"


@pytest.mark.parametrize("reference", ["./mine.py:Cautious", "./mine.py", "mine.py:Cautious"])
def test_a_file_finds_its_class(tmp_path: Path, reference: str) -> None:
    assert find("pricing", reference, _write(tmp_path, GOOD)).__name__ == "Cautious"


def test_an_installed_module_finds_its_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "acme").mkdir()
    _write(tmp_path / "acme", GOOD, "bandit_pricing.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert find("pricing", "acme.bandit_pricing:Cautious").__name__ == "Cautious"
    assert find("pricing", "acme.bandit_pricing").__name__ == "Cautious"
    assert find("pricing", "strategies.pricing.personal:Personal").__name__ == "Personal"


def test_two_files_of_one_name_stay_apart(tmp_path: Path) -> None:
    for folder, cut in (("a", "0.1"), ("b", "0.2")):
        (tmp_path / folder).mkdir()
        _write(tmp_path / folder, GOOD.replace("0.1", cut))
    cuts = [build("pricing", "mine.py", {}, tmp_path / folder).parameters()["cut"] for folder in ("a", "b")]
    assert cuts == [0.1, 0.2]


def test_unknown_name() -> None:
    _fails("pricing strategy must be one that exists, got 'persnal'; did you mean 'personal'?", "persnal")
    _fails("got 'zzzzzz'; known: ab_test, blast, lifecycle, none, segment_content, uplift", "zzzzzz", kind="outreach")


def test_no_such_file(tmp_path: Path) -> None:
    _fails(
        f"strategy './gone.py:A': must be an existing file, got {tmp_path / 'gone.py'}",
        "./gone.py:A",
        tmp_path,
    )


def test_no_such_module() -> None:
    _fails("strategy 'acme.gone:A': could not be imported, ModuleNotFoundError", "acme.gone:A")


def test_a_file_that_fails(tmp_path: Path) -> None:
    _write(tmp_path, "1 / 0\n")
    for _ in range(2):  # a failed import leaves nothing behind
        _fails("strategy './mine.py': could not be imported, ZeroDivisionError", "./mine.py", tmp_path)


def test_a_file_that_is_not_python(tmp_path: Path) -> None:
    _fails("strategy './mine.py': could not be imported, SyntaxError", "./mine.py", _write(tmp_path, "def :\n"))


def test_no_such_class(tmp_path: Path) -> None:
    message = "strategy './mine.py:Cautios': no class 'Cautios' there; did you mean 'Cautious'?"
    _fails(message, "./mine.py:Cautios", _write(tmp_path, GOOD))


def test_no_class_or_two(tmp_path: Path) -> None:
    message = "strategy './mine.py': must hold exactly one pricing strategy or name a class, got []"
    _fails(message, "./mine.py", _write(tmp_path, "x = 1\n"))
    second = GOOD + "\n\n@dataclass\nclass Bold(Cautious):\n    cut: float = 0.5\n"
    _fails("got ['Bold', 'Cautious']", "./two.py", _write(tmp_path, second, "two.py"))
    assert find("pricing", "./two.py:Bold", tmp_path).__name__ == "Bold"


def test_wrong_kind(tmp_path: Path) -> None:
    message = "strategy './mine.py:Cautious': must be a subclass of sim.contracts.Stocker"
    _fails(message, "./mine.py:Cautious", _write(tmp_path, GOOD), kind="stocking")


def test_not_a_class(tmp_path: Path) -> None:
    message = "strategy './mine.py:np': must be a subclass of sim.contracts.Pricer"
    _fails(message, "./mine.py:np", _write(tmp_path, GOOD))


def test_a_missing_method(tmp_path: Path) -> None:
    text = GOOD.replace("def price(", "def prize(")
    _fails("strategy './mine.py': must implement price", "./mine.py", _write(tmp_path, text))


def test_not_a_dataclass(tmp_path: Path) -> None:
    text = GOOD.replace("@dataclass\n", "")
    _fails("strategy './mine.py': must be a dataclass (add @dataclass)", "./mine.py", _write(tmp_path, text))


def test_build_gives_parameters_and_a_fresh_object() -> None:
    one, two = (build("pricing", "everyday_low", {"depth": 0.3}) for _ in range(2))
    assert one == two and one is not two
    assert one.parameters() == {"depth": 0.3}


@pytest.mark.parametrize(
    ("reference", "parameters", "message"),
    [
        (
            "everyday_low",
            {"dept": 1},
            "pricing strategy 'everyday_low': no parameter 'dept'; did you mean 'depth'?",
        ),
        ("everyday_low", {"q": 1}, "pricing strategy 'everyday_low': no parameter 'q'; it has depth"),
        ("list_price", {"q": 1}, "pricing strategy 'list_price': no parameter 'q'; it has none"),
        ("everyday_low", {"depth": "deep"}, "depth must be a finite number, got deep"),
        ("everyday_low", {"kind": "stocking"}, "pricing strategy 'everyday_low': no parameter 'kind'"),
    ],
)
def test_build_names_a_wrong_parameter(reference: str, parameters: dict[str, object], message: str) -> None:
    with pytest.raises(PluginError, match=re.escape(message)):
        build("pricing", reference, parameters)


def test_build_names_a_missing_parameter(tmp_path: Path) -> None:
    _write(tmp_path, GOOD.replace("cut: float = 0.1", "cut: float"))
    with pytest.raises(PluginError, match=r"could not be built, TypeError: .*missing.*'cut'"):
        build("pricing", "./mine.py", {}, tmp_path)


def test_source_hash_follows_the_file(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    first = find("pricing", "mine.py", _write(tmp_path, GOOD))
    second = find("pricing", "mine.py", _write(tmp_path / "b", GOOD.replace("0.1", "0.2")))
    assert len(source_hash(first)) == 64 and source_hash(first) != source_hash(second)
