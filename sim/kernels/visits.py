"""Who comes today and when, who stands in which group, who is written to: sweeps over everybody."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sim.kernels.draws import screen, uniform
from sim.kernels.people import F32, F64, I16, I32, I64, NEVER, PROSPECT, PUT_OFF, U8, Mind, People, Rows

_BLOCK = 2048
_GUIDE = 256
_I, _U, _ONE, _HOUR = np.int32, np.uint8, np.uint64(1), np.uint64(3600)


@njit(cache=True, inline="always")
def wanted_still(cell, waiting_days, day):
    """Whether a purchase was put off until an announced event, and not too long ago.

    Numbers, not the tuple that holds them: handing a tuple of arrays to an inlined function counts a reference to each
    of them, twice a call.
    """
    return cell.reference >= PUT_OFF and day - cell.reference_day <= waiting_days


@njit(cache=True)
def _set_stages(day: int, source: U8, left: U8, first_day: I16, last_day: I16, stage: U8) -> None:
    """Everybody's index into `contracts.STAGES`: prospect, new, active, at_risk, dormant, lost. Choices without
    branches are vector code: 1.4 against 7.8 ms for a million, counting included."""
    for i in range(stage.size):
        away = _I(_I(day) - _I(last_day[i]))
        now = _U(2) + _U(away > 60) + _U(away > 120)
        now = _U(1) if _I(_I(day) - _I(first_day[i])) <= 30 else now
        now = _U(5) if left[i] > 0 or away > 240 else now
        stage[i] = _U(0) if source[i] == PROSPECT else now


@njit(cache=True)
def count_groups(people: People, day: int, segments: int) -> I64:
    """(G,) people by segment and stage, everybody in exactly one group; writes each person's stage of `day`."""
    _set_stages(day, people.source, people.left, people.first_day, people.last_day, people.stage)
    stage, segment, out = people.stage, people.segment, np.zeros((4, segments * 6), np.int32)
    group, four = np.empty(_BLOCK, np.uint16), np.uint64(3)  # not bytes: 43 segments have 258 groups
    for begin in range(0, stage.size, _BLOCK):
        first, size = np.uint64(begin), np.uint64(min(_BLOCK, stage.size - begin))
        for n in range(size):  # vector code
            group[n] = np.uint16(segment[first + n]) * np.uint16(6) + np.uint16(stage[first + n])
        for n in range(size):  # four counters in turn: one would wait for itself
            out[n & four, np.uint64(group[n])] += _I(1)
    sizes: I64 = out.sum(axis=0).astype(np.int64)
    return sizes


@njit(cache=True)
def headcount(source: U8, left: U8) -> tuple[int, int, int]:
    """Prospects, people who have left, customers: neither of the two. Counters of one byte, or the loop would widen
    every byte first (0.10 -> 0.06 ms a million)."""
    prospects = gone = both = 0
    for begin in range(0, source.size, 128):
        counts = _U(0), _U(0), _U(0)
        for i in range(np.uint64(begin), np.uint64(min(source.size, begin + 128))):
            prospect, away = _U(source[i] == PROSPECT), _U(left[i] > 0)
            counts = _U(counts[0] + prospect), _U(counts[1] + away), _U(counts[2] + (prospect & away))
        prospects, gone, both = prospects + int(counts[0]), gone + int(counts[1]), both + int(counts[2])
    return prospects, gone, source.size - prospects - gone + both


@njit(cache=True, inline="always")
def fatigue_of(bond, decay, day):
    """Fatigue as it has decayed until `day`."""
    if bond.fatigue == 0.0:
        return 0.0
    return bond.fatigue * math.exp(-decay * (day - bond.fatigue_day))


