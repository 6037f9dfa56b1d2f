"""Nanoseconds a parcel: compiled stations beside plain SimPy with a process a parcel, in one process.

`python benchmarks/operations.py` prints (1) two stations in a row with three shifts a day, first come first served,
at 8 and at 240 servers: time inside the kernels, then all through `Station` (a push and a take a day) under a SimPy
clock; (2) one station, in order, with abandonment, with three priorities, with both, by earliest promise. SimPy plays
the first parcels of the same load. Time is processor time, so that neighbours on the machine count little; ratios are
what to compare between machines. The aims are 100 ns a parcel through two stations, 200 ns at 240 servers, at least
300 times SimPy. `--profile` says where `Station` spends its time.
"""

from __future__ import annotations

import cProfile
import pstats
import statistics
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy
from numba.core.registry import CPUDispatcher as Dispatcher

from sim.actors import station
from sim.actors.station import FOREVER, Seconds, Station
from sim.kernels import station as kernel

PARCELS, SIMPY_PARCELS, REPEATS, DAY = 1_000_000, 15_000, 5, 86_400
SHIFTS = ((6, 1.2), (14, 1.0), (22, 0.5))
"""Hour of day and share of the base staff."""
LEFT: dict[int, Seconds] = {}
QUEUES: dict[int, Seconds] = {}
"""Memory of results and of the kernels, touched before: a world's stations reuse theirs."""
PICK, STOP, LOAD = 164.0, 360.0, 0.8
"""Mean seconds of work at either station; share of the people's time that is work."""


@dataclass(frozen=True)
class Job:
    """(n,) each: a day's parcels lie together, in order of arrival."""

    arrival: Seconds
    service: Seconds
    second: Seconds
    """Service at the second station."""
    patience: Seconds
    priority: Seconds
    promise: Seconds

    def first(self, n: int) -> Job:
        return Job(*(column[:n] for column in vars(self).values()))


