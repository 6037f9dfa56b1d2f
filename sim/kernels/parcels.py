"""Order lines become parcels, and money is booked of them.

Lines stand in order of second, consumer, warehouse and till (1 = taken home, 0 = sent): another second or consumer
begins an order, another warehouse or till a parcel of the same order.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sim.kernels.draws import uniform
from sim.kernels.people import F64, I16, I32, I64, U8, Rows

_N = np.uint64


class ParcelRows(NamedTuple):
    """Columns of the order book's parcels (m,)."""

    consumer: I32
    city: U8
    warehouse: U8
    placed: I64  # second
    paid: I64  # fen
    event: U8  # 1 = ordered at a festival or in pre-sale
    first_line: I64
    lines: I16
    gift: U8  # as of LINE; the largest of its lines
    done: U8  # 1 = at the door
    asked: U8  # 1 = its buyer has asked where it is
    promise: U8  # class


class LineRows(NamedTuple):
    """Columns of the order book's lines (n,)."""

    parcel: I64
    entity: I64
    sku: I16
    variant: I16
    units: I16
    paid: I64  # fen
    offer: U8
    filler: U8
    misfit: U8
    home: U8


class Terms(NamedTuple):
    """What holds for parcels of a segment, class, SKU or city."""

    promise_of: I64  # (S,) class
    rank: I64  # (P,) order in which pick-pack serves the classes
    unasked: F64  # (K,) share of an order's contacts that is left
    nearest: I64  # (C,) warehouse
    nodes: int  # warehouses and stores
    warehouses: int  # the first of them


class Packed(NamedTuple):
    """What lines that ship come to, beside the rows of the order book."""

    unpacked: I64  # (m,) lines of each parcel that are not packed yet
    rank: I64  # (m,) of its class
    entity: I64  # (m,) its buyer
    buyers: I32  # (b,) of each order
    ordered: I64  # (b,) second
    unasked: F64  # (b,) largest of its lines
    sent: NDArray[np.bool_]  # (b,) not all of it is taken home
    by_node: I64  # (W,) parcels
    split: int  # orders of more than one parcel
    crossed: int  # parcels from another warehouse than the nearest
    taken: int  # parcels taken home


class Booked(NamedTuple):
    """What the lines of a slice come to."""

    units: I64  # (K,)
    paid: I64  # (K,) fen
    cost: int  # fen
    commission: int  # fen
    offered: int  # fen of public markdown
    listed: int  # fen, and so what follows
    markdown: int
    bundle: int
    threshold: int
    coupon: int


@njit(cache=True)
def receive(rows: Rows, midnight: int) -> bool:
    """Counts the seconds of lines (n,) of today's orders from the first midnight on, none packed yet; whether some wait
    for their balance."""
    due = False
    for i in range(rows.size):
        line = rows[i]
        line.second += midnight
        line.staged = -1
        due |= line.due > 0
    return due


