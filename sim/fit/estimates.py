"""All that an order history tells, put together."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.fit.bgnbd import CDNOW, NAMES, Rates, fit_rates
from sim.fit.effects import cross, dip, season, support
from sim.fit.elasticity import Elasticity, by_sku, demand_at, estimate, panel
from sim.fit.experiment import Experiment, dispersion_of, smallest
from sim.fit.findings import Finding, found, unknown
from sim.fit.notes import notes_of
from sim.fit.orders import Ask, Orders, read_orders
from sim.fit.pattern import WASH_OUT_DAYS, Pattern, pattern_of, visits_of
from sim.fit.reading import Reading
from sim.fit.returns import returns_of
from sim.fit.scenario import safe_name

_REPURCHASE = {7: 0.046, 30: 0.182, 90: 0.373}
"""New-to-category repeat rates of Complete Journey: what stands in."""


@dataclass(frozen=True)
class Fit:
    """All that an order history told."""

    source: str
    name: str
    category: str
    elasticity: Elasticity
    by_sku: dict[str, Elasticity]
    pattern: Pattern
    base_units: dict[str, float]
    """Units a week by SKU at its list price, by the elasticity used; promotions taken out."""
    findings: tuple[Finding, ...]
    """Everything else that was asked, identified or not."""
    rates: Rates
    season: list[float]
    """Index by month, mean 1; empty where it is not identified."""
    experiment: Experiment | None
    """The smallest that would identify the elasticity, where the data do not."""
    dispersion: float
    """Variance / mean of weekly units around the model."""
    reading: Reading
    notes: tuple[str, ...]
    """What to know before believing it."""

    def finding(self, name: str) -> Finding:
        """One of `findings` by its name."""
        return next(f for f in self.findings if f.name == name)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; NaN becomes null. Of rows set aside it holds the counts, not the lines."""
        parts = {name: value for name, value in vars(self).items() if name != "reading"}
        plain = {name: _plain(_as_dict(value)) for name, value in parts.items()}
        reading = {name: value for name, value in vars(self.reading).items() if name != "aside"}
        return plain | {"reading": {name: _plain(_as_dict(value)) for name, value in reading.items()}}


def fit_orders(path: Path | str, ask: Ask | None = None) -> Fit:
    """Reads and fits an order history, CSV or Parquet. Raises DataError."""
    path = Path(path)
    return fit_of(read_orders(path, ask), path.name)


def fit_of(orders: Orders, source: str) -> Fit:
    """Fits what was read. A pure function of the orders: the same file, the same estimates."""
    table = panel(orders)
    name, pattern, pooled = safe_name(Path(source).stem), pattern_of(orders), estimate(table)
    own = by_sku(table, pooled)
    base = demand_at(table, pattern.list_price, pooled.pooled)
    rates = fit_rates(visits_of(orders), WASH_OUT_DAYS, pattern.days - 1)
    strength, index = season(table, orders.first_day, pooled)
    findings = (
        support(table, orders.mailers), *cross(table), dip(table), strength,
        *_weekdays(pattern), *_repurchase(pattern), *_rates(rates), *_baskets(orders), *returns_of(orders),
    )  # fmt: skip
    dispersion = _dispersion(table, pooled)
    design = smallest(base, dispersion_of(table)) if pooled.identified != "identified" else None
    return Fit(source, f"Fitted to {name}", name.lower()[:40], pooled, own, pattern, base, findings, rates, index,
               design, dispersion, orders.reading,
               (*notes_of(table, pooled, pattern), *orders.reading.notes))  # fmt: skip


def _dispersion(table: pd.DataFrame, pooled: Elasticity) -> float:
    """Pearson's chi-square / degrees of freedom around SKU means moved along the elasticity; at least 1."""
    pull = np.exp(pooled.pooled * (table["log_price"] - table.groupby("sku")["log_price"].transform("mean")))
    share = table["units"].groupby(table["sku"]).transform("sum") / pull.groupby(table["sku"]).transform("sum")
    mean = (share * pull).to_numpy(float)
    kept = mean > 0
    left = int(kept.sum()) - table["sku"].nunique() - 1
    error = (table["units"].to_numpy(float)[kept] - mean[kept]) ** 2 / mean[kept]
    return max(1.0, float(error.sum()) / left) if left > 0 else 1.0


def _weekdays(pattern: Pattern) -> list[Finding]:
    """The strongest and the weakest weekday; the scenario takes all seven."""
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    source = "orders, s.e. between weeks"
    ends = {"busiest weekday": int(np.argmax(pattern.weekday)), "quietest weekday": int(np.argmin(pattern.weekday))}
    if not all(math.isfinite(se) for se in pattern.weekday_se):
        return [unknown("weekdays", "of mean", 1.0, "none: flat", "orders of one week are too few")]
    return [found(f"{name} ({days[n]})", pattern.weekday[n], pattern.weekday_se[n], "of mean", source)
            for name, n in ends.items()]  # fmt: skip


def _repurchase(pattern: Pattern) -> list[Finding]:
    """Kaplan-Meier shares at 7, 30 and 90 days."""
    out = []
    for days, share in pattern.repurchase.items():
        name = f"repurchase within {days} d"
        if not math.isfinite(share):
            why = f"no newcomer was followed for {days} days"
            out.append(unknown(name, "share", _REPURCHASE[days], "Complete Journey, new to category", why))
            continue
        weak = f"{pattern.newcomers} newcomers" if pattern.newcomers < 100 else ""
        out.append(found(name, share, pattern.repurchase_se[days], "share", "Kaplan-Meier", weak))
    return out


def _rates(rates: Rates) -> list[Finding]:
    """BG/NBD's four parameters."""
    units = ("1", "days", "1", "1")
    out = []
    for n, name in enumerate(NAMES):
        label = f"purchase rates, BG/NBD {name}"
        verdict = rates.verdicts[n]
        if verdict == "not identified":
            out.append(unknown(label, units[n], CDNOW[n], "CDNOW", rates.why))
        else:
            value, se, source = rates.values[n], rates.se[n], "maximum likelihood, newcomers"
            out.append(Finding(label, value, se, units[n], verdict, value, source, rates.why))
    return out


def _baskets(orders: Orders) -> list[Finding]:
    """Units a line, lines an order and its value, of the SKUs fitted."""
    lines = orders.lines
    order = lines["order_id"].cat.codes.to_numpy()
    size = np.bincount(order)
    value = np.bincount(order, lines["units"] * lines["paid"])[size > 0]
    size = size[size > 0]
    out = []
    for name, column, unit in (("units a line", lines["units"].to_numpy(), "units"), ("lines an order", size, "lines"),
                               ("value of an order", value, "currency")):  # fmt: skip
        se = float(column.std(ddof=1)) / math.sqrt(len(column)) if len(column) > 1 else math.nan
        out.append(found(name, float(column.mean()), se, unit, "mean, SKUs fitted"))
    return out


def _as_dict(value: Any) -> Any:
    """Dataclasses as dicts, wherever they stand."""
    if isinstance(value, (list, tuple)):
        return [_as_dict(inner) for inner in value]
    if isinstance(value, dict):
        return {key: _as_dict(inner) for key, inner in value.items()}
    return asdict(value) if hasattr(value, "__dataclass_fields__") else value


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value
