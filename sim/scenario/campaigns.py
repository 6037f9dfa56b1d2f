"""Campaigns: windows in which the merchant has promised something in public."""

from __future__ import annotations

from pydantic import Field

from sim.scenario.units import ASSUMPTION, Moment, Section, param


class Threshold(Section):
    """Cross-item rule: spend so much on eligible items, save so much, once an order."""

    spend_yuan: float = param(300.0, "yuan", "order value from which it applies", gt=0, le=1e6)
    save_yuan: float = param(50.0, "yuan", "what is taken off", ge=0, le=1e6)


class Presale(Section):
    """Deposit pre-sale: pay a deposit early, the balance when the festival opens."""

    start: Moment = param(..., "local time", "first moment in which deposits are taken")
    deposit: float = param(0.1, "share", "deposit on the price, forfeited when the balance is not paid",
        "Tmall 2016: integer, <= 20 %", ge=0, le=1)  # fmt: skip
    balance_rate: float = param(0.9, "share", "deposits whose balance is paid", ASSUMPTION, ge=0, le=1)


class Gift(Section):
    """A gift with every order that holds an eligible SKU, while it lasts."""

    unit_cost_yuan: float = param(5.0, "yuan", "what one gift costs", ASSUMPTION, ge=0, le=1e5)
    appeal: float = param(0.15, "utility", "liking it adds to eligible SKUs", ASSUMPTION, ge=0, le=10)
    stock_units: int = param(..., "units", "how many there are, for a market of 100,000 consumers; scaled with the "
        "market", ge=0, le=10**9)  # fmt: skip
    skus: list[str] = Field(default=[], description="SKUs or categories it comes with; the campaign's where empty")


class Bundle(Section):
    """Two SKUs that are cheaper together: a buyer of one is asked to take the other."""

    skus: tuple[str, str] = Field(description="the two SKUs", strict=False)
    saving: float = param(0.1, "share", "cut of one unit of each, on top of the markdown", ge=0, le=0.95)


class PriceMatch(Section):
    """A promise: who sees it cheaper afterwards gets the difference, and does not regret."""

    days: int = param(15, "days", "how long after the purchase it holds", ge=1, le=365)
    claim_share: float = param(0.5, "share", "buyers who see it cheaper and ask", ASSUMPTION, ge=0, le=1)


class Campaign(Section):
    """Window + mechanics + eligible SKUs + announcement + ritual + traffic."""

    start: Moment = param(..., "local time", "first second of the offer")
    end: Moment = param(..., "local time", "last moment of the offer")
    announced_days: float = param(7.0, "days", "how long before the start people know of it", ge=0, le=365)
    ritual: float = param(
        0.0, "1", "strength of the festival feeling: attention, first-hour rush, fatigue. 0 none, 1 Double 11",
        ASSUMPTION, ge=0, le=2,
    )  # fmt: skip
    markdown: float = param(0.0, "share", "cut of the shelf price, for everybody", ge=0, le=0.95)
    threshold: Threshold | None = Field(default=None, description="spend-X-save-Y rule, or none")
    presale: Presale | None = Field(default=None, description="deposit pre-sale, or none")
    gifts: dict[str, Gift] = Field(default={}, description="gifts, by name")
    bundles: dict[str, Bundle] = Field(default={}, description="bundles, by name")
    price_match: PriceMatch | None = Field(default=None, description="price-match promise, or none")
    traffic_yuan_per_day: float = param(0.0, "yuan/day", "paid traffic while it runs, for a market of 100,000 "
        "consumers; scaled with the market", ge=0, le=1e9)  # fmt: skip
    skus: list[str] = Field(default=[], description="eligible SKUs or categories; all where empty")
    cities: list[str] = Field(default=[], description="cities in which it runs; all where empty")
    channels: list[str] = Field(default=[], description="channels in which it runs; all where empty")
