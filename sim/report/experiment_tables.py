"""The tables of single experiments: who writes them, one row a what, and every column with its unit and meaning.

`results/README.md` is printed from here, and a test holds that the commands write these columns and no others.
"""

from __future__ import annotations

from dataclasses import dataclass

Columns = dict[str, tuple[str, str]]
"""Column -> (unit, meaning); a dash where there is no unit."""


@dataclass(frozen=True)
class Table:
    """One file of a command."""

    command: str
    row: str
    """What one row stands for."""
    columns: Columns
    figure: str = ""
    """The figure that is drawn from it, if any."""


_METRIC_UNIT = "the unit's"
_PAIR: Columns = {
    "schedule": ("-", "schedule A, which is asked about"),
    "baseline_schedule": ("-", "schedule B, which it is held against"),
    "line_up": ("-", "line-up of both"),
    "metric": ("-", "the metric that decides"),
    "unit": ("-", "its unit"),
    "baseline_mean": (_METRIC_UNIT, "mean of B over the pairs"),
    "mean": (_METRIC_UNIT, "mean of A over the pairs"),
    "difference": (_METRIC_UNIT, "mean of A less B, seed by seed"),
    "low": (_METRIC_UNIT, "lower end of its 95 % interval"),
    "high": (_METRIC_UNIT, "upper end"),
    "p": ("probability", "of the paired t test, each point for itself"),
    "verdict": ("-", "of A: better, worse, tie (within 1 %) or undecided"),
    "pairs": ("count", "seeds that came through in both"),
    "failed_runs": ("count", "runs that failed"),
}
_AXES: Columns = {
    "x_path": ("-", "field along the map"), "x": ("x_unit", "its value"), "x_unit": ("-", "its unit"),
    "y_path": ("-", "field up the map"), "y": ("y_unit", "its value"), "y_unit": ("-", "its unit"),
    "level": ("count", "refinement at which the point was added, 0 for the grid"),
}  # fmt: skip

