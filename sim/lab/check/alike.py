"""Laws of symmetry: what is only named or counted differently is decided alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np

from sim.contracts import Strategy
from sim.lab.check import change
from sim.lab.check.subject import Broken, Exempt, Subject, parts
from sim.lab.check.views import QUIET, Told

FACTOR = 128.0
"""A power of two, so that other money changes no last digit."""
REPEATS = 16
"""Answers, each from other draws, that a strategy which draws is judged on."""
_SKU_AXIS = {"paths": 1, "orders": 0, "transfers": 0, "prices": -1, "coupons": -1}
_MONEY = ("prices", "coupons", "coupon")

Answers = list[dict[str, np.ndarray[Any, Any]]]


def sku_order_does_not_matter(s: Subject) -> None:
    """The same SKUs listed in another order get the same decisions."""
    if s.cls.order_matters:
        raise Exempt("declares order_matters")
    for day in (QUIET, 0):
        told = s.morning(day)
        order = np.random.default_rng(day).permutation(len(told.view.shop.skus))
        back = np.argsort(order)

        def sorted_back(name: str, array: np.ndarray[Any, Any], back: Any = back) -> np.ndarray[Any, Any]:
            return np.take(array, back, axis=_SKU_AXIS[name]) if name in _SKU_AXIS else array

        found = _compared(s, told, change.taken(told, "K", order), sorted_back)
        if found:
            raise Broken(
                f"SKUs listed in another order must get the same decisions, {found} on day {day}: "
                "or declare order_matters = True"
            )


def currency_does_not_matter(s: Subject) -> None:
    """All money 128 times as much: prices and coupons follow, everything else stays."""
    if s.cls.currency_matters:
        raise Exempt("declares currency_matters")
    yuan = {
        f.name: getattr(s.fresh(), f.name) * FACTOR
        for f in fields(s.cls)
        if f.name.endswith("_yuan") and isinstance(getattr(s.fresh(), f.name), int | float)
    }

    def cheaper(name: str, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return array / FACTOR if name in _MONEY else array

    for day in (QUIET, 0):
        told = s.morning(day)
        found = _compared(s, told, change.money_times(told, FACTOR), cheaper, s.fresh(**yuan))
        if found:
            raise Broken(
                f"with all money times {FACTOR:g} prices and coupons must follow and all else stay, {found} on day "
                f"{day}: name fields in yuan *_yuan, or declare currency_matters = True"
            )


def _compared(
    s: Subject, one: Told, two: Told, undo: Callable[[str, np.ndarray[Any, Any]], np.ndarray[Any, Any]],
    strategy: Strategy | None = None,
) -> str | None:  # fmt: skip
    """The field in which the answers differ once the change is undone. Where draws decide, their means over
    several generators are compared, within six standard errors."""

    def answers(told: Told, count: int, asked: Strategy | None, back: bool) -> Answers:
        got = [parts(s.accepted(told, asked, seed=n)) for n in range(1, count + 1)]
        return [{k: undo(k, v) if back else v for k, v in a.items()} for a in got]

    if not _differ(answers(one, 1, None, False), answers(two, 1, strategy, True), exact=True):
        return None
    first, again = answers(one, 2, None, False)
    if not _differ([first], [again], exact=True):  # it does not draw: no excuse
        return _differ([first], answers(two, 1, strategy, True), exact=True)
    return _differ(answers(one, REPEATS, None, False), answers(two, REPEATS, strategy, True), exact=False)


def _differ(ones: Answers, twos: Answers, exact: bool) -> str | None:
    for name in ones[0]:
        a, b = (np.stack([_reduced(name, x[name]) for x in both]) for both in (ones, twos))
        if a.shape != b.shape:
            return f"{name} has another shape"
        if exact:
            limit = 1e-9 + 1e-6 * np.abs(a[0])
        else:
            error = np.sqrt((a.var(axis=0) + b.var(axis=0)) / (len(ones) - 1))
            limit = 6.0 * error + 1e-6 + 0.02 * np.abs(a.mean(axis=0))
        off = np.abs(a.mean(axis=0) - b.mean(axis=0)) > limit
        if off.any():
            place = tuple(int(n) for n in np.argwhere(off)[0])
            return f"{name} is {a.mean(axis=0)[place]:.6g} and {b.mean(axis=0)[place]:.6g}"
    return None


def _reduced(name: str, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Sample paths as their mean by SKU; everything else as it is."""
    return array.mean(axis=(0, 2, 3)) if name == "paths" else array.astype(np.float64)
