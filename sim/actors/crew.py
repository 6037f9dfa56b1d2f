"""The people of one station: payroll, overtime within the law, temps hired ahead and trained."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.actors.parcel_station import AnyStation
from sim.actors.station import capacity_of, plan_of
from sim.kernels.draws import uniform

if TYPE_CHECKING:
    from sim.world import World

Floats = NDArray[np.float64]


class Crew:
    """Turns a roster into servers at a station and into wages."""

    def __init__(
        self, world: World, index: int, station: AnyStation, heads: int, jobs_per_hour: float, per_person: int = 1
    ) -> None:
        self.world, self.index, self.station = world, index, station
        self.heads, self.jobs_per_hour, self.per_person = heads, jobs_per_hour, per_person
        self.booked: dict[int, int] = {}
        """Day -> temps engaged for it."""
        self._overtime_in_month, self._month = 0.0, (0, 0)
        self.cost = {"regular": 0, "overtime": 0, "temps": 0}
        """Fen of the running day."""

    def start(self, regular: Floats, overtime: Floats, temps: Floats, hour_yuan: float) -> None:
        """Today's shifts, (3,) hours each, cut to what payroll and law allow; books the wages."""
        world, labour = self.world, self.world.spec.operations.labour
        regular = _cut(regular, 8.0 * self.heads)
        overtime = _cut(overtime, min(labour.overtime_hours_per_day * self.heads, self.overtime_left()))
        self._overtime_in_month += float(overtime.sum())
        hired = self._hire(temps)
        shown_up = self._shown_up(self.booked.get(world.day, 0))
        worked = regular + overtime
        share = worked / worked.sum() if worked.sum() > 0 else np.array([1.0, 0.0, 0.0])
        temp_hours = 8.0 * shown_up * share
        hours = worked + labour.temp_productivity * temp_hours
        plan = plan_of(hours, world.day, self.per_person)
        world.env.process(self.station.work(plan))
        rate = self.jobs_per_hour / self.per_person
        world.records.capacity_hourly[self.index, world.day, 6:] += capacity_of(plan, world.day, rate)[:18]
        world.records.capacity_hourly[self.index, world.day + 1, :6] += capacity_of(plan, world.day, rate)[18:]
        factor = labour.rest_day_factor if world.date.weekday() >= 5 else labour.overtime_factor
        paid = max(float(regular.sum()), labour.guaranteed_share * 8.0 * self.heads)
        self.cost = {
            "regular": round(100 * hour_yuan * paid),
            "overtime": round(100 * hour_yuan * factor * float(overtime.sum())),
            "temps": round(100 * (labour.temp_hour_yuan * 8.0 * shown_up + labour.temp_training_yuan * hired)),
        }
        world.ledger.count("overtime_hours", float(overtime.sum()))
        world.ledger.count("temp_hours", 8.0 * shown_up)

    def overtime_left(self) -> float:
        """Hours of overtime that the law still allows this calendar month."""
        if (self.world.date.year, self.world.date.month) != self._month:
            self._month = (self.world.date.year, self.world.date.month)
            self._overtime_in_month = 0.0
        return self.world.spec.operations.labour.overtime_hours_per_month * self.heads - self._overtime_in_month

    def _hire(self, temps: Floats) -> int:
        """Engages temps for the first day that training still allows; returns how many are new."""
        labour, ahead = self.world.spec.operations.labour, self.world.spec.operations.labour.temp_training_days
        if ahead >= temps.size:
            return 0
        day = self.world.day + ahead
        wanted = min(math.ceil(float(temps[ahead]) - 1e-9), int(labour.temp_max_factor * self.heads))
        self.booked[day] = wanted
        return max(0, wanted - self.booked.get(day - 1, 0))

    def _shown_up(self, engaged: int) -> int:
        labour, world = self.world.spec.operations.labour, self.world
        key = world.streams.key(f"no-show {self.station.name}", world.day)
        return sum(uniform(key, np.int64(n), 0) >= labour.temp_no_show for n in range(engaged))


def _cut(hours: Floats, most: float) -> Floats:
    """Scales hours down to a limit in all."""
    total = float(hours.sum())
    return hours * (max(0.0, most) / total) if total > most else hours.copy()
