"""Faults: what they take while they last, what comes back, and that nobody was told before."""

from __future__ import annotations

from dataclasses import dataclass, fields
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.actors.clock import Clock
from sim.actors.shifts import Shifts
from sim.actors.station import Station
from sim.contracts import Forecast, Stocker, StockPlan, View
from sim.errors import ScenarioError
from sim.ledger import OPERATIONS, TICKET_TYPES, History
from sim.metrics import all_metrics
from sim.scenario import load_scenario
from sim.scenario.root import Scenario
from tests.world.markets import Nobody, Tree, market, play
from tests.world.same import differences

H = 3600


def small(days: int = 6, **changes: Any) -> Scenario:
    """300 people who buy daily, 4 pickers, 6 couriers two hours away; days from 2 October."""
    plain: Tree = {
        "market": {"consumers": 300, "cities": {"home": {"share": 1.0, "line_haul_hours": {"w": 2}}}},
        "operations": {
            "warehouses": {"w": {"pickers": 4, "inspectors": 2}}, "couriers": {"home": {"couriers": 6}},
            "service_desk": {"agents": 4, "contacts_per_order": 0.5},
        },
    }  # fmt: skip
    return market(days, **(plain | changes))


def fault(kind: str, begin: str = "2023-10-04T10:00", end: str = "2023-10-04T15:30", **terms: Any) -> Tree:
    return {"x": {"kind": kind, "start": begin, "end": end} | terms}


def all_differences(a: History, b: History) -> list[str]:
    """Of every array of two histories."""
    extra = [name for name in OPERATIONS if not np.array_equal(getattr(a, name), getattr(b, name))]
    return differences(a, b) + extra


# ---- people ------------------------------------------------------------------------------------


def worked(*strikes: tuple[int, str, float]) -> Shifts:
    """Ten servers from 0:00, twenty and four hired from 2:00, none from 4:00; (hour, fault, share) as told."""
    env = Clock()
    world: Any = SimpleNamespace(env=env)
    shifts = Shifts(world, Station("s", env), 2.0)
    shifts.begin([(0, 10, 0), (2 * H, 20, 4), (4 * H, 0, 0)])

    def strike(hour: int, name: str, share: float) -> Any:
        yield env.timeout(hour * H)
        shifts.strike(name, share)

    for one in strikes:
        env.process(strike(*one))
    env.run(24 * H)
    return shifts


def test_a_fault_takes_its_share_of_what_the_plan_brings_later_and_gives_back_what_is_planned_then() -> None:
    assert worked().close_day()[0][:5].tolist() == [20, 20, 48, 48, 0]
    capacity, seconds = worked((1, "a", 0.5), (3, "a", 0.0)).close_day()
    assert capacity[:5].tolist() == [20, 10, 2 * (10 + 4), 48, 0]
    assert (seconds[:, :4] / H).tolist() == [[10, 5, 10, 20], [0, 0, 4, 4]]


def test_two_faults_each_take_their_share_of_what_the_other_leaves() -> None:
    capacity, _ = worked((0, "a", 0.5), (1, "b", 0.4), (2, "a", 0.0)).close_day()
    assert capacity[:4].tolist() == [10, 2 * 3, 2 * (12 + 4), 2 * (12 + 4)]


def test_a_change_within_an_hour_counts_by_the_second() -> None:
    env = Clock()
    world: Any = SimpleNamespace(env=env)
    shifts = Shifts(world, Station("s", env), 6.0)
    shifts.begin([(1800, 3, 0), (5400, 0, 0)])
    env.run(24 * H)
    assert shifts.close_day()[0][:3].tolist() == [9.0, 9.0, 0.0]


# ---- faults without effect, faults unforeseen ----------------------------------------------------


@pytest.mark.parametrize(
    "terms",
    [fault("courier_strike", share=0.0), fault("warehouse_outage", share=0.0), fault("bot_down", share=0.0),
     fault("late_supplier", days=0), fault("cold_wave", drop_celsius=0.0)],
)  # fmt: skip
def test_a_fault_that_takes_nothing_changes_no_bit(terms: Tree) -> None:
    assert all_differences(play(small()).history, play(small(faults=terms)).history) == []


@dataclass
class Watcher(Stocker):
    """Keeps what it sees, orders two days' sales."""

    def __post_init__(self) -> None:
        self.seen: list[View] = []

    def order(self, view: View, forecast: Forecast, rng: np.random.Generator) -> StockPlan:
        self.seen.append(view)
        k, w = len(view.shop.skus), len(view.shop.warehouses)
        return StockPlan(np.full((k, w), 20, np.int64), np.zeros((k, w, w), np.int64))


LATER = [
    fault("courier_strike", end="2023-10-05T18:00"), fault("warehouse_outage"), fault("bot_down"),
    fault("cold_wave", end="2023-10-08T00:00", drop_celsius=12.0),
    fault("late_supplier", "2023-10-04T00:00", "2023-10-07T00:00", days=3),
]  # fmt: skip


