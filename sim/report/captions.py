"""Title and caption of each figure in the report: what to see, and how to read it."""

from __future__ import annotations

CAPTIONS: dict[str, tuple[str, str]] = {
    "paired_differences": (
        "Paired differences",
        "Each pair's difference from the baseline in percent of its mean, with 95 % interval and verdict.",
    ),
    "daily_orders": (
        "Daily orders",
        "Orders a day of each schedule and line-up, with the campaigns' windows above; only scored days count.",
    ),
    "hourly_load": (
        "Hourly load",
        "Parcels that arrive in the warehouses by hour around each pair's busiest day, against what the shift can do.",
    ),
    "difference_waterfall": (
        "Where profit differs",
        "The difference in profit from the baseline, split over its steps; they add up to the difference.",
    ),
    "profit_waterfall": (
        "From list price to profit",
        "From sales at list price down to profit; the steps add up to profit.",
    ),
    "trade_off": (
        "Peak, profit and retention",
        "Profit and retention over the peak of each pair; filled marks are on the Pareto front.",
    ),
    "churn_by_cause": (
        "Customers lost, by cause",
        "Customers who left for good over service, price regret or by nature.",
    ),
    "retention_curves": (
        "Who comes back",
        "Share of customers with a second order by days since the first, by how they were won.",
    ),
    "stock_and_ageing": (
        "Stock and its age",
        "Stock at purchase cost, its mean age and the share of old units, by day.",
    ),
    "bump_decomposition": (
        "Where the bump came from",
        "A campaign's extra units by part around the event; what it takes from other days is below zero.",
    ),
    "forecast_fan": (
        "Forecast and what came",
        "What was forecast for the following days, median and central intervals, and what came.",
    ),
    "reliability": (
        "Do probabilities come true?",
        "How often what was given a probability came true; on the diagonal it is calibrated.",
    ),
    "risk_list": (
        "What may go wrong",
        "Risks before a campaign with probability and expected loss, the dearest on top.",
    ),
    "smoothing_path": ("One budget in k events", "The same budget released in more and smaller events."),
    "tournament_matrix": ("Everybody against everybody", "The row's line-up against the column's."),
}
"""Figure name -> (title, caption), English; `say` translates."""
