"""The report in a real browser: console silent, no request, sorting works, axe-core finds no serious violation.

Needs playwright and the system's chromium; axe-core (tests/axe.py).
With PEAKSHIFT_SCREENSHOTS, a folder, pictures are kept there; PEAKSHIFT_EXPERIMENT names the experiment to show.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sim.report.html import report_html
from tests.axe import axe

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]
WIDE, PHONE = {"width": 1280, "height": 1500}, {"width": 390, "height": 844}


def _sibling(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"report_browser_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """English, Chinese, and Chinese with hostile names."""
    made, folder = _sibling("experiment"), tmp_path_factory.mktemp("pages")
    given = os.environ.get("PEAKSHIFT_EXPERIMENT")
    source = Path(given) if given else made.stored(folder / "experiment")
    hostile = made.renamed(source, folder / "hostile", made.NAMES)
    texts = {"en": report_html(source), "zh": report_html(source, "zh"), "hostile": report_html(hostile, "zh")}
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        one = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])  # CI runs as root
        yield one
        one.close()


def _open(browser: Any, file: Path, size: dict[str, int], scheme: str = "light") -> tuple[Any, list[str]]:
    page = browser.new_page(viewport=size, color_scheme=scheme)
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("dialog", lambda dialog: (trouble.append(dialog.message), dialog.dismiss()))
    page.on(
        "request", lambda request: None if request.url.startswith(("file:", "data:")) else trouble.append(request.url)
    )
    page.goto(file.as_uri())
    return page, trouble


@pytest.mark.parametrize("name", ["en", "zh", "hostile"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_console_is_silent_and_the_page_is_not_wider_than_the_window(
    browser: Any, pages: dict[str, Path], name: str, size: dict[str, int]
) -> None:
    page, trouble = _open(browser, pages[name], size)
    assert not trouble
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    kept = os.environ.get("PEAKSHIFT_SCREENSHOTS")
    if kept and name != "hostile":
        page.screenshot(path=Path(kept) / f"report_{name}_{'wide' if size is WIDE else 'phone'}.png")
    page.close()


def test_on_paper_heads_repeat_and_intervals_stay_whole(browser: Any, pages: dict[str, Path]) -> None:
    """Chromium repeats a head group that may not break and holds no button's box (looked at in a PDF)."""
    page, _ = _open(browser, pages["en"], WIDE)
    page.emulate_media(media="print")
    style = "([name, property]) => getComputedStyle(document.querySelector(name)).getPropertyValue(property)"
    wanted = {("thead", "display"): "table-header-group", ("thead", "break-inside"): "avoid",
              ("thead button", "display"): "contents", ("td.n", "white-space"): "nowrap",
              (".lead .interval", "white-space"): "nowrap"}  # fmt: skip
    assert {asked: page.evaluate(style, list(asked)) for asked in wanted} == wanted
    page.close()


def test_sorting_by_keyboard(browser: Any, pages: dict[str, Path]) -> None:
    page, trouble = _open(browser, pages["en"], WIDE)
    column = "[...document.querySelectorAll('#comparison tbody tr')].map(row => Number(row.cells[6].dataset.v))"
    button = page.locator("#comparison thead button").nth(6)
    button.focus()
    page.keyboard.press("Enter")
    rising = [value for value in page.evaluate(column) if value == value]
    assert rising == sorted(rising) and len(rising) > 50
    assert page.locator("#comparison thead th").nth(6).get_attribute("aria-sort") == "ascending"
    page.keyboard.press("Enter")
    falling = [value for value in page.evaluate(column) if value == value]
    assert falling == sorted(falling, reverse=True) and not trouble
    page.close()


@pytest.mark.parametrize(("name", "scheme"), [("en", "light"), ("en", "dark"), ("zh", "light")])
def test_axe_finds_no_serious_violation(browser: Any, pages: dict[str, Path], name: str, scheme: str) -> None:
    source = axe()
    page, _ = _open(browser, pages[name], WIDE, scheme)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    page.evaluate(source)
    result = page.evaluate("axe.run()")
    assert len(result["passes"]) > 20
    assert [
        (v["id"], v["nodes"][0]["html"]) for v in result["violations"] if v["impact"] in ("serious", "critical")
    ] == []
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=\"data:,\">')")
    assert "image-alt" in [v["id"] for v in page.evaluate("axe.run()")["violations"]]  # axe does look
    page.close()