@njit(cache=True)
def _guide(hours: F64) -> tuple[F64, F64, I32]:
    """((C, 25) cumulated shares of the day, (C, 24) seconds per share, (C, guide) first hour to try) for the inverse
    of `hours` (C, 24)."""
    n = hours.shape[0]
    edges, first, seconds = np.zeros((n, 25)), np.zeros((n, _GUIDE), np.int32), np.zeros((n, 24))
    for c in range(n):
        total = hours[c].sum()
        for h in range(24):
            edges[c, h + 1] = edges[c, h] + (hours[c, h] / total if total > 0.0 else 1.0 / 24.0)
        edges[c, 24] = 1.0
        for h in range(24):
            seconds[c, h] = 3600.0 / max(1e-12, edges[c, h + 1] - edges[c, h])
        h = 0
        for g in range(_GUIDE):
            while h < 23 and edges[c, h + 1] <= g / _GUIDE:
                h += 1
            first[c, g] = h
    return edges, seconds, first


@njit(cache=True, inline="always")
def waits(cells, waiting_days, i, day):
    """Whether a person has put a purchase off."""
    for j in range(cells.shape[1]):
        if wanted_still(cells[i, j], waiting_days, day):
            return True
    return False


@njit(cache=True)
def _likely(key: np.uint64, rates: F32, bound: float, begin: int, hit: U8) -> None:
    """Marks whom of a block a bound on the chance lets come, 0.6 ns a person. Its own function, or the loops beside it
    in `visitors` would take registers from this one."""
    screen(key, begin, rates, bound, hit)


@njit(cache=True)
def _called_back(cells: Rows, rates: F32, waiting_days: float, day: int, begin: int, size: int, hit: U8) -> None:
    """Marks, too, whom of a block a purchase put off may call."""
    for n in range(size):
        hit[n] |= rates[begin + n] > 0.0 and waits(cells, waiting_days, begin + n, day)


