"""Who asks and what reaches an agent, against the draws they are made of."""

from __future__ import annotations

import numpy as np

from sim.kernels.draws import lognormal_seconds, uniforms
from sim.kernels.tickets import asking, next_day, to_agents, within_a_day

KEY, HANDLE, PEOPLE = np.uint64(77), np.uint64(78), np.arange(50_000) * 3
WHO = PEOPLE.astype(np.int32)
NONE = np.zeros(0, np.int64)


def test_those_ask_whose_draw_is_below_the_chance() -> None:
    seconds = np.random.default_rng(1).integers(0, 86_400, WHO.size).astype(np.int32)
    asks = uniforms(KEY, PEOPLE, 0) < 0.2
    who, when = asking(KEY, WHO, seconds, 0.2, 86_400)
    assert who.dtype == np.int32 and who.tolist() == WHO[asks].tolist()
    assert when.tolist() == (seconds[asks].astype(np.int64) + 86_400).tolist()
    assert asking(KEY, WHO[:0], seconds[:0], 1.0, 0)[0].size == 0


def test_on_the_next_day_people_ask_at_hours_of_visits() -> None:
    share = np.r_[np.zeros(3), np.random.default_rng(3).uniform(0.5, 2.0, 21)]
    passed = np.r_[0.0, np.cumsum(share) / share.sum()]
    for entities in (NONE, PEOPLE * 7 + 1):  # draws keyed by the people, or by something else
        keys = entities if entities.size else PEOPLE
        asks = uniforms(KEY, keys, 0) < 0.3
        hour = np.minimum(np.searchsorted(passed[1:], uniforms(KEY, keys[asks], 1)), 23)
        seconds = np.maximum((hour * 3600 + uniforms(KEY, keys[asks], 2) * 3600).astype(np.int64), 6 * 3600)
        order = np.lexsort((PEOPLE[asks], seconds))
        who, when = next_day(KEY, WHO, entities, 0.3, passed, 6 * 3600)
        assert who.tolist() == PEOPLE[asks][order].tolist() and when.tolist() == seconds[order].tolist()
        assert when.min() == 6 * 3600  # nobody is up before
    assert next_day(KEY, WHO[:0], NONE, 1.0, passed, 0)[0].size == 0


def test_the_bot_takes_its_share_and_the_rest_wait_for_an_agent() -> None:
    rng = np.random.default_rng(2)
    cause, seen = rng.integers(0, 3, WHO.size).astype(np.uint8), rng.uniform(0, 1, WHO.size)
    seconds, contained = rng.integers(0, 86_400, WHO.size), np.array([0.9, 0.5, 0.0])
    minutes, urgency = np.array([4.0, 8.0, 2.0]), np.array([0, -1, -2])
    told = to_agents(KEY, HANDLE, WHO, seconds, cause, seen, contained, minutes, urgency, 0.8, 10.0)
    entity = PEOPLE * 8 + cause
    left = np.flatnonzero(uniforms(KEY, entity, 0) >= contained[cause] * seen)
    assert told.entity.tolist() == entity[left].tolist() and told.consumer.tolist() == WHO[left].tolist()
    assert told.cause.tolist() == cause[left].tolist() and told.second.tolist() == seconds[left].tolist()
    assert told.urgency.tolist() == urgency[cause[left]].tolist()
    assert told.by_type.tolist() == np.bincount(cause, minlength=3).tolist()
    mean = 60.0 * minutes[cause[left]]
    assert told.service.tolist() == lognormal_seconds(HANDLE, entity[left], mean, 0.8).tolist()
    waits = -600.0 * np.log(uniforms(KEY, entity[left], 1))
    assert np.abs(told.patience - np.floor(waits)).max() <= 1 and (told.patience == np.floor(waits)).mean() > 0.9999
    assert abs((told.service / mean).mean() - 1.0) < 0.02 and abs(told.patience.mean() - 600.0) < 15.0


def test_one_cause_and_one_share_may_stand_for_all() -> None:
    two, seen, seconds = np.array([2], np.uint8), np.array([0.5]), np.zeros(WHO.size, np.int64)
    rest = np.array([0.1, 0.2, 0.6]), np.array([4.0, 8.0, 2.0]), np.array([0, -1, -2]), 0.8, 10.0
    one = to_agents(KEY, HANDLE, WHO, seconds, two, seen, *rest)
    all_of_them = to_agents(KEY, HANDLE, WHO, seconds, two.repeat(WHO.size), seen.repeat(WHO.size), *rest)
    for ours, theirs in zip(one, all_of_them, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert 0.6 * WHO.size < one.consumer.size < 0.8 * WHO.size and one.by_type.tolist() == [0, 0, WHO.size]


def test_contacts_come_within_a_day_of_the_order_at_hours_of_visits() -> None:
    rng = np.random.default_rng(4)
    seconds, left = rng.integers(0, 86_400, PEOPLE.size), rng.uniform(0, 1, PEOPLE.size)
    share = np.r_[np.zeros(7), rng.uniform(0.5, 2.0, 17)]  # nobody before 07:00
    passed = np.r_[0.0, np.cumsum(share) / share.sum()]
    who, when = within_a_day(KEY, WHO, seconds, 0.4, left, passed, 8 * 3600)
    asks = uniforms(KEY, PEOPLE, 0) < 0.4 * left
    clock = np.arange(25)
    asked = np.interp(seconds[asks] / 3600, clock, passed) + uniforms(KEY, PEOPLE[asks], 1)
    plain = (3600 * np.interp(asked % 1.0, passed[7:], clock[7:])).astype(np.int64)
    plain = np.where(asked < 1.0, plain, 86_400 + np.maximum(plain, 8 * 3600))
    order = np.lexsort((PEOPLE[asks], plain))
    assert who.tolist() == PEOPLE[asks][order].tolist() and np.abs(when - plain[order]).max() <= 1
    assert (when[1:] >= when[:-1]).all() and ((when // 3600 % 24) >= 7).all()
