"""Couriers by hand: hours, overtime within the law, what is paid for it, surge, who is served first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from sim.contracts import Forecast, Roster, Staffer, View
from sim.errors import StrategyError
from sim.scenario.root import Scenario
from tests.world.markets import Played, Tree, market, play

Ask = Callable[[View], Any]


@dataclass
class Sheet(Staffer):
    """Eight hours a head; couriers, surge, overtime of couriers and crews as a test writes them."""

    surge: float = 0.0
    courier_overtime: Ask = field(default=lambda view: np.zeros(0))
    overtime: float = 0.0
    regular: float = 8.0

    def roster(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Roster:
        heads, cities = view.shop.station_heads.astype(np.float64), len(view.shop.cities)
        even = np.full(3, 1.0 / 3.0)
        return Roster(
            np.outer(self.regular * heads, even), np.outer(self.overtime * heads, even), np.zeros((heads.size, 1)),
            view.shop.couriers.copy(), np.full(cities, self.surge), 1.0, self.courier_overtime(view),
        )  # fmt: skip


def city(days: int = 3, consumers: int = 300, ops: Tree | None = None, **fleet: Any) -> Scenario:
    """Two couriers, 120 parcels in 12 hours each: 10 an hour; trucks take two hours."""
    home = {"share": 1.0, "line_haul_hours": {"w": 2}}
    return market(
        days, market={"consumers": consumers, "cities": {"home": home}},
        operations={"couriers": {"home": {"couriers": 2} | fleet}} | (ops or {}),
    )  # fmt: skip


def watched(scenario: Scenario, **strategies: Any) -> tuple[Played, list[tuple[np.ndarray, ...]]]:
    """A run, and by day what the depot handed out: (parcels, start, done)."""
    taken: list[tuple[np.ndarray, ...]] = []

    def listen(world: Any) -> None:
        take = world.fleets[0].station.take

        def listening() -> tuple[np.ndarray, ...]:
            taken.append(take())
            return taken[-1]

        world.fleets[0].station.take = listening

    return play(scenario, before=listen, **strategies), taken


def test_couriers_work_the_courier_hours_and_what_is_left_waits_for_the_morning() -> None:
    history = play(city(consumers=2000), staffing=Sheet()).history
    assert history.courier_capacity_hourly[0, 0].tolist() == [0.0] * 8 + [20.0] * 12 + [0.0] * 4
    assert history.couriers_on_road.tolist() == [[2.0, 2.0, 2.0]]
    inside = np.cumsum(history.courier_arrivals_hourly.sum(axis=2) - history.courier_finished_hourly.sum(axis=2))
    assert np.array_equal(inside, history.daily["backlog_courier"])
    assert inside[0] > 100 and 200 < history.courier_finished_hourly[0, 1].sum() < 280


def test_surge_comes_at_a_price_that_rises_to_the_limit_and_no_further() -> None:
    """Surge of 1 of at most 2.4: a third of the parcels at 0.5 x (1 + 1 / 2.4) yuan more; at the limit 0.5 x 2."""
    for asked, hired, extra in ((1.0, 1, 0.5 * (1 + 1 / 2.4)), (99.0, 2, 1.0)):
        played, taken = watched(city(1), staffing=Sheet(surge=asked))
        parcels = taken[0][0].size
        assert parcels > 20
        assert played.total("couriers") == -200 * parcels
        assert played.total("courier_surge") == -round(100 * extra * parcels * hired / (2 + hired))
        assert played.history.couriers_on_road[0, 0] == 2 + hired


def test_overtime_lengthens_the_evening_and_is_paid_by_the_day() -> None:
    """2 and 3 October are public holidays (x 3), 4 to 6 workdays (x 1.5), 7 and 8 a weekend (x 2). Two hours each."""
    played, taken = watched(city(7, 2000), staffing=Sheet(courier_overtime=lambda view: np.array([4.0])))
    history = played.history
    assert history.daily["courier_overtime_hours"].tolist() == [4.0] * 7
    assert history.courier_capacity_hourly[0, 0, 19:23].tolist() == [20.0, 20.0, 20.0, 0.0]
    late = [int((start % 86_400 >= 20 * 3600).sum()) for _, start, _ in taken]
    assert min(late) > 20
    premium = [round(200 * (factor - 1.0) * n) for factor, n in zip((3, 3, 1.5, 1.5, 1.5, 2, 2), late, strict=True)]
    assert history.accounts["courier_overtime"].tolist() == [-yuan for yuan in premium]
    assert history.accounts["couriers"].sum() == -200 * sum(parcels.size for parcels, *_ in taken)


def test_over_asking_is_cut_to_three_hours_a_day_and_36_a_month_a_person() -> None:
    """Two couriers, 40 days from 2 October: 6 hours a day for twelve days, and again from 1 November."""
    asked = Sheet(courier_overtime=lambda view: np.array([1e6]))
    hours = play(city(40, 50), staffing=asked).history.daily["courier_overtime_hours"]
    assert hours.tolist() == [6.0] * 12 + [0.0] * 18 + [6.0] * 10


def test_couriers_without_a_contract_end_at_midnight_and_begin_at_six() -> None:
    """24 hours would be twice the base; the day holds 18 of them: 4 in the evening and 2 in the morning."""
    asked = Sheet(courier_overtime=lambda view: np.array([1e6]))
    history = play(city(40, 50, employed=False), staffing=asked).history
    assert set(history.daily["courier_overtime_hours"]) == {12.0}
    assert history.courier_capacity_hourly[0, 0].tolist() == [0.0] * 6 + [20.0] * 18
    short = play(city(2, 50, employed=False, overtime_max_factor=1.25), staffing=asked).history
    assert set(short.daily["courier_overtime_hours"]) == {6.0}


def test_no_overtime_asked_is_none_worked() -> None:
    zeros = play(city(2), staffing=Sheet(courier_overtime=lambda view: np.zeros(1))).history
    none = play(city(2), staffing=Sheet()).history
    assert all(np.array_equal(zeros.daily[name], none.daily[name], equal_nan=True) for name in none.daily)
    assert zeros.accounts["courier_overtime"].tolist() == [0, 0]


def test_an_overtime_of_the_wrong_shape_is_told() -> None:
    with pytest.raises(StrategyError, match="courier_overtime_hours must have shape 1, got 3"):
        play(city(1), staffing=Sheet(courier_overtime=lambda view: np.zeros(3)))


def waited(taken: list[tuple[np.ndarray, ...]], pushed: list[tuple[np.ndarray, ...]]) -> tuple[int, int]:
    """(starts at which a parcel promised earlier waited on, starts at which one that had come earlier did)."""
    start = {int(p): int(s) for parcels, starts, _ in taken for p, s in zip(parcels, starts, strict=True)}
    rows = [(start[int(p)], int(a), int(d)) for parcels, arrivals, placed in pushed
            for p, a, d in zip(parcels, arrivals, placed, strict=True) if int(p) in start]  # fmt: skip
    begun, came, placed = (np.array(column) for column in zip(*rows, strict=True))
    waiting = (came[None, :] < begun[:, None]) & (begun[None, :] > begun[:, None])
    return (
        int((waiting & (placed[None, :] < placed[:, None])).sum()),
        int((waiting & (came[None, :] < came[:, None])).sum()),
    )


@pytest.mark.parametrize("order", ["arrival", "promise"])
def test_who_is_served_first(order: str) -> None:
    """Trucks overtake each other, and two couriers cannot keep up."""
    scenario = city(6, 1200, {"line_haul_cv": 1.5}, order=order)
    pushed: list[tuple[np.ndarray, ...]] = []
    taken: list[tuple[np.ndarray, ...]] = []

    def listen(world: Any) -> None:
        station = world.fleets[0].station
        push, take = station.push, station.take

        def pushing(job: np.ndarray, arrival: np.ndarray, *rest: Any) -> None:
            pushed.append((job, arrival, world.parcels.get("placed", job)))
            push(job, arrival, *rest)

        def taking() -> tuple[np.ndarray, ...]:
            taken.append(take())
            return taken[-1]

        station.push, station.take = pushing, taking

    play(scenario, before=listen, staffing=Sheet())
    out_of_promise, out_of_arrival = waited(taken, pushed)
    assert (out_of_promise > 0, out_of_arrival > 0) == ((True, False) if order == "arrival" else (False, True))


# ---- the law, for crews --------------------------------------------------------------------------


def test_an_over_asking_roster_is_cut_to_the_law_and_paid_by_the_day() -> None:
    """Ten pickers asked for ever so many hours: 80 regular, 30 overtime a day, 360 a month, at 28 yuan x 3, 1.5, 2."""
    ops = {"warehouses": {"w": {"pickers": 10, "inspectors": 0}}, "service_desk": {"agents": 0}}
    history = play(city(40, 50, ops), staffing=Sheet(overtime=1e5, regular=1e5)).history
    regular, overtime, temps = history.hours_worked[0]
    assert regular == pytest.approx(80.0) and not temps.any()
    assert overtime == pytest.approx([30.0] * 12 + [0.0] * 18 + [30.0] * 10)
    factors = [3, 3, 1.5, 1.5, 1.5, 2, 2, 1.5, 1.5, 1.5, 1.5, 1.5]
    assert history.accounts["labour_overtime"][:12].tolist() == [-round(100 * 28 * 30 * f) for f in factors]
    assert history.accounts["labour_overtime"][12:30].tolist() == [0] * 18
