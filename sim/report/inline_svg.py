"""A figure as SVG inside an HTML page: its letters stay text, its colours follow the page, its ids stay its own."""

from __future__ import annotations

import io
import re
import warnings
import xml.etree.ElementTree as ElementTree

from matplotlib.figure import Figure

from sim.report.style import LIGHT, Theme

_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
COLORS: dict[str, str] = {
    LIGHT.paper: "paper", LIGHT.ink: "ink", LIGHT.faint: "faint",
    **{color: f"series-{n}" for n, color in enumerate(LIGHT.series)},
}  # fmt: skip
"""Colours of the light theme and the CSS variables that take their place."""
_COLOR = re.compile("|".join(COLORS), re.IGNORECASE)
_BY_COLOR = {color.lower(): name for color, name in COLORS.items()}
_FONT = re.compile(r"font:\s*((?:[a-z0-9]+ )*)([0-9.]+px)[^;]*")


def inline_svg(figure: Figure, name: str, alt: str) -> str:
    """`figure`, drawn with the light theme, as an <svg> with the text alternative `alt`; `name` makes ids unique.

    No metadata, no style sheet and no address of any kind is left in it.
    """
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # the reader's fonts draw it, not ours
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    root = ElementTree.fromstring(buffer.getvalue())
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag not in (f"{_SVG}{tag}" for tag in _KEPT):
                parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
        for key, value in list(element.attrib.items()):
            del element.attrib[key]
            element.set("href" if key == _LINK else key, _value(key, value, name))
    view = root.get("viewBox", "")
    root.attrib.clear()
    root.attrib.update({"viewBox": view, "class": "figure", "role": "img", "aria-label": alt})
    return ElementTree.tostring(root, encoding="unicode")


_KEPT = ("defs", "g", "path", "clipPath", "rect", "use", "text", "tspan", "pattern", "circle", "line", "polygon")


def _value(key: str, value: str, name: str) -> str:
    if key == "id":
        return f"{name}-{value}"
    if key == _LINK:
        return f"#{name}-{value.removeprefix('#')}"
    value = value.replace("url(#", f"url(#{name}-")
    if key == "style":
        value = _COLOR.sub(lambda match: f"var(--{_BY_COLOR[match.group().lower()]})", value)
        value = _FONT.sub(lambda match: f"font: {match.group(1)}{match.group(2)} var(--font)", value)
    return value


def theme_for_page(language: str) -> Theme:
    """The theme whose figures `inline_svg` takes."""
    return Theme(LIGHT.paper, LIGHT.ink, LIGHT.faint, LIGHT.series, "zh" if language == "zh" else "en", as_text=True)
