"""What a user should know before believing a fit: each note says what was found and what it does."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sim.fit.elasticity import Elasticity
from sim.fit.pattern import WASH_OUT_DAYS, Pattern

_NIGHT_STARTS = (23, 0, 1, 2)
_FEW_ORDERS = 200
NEAR_LIST = 0.95


def notes_of(table: pd.DataFrame, fit: Elasticity, pattern: Pattern) -> tuple[str, ...]:
    """Notes in the order in which the summary shows the estimates."""
    found = [_weeks_together(fit), _empty_weeks(table, pattern), _far_from_list(table, pattern), _night(pattern)]
    found.append(
        f"repurchase counts the {pattern.newcomers} customers first seen after day {WASH_OUT_DAYS}; "
        "earlier ones are mostly old customers"
    )
    return tuple(note for note in found if note)


def _weeks_together(fit: Elasticity) -> str:
    if not fit.se_week > 1.25 * max(fit.se, fit.se_robust):
        return ""
    return f"errors of a week go together: s.e. by week {fit.se_week:.2f}, HC1 {fit.se_robust:.2f}; the larger is used"


def _empty_weeks(table: pd.DataFrame, pattern: Pattern) -> str:
    """On simulated panels with 28 % empty weeks this rule moved a true -3 to about -2.5, with 2 % not at all."""
    if pattern.empty_weeks == 0:
        return ""
    share = 100 * pattern.empty_weeks / len(table)
    return (
        f"{pattern.empty_weeks} SKU-weeks ({share:.0f} %) have no sale; their price is unknown and taken as the SKU's "
        "median, which pulls the elasticity toward 0 when they are many"
    )


def _far_from_list(table: pd.DataFrame, pattern: Pattern) -> str:
    list_price = table["sku"].map(pattern.list_price).to_numpy(float)
    near = float((np.exp(table["log_price"].to_numpy(float)) >= NEAR_LIST * list_price).mean())
    if near >= 0.5:
        return ""
    return (
        f"only {100 * near:.0f} % of SKU-weeks were sold within 5 % of list price: base demand at list price is "
        "extrapolated"
    )


def _night(pattern: Pattern) -> str:
    """People sleep: six quiet hours that do not begin around midnight mean another time zone."""
    quiet = [sum(pattern.hour[(start + k) % 24] for k in range(6)) for start in range(24)]
    start = int(np.argmin(quiet))
    if pattern.orders < _FEW_ORDERS or start in _NIGHT_STARTS or quiet[start] > 1.5:
        return ""
    return (
        f"the six quietest hours begin at {start}:00: times are probably not local (UTC?); weekdays and hours are "
        "used as recorded"
    )
