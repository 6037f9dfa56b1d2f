"""The verdict in plain words: one sentence a pair, from the rows of comparison.csv and nothing else."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from sim.report.language import Language, name_of, say

Row = dict[Any, Any]


def number(value: float, unit: str, sign: str = "") -> str:
    """A value in its unit: yuan whole, shares in %, others with two decimals; `sign` is a format's own."""
    if not math.isfinite(value):
        return "–"
    if unit == "share":
        text = f"{100 * value:{sign}.1f} %"
    else:
        text = f"{value:{sign},.{0 if unit == 'yuan' or abs(value) >= 1000 else 2}f}"
    return text.replace("-", "\N{MINUS SIGN}")


def change(value: float, unit: str, language: Language) -> str:
    """A difference with its sign: as `number`, of shares in percentage points."""
    if unit != "share" or not math.isfinite(value):
        return number(value, unit, "+")
    return say("{x} pp", language, x=f"{100 * value:+z.1f}".replace("-", "\N{MINUS SIGN}"))


def interval(low: float, high: float, unit: str) -> str:
    """`[1.2, 7.0]` around a difference, in what `change` tells it in; a dash where there is none."""
    if not math.isfinite(low + high):
        return "–"
    scale, unit = (100.0, "1") if unit == "share" else (1.0, unit)
    digits = f".{1 if scale > 1 else 0 if unit == 'yuan' or max(abs(low), abs(high)) >= 1000 else 2}f"
    return f"[{scale * low:z,{digits}}, {scale * high:z,{digits}}]".replace("-", "\N{MINUS SIGN}")


def _percent(row: Row) -> tuple[float, float, float] | None:
    """Difference and interval in % of the baseline; None where that says nothing."""
    base = float(row["baseline_mean"])
    if not math.isfinite(base) or base <= 0 or abs(float(row["difference"])) > base:
        return None
    difference, low, high = (100 * float(row[k]) / base for k in ("difference", "low", "high"))
    return difference, low, high


def _span(low: float, high: float, digits: int = 1) -> str:
    if not math.isfinite(low + high):
        return ""
    return f" [{low:,.{digits}f}, {high:,.{digits}f}]".replace("-", "\N{MINUS SIGN}")


def _called(metric: str, language: Language) -> str:
    """A metric's name inside a sentence."""
    return name_of(metric, language).replace("_", " ")


def fact(row: Row, language: Language) -> str:
    """What one row of the comparison says: `earns 4.1 % more profit [1.2, 7.0]`."""
    difference, verdict, metric = float(row["difference"]), str(row["verdict"]), str(row["metric"])
    if not math.isfinite(difference):
        return say("{metric} could not be measured", language, metric=_called(metric, language))
    if verdict == "tie":
        return say("{metric} is the same within 1 %", language, metric=_called(metric, language))
    if verdict == "undecided":
        shown = (
            change(difference, str(row["unit"]), language) + " " + interval(row["low"], row["high"], str(row["unit"]))
        )
        return say("{metric} is undecided ({shown})", language, metric=_called(metric, language), shown=shown.strip())
    return _decided(row, language, difference, metric)


def _decided(row: Row, language: Language, difference: float, metric: str) -> str:
    more, percent, base = difference > 0, _percent(row), float(row["baseline_mean"])
    low, high = float(row["low"]), float(row["high"])
    if metric == "profit":
        if percent is None:
            text = "earns {x} yuan more profit{span}" if more else "earns {x} yuan less profit{span}"
            return say(text, language, x=f"{abs(difference):,.0f}", span=_span(low, high, 0))
        text = "earns {x} % more profit{span}" if more else "earns {x} % less profit{span}"
        return say(text, language, x=f"{abs(percent[0]):.1f}", span=_span(*percent[1:]))
    if metric == "peak_load" and base > 0:
        ratio, span = (base + difference) / base, _span((base + low) / base, (base + high) / base, 2)
        return say("its peak is {x} times the baseline's{span}", language, x=f"{ratio:.2f}", span=span)
    if metric == "retention_90d":
        more_return = "{x} percentage points more of its customers order again within 90 days{span}"
        fewer_return = "{x} percentage points fewer of its customers order again within 90 days{span}"
        text, span = more_return if more else fewer_return, _span(100 * low, 100 * high)
        return say(text, language, x=f"{100 * abs(difference):.1f}", span=span)
    shown = f"{abs(percent[0]):.1f} %" if percent else number(abs(difference), str(row["unit"]))
    span = _span(*percent[1:]) if percent else " " + interval(low, high, str(row["unit"]))
    text = "{metric} is {x} higher{span}" if more else "{metric} is {x} lower{span}"
    return say(text, language, metric=_called(metric, language), x=shown, span=span)


def _of_pair(row: Row) -> bool:
    """Whether a fact says what the pair does and so needs a subject: `earns 4 % more profit`."""
    decided = row["verdict"] in ("better", "worse") and math.isfinite(float(row["difference"]))
    return decided and row["metric"] == "profit"


def sentences(shown: pd.DataFrame, language: Language) -> list[dict[str, Any]]:
    """One entry a pair, those that differ from the baseline in the schedule alone first: its names, its facts and
    their verdicts. `shown` holds the rows of the metrics asked for."""
    found = []
    for (schedule, line_up), rows in shown.groupby(["schedule", "line_up"], sort=False, observed=True):
        records = rows.to_dict("records")
        facts: list[dict[str, Any]] = [
            {"text": fact(row, language), "verdict": str(row["verdict"]), "of_pair": _of_pair(row)} for row in records
        ]
        for before, after in zip([None, *facts], facts, strict=False):
            after["turns"] = before is not None and {before["verdict"], after["verdict"]} == {"better", "worse"}
        same = str(line_up) == str(records[0]["baseline_line_up"])
        found.append({"schedule": str(schedule), "line_up": str(line_up), "same_line_up": same, "facts": facts})
    return sorted(found, key=lambda entry: not entry["same_line_up"])
