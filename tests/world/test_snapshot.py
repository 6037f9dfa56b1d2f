"""A world that is saved between two days goes on as if it had never stopped; a branch shares the past alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from sim import snapshot
from sim.actors.clock import Clock
from sim.contracts import Forecast, Roster, Staffer, View
from sim.errors import UsageError
from sim.ledger import History
from sim.scenario import Scenario, load_scenario
from sim.world import World, line_up_of

BUSY = (
    "market.consumers=1500", "operations.stage_hours=48", "operations.warehouses.hangzhou_dc.dockers=2",
    "operations.stores.hangzhou={channel: store, ships: true}",
    "faults.strike={kind: courier_strike, start: 2023-11-11T10:00, end: 2023-11-14T10:00, share: 0.6}",
    "faults.outage={kind: warehouse_outage, start: 2023-12-11T22:00, end: 2023-12-12T09:00, share: 0.5}",
    "faults.truck={kind: late_supplier, start: 2023-12-01T00:00, end: 2023-12-05T00:00, days: 3}",
)  # fmt: skip
"""Something of all that can be under way at midnight: trucks, staged parcels, goods on docks, faults."""


def digest(history: History) -> str:
    """Of every byte of a history but its scenario."""
    out = sha256()
    for one in fields(history):
        value = getattr(history, one.name)
        for name, part in (value if isinstance(value, dict) else {one.name: value}).items():
            if name != "scenario":
                out.update(name.encode() + (part.tobytes() if isinstance(part, np.ndarray) else repr(part).encode()))
    return out.hexdigest()


def go_on(files: list[str]) -> list[str]:
    """Digests of saved worlds that are lived to their end."""
    return [digest(World.load(Path(file)).run()) for file in files]


@pytest.fixture(scope="module")
def busy(small: Callable[..., Scenario]) -> Scenario:
    return small(*BUSY)


@pytest.fixture(scope="module")
def whole(busy: Scenario) -> History:
    return World(busy, "big_promo", "closed_loop", 7).run()


def test_saved_on_ten_random_days_and_continued_here_and_in_a_fresh_process(
    busy: Scenario, whole: History, tmp_path: Path
) -> None:
    days = sorted(int(day) for day in np.random.default_rng(3).choice(np.arange(1, 90), 10, replace=False))
    world, files = World(busy, "big_promo", "closed_loop", 7), []
    for day in days:
        world.live(day)
        files.append(str(tmp_path / f"{day}.world"))
        world.save(Path(files[-1]))
    assert digest(world.run()) == digest(whole)  # saving changes nothing
    assert go_on(files) == [digest(whole)] * 10
    code = f"import json; from tests.world.test_snapshot import go_on; print(json.dumps(go_on({files!r})))"
    fresh = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(fresh.stdout) == [digest(whole)] * 10


def test_one_snapshot_makes_many_worlds_that_do_not_touch(busy: Scenario, whole: History) -> None:
    world = World(busy, "big_promo", "closed_loop", 7)
    world.live(40)
    frozen = snapshot.freeze(world)
    one, other = World.thawed(frozen), World.thawed(frozen)
    one.stock[:] = 0
    assert digest(other.run()) == digest(whole)


def test_a_branch_shares_the_past_and_has_a_future_of_its_own(busy: Scenario, whole: History) -> None:
    world, day = World(busy, "big_promo", "closed_loop", 7), 38  # in the middle of a week of taste
    world.live(day)
    frozen = snapshot.freeze(world)

    def future(seed: int) -> History:
        branched = World.thawed(frozen)
        before = branched.weather.celsius[:, :day].copy(), branched.consumers.weekly_appeal()
        branched.branch(seed)
        assert np.array_equal(branched.weather.celsius[:, :day], before[0])
        assert not np.array_equal(branched.weather.celsius[:, day:], world.weather.celsius[:, day:])
        assert np.array_equal(world.consumers.weekly_appeal(), before[1])
        return branched.run()

    one, same, other = future(1), future(1), future(2)
    assert digest(one) == digest(same)
    for name, column in whole.daily.items():
        assert np.array_equal(column[:day], one.daily[name][:day], equal_nan=True), name
    assert not np.array_equal(one.daily["visits"][day:], whole.daily["visits"][day:])
    assert not np.array_equal(one.daily["visits"][day:], other.daily["visits"][day:])


@dataclass
class Mine(Staffer):
    """Works from what it carries from day to day."""

    days: int = 0

    def roster(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Roster:
        self.days += 1
        stations, cities = len(view.shop.stations), len(view.shop.cities)
        regular = np.full((stations, 3), 8.0 + self.days % 3)
        return Roster(regular, 0 * regular, np.zeros((stations, 1)), view.shop.couriers, np.zeros(cities), 0.5)


def test_what_strategies_carry_is_saved(busy: Scenario) -> None:
    line_up = {**line_up_of(busy, "gut_feel"), "staffing": Mine()}
    world = World(busy, "big_promo", line_up, 1)
    world.live(20)
    again = World.thawed(snapshot.freeze(world))
    staffer = again.merchant.line_up["staffing"]
    assert isinstance(staffer, Mine) and staffer.days == 20
    assert digest(again.run()) == digest(world.run())


def test_a_strategy_from_a_file_is_found_again_by_a_fresh_process(busy: Scenario, tmp_path: Path) -> None:
    source = Path("strategies/outreach/none.py").read_text()
    (tmp_path / "mine.py").write_text(source)
    uses = busy.line_ups["gut_feel"]
    own = uses.outreach.model_copy(update={"use": str(tmp_path / "mine.py")})
    line_ups = {"mine": uses.model_copy(update={"outreach": own})}
    world = World(busy.model_copy(update={"line_ups": line_ups}), "big_promo", "mine", 1)
    world.live(5)
    world.save(tmp_path / "w")
    code = f"from tests.world.test_snapshot import go_on; print(go_on([{str(tmp_path / 'w')!r}])[0])"
    fresh = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert fresh.stdout.strip() == digest(world.run())


def test_same_second_appointments_keep_their_order() -> None:
    clock, heard = Clock(), list[str]()
    clock.call(5, heard.append, "b")
    clock.call(5, heard.append, "a", first=True)
    clock.call(5, heard.append, "c")
    clock.call(2, heard.append, "0")
    clock.run()
    assert heard == ["0", "a", "b", "c"]


def test_what_cannot_be_saved_or_loaded_says_why(
    busy: Scenario, small: Callable[..., Scenario], tmp_path: Path
) -> None:
    parcel = World(small("operations.fidelity=parcel", "market.consumers=300"), "big_promo", "gut_feel", 1)
    with pytest.raises(UsageError, match=r"operations\.fidelity: must be compiled"):
        parcel.save(tmp_path / "parcel")
    assert not (tmp_path / "parcel").exists()
    (tmp_path / "text").write_text("hello")
    with pytest.raises(UsageError, match="must be a world saved by peakshift"):
        World.load(tmp_path / "text")
    with pytest.raises(UsageError, match="could not be read"):
        World.load(tmp_path / "none")
    World(busy, "big_promo", "gut_feel", 1).save(tmp_path / "old")
    data = (tmp_path / "old").read_bytes()
    (tmp_path / "old").write_bytes(data.replace(b'"engine": "', b'"engine": "x', 1))
    with pytest.raises(UsageError, match="must be saved by this engine"):
        World.load(tmp_path / "old")


def test_what_was_announced_cannot_be_replanned(busy: Scenario) -> None:
    world = World(busy, "big_promo", "gut_feel", 1)
    world.live(70)
    deeper = busy.campaigns["double11"].model_copy(update={"markdown": 0.5})
    with pytest.raises(UsageError, match=r"campaigns\.double11: must not be felt before day 70"):
        world.replan(busy.model_copy(update={"campaigns": {**busy.campaigns, "double11": deeper}}))
    with pytest.raises(UsageError, match="must be this world's own but for campaigns and schedules"):
        world.replan(busy.model_copy(update={"seed": 3}))


def test_replanning_nothing_changes_nothing(busy: Scenario, whole: History) -> None:
    world = World(busy, "big_promo", "closed_loop", 7)
    world.live(40)
    world.replan(busy.model_copy(deep=True))
    assert digest(world.run()) == digest(whole)


def test_people_lie_in_memory_as_they_did() -> None:
    """Else every kernel that reads them would compile a second time."""
    world = World(load_scenario("double12", ["market.consumers=300"]), "always_on", "gut_feel", seed=1)
    people = world.consumers.people
    again = snapshot.thaw(snapshot.freeze(world)).consumers.people  # type: ignore[attr-defined]  # it is a world
    assert (again.row.strides, again.cell.strides) == (people.row.strides, people.cell.strides) == ((64,), (64, 12))
    assert all((ours == theirs).all() for ours, theirs in zip(people, again, strict=True))
