"""Stations against queueing theory and against Ciw, an independent simulator.

A mean over runs with several seeds must lie within four standard errors of the formula, the standard error being
that of the seeds' means. Each run starts empty, so its first tenth is not counted. Times are integers, with
thousands of seconds to a mean service, so that rounding to a second is far below the standard error.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import ciw
import numpy as np
import pytest
import simpy
from numpy.typing import NDArray

from sim.actors.station import ABANDONED, Station

Seconds = NDArray[np.int64]
SERVICE, SEEDS, JOBS = 10_000.0, 12, 200_000
"""Mean service in seconds; runs; jobs a run."""


def erlang_c(servers: int, load: float) -> float:
    """Chance to wait in M/M/c; [load] = lambda / mu. Source: Erlang (1917)."""
    terms = [load**n / math.factorial(n) for n in range(servers)]
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    return last / (sum(terms) + last)


def erlang_a(servers: int, load: float, patience: float) -> tuple[float, float]:
    """(share that abandons, mean number waiting) in M/M/c+M; [patience] in mean services.

    Birth and death: rate lambda up; min(n, c) mu + max(0, n - c) / patience down. Source: Palm (1957), with Mandelbaum
    and Zeltyn (2007) for the names.
    """
    weights = [1.0]
    for n in range(1, servers + 2_000):
        weights.append(weights[-1] * load / (min(n, servers) + max(0, n - servers) / patience))
    chance = np.array(weights) / sum(weights)
    waiting = float(chance @ np.maximum(0, np.arange(chance.size) - servers))
    return waiting / patience / load, waiting


def serve(
    arrival: Seconds, service: Seconds, servers: int, patience: Seconds | None = None
) -> tuple[Seconds, Seconds, NDArray[np.bool_]]:
    """(n,) start (of giving up, for those who do) and end of every job, and who gave up."""
    env, n = simpy.Environment(), arrival.size
    station = Station("theory", env)
    station.push(np.arange(n), arrival, service, np.arange(n), patience)
    env.process(station.work([(0, servers)]))
    env.run(until=int(arrival[-1]) + int(service.sum()) + 1)
    job, begun, ended = station.take()
    assert job.size == n
    start, done = np.empty(n, np.int64), np.empty(n, np.int64)
    start[job], done[job] = begun, ended
    gave_up = start == ABANDONED
    assert station.little()[0] == station.little()[1]
    return np.where(gave_up, done, start), done, gave_up


def agree(figure: Callable[[np.random.Generator], float], wanted: float, most: float) -> None:
    """The mean over seeds lies within four standard errors of `wanted`, and they are at most `most` of it."""
    values = np.array([figure(np.random.default_rng(seed)) for seed in range(SEEDS)])
    error = values.std(ddof=1) / math.sqrt(SEEDS)
    print(f"mean {values.mean():.4f}, theory {wanted:.4f}, standard error {error:.4f}")
    assert abs(values.mean() - wanted) < 4 * error
    assert error < most * wanted


def poisson(rng: np.random.Generator, rate: float) -> Seconds:
    """Arrivals at `rate` a mean service."""
    return np.cumsum(rng.exponential(SERVICE / rate, JOBS)).astype(np.int64)


def exponential(rng: np.random.Generator) -> Seconds:
    return np.rint(rng.exponential(SERVICE, JOBS)).astype(np.int64)


def settled(values: NDArray[np.generic]) -> float:
    return float(values[JOBS // 10 :].mean())


@pytest.mark.parametrize(("servers", "use"), [(1, 0.7), (3, 0.8), (12, 0.9)])
def test_mean_wait_of_m_m_c_is_erlang_c(servers: int, use: float) -> None:
    """W_q = C(c, a) / (c - a) mean services."""
    load = servers * use

    def wait(rng: np.random.Generator) -> float:
        arrival = poisson(rng, load)
        start, _, _ = serve(arrival, exponential(rng), servers)
        return settled(start - arrival) / SERVICE

    agree(wait, erlang_c(servers, load) / (servers - load), 0.05)


@pytest.mark.parametrize("cv", [0.0, 0.5, 1.5])
def test_mean_wait_of_m_g_1_is_pollaczek_khinchine(cv: float) -> None:
    """W_q = rho (1 + cv^2) / (2 (1 - rho)) mean services, for constant and lognormal service."""
    use, spread = 0.7, math.sqrt(math.log(1 + cv**2))

    def wait(rng: np.random.Generator) -> float:
        arrival = poisson(rng, use)
        service = np.rint(SERVICE * rng.lognormal(-(spread**2) / 2, spread, JOBS)).astype(np.int64)
        start, _, _ = serve(arrival, service, 1)
        return settled(start - arrival) / SERVICE

    agree(wait, use * (1 + cv**2) / (2 * (1 - use)), 0.05)


@pytest.mark.parametrize(("servers", "load", "patience"), [(4, 3.6, 1.0), (4, 6.0, 0.5), (10, 10.0, 2.0)])
def test_abandonment_of_m_m_c_m_is_erlang_a(servers: int, load: float, patience: float) -> None:
    """The share that gives up, and the mean wait of all, served or not (Little: waiting / lambda)."""
    share, waiting = erlang_a(servers, load, patience)

    def played(rng: np.random.Generator) -> tuple[float, float]:
        arrival = poisson(rng, load)
        service = exponential(rng)
        patient = np.rint(rng.exponential(patience * SERVICE, JOBS)).astype(np.int64)
        start, _, gave_up = serve(arrival, service, servers, patient)
        return settled(gave_up), settled(start - arrival) / SERVICE

    agree(lambda rng: played(rng)[0], share, 0.05)
    agree(lambda rng: played(rng)[1], waiting / load, 0.05)


# ---- Ciw -------------------------------------------------------------------------------------------
VISITS, TICK = 3_000, 1_000_000
"""Jobs of each class; mean service. With so fine a second hardly two events fall into one."""


def sequence(rng: np.random.Generator, mean: float, last: float | None = None) -> ciw.dists.Sequential:
    """Whole numbers, exponential; `last` ends a stream of arrivals."""
    values = [float(v) for v in 1 + rng.exponential(mean, VISITS).astype(np.int64)]
    return ciw.dists.Sequential(values if last is None else [*values, last])


def answers(servers: list[int], loads: dict[str, float], routes: dict[str, list[list[float]]], ranked: bool) -> dict:
    """Ciw's records {(job, node): record}: all arrive at node 1, as classes with loads of their own."""
    rng, nodes, never = np.random.default_rng(17), len(servers), 1e14
    network = ciw.create_network(
        arrival_distributions={name: [sequence(rng, TICK / load, never), *[None] * (nodes - 1)]
                               for name, load in loads.items()},
        service_distributions={name: [sequence(rng, TICK) for _ in servers] for name in loads},
        number_of_servers=servers, routing=routes,
        priority_classes=dict(zip(loads, range(len(loads)), strict=True)) if ranked else None,
    )  # fmt: skip
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(never / 2)
    return {(r.id_number, r.node): r for r in simulation.get_all_records()}


