"""Synthetic frames with the shape of a real comparison, for the figures' tests and for looking at them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from sim.scenario.campaigns import Campaign
from sim.scenario.root import Calendar, Compare, LineUp, Scenario

HOSTILE = (
    "<script>alert('x')</script> $\\frac{1}{0}$ & \"quotes\"",
    "🔥🔥 双十二 _\u202egalf$\n\x00 very long " + "name " * 12,
)


def scenario(
    schedules: dict[str, list[str]] | None = None,
    line_ups: tuple[str, ...] = ("gut_feel", "closed_loop"),
    rename: dict[str, str] | None = None,
) -> Scenario:
    """The 2023 year end; only what figures read."""
    names = rename or {}
    campaigns = {
        "double11": Campaign(start=datetime(2023, 10, 31, 20), end=datetime(2023, 11, 11, 23, 59), ritual=1),
        "double12": Campaign(start=datetime(2023, 12, 10, 20), end=datetime(2023, 12, 12, 23, 59), ritual=0.8),
        "year_end_good_price": Campaign(start=datetime(2023, 11, 24), end=datetime(2024, 1, 7, 23, 59)),
        "new_year_goods": Campaign(start=datetime(2024, 1, 12), end=datetime(2024, 1, 25, 23, 59)),
    }
    plans = schedules or {
        "big_promo": ["double11", "double12"],
        "always_on": ["year_end_good_price", "new_year_goods"],
    }
    uses = dict.fromkeys(LineUp.model_fields, "x")
    return Scenario.model_construct(  # figures read no more than this
        name="test",
        calendar=Calendar(start=date(2023, 10, 1), warm_up_days=30, scored_days=90, settlement_days=30),
        campaigns={names.get(k, k): v for k, v in campaigns.items()},
        schedules={s: [names.get(c, c) for c in plan] for s, plan in plans.items()},
        line_ups={name: LineUp.model_validate(uses) for name in line_ups},
        compare=Compare(),
    )


def _bump(world: Scenario, schedule: str) -> np.ndarray:
    day = np.arange(world.calendar.days)
    lift = 1 + 0.12 * np.cos(2 * np.pi * day / 7)
    for name in world.schedules[schedule]:
        window = world.campaigns[name]
        a, b = ((m.date() - world.calendar.start).days for m in (window.start, window.end))
        height = 4.5 * window.ritual * np.exp(-0.25 * np.abs(day - b)) + (0.25 if window.ritual == 0 else 0.5)
        lift = lift + np.where((day >= a) & (day <= b), height, 0)
        lift = lift - window.ritual * 0.3 * np.exp(-0.1 * np.maximum(day - b, 0)) * (day > b)
    return np.asarray(lift, dtype=float)


def daily(world: Scenario, seeds: int = 12) -> pd.DataFrame:
    """Orders with weekday pattern, campaign bumps and dips."""
    parts = []
    for schedule in world.schedules:
        for j, line_up in enumerate(world.line_ups):
            for seed in range(seeds):
                rng = np.random.default_rng([seed, j])
                orders = 2500 * (1 + 0.1 * j) * _bump(world, schedule) * rng.lognormal(0, 0.07, world.calendar.days)
                days = range(world.calendar.days)
                parts.append(
                    pd.DataFrame(
                        {
                            "schedule": schedule,
                            "line_up": line_up,
                            "seed": seed,
                            "day": list(days),
                            "date": [(world.calendar.start + timedelta(days=d)).isoformat() for d in days],
                            "orders": orders.round().astype(int),
                        }
                    )
                )
    return pd.concat(parts, ignore_index=True)


def hourly(world: Scenario, seeds: int = 12) -> pd.DataFrame:
    """Two warehouses and a desk; people at work from 8 to 22, more of them with the second line-up."""
    shape = np.array([4, 2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 8, 8, 8, 8, 8, 8, 9, 10, 14, 13, 11, 8], dtype=float)
    hour = np.tile(np.arange(24), world.calendar.days)
    day = np.repeat(np.arange(world.calendar.days), 24)
    parts = []
    for schedule in world.schedules:
        bump = np.repeat(_bump(world, schedule), 24)
        for j, line_up in enumerate(world.line_ups):
            for seed in range(seeds):
                rng = np.random.default_rng([seed, j, 1])
                for place, share in (
                    ("hangzhou_dc/pick_pack", 0.6),
                    ("wuhan_dc/pick_pack", 0.4),
                    ("desk/desk", 0.1),
                ):
                    mean = 2500 * share * bump * np.tile(shape / shape.sum(), world.calendar.days)
                    able = share * (260 + 160 * j * (bump > 2)) * ((hour >= 8) & (hour < 22))
                    parts.append(
                        pd.DataFrame(
                            {
                                "schedule": schedule,
                                "line_up": line_up,
                                "seed": seed,
                                "station": place,
                                "day": day,
                                "hour": hour,
                                "arrivals": rng.poisson(mean),
                                "capacity": able,
                            }
                        )
                    )
    return pd.concat(parts, ignore_index=True)


def comparison(world: Scenario) -> pd.DataFrame:
    """Three metrics of every pair against the first."""
    pairs = [(s, u) for s in world.schedules for u in world.line_ups]
    table = {
        ("profit", "yuan", 4.31e6): [
            (0.09, 0.03, "better"),
            (-0.012, 0.02, "undecided"),
            (0.127, 0.035, "better"),
        ],
        ("peak_load", "1", 4.93): [(-0.004, 0.011, "tie"), (-0.43, 0.04, "better"), (-0.45, 0.03, "better")],
        ("retention_90d", "share", 0.412): [
            (0.021, 0.013, "better"),
            (-0.05, 0.02, "worse"),
            (0.03, 0.01, "better"),
        ],
    }
    rows = []
    for (metric, unit, base), effects in table.items():
        for k, (schedule, line_up) in enumerate(pairs[1:]):
            d, half, verdict = effects[k % 3]
            rows.append(
                {
                    "schedule": schedule,
                    "line_up": line_up,
                    "baseline_schedule": pairs[0][0],
                    "baseline_line_up": pairs[0][1],
                    "metric": metric,
                    "unit": unit,
                    "baseline_mean": base,
                    "mean": base * (1 + d),
                    "difference": base * d,
                    "low": base * (d - half),
                    "high": base * (d + half),
                    "p_holm": 0.01,
                    "verdict": verdict,
                    "pairs": 12,
                }
            )
    return pd.DataFrame(rows)
