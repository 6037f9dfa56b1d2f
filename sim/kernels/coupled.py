"""The coupled choice: a Gumbel for each alternative, so that improving one moves buyers only toward it."""

from __future__ import annotations

import numpy as np
from numba import njit

from sim.kernels.draws import gumbel32
from sim.kernels.people import F32, I32, I64, LANES, U32, Mind, Rows, Slice
from sim.kernels.utility import net_utility

NOT_NOW, UNTIL_THEN = -1, -2
"""Buys nothing; buys nothing only because an announced event is worth waiting for."""

_F, _I, _N, _ONE = np.float32, np.int32, np.uint64, np.float32(1.0)
_WIDE, _LAST = _N(LANES), _I(LANES - 1)
_LEAST = _I(-(2**31))


@njit(cache=True, inline="always")
def _ordered_bits(x):
    """Bits of a float32 as an integer that sorts as the number does; the same turns them back."""
    return _I(x ^ _I(_I(x >> _I(31)) & _I(0x7FFFFFFF)))


@njit(cache=True)
def compare(
    mind: Mind, offer: Slice, looks: Rows, first: int, last: int, lanes: I32, prices: I64, waits: F32, low: U32,
    high: U32, orders: I32,
) -> None:  # fmt: skip
    """Fills alternative of the looks `first` : `last`, a multinomial logit; `later` of a look has its noise in.

    `lanes` (n,) alternatives, pads included, 0 = none on offer; `prices` (n,) where a look's block of the price tables
    begins; `waits` (n,) what an announced event adds to "not now"; `low` and `high` (n,) a person's random bits of the
    day. `orders` has room for the lanes of all these looks.

    Two loops, the first of them vector code without a branch. A value is compared as an integer whose last four bits
    are its place among sixteen neighbours: one maximum finds both, and values are told apart to 1.5e-5 (below 16).
    """
    tastes, logs, ratios, rules, deposits = offer.utility, offer.log_index, offer.ratio, offer.rules, offer.deposits
    keys, demands, tempers, weight = mind.key, mind.demand, mind.temper, mind.reference_weight
    # indices are unsigned, or every load would first ask whether to count from the end
    width, segments, channels, at = _N(keys.size), _N(tempers.size), _N(offer.channels), _N(0)
    for m in range(first, last):
        it = looks[m]
        start, price, rule = _N(demands[it.category].first), _N(prices[m]), _N(it.zone) * width
        taste = ((_N(it.panel) * segments + _N(it.segment)) * channels + _N(it.channel)) * width + start
        rule += start
        loss, beta, hassle, one, two = tempers[it.segment].loss_aversion, it.beta, it.hassle, low[m], high[m]
        recall, bargain, inverse = _F(beta * weight), _F(beta * it.pull), _F(_ONE / it.reference)
        for _ in range(_N(lanes[m]) // _WIDE):
            for a in range(_WIDE):
                value = net_utility(tastes[taste + a], logs[price + a], ratios[price + a], rules[rule + a],
                                    deposits[rule + a], beta, recall, loss, inverse, bargain, hassle)  # fmt: skip
                order = _ordered_bits(_F(value + gumbel32(one, two, keys[start + a])).view(np.int32))
                orders[at + a] = _I(order & ~_LAST) | _I(_LAST - _I(a))
            taste, price, rule, start, at = taste + _WIDE, price + _WIDE, rule + _WIDE, start + _WIDE, at + _WIDE
    at = _N(0)
    for m in range(first, last):
        it, best, place = looks[m], _LEAST, np.int64(0)
        for block in range(_N(lanes[m]) // _WIDE):
            top = _LEAST
            for a in range(_WIDE):
                top = max(top, orders[at + a])
            at += _WIDE
            if _I(top & ~_LAST) > best:
                best, place = _I(top & ~_LAST), np.int64(block) * LANES + np.int64(_LAST - _I(top & _LAST))
        value = _F(_I(_ordered_bits(best)).view(np.float32))
        nothing = UNTIL_THEN if waits[m] > 0.0 and value > _F(it.later - waits[m]) else NOT_NOW
        it.alternative = place if value > it.later and lanes[m] > 0 else nothing
