"""A user's order history -> estimates with their certainty -> a calibrated, runnable scenario."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sim.errors import DataError
from sim.fit.elasticity import WEAK, Elasticity, demand_at, estimate, panel
from sim.fit.notes import notes_of
from sim.fit.orders import read_orders
from sim.fit.pattern import Pattern, pattern_of
from sim.fit.scenario import safe_name, scenario_text

__all__ = ["Fit", "fit_orders", "write_scenario"]


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
    notes: tuple[str, ...]
    """What to know before believing it."""

    def summary(self) -> str:
        """The estimates as aligned text, with units and verdicts."""
        p, e = self.pattern, self.elasticity
        head = f"{self.source}: {p.orders:,} orders, {p.customers:,} customers, {len(p.list_price)} SKUs, {p.days} days"
        rows = [("all SKUs", e), *self.by_sku.items()]
        out = [head, "", "price elasticity (PPML, SKU and week effects; a single SKU has no week effects)",
               f"{'':<16}{'estimate':>9}{'s.e.':>7}{'HC1':>7}{'by week':>9}"
               f"{'price s.d.':>12}{'used':>8}  verdict"]  # fmt: skip
        for name, r in rows:
            out.append(f"{name:<16}{_n(r.estimate):>9}{_n(r.se):>7}{_n(r.se_robust):>7}{_n(r.se_week):>9}"
                       f"{r.price_sd:>12.3f}{r.pooled:>8.2f}  {r.identified}")  # fmt: skip
        demand = ", ".join(f"{sku} {units:.1f}" for sku, units in p.weekly_units.items())
        base = ", ".join(f"{sku} {units:.1f}" for sku, units in self.base_units.items())
        again = ", ".join(f"{100 * v:.1f} % in {d} d" for d, v in p.repurchase.items() if math.isfinite(v))
        busiest = sorted(range(24), key=lambda h: -p.hour[h])[:3]
        out += [
            "",
            f"{'demand seen':<18}{demand} units/week",
            f"{'at list price':<18}{base} units/week (base demand, by the elasticity used)",
            f"{'basket':<18}{p.units_per_line:.2f} units/line, {p.lines_per_order:.2f} lines/order",
            f"{'weekday, Mon-Sun':<18}{' '.join(f'{w:.2f}' for w in p.weekday)} (mean 1)",
            f"{'busiest hours':<18}{', '.join(f'{h}:00 {p.hour[h]:.2f}' for h in busiest)} (mean 1, as recorded)",
            f"{'repurchase':<18}{again or 'no newcomer was followed for 7 days'} (Kaplan-Meier)",
        ]
        out += ["", *(f"note: {note}" for note in self.notes)]
        if e.identified != "identified":
            out += [
                "",
                f"Prices moved too little: s.d. {e.price_sd:.3f} of log price beyond SKU and week effects, not 0.10."
                if e.price_sd < WEAK
                else "Too few sales to tell.",
                "Small randomised price moves per SKU over some weeks would identify the elasticity.",
            ]
        return "\n".join(out)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; NaN becomes null."""
        return {name: _plain(value) for name, value in asdict(self).items()}


def fit_orders(path: Path | str) -> Fit:
    """Reads and fits an order history. Raises DataError."""
    path = Path(path)
    orders = read_orders(path)
    table = panel(orders)
    by_sku = {str(sku): estimate(group) for sku, group in table.groupby("sku", sort=True)}
    name, pattern, pooled = safe_name(path.stem), pattern_of(orders), estimate(table)
    base = demand_at(table, pattern.list_price, pooled.pooled)
    return Fit(path.name, f"Fitted to {name}", name.lower()[:40], pooled, by_sku, pattern, base,
               notes_of(table, pooled, pattern))  # fmt: skip


def write_scenario(fit: Fit, path: Path | str, yuan: float = 1.0) -> None:
    """Writes the fitted scenario, whole or not at all; `yuan` is the worth of one unit of currency."""
    path = Path(path)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(scenario_text(fit, yuan), encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise DataError(f"{path}: could not be written: {error.strerror}") from None


def _n(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "-"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value
