"""The critic: writes down each morning's forecast and marks it when the day has come.

What is marked is units WANTED of each SKU in each city on one day: what would have been ordered with everything on the
shelf, which is what a forecaster is asked for. (Units sold would flatter those who forecast low and then sell out;
where nothing was sold out the two are the same but for what was bought in place of something else.) Paths are rounded
to whole units first, as demand comes in whole units. A SKU's day is a promo day when its own merchant's calendar
gives it a public markdown or a ritual, else a normal day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.actors.base import Actor
from sim.contracts import Forecast
from sim.kernels.scores import crps, inside, pinball, quantile
from sim.ledger import FORECAST_DAY_TYPES, FORECAST_HORIZONS, FORECAST_MEASURES

if TYPE_CHECKING:
    from sim.world import World

Floats = NDArray[np.float64]

MOST_SERIES = 1000
"""Above this number of SKU-cities an even selection of them is marked: 500 SKUs x 10 cities would cost a quarter of the
time that the strategies may take, and their mean does not become more certain."""


class MarkBook:
    """Marks one forecaster's answers over a run. `sums` is (T, 2, 4, M): target day, day type, horizon, measure."""

    def __init__(self, days: int, skus: int, cities: int) -> None:
        shape = (days, len(FORECAST_DAY_TYPES), len(FORECAST_HORIZONS), len(FORECAST_MEASURES))
        self.sums: Floats = np.zeros(shape)
        self._picked = slice(0, skus * cities, -(-skus * cities // MOST_SERIES))
        self._sku = np.arange(skus * cities)[self._picked] // cities
        self._waiting: dict[tuple[int, int], NDArray[Any]] = {}

    def note(self, day: int, forecast: Forecast) -> None:
        """Keeps the days that will be marked; single precision, so that a fortnight of them is small."""
        for n, horizon in enumerate(FORECAST_HORIZONS):
            if day + horizon <= len(self.sums) and horizon <= forecast.paths.shape[-1]:
                paths = forecast.paths[..., horizon - 1]
                picked = paths.reshape(len(paths), -1)[:, self._picked]
                self._waiting[day + horizon - 1, n] = np.rint(picked).astype(np.float32)

    def mark(self, day: int, wanted: NDArray[np.int64], promo: NDArray[np.bool_]) -> None:
        """The day is over: `wanted` (K, C) units came, on a `promo` (K,) day or not."""
        horizons = [n for n in range(len(FORECAST_HORIZONS)) if (day, n) in self._waiting]
        if not horizons:
            return
        samples = np.concatenate([self._waiting.pop((day, n)) for n in horizons], axis=1)  # all at once: half the time
        samples.sort(axis=0)
        truth = np.tile(wanted.ravel()[self._picked].astype(np.float32), len(horizons))
        marks = np.stack(_marks(samples, truth), axis=1, dtype=np.float64)  # (horizons x series, M)
        on = promo[self._sku]
        for n, part in zip(horizons, marks.reshape(len(horizons), on.size, -1), strict=True):
            self.sums[day, :, n] = part[~on].sum(axis=0), part[on].sum(axis=0)


def _marks(samples: NDArray[Any], truth: NDArray[Any]) -> list[NDArray[Any]]:
    """One array (series,) for each of `FORECAST_MEASURES`, in their order."""
    return [
        np.ones_like(truth), truth, crps(samples, truth),
        pinball(quantile(samples, 0.5), truth, 0.5), pinball(quantile(samples, 0.9), truth, 0.9),
        inside(samples, truth, 0.5), inside(samples, truth, 0.8), inside(samples, truth, 0.9),
        samples.mean(axis=0) - truth,
    ]  # fmt: skip


class Critic(Actor):
    """Marks what the merchant's own forecaster said. Settles after the consumers, who count what was wanted."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.book = MarkBook(world.spec.calendar.days, len(world.shop.skus), len(world.shop.cities))

    def decide(self) -> None:
        """The merchant, who settled in before, has just asked."""
        answer = self.world.merchant.last
        if answer is not None:
            self.book.note(self.world.day, answer.forecast)

    def settle(self) -> None:
        """The day is over."""
        day = self.world.day
        self.book.mark(day, self.world.records.wanted[:, :, day], promo_day(self.world))


def promo_day(world: World) -> NDArray[np.bool_]:
    """(K,) whether today is a promo day of each SKU."""
    return np.asarray((world.depth[:, world.day] > 0) | (world.ritual[world.day] > 0))
