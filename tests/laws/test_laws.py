"""Each law is broken by one strategy, with this message."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sim.lab.check import check, laws

MUST = "must answer on day # without an error, raised"
INDEX = f"{MUST} IndexError: index # is out of bounds for axis # with size #"
UNITS = 'in its name (strength_days, strength_share, ...), as metadata={"unit": ...}, or in a text below it'
BROKEN: dict[str, tuple[str, str]] = {
    "every parameter has a default": ("form:HasNoDefault", "parameter 'depth_share' must have a default, got none"),
    "right type": ("answer:AnswersAnArray", "must return a Offers, got ndarray"),
    "right shape": ("answer:SwapsAxes", "coupons must have shape #, got #"),
    "declares what it may know": (
        "form:SaysNotWhatItKnows",
        "info must be declared in the class, e.g. `info = \"informed\"`, got only the contract's default",
    ),
    "declares its memory": (
        "form:SaysNotWhatItRemembers",
        "memory_days must be declared in the class, e.g. `memory_days = #`, got only the contract's default",
    ),
    "states its idea and source": (
        "form:NamesNoOrigin",
        "the docstring of the class or of its file must name a source (`Source: ...`), got none",
    ),
    "parameters say their units": ("form:HasNoUnit", f"parameter 'strength' must say its unit: {UNITS}"),
    "constructor only stores": (
        "form:WorksWhenBuilt", "the constructor must only store parameters, it also sets 'table': do that when asked",
    ),
    "pickles": ("form:StaysAtHome", "must go through pickle, raised TypeError: not for travelling"),
    "parameters untouched": (
        "form:TunesItself", "parameter 'depth_share' must stay as given, it went from # to #",
    ),
    "keeps nothing from day to day": (
        "form:CountsDays",
        "an object asked on earlier days must answer as a fresh one, coupons[#, #] is # and #: read the past from the "
        "view, or declare keeps_state = True",
    ),
    "finite": ("answer:DividesByZero", "coupons must be finite, got nan on day #"),
    "within bounds": ("answer:GivesMoneyAway", "coupons must be at most #, got # on day #"),
    "whole units": ("answer:OrdersHalves", "orders must be whole numbers, got #"),
    "accepted by the engine": (
        "answer:LosesHours",
        "the engine refuses the answer of day #: hour_shares must sum to # in each row, got # in row #",
    ),
    "keeps to the horizon": (
        "answer:AlwaysFourWeeks", "the engine refuses the answer of day #: paths must have shape anyx#, got #",
    ),
    "same rng same answer": (
        "repeat:Whim", "must answer the same to the same view, forecast and rng, coupons[#, #] is # and #",
    ),
    "another object same answer": (
        "repeat:RemembersLaterDays",
        "a new object must not know what another was asked, coupons[#, #] is # and #: keep nothing in the class or "
        "module",
    ),
    "draws from its rng alone": (
        "repeat:GlobalDice", "must draw from the rng that it is given, it uses the global random",
    ),
    "inputs untouched": ("repeat:WritesIntoTheBooks", "on_hand must stay as it was told: work on a copy"),
    "process untouched": ("repeat:Redecorates", "must leave the process alone, it changed os.environ"),
    "touches nothing outside": (
        "repeat:KeepsADiary",
        "must neither write files nor start processes nor connect, it did: open TMP/peakshift-laws-test for writing",
    ),
    "says nothing": ("repeat:Talks", "must print nothing, it printed 'day #'"),
    "survives day 0": ("situations:NeedsYesterday", INDEX),
    "survives day 1": ("situations:NeedsTwoDays", INDEX),
    "survives a festival day": ("situations:HatesFestivals", f"{MUST} RuntimeError: too busy"),
    "survives the last day": ("situations:NeedsAFuture", f"{MUST} RuntimeError: nothing to wait for"),
    "survives prices by hour": ("situations:TrustsThePriceTag", f"{MUST} RuntimeError: unknown price"),
    "survives one sku": ("situations:NeedsTwoSkus", INDEX),
    "survives one city": (
        "situations:NeedsTwoCities", INDEX,
    ),
    "survives 500 skus in 10 cities": (
        "situations:SmallShopsOnly", INDEX,
    ),
    "survives a long history": (
        "situations:ShortMemory", INDEX,
    ),
    "survives zero sales": ("situations:NeedsSales", f"{MUST} ZeroDivisionError: float division by zero"),
    "survives all stocked out": ("situations:NeedsStock", f"{MUST} ZeroDivisionError: float division by zero"),
    "survives no campaigns": ("situations:NeedsCampaigns", f"{MUST} ValueError: max() arg is an empty sequence"),
    "survives campaigns only": (
        "situations:NeedsQuietDays", INDEX,
    ),
    "survives debt": ("situations:NeedsMoney", f"{MUST} ValueError: math domain error"),
    "survives backlogs": ("situations:NeedsOrder", f"{MUST} SystemExit: I quit"),
    "answers in time": ("situations:Slow", "must answer within # s, was stopped on day #"),
    "sku order does not matter": (
        "alike:LikesTheFirst",
        "SKUs listed in another order must get the same decisions, coupons is # and # on day #: or declare "
        "order_matters = True",
    ),
    "currency does not matter": (
        "alike:FiveYuanOff",
        "with all money times # prices and coupons must follow and all else stay, coupons is # and # on day #: name "
        "fields in yuan *_yuan, or declare currency_matters = True",
    ),
    "declared memory is enough": (
        "knowledge:RemembersMore",
        "its decision must not depend on days older than memory_days = #, coupons[#, #] is # and # when they are "
        "replaced on day #",
    ),
    "no look ahead behind the arrays": (
        "knowledge:LooksBehind",
        "its decision of day # must not depend on what comes after it, coupons[#, #] is # and # when the records "
        "behind the arrays are replaced from that day on: use the arrays as told, not their .base",
    ),
    "no look ahead in a world": (
        "knowledge:LivedBefore",
        "its decision of day # must not depend on days after #, coupons[#, #] is # and # in a second world that "
        "differs only after that: keep nothing of an earlier run",
    ),
    "truth is for oracles": (
        "knowledge:PeeksAtTheTruth",
        "must not decide by view.truth unless it declares info = \"oracle\", coupons[#, #] is # and # when the truth "
        "is there",
    ),
    "blind sees no market": (
        "knowledge:NotSoBlind",
        "a blind strategy must not look at the market, the calendar or the forecast, coupons[#, #] is # and # in "
        "another market on day #: declare info = \"informed\"",
    ),
}  # fmt: skip
"""Law -> a strategy in tests/laws/broken that breaks it, and what is said; # stands for figures."""

DEADLINE = {"situations:Slow": 0.5}
BROKEN_FOLDER = "tests.laws.broken"


def masked(message: str) -> str:
    return re.sub(r"-?\d[\d.e+x-]*(?<![.])", "#", message.replace("/tmp/", "TMP/"))


def test_there_are_enough_laws_and_each_has_its_breaker() -> None:
    assert len(laws()) >= 25
    assert set(BROKEN) == set(laws())


@pytest.mark.parametrize("law", BROKEN)
def test_a_broken_law_is_found_and_told(law: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reference, message = BROKEN[law]
    monkeypatch.setenv("PEAKSHIFT_LAWS_TEST", "0")
    (report,) = check([f"{BROKEN_FOLDER}.{reference}"], decision_seconds=DEADLINE.get(reference, 10.0), workers=1)
    print(report.broken)
    assert not report.passed and law in report.broken
    assert masked(report.broken[law]) == masked(message)
