"""Estimates -> the YAML text of a scenario that `compare` runs; every fitted number says where it is from."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from sim.errors import DataError
from sim.scenario import Scenario, load_scenario

if TYPE_CHECKING:
    from sim.fit.estimates import Fit

BASE = "double12"
COST_SHARE = 0.70
"""Unit cost as a share of the list price, which order lines do not show (assumption)."""
MARKET_SIZE = 20_000
"""People to simulate, about: the customers seen are taken as a sample of that many."""
_NOT_NOW, _STORABILITY = 1.0, 0.5
_CROSS_SD = 1.0
"""s.d. of the cross-elasticity around that of the assumed `not_now` (assumption)."""
_LEAST_BOUGHT = 0.1
_MOST_VISITS = 5.0
"""The schema's bound of visits a day."""
STOCKPILE_PART = 0.25
"""Share of the stockpiling slope that shows in weekly units: it acts below the remembered price only,
and not on a full pantry. Measured by refitting simulated histories."""
STAY_PART = 0.6
"""Visits that a customer of the first day still makes on average, after pantries and leavers. Measured
on simulated histories; both parts are where the tuning (sim/fit/replay.py) starts."""
_MOST_SENSITIVITY = 5.0
FITTED = "# Fitted to "
_SEAL = "# As fit wrote it: "
"""How a file that was written here begins, and what its last line says: edited since, fit does not write over it."""


@dataclass(frozen=True)
class Tuning:
    """Factors by which simulated histories of the fitted scenario differ from the data, found by simulation."""

    need: float = 1.0
    """Multiplies the need."""
    sensitivity: float = 1.0
    """Multiplies the price sensitivity."""

    @property
    def done(self) -> bool:
        """Whether there is any."""
        return self != Tuning()


def write_scenario(fit: Fit, path: Path | str, yuan: float = 1.0, tuning: Tuning | None = None) -> None:
    """Writes the fitted scenario, whole or not at all; `yuan` is the worth of one unit of currency."""
    text = scenario_text(fit, yuan, tuning)
    write_whole(Path(path), f"{text}{_SEAL}{_digest(text)}\n")


def untouched(path: Path) -> bool:
    """Whether a file is as `write_scenario` wrote it. Raises OSError."""
    text, seal, digest = path.read_text("utf-8", "replace").rpartition(_SEAL)
    return text.startswith(FITTED) and bool(seal) and digest.strip() == _digest(text)


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()


