"""The people of one station: payroll, overtime within the law, temps hired ahead and trained.

Limits on overtime are a person's: 3 hours a day, 36 a month. A roster names hours of a whole station, which its
heads share evenly; then nobody breaks a limit as long as the hours of all stay below heads times the limit. So that
is what is enforced, every day and every calendar month, and no more of a roster than that is worked or paid.
"""

from __future__ import annotations

import datetime
import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.actors.parcel_station import AnyStation
from sim.actors.shifts import Shifts
from sim.actors.station import plan_of
from sim.kernels.draws import uniform
from sim.scenario.festivals import public_holidays
from sim.scenario.operations import Labour

if TYPE_CHECKING:
    from sim.world import World

Floats = NDArray[np.float64]


class Overtime:
    """Hours of overtime that `heads` people together may still work, today and this calendar month."""

    def __init__(self, labour: Labour, heads: int) -> None:
        self.labour, self.heads = labour, heads
        self._worked, self._month = 0.0, (0, 0)

    def left(self, date: datetime.date) -> float:
        """Hours that the month still allows; on its first day all of them."""
        if (date.year, date.month) != self._month:
            self._month, self._worked = (date.year, date.month), 0.0
        return self.labour.overtime_hours_per_month * self.heads - self._worked

    def most(self, date: datetime.date) -> float:
        """Hours that the law allows on this day."""
        return max(0.0, min(self.labour.overtime_hours_per_day * self.heads, self.left(date)))

    def work(self, hours: float) -> None:
        """So many hours are worked today."""
        self._worked += hours


def overtime_factor(labour: Labour, date: datetime.date) -> float:
    """What an hour of overtime is paid, as a multiple of the wage: public holiday, rest day or workday."""
    if date in public_holidays(date.year):
        return labour.holiday_factor
    return labour.rest_day_factor if date.weekday() >= 5 else labour.overtime_factor


class Crew:
    """Turns a roster into servers at a station and into wages."""

    def __init__(
        self, world: World, index: int, station: AnyStation, heads: int, jobs_per_hour: float, per_person: int = 1
    ) -> None:
        self.world, self.index, self.station = world, index, station
        self.heads, self.per_person = heads, per_person
        self.shifts = Shifts(world, station, jobs_per_hour / per_person)
        self.overtime = Overtime(world.spec.operations.labour, heads)
        self.booked: dict[int, int] = {}
        """Day from yesterday on -> temps engaged for it."""
        self.cost = {"regular": 0, "overtime": 0, "temps": 0}
        """Fen of the running day."""

    def start(self, regular: Floats, overtime: Floats, temps: Floats, hour_yuan: float) -> None:
        """Today's shifts, (3,) hours each, cut to what payroll and law allow; books the wages."""
        world, labour = self.world, self.world.spec.operations.labour
        regular = _cut(regular, 8.0 * self.heads)
        overtime = _cut(overtime, self.overtime.most(world.date))
        own, extra = float(regular.sum()), float(overtime.sum())
        self.overtime.work(extra)
        hired = self._hire(temps)
        self.booked.pop(world.day - 2, None)
        shown_up = self._shown_up(self.booked.get(world.day, 0))
        hours = regular + overtime
        if shown_up:
            worked = float(hours.sum())
            share = hours / worked if worked > 0 else np.array([1.0, 0.0, 0.0])
            hours = hours + labour.temp_productivity * (8.0 * shown_up * share)
        self.shifts.begin((second, servers, 0) for second, servers in plan_of(hours, world.day, self.per_person))
        world.records.hours_worked[self.index, :, world.day] = own, extra, 8.0 * shown_up
        factor = overtime_factor(labour, world.date)
        paid = max(own, labour.guaranteed_share * 8.0 * self.heads)
        self.cost = {
            "regular": round(100 * hour_yuan * paid),
            "overtime": round(100 * hour_yuan * factor * extra),
            "temps": round(100 * (labour.temp_hour_yuan * 8.0 * shown_up + labour.temp_training_yuan * hired)),
        }
        world.ledger.count("overtime_hours", extra)
        world.ledger.count("temp_hours", 8.0 * shown_up)

    def overtime_left(self) -> float:
        """Hours of overtime that the law still allows this calendar month."""
        return self.overtime.left(self.world.date)

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
