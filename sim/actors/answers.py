"""What a strategy may answer: types, shapes, bounds. A wrong answer names what it must be."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.contracts import CONTENTS, Forecast, Offers, Roster, Shop, StockPlan, Touches
from sim.errors import StrategyError, did_you_mean
from sim.scenario.operations import TICKET_TYPES


class Inspector:
    """Checks one answer of one strategy on one day, and says precisely what is wrong."""

    def __init__(self, strategy: str, day: int) -> None:
        self.strategy, self.day = strategy, day

    def fail(self, problem: str) -> StrategyError:
        """The error to raise."""
        return StrategyError(self.strategy, self.day, problem)

    def kind(self, answer: object, cls: type) -> None:
        """The answer must be of the contract's class."""
        if not isinstance(answer, cls):
            raise self.fail(f"must return a {cls.__name__}, got {type(answer).__name__}")

    def array(
        self, name: str, value: Any, shape: tuple[int | None, ...], low: float = 0.0, high: float = np.inf
    ) -> NDArray[np.float64]:
        """`value` as numbers of this shape (None = any length), finite and within [low, high]."""
        self.check(name, value, shape, low, high)
        return np.asarray(value, np.float64).copy()

    def check(
        self, name: str, value: Any, shape: tuple[int | None, ...], low: float = 0.0, high: float = np.inf
    ) -> None:
        """Raises unless `value` is an array of numbers of this shape, finite and within [low, high]."""
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu":
            raise self.fail(f"{name} must be an array of numbers, got {type(value).__name__}")
        got = value.shape
        if len(got) != len(shape) or any(n not in (None, m) for n, m in zip(shape, got, strict=True)):
            text = "x".join("any" if n is None else str(n) for n in shape)
            raise self.fail(f"{name} must have shape {text}, got {'x'.join(map(str, got))}")
        if value.size == 0:
            return
        least, most = float(value.min()), float(value.max())  # of numbers with a nan among them, nan
        if not (math.isfinite(least) and math.isfinite(most)):
            raise self.fail(f"{name} must be finite, got {value[~np.isfinite(value)].flat[0]}")
        if least < low:
            raise self.fail(f"{name} must be at least {low:g}, got {least:g}")
        if most > high:
            raise self.fail(f"{name} must be at most {high:g}, got {most:g}")

    def units(self, name: str, value: Any, shape: tuple[int | None, ...]) -> NDArray[np.int64]:
        """Whole units of at least 0."""
        numbers = self.array(name, value, shape, high=1e12)
        if (numbers != np.floor(numbers)).any():
            raise self.fail(f"{name} must be whole units, got {numbers[numbers != np.floor(numbers)].flat[0]:g}")
        return numbers.astype(np.int64)

    def names(self, name: str, value: Any, known: tuple[str, ...]) -> tuple[str, ...]:
        """Some of the `known` names, each once."""
        if not isinstance(value, tuple | list):
            raise self.fail(f"{name} must be a tuple of names, got {type(value).__name__}")
        for n, one in enumerate(value):
            if one not in known:
                near = did_you_mean(str(one), known)
                hint = f"; did you mean {near!r}?" if near else ""
                raise self.fail(f"{name} must name some of {', '.join(known)}, got {one!r}{hint}")
            if one in value[:n]:
                raise self.fail(f"{name} must name each once, got {one!r} twice")
        return tuple(value)


def check_forecast(look: Inspector, answer: object, shop: Shop, horizon: int) -> Forecast:
    """Sample paths (S, K, C, H) of at least 0 and hour shares (H, 24) whose rows sum to 1."""
    look.kind(answer, Forecast)
    assert isinstance(answer, Forecast)
    look.check("paths", answer.paths, (None, len(shop.skus), len(shop.cities), horizon), high=1e12)
    if answer.paths.shape[0] == 0:
        raise look.fail("paths must hold at least one sample, got none")
    shares = look.array("hour_shares", answer.hour_shares, (horizon, 24))
    if np.abs(shares.sum(axis=1) - 1.0).max() > 1e-6:
        raise look.fail(f"hour_shares must sum to 1 in each row, got {shares.sum(axis=1)[0]:g} in row 0")
    return replace(answer, paths=_locked(answer.paths), hour_shares=_locked(answer.hour_shares))


def _locked(array: NDArray[Any]) -> NDArray[Any]:
    """The other four strategies read the forecast, as all that they are told."""
    view = array.view()
    view.flags.writeable = False
    return view


def check_stock(look: Inspector, answer: object, shop: Shop) -> StockPlan:
    """Orders (K, W) and transfers (K, W, W) in whole units."""
    look.kind(answer, StockPlan)
    assert isinstance(answer, StockPlan)
    k, w = len(shop.skus), len(shop.warehouses)
    return StockPlan(look.units("orders", answer.orders, (k, w)), look.units("transfers", answer.transfers, (k, w, w)))


def check_roster(look: Inspector, answer: object, shop: Shop) -> Roster:
    """Hours (St, 3), temps (St, any), couriers, surge and perhaps their overtime (C,), a bot share within [0, 1], and
    perhaps types of tickets."""
    look.kind(answer, Roster)
    assert isinstance(answer, Roster)
    st, c = len(shop.stations), len(shop.cities)
    bot, overtime = np.asarray(answer.bot_share, dtype=float), answer.courier_overtime_hours
    if isinstance(overtime, np.ndarray) and overtime.shape == (0,):
        overtime = np.zeros(c)
    return Roster(
        regular_hours=look.array("regular_hours", answer.regular_hours, (st, 3)),
        overtime_hours=look.array("overtime_hours", answer.overtime_hours, (st, 3)),
        temps=look.array("temps", answer.temps, (st, None)),
        couriers=look.units("couriers", answer.couriers, (c,)),
        surge=look.array("surge", answer.surge, (c,)),
        bot_share=float(look.array("bot_share", bot.reshape(1), (1,), high=1.0)[0]),
        courier_overtime_hours=look.array("courier_overtime_hours", overtime, (c,)),
        triage=None if answer.triage is None else look.names("triage", answer.triage, TICKET_TYPES),
    )


def check_offers(look: Inspector, answer: object, shop: Shop) -> Offers:
    """Prices (L, K) or (24, L, K) of at least 0.01 yuan, coupons (G, K)."""
    look.kind(answer, Offers)
    assert isinstance(answer, Offers)
    k, n, g = len(shop.skus), len(shop.channels), len(shop.groups)
    shape = (24, n, k) if getattr(answer.prices, "ndim", 2) == 3 else (n, k)
    return Offers(
        prices=look.array("prices", answer.prices, shape, low=0.01, high=1e7),
        coupons=look.array("coupons", answer.coupons, (g, k), high=1e7),
    )


def check_touches(look: Inspector, answer: object, shop: Shop) -> Touches:
    """Shares (G,) within [0, 1], contents by number, coupons of at least 0."""
    look.kind(answer, Touches)
    assert isinstance(answer, Touches)
    g = len(shop.groups)
    content = look.array("content", answer.content, (g,), high=len(CONTENTS) - 1)
    return Touches(
        share=look.array("share", answer.share, (g,), high=1.0),
        content=content.astype(np.int64),
        coupon=look.array("coupon", answer.coupon, (g,), high=1e5),
    )