def write_whole(path: Path, text: str) -> None:
    """Writes a file in one step. Raises DataError."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise DataError(f"{path}: could not be written: {error.strerror}") from None


def scale_of(fit: Fit) -> int:
    """Simulated customers for each one seen."""
    return max(1, math.ceil(MARKET_SIZE / fit.pattern.customers))


def scenario_text(fit: Fit, yuan: float = 1.0, tuning: Tuning | None = None) -> str:
    """A scenario that extends the shipped one, with the user's category in place of its catalogue.

    `yuan` is what one unit of the file's currency is worth, because wages and parcels are in yuan.
    """
    tuning = tuning or Tuning()
    base, p = load_scenario(BASE), fit.pattern
    scale = scale_of(fit)
    consumers = math.ceil(p.customers * scale / (1 - base.market.prospect_share))
    units = sum(fit.base_units.values()) / 7 * scale
    orders = max(units, scale * p.orders / p.days)  # at list price nobody stockpiles: one unit an order
    category = fit.category if fit.category not in base.catalogue.categories else f"{fit.category}_fit"
    visits, bought = sum(s.share * s.visits_per_day for s in base.market.segments.values()), _bought(fit)
    wanted = tuning.need * units / (p.customers * scale) / (visits * bought * STAY_PART)
    lines = [
        f"{FITTED}{_printable(fit.source)}: {p.orders:,} orders of {p.customers:,} customers in {p.days} days.",
        f"# Prices are those of that file x {yuan:g}: what one unit of its currency is worth in yuan.",
        "# Numbers without a comment of their own come from the shipped scenario.",
        f"extends: shipped:{BASE}.yaml",
        f"name: {fit.name}",
        "replications: 5",
        "market:",
        f"  consumers: {consumers}  # {p.customers} customers seen x {scale}, plus prospects; a sample is scaled up",
        f"  weekday_profile: {p.weekday}  # orders by weekday, mean 1",
        f"  hour_profile: {p.hour}  # orders by hour as recorded; a time zone would shift them",
        "  segments:  # shares and traits as shipped: order lines do not show them",
        *_segments(base, max(1.0, wanted)),
        "catalogue:",
        "  categories:",
        *(f"    {name}: null" for name in base.catalogue.categories),
        f'    "{category}":',
        *_price_sensitivity(fit, base, tuning),
        f"      need: {min(1.0, wanted):.3f}  # units per customer-day at list price / (visits x chance to buy "
        f"{bought:.2f} x {STAY_PART:g}){'; above 1, so visits are more frequent' if wanted > 1 else ''}",
        "      pack_days: {:.1f}  # {}".format(*_pack_days(fit)),
        f"      storability: {_STORABILITY}  # assumption",
        f"      not_now: {_not_now(fit):.3f}  # {_not_now_told(fit)}",
        *_fitted(fit),
        "  skus:",
        *(f"    {name}: null" for name in base.catalogue.skus),
        *_skus(fit, category, yuan),
        "  services:",
        *(f"    {name}: null" for name in base.catalogue.services),
        f"operations:  # sized to {orders:.0f} orders a day, as the file shows (rule of thumb: half busy)",
        *_operations(orders, base, consumers),
        "campaigns:  # shipped thresholds are far from a basket of this category, gifts and bundles name other SKUs",
        *_stripped(base),
        "",
    ]
    return "\n".join(lines)


def _price_sensitivity(fit: Fit, base: Scenario, tuning: Tuning) -> list[str]:
    """The factor on everybody's price sensitivity that gives the elasticity, below the comment lines that say how."""
    segments, behaviour = base.market.segments.values(), base.market.behaviour
    shares, e = _choice_shares(fit), fit.elasticity
    share = sum(w * shares[sku] for sku, w in _weights(fit).items())
    beta = sum(s.share * s.price_sensitivity * math.exp(s.price_sensitivity_sd**2 / 2) for s in segments)
    loss = sum(s.share * s.loss_aversion for s in segments)
    remembered = behaviour.reference_weight * (1 + loss) / 2
    stockpiled = STOCKPILE_PART * behaviour.stockpiling * _STORABILITY
    own = max(0.0, -e.pooled) / (1.0 if len(shares) > 1 else 1.0 - share)
    factor = min(_MOST_SENSITIVITY, tuning.sensitivity * own / ((1 + remembered + stockpiled) * beta))
    return [
        f"      # Pooled elasticity {e.pooled:.2f} (s.d. {e.pooled_sd:.2f}); {_origin(fit)}.",
        *_formula(len(shares), share),
        f"      # mean beta {beta:.2f}, remembered price {remembered:.2f}, stockpiling {stockpiled:.2f}",
        *_tuned(tuning),
        f"      price_sensitivity: {factor:.3f}",
    ]


def _pack_days(fit: Fit) -> tuple[float, str]:
    """How long a unit lasts those who use the category, and how that is known. Most customers seen hardly use it, so
    customer-days per unit would keep the others from buying."""
    p = fit.pattern
    if math.isfinite(p.gap_days):
        return min(5000.0, max(0.1, p.gap_days / p.units_per_visit)), (
            f"median {p.gap_days:.0f} days between purchases / {p.units_per_visit:.2f} units bought")  # fmt: skip
    days = p.customers * 7 / max(1e-3, sum(p.weekly_units.values()))
    return min(5000.0, max(0.1, days)), "customer-days per unit bought, promotions included"


