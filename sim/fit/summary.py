"""The estimates as aligned text, with units, standard errors and verdicts."""

from __future__ import annotations

import math

from sim.fit.columns import printable
from sim.fit.elasticity import WEAK
from sim.fit.estimates import Fit

_MOST_SKUS = 20


def summary(fit: Fit) -> str:
    """What the command prints."""
    p = fit.pattern
    head = f"{fit.source}: {p.orders:,} orders, {p.customers:,} customers, {len(p.list_price)} SKUs, {p.days} days"
    base = _some({sku: f"{units:.1f}" for sku, units in fit.base_units.items()})
    seen = _some({sku: f"{units:.1f}" for sku, units in p.weekly_units.items()})
    busiest = sorted(range(24), key=lambda h: -p.hour[h])[:3]
    out = [
        head, *fit.reading.told(), "",
        "price elasticity (PPML, SKU and week effects; one SKU alone has no week effects)",
        f"{'':<16}{'estimate':>9}{'s.e.':>7}{'HC1':>7}{'by week':>9}{'price s.d.':>12}{'used':>8}{'s.d.':>7}  verdict",
        *_elasticities(fit), "",
        f"{'demand seen':<18}{seen} units/week",
        f"{'at list price':<18}{base} units/week (base demand, by the elasticity used)",
        f"{'weekday, Mon-Sun':<18}{' '.join(f'{w:.2f}' for w in p.weekday)} (mean 1; largest s.e. "
        f"{max(p.weekday_se):.2f})",
        f"{'busiest hours':<18}{', '.join(f'{h}:00 {p.hour[h]:.2f}' for h in busiest)} (mean 1, as recorded)", "",
        *(finding.told() for finding in fit.findings), "",
        *(f"note: {note}" for note in fit.notes),
        *experiment_text(fit),
    ]  # fmt: skip
    return "\n".join(printable(line.rstrip()) for line in out)


def experiment_text(fit: Fit) -> list[str]:
    """Why there is no number, and the price experiment that would give one; empty where the elasticity is known."""
    e = fit.elasticity
    if fit.experiment is None:
        return []
    why = (
        f"prices moved too little: s.d. {e.price_sd:.3f} of log price beyond SKU and week effects, not {WEAK:.2f}"
        if e.price_sd < WEAK
        else "too few sales to tell"
    )
    return ["", f"The elasticity is {e.identified}: {why}.",
            f"Smallest price experiment that would identify it: {fit.experiment.told()}."]  # fmt: skip


def _elasticities(fit: Fit) -> list[str]:
    rows = [("all SKUs", fit.elasticity), *list(fit.by_sku.items())[:_MOST_SKUS]]
    out = [
        f"{name[:15]:<16}{_n(r.estimate):>9}{_n(r.se):>7}{_n(r.se_robust):>7}{_n(r.se_week):>9}"
        f"{r.price_sd:>12.3f}{r.pooled:>8.2f}{r.pooled_sd:>7.2f}  {r.identified}"
        for name, r in rows
    ]
    more = len(fit.by_sku) - _MOST_SKUS
    return [*out, f"... and {more} more SKUs, in the report"] if more > 0 else out


def _some(values: dict[str, str]) -> str:
    shown = ", ".join(f"{name} {value}" for name, value in list(values.items())[:_MOST_SKUS])
    return shown + (", ..." if len(values) > _MOST_SKUS else "")


def _n(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "-"
