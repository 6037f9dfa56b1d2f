"""report.html: one self-contained file with the verdict first, the reasons, the certainty and how to repeat it.

Everything in it comes from the stored experiment; no address is fetched, names are escaped by jinja2, and the
Content-Security-Policy lets no script run but the page's own, by its hash.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import shlex
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from matplotlib.figure import Figure

from sim.lab.compare import manifest_scenario
from sim.lab.plan import baseline
from sim.lab.store import write_atomic
from sim.ledger import PNL
from sim.metrics import all_metrics
from sim.report.assumptions import assumptions, ranking_of
from sim.report.captions import CAPTIONS
from sim.report.figures import EXPERIMENTS, FIGURES, Frames, drawable, table_of
from sim.report.inline_svg import inline_svg, theme_for_page
from sim.report.language import Language, name_of, say
from sim.report.panels import scored
from sim.report.plain_words import change, interval, number, sentences
from sim.report.style import style
from sim.report.tidy import ordered

MARKS = {"better": "▲", "worse": "▼", "tie": "=", "undecided": "?"}
_SECTIONS = {
    "verdict": "Verdict", "reasons": "Reasons", "certainty": "Certainty",
    "assumptions": "Assumptions without evidence", "tables": "All numbers", "rerun": "Scenario and how to rerun",
}  # fmt: skip
_HEADS = (
    "schedule", "line-up", "metric", "verdict", "baseline", "mean", "difference", "95 % interval", "p (Holm)", "pairs",
    "unit",
)  # fmt: skip
_TABLES = ("runs", "daily", "hourly", "pnl", "cohorts", "campaigns")


def write_report(folder: Path, language: Language = "en") -> Path:
    """Writes `folder`/report.html from the tables of the experiment that `folder` holds; the same tables, the same
    bytes. Experiments' own tables (`bump_decomposition.csv`, any name in `EXPERIMENTS`) are drawn where they are."""
    file = folder / "report.html"
    text = report_html(folder, language)
    write_atomic(file, lambda stream: stream.write(text.encode()))
    return file


def report_html(folder: Path, language: Language = "en") -> str:
    """The page as text."""
    stored = {name: pd.read_parquet(folder / f"{name}.parquet") for name in _TABLES}
    comparison = pd.read_csv(folder / "comparison.csv", keep_default_na=False, na_values=[""])
    scenario = manifest_scenario(folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    frames = Frames(
        stored["runs"], comparison, stored["daily"], stored["hourly"], scenario, stored["pnl"], stored["cohorts"]
    )
    page = _environment(language)
    script, css = (page.loader_text(name) for name in ("report.js", "report.css"))
    asked = [row for row in _rows(comparison) if row["metric"] in scenario.compare.metrics]
    order = {name: n for n, name in enumerate(scenario.compare.metrics)}
    pairs = list(dict.fromkeys((row["schedule"], row["line_up"]) for row in asked))
    asked.sort(key=lambda row: (pairs.index((row["schedule"], row["line_up"])), order[row["metric"]]))
    base = baseline(scenario)
    accounts, columns = _accounts(frames, language)
    ranking = ranking_of(folder)
    return page.get_template("report.html.j2").render(
        language=language,
        scenario_name=scenario.name,
        description=scenario.description,
        base=say("{schedule} with {line_up}", language, schedule=base[0], line_up=base[1]),
        sections=[(key, say(title, language)) for key, title in _SECTIONS.items()],
        heads=[say(text, language) for text in _HEADS],
        sentences=sentences(pd.DataFrame(asked), language) if asked else [],
        shown=asked,
        comparison=_rows(comparison),
        counts={name: Counter(row["verdict"] for row in asked)[name] for name in MARKS},
        figures=_figures(folder, frames, language),
        experiments=list(EXPERIMENTS),
        seeds=manifest["seeds"],
        margin=f"{100 * manifest['equivalence_margin_share']:g}",
        failed=manifest["failed"],
        assumed=assumptions(manifest["scenario"], ranking),
        ranking=ranking.about if ranking else None,
        accounts=accounts,
        pairs=columns,
        campaigns=stored["campaigns"].to_dict("records"),
        command=shlex.join(manifest["command"]),
        manifest=manifest,
        yaml=yaml.safe_dump(manifest["scenario"], allow_unicode=True, sort_keys=False, width=100),
        css=Markup(css),
        script=Markup(script),
        script_hash=f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}",
    )