TABLES: dict[str, Table] = {
    "forecast_fan.csv": Table("peakshift run --out", "day from the eve of the schedule's first campaign on", {
        "day": ("days", "from the start of the calendar"),
        "date": ("-", "its date"),
        "campaigns": ("-", "campaigns of the schedule on it"),
        "actual": ("units/day", "units wanted, of all SKUs in all cities (empty after the calendar)"),
        **{f"q{p:02d}": ("units/day", f"{p} % quantile of the forecast's paths, made at 06:00 of the first day")
           for p in (5, 25, 50, 75, 95)},
    }, "forecast_fan"),
    "decomposition.csv": Table("peakshift decompose --out", "level, name and part", {
        "level": ("-", "total, promoted, category, sku, channel, segment or city"),
        "name": ("-", "which of them"),
        "part": ("-", "units, baseline, bump, one of its nine parts, or a flow beside them"),
        "mean": ("units", "mean over replications"),
        "low": ("units", "lower end of its 95 % interval"),
        "high": ("units", "upper end"),
        "share": ("share", "mean over the mean bump"),
        "share_low": ("share", "low over the mean bump"),
        "share_high": ("share", "high over the mean bump"),
        "replications": ("count", "seeds that came through"),
    }),
    "bump_decomposition.csv": Table("peakshift decompose --out", "part, period and day", {
        "part": ("-", "part of the bump; the two switches add up to 0 over all SKUs and are left out"),
        "period": ("-", "before, campaign or after: the first and last day of a campaign may lie in two"),
        "day_offset": ("days", "from the day on which the campaign starts"),
        "units_mean": ("units/day", "what the part adds to the day (takes from it, below 0), mean over replications"),
        "low": ("units/day", "lower end of its 95 % interval"),
        "high": ("units/day", "upper end"),
    }, "bump_decomposition"),
    "smoothing_path.csv": Table("peakshift smoothing --out", "number of events and metric", {
        "events": ("count", "events that the budget is spent in"),
        "event_hours": ("hours", "length of each"),
        "factor": ("1", "what its offers are scaled by, so that all spend the same"),
        "metric": ("-", "name of the metric"),
        "unit": ("-", "its unit"),
        "mean": (_METRIC_UNIT, "mean over replications"),
        "difference": (_METRIC_UNIT, "mean difference from the first number of events, seed by seed"),
        "low": (_METRIC_UNIT, "lower end of the difference's 95 % interval"),
        "high": (_METRIC_UNIT, "upper end"),
        "pairs": ("count", "seeds that came through in both"),
    }, "smoothing_path"),
    "tournament.csv": Table("peakshift tournament", "contender", {
        "rank": ("count", "1 is the best"),
        "line_up": ("-", "its name"),
        "status": ("-", "best, in, out after so many replications, or failed"),
        "runs": ("count", "replications it has lived through"),
        "mean": (_METRIC_UNIT, "mean of the metric that is ranked"),
        "difference": (_METRIC_UNIT, "mean difference from the best, seed by seed"),
        "low": (_METRIC_UNIT, "lower end of its 95 % interval"),
        "high": (_METRIC_UNIT, "upper end"),
        "error": ("-", "why it failed"),
    }),
    "tournament_matrix.csv": Table("peakshift tournament", "ordered pair of the 20 best", {
        "one": ("-", "a line-up"),
        "other": ("-", "the line-up that it is held against"),
        "difference": (_METRIC_UNIT, "mean of one less other, on the seeds of both"),
        "low": (_METRIC_UNIT, "lower end of its 95 % interval"),
        "high": (_METRIC_UNIT, "upper end"),
        "metric": ("-", "the metric that is ranked"),
        "unit": ("-", "its unit"),
        "verdict": ("-", "of one: better, worse, tie (within 1 %) or undecided; each pair for itself"),
        "pairs": ("count", "seeds of both"),
    }, "tournament_matrix"),
    "breakeven.csv": Table("peakshift breakeven", "point of the map", {**_AXES, **_PAIR}, "breakeven_map"),
    "cells.csv": Table("peakshift breakeven", "cell between points", {
        "x_low": ("x_unit", "where it begins along the map"),
        "x_high": ("x_unit", "where it ends"),
        "y_low": ("y_unit", "where it begins up the map"),
        "y_high": ("y_unit", "where it ends"),
        "level": ("count", "refinement at which it was cut, 0 for the grid"),
        "difference": (_METRIC_UNIT, "mean of its corners' differences"),
        "verdict": ("-", "what its corners agree on, else undecided"),
    }, "breakeven_map"),
    "line.csv": Table("peakshift breakeven", "crossing of the line of break-even", {
        "path": ("-", "field that varies"),
        "zero": ("the field's", "where the difference passes 0"),
        "low": ("the field's", "where the 95 % intervals first exclude 0 below; empty where none does"),
        "high": ("the field's", "the same above"),
        "other_path": ("-", "field that is held"),
        "other": ("the field's", "its value"),
    }),
    "risks.csv": Table("peakshift preflight --out", "risk", {
        "name": ("-", "risk, and behind a colon the station, city or type"),
        "event": ("-", "what is read, and its unit"),
        "threshold": ("the event's", "beyond which it has come true"),
        "probability": ("share", "of the futures in which it came true"),
        "low": ("share", "lower end of its 95 % interval (Jeffreys)"),
        "high": ("share", "upper end"),
        "loss_yuan": ("yuan", "expected loss, 0 in futures without it; losses overlap (empty: unknown)"),
        "loss_error": ("yuan", "standard error of it"),
        "day": ("-", "date of the median worst day"),
        "act_by": ("-", "latest date on which the action still works"),
        "too_late": ("-", "whether that date has passed"),
        "action": ("-", "what helps (empty: nothing that the model knows)"),
        "detail": ("-", "how far the median future with it went"),
    }, "risk_list"),
    "backtest.csv": Table("peakshift preflight --backtest --out", "risk", {
        "name": ("-", "risk, and behind a colon the station, city or type"),
        "threshold": ("the event's", "beyond which it has come true"),
        "tercile": ("-", "whether that is the archive's upper tercile and not the table's"),
        "rate": ("share", "of all event-seeds, archive and scored, in which it came true: the table's order"),
        "archive_rate": ("share", "of the archive's events in which it came true"),
        "base_rate": ("share", "of the scored events in which it came true"),
        "brier": ("1", "Brier score of the forecasts"),
        "climatology": ("1", "Brier score of the archive's rate"),
        "alike": ("1", "Brier score of the true rate of events of the same circumstances"),
        "raw": ("1", "Brier score of plain shares of futures"),
        "weight": ("count", "futures that the archive's rate counts as"),
        "slope": ("1", "of outcomes on probabilities; 1 where they mean what they say"),
        "warned": ("count", "events that came true after a probability of at least a half"),
        "happened": ("count", "events that came true"),
        "lead_days": ("days", "mean, from warning to worst day"),
        "skill": ("1", "1 - brier / climatology"),
        "state_skill": ("1", "1 - brier / alike"),
    }),
    "reliability.csv": Table("peakshift preflight --backtest --out", "bin of probability", {
        "series": ("-", "whose forecasts"),
        "predicted": ("share", "mean probability given"),
        "observed": ("share", "of them that came true"),
        "low": ("share", "lower end of its 95 % interval (Jeffreys), each event-seed counted once"),
        "high": ("share", "upper end"),
        "count": ("count", "forecasts"),
    }, "reliability"),
}  # fmt: skip


def tables_page() -> list[str]:
    """Lines of Markdown: a table of columns for each file."""
    out = []
    for name, table in TABLES.items():
        drawn = f" Drawn as `figures/{table.figure}`." if table.figure else ""
        out += [f"\n### {name}\n", f"`{table.command}`: one row a {table.row}.{drawn}\n",
                "| column | unit | meaning |", "|---|---|---|"]  # fmt: skip
        out += [f"| {column} | {unit} | {meaning} |" for column, (unit, meaning) in table.columns.items()]
    return out
