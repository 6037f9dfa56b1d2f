"""A campaign's bump day by day: the parts of `sim/lab/decompose.py` on the days on which they add and take units.

Of each day of a pair of twins, what the campaign changes, D = units(on) - units(off), is taken apart by the same worlds
as the whole bump, so the parts of a day add up to its difference to the unit:

    lost_to_stockout = D as it is - D with unlimited stock
    stockpiled       = D with unlimited stock - D when also nobody stockpiles
    postponed        = D when nobody stockpiles - D when the campaign is also unannounced

and D of a campaign that surprises is `from_before` on days before it and `pulled_forward` on days after it, both below
zero. In the campaign's own hours it is what these two take from elsewhere, what comes back (`returned`, on the day of
its order) and `incremental`. Which unit of which day would have been bought elsewhere nobody can tell: the two are
spread over the campaign's days like its units, and `incremental` is what is left of each day. Over the campaign each
part so adds up to its number in the decomposition; both switches add up to 0 over all SKUs and are left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.lab.sales import Sales, Window
from sim.lab.statistics import paired

Floats = NDArray[np.float64]
_BEFORE, _EVENT, _AFTER, _RETURNED = range(4)
_PERIODS = {"before": _BEFORE, "campaign": _EVENT, "after": _AFTER}
DAY_PARTS: dict[str, tuple[str, ...]] = {
    "incremental": ("campaign",), "returned": ("campaign",), "pulled_forward": ("campaign", "after"),
    "from_before": ("before", "campaign"), "postponed": tuple(_PERIODS), "stockpiled": tuple(_PERIODS),
    "lost_to_stockout": tuple(_PERIODS),
}  # fmt: skip
"""Parts that are not 0 over all SKUs by their making, and the periods in which they can be anything else."""
COLUMNS = ("part", "period", "day_offset", "units_mean", "low", "high")


def day_parts(worlds: dict[str, Sales]) -> dict[str, Floats]:
    """(3, T) units of each part before, in and after the campaign, by day of the calendar."""
    moved = {level: (worlds[f"{level}on"].daily - worlds[f"{level}off"].daily).astype(np.float64)
             for level in ("", "plenty ", "no stockpiling ")}  # fmt: skip
    calm = worlds["no stockpiling off"].daily
    core = (worlds["unannounced on"].daily - calm).astype(np.float64)
    parts = {name: np.zeros((3, core.shape[1])) for name in DAY_PARTS}
    parts["from_before"][_BEFORE] = core[_BEFORE]
    parts["pulled_forward"][_AFTER] = core[_AFTER]
    sold = worlds["unannounced on"].daily[_EVENT].astype(np.float64)
    weight = sold / sold.sum() if sold.any() else sold
    for name in ("from_before", "pulled_forward"):
        parts[name][_EVENT] = -parts[name].sum() * weight
    parts["returned"][_EVENT] = moved[""][_RETURNED]
    taken = parts["from_before"] + parts["pulled_forward"] + parts["returned"]
    parts["incremental"][_EVENT] = (core[:_RETURNED] - taken)[_EVENT]
    parts["postponed"] = (moved["no stockpiling "] - core)[:_RETURNED]
    parts["stockpiled"] = (moved["plenty "] - moved["no stockpiling "])[:_RETURNED]
    parts["lost_to_stockout"] = (moved[""] - moved["plenty "])[:_RETURNED]
    return parts


def days_frame(seeds: Sequence[dict[str, Floats]], window: Window) -> pd.DataFrame:
    """`bump_decomposition.csv`: mean over seeds and 95 % interval, one row a part, period and day. `day_offset` 0 is
    the day on which the campaign starts; its hours before that are `before`. Days outside `window` are left out."""
    first = window.start // 86_400
    ends = {"before": (window.first, window.start), "campaign": (window.start, window.end),
            "after": (window.end, window.last)}  # fmt: skip
    rows = []
    for part, periods in DAY_PARTS.items():
        for period in periods:
            number, (begin, end) = _PERIODS[period], ends[period]
            for day in range(begin // 86_400, -(-end // 86_400)) if end > begin else ():
                values = np.array([parts[part][number, day] for parts in seeds])
                units = paired(values, np.zeros(values.size), boot=False)
                rows.append((part, period, day - first, units.mean, units.low, units.high))
    return pd.DataFrame(rows, columns=list(COLUMNS))