@njit(cache=True)
def _by_second(came: I32, second: I32, by_hour: I32, at: I32, count: int) -> None:
    """Brings the first `count` visitors in order of their second, those of one second in order of the consumer's number.

    Two stable counting sorts, by hour into `by_hour` and `at`, then by second back into `came` and `second`: an hour's
    visitors and counters stay in the nearest caches (14 ns a visitor when all seconds of the day were sorted at once).
    """
    stop, place, size = np.zeros(24, np.uint64), np.empty(3601, np.uint64), np.uint64(count)
    for n in range(size):
        stop[np.uint64(second[n]) // _HOUR] += _ONE
    end = np.uint64(0)
    for h in range(24):
        stop[h], end = end, end + stop[h]
    for n in range(size):
        hour = np.uint64(second[n]) // _HOUR
        p = stop[hour]
        by_hour[p], at[p], stop[hour] = came[n], second[n], p + _ONE
    first = np.uint64(0)
    for h in range(24):
        begin, last = _I(3600 * h), stop[h]
        place[:] = 0
        for n in range(first, last):
            place[np.uint64(at[n] - begin) + _ONE] += _ONE
        place[0] = first
        for s in range(3600):
            place[s + 1] += place[s]
        for n in range(first, last):
            since = np.uint64(at[n] - begin)
            p = place[since]
            came[p], second[p], place[since] = by_hour[n], at[n], p + _ONE
        first = last


@njit(cache=True)
def visitors(
    key: np.uint64, people: People, mind: Mind, day: int, attention: float, plain: F64, ritual: F64, discovery: float,
    back: F64, came: I32, second: I32, by_hour: I32, at: I32,
) -> int:  # fmt: skip
    """Who comes on `day`, in order of (arrival second, number): consumers to `came`, seconds to `second`; returns how
    many. `came`, `second`, `by_hour` and `at` (N,) are kept from day to day: new memory is as dear as what is done in it.

    `plain` and `ritual` are (C, 24): multiples of a person's visit rate in each hour of the day, without and
    because of rituals; the second is damped by fatigue, and reaches prospects with weight `discovery`. `attention` is
    what a message felt today adds to its reader's rate, 0 on a day on which none is felt.
    P(visit) = 1 - exp(-rate x sum over hours). Whoever stays at home costs one hash and one comparison: a bound on
    the chance is compared for a block of people at a time, in vector code, before anything else is read.
    Who has put a purchase off comes for it with chance `back` (C,) when he would not come anyway; it is above 0 where
    an announced event runs, and on those days only are everybody's purchases put off looked at.
    """
    n_city = plain.shape[0]
    plain_sum, ritual_sum = np.zeros(n_city), np.zeros(n_city)
    bound = 0.0
    for c in range(n_city):
        plain_sum[c], ritual_sum[c] = plain[c].sum(), ritual[c].sum()
        bound = max(bound, plain_sum[c] * (1.0 + attention) + ritual_sum[c] * max(1.0, discovery))
    edges, seconds, guide = _guide(np.concatenate((plain, ritual)))
    count, everybody, event = 0, people.rate.size, back.max() > 0.0
    hit, who = np.empty(_BLOCK, np.uint8), np.empty(_BLOCK, np.int32)
    rates, cities, sources, message_days, bonds, cells, waiting_days = (
        people.rate, people.city, people.source, people.message_day, people.bond, people.cell, mind.waiting_days,
    )  # fmt: skip
    for begin in range(0, everybody, _BLOCK):
        size = min(_BLOCK, everybody - begin)
        _likely(key, rates, bound, begin, hit[:size])
        if event:
            _called_back(cells, rates, waiting_days, day, begin, size, hit)
        likely = 0
        for n in range(size):  # no branch: whether a person comes is a coin's toss
            who[likely] = begin + n
            likely += hit[n]
        for n in range(likely):
            i = who[n]
            c = cities[i]
            base, extra = plain_sum[c], ritual_sum[c]
            if attention > 0.0 and message_days[i] == day:
                base *= 1.0 + attention
            if extra > 0.0:
                extra *= math.exp(-mind.fatigue_damping * fatigue_of(bonds[i], mind.fatigue_decay, day))
                if sources[i] == PROSPECT:
                    extra *= discovery
            u, all_hours = uniform(key, i, 0), base + extra
            x = rates[i] * all_hours
            # x / (1 + x) <= 1 - exp(-x) <= x: the exponential is needed in between only
            if u >= x or (u * (1.0 + x) >= x and u >= -math.expm1(-x)):
                if not (event and uniform(key, i, 2) < back[c] and waits(cells, waiting_days, i, day)):
                    continue
                base = 0.0 if extra > 0.0 else base  # at the hours at which others come for the event
            share, r = uniform(key, i, 1), np.uint64(c)
            if extra > 0.0:
                v = share * (base + extra)
                share = v / extra if v < extra else min(0.9999999999, (v - extra) / base)
                r += np.uint64(n_city if v < extra else 0)
            h = np.uint64(guide[r, np.uint64(share * _GUIDE)])
            h += np.uint64(share >= edges[r, h + _ONE])  # mostly enough, and no branch
            while h < 23 and share >= edges[r, h + _ONE]:
                h += _ONE
            came[count] = i
            second[count] = _I(h) * 3600 + min(3599, int(seconds[r, h] * (share - edges[r, h])))
            count += 1
    _by_second(came, second, by_hour, at, count)
    return count


@njit(cache=True)
def send_messages(
    key: np.uint64, people: People, mind: Mind, share: F64, coupon: I64, day: int, cap_days: float, tired: float
) -> I64:
    """Writes to a `share` of each group; felt on `day + 1`. Returns (G,) messages sent.

    A message sooner than `cap_days` after the last one tires.
    """
    sent = np.zeros(share.size, np.int64)
    for i in range(people.segment.size):
        group = people.segment[i] * 6 + people.stage[i]
        if share[group] <= 0.0 or people.left[i] > 0 or uniform(key, i, 0) >= share[group]:
            continue
        bond = people.bond[i]
        if day + 1 - people.message_day[i] < cap_days and people.message_day[i] > NEVER:
            bond.fatigue = fatigue_of(bond, mind.fatigue_decay, day) + tired
            bond.fatigue_day = day
        people.message_day[i] = day + 1
        people.row[i].coupon = coupon[group]
        sent[group] += 1
    return sent
