"""Both fidelities of the station against their definition, and against each other over a world's life."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import simpy
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sim.actors.parcel_station import ParcelStation
from sim.actors.station import FOREVER, Station, plan_of
from sim.kernels.station import ABANDONED, order_of

FIDELITIES = pytest.mark.parametrize("kind", [Station, ParcelStation])
END = 4_000


def by_definition(arrival, service, patience, priority, plan):
    """Second by second, as `sim.kernels.station` states it: free, change servers, arrive, start, give up."""
    n = len(arrival)
    start, done = [None] * n, [None] * n
    waiting: list[int] = []
    servers, changes = 0, dict(plan)
    for second in range(END):
        servers = changes.get(second, servers)
        waiting = sorted(waiting + [job for job in range(n) if arrival[job] == second],
                         key=lambda job: (priority[job], arrival[job], job))  # fmt: skip
        while waiting and sum(begun is not None and begun >= 0 and ended > second
                              for begun, ended in zip(start, done, strict=True)) < servers:  # fmt: skip
            job = waiting.pop(0)
            start[job], done[job] = second, second + service[job]
        for job in [job for job in waiting if arrival[job] + patience[job] == second]:
            start[job], done[job] = int(ABANDONED), second
            waiting.remove(job)
    return start, done


def by_station(kind, arrival, service, patience, priority, plan):
    """The same jobs through a station under a SimPy clock, taken at a few odd moments."""
    env = simpy.Environment()
    station = kind("test", env)
    array = lambda values: np.array(values, np.int64)  # noqa: E731
    numbers = np.arange(len(arrival))
    station.push(numbers, array(arrival), array(service), numbers, array(patience), array(priority))
    env.process(station.work(plan))
    start, done = [None] * len(arrival), [None] * len(arrival)
    for moment in (137, 901, 902, 2_500, END):
        env.run(until=moment)
        for job, begun, ended in zip(*station.take(), strict=True):
            assert done[job] is None, "taken twice"
            assert ended < moment, "taken before its time"
            start[job], done[job] = int(begun), int(ended)
        late = [d for d in done if d is not None and d < moment]
        assert len(late) == station.finished + station.abandoned
        assert station.arrived == station.finished + station.abandoned + station.inside
    return start, done


patiences = st.one_of(st.just(int(FOREVER)), st.integers(0, 200))
jobs = st.lists(st.tuples(st.integers(0, 900), st.integers(0, 120), patiences, st.integers(0, 2)),
                min_size=1, max_size=60)  # fmt: skip
plans = st.lists(st.tuples(st.integers(0, 1200), st.integers(0, 4)), max_size=6)


@settings(max_examples=150, deadline=None)
@given(jobs, plans, st.sampled_from(["equal", "classes", "promised"]))
@example([(0, 0, 0, 1), (0, 5, 0, 0), (0, 0, 0, 0)], [], "classes")
def test_both_fidelities_equal_the_definition(jobs, plan, order):
    jobs = sorted(jobs, key=lambda job: job[0])
    plan = sorted({second: servers for second, servers in [(0, 1), *plan]}.items())
    arrival, service, patience, classes = (list(column) for column in zip(*jobs, strict=True))
    priority = {"equal": [7] * len(jobs), "classes": classes,
                "promised": [a + 400 * (1 + c) for a, c in zip(arrival, classes, strict=True)]}[order]  # fmt: skip
    wanted = by_definition(arrival, service, patience, priority, plan)
    for kind in (Station, ParcelStation):
        got = by_station(kind, arrival, service, patience, priority, plan)
        for job, (begun, ended) in enumerate(zip(*got, strict=True)):
            due = wanted[1][job]
            if due is not None and due < END:
                assert (begun, ended) == (wanted[0][job], due), kind.__name__


def life(kind: type, seed: int, pushes: int, size: int, capacity: int = 4) -> list[Any]:
    """Everything that a station says in a life of pushes, shifts and takings at random moments; ties abound.

    The jobs of one seed are the same for every kind; Little's law and the count of jobs are checked on the way.
    """
    rng, env, said = np.random.default_rng(seed), simpy.Environment(), list[Any]()
    station, patient, ranked = kind("test", env), seed % 2 == 1, seed // 2 % 3
    length = max(60, 40 * size // capacity)  # seconds between pushes, so that queues grow and shrink

    def push() -> None:
        n = int(rng.integers(0, 2 * size))
        arrival = int(env.now) + rng.integers(0, 2 * length, n)
        patience = rng.integers(0, 4 * length, n) if patient and rng.random() < 0.8 else None
        priority = None if ranked == 0 or rng.random() < 0.2 else rng.integers(0, 3, n)
        if ranked == 2 and priority is not None:
            priority = arrival + length * priority // 2
        numbers = station.arrived + np.arange(n)
        station.push(numbers, arrival, rng.integers(0, 75, n), rng.integers(0, 5, n), patience, priority)

    def world():
        for _ in range(pushes):
            for _ in range(int(rng.integers(1, 3))):
                push()
            seconds = int(env.now) + np.sort(rng.integers(0, length, 4))
            env.process(station.work([(int(s), int(rng.integers(0, capacity + 2))) for s in seconds]))
            for _ in range(3):
                yield env.timeout(int(rng.integers(0, length // 2)))
                said.extend([station.backlog(), *station.take(), station.backlog(), station.inside])
                assert station.arrived == station.finished + station.abandoned + station.inside
        yield env.timeout(length)  # past the last shift
        env.process(station.work([(int(env.now), capacity)]))
        yield env.timeout(400 * length * pushes)
        said.extend([*station.take(), station.backlog(), station.little()])
        assert station.inside == 0
        assert station.little()[0] == station.little()[1]

    env.process(world())
    env.run()
    return said


def assert_same_life(seed: int, pushes: int, size: int, capacity: int = 4) -> int:
    """Both fidelities live the same life; returns how many jobs went through."""
    compiled, parcel = (life(kind, seed, pushes, size, capacity) for kind in (Station, ParcelStation))
    assert len(compiled) == len(parcel)
    for ours, theirs in zip(compiled, parcel, strict=True):
        assert np.array_equal(ours, theirs)
    return sum(said.size for said in compiled if isinstance(said, np.ndarray)) // 3


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 40), st.integers(1, 6))
def test_fidelities_say_the_same_all_their_life(seed, pushes, size, capacity):
    assert_same_life(seed, pushes, size, capacity)


@pytest.mark.slow
def test_fidelities_are_bit_equal_on_a_million_parcels() -> None:
    through = sum(assert_same_life(seed, 40, 400, capacity=1 + seed % 60) for seed in range(78))
    assert through >= 1_000_000


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 500), st.sampled_from([1, 3, 60, 10**5, 10**9]))
def test_order_is_that_of_a_stable_sort(seed, n, span):
    rng = np.random.default_rng(seed)
    arrival, rank = rng.integers(0, span, n), rng.integers(0, 4, n)
    order, wanted = order_of(arrival, rank), np.lexsort((rank, arrival))
    if order.size == 0:
        assert np.array_equal(wanted, np.arange(n))
    elif order.size == n:
        assert np.array_equal(order, wanted)
    else:
        assert n > 64, "gave up too early"


def test_a_crowd_within_a_minute_queues_in_order() -> None:
    """More jobs than the buckets of `order_of` hold, spread over an hour by one that comes much later."""
    env, rng = simpy.Environment(), np.random.default_rng(4)
    station, n = Station("dock", env), 500
    station.servers = 1
    arrival, rank = rng.integers(0, 60, n), rng.permutation(n)
    arrival[0] = 3 * 86_400
    assert order_of(arrival, rank).size > n
    station.push(np.arange(n), arrival, np.ones(n, np.int64), rank)
    env.run(until=4 * 86_400)
    job, _, _ = station.take()
    assert job.tolist() == np.lexsort((rank, arrival)).tolist()


def test_an_early_arrival_is_refused() -> None:
    env = simpy.Environment()
    env.run(until=50)
    for kind in (Station, ParcelStation):
        station = kind("dock", env)
        station.advance()
        one = np.ones(1, np.int64)
        with pytest.raises(ValueError, match=r"dock: arrival: must not lie before second 50, got 1"):
            station.push(one, one, one, one)


def test_a_plan_works_exactly_the_rostered_hours() -> None:
    hours = np.array([20.0, 0.0, 3.5])
    plan = plan_of(hours, day=2)
    begin = 2 * 86_400 + 6 * 3600
    assert plan == [(begin, 3), (begin + 4 * 3600, 2), (begin + 8 * 3600, 0), (begin + 16 * 3600, 1),
                    (begin + 16 * 3600 + 12_600, 0)]  # fmt: skip


@FIDELITIES
def test_no_servers_keep_everybody_waiting(kind) -> None:
    env = simpy.Environment()
    station = kind("test", env)
    station.push(np.arange(3), np.array([5, 6, 7]), np.array([1, 1, 1]), np.arange(3))
    env.run(until=100)
    assert station.take()[0].size == 0
    assert station.backlog() == 3


@FIDELITIES
def test_numbers_stay_in_order_of_arrival_when_pushed_late(kind) -> None:
    env = simpy.Environment()
    station = kind("test", env)
    station.push(np.array([0, 1]), np.array([10, 30]), np.array([5, 5]), np.array([7, 8]))
    station.push(np.array([2]), np.array([20]), np.array([5]), np.array([9]))
    env.process(station.work([(0, 1)]))
    env.run(until=100)
    job, start, done = station.take()
    assert list(itertools.chain(job, start, done)) == [0, 2, 1, 10, 20, 30, 15, 25, 35]
