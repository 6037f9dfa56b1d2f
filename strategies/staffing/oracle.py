"""Hours exactly where the true demand will need them: the bound for all staffers.

The same arithmetic as quantile, on the true demand of every coming day (View.truth) in place of the forecast's sample
paths. What is not demand (service times, no-shows, hours of the day) stays uncertain. Without the truth (a world that
does not hand it out) the forecast's mean takes its place.

Source: none needed; the value of perfect information, Raiffa & Schlaifer, Applied Statistical Decision Theory (1961).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.contracts import Forecast, Info, Roster, Staffer, View
from strategies.staffing.quantile import Quantile


@dataclass
class Oracle(Staffer):
    """Quantile staffing with one path: the truth."""

    info: ClassVar[Info] = "oracle"
    memory_days: ClassVar[int] = 28
    beta: float = 0.8
    """Quality of service of the desk, as in quantile."""
    bot_share: float = 1.0
    """Share of contacts first sent to the bot."""

    def roster(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Roster:
        """Quantile's roster for demand that is known."""
        horizon = forecast.paths.shape[-1]
        demand = forecast.mean if view.truth is None else view.truth.demand[..., :horizon]
        known = Forecast(demand[None], forecast.hour_shares[: demand.shape[-1]])
        answer = Quantile(beta=self.beta, bot_share=self.bot_share).roster(view, known, rng)
        temps = np.zeros((len(view.shop.stations), horizon))
        temps[:, : answer.temps.shape[1]] = answer.temps
        return Roster(
            answer.regular_hours, answer.overtime_hours, temps, answer.couriers, answer.surge, answer.bot_share
        )
