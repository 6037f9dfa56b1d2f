"""The compiled station against its definition: a plain SimPy model, one process a job."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.actors.station import FOREVER, Station, capacity_of, plan_of
from sim.kernels.station import ABANDONED

END = 4_000


def by_definition(arrival, service, patience, plan):
    """Second by second, as `sim.kernels.station` states it: free, change servers, start, arrive."""
    n = len(arrival)
    start, done = [None] * n, [None] * n
    working: list[int] = []
    queue: list[int] = []
    servers = 0
    changes = dict(plan)
    for second in range(END):
        working = [job for job in working if done[job] > second]
        servers = changes.get(second, servers)
        for newcomers in ([], [job for job in range(n) if arrival[job] == second]):
            queue, standing = [], queue + newcomers
            for job in standing:
                if arrival[job] + patience[job] < second:
                    start[job], done[job] = int(ABANDONED), arrival[job] + patience[job]
                elif len(working) < servers and not queue:
                    start[job], done[job] = second, second + service[job]
                    working.append(job)
                else:
                    queue.append(job)
    return start, done


def by_station(arrival, service, patience, plan):
    """The same jobs through `Station` under a SimPy clock, taken at a few odd moments."""
    env = simpy.Environment()
    station = Station("test", env)
    array = lambda values: np.array(values, np.int64)  # noqa: E731
    station.push(np.arange(len(arrival)), array(arrival), array(service), np.arange(len(arrival)), array(patience))
    env.process(station.work(plan))
    start, done = [None] * len(arrival), [None] * len(arrival)
    for moment in (137, 901, 902, 2_500, END):
        env.run(until=moment)
        for job, begun, ended in zip(*station.take(), strict=True):
            assert done[job] is None, "taken twice"
            start[job], done[job] = int(begun), int(ended)
    assert station.arrived == station.finished + station.abandoned + station.inside
    return start, done


jobs = st.lists(
    st.tuples(st.integers(0, 900), st.integers(1, 120), st.one_of(st.just(int(FOREVER)), st.integers(0, 200))),
    min_size=1, max_size=60,
)  # fmt: skip
plans = st.lists(st.tuples(st.integers(0, 1200), st.integers(0, 4)), max_size=6)


@settings(max_examples=150, deadline=None)
@given(jobs, plans)
def test_compiled_station_equals_its_definition(jobs, plan):
    jobs = sorted(jobs, key=lambda job: job[0])
    plan = sorted({second: servers for second, servers in [(0, 1), *plan]}.items())
    columns = [list(column) for column in zip(*jobs, strict=True)]
    start, done = by_definition(*columns, plan)
    got_start, got_done = by_station(*columns, plan)
    for job, (begun, ended) in enumerate(zip(got_start, got_done, strict=True)):
        if ended is not None and ended < END - 1:
            assert (begun, ended) == (start[job], done[job])


def test_erlang_c_wait_within_sampling_error() -> None:
    """M/M/3 at utilisation 0.8: mean wait is C(3, 2.4) / (3 mu - lambda) = 1.0787 services."""
    rng = np.random.default_rng(5)
    n, mean = 400_000, 3_000.0
    arrival = np.cumsum(rng.exponential(mean / 2.4, n)).astype(np.int64)
    service = np.maximum(1, rng.exponential(mean, n).astype(np.int64))
    env = simpy.Environment()
    station = Station("test", env)
    station.push(np.arange(n), arrival, service, np.arange(n))
    env.process(station.work([(0, 3)]))
    env.run(until=int(arrival[-1]) + 10_000_000)
    job, start, _ = station.take()
    waits = (start - arrival[job]).astype(float) / mean
    batches = waits[: n - n % 100].reshape(100, -1).mean(axis=1)
    error = batches.std(ddof=1) / 10
    assert abs(waits.mean() - 1.0787) < 4 * error
    assert error < 0.05


def test_a_plan_works_exactly_the_rostered_hours() -> None:
    hours = np.array([20.0, 0.0, 3.5])
    plan = plan_of(hours, day=2)
    begin = 2 * 86_400 + 6 * 3600
    assert plan == [(begin, 3), (begin + 4 * 3600, 2), (begin + 8 * 3600, 0), (begin + 16 * 3600, 1),
                    (begin + 16 * 3600 + 12_600, 0)]  # fmt: skip
    assert capacity_of(plan, 2, 10.0).sum() == pytest.approx(235.0)


def test_no_servers_keep_everybody_waiting() -> None:
    env = simpy.Environment()
    station = Station("test", env)
    station.push(np.arange(3), np.array([5, 6, 7]), np.array([1, 1, 1]), np.arange(3))
    env.run(until=100)
    assert station.take()[0].size == 0
    assert station.backlog() == 3


def test_numbers_stay_in_order_of_arrival_when_pushed_late() -> None:
    env = simpy.Environment()
    station = Station("test", env)
    station.push(np.array([0, 1]), np.array([10, 30]), np.array([5, 5]), np.array([7, 8]))
    station.push(np.array([2]), np.array([20]), np.array([5]), np.array([9]))
    env.process(station.work([(0, 1)]))
    env.run(until=100)
    job, start, done = station.take()
    assert list(itertools.chain(job, start, done)) == [0, 2, 1, 10, 20, 30, 15, 25, 35]