def play_node(records: dict, node: int, servers: int, arrival: dict[int, int], ranks: dict[str, int]) -> dict[int, int]:
    """One node through our station; every start must be Ciw's. Returns when each job leaves."""
    ids = sorted((n for n, where in records if where == node), key=lambda n: arrival[n])
    mine = [records[n, node] for n in ids]
    come = np.array([arrival[n] for n in ids])
    service = np.array([int(r.service_time) for r in mine])
    priority = np.array([ranks.get(r.customer_class, 0) for r in mine])
    env = simpy.Environment()
    station = Station(f"node {node}", env)
    station.push(np.array(ids), come, service, np.array(ids), None, priority)
    env.process(station.work([(0, servers)]))
    env.run(until=int(come[-1] + service.sum() + 1))
    job, start, done = station.take()
    assert job.size == len(ids) > 0
    for n, begun, ended in zip(job, start, done, strict=True):
        theirs = records[int(n), node]
        assert (begun, ended) == (theirs.service_start_date, theirs.exit_date)
    waits = start - come[np.searchsorted(come, [arrival[int(n)] for n in job])]
    assert (waits > 0).mean() > 0.2, "too quiet to prove anything"
    return dict(zip(job.tolist(), done.tolist(), strict=True))


@pytest.mark.parametrize(
    ("servers", "loads", "routes", "ranked"),
    [
        pytest.param([3], {"first": 0.9, "second": 0.9, "third": 0.7}, [[0.0]], True, id="three priorities"),
        pytest.param([4, 4], {"parcel": 3.4}, [[0.0, 1.0], [0.0, 0.0]], False, id="two in a row"),
        pytest.param(
            [5, 3, 2], {"north": 2.5, "south": 1.7}, {"north": 1, "south": 2}, False, id="one depot, two cities"
        ),
    ],
)
def test_every_job_starts_and_leaves_when_ciw_says(servers, loads, routes, ranked) -> None:
    """The same arrivals and services through both: every job, at every node, to the second."""
    if isinstance(routes, dict):  # class -> the node after the first
        routes = {name: [[float(n == to) for n in range(3)], [0.0] * 3, [0.0] * 3] for name, to in routes.items()}
    else:
        routes = dict.fromkeys(loads, routes)
    records = answers(servers, loads, routes, ranked)
    assert len({n for n, _ in records}) == VISITS * len(loads)
    arrival = {n: int(r.arrival_date) for (n, node), r in records.items() if node == 1}
    ranks = {name: n for n, name in enumerate(loads)} if ranked else {}
    leaves = play_node(records, 1, servers[0], arrival, ranks)
    for node in range(2, len(servers) + 1):
        play_node(records, node, servers[node - 1], leaves, ranks)
