"""Who comes today, and what each visitor does: the two passes of the consumer kernel.

Pass one (`visitors`) costs one hash and one comparison for whoever stays at home. Pass two (`serve`)
takes the visitors in order of their arrival second against live stock.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sim.kernels.draws import gumbel, poisson, uniform
from sim.kernels.people import (
    F64,
    FESTIVAL,
    I32,
    I64,
    NEVER,
    ORGANIC,
    PAID,
    PROSPECT,
    STOCKOUT,
    U8,
    Lines,
    Mind,
    People,
    Slice,
    Tallies,
)

_NONE = -1


@njit(cache=True, inline="always")
def stage_of(people, i, day):
    """Index into `contracts.STAGES`: prospect, new, active, at_risk, dormant, lost."""
    if people.source[i] == PROSPECT:
        return 0
    away = day - people.last_day[i]
    if people.left[i] > 0 or away > 240:
        return 5
    if day - people.first_day[i] <= 30:
        return 1
    if away <= 60:
        return 2
    return 3 if away <= 120 else 4


@njit(cache=True)
def count_groups(people: People, day: int, segments: int) -> I64:
    """(G,) people by segment and stage; everybody is in exactly one group."""
    out = np.zeros(segments * 6, np.int64)
    for i in range(people.segment.size):
        out[people.segment[i] * 6 + stage_of(people, i, day)] += 1
    return out


@njit(cache=True, inline="always")
def _fatigue(people, mind, i, day):
    age = day - people.fatigue_day[i]
    return people.fatigue[i] * math.exp(-mind.fatigue_decay * age)


@njit(cache=True)
def visitors(
    key: np.uint64,
    people: People,
    mind: Mind,
    day: int,
    plain: F64,
    ritual: F64,
    discovery: float,
) -> tuple[I32, I32]:
    """Who comes on `day`, in order of (arrival second, number): (consumers, seconds).

    `plain` and `ritual` are (C, 24): multiples of a person's visit rate in each hour of the day,
    without and because of rituals; the second is damped by fatigue, and reaches prospects with
    weight `discovery`. P(visit) = 1 - exp(-rate x sum over hours).
    """
    n_city = plain.shape[0]
    plain_sum, ritual_sum = np.zeros(n_city), np.zeros(n_city)
    bound = 0.0
    for c in range(n_city):
        plain_sum[c], ritual_sum[c] = plain[c].sum(), ritual[c].sum()
        bound = max(bound, plain_sum[c] * (1.0 + mind.message_attention) + ritual_sum[c] * max(1.0, discovery))
    came = np.empty(1024, np.int32)
    second = np.empty(1024, np.int32)
    count = 0
    for i in range(people.rate.size):
        u = uniform(key, i, 0)
        if u >= people.rate[i] * bound:
            continue
        c = people.city[i]
        base = plain_sum[c]
        if people.message_day[i] == day:
            base *= 1.0 + mind.message_attention
        extra = ritual_sum[c]
        if extra > 0.0:
            extra *= math.exp(-mind.fatigue_damping * _fatigue(people, mind, i, day))
            if people.source[i] == PROSPECT:
                extra *= discovery
        if u >= 1.0 - math.exp(-people.rate[i] * (base + extra)):
            continue
        v = uniform(key, i, 1) * (base + extra)
        if v < extra:
            hours, v = ritual[c], v * (ritual_sum[c] / extra)
        else:
            hours, v = plain[c], (v - extra) * (plain_sum[c] / base)
        hour = 0
        while hour < 23 and v >= hours[hour]:
            v -= hours[hour]
            hour += 1
        if count == came.size:
            came, second = np.append(came, came), np.append(second, second)
        came[count] = i
        second[count] = hour * 3600 + int(uniform(key, i, 2) * 3600)
        count += 1
    # counting sort by second: stable, so equal seconds stay in order of the consumer's number
    place = np.zeros(86_401, np.int64)
    for n in range(count):
        place[second[n] + 1] += 1
    for s in range(86_400):
        place[s + 1] += place[s]
    by_time, at = np.empty(count, np.int32), np.empty(count, np.int32)
    for n in range(count):
        p = place[second[n]]
        place[second[n]] += 1
        by_time[p], at[p] = came[n], second[n]
    return by_time, at


@njit(cache=True, inline="always")
def _node(stock, route, city, sku):
    """First warehouse on the city's route that has the SKU, or -1."""
    for r in range(route.shape[1]):
        if stock[sku, route[city, r]] > 0:
            return route[city, r]
    return -1


