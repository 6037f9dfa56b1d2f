"""What the laws hand to a strategy: mornings of a real small world, and copies of them as the engine hands them out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from sim import plugins
from sim.contracts import Forecast, Offers, Pricer, Shop, Stocker, StockPlan, Truth, View
from sim.scenario import Scenario, load_scenario
from sim.world import World, line_up_of

Array = NDArray[Any]
D = TypeVar("D")
WORLD = Path(__file__).with_name("world.yaml")
FIRST, SECOND, FESTIVAL, QUIET, LAST = 0, 1, 22, 43, 74
"""Days that are kept: the first two, 11 November, an ordinary one, the last of the calendar."""


@dataclass(frozen=True)
class Told:
    """What a strategy is told on one day; a forecaster gets the view alone."""

    view: View
    forecast: Forecast


@dataclass
class Recorder(Stocker):
    """Keeps copies of what it is told on some days, and leaves the work to a shipped strategy."""

    memory_days: ClassVar[int] = 0
    days: tuple[int, ...]
    kept: dict[int, Told] = field(default_factory=dict)

    def order(self, view: View, forecast: Forecast, rng: np.random.Generator) -> StockPlan:
        """What newsvendor orders."""
        if view.day in self.days:
            self.kept[view.day] = owned(Told(replace(view, truth=None), forecast))
        inner = plugins.build("stocking", "newsvendor", {})
        assert isinstance(inner, Stocker)
        return inner.order(view, forecast, rng)


@dataclass
class ByHour(Pricer):
    """Other prices in every hour, and coupons."""

    memory_days: ClassVar[int] = 0

    def price(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Offers:
        """List price less up to 12 %, a tenth off for every other group."""
        shop = view.shop
        cut = 1.0 - 0.005 * np.arange(24)[:, None, None]
        coupons = np.outer(np.arange(len(shop.groups)) % 2, 0.1 * shop.list_price)
        return Offers(np.tile(shop.list_price * cut, (1, len(shop.channels), 1)), coupons)


@cache
def scenario() -> Scenario:
    """The world of the laws."""
    return load_scenario(WORLD)


@cache
def recorded() -> dict[int, Told]:
    """Five mornings of the festival schedule."""
    return _record("big_promo", (FIRST, SECOND, FESTIVAL, QUIET, LAST), by_hour=False)


@cache
def recorded_by_hour() -> dict[int, Told]:
    """A morning of the always-on schedule with prices by the hour."""
    return _record("always_on", (QUIET,), by_hour=True)


def _record(schedule: str, days: tuple[int, ...], by_hour: bool) -> dict[int, Told]:
    recorder = Recorder(days)
    whole = scenario()
    calendar = whole.calendar.model_copy(update={"scored_days": max(days) - 14})
    short = whole.model_copy(update={"calendar": calendar})  # nothing after the last day that is kept
    line_up = line_up_of(whole, "closed_loop") | {"stocking": recorder}
    World(short, schedule, line_up | ({"pricing": ByHour()} if by_hour else {}), seed=11).run()
    return recorder.kept


# ---- copies ------------------------------------------------------------------------------------
def arrays(part: Any, prefix: str = "") -> Iterator[tuple[str, Array]]:
    """All arrays of what is told, with their names: `sold`, `shop.list_price`, `forecast.paths`."""
    for item in fields(part):
        value = getattr(part, item.name)
        name = prefix + item.name
        if isinstance(value, np.ndarray):
            yield name.removeprefix("view."), value
        elif isinstance(value, View | Forecast | Shop | Truth):
            yield from arrays(value, name + ".")


def mapped(part: D, change: Any, prefix: str = "") -> D:
    """The same with `change(name, array)` in place of each array."""
    assert is_dataclass(part) and not isinstance(part, type)
    new: dict[str, Any] = {}
    for item in fields(part):
        value, name = getattr(part, item.name), prefix + item.name
        if isinstance(value, np.ndarray):
            new[item.name] = change(name.removeprefix("view."), value)
        elif isinstance(value, View | Forecast | Shop | Truth):
            new[item.name] = mapped(value, change, name + ".")
    return replace(part, **new)


def owned(told: Told) -> Told:
    """A copy that nobody else can reach."""
    return mapped(told, lambda _, array: array.copy())


def handed(told: Told, poison: float | None = None) -> Told:
    """As the engine hands it out: read-only windows on arrays of the engine's own.

    With `poison` the engine's arrays go on after today, as its records do, and hold that value there.
    """

    def window(name: str, array: Array) -> Array:
        if poison is None or "D" not in axes(name):
            book = array.copy()
            out = book.view()
        else:
            at = axes(name).index("D")
            after = np.full((*array.shape[:at], 30, *array.shape[at + 1 :]), poison, array.dtype)
            book = np.concatenate((array, after), axis=at)
            out = book[(*[slice(None)] * at, slice(0, array.shape[at]))]
        out.flags.writeable = False
        return out

    return mapped(told, window)


# ---- axes --------------------------------------------------------------------------------------
@cache
def _lengths() -> dict[int, str]:
    """Length of an axis -> its letter, on the ordinary day."""
    view = recorded()[QUIET].view
    shop, day = view.shop, view.day
    letters = {
        "K": len(shop.skus), "C": len(shop.cities), "W": len(shop.warehouses), "G": len(shop.groups),
        "L": len(shop.channels), "S": len(shop.stations), "D": day, "T": day + 60, "H": 60, "h": 24,
    }  # fmt: skip
    out = {size: letter for letter, size in letters.items()}
    if len(out) < len(letters):
        raise AssertionError(f"no two axes of {WORLD.name} may be equally long: {letters}")
    return out


@cache
def _axes() -> dict[str, str]:
    told = recorded()[QUIET]
    found = {name: "".join(_lengths().get(n, "?") for n in array.shape) for name, array in arrays(told)}
    return found | {
        "forecast.paths": "?KC?",
        "forecast.hour_shares": "?h",
        "truth.demand": "KC?",
        "shop.price_breaks": "K??",
    }


def axes(name: str) -> str:
    """Letters of an array's axes: K SKUs, C cities, W warehouses, G groups, L channels, S stations, D past days,
    T past and coming days, H coming days, h hours, ? anything else."""
    return _axes().get(name, "")


def text_axis(name: str, value: tuple[str, ...]) -> str:
    """The axis of a tuple of names in the shop, by its length on the ordinary day."""
    return _lengths().get(len(getattr(recorded()[QUIET].view.shop, name)), "?")
