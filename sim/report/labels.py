"""Text on figures: names that users chose, made harmless, cut to the room there is, kept apart."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache

import matplotlib as mpl
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import TextToPath

from sim.report.style import FONT_PT, font_families

_MISSING = "\N{WHITE SQUARE}"
_MEASURE = TextToPath()


@cache
def _drawable(character: str) -> bool:
    files = (findfont(FontProperties(family=[family])) for family in font_families())
    return any(get_font(file).get_char_index(ord(character)) for file in files)


def plain(name: object) -> str:
    """A name as one line of characters that our fonts can draw.

    Control characters (also those that turn the writing direction) go, line breaks become spaces, and what
    has no glyph, such as most emoji, becomes a square.
    """
    line = " ".join(unicodedata.normalize("NFC", str(name)).split())
    kept = (c for c in line if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Mn", "Me"))
    readers = mpl.rcParams["svg.fonttype"] == "none"
    return "".join(c if readers or _drawable(c) else _MISSING for c in kept) or "(no name)"


def safe(text: str) -> str:
    r"""Text in which matplotlib finds no formula.

    >>> safe("a$b$")
    'a\\$b\\$'
    """
    return text.replace("$", r"\$")


def width_in(text: str, size_pt: float = FONT_PT, weight: str = "normal") -> float:
    """Width of a drawn line of text, inches; what our fonts lack is taken to be as wide as a W."""
    text = "".join(c if _drawable(c) else "W" for c in text)
    font = FontProperties(family=list(font_families()), size=size_pt, weight=weight)
    width, _, _ = _MEASURE.get_text_width_height_descent(text, font, ismath=False)
    return float(width) / 72


def fit(name: object, room_in: float, size_pt: float = FONT_PT, weight: str = "normal") -> str:
    """A name made safe and cut in its middle to the room: what tells two names apart is often at the end."""
    text = plain(name)[:400]
    keep = len(text)
    short = text
    while keep > 2 and width_in(short, size_pt, weight) > room_in:
        keep -= 1
        short = text[: (keep + 1) // 2] + "…" + text[len(text) - keep // 2 :]
    return safe(short)


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places as near as may be to the wanted ones, in the same order, at least `gap` apart, within low..high.

    >>> spread([5.0, 5.0, 9.9], 1.0, 0.0, 10.0)
    [4.5, 5.5, 9.9]
    """
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i], i))
    groups: list[tuple[float, int]] = []  # (centre, members), each a run of places that touch
    room = (len(wanted) - 1) * gap
    top = max(high, low + room)
    for i in order:
        groups.append((min(max(wanted[i], low), top), 1))
        while len(groups) > 1:
            (a, n), (b, m) = groups[-2:]
            if b - (m - 1) * gap / 2 - (a + (n - 1) * gap / 2) >= gap:
                break
            half = (n + m - 1) * gap / 2
            groups[-2:] = [(min(max((a * n + b * m) / (n + m), low + half), top - half), n + m)]
    places = [centre + (k - (n - 1) / 2) * gap for centre, n in groups for k in range(n)]
    answer = [0.0] * len(wanted)
    for i, place in zip(order, places, strict=True):
        answer[i] = place
    return answer
