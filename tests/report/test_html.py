"""report.html: the numbers of comparison.csv, no address fetched, names inert, both languages, nothing left out."""

from __future__ import annotations

import ast
import importlib.util
import itertools
import json
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import matplotlib as mpl
import pandas as pd
import pytest
import yaml

from sim.lab.assumed import assumed
from sim.ledger import PNL
from sim.metrics import all_metrics
from sim.report import (
    churn_by_cause,
    experiment_figures,
    html,
    retention_curves,
    stock_and_ageing,
    trade_off,
    waterfall,
)
from sim.report.captions import CAPTIONS
from sim.report.chinese import NAMES, TEXTS
from sim.report.figures import EXPERIMENTS, FIGURES, table_of
from sim.report.html import report_html, write_report
from sim.report.panels import scored
from sim.report.plain_words import fact
from sim.scenario import load_scenario
from sim.scenario.schema import field_table
from sim.scenario.units import ASSUMPTION

REPORT = Path(html.__file__).parent


def _sibling(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"report_html_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


made = _sibling("experiment")


class Page(HTMLParser):
    """Tags with their attributes, and each table's rows of (data-v, data-high, text)."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: dict[str, list[list[dict[str, str | None]]]] = {}
        self._table = ""
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append((tag, values))
        if tag == "table":
            self._table = values["id"] or ""
            self.tables[self._table] = []
        elif tag == "tr" and self._table:
            self.tables[self._table].append([])
        elif tag in ("td", "th") and self._table:
            self.tables[self._table][-1].append({**values, "text": ""})

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._table = ""

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._table and self.tables[self._table] and self.tables[self._table][-1]:
            cell = self.tables[self._table][-1][-1]
            cell["text"] = ((cell["text"] or "") + data).strip("\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(made.stored(tmp_path_factory.mktemp("experiment")))


@pytest.fixture(scope="module")
def english(folder: Path) -> str:
    return report_html(folder)


@pytest.fixture(scope="module")
def hostile(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return report_html(made.renamed(folder, tmp_path_factory.mktemp("hostile") / "h", made.NAMES), "zh")


def test_every_number_of_comparison_csv_is_in_the_table(folder: Path, english: str) -> None:
    table = pd.read_csv(folder / "comparison.csv")
    rows = Page(english).tables["comparison"][1:]
    assert len(rows) == len(table)
    for row, (_, wanted) in zip(rows, table.iterrows(), strict=True):
        names = [str(cell["text"]).split()[0] for cell in row[:3]]
        assert names == [wanted["schedule"], wanted["line_up"], wanted["metric"]]
        numbers = [float(row[n]["data-v"] or "nan") for n in (4, 5, 6, 7, 8, 9)] + [float(row[7]["data-high"] or "nan")]
        keys = ["baseline_mean", "mean", "difference", "low", "p_holm", "pairs", "high"]
        assert numbers == pytest.approx([float(wanted[key]) for key in keys], rel=1e-9, nan_ok=True)
        assert str(wanted["verdict"]) in str(row[3]["text"])


def test_the_profit_table_ends_at_the_metric(folder: Path, english: str) -> None:
    head, *_, last = Page(english).tables["accounts"]
    runs = pd.read_parquet(folder / "runs.parquet").groupby(["schedule", "line_up"])["profit"].mean()
    pairs = [tuple(str(cell["text"]).split(" · ")) for cell in head[1:]]
    assert len(pairs) == 4
    assert [float(cell["data-v"] or "nan") for cell in last[1:]] == pytest.approx([runs.loc[pair] for pair in pairs])


def test_nothing_is_fetched_and_the_page_is_small(english: str, hostile: str) -> None:
    for text in (english, hostile):
        assert len(text.encode()) < 3_000_000
        for tag, attributes in Page(text).tags:
            for key, value in attributes.items():
                if key in ("src", "href", "xlink:href", "srcset", "action", "data", "poster", "background"):
                    assert (value or "").startswith(("#", "data:")), (tag, key, value)
                assert not re.search(r"url\((?!#)", value or ""), (tag, key, value)
                assert not key.startswith("on"), (tag, key)
        assert "@import" not in text and "default-src 'none'" in text


def test_hostile_names_are_text(hostile: str) -> None:
    page = Page(hostile)
    assert sum(tag == "script" for tag, _ in page.tags) == 1
    assert not [tag for tag, _ in page.tags if tag in ("img", "iframe", "object", "link") and _.get("rel") != "icon"]
    words = "".join(page.words)
    assert all(name in words for name in made.NAMES.values())
    assert "49" not in [word.strip() for word in page.words if "7*7" in word]


def test_every_figure_is_there_with_a_text_alternative_and_ids_of_its_own(english: str) -> None:
    page = Page(english)
    pictures = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert len(pictures) == len(FIGURES)
    assert all(p["role"] == "img" and len(p["aria-label"] or "") > 40 for p in pictures)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.tags:
        for value in attributes.values():
            for target in re.findall(r"url\(#([^)]+)\)", value or ""):
                assert target in ids
        if (attributes.get("href") or "").startswith("#"):
            assert (attributes["href"] or "")[1:] in ids


def test_headings_captions_and_scopes(english: str) -> None:
    page = Page(english)
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))
    count = [tag for tag, _ in page.tags]
    assert count.count("table") == count.count("caption") > 4
    assert all("scope" in attributes for tag, attributes in page.tags if tag == "th")
    assert ("a", {"class": "skip", "href": "#main"}) in page.tags


def test_an_experiments_table_is_drawn_where_it_lies(folder: Path, tmp_path: Path) -> None:
    copy = made.renamed(folder, tmp_path / "copy", {})
    frames = _sibling("frames").experiments()
    for name, table in frames.items():
        table.to_csv(copy / table_of(name), index=False)
    file = write_report(copy)
    drawn = [a["id"] for tag, a in Page(file.read_text(encoding="utf-8")).tags if tag == "figure"]
    assert {f"figure-{name}" for name in (*FIGURES, *EXPERIMENTS)} == set(drawn)


def test_the_same_bytes_whatever_the_users_settings(folder: Path, english: str) -> None:
    with mpl.rc_context({"font.size": 20, "svg.hashsalt": "other", "svg.fonttype": "path"}):
        assert report_html(folder) == english


def test_the_scenario_on_the_page_is_the_manifests(folder: Path, english: str) -> None:
    words = "".join(Page(english).words)
    start = words.index("(YAML)") + len("(YAML)")
    text = words[start : words.index('"use strict"')]

    assert yaml.safe_load(text) == json.loads((folder / "manifest.json").read_text())["scenario"]


def _texts() -> Iterator[str]:
    """Every text that the code and the template say, and those that stand in tables of the code."""
    for file in REPORT.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            if getattr(node.func, "attr", getattr(node.func, "id", "")) == "say":
                yield str(node.args[0].value)
    template = (REPORT / "templates" / "report.html.j2").read_text(encoding="utf-8")
    yield from (two or one for one, two in re.findall(r"""\bt\((?:'([^']*)'|"([^"]*)")""", template))
    yield from (text for pair in CAPTIONS.values() for text in pair)
    yield from (*html._SECTIONS.values(), *html._HEADS, *waterfall.GROUPS, "other", *retention_curves.SOURCES)
    yield from experiment_figures.PARTS.values()
    yield from (*churn_by_cause.CAUSES.values(), *trade_off._PANELS.values())
    yield from (text for title, unit, _ in stock_and_ageing.PANELS.values() for text in (title, unit))


def test_chinese_is_complete_and_keeps_every_placeholder() -> None:
    wanted = set(_texts())
    assert len(wanted) > 150
    assert not wanted - set(TEXTS)
    for english, chinese in TEXTS.items():
        fields = [sorted(re.findall(r"\{(\w+)", text)) for text in (english, chinese)]
        assert fields[0] == fields[1], english
    for metric in all_metrics().values():
        assert {metric.name, metric.meaning, metric.unit, "better"} <= set(NAMES), metric
    assert set(PNL) | set(PNL.values()) <= set(NAMES)
    assumed = [row for row in field_table() if ASSUMPTION in row["source"].lower()]
    assert len(assumed) > 100
    assert {row["meaning"] for row in assumed} | {row["unit"] for row in assumed} - {"1"} <= set(NAMES)


def test_assumptions_are_ranked_by_what_was_measured(folder: Path, tmp_path: Path) -> None:
    """What packing costs is booked and moves nobody, so 20 % more is 20 % of that account's difference."""
    ranked = tmp_path / "ranked"
    shutil.copytree(folder, ranked)
    plain = report_html(ranked)
    assert "peakshift sensitivity SCENARIO --assumptions" in plain and 'id="ranked"' not in plain
    packing, wage = "operations.finance.packing_yuan", "operations.labour.hour_yuan"
    asked = {"settings": made.SMALL, "replications": 2, "workers": 1, "out": ranked, "only": (packing, wage)}
    effects = assumed("double12", **asked).effects.set_index("field")
    assert set(effects.index[effects["effect"].notna()]) == {packing, wage}
    assert (ranked / "manifest.json").read_bytes() == (folder / "manifest.json").read_bytes()
    pnl = pd.read_parquet(ranked / "pnl.parquet")
    told = pnl[(pnl["account"] == "packing") & (pnl["line_up"] == "gut_feel")]
    scenario = load_scenario("double12", made.SMALL)
    told = told[scored(told["day"], scenario, settlement=True)]
    paid = told.groupby("schedule", observed=True)["yuan"].sum() / 2
    cost = effects.loc[packing]
    assert cost["effect"] == pytest.approx(0.2 * (paid["big_promo"] - paid["always_on"]), abs=0.02)
    assert cost["low"] <= cost["effect"] <= cost["high"] and cost["effect"] != 0.0
    page = report_html(ranked, "zh")
    table = page[page.index('id="ranked"') :].partition("</table>")[0]
    assert re.findall(r'<th scope="row"><code>([^<]+)', table.replace("<wbr>", "")) == list(effects.index[:2])
    assert abs(effects["effect"].iloc[0]) >= abs(effects["effect"].iloc[1])
    assert f'data-v="{cost["effect"]:.10g}"' in table and NAMES["regular wage with on-costs"] in table


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"metric": "profit", "difference": 41.0, "low": 12.0, "high": 70.0}, "earns 4.1 % more profit [1.2, 7.0]"),
        ({"metric": "profit", "baseline_mean": -5.0}, "earns 100 yuan less profit [−120, −80]"),
        ({"metric": "peak_load", "baseline_mean": 50.0, "difference": 105.0, "low": 95.0, "high": 115.0},
         "its peak is 3.10 times the baseline's [2.90, 3.30]"),
        ({"metric": "retention_90d", "baseline_mean": 0.4, "difference": 0.02, "low": 0.01, "high": 0.03},
         "2.0 percentage points more of its customers order again within 90 days [1.0, 3.0]"),
        ({"metric": "fill_rate", "verdict": "tie"}, "fill rate is the same within 1 %"),
        ({"metric": "gmv", "verdict": "undecided"}, "gmv is undecided (−100 [−120, −80])"),
        ({"metric": "gmv"}, "gmv is 10.0 % lower [−12.0, −8.0]"),
        ({"metric": "gmv", "difference": float("nan")}, "gmv could not be measured"),
        ({"metric": "profit", "low": float("nan"), "high": float("nan")}, "earns 10.0 % less profit"),
    ],
)  # fmt: skip
def test_plain_words(change: dict[str, object], sentence: str) -> None:
    row = {"unit": "yuan", "baseline_mean": 1000.0, "difference": -100.0, "low": -120.0, "high": -80.0,
           "verdict": "worse"}  # fmt: skip
    assert fact({**row, **change}, "en") == sentence
