"""Estimates -> the YAML text of a scenario that `compare` runs; every fitted number says where it is from."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from sim.scenario import load_scenario

if TYPE_CHECKING:
    from sim.fit import Fit

BASE = "double12"
YUAN_PER_CURRENCY = 7.0
"""Prices are written in yuan at this rate, because wages and parcels are in yuan (assumption)."""
COST_SHARE = 0.70
"""Unit cost as a share of the list price, which order lines do not show (assumption)."""
MARKET_SIZE = 20_000
"""People to simulate, about: the customers seen are taken as a sample of that many."""
_NOT_NOW = 1.0


def scenario_text(fit: Fit) -> str:
    """A scenario that extends the shipped one, with the user's category in place of its catalogue."""
    base, p = load_scenario(BASE), fit.pattern
    scale = max(1, math.ceil(MARKET_SIZE / p.customers))
    consumers = math.ceil(p.customers * scale / (1 - base.market.prospect_share))
    orders = p.orders / p.days * scale
    shares = _choice_shares(fit)
    share = sum(w * shares[sku] for sku, w in _weights(fit).items())
    segments = base.market.segments.values()
    beta = sum(s.share * s.price_sensitivity for s in segments)
    rho = base.market.behaviour.reference_weight
    factor = abs(fit.elasticity.pooled) / ((1 + rho) * (1 - share) * beta)
    visits = sum(s.share * s.visits_per_day for s in segments)
    bought = sum(shares.values())
    need = min(1.0, orders / (p.customers * scale) / (visits * bought))
    pack_days = p.customers * p.days / max(1.0, sum(p.weekly_units.values()) * p.days / 7)
    e = fit.elasticity
    lines = [
        f"# Fitted to {fit.source}: {p.orders:,} orders of {p.customers:,} customers in {p.days} days.",
        "# Numbers without a comment of their own come from the shipped scenario.",
        f"extends: shipped:{BASE}.yaml",
        f"name: {fit.name}",
        "replications: 5",
        "market:",
        f"  consumers: {consumers}  # {p.customers} customers seen x {scale}, plus prospects; a sample is scaled up",
        f"  weekday_profile: {p.weekday}  # orders by weekday, mean 1",
        f"  hour_profile: {p.hour}  # orders by hour as recorded; a time zone would shift them",
        "  segments:  # shares and traits as shipped: order lines do not show them",
        *(f"    {name}: {{need: null}}" for name, s in base.market.segments.items() if s.need),
        "catalogue:",
        "  categories:",
        *(f"    {name}: null" for name in base.catalogue.categories),
        f"    {fit.category}:",
        f"      # pooled elasticity {e.pooled:.2f} (s.d. {e.pooled_sd:.2f}); {_origin(fit)}.",
        f"      # factor = |elasticity| / ((1 + reference weight {rho:g}) (1 - mean choice share {share:.2f})",
        f"      #          x mean beta {beta:.2f})",
        f"      price_sensitivity: {factor:.3f}",
        f"      need: {need:.3f}  # orders per customer-day / (visits x chance to buy {bought:.2f})",
        f"      pack_days: {pack_days:.1f}  # customer-days per unit bought",
        f"      not_now: {_NOT_NOW}  # assumption",
        "  skus:",
        *(f"    {name}: null" for name in base.catalogue.skus),
        *_skus(fit),
        "operations:  # sized to the expected orders a day (rule of thumb: half busy on a normal day)",
        *_operations(orders, {name: city.share for name, city in base.market.cities.items()}),
        "campaigns:  # the shipped thresholds are far from a basket of this category",
        *(f"  {name}: {{threshold: null}}" for name, c in base.campaigns.items() if c.threshold is not None),
        "",
    ]
    return "\n".join(lines)


def _origin(fit: Fit) -> str:
    e = fit.elasticity
    if e.identified == "not identified":
        return f"not identified (price s.d. {e.price_sd:.3f}), so the prior -2.6 (s.d. 1) stands alone"
    return f"PPML {e.estimate:.2f} (robust s.e. {e.se_robust:.2f}, {e.identified}), pooled with the prior -2.6 (s.d. 1)"


def _weights(fit: Fit) -> dict[str, float]:
    """Share of units by SKU."""
    total = sum(fit.pattern.weekly_units.values())
    return {sku: units / total for sku, units in fit.pattern.weekly_units.items()}


def _appeal(fit: Fit) -> dict[str, float]:
    """Log of a SKU's share of units against an even share; SKUs never bought stay out of it."""
    weights = _weights(fit)
    return {sku: math.log(max(w, 1e-4) * len(weights)) for sku, w in weights.items()}


def _choice_shares(fit: Fit) -> dict[str, float]:
    """Logit shares of a person with a need."""
    weight = {sku: math.exp(a) for sku, a in _appeal(fit).items()}
    whole = sum(weight.values()) + math.exp(_NOT_NOW)
    return {sku: w / whole for sku, w in weight.items()}


def safe_name(text: str) -> str:
    """A name that a scenario allows."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", text)[:56] or "sku"


def _skus(fit: Fit) -> list[str]:
    appeal, used, out = _appeal(fit), set(), []
    for n, (sku, price) in enumerate(fit.pattern.list_price.items()):
        name = safe_name(sku)
        if name in used:
            name = f"{name}_{n}"
        used.add(name)
        yuan = max(0.02, round(price * YUAN_PER_CURRENCY, 2))
        cost = max(0.01, round(yuan * COST_SHARE, 2))
        out.append(
            f"    {name}: {{category: {fit.category}, role: repeat, list_price_yuan: {yuan}, unit_cost_yuan: {cost}, "
            f"appeal: {appeal[sku]:.3f}}}"
            f"  # {fit.pattern.weekly_units[sku]:.1f} units a week at {price:g}; cost assumed"
        )
    return out


def _operations(orders: float, cities: dict[str, float]) -> list[str]:
    busy = 0.5
    return [
        f"  warehouses: {{hangzhou_dc: {{pickers: {math.ceil(orders / (22 * 8 * busy))}, inspectors: 1}}}}",
        "  couriers:",
        *(f"    {city}: {{couriers: {math.ceil(orders * share / (120 * busy))}}}" for city, share in cities.items()),
        f"  service_desk: {{agents: {1 + math.ceil(orders * 0.06 / (8 * 15 * busy))}}}",
    ]