@pytest.mark.parametrize("terms", LATER)
def test_no_view_tells_of_a_fault_before_it_has_begun(terms: Tree) -> None:
    """Up to the morning of 4 October all is the same in every bit; and after it something is not.

    Need follows the mean temperature of a day, so a cold wave that arrives at 10:00 is felt by that day's first buyers.
    """
    lead = {"operations": small().model_dump()["operations"]}
    cold = {"thing": {"need": 1.0, "storability": 0.0, "not_now": 1.0, "cold_demand": 0.05}}
    lead["catalogue"] = {"categories": cold}
    lead["operations"]["suppliers"] = {"factory": {"lead_time_days": 2.0, "lead_time_sd_days": 0.0}}
    quiet, struck = Watcher(), Watcher()
    a = play(small(**lead), stocking=quiet)
    b = play(small(faults=terms, **lead), stocking=struck)
    assert all_differences(a.history, b.history) != []
    same = [all(np.array_equal(getattr(x, f.name), getattr(y, f.name)) for f in fields(View)
                if isinstance(getattr(x, f.name), np.ndarray))
            for x, y in zip(quiet.seen, struck.seen, strict=True)]  # fmt: skip
    assert same[:2] == [True, True] and not all(same)
    assert same[2] or terms["x"]["kind"] == "late_supplier"  # its truck is missing in the morning of the 4th


# ---- each kind -----------------------------------------------------------------------------------


def test_an_outage_stops_picking_to_the_second_and_the_backlog_is_worked_off() -> None:
    """4 pickers, 8 h each: 0.45 of 32 h in the first shift = 1.8 people: two for 6 h 24 min, then one."""
    a, b = (play(small(**x)).history for x in ({}, {"faults": fault("warehouse_outage")}))
    usual, hours = a.capacity_hourly[0, 2], b.capacity_hourly[0, 2]
    assert hours[10:15].tolist() == [0] * 5 and usual[10:15].min() > 0
    assert hours[15] == pytest.approx(usual[15] / 2)
    others = np.r_[6:10, 16:24]
    assert np.array_equal(hours[others], usual[others])
    assert b.finished_hourly[0, 2, 11:15].sum() == 0 and a.finished_hourly[0, 2, 11:15].sum() > 0
    assert np.array_equal(a.hours_worked, b.hours_worked)  # who cannot work is paid all the same


def test_a_strike_leaves_hired_runs_on_the_road_and_costs_lateness() -> None:
    """Half of 6 couriers on 4 and 5 October: 20 parcels in 12 hours each."""
    tight = {
        "couriers": {"home": {"couriers": 6, "parcels_per_day": 20}}, "promise_hours": 30.0,
        "warehouses": {"w": {"pickers": 20}}, "service_desk": {"agents": 4},
    }  # fmt: skip
    strike = fault("courier_strike", "2023-10-04T00:00", "2023-10-06T00:00", share=0.5, cities=["home"])
    a = play(small(8, operations=tight)).history
    b = play(small(8, operations=tight, faults=strike)).history
    assert a.courier_capacity_hourly[0, 2, 8:20] == pytest.approx(10.0)
    assert b.courier_capacity_hourly[0, 2:4, 8:20] == pytest.approx(5.0)
    assert np.array_equal(a.courier_capacity_hourly[0, 4:], b.courier_capacity_hourly[0, 4:])
    late = all_metrics()["late_share"].of
    assert late(b) > late(a) + 0.05


def test_the_bot_is_down_for_the_seconds_of_its_window() -> None:
    desk = {"agents": 40, "contacts_per_order": 1.0, "question_per_visit": 0.0, "bot_containment": 1.0}
    tree = {"operations": {"service_desk": desk}}
    down = fault("bot_down", "2023-10-03T10:00", "2023-10-03T14:00")
    b = play(small(4, faults=down, **tree)).history
    asked = b.arrivals_hourly[-1]
    assert asked[1, 10:14].sum() > 0 and asked.sum() == asked[1, 10:14].sum()
    assert b.daily["tickets"].sum() == b.daily["tickets_bot"].sum() + asked.sum()


def test_trucks_due_in_the_window_come_later_and_promises_stay() -> None:
    """Two days' lead, ordered daily from 2 October; those due on 5 and 6 October come three days later."""
    late = fault("late_supplier", "2023-10-05T00:00", "2023-10-07T00:00", days=3, suppliers=["factory"])
    ops = {"suppliers": {"factory": {"lead_time_days": 2.0, "lead_time_sd_days": 0.0}}}
    arrived: list[int] = []

    def listen(world: Any) -> None:
        receive = world.suppliers["factory"].receive

        def received() -> None:
            before = world.ledger.units_in.sum()
            receive()
            arrived.append(int(world.ledger.units_in.sum() - before))

        world._acting["receive"] = [received if act == receive else act for act in world._acting["receive"]]

    watcher = Watcher()
    play(small(9, operations=ops, faults=late), before=listen, stocking=watcher)
    assert arrived == [0, 0, 60, 0, 0, 60, 120, 120, 60]
    overdue = [int(view.on_order[:, :, 0].sum()) for view in watcher.seen]
    assert overdue[:6] == [0, 0, 0, 60, 120, 120]  # due on 5 and 6 October and not there