@njit(cache=True)
def address(rows: Rows, till: I64, dock: I64) -> tuple[int, int]:
    """Writes home, till and entity of lines (n,): `till` (O, W) 1 = who buys here takes it home, `dock` (W,) where
    parcels from a node come back to. Returns the numbers of parcels and orders; (-1, -1) unless they stand in order.
    """
    parcels = orders = back = 0
    for i in range(rows.size):
        line = rows[i]
        line.till = till[line.offer, line.warehouse]
        line.home = line.warehouse if line.till == 1 else dock[line.warehouse]
        line.entity = (np.int64(line.consumer) * 4096 + line.second // 86_400) * 4096 + line.sku
        last = rows[max(0, i - 1)]
        change = np.int64(line.second - last.second)
        if change == 0:
            change = np.int64(line.consumer - last.consumer)
        orders += int(change != 0 or i == 0)
        if change == 0:
            change = np.int64(line.warehouse) - np.int64(last.warehouse)
        if change == 0:
            change = np.int64(line.till) - np.int64(last.till)
        parcels += int(change != 0 or i == 0)
        back += int(change < 0)
    return (parcels, orders) if back == 0 else (-1, -1)


@njit(cache=True)
def pack(
    rows: Rows, parcels: ParcelRows, lines: LineRows, first_parcel: int, first_line: int, orders: int,
    terms: Terms,
) -> Packed:  # fmt: skip
    """Writes lines (n,) that stand in order into the order book's new rows `parcels` (m,) and `lines` (n,), numbered
    from `first_parcel` and `first_line`; there are so many `orders` (b)."""
    buyers, ordered = np.empty(orders, np.int32), np.empty(orders, np.int64)
    left, sent, by_node = np.zeros(orders), np.zeros(orders, np.bool_), np.zeros(terms.nodes, np.int64)
    unpacked, rank, entity = (
        np.empty(parcels.consumer.size, np.int64), np.empty(parcels.consumer.size, np.int64),
        np.empty(parcels.consumer.size, np.int64),
    )  # fmt: skip
    promise_of, ranks, unasked, nearest, _, warehouses = terms
    # 33 ns a line; 30 more when city and segment were looked up among a million people, at random
    p_consumer, p_city, p_warehouse, p_placed, p_paid, p_event, p_first, p_lines, p_gift, p_done, p_asked, p_promise = (
        parcels
    )
    l_parcel, l_entity, l_sku, l_variant, l_units, l_paid, l_offer, l_filler, l_misfit, l_home = lines
    # places are unsigned, or every store would first ask whether to count from the end
    i, p, b, one, size = _N(0), _N(0), _N(0), _N(1), _N(rows.size)
    split = crossed = taken = of_order = 0
    while i < size:
        head, before, begin = rows[i], rows[i - one if i > 0 else i], i
        of_order += 1
        if i == 0 or head.second != before.second or head.consumer != before.consumer:
            b, of_order = b + one if i > 0 else b, 1
            buyers[b], ordered[b] = head.consumer, head.second
        split += of_order == 2
        paid, gift, to_pack, share = np.int64(0), np.uint8(0), 0, left[b]
        while i < size:
            line = rows[i]
            if (
                line.second != head.second
                or line.consumer != head.consumer
                or line.warehouse != head.warehouse
                or line.till != head.till
            ):
                break
            paid, gift, to_pack = paid + line.paid, max(gift, line.gift), to_pack + (line.staged < 0)
            share = max(share, unasked[_N(line.sku)])
            l_parcel[i], l_entity[i] = first_parcel + np.int64(p), line.entity
            l_sku[i], l_variant[i], l_units[i], l_paid[i] = line.sku, line.variant, line.units, line.paid
            l_offer[i], l_filler[i], l_misfit[i], l_home[i] = line.offer, line.filler, line.misfit, line.home
            i += one
        left[b], sent[b] = share, sent[b] | (head.till == 0)
        by_node[head.warehouse] += 1
        crossed += head.warehouse != nearest[head.city] and head.warehouse < warehouses
        taken += head.till
        promise = promise_of[head.segment]
        rank[p], entity[p] = ranks[promise], head.consumer
        p_consumer[p], p_placed[p], p_warehouse[p] = head.consumer, head.second, head.warehouse
        p_city[p], p_promise[p] = head.city, promise
        p_event[p], p_first[p], p_lines[p] = head.event, first_line + np.int64(begin), i - begin
        p_paid[p], p_gift[p], unpacked[p] = paid, gift, to_pack
        p_done[p] = p_asked[p] = 0
        p += one
    return Packed(unpacked, rank, entity, buyers, ordered, left, sent, by_node, split, crossed, taken)


@njit(cache=True)
def booked(rows: Rows, zone: I64, depth: F64, cost_fen: I64, fee: F64) -> Booked:
    """Sums over lines (n,): `zone` (C,), public markdown `depth` (Z, O, K), `fee` (W,) by where a line would come back
    to. Commission and markdown are rounded line by line, so that cutting the day into more slices changes no fen."""
    by_units, by_paid = np.zeros(cost_fen.size, np.int64), np.zeros(cost_fen.size, np.int64)
    cost = commission = offered = listed = markdown = bundle = threshold = coupon = 0
    for i in range(rows.size):
        line = rows[i]
        k = line.sku
        by_units[k] += line.units
        by_paid[k] += line.paid
        cost += cost_fen[k] * line.units
        commission += int(np.rint(fee[line.home] * line.paid))
        offered += int(np.rint(depth[zone[line.city], line.offer, k] * line.listed))
        listed += line.listed
        markdown += line.markdown
        bundle += line.bundle
        threshold += line.threshold
        coupon += line.coupon
    return Booked(by_units, by_paid, cost, commission, offered, listed, markdown, bundle, threshold, coupon)


@njit(cache=True)
def insured(rows: Rows, key: np.uint64, where: U8, chance: float) -> int:
    """Units in lines (n,) of SKUs `where` (K,) is 1 whose buyers take a warranty: draw 0 of the line's entity."""
    units = 0
    for i in range(rows.size):
        line = rows[i]
        if where[line.sku] and uniform(key, line.entity, 0) < chance:
            units += line.units
    return units
