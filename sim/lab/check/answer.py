"""Laws on a single answer: its type, shape, values and bounds."""

from __future__ import annotations

import numpy as np

from sim.contracts import CONTENTS, HORIZON_DAYS, Forecast, Offers, Roster, Shop, StockPlan, Touches
from sim.lab.check.subject import ANSWERS, Broken, Subject, parts
from sim.lab.check.views import FESTIVAL, QUIET
from sim.scenario.operations import TICKET_TYPES

Shape = tuple[int | None, ...]


def right_type(s: Subject) -> None:
    """The answer is of the contract's class, made of arrays of numbers."""
    answer, wanted = s.ask(s.morning()), ANSWERS[s.kind]
    if not isinstance(answer, wanted):
        raise Broken(f"must return a {wanted.__name__}, got {type(answer).__name__}")
    for name, array in parts(answer).items():
        if array.dtype.kind not in "fiu":
            raise Broken(f"{name} must be an array of numbers, got {array.dtype}")


def right_shape(s: Subject) -> None:
    """Each array has the contract's axes."""
    told = s.morning()
    for name, shapes in _shapes(s.kind, told.view.shop).items():
        got = parts(s.ask(told))[name].shape
        if not any(len(got) == len(w) and all(n in (None, m) for n, m in zip(w, got, strict=True)) for w in shapes):
            wanted = " or ".join("x".join("any" if n is None else str(n) for n in w) or "a number" for w in shapes)
            raise Broken(f"{name} must have shape {wanted}, got {'x'.join(map(str, got)) or 'a number'}")


def _shapes(kind: str, shop: Shop) -> dict[str, list[Shape]]:
    k, c, w, g = len(shop.skus), len(shop.cities), len(shop.warehouses), len(shop.groups)
    n, st = len(shop.channels), len(shop.stations)
    by_kind: dict[str, dict[str, list[Shape]]] = {
        "forecasting": {"paths": [(None, k, c, HORIZON_DAYS)], "hour_shares": [(HORIZON_DAYS, 24)]},
        "stocking": {"orders": [(k, w)], "transfers": [(k, w, w)]},
        "staffing": {
            "regular_hours": [(st, 3)], "overtime_hours": [(st, 3)], "temps": [(st, None)], "couriers": [(c,)],
            "surge": [(c,)], "bot_share": [()], "triage": [(None,)],
        },
        "pricing": {"prices": [(n, k), (24, n, k)], "coupons": [(g, k)]},
        "outreach": {"share": [(g,)], "content": [(g,)], "coupon": [(g,)]},
    }  # fmt: skip
    return by_kind[kind]


def finite(s: Subject) -> None:
    """No answer holds NaN or infinity."""
    for day in (QUIET, FESTIVAL):
        for name, array in parts(s.ask(s.morning(day))).items():
            if not np.isfinite(array).all():
                raise Broken(f"{name} must be finite, got {array[~np.isfinite(array)].flat[0]} on day {day}")


def within_bounds(s: Subject) -> None:
    """Nothing below zero, nobody asked for who is not there, no coupon above the price."""
    for day in (QUIET, FESTIVAL):
        told = s.morning(day)
        answer, shop = s.ask(told), told.view.shop
        for name, low, high in _bounds(answer, shop):
            array = parts(answer)[name]
            array = array.sum(axis=1) if name.endswith("_hours") and array.min() >= 0 else array
            if array.size and float(array.min()) < low:
                raise Broken(f"{name} must be at least {low:g}, got {array.min():.6g} on day {day}")
            over = array > np.asarray(high) * (1 + 1e-9) + 1e-9
            if over.any():
                place = tuple(np.argwhere(over)[0])
                most = np.broadcast_to(np.asarray(high), array.shape)[place]
                raise Broken(f"{name} must be at most {most:.6g}, got {array[place]:.6g} on day {day}")


def _bounds(answer: object, shop: Shop) -> list[tuple[str, float, object]]:
    """(field, least, most) of an answer; hours are summed over the shifts."""
    heads = shop.station_heads.astype(float)
    match answer:
        case Forecast():
            return [("paths", 0.0, 1e12), ("hour_shares", 0.0, 1.0)]
        case StockPlan():
            return [("orders", 0.0, 1e12), ("transfers", 0.0, 1e12)]
        case Roster():
            return [
                ("regular_hours", 0.0, 8.0 * heads), ("overtime_hours", 0.0, shop.overtime_hours_per_day * heads),
                ("temps", 0.0, (shop.temp_max_factor * heads)[:, None]), ("couriers", 0.0, shop.couriers),
                ("surge", 0.0, shop.surge_max_factor * shop.couriers), ("bot_share", 0.0, 1.0),
                ("triage", 0, len(TICKET_TYPES) - 1),
            ]  # fmt: skip
        case Offers():
            return [("prices", 0.01, 1e7), ("coupons", 0.0, shop.list_price)]
        case Touches():
            return [("share", 0.0, 1.0), ("content", 0.0, len(CONTENTS) - 1), ("coupon", 0.0, 1e5)]
    raise AssertionError(type(answer).__name__)


def whole_units(s: Subject) -> None:
    """Units, couriers and contents are counted in whole numbers."""
    answer = s.ask(s.morning())
    for name in ("orders", "transfers", "couriers", "content"):
        array = parts(answer).get(name)
        if array is not None and (array != np.floor(array)).any():
            raise Broken(f"{name} must be whole numbers, got {array[array != np.floor(array)].flat[0]:.6g}")


def accepted_by_the_engine(s: Subject) -> None:
    """The engine's own inspection takes the answer of every recorded day."""
    for day in (0, 1, FESTIVAL, QUIET):
        s.accepted(s.morning(day))


def keeps_to_the_horizon(s: Subject) -> None:
    """A forecaster answers for any number of days; the others take a forecast of a single path, or a short one."""
    told = s.morning()
    if s.kind == "forecasting":
        for horizon in (1, 7, 60):
            s.accepted(told, horizon=horizon)
        return
    paths, hours = told.forecast.paths, told.forecast.hour_shares
    s.accepted(type(told)(told.view, Forecast(paths[:1], hours)))
    s.accepted(type(told)(told.view, Forecast(paths[..., :7].copy(), hours[:7].copy())))