def _segments(base: Scenario, more: float) -> list[str]:
    """Segments without needs of shipped categories; visits x `more`, within the schema's bound."""
    out = []
    for name, s in base.market.segments.items():
        parts = ["need: null"] if s.need else []
        if more > 1:
            parts.append(f"visits_per_day: {min(_MOST_VISITS, s.visits_per_day * more):.4f}")
        if parts:
            out.append(f"    {name}: {{{', '.join(parts)}}}{'  # visits x ' + format(more, '.2f') if more > 1 else ''}")
    return out


def _not_now_told(fit: Fit) -> str:
    cross = fit.finding("cross price (all others)")
    if cross.verdict == "not identified" or len(fit.pattern.list_price) < 2:
        return "assumption"
    return f"from the others' prices: cross-elasticity {cross.value:.2f} (s.e. {cross.se:.2f})"


def _tuned(tuning: Tuning) -> list[str]:
    if not tuning.done:
        return []
    return [
        "      # Simulated at the prices of the file and fitted again: price_sensitivity is multiplied by",
        f"      # {tuning.sensitivity:.3f} and need by {tuning.need:.3f}, so that both come out as in the data.",
    ]


def _fitted(fit: Fit) -> list[str]:
    """What else was identified and has a field; the rest keeps the shipped value."""
    out = []
    rate = fit.finding("return rate")
    if rate.verdict != "not identified":
        share = min(1.0, rate.value)
        out.append(f"      return_rate: {share:.4f}  # of units, s.e. {rate.se:.4f} ({rate.verdict})")
    if fit.season:
        out.append(f"      season: {fit.season}  # by month, mean 1")
    return out


def _stripped(base: Scenario) -> list[str]:
    """The shipped campaigns without what belongs to the shipped catalogue."""
    parts = {name: [part for part in ("threshold", "gifts", "bundles") if getattr(c, part)]
             for name, c in base.campaigns.items()}  # fmt: skip
    return [f"  {name}: {{{', '.join(f'{part}: null' for part in mine)}}}" for name, mine in parts.items() if mine]


def _origin(fit: Fit) -> str:
    e = fit.elasticity
    if e.identified == "not identified":
        return f"not identified (price s.d. {e.price_sd:.3f}), so the prior -2.6 (s.d. 1) stands alone"
    errors = f"s.e. plain {e.se:.2f}, HC1 {e.se_robust:.2f}, by week {e.se_week:.2f}"
    return f"PPML {e.estimate:.2f} ({errors}; {e.identified}), pooled with the prior -2.6 (s.d. 1)"


def _formula(skus: int, share: float) -> list[str]:
    """How the elasticity becomes a price coefficient, as comment lines."""
    end = "(mean beta x (1 + remembered price + stockpiling)):"
    if skus > 1:
        return [
            "      # Week effects take out what all SKUs have in common, so the estimate is the logit's coefficient",
            f"      # itself; a SKU's own elasticity is (1 - mean choice share {share:.2f}) times that.",
            f"      # Factor = |elasticity| / {end}",
        ]
    return [f"      # Factor = |elasticity| / (1 - choice share {share:.2f}) / {end}"]


def _printable(text: str) -> str:
    """Text that cannot leave its comment line."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _weights(fit: Fit) -> dict[str, float]:
    """Share of base units by SKU; 0 for one without a whole week."""
    total = sum(fit.base_units.values())
    return {sku: fit.base_units.get(sku, 0.0) / total for sku in fit.pattern.list_price}


def _appeal(fit: Fit) -> dict[str, float]:
    """Log of a SKU's share of units against an even share; a floor keeps rare ones finite."""
    weights = _weights(fit)
    return {sku: math.log(max(w, 1e-4) * len(weights)) for sku, w in weights.items()}


def _choice_shares(fit: Fit) -> dict[str, float]:
    """Logit shares of a person with a need."""
    weight = {sku: math.exp(a) for sku, a in _appeal(fit).items()}
    whole = sum(weight.values()) + math.exp(_not_now(fit))
    return {sku: w / whole for sku, w in weight.items()}


