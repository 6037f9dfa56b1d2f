"""The laws of conservation on random small worlds: units, parcels, tickets, customers and yuan, with everything on.

A world stops itself when a law breaks (`LawBrokenError`), so living through it is the test; and what is left at the
end is compared once more with what the history says.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.world.markets import Nobody, Played, Tree, campaign, market, play, sku

DAYS = 8
few = st.sampled_from([0, 1, 2, 40])
"""People, often nobody."""


@st.composite
def faults(draw: st.DrawFn) -> Tree:
    """Up to two things that go wrong, anywhere in the run."""
    out = {}
    for n in range(draw(st.integers(0, 2))):
        kind = draw(st.sampled_from(["courier_strike", "warehouse_outage", "late_supplier", "bot_down", "cold_wave"]))
        first, length = draw(st.integers(0, DAYS - 2)), draw(st.integers(1, 3))
        size: Tree = {"late_supplier": {"days": 3}, "cold_wave": {"drop_celsius": 12.0}}.get(
            kind, {"share": draw(st.sampled_from([0.3, 1.0]))}
        )
        start, end = f"2023-10-{2 + first:02d}T05:00", f"2023-10-{min(9, 2 + first + length):02d}T17:30"
        out[f"f{n}"] = {"kind": kind, "start": start, "end": end, **size}
    return out


@st.composite
def campaigns(draw: st.DrawFn) -> Tree:
    """None, a plain festival, or one with everything: deposits, gifts, bundles, thresholds, price matches."""
    kind = draw(st.sampled_from(["none", "plain", "all"]))
    if kind == "none":
        return {}
    terms: Tree = {"markdown": draw(st.sampled_from([0.0, 0.2, 0.6])), "ritual": draw(st.sampled_from([0.0, 1.0]))}
    if kind == "all":
        terms |= {
            "announced_days": 3, "traffic_yuan_per_day": draw(st.sampled_from([0.0, 5_000.0])),
            "threshold": {"spend_yuan": 150, "save_yuan": 20}, "price_match": {"days": 4},
            "presale": {"start": "2023-10-04T20:00", "deposit": 0.1, "balance_rate": draw(st.sampled_from([0.0, 0.7]))},
            "gifts": {"bag": {"unit_cost_yuan": 3, "appeal": 0.1, "stock_units": draw(st.sampled_from([0, 3, 500]))}},
            "bundles": {"two": {"skus": ["a", "b"], "saving": 0.1}},
        }  # fmt: skip
    return {"party": campaign(4, 5, **terms)}


@st.composite
def operations(draw: st.DrawFn) -> Tree:
    """One or two warehouses, with or without docks, stores, promise classes; staff and stock down to nothing."""

    def warehouse() -> Tree:
        docks: Any = draw(st.sampled_from([None, 0, 1, 5]))
        return {"pickers": draw(few), "inspectors": draw(few), "dockers": docks,
                "start_days": draw(st.sampled_from([0.0, 0.5, 20.0])),
                "space_litres": draw(st.sampled_from([10.0, 1e6]))}  # fmt: skip

    out: Tree = {
        "warehouses": {"w": warehouse()},
        "service_desk": {"agents": draw(few), "repeat_share": 0.5, "contacts_per_return": 0.5, "contacts_if_late": 1.0},
        "suppliers": {"factory": {
            "lead_time_days": draw(st.sampled_from([1.0, 3.0])),
            "units_per_day": draw(st.sampled_from([None, 50])),
            "price_breaks": [{"units": 20, "discount": 0.1}] if draw(st.booleans()) else [],
        }},
        "couriers": {"home": {"couriers": draw(few), "order": draw(st.sampled_from(["arrival", "promise"]))}},
        "returns": {"lag_median_days": 1.0},
    }  # fmt: skip
    if draw(st.booleans()):
        out["warehouses"]["v"] = warehouse()
    if draw(st.booleans()):
        out["promises"] = {"express": {"hours": 20.0, "parcel_yuan": 2.0}}
    return out


@st.composite
def worlds(draw: st.DrawFn) -> Played:
    """A random small world, lived through to its end: each of its days has kept the laws."""
    ops, people = draw(operations()), draw(st.sampled_from([3, 60, 600]))
    segment: Tree = {"share": 1.0, "visits_per_day": draw(st.sampled_from([0.1, 1.0, 5.0])), "visit_shape": 2.0}
    if "promises" in ops and draw(st.booleans()):
        segment["promise"] = "express"
    sized = sku(sizes={"s": 0.5, "l": 0.5}) if draw(st.booleans()) else sku()
    terms = {"return_rate": draw(st.sampled_from([0.0, 0.3, 1.0])), "resale_share": 0.5, "obsolete_after_days": 2,
             "obsolete_share": 0.2}  # fmt: skip
    scenario = market(
        DAYS, campaigns=draw(campaigns()), operations=ops, faults=draw(faults()),
        market={"consumers": people, "prospect_share": draw(st.sampled_from([0.0, 0.5])), "segments": {"all": segment}},
        catalogue={"categories": {"thing": terms}, "skus": {"a": sized, "b": sku(), "c": sku(minimum_order_units=30)}},
    )  # fmt: skip
    strategies = {"staffing": Nobody()} if draw(st.booleans()) and draw(st.booleans()) else {}
    return play(scenario, seed=draw(st.integers(0, 10**6)), **strategies)


def what_is_left_adds_up(played: Played) -> None:
    """The end of a run, from its history alone."""
    daily, accounts = played.history.daily, played.history.accounts
    world, flows = played.world, played.world.ledger.flows
    assert daily["parcels_dispatched"].sum() >= daily["parcels_delivered"].sum() >= daily["parcels_late"].sum()
    assert flows.get("parcels", 0) >= flows.get("dispatched", 0)
    assert daily["tickets"].sum() >= sum(daily[f"tickets_{kind}"].sum() for kind in ("bot", "served", "abandoned"))
    assert daily["lost_units"].min() >= 0 and daily["stock_units"].min() >= 0
    assert daily["left_customers"].sum() == (played.history.left > 0).sum()
    profit = sum(int(values.sum()) for values in accounts.values())
    assert world.ledger.opening + profit == sum(world.ledger.balance.values())
    assert np.isfinite([values.sum() for values in accounts.values()]).all()


_SLOW_START = [HealthCheck.too_slow, HealthCheck.data_too_large]


@given(worlds())
@settings(max_examples=25, deadline=None, suppress_health_check=_SLOW_START)
def test_random_worlds_keep_the_laws(played: Played) -> None:
    what_is_left_adds_up(played)


@pytest.mark.slow
@given(worlds())
@settings(max_examples=1000, deadline=None, suppress_health_check=_SLOW_START)
def test_a_thousand_random_worlds_keep_the_laws(played: Played) -> None:
    what_is_left_adds_up(played)