def jobs_of(n: int, servers: int) -> Job:
    """A Poisson stream with two humps a day that keeps `servers` busy."""
    rng = np.random.default_rng(3)
    a_day = LOAD * servers * 0.9 * DAY / PICK
    days = int(n / a_day) + 2
    hours = np.tile(1.0 + 0.6 * np.sin((np.arange(24) - 4) / 24 * 4 * np.pi), days)
    counts = rng.poisson(hours / hours.mean() * a_day / 24)
    arrival = np.repeat(np.arange(counts.size) * 3600, counts) + rng.integers(0, 3600, counts.sum())
    arrival = np.sort(arrival)[:n]
    n = arrival.size
    service = lambda mean: np.maximum(1, rng.lognormal(np.log(mean) - 0.125, 0.5, n)).astype(np.int64)  # noqa: E731
    priority = rng.integers(0, 3, n)
    return Job(arrival, service(PICK), service(STOP), rng.exponential(1800, n).astype(np.int64), priority,
               arrival + 86_400 * (1 + priority) // 3600 * 3600)  # fmt: skip


def staff(servers: int, days: int) -> list[tuple[int, int]]:
    """(second, servers) of all shifts; the night shift before the first morning too."""
    plan = [(day * DAY + hour * 3600, max(1, round(share * servers))) for day in range(days) for hour, share in SHIFTS]
    return [(0, plan[-1][1]), *plan]


def second_staff(servers: int) -> int:
    return max(1, round(servers * STOP / PICK))


# ---- compiled --------------------------------------------------------------------------------------
def through_kernels(
    arrival: Seconds, service: Seconds, plan: list[tuple[int, int]], patience: Seconds | None = None,
    priority: Seconds | None = None,
) -> tuple[Seconds, Seconds, Seconds]:  # fmt: skip
    """(job, start, done): all jobs put in at once, the kernel called from shift to shift, all taken at the end."""
    n = arrival.size
    queue, state = QUEUES.setdefault(n, np.zeros((kernel.COLUMNS, n), np.int64)), np.zeros(kernel.FIELDS, np.int64)
    numbers = np.arange(n)
    order = kernel.order_of(arrival, numbers)
    kernel.admit(queue, state, numbers, arrival, service, numbers,
                 np.array([FOREVER]) if patience is None else patience,
                 np.zeros(1, np.int64) if priority is None else priority, order)  # fmt: skip
    busy = np.zeros(max(servers for _, servers in plan), np.int64)
    serve = kernel.serve_in_order if priority is None else kernel.serve_by_priority
    ends = [*(second for second, _ in plan[1:]), plan[-1][0] + 100 * DAY]
    for (now, servers), until in zip(plan, ends, strict=True):
        serve(until, servers, busy, queue, state, now)
    kernel.expire(ends[-1], queue, state)
    job, start, done, _ = kernel.collect(ends[-1], queue, state)
    return job, start, done


def through_station(
    arrival: Seconds, service: Seconds, plan: list[tuple[int, int]], patience: Seconds | None = None,
    priority: Seconds | None = None,
) -> tuple[Seconds, Seconds, Seconds]:  # fmt: skip
    """(job, start, done): as in the world, jobs of a day are pushed at midnight and taken at the next."""
    env = simpy.Environment()
    station, numbers = Station("one", env), np.arange(arrival.size)
    days = int(arrival.max()) // DAY + 1
    order = kernel.order_of(arrival // DAY, numbers)
    if order.size != arrival.size:  # in order of days, or few days with many jobs
        order = np.argsort(arrival // DAY, kind="stable") if order.size else numbers
    cuts = np.searchsorted((arrival // DAY)[order], np.arange(days + 1))
    out, taken = np.empty((3, arrival.size), np.int64), 0

    def take() -> None:
        nonlocal taken
        three = station.take()
        n = three[0].size
        for row, values in zip(out, three, strict=True):
            row[taken : taken + n] = values
        taken += n

    def world() -> Generator[Any, Any, None]:
        for day in range(days):
            part = order[cuts[day] : cuts[day + 1]]
            station.push(part, arrival[part], service[part], part, None if patience is None else patience[part],
                         None if priority is None else priority[part])  # fmt: skip
            yield env.timeout(DAY)
            take()
        while station.inside:
            yield env.timeout(DAY)
            take()

    env.process(station.work(plan))
    env.process(world())
    env.run()
    return out[0], out[1], out[2]


def two_by_day(jobs: Job, servers: int) -> Seconds:
    """(n,) seconds at which parcels leave the second station.

    What leaves the first on a day is pushed to the second when that day begins there: one clock runs a day behind.
    """
    clocks = simpy.Environment(), simpy.Environment()
    first, second = (Station(name, clock) for name, clock in zip("12", clocks, strict=True))
    days = int(jobs.arrival[-1]) // DAY + 1
    clocks[0].process(first.work(staff(servers, days)))
    clocks[1].process(second.work(staff(second_staff(servers), days)))
    cuts, numbers = np.searchsorted(jobs.arrival, np.arange(days + 1) * DAY), np.arange(jobs.arrival.size)
    left, day = LEFT.setdefault(jobs.arrival.size, np.zeros(jobs.arrival.size, np.int64)), 0
    while day < days or first.inside or second.inside:
        if day < days:
            new = slice(cuts[day], cuts[day + 1])
            first.push(numbers[new], jobs.arrival[new], jobs.service[new], numbers[new])
        day += 1
        clocks[0].run(until=day * DAY)
        job, _, done = first.take()
        second.push(job, done, jobs.second[job], job)
        clocks[1].run(until=day * DAY)
        job, _, done = second.take()
        left[job] = done
    return left


class Timed:
    """The kernels as a station sees them, with the time of every call from Python added up: whichever it calls."""

    def __init__(self) -> None:
        self.spent = 0.0

    def __getattr__(self, name: str) -> Any:
        what = getattr(kernel, name)
        if not isinstance(what, Dispatcher):
            return what

        def timed(*told: Any) -> Any:
            begin = time.process_time()
            answer = what(*told)
            self.spent += time.process_time() - begin
            return answer

        return timed


def kernels_alone(job: Callable[[], object], parcels: int) -> float:
    """Nanoseconds a parcel, median over `REPEATS`, spent inside the compiled kernels that `Station` calls in a job."""
    job()  # compiles
    times = []
    for _ in range(REPEATS):
        watch = Timed()
        setattr(station, "kernel", watch)  # noqa: B010  # a module, to the type checker
        job()
        times.append(watch.spent)
    setattr(station, "kernel", kernel)  # noqa: B010
    return 1e9 * statistics.median(times) / parcels


# ---- plain SimPy -----------------------------------------------------------------------------------
def shifts(env: simpy.Environment, desk: simpy.Resource, plan: list[tuple[int, int]]) -> Generator[Any, Any, None]:
    """Changes the capacity, and lets everybody in who now can."""
    for second, servers in plan:
        yield env.timeout(second - env.now)
        desk._capacity = servers
        while desk.queue and desk.count < servers:
            desk._trigger_put(None)


def simpy_two(jobs: Job, servers: int) -> Seconds:
    """The same two stations: (n,) seconds at which parcels leave."""
    env, left = simpy.Environment(), np.zeros(jobs.arrival.size, np.int64)
    days = int(jobs.arrival[-1]) // DAY + 1
    desks = [simpy.Resource(env, 1), simpy.Resource(env, 1)]

    def parcel(number: int, arrival: int, times: tuple[int, int]) -> Generator[Any, Any, None]:
        yield env.timeout(arrival)
        for desk, seconds in zip(desks, times, strict=True):
            with desk.request() as turn:
                yield turn
                yield env.timeout(seconds)
        left[number] = env.now

    for desk, people in zip(desks, (servers, second_staff(servers)), strict=True):
        env.process(shifts(env, desk, staff(people, days)))
    columns = (jobs.arrival.tolist(), jobs.service.tolist(), jobs.second.tolist())
    for number, (arrival, *times) in enumerate(zip(*columns, strict=True)):
        env.process(parcel(number, arrival, (times[0], times[1])))
    env.run()
    return left


def simpy_one(jobs: Job, servers: int, patience: Seconds | None, priority: Seconds | None) -> None:
    """One station with patience, priorities, both or neither."""
    env = simpy.Environment()
    desk = simpy.Resource(env, 1) if priority is None else simpy.PriorityResource(env, 1)

    def parcel(arrival: int, seconds: int, patient: int | None, first: int | None) -> Generator[Any, Any, None]:
        yield env.timeout(arrival)
        with desk.request() if first is None else desk.request(priority=first) as turn:
            if patient is None:
                yield turn
            else:
                yield turn | env.timeout(patient)
            if turn.triggered:
                yield env.timeout(seconds)

    env.process(shifts(env, desk, staff(servers, int(jobs.arrival[-1]) // DAY + 1)))
    for n in range(jobs.arrival.size):
        env.process(parcel(int(jobs.arrival[n]), int(jobs.service[n]), None if patience is None else int(patience[n]),
                           None if priority is None else int(priority[n])))  # fmt: skip
    env.run()


# ---- tables ----------------------------------------------------------------------------------------
def nanoseconds(job: Callable[[], object], parcels: int) -> float:
    """Median over `REPEATS`, a parcel."""
    times = []
    for _ in range(REPEATS):
        begin = time.process_time()
        job()
        times.append(time.process_time() - begin)
    return 1e9 * statistics.median(times) / parcels


def row(name: str, aim: str, kernels: float, station: float, plain: float) -> None:
    ratios = f"{plain / kernels:11.0f} x {plain / station:7.0f} x"
    print(f"{name:<26} {aim:>7} {kernels:8.1f} {station:8.1f} {plain:9,.0f} {ratios}")


def two_stations(servers: int, aim: str) -> None:
    """A row of the first table."""
    jobs = jobs_of(PARCELS, servers)
    some = jobs.first(SIMPY_PARCELS)
    row(f"two stations, {servers} servers", aim, kernels_alone(lambda: two_by_day(jobs, servers), PARCELS),
        nanoseconds(lambda: two_by_day(jobs, servers), PARCELS),
        nanoseconds(lambda: simpy_two(some, servers), SIMPY_PARCELS))  # fmt: skip
    left = two_by_day(some, servers), simpy_two(some, servers)
    ours, plain = ((seconds - some.arrival).mean() for seconds in left)
    print(f"{'':<26} mean seconds inside {ours:.2f}, SimPy {plain:.2f} (it serves ties of a second in another order)")


def one_station(name: str, jobs: Job, patience: str, priority: str) -> None:
    """A row of the second table; `patience` and `priority` name columns."""
    some, plan = jobs.first(SIMPY_PARCELS), staff(8, int(jobs.arrival[-1]) // DAY + 1)
    mine, few = ([getattr(j, c) if c else None for c in (patience, priority)] for j in (jobs, some))
    row(name, "", nanoseconds(lambda: through_kernels(jobs.arrival, jobs.service, plan, *mine), PARCELS),
        nanoseconds(lambda: through_station(jobs.arrival, jobs.service, plan, *mine), PARCELS),
        nanoseconds(lambda: simpy_one(some, 8, *few), SIMPY_PARCELS))  # fmt: skip


def main() -> None:
    """Prints the tables."""
    print(f"medians of {REPEATS}, {PARCELS:,} parcels ({SIMPY_PARCELS:,} in SimPy), one core; aim: >= 300 x SimPy")
    ratios = f"{'SimPy/kernels':>13} {'/Station':>9}"
    print(f"{'ns a parcel':<26} {'aim':>7} {'kernels':>8} {'Station':>8} {'SimPy':>9} {ratios}")
    two_stations(8, "<= 100")
    two_stations(240, "<= 200")
    jobs = jobs_of(PARCELS, 8)
    one_station("one station, in order", jobs, "", "")
    one_station("  abandonment", jobs, "patience", "")
    one_station("  3 priorities", jobs, "", "priority")
    one_station("  both", jobs, "patience", "priority")
    one_station("  earliest promise", jobs, "", "promise")
    if "--profile" in sys.argv:
        profile, jobs = cProfile.Profile(), jobs_of(PARCELS, 240)
        profile.runcall(two_by_day, jobs, 240)
        pstats.Stats(profile).sort_stats("tottime").print_stats(14)


if __name__ == "__main__":
    main()