def _bought(fit: Fit) -> float:
    """Chance that a person with a need buys something."""
    return sum(_choice_shares(fit).values())


def _not_now(fit: Fit) -> float:
    """Utility of buying nothing. In a logit the others' prices act by beta x (their share of choices), so what the
    data say of cross prices sets how many of those with a need buy; an assumption where they say nothing."""
    cross, weight = fit.finding("cross price (all others)"), [math.exp(a) for a in _appeal(fit).values()]
    beta, n = max(0.5, -fit.elasticity.pooled), len(weight)
    if cross.verdict == "not identified" or n < 2:
        return _NOT_NOW
    bought = sum(weight) / (sum(weight) + math.exp(_NOT_NOW))
    usual = beta * bought * (n - 1) / n
    precision = 1 / cross.se**2 + 1 / _CROSS_SD**2
    pooled = (cross.value / cross.se**2 + usual / _CROSS_SD**2) / precision
    share = min(0.9, max(_LEAST_BOUGHT, pooled / beta * n / (n - 1)))
    return math.log(sum(weight) * (1 - share) / share)


def safe_name(text: str) -> str:
    """A name that a scenario allows."""
    return re.sub(r"[^A-Za-z0-9_-]|^-", "_", text)[:56] or "sku"


def sku_names(fit: Fit) -> dict[str, str]:
    """Each SKU's name in the scenario, in its order there."""
    used, out = set(load_scenario(BASE).catalogue.skus), {}
    for sku in fit.pattern.list_price:
        plain = name = safe_name(sku)
        number = 1
        while name in used:
            number += 1
            name = f"{plain}_{number}"
        used.add(name)
        out[sku] = name
    return out


def _skus(fit: Fit, category: str, yuan: float) -> list[str]:
    appeal, names, out = _appeal(fit), sku_names(fit), []
    for sku, price in fit.pattern.list_price.items():
        listed = min(1e6, max(0.02, round(price * yuan, 2)))
        cost = max(0.01, round(listed * COST_SHARE, 2))
        out += [
            f"    # {fit.base_units.get(sku, 0.0):.1f} units a week at list price, "
            f"{fit.pattern.weekly_units[sku]:.1f} seen; median list price; {_own(fit, sku)}",
            f'    "{names[sku]}": {{category: "{category}", role: repeat, list_price_yuan: {listed}, '
            f"unit_cost_yuan: {cost}, appeal: {appeal[sku]:.3f}}}  # cost {100 * COST_SHARE:.0f} % of list, assumed",
        ]
    return out


def _own(fit: Fit, sku: str) -> str:
    e = fit.by_sku.get(sku)
    if e is None or e.identified == "not identified":
        return "own elasticity not identified"
    return f"own elasticity {e.estimate:.2f} (robust s.e. {e.se_robust:.2f}, {e.identified}), not used"


def _operations(orders: float, base: Scenario, consumers: int) -> list[str]:
    """Staff for so many orders a day; space as much a consumer as shipped."""
    busy, most = 0.5, 100_000
    cities = {name: city.share for name, city in base.market.cities.items()}
    space = base.operations.warehouses["hangzhou_dc"].space_litres * consumers / base.market.consumers
    pickers, agents = math.ceil(orders / (22 * 8 * busy)), 1 + math.ceil(orders * 0.06 / (8 * 15 * busy))
    fleet = {city: math.ceil(orders * share / (120 * busy)) for city, share in cities.items()}
    return [
        f"  warehouses: {{hangzhou_dc: {{pickers: {min(most, pickers)}, inspectors: 1, space_litres: {space:.0f}}}}}",
        "  couriers:",
        *(f"    {city}: {{couriers: {min(most, couriers)}}}" for city, couriers in fleet.items()),
        f"  service_desk: {{agents: {min(most, agents)}}}",
    ]
