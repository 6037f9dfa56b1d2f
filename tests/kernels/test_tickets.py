"""Who asks and what reaches an agent, against the draws they are made of."""

from __future__ import annotations

import numpy as np

from sim.kernels.draws import lognormal_seconds, uniforms
from sim.kernels.tickets import asking, to_agents

KEY, HANDLE, PEOPLE = np.uint64(77), np.uint64(78), np.arange(50_000) * 3


def test_those_ask_whose_draw_is_below_their_chance() -> None:
    chance = np.random.default_rng(1).uniform(0, 1, PEOPLE.size)
    u = uniforms(KEY, PEOPLE, 0)
    assert asking(KEY, PEOPLE, chance).tolist() == np.flatnonzero(u < chance).tolist()
    assert asking(KEY, PEOPLE, np.array([0.2])).tolist() == np.flatnonzero(u < 0.2).tolist()
    assert asking(KEY, PEOPLE[:1], chance[:1]).size == (u[0] < chance[0])
    assert asking(KEY, PEOPLE[:0], np.array([1.0])).size == 0


def test_the_bot_takes_its_share_and_the_rest_wait_for_an_agent() -> None:
    by_bot = np.random.default_rng(2).uniform(0, 1, PEOPLE.size)
    places, service, patience = to_agents(KEY, HANDLE, PEOPLE, by_bot, np.full(PEOPLE.size, 4.0), 0.8, 10.0)
    assert places.tolist() == np.flatnonzero(uniforms(KEY, PEOPLE, 0) >= by_bot).tolist()
    assert service.tolist() == lognormal_seconds(HANDLE, PEOPLE[places], np.array([240.0]), 0.8).tolist()
    waits = -600.0 * np.log(uniforms(KEY, PEOPLE[places], 1))
    assert np.abs(patience - np.floor(waits)).max() <= 1 and (patience == np.floor(waits)).mean() > 0.9999
    assert abs(service.mean() - 240.0) < 5.0 and abs(patience.mean() - 600.0) < 15.0
