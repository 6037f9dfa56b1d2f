"""What is sold: categories (how need arises and how storable it is) and SKUs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from sim.scenario.operations import PriceBreak, ascending
from sim.scenario.units import ASSUMPTION, Day, Section, param

Role = Literal["traffic", "profit", "repeat", "image"]
ServiceKind = Literal["size_advice", "tutorials", "matching_sets", "warranty", "trade_in"]
ROLES: tuple[Role, ...] = ("traffic", "profit", "repeat", "image")


class Category(Section):
    """A group of SKUs that answer the same need."""

    need: float = param(
        0.25, "1", "chance that a visitor with nothing at home looks at this category", ASSUMPTION, ge=0, le=1
    )
    pack_days: float = param(
        14.0, "days", "how long one unit lasts a household",
        "Complete Journey interpurchase medians: soft drinks 7, detergent 31, hair care 31 days", gt=0, le=5000,
    )  # fmt: skip
    storability: float = param(
        0.5, "1", "0 perishable .. 1 fully storable: stock at home lowers need, and stockpiling is possible",
        "van Heerde 2000, Complete Journey: storables are bought ahead, perishables are not", ge=0, le=1,
    )  # fmt: skip
    expansion: float = param(
        0.3, "share", "share of extra stock that is consumed on top of usual use",
        "Ailawadi et al. 2007: consumption benefits of stockpiling", ge=0, le=1,
    )  # fmt: skip
    not_now: float = param(1.0, "utility", "utility of buying nothing when a need is felt", ASSUMPTION, ge=-20, le=20)
    price_sensitivity: float = param(
        1.0, "1", "multiplies every consumer's price coefficient in this category",
        "Complete Journey: milk -4.1 .. vegetables -1.1", ge=0, le=5,
    )  # fmt: skip
    deliberation: float = param(
        0.0, "utility", "utility of sleeping on it at the first look in a fortnight; content and service shorten it",
        ASSUMPTION, ge=0, le=20,
    )  # fmt: skip
    return_rate: float = param(
        0.12, "share", "chance that a delivered line comes back", "general 0.10-0.15, apparel 0.30", ge=0, le=1
    )
    resale_share: float = param(0.85, "share", "returned units that can be sold again", ASSUMPTION, ge=0, le=1)
    cold_demand: float = param(
        0.0, "1/Celsius", "log need per degree below 15 Celsius, above it the other way; negative = bought in heat",
        ASSUMPTION, ge=-0.2, le=0.2,
    )  # fmt: skip
    gift_demand: float = param(
        0.0, "1", "need on top of usual at full gift season, just before the Spring Festival", ASSUMPTION, ge=0, le=20
    )
    obsolete_after_days: int | None = param(
        None, "days", "age from which a unit on the shelf is worth less than its cost; never where empty", ASSUMPTION,
        ge=0, le=3660,
    )  # fmt: skip
    obsolete_share: float = param(0.0, "share", "cost written down at that age", ASSUMPTION, ge=0, le=1)
    obsolete_share_per_day: float = param(0.0, "share/day", "cost written down each day after", ASSUMPTION, ge=0, le=1)
    season_end: Day | None = param(None, "date", "day from which what was received before it is out of season")
    season_end_share: float = param(0.5, "share", "cost written down at the end of the season", ASSUMPTION, ge=0, le=1)
    season: list[float] = param(
        [], "weight", "need by month, January first, 12 weights around their mean; flat where empty", ASSUMPTION
    )

    @field_validator("season")
    @classmethod
    def _months(cls, value: list[float]) -> list[float]:
        if value and (len(value) != 12 or min(value) < 0 or sum(value) <= 0):
            raise ValueError("must be 12 weights of at least 0 with a positive sum, or empty")
        return value


class Service(Section):
    """A service asset: wins service-sensitive buyers without a discount, and costs money."""

    kind: ServiceKind = param(
        ..., "name", "size_advice (fewer returns), tutorials (fewer contacts), matching_sets (bigger baskets), "
        "warranty (sold on top), trade_in (earlier replacement)",
    )  # fmt: skip
    skus: list[str] = Field(default=[], description="SKUs or categories it belongs to; all where empty")
    effect: float = param(
        0.2, "share", "returns avoided, contacts avoided, buyers who take the warranty, or replacement time saved, by "
        "kind; of no meaning to matching_sets", ASSUMPTION, ge=0, le=1,
    )  # fmt: skip
    appeal: float = param(
        0.1, "utility", "liking it adds for a segment of service sensitivity 1", ASSUMPTION, ge=0, le=10
    )
    yuan_per_day: float = param(100.0, "yuan/day", "what it costs to run, for a market of 100,000 consumers; scaled "
        "with the market", ASSUMPTION, ge=0, le=1e7)  # fmt: skip
    yuan_per_unit: float = param(0.0, "yuan/unit", "what it costs a unit sold", ASSUMPTION, ge=0, le=1e5)
    price_yuan: float = param(0.0, "yuan", "what a warranty is sold for", ASSUMPTION, ge=0, le=1e5)
    claims_share: float = param(0.4, "share", "share of a warranty's price that claims cost", ASSUMPTION, ge=0, le=5)
    partner: str | None = param(None, "name", "matching_sets: the SKU that goes with these")


class Sku(Section):
    """A product as it is priced and stocked."""

    category: str = param(..., "name", "the category it belongs to")
    role: Role = param("profit", "name", "its job: traffic, profit, repeat or image")
    list_price_yuan: float = param(..., "yuan", "shelf price without any promotion", gt=0, le=1e6)
    unit_cost_yuan: float = param(..., "yuan", "purchase cost", ASSUMPTION, gt=0, le=1e6)
    appeal: float = param(0.0, "utility", "liking for it at its list price", ASSUMPTION, ge=-20, le=20)
    content: float = param(
        0.0, "1", "content level, 0 a photo .. 1 film, reviews and advice; liked by a segment's content_sensitivity",
        ASSUMPTION, ge=0, le=1,
    )  # fmt: skip
    sizes: dict[str, float] = param(
        {}, "share", "sizes from small to large and the share of people each fits; one size where empty", ASSUMPTION
    )
    channels: list[str] = Field(default=[], description="channels in which it is sold; all where empty")
    volume_litres: float = param(3.0, "litres", "space one unit takes", ASSUMPTION, gt=0, le=10_000)
    supplier: str | None = param(None, "name", "who delivers it; the first supplier where not named")
    minimum_order_units: int = param(1, "units", "smallest purchase order [MOQ]", ge=1, le=1_000_000)
    price_breaks: list[PriceBreak] = Field(
        default=[], description="discounts by order size; the supplier's where empty"
    )

    _ascending = field_validator("price_breaks")(ascending)


class Catalogue(Section):
    """All categories and SKUs."""

    categories: dict[str, Category] = Field(description="the categories, by name", min_length=1)
    skus: dict[str, Sku] = Field(description="the SKUs, by name", min_length=1)
    services: dict[str, Service] = Field(default={}, description="service assets, by name")
