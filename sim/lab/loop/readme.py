"""README.md of a plan: what it is worth, what it is, every column and its unit."""

from __future__ import annotations

from collections.abc import Sequence

from sim.lab.loop.live import FIGURES

MARK = "# The plan of the coming weeks"
"""First line of README.md: by it a folder is known as ours."""

_WHAT = """\
## What this is

Each file holds the decisions of one simulated future, the first replication, day by day, as the engine accepted them
(minimum orders, red lines). From its second day on it answers to that future: work with the first days, and make the
plan again every week. Stock at the start is the simulated one; set what you really have against the first orders.
Columns that end in `p05` and `p95` are quantiles of the same figure over all replications: where they lie far apart the
plan hangs on what happens. Profit, its interval and the verdict are of all replications, pair by pair on common draws:
the same morning goes on as usual and with the loop, and after the weeks both work as usual again.
"""

_COLUMNS: dict[str, dict[str, str]] = {
    "forecast.csv": {
        "sku, city, date": "what is foretold, on the first morning of the plan, for at most 28 days",
        "p05_units, p50_units, p95_units": "quantiles of the units wanted that day; never add up quantiles",
    },
    "orders.csv": {
        "order_date, sku, warehouse, supplier": "one order line; what is for a store goes to its warehouse",
        "units, cost_yuan": "what to order; invoice with price breaks taken off",
        "promised_arrival": "date that the supplier promises, his queue included",
        "latest_arrival": "1.645 standard deviations of the lead time later: 95 % of trucks, were they normal",
        "week_units, week_units_p05, week_units_p95":
            "units of that SKU and warehouse in the same week of the plan, and over all replications",
    },
    "prices.csv": {
        "date, sku, list_yuan": "list price",
        "campaign_markdown_share": "public markdown of the calendar's campaigns, on top of the shelf price; weighted "
        "by the part of the day that they run",
        "price_CHANNEL_yuan": "shelf price at 12:00",
        "lowest_of_day_yuan, highest_of_day_yuan": "over all hours and channels",
        "price_p05_yuan, price_p95_yuan": "of the first channel's price at 12:00 over all replications",
        "coupon_SEGMENT/STAGE_yuan": "personal coupon a unit for members of the group",
    },
    "outreach.csv": {
        "date, segment, stage": "who is written to",
        "message": "what the message carries",
        "coupon_yuan": "off the next order, for a message with a coupon",
        "share, people": "share of the group that is written to; people in it that morning",
        "reach, reach_p05, reach_p95": "messages expected, in the plan and over all replications",
        "cost_yuan": "of the messages; coupons cost what is redeemed of them",
    },
    "summary.csv": {
        "figure, unit, meaning": "see below",
        "usual, loop, difference": "means over replications, and of the differences pair by pair",
        "low, high": "95 % interval of the mean difference (Student's t)",
        "p_holm, pairs, verdict": "p of no difference, profit's own, the others' after Holm; the verdict is on profit "
        "alone: better, worse, tie (within 1 % of the usual) or undecided",
    },
}  # fmt: skip


def readme(told: str, failures: Sequence[str]) -> str:
    """The whole text; `told` is what the command prints."""
    lines = [MARK, "", "```text", told, "```", ""]
    if failures:
        lines += ["Left out, as they failed:", "", *(f"- {text}" for text in failures), ""]
    lines += [_WHAT, "## Columns", ""]
    for file, columns in _COLUMNS.items():
        lines += [f"**{file}**", "", *(f"- `{names}`: {text}" for names, text in columns.items()), ""]
    lines += ["Figures of summary.csv:", ""]
    lines += [f"- `{name}` ({unit}): {meaning}" for name, (unit, meaning) in FIGURES.items()]
    return "\n".join(lines) + "\n"
