"""How figures stand in tables of plain text."""

from __future__ import annotations

import math

import pytest

from sim.lab import wording
from sim.lab.texts import aligned, around, column_form, number
from sim.report import plain_words


@pytest.mark.parametrize(
    ("mean", "low", "high", "told"),
    [
        (-69_088.3, -70_620.4, -67_556.2, "[-70,620, -67,556]"),
        (0.013, -0.0214, 0.0474, "[-0.021, 0.047]"),
        (5.0, -3.25, 13.25, "[-3.250, 13.250]"),
        (-30.0, -30.0, -30.0, "[-30, -30]"),
        (0.001, -0.0001, 0.0021, "[0.000, 0.002]"),
        (1.0, math.nan, math.nan, ""),
    ],
)
def test_an_interval_has_its_means_digits(mean: float, low: float, high: float, told: str) -> None:
    assert around(mean, low, high) == told


def test_no_zero_has_a_sign() -> None:
    assert [number(-0.0), number(-1e-9)] == ["0", "0.000"]


def test_a_column_has_the_same_decimals() -> None:
    mixed, whole = (104.0, 16.5, 4.0), (104.0, -0.0)
    assert [column_form(mixed).format(value) for value in mixed] == ["104.0", "16.5", "4.0"]
    assert [column_form(whole).format(value) for value in whole] == ["104", "0"]


def test_rules_stand_below_the_lines_asked_for() -> None:
    rows = [("a", "b"), ("c", "10"), ("d", "2")]
    assert aligned(rows, {1}) == ["a   b", "-----", "c  10", "d   2"]
    assert aligned(rows, {1}, {0, 1}) == ["a   b", "-----", "c  10", "-----", "d   2"]


def test_a_difference_of_shares_is_told_in_percentage_points() -> None:
    assert [wording.signed(x, "share") for x in (0.0162, -0.0162, math.nan)] == ["+1.6 pp", "-1.6 pp", "-"]
    assert wording.interval(-0.002, 0.034, "share") == "[-0.2, 3.4]"
    assert wording.signed(-1e-9, "share") == "+0.0 pp" and plain_words.change(-1e-9, "share", "en") == "+0.0 pp"
    assert (wording.signed(12.0, "yuan"), wording.number(0.5, "share")) == ("+12", "50.0%")
    assert plain_words.change(0.0162, "share", "en") == "+1.6 pp"
    assert plain_words.change(-0.0162, "share", "zh") == "\N{MINUS SIGN}1.6 个百分点"
    assert plain_words.interval(-0.002, 0.034, "share") == "[\N{MINUS SIGN}0.2, 3.4]"
    assert plain_words.interval(-1200.4, 30.0, "yuan") == "[\N{MINUS SIGN}1,200, 30]"
