"""What is sold: categories (how need arises and how storable it is) and SKUs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sim.scenario.units import ASSUMPTION, Section, param

Role = Literal["traffic", "profit", "repeat", "image"]
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
    return_rate: float = param(
        0.12, "share", "chance that a delivered line comes back", "general 0.10-0.15, apparel 0.30", ge=0, le=1
    )
    resale_share: float = param(0.85, "share", "returned units that can be sold again", ASSUMPTION, ge=0, le=1)


class Sku(Section):
    """A product as it is priced and stocked."""

    category: str = param(..., "name", "the category it belongs to")
    role: Role = param("profit", "name", "its job: traffic, profit, repeat or image")
    list_price_yuan: float = param(..., "yuan", "shelf price without any promotion", gt=0, le=1e6)
    unit_cost_yuan: float = param(..., "yuan", "purchase cost", ASSUMPTION, gt=0, le=1e6)
    appeal: float = param(0.0, "utility", "liking for it at its list price", ASSUMPTION, ge=-20, le=20)
    volume_litres: float = param(3.0, "litres", "space one unit takes", ASSUMPTION, gt=0, le=10_000)
    supplier: str | None = param(None, "name", "who delivers it; the first supplier where not named")
    minimum_order_units: int = param(1, "units", "smallest purchase order [MOQ]", ge=1, le=1_000_000)


class Catalogue(Section):
    """All categories and SKUs."""

    categories: dict[str, Category] = Field(description="the categories, by name", min_length=1)
    skus: dict[str, Sku] = Field(description="the SKUs, by name", min_length=1)
