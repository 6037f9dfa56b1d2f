"""The fit report: one self-contained page with the verdict first, data against simulated data, and every estimate."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from sim.fit.estimates import Fit
from sim.fit.figures import elasticities, profiles, sold_against_simulated, weekly_units
from sim.fit.holdout import FEWEST_WEEKS, HoldOut
from sim.fit.scenario import write_whole
from sim.fit.summary import experiment_text
from sim.report.inline_svg import inline_svg, theme_for_page
from sim.report.style import Theme, style

_MOST_ROWS = 200


def write_fit_report(fit: Fit, held: HoldOut | None, path: Path, asked: bool = True) -> None:
    """Writes the page in one step; `asked` is whether weeks were to be held out. Raises DataError."""
    write_whole(path, fit_report(fit, held, asked))


def fit_report(fit: Fit, held: HoldOut | None, asked: bool = True) -> str:
    """The page as text; the same fit, the same bytes."""
    page = Environment(
        loader=ChoiceLoader([PackageLoader("sim.fit"), PackageLoader("sim.report")]),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    page.globals.update(n=lambda x: f"{x:.2f}" if math.isfinite(x) else "–",
                        g=lambda x: f"{x:.3g}" if math.isfinite(x) else "–")  # fmt: skip
    assert page.loader is not None
    css = page.loader.get_source(page, "report.css")[0]
    aside = fit.reading.aside
    return page.get_template("fit.html.j2").render(
        fit=fit, held=held, css=Markup(css.strip()), known=fit.elasticity.identified != "not identified",
        experiment=[line for line in experiment_text(fit) if line], figures=_figures(fit, held),
        elasticities=[("all SKUs", fit.elasticity), *fit.by_sku.items()],
        aside=aside.head(_MOST_ROWS).to_dict("records"), more_aside=len(aside) > _MOST_ROWS,
        why_not=f"it needs {FEWEST_WEEKS} whole weeks" if asked else "no simulation was asked for",
    )  # fmt: skip


def _figures(fit: Fit, held: HoldOut | None) -> list[dict[str, Any]]:
    """Name, title, caption and SVG of each."""
    theme = theme_for_page("en")
    makes: list[tuple[str, str, str, Callable[[Theme], Figure]]] = []
    if held is not None:
        shown = held  # not None inside the closures
        makes += [
            ("weekly-units", "Weekly units, sold and simulated", "The fitted world at the prices of the file: what it "
             "would have sold, beside what was sold.", lambda t: weekly_units(shown, t)),
            ("held-out", "Held-out weeks", "Weeks that the fit has not seen.",
             lambda t: sold_against_simulated(shown, t)),
        ]  # fmt: skip
    makes += [
        ("elasticities", "Price elasticity", "Estimates alone, and drawn toward all SKUs', those toward the prior.",
         lambda t: elasticities(fit, t)),
        ("profiles", "When orders come", "Orders by weekday and hour, as the file records them.",
         lambda t: profiles(fit, t)),
    ]  # fmt: skip
    out = []
    for name, title, caption, make in makes:
        with style(theme):
            svg = inline_svg(make(theme), name, f"{title}. {caption} The numbers are in the tables below.")
        out.append({"name": name, "title": title, "caption": caption, "svg": Markup(svg)})
    return out
