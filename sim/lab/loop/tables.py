"""The plan as tables: rows of the first replication, and beside them the spread over all."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from sim.contracts import CONTENTS, HORIZON_DAYS, Shop
from sim.lab.loop.live import FIGURES, Replication, Span
from sim.lab.loop.scribe import Notes
from sim.lab.statistics import holm, paired, verdict
from sim.scenario import Scenario

_LATE_SDS = 1.645
"""Standard deviations of the lead time by which 95 % of trucks have come, were they normal."""
LOW, HIGH = 0.05, 0.95
"""Quantiles over replications that stand beside the plan."""
PRIMARY = "profit"


def _date(scenario: Scenario, day: int) -> str:
    return scenario.calendar.date_of(day).isoformat()


def forecast(scenario: Scenario, shop: Shop, span: Span, notes: Notes) -> pd.DataFrame:
    """sku, city, date, p05_units, p50_units, p95_units: what the first morning foretells, at most 28 days."""
    days = min(notes.forecast.shape[-1], span.last - span.first, HORIZON_DAYS)
    rows = [
        (sku, city, _date(scenario, span.first + h), *(float(q) for q in notes.forecast[:, k, c, h]))
        for k, sku in enumerate(shop.skus) for c, city in enumerate(shop.cities) for h in range(days)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["sku", "city", "date", "p05_units", "p50_units", "p95_units"])


def _weekly(span: Span, notes: Notes) -> dict[tuple[int, int, int], int]:
    """(week, SKU, warehouse) -> units ordered."""
    out: dict[tuple[int, int, int], int] = {}
    for line in notes.orders:
        key = (line.day - span.first) // 7, line.sku, line.warehouse
        out[key] = out.get(key, 0) + line.units
    return out


def orders(scenario: Scenario, shop: Shop, span: Span, notes: Sequence[Notes]) -> pd.DataFrame:
    """One row an order line of the plan; `week_units` are all units of that SKU and warehouse in the same week."""
    suppliers = scenario.operations.suppliers
    weeks = [_weekly(span, n) for n in notes]
    rows = []
    for line in sorted(notes[0].orders, key=lambda o: (o.day, o.sku, o.warehouse, o.due)):
        key = (line.day - span.first) // 7, line.sku, line.warehouse
        spread = np.array([w.get(key, 0) for w in weeks], np.float64)
        latest = line.due + math.ceil(_LATE_SDS * suppliers[shop.supplier[line.sku]].sd_days)
        rows.append((
            _date(scenario, line.day), shop.skus[line.sku], shop.warehouses[line.warehouse],
            shop.supplier[line.sku], line.units, round(line.yuan, 2), _date(scenario, line.due),
            _date(scenario, latest), weeks[0][key], *(float(np.quantile(spread, q)) for q in (LOW, HIGH)),
        ))  # fmt: skip
    return pd.DataFrame(rows, columns=[
        "order_date", "sku", "warehouse", "supplier", "units", "cost_yuan", "promised_arrival", "latest_arrival",
        "week_units", "week_units_p05", "week_units_p95",
    ])  # fmt: skip


def prices(scenario: Scenario, shop: Shop, span: Span, notes: Sequence[Notes]) -> pd.DataFrame:
    """One row a day and SKU: shelf prices by channel, the calendar's own markdown, coupons by group."""
    mine, rows = notes[0], []
    first = np.stack([np.stack([day[12, 0] for day in n.shelf]) for n in notes]) / 100  # (R, H, K)
    low, high = np.quantile(first, LOW, axis=0), np.quantile(first, HIGH, axis=0)
    for h in range(span.last - span.first):
        shelf, coupon = mine.shelf[h] / 100, mine.coupons[h] / 100
        for k, sku in enumerate(shop.skus):
            own = shelf[:, :, k]
            rows.append((
                _date(scenario, span.first + h), sku, float(shop.list_price[k]), float(mine.depth[h][k]),
                *(float(price) for price in own[12]), float(own.min()), float(own.max()), float(low[h, k]),
                float(high[h, k]), *(float(yuan) for yuan in coupon[:, k]),
            ))  # fmt: skip
    columns = ["date", "sku", "list_yuan", "campaign_markdown_share", *(f"price_{c}_yuan" for c in shop.channels),
               "lowest_of_day_yuan", "highest_of_day_yuan", "price_p05_yuan", "price_p95_yuan",
               *(f"coupon_{group}_yuan" for group in shop.groups)]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def outreach(scenario: Scenario, shop: Shop, span: Span, notes: Sequence[Notes]) -> pd.DataFrame:
    """One row a day and group that is written to: with what, how many, at what cost."""
    mine, rows, each = notes[0], [], scenario.operations.finance.message_yuan
    sent = np.stack([np.stack(n.sent) for n in notes]).astype(np.float64)  # (R, H, G)
    low, high = np.quantile(sent, LOW, axis=0), np.quantile(sent, HIGH, axis=0)
    for h in range(span.last - span.first):
        for g, group in enumerate(shop.groups):
            if mine.share[h][g] <= 0:
                continue
            segment, _, stage = group.rpartition("/")
            reach = int(mine.sent[h][g])
            rows.append((
                _date(scenario, span.first + h), segment, stage, CONTENTS[int(mine.content[h][g])],
                round(float(mine.message_coupon[h][g]), 2), float(mine.share[h][g]), int(mine.people[h][g]), reach,
                float(low[h, g]), float(high[h, g]), round(each * reach, 2),
            ))  # fmt: skip
    return pd.DataFrame(rows, columns=[
        "date", "segment", "stage", "message", "coupon_yuan", "share", "people", "reach", "reach_p05", "reach_p95",
        "cost_yuan",
    ])  # fmt: skip


def summary(replications: Sequence[Replication]) -> pd.DataFrame:
    """One row a figure: as usual, with the loop, the paired difference. Only profit carries a verdict: the plan is for
    it, and of the other figures it is a matter of taste which way is better; their p are Holm's among themselves."""
    rows = []
    for name, (unit, meaning) in FIGURES.items():
        usual = np.array([r.usual[name] for r in replications])
        loop = np.array([r.loop[name] for r in replications])
        d = paired(loop, usual)
        told = verdict(d, d.p, "higher") if name == PRIMARY else ""
        rows.append((name, unit, float(usual.mean()), float(loop.mean()), d.mean, d.low, d.high, d.p, d.pairs, told,
                     meaning))  # fmt: skip
    frame = pd.DataFrame(rows, columns=["figure", "unit", "usual", "loop", "difference", "low", "high", "p_holm",
                                        "pairs", "verdict", "meaning"])  # fmt: skip
    other = (frame["figure"] != PRIMARY).to_numpy()
    frame.loc[other, "p_holm"] = holm(frame["p_holm"].to_numpy(float)[other])
    return frame