@njit(cache=True)
def serve(
    need_key: np.uint64,
    choice_key: np.uint64,
    unit_key: np.uint64,
    people: People,
    mind: Mind,
    offer: Slice,
    stock: NDArray[np.int64],
    route: NDArray[np.int64],
    day: int,
    came: I32,
    second: I32,
    first: int,
    lines: Lines,
    n_lines: int,
    n_orders: int,
    tally: Tallies,
) -> tuple[int, int, int]:
    """Serves visitors `first`.. that come before `offer.end`; returns (next visitor, lines, orders).

    Each needed category is a multinomial logit among SKU x offer and "not now" with one keyed
    Gumbel draw per alternative, so that improving one SKU moves buyers only toward it. `stock`
    (K, W) is lowered as units are sold. `lines` must have room for one line per visitor and
    category. One long function on purpose: it is the consumer's visit from top to bottom, and
    passing its dozen locals to helpers would hide which of them a choice depends on.
    """
    n_cat = mind.pack_days.size
    n_sku = mind.first_sku[n_cat]
    n_offer = offer.price.shape[1]
    v = first
    while v < came.size and second[v] < offer.end:
        i, s = came[v], second[v]
        v += 1
        hour, c, seg = s // 3600, people.city[i], people.segment[i]
        tally.visits[c] += 1
        if offer.ritual > 0.0 and people.fatigue_day[i] < offer.ritual_day:  # first visit of this festival
            people.fatigue[i] = _fatigue(people, mind, i, day) + mind.fatigue_per_ritual * offer.ritual
            people.fatigue_day[i] = day
        looks = False  # half of all visitors look at nothing: let them go before their row is read
        for j in range(n_cat):
            looks |= uniform(need_key, i, j) < mind.need[seg, j]
        if not looks:
            continue
        group = seg * 6 + stage_of(people, i, day)
        trust = mind.trust_choice * (people.trust[i] - mind.trust_start)
        pull = offer.threshold_pull * math.exp(-people.hassle[i]) if offer.threshold_pull > 0.0 else 0.0
        voucher = 0  # message coupon: yuan off one unit within seven days, not added to a group's coupon
        if people.message_coupon[i] > 0 and day - people.message_day[i] <= 7:
            voucher = people.message_coupon[i]
        basket_first, subtotal = n_lines, 0
        for j in range(n_cat):
            need = mind.need[seg, j]
            u = uniform(need_key, i, j)
            if u >= need:
                continue
            cover = max(0.0, people.pantry[i, j] - day)
            if cover > 0.0:
                need *= math.exp(-mind.storability[j] * cover / mind.pack_days[j])
                if u >= need:
                    continue
            beta = people.beta[i] * mind.beta_factor[j]
            ref = people.reference[i, j]
            best, best_k, best_o = -1e300, _NONE, 0
            got, got_k, got_o, got_node = -1e300, _NONE, 0, -1
            lowest = 10.0
            for k in range(mind.first_sku[j], mind.first_sku[j + 1]):
                node = _node(stock, route, c, k)
                for o in range(offer.offers):
                    if o == n_offer - 1 and offer.presale[k] == 0:
                        continue
                    x = offer.log_index[hour, o, k]
                    cut = max(offer.coupon[group, k], voucher)
                    if cut > 0:
                        x = math.log(max(offer.floor[k], offer.price[hour, o, k] - cut) / offer.listed[k])
                    index = 1.0 if x == 0.0 else math.exp(x)
                    lowest = min(lowest, index)
                    utility = mind.appeal[seg, k] + trust - beta * x
                    change = (ref - index) / ref
                    weight = 1.0 if change > 0.0 else mind.loss_aversion[seg]
                    utility += beta * mind.reference_weight * weight * change
                    if offer.eligible[k] == 1:
                        utility += beta * pull
                    if o == n_offer - 1:
                        utility -= people.hassle[i] + mind.impatience[seg] * offer.presale_days
                    elif o != people.channel[i]:
                        utility -= mind.other_channel
                    utility += gumbel(choice_key, i, k * n_offer + o)
                    if utility > best:
                        best, best_k, best_o = utility, k, o
                    if node >= 0 and utility > got:
                        got, got_k, got_o, got_node = utility, k, o, node
            later = mind.not_now[j] + offer.outside
            if offer.wait_index[j] < 0.0 and mind.waiting_weight > 0.0:
                saving = math.log(lowest) - offer.wait_index[j]
                if saving > 0.0:
                    days = offer.wait_days[j]
                    worth = mind.waiting_intercept + beta * saving
                    worth -= mind.impatience[seg] * (days + max(0.0, days - cover))
                    later += math.log(1.0 + mind.waiting_weight * math.exp(worth))
            later += gumbel(choice_key, i, n_sku * n_offer + j)
            # remembered price moves toward what was seen
            kept = mind.reference_memory ** max(1, day - people.reference_day[i, j])
            if people.reference_day[i, j] < day:
                people.reference[i, j] = kept * ref + (1.0 - kept) * lowest
                people.reference_day[i, j] = day
            if best <= later:
                continue
            index = math.exp(offer.log_index[hour, best_o, best_k])
            gain = max(0.0, (ref - index) / ref)
            extra = mind.stockpiling * mind.storability[j] * beta * gain
            room = max(0, int(mind.storage[seg] - cover / mind.pack_days[j]))
            units = 1 + min(room, poisson(extra, uniform(unit_key, i, j)))
            tally.wanted[best_k, c] += units
            if best_k != got_k or best_o != got_o:
                tally.lost[best_k, c] += units
                people.trust[i] = max(0.0, people.trust[i] - mind.stockout_hit * mind.service[seg])
                people.grievance[i] = STOCKOUT
            if got <= later:
                continue
            units = min(units, stock[got_k, got_node])
            stock[got_k, got_node] -= units
            tally.sold[got_k, c] += units
            start = max(np.float64(day), np.float64(people.pantry[i, j]))
            people.pantry[i, j] = start + mind.pack_days[j] * (1.0 + (units - 1) * (1.0 - mind.expansion[j]))
            _write(offer, lines, n_lines, n_orders, i, s, got_k, got_o, got_node, units, group, hour, voucher, tally)
            if voucher > 0:
                voucher = people.message_coupon[i] = 0
            if offer.eligible[got_k] == 1 and got_o < n_offer - 1:
                subtotal += lines.paid[n_lines]
            n_lines += 1
        if n_lines == basket_first:
            continue
        if offer.threshold_spend > 0:
            _threshold(need_key, people, offer, stock, lines, basket_first, n_lines, subtotal, i, c, tally)
        _ordered(unit_key, people, mind, offer, i, day, tally)
        tally.group_orders[group] += 1
        tally.orders_by_hour[hour] += 1
        n_orders += 1
    return v, n_lines, n_orders