class _Page(Environment):
    def loader_text(self, name: str) -> str:
        """A file beside the templates, as it is."""
        assert self.loader is not None
        return self.loader.get_source(self, name)[0].strip()


def _environment(language: Language) -> _Page:
    """Autoescape is on for every template: whatever a user named is text."""
    page = _Page(
        loader=PackageLoader("sim.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page.filters["unbroken"] = unbroken
    page.globals.update(
        t=lambda text, **values: say(text, language, **values),
        name=lambda text: name_of(str(text), language),
        known=lambda text: language == "en" or name_of(text, language) != text,
        number=number,
        interval=interval,
        change=partial(change, language=language),
        probability=lambda p: "–" if math.isnan(p) else "< 0.001" if p < 0.0005 else f"{p:.3f}",
        csv=lambda value: f"{value:.10g}",
        marks=MARKS,
    )
    return page


def unbroken(text: str) -> Markup:
    """A sentence whose intervals never break at the end of a line.

    >>> str(unbroken("<b> more [1.2, 7.0]"))
    '&lt;b&gt; more <span class="interval">[1.2, 7.0]</span>'
    """
    kept = r'<span class="interval">\g<0></span>'
    return Markup(re.sub(r"\[[−\d., %]+\]", kept, str(escape(text))))


def _rows(comparison: pd.DataFrame) -> list[dict[str, Any]]:
    """The comparison's rows with each metric's meaning."""
    known = all_metrics()
    rows: list[dict[str, Any]] = []
    for record in comparison.to_dict("records"):
        row = {str(key): value for key, value in record.items()}
        metric = str(row["metric"])
        rows.append({**row, "meaning": known[metric].meaning if metric in known else ""})
    return rows


def _accounts(frames: Frames, language: Language) -> tuple[list[dict[str, Any]], list[str]]:
    """P&L accounts that moved, then their sum, yuan a pair: mean over seeds; and the pairs' names."""
    pnl = frames.pnl
    if pnl is None or pnl.empty:
        return [], []
    rows = pnl[scored(pnl["day"], frames.scenario, settlement=True)]
    totals = rows.groupby(["schedule", "line_up", "account", "replication"], observed=True)["yuan"].sum()
    means = totals.groupby(level=[0, 1, 2]).mean()
    schedules, line_ups = list(frames.scenario.schedules), list(frames.scenario.line_ups)
    held = {key[:2] for key in means.index}
    pairs = [(s, u) for s in ordered(rows["schedule"], schedules) for u in ordered(rows["line_up"], line_ups)]
    pairs = [pair for pair in pairs if pair in held]
    table: list[dict[str, Any]] = []
    for account in ordered(rows["account"], list(PNL)):
        yuan = [float(means.get((*pair, account), 0.0)) for pair in pairs]
        if any(abs(value) >= 0.005 for value in yuan):
            label = name_of(account, language)
            table.append({"label": label, "meaning": PNL.get(account, ""), "yuan": yuan})
    sums = [math.fsum(row["yuan"][n] for row in table) for n in range(len(pairs))]
    table.append({"label": say("profit", language), "meaning": "", "yuan": sums})
    return table, [f"{schedule} · {line_up}" for schedule, line_up in pairs]


def _figures(folder: Path, frames: Frames, language: Language) -> list[dict[str, Any]]:
    """Every figure that the frames allow, as inline SVG with caption and text alternative."""
    theme = theme_for_page(language)
    draws = {name: partial(FIGURES[name], frames) for name in drawable(frames)}
    for name, draw in EXPERIMENTS.items():
        file = folder / table_of(name)
        if file.is_file():
            draws[name] = partial(_experiment, draw, pd.read_csv(file))
    found = []
    for name, make in draws.items():
        title, caption = (say(text, language) for text in CAPTIONS[name])
        with style(theme):
            figure = make(theme).get_figure(root=True)
            assert isinstance(figure, Figure)
            alt = say("{title}. {caption} The numbers are in the tables below.", language, title=title, caption=caption)
            svg = inline_svg(figure, name, alt)
        found.append({"name": name, "title": title, "caption": caption, "svg": Markup(svg)})
    return found


def _experiment(draw: Any, table: pd.DataFrame, theme: Any) -> Any:
    return draw(table, theme=theme)
