"""How every figure looks, and how it is written: one look, no global state, the same bytes each time.

Drawing happens inside `style()`, which starts from matplotlib's own defaults, so that neither a user's
matplotlibrc nor an earlier plot changes a figure. Figures are plain `matplotlib.figure.Figure` objects:
pyplot, with its list of open figures, is never imported.
"""

from __future__ import annotations

import io
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.report.language import Language, say

WIDTH_IN = 7.0
"""Width of every figure: two columns of a journal, the text width of the report."""
FONT_PT = 8.0
"""Smallest type at that width."""
PNG_DPI = 200
LINE_STYLES = ("solid", (0, (4, 1.5)), (0, (1, 1.2)), (0, (5, 1.2, 1, 1.2)))

# Okabe & Ito (2008), Color Universal Design, without black (the ink) and yellow (too pale on paper).
BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
)
# DejaVu Sans comes with matplotlib; the others add Chinese, Japanese and Korean where the machine has them.
_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "PingFang SC",
    "Microsoft YaHei",
    "SimHei",
)


@dataclass(frozen=True)
class Theme:
    """Colours of a page, and the language of what we say on it."""

    paper: str
    ink: str
    faint: str
    series: tuple[str, ...] = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
    language: Language = "en"
    as_text: bool = False
    """Letters stay letters in an SVG, drawn with the reader's fonts; else they are paths."""

    def say(self, text: str, **values: object) -> str:
        """Our own text in the page's language, with `{name}` filled in."""
        return say(text, self.language, **values)


LIGHT = Theme(paper="#FFFFFF", ink="#1A1A1A", faint="#6B6B6B")
DARK = Theme(paper="#16181C", ink="#ECECEC", faint="#A0A0A0", series=(SKY, ORANGE, GREEN, PURPLE, VERMILLION, BLUE))


def _not_for_want_of_bold(record: logging.LogRecord) -> bool:
    """False for the complaint that a fallback font comes in one weight: its characters are drawn in that weight."""
    text = record.getMessage()
    return not ("Failed to find font weight" in text and any(name in text for name in _FONTS))


@cache
def font_families() -> tuple[str, ...]:
    """The fonts that are tried for each character, in order."""
    known = {font.name for font in font_manager.fontManager.ttflist}
    logging.getLogger(font_manager.__name__).addFilter(_not_for_want_of_bold)
    return ("DejaVu Sans", *(name for name in _FONTS if name in known))


@contextmanager
def style(theme: Theme = LIGHT) -> Iterator[None]:
    """Our look for whatever is drawn or saved inside, and the caller's settings again afterwards."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(
            {
                "font.family": list(font_families()),
                "font.size": FONT_PT,
                "axes.titlesize": FONT_PT,
                "axes.labelsize": FONT_PT,
                "xtick.labelsize": FONT_PT,
                "ytick.labelsize": FONT_PT,
                "legend.fontsize": FONT_PT,
                "text.color": theme.ink,
                "axes.labelcolor": theme.ink,
                "xtick.labelcolor": theme.ink,
                "ytick.labelcolor": theme.ink,
                "xtick.color": theme.faint,
                "ytick.color": theme.faint,
                "axes.edgecolor": theme.faint,
                "axes.facecolor": theme.paper,
                "figure.facecolor": theme.paper,
                "savefig.facecolor": theme.paper,
                "axes.spines.top": False,
                "axes.spines.right": False,
                "axes.linewidth": 0.6,
                "xtick.major.width": 0.6,
                "ytick.major.width": 0.6,
                "hatch.linewidth": 0.5,
                "svg.hashsalt": "peakshift",
                "svg.fonttype": "none" if theme.as_text else "path",
            }
        )
        yield


def canvas(height_in: float, left: float, right: float, top: float, bottom: float) -> Axes:
    """An Axes in a figure of its own; margins in inches, so that text is never squeezed by the data."""
    figure = Figure(figsize=(WIDTH_IN, height_in))
    return figure.add_axes(
        (
            left / WIDTH_IN,
            bottom / height_in,
            (WIDTH_IN - left - right) / WIDTH_IN,
            (height_in - top - bottom) / height_in,
        )
    )


def size_in(ax: Axes) -> tuple[float, float]:
    """Width and height of the plotting area, inches."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    box = ax.get_window_extent()
    return box.width / figure.dpi, box.height / figure.dpi


def headline(
    ax: Axes, title: str, detail: str, points_above: float = 5.0, at: tuple[float, float] = (0.0, 1.0)
) -> None:  # fmt: skip
    """The title, and in a second line what exactly is shown; both above the point `at`, a fraction of the Axes."""
    theme_faint = mpl.rcParams["xtick.color"]
    for text, lift, weight, color in ((title, 12.0, "bold", None), (detail, 0.0, "normal", theme_faint)):
        ax.annotate(
            text,
            at,
            (0, points_above + lift),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="left",
            va="bottom",
            weight=weight,
            color=color or mpl.rcParams["text.color"],
            size=FONT_PT + (1.5 if weight == "bold" else 0),
            annotation_clip=False,
        )


def write_figure(figure: Figure, stem: Path) -> list[Path]:
    """`stem`.png and `stem`.svg, each in one step: a reader never meets half a file."""
    paths = []
    for suffix, metadata in ((".png", {}), (".svg", {"Date": None})):
        buffer = io.BytesIO()
        figure.savefig(buffer, format=suffix[1:], dpi=PNG_DPI, metadata=metadata)
        paths.append(stem.with_name(stem.name + suffix))
        _replace(paths[-1], buffer.getvalue())
    return paths


def save(folder: Path, name: str, draw: Callable[[Theme], Axes], theme: Theme = LIGHT) -> list[Path]:
    """What `draw` draws as `folder`/figures/`name`.png and .svg; the same numbers give the same bytes."""
    target = folder / "figures"
    target.mkdir(parents=True, exist_ok=True)
    with style(theme):
        figure = draw(theme).get_figure(root=True)
        assert isinstance(figure, Figure)
        return write_figure(figure, target / name)


def _replace(path: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), 0o644)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
