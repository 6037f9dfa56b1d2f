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
                            "stock_value_yuan": 4e5 + 2e5 * np.cos(np.arange(len(days)) / 30 + j),
                            "stock_age_days": 12 + 5 * np.sin(np.arange(len(days)) / 25),
                            "stock_old_share": np.full(len(days), 0.02 * (1 + j)),
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


def pnl(world: Scenario, seeds: int = 12) -> pd.DataFrame:
    """Four accounts, one of them unknown to the waterfall's steps."""
    day = np.arange(world.calendar.days)
    parts = []
    for i, schedule in enumerate(world.schedules):
        for j, line_up in enumerate(world.line_ups):
            for seed in range(seeds):
                rng = np.random.default_rng([seed, i, j, 2])
                for account, size in (
                    ("gross_sales", 9e4),
                    ("cost_of_goods", -5.5e4),
                    ("labour_regular", -1.2e4 * (1 + j)),
                    ("moon_rent", -2e3),
                ):
                    yuan = (size * _bump(world, schedule) * rng.lognormal(0, 0.05, day.size)).round(2)
                    head = {"schedule": schedule, "line_up": line_up, "replication": seed, "seed": seed}
                    parts.append(pd.DataFrame({**head, "account": account, "day": day, "yuan": yuan}))
    return pd.concat(parts, ignore_index=True)


def cohorts(world: Scenario, seeds: int = 12) -> pd.DataFrame:
    """Second orders of four sources, a row a number of days, and those who never came back."""
    rows = []
    for i, schedule in enumerate(world.schedules):
        for j, line_up in enumerate(world.line_ups):
            for seed in range(seeds):
                for source in range(4):
                    for days in (*range(1, 70, 3), -1):
                        people = 40 + 5 * source + 3 * i + j if days < 0 else round(9 * np.exp(-days / 20) + 1)
                        rows.append((schedule, line_up, seed, source, 1, days, people))
    names = ["schedule", "line_up", "seed", "source", "month", "days_to_second_order", "customers"]
    return pd.DataFrame(rows, columns=names)


def runs(world: Scenario, seeds: int = 12) -> pd.DataFrame:
    """What the trade-off and the causes of churn read."""
    rows = []
    for i, schedule in enumerate(world.schedules):
        for j, line_up in enumerate(world.line_ups):
            for seed in range(seeds):
                rows.append(
                    {
                        "schedule": schedule,
                        "line_up": line_up,
                        "replication": seed,
                        "seed": seed,
                        "status": "done",
                        "peak_load": 40.0 - 15 * i - 2 * j + 0.1 * seed,
                        "profit": 3e5 + 1e5 * j - 4e4 * i + 1e3 * seed,
                        "retention_90d": 0.7 + 0.01 * j + 0.001 * seed,
                        "left_natural": 900 + seed,
                        "left_service": 40 - 5 * j,
                        "left_regret": 12 + i,
                    }
                )
    return pd.DataFrame(rows)


def experiments(name: str = "part") -> dict[str, pd.DataFrame]:
    """A table for each figure of a single experiment; `name` goes into the names."""
    nan = float("nan")
    days = list(range(-10, 15))
    parts = [("incremental", 30.0, 3), ("pulled_forward", -8.0, 8), (f"{name} switched", 12.0, 3)]
    bump = [
        {"part": part, "period": "before" if d < 0 else "campaign" if d < 3 else "after", "day_offset": d,
         "units_mean": size * np.exp(-abs(d - 1) / wide), "low": 0.0, "high": 1.0}
        for part, size, wide in parts
        for d in days
    ]  # fmt: skip
    dates = [(date(2023, 12, 9) + timedelta(days=d)).isoformat() for d in range(14)]
    campaigns = [name if 1 <= d < 4 else "new_year_goods" if d == 9 else "" for d in range(14)]
    fan = {f"q{p:02d}": [50 + p / 3 * (1 + d / 10) for d in range(14)] for p in (5, 25, 50, 75, 95)}
    bins = [
        {"series": s, "predicted": p, "observed": min(1.0, p * f), "low": max(0, p * f - 0.1), "high": p * f + 0.1,
         "count": 10 + int(100 * p)}
        for s, f in ((name, 1.0), ("base rate", 0.8))
        for p in (0.1, 0.3, 0.5, 0.9)
    ]  # fmt: skip
    risks = [
        (f"{name} runs out", 0.7, 0.5, 0.85, 12_345_678.0, "order more", True),
        ("courier_shortfall:hangzhou", 0.4, 0.2, 0.6, 120.4, "all surge couriers", False),
        ("abnormal_returns", 0.1, 0.02, 0.3, 0.6, "", False),
        ("conflicting_rules:1", 1.0, 1.0, 1.0, nan, "change the rule", False),
        ("empty_shelves", 0.0, 0.0, 0.1, 0.0, "order more", False),
    ]
    path = [
        {"events": k, "metric": m, "unit": u, "mean": a / k, "difference": a / k - a, "low": a / k - a - a / 20,
         "high": a / k - a + a / 20}
        for m, u, a in (("profit", "yuan", 3e5), ("peak_load", "ratio", 30.0), ("retention_90d", "share", 0.5))
        for k in (1, 2, 4, 12, 52)
    ]  # fmt: skip
    people = (name, "closed_loop", "oracle", "do_nothing")
    cells = [
        {"one": a, "other": b, "difference": 1000.0 * (i - j), "metric": "profit", "unit": "yuan",
         "verdict": "better" if i > j else "worse" if i + 1 < j else "undecided" if i + 1 == j and i else "tie"}
        for i, a in enumerate(people)
        for j, b in enumerate(people)
        if i != j
    ]  # fmt: skip
    return {
        "bump_decomposition": pd.DataFrame(bump),
        "forecast_fan": pd.DataFrame(
            {"day": range(14), "date": dates, "campaigns": campaigns, "actual": [*range(50, 60), *[nan] * 4], **fan}
        ),
        "reliability": pd.DataFrame(bins),
        "risk_list": pd.DataFrame(
            risks, columns=["name", "probability", "low", "high", "loss_yuan", "action", "too_late"]
        ),
        "smoothing_path": pd.DataFrame(path),
        "tournament_matrix": pd.DataFrame(cells),
    }  # fmt: skip
