"""Who asks and what reaches an agent, against the draws they are made of."""

from __future__ import annotations

import numpy as np

from sim.kernels.draws import lognormal_seconds, uniforms
from sim.kernels.tickets import asking, to_agents, within_a_day

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


def test_contacts_come_within_a_day_of_the_order_at_hours_of_visits() -> None:
    rng = np.random.default_rng(4)
    seconds, left = rng.integers(0, 86_400, PEOPLE.size), rng.uniform(0, 1, PEOPLE.size)
    share = np.r_[np.zeros(7), rng.uniform(0.5, 2.0, 17)]  # nobody before 07:00
    passed = np.r_[0.0, np.cumsum(share) / share.sum()]
    who, when = within_a_day(KEY, PEOPLE.astype(np.int32), seconds, 0.4, left, passed, 8 * 3600)
    asks = uniforms(KEY, PEOPLE, 0) < 0.4 * left
    clock = np.arange(25)
    asked = np.interp(seconds[asks] / 3600, clock, passed) + uniforms(KEY, PEOPLE[asks], 1)
    plain = (3600 * np.interp(asked % 1.0, passed[7:], clock[7:])).astype(np.int64)
    plain = np.where(asked < 1.0, plain, 86_400 + np.maximum(plain, 8 * 3600))
    order = np.lexsort((PEOPLE[asks], plain))
    assert who.tolist() == PEOPLE[asks][order].tolist() and np.abs(when - plain[order]).max() <= 1
    assert (when[1:] >= when[:-1]).all() and ((when // 3600 % 24) >= 7).all()
