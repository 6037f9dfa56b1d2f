"""What the report says, in English or Chinese: the English text is the key, as in gettext."""

from __future__ import annotations

from typing import Literal, get_args

from sim.report.chinese import NAMES, TEXTS

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


def say(text: str, language: Language = "en", **values: object) -> str:
    """A text of ours in `language`, with `{name}` filled in. KeyError where the Chinese is missing.

    >>> say("{n} seeds", "zh", n=3)
    '3 个随机种子'
    """
    pattern = text if language == "en" else TEXTS[text]
    return pattern.format(**values) if values else pattern


def name_of(text: str, language: Language = "en") -> str:
    """A name or meaning declared elsewhere (a metric, an account, a unit), which anybody may add to: English where
    no Chinese is known."""
    return text if language == "en" else NAMES.get(text, text)
