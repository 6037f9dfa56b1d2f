"""Two creatives, written to by turns, until the difference is clear; then the better one for all.

Day by day either creative A (content) or B (coupon) goes to a [test_share] of the customers, in an order fixed by the
day's number alone. The next day's orders a visit are its answer (messages bring visits; the creative decides what
comes of them), corrected for the weekday. The test stops when the difference passes [z] standard errors of a group
sequential plan (O'Brien-Fleming: z sqrt(N / n) at day n of [max_days] N) or when [max_days] are over without one; then
A, the cheaper, stays. Every [memory_days] days it is tested anew. All of it is recomputed from the View's history:
nothing is kept between days.

Source: O'Brien & Fleming, A Multiple Testing Procedure for Clinical Trials, Biometrics 35 (1979); peeking without such
a rule is wrong, Johari et al. 2017.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import CONTENTS, Bools, Floats, Forecast, Info, Ints, Outreach, Touches, View


@dataclass
class AbTest(Outreach):
    """A/B test over days with a sequential stopping rule."""

    info: ClassVar[Info] = "informed"
    memory_days: ClassVar[int] = 180
    start_day: int = 14
    """Day on which the test starts."""
    max_days: int = 56
    """[N] days after which it ends in any case."""
    least_days: int = 21
    """Days before anybody looks: with seven weekdays to level out, fewer say little."""
    z: float = 2.24
    """Boundary at the last day, standard errors: looking every day, 4 (1 - Phi(z)) = 5 % of idle tests stop early."""
    test_share: float = 0.2
    """Share of the customers who are written to on a day."""
    coupon_share: float = 0.02
    """Creative B's coupon, share of the mean list price."""
    stages: tuple[str, ...] = ("new", "active", "at_risk")
    """Life-cycle stages that are written to."""

    def touch(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Touches:
        """Today's creative, to a share of the customers."""
        shop = view.shop
        b = self.decide(view)
        use_b = bool(turns(view.day, 1)[0]) if b is None else b
        write = np.array([group.rpartition("/")[2] in self.stages for group in shop.groups])
        write &= view.day >= self.start_day
        kind = CONTENTS.index("coupon" if use_b else "content")
        coupon = self.coupon_share * float(shop.list_price.mean()) if use_b else 0.0
        return Touches(np.where(write, self.test_share, 0.0), np.where(write, kind, 0), np.where(write, coupon, 0.0))

    def decide(self, view: View) -> bool | None:
        """None while the test runs; else whether B has won. Looks after each day, in order, and stops at the first."""
        past = max(0, view.day - self.start_day)
        first = view.day - past % self.memory_days + 1  # the day on which the round's first message is felt
        days = np.arange(first, view.day)
        rate = np.log((view.orders_by_hour[:, first:].sum(axis=0) + 0.5) / (view.visits[:, first:].sum(axis=0) + 1.0))
        on = turns(first - 1, len(days))
        for n in range(self.least_days, min(len(days), self.max_days) + 1):
            gain, error = _difference(rate[:n], on[:n], days[:n] % 7)
            if abs(gain) > self.z * np.sqrt(self.max_days / n) * error:
                return bool(gain > 0)
        return False if len(days) >= self.max_days else None


def turns(first: int, days: int) -> Bools:
    """(days,) whether B is sent on each day from `first`: by turns; seven is odd, so each weekday gets both."""
    return np.asarray(np.arange(first, first + days) % 2 == 1)


def _difference(rate: Floats, on: Bools, weekday: Ints) -> tuple[float, float]:
    """B minus A in log orders a visit and its standard error: least squares with a level for each weekday."""
    design = np.column_stack([on.astype(np.float64), weekday[:, None] == np.unique(weekday)])
    spare = len(rate) - design.shape[1]
    inverse = np.linalg.pinv(design.T @ design)
    found = inverse @ design.T @ rate
    variance = float(np.square(rate - design @ found).sum()) / max(spare, 1)
    return float(found[0]), float(np.sqrt(variance * inverse[0, 0]) + 1e-12)