@njit(cache=True)
def _write(offer, lines, n, order, i, s, k, o, node, units, group, hour, voucher, tally):
    """Writes one itemised line: list - markdown - coupon = paid, never below the floor.

    The group's coupon is off every unit; a larger voucher replaces it on one unit.
    """
    price = offer.price[hour, o, k]
    most = max(0, price - offer.floor[k])
    cut, one = offer.coupon[group, k], max(0, voucher - offer.coupon[group, k])
    if cut + one > most:
        cut = min(cut, most)
        one = min(one, most - cut)
        tally.corrections[0] += 1
    lines.order[n], lines.consumer[n], lines.second[n] = order, i, s
    lines.sku[n], lines.units[n], lines.offer[n], lines.warehouse[n] = k, units, o, node
    lines.filler[n] = 0
    lines.listed[n] = offer.listed[k] * units
    lines.markdown[n] = (offer.listed[k] - price) * units
    lines.coupon[n] = cut * units + one
    lines.threshold[n] = 0
    lines.paid[n] = (price - cut) * units - one


@njit(cache=True)
def _threshold(key, people, offer, stock, lines, first, last, subtotal, i, c, tally):
    """Applies spend-X-save-Y to an order; within a fifth of reach, a filler unit may be added."""
    spend, save, presale = offer.threshold_spend, offer.threshold_save, offer.price.shape[1] - 1
    if 0.8 * spend <= subtotal < spend and uniform(key, i, 1000) < math.exp(-people.hassle[i]):
        for n in range(last - 1, first - 1, -1):
            k, node = lines.sku[n], lines.warehouse[n]
            each = (lines.listed[n] - lines.markdown[n]) // lines.units[n]  # no coupon on a filler
            if offer.eligible[k] == 1 and lines.offer[n] < presale and stock[k, node] > 0 and subtotal + each >= spend:
                stock[k, node] -= 1
                tally.sold[k, c] += 1
                tally.wanted[k, c] += 1
                lines.listed[n] += lines.listed[n] // lines.units[n]
                lines.markdown[n] += lines.markdown[n] // lines.units[n]
                lines.paid[n] += each
                lines.units[n] += 1
                lines.filler[n] = 1
                subtotal += each
                break
    if subtotal < spend:
        return
    left = save
    for n in range(first, last):
        k = lines.sku[n]
        if offer.eligible[k] == 0 or lines.offer[n] == presale:
            continue
        share = min(left, (save * lines.paid[n] + subtotal - 1) // subtotal)
        most = max(0, lines.paid[n] - offer.floor[k] * lines.units[n])
        if share > most:
            share = most
            tally.corrections[0] += 1
        lines.threshold[n] = share
        lines.paid[n] -= share
        left -= share


@njit(cache=True)
def _ordered(key, people, mind, offer, i, day, tally):
    """A person has ordered: a prospect becomes a customer, won by the festival, by paid traffic or
    by himself."""
    if people.source[i] == PROSPECT:
        people.first_day[i] = day
        source, rate = ORGANIC, people.visit_rate[i]
        if offer.ritual > 0.0:
            source, rate = FESTIVAL, rate * mind.event_acquired_rate
        elif uniform(key, i, 2000) < offer.paid_share:
            source = PAID
        people.source[i], people.rate[i] = source, rate
        tally.won[source] += 1
    people.orders[i] += 1
    people.last_day[i] = day


@njit(cache=True)
def pay_balance(key: np.uint64, consumer: I32, order: I32, rate: float) -> U8:
    """(n,) whether the balance of each pre-sale order is paid (one draw an order)."""
    out = np.empty(consumer.size, np.uint8)
    for n in range(consumer.size):
        out[n] = 1 if uniform(key, order[n], 0) < rate else 0
    return out


@njit(cache=True)
def send_messages(
    key: np.uint64, people: People, mind: Mind, share: F64, coupon: I64, day: int, cap_days: float, tired: float
) -> I64:
    """Writes to a `share` of each group; felt on `day + 1`. Returns (G,) messages sent.

    A message sooner than `cap_days` after the last one tires.
    """
    sent = np.zeros(share.size, np.int64)
    for i in range(people.segment.size):
        group = people.segment[i] * 6 + stage_of(people, i, day)
        if share[group] <= 0.0 or people.left[i] > 0 or uniform(key, i, 0) >= share[group]:
            continue
        if day + 1 - people.message_day[i] < cap_days and people.message_day[i] > NEVER:
            people.fatigue[i] = _fatigue(people, mind, i, day) + tired
            people.fatigue_day[i] = day
        people.message_day[i] = day + 1
        people.message_coupon[i] = coupon[group]
        sent[group] += 1
    return sent