def test_a_cold_wave_is_felt_at_once_and_foretold_only_once_it_is_there() -> None:
    wave = fault("cold_wave", "2023-10-04T00:00", "2023-10-08T00:00", drop_celsius=12.0)
    cold, calm = Watcher(), Watcher()
    a = play(small(), stocking=calm)
    b = play(small(faults=wave), stocking=cold)
    drop = [calm.seen[d].weather - cold.seen[d].weather for d in range(6)]
    assert not drop[1].any()
    assert drop[2][0, :5] == pytest.approx([12.0, 9.0, 6.0, 3.0, 0.0])
    assert np.array_equal(a.world.weather.celsius, b.world.weather.celsius)


# ---- laws ----------------------------------------------------------------------------------------

ALL: Tree = {
    "strike": fault("courier_strike", "2023-10-03T09:30", "2023-10-06T00:00")["x"],
    "again": fault("courier_strike", "2023-10-05T00:00", "2023-10-08T12:00", share=0.7)["x"],
    "fire": fault("warehouse_outage", "2023-10-04T06:00", "2023-10-05T06:00")["x"],
    "late": fault("late_supplier", "2023-10-02T00:00", "2023-10-09T00:00", days=4)["x"],
    "mute": fault("bot_down", "2023-10-03T00:00", "2023-10-09T00:00", share=0.5)["x"],
    "frost": fault("cold_wave", "2023-10-02T00:00", "2023-10-09T00:00", drop_celsius=20.0)["x"],
}


@pytest.mark.parametrize("people", [{}, {"staffing": Nobody()}])
@pytest.mark.parametrize("crowd", [300, 6000])
def test_nothing_is_lost_with_all_faults_at_once(people: dict[str, Any], crowd: int) -> None:
    """The laws are checked every midnight; here also that tickets add up by type."""
    desk = {"repeat_share": 1.0, "contacts_per_return": 1.0, "contacts_per_parcel": 0.3, "triage": ["returns", "order"]}
    ops = {"service_desk": desk, "couriers": {"home": {"couriers": 3, "order": "promise"}}}
    scenario = small(8, faults=ALL, operations=ops, market={"consumers": crowd})
    history = play(scenario, **people).history
    assert np.array_equal(history.tickets_by_type.sum(axis=0), history.daily["tickets"])
    assert history.daily["orders"].sum() > 0
    if people:
        assert history.daily["parcels_dispatched"].sum() == history.daily["tickets_served"].sum() == 0
    inside = history.courier_arrivals_hourly.sum() - history.courier_finished_hourly.sum()
    assert inside == history.daily["backlog_courier"][-1]
    assert history.tickets_by_type.shape == (len(TICKET_TYPES), 8)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("{kind: courier_strik}", "faults.x.kind: must be 'courier_strike', 'warehouse_outage', 'late_supplier', "
         "'bot_down' or 'cold_wave', got 'courier_strik'; did you mean 'courier_strike'?"),
        ("{kind: courier_strike, cities: [hangzou]}", "faults.x.cities.0: must be a city (hangzhou, chengdu), got "
         "'hangzou'; did you mean 'hangzhou'?"),
        ("{kind: bot_down, days: 3}", "faults.x.days: must not be given: bot_down has none, got 3"),
        ("{kind: bot_down, cities: [hangzhou]}", "faults.x.cities: must not be given: bot_down has none, got "
         "['hangzhou']"),
        ("{kind: bot_down, end: 2023-12-01T00:00}", "faults.x.end: must lie after the start, got 2023-12-01 00:00:00"),
        ("{kind: bot_down, end: 2033-12-01T00:00}", "faults.x: must lie within the calendar, 2023-10-01 and the 210 "
         "days from it, got 2023-12-11 08:00:00 to 2033-12-01 00:00:00"),
        ("{kind: cold_wave, drop_celsius: 50.0}", "faults.x.drop_celsius: must be a number of at most 40.0, got 50.0"),
    ],
)  # fmt: skip
def test_a_fault_that_cannot_be_is_told(setting: str, told: str) -> None:
    window = "faults.x={start: 2023-12-11T08:00, end: 2023-12-12T08:00}"
    with pytest.raises(ScenarioError) as caught:
        load_scenario("double12", [window, f"faults.x={setting}"])
    assert [str(f).removeprefix("--set: ") for f in caught.value.faults] == [told]
