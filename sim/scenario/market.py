"""The market: how many people, where, of which kind, and how they behave."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from sim.scenario.climate import Climate, ColdWave
from sim.scenario.units import ASSUMPTION, Moment, Section, param

HOURLY_DOUBLE_HUMP = (
    1.1, 0.6, 0.35, 0.2, 0.15, 0.2, 0.5, 1.0, 1.6, 2.1, 2.5, 2.4,
    2.1, 2.0, 2.0, 2.0, 2.0, 2.0, 2.2, 2.6, 3.1, 3.2, 2.7, 1.9,
)  # fmt: skip


class City(Section):
    """A city: its share of the population, how far it lies from each warehouse, its climate."""

    share: float = param(..., "share", "share of all consumers who live here", ge=0, le=1)
    line_haul_hours: dict[str, float] = param(
        {}, "hours", "road hours from each warehouse to this city's courier depot; 4 where unnamed",
        ASSUMPTION,
    )  # fmt: skip
    climate: Climate = Field(default=Climate(), description="its temperatures")


class Segment(Section):
    """A kind of consumer; traits are drawn around these values once per person."""

    share: float = param(..., "share", "share of all consumers", ge=0, le=1)
    promise: str = param("standard", "name", "promise class of its orders: standard, or one of operations.promises")
    visits_per_day: float = param(0.08, "visits/day", "mean visit rate of a customer", ASSUMPTION, gt=0, le=5)
    visit_shape: float = param(
        0.27, "1", "Gamma shape [r] of the visit rate across people; small is uneven", "CDNOW BG/NBD", gt=0.05, le=100,
    )  # fmt: skip
    price_sensitivity: float = param(
        2.1, "1", "median of the price coefficient [beta] on log price",
        "Bijmolt et al. 2005: mean elasticity -2.62 = -beta (1 + reference weight) (1 - choice share)", ge=0, le=20,
    )  # fmt: skip
    price_sensitivity_sd: float = param(
        0.3, "1", "log standard deviation of beta across people", ASSUMPTION, ge=0, le=2
    )
    loss_aversion: float = param(
        1.3, "1", "weight of a loss against an equal gain [lambda]",
        "Kalyanaram & Winer 1995; meta-analysis about 1.5, own logits 0.2-1.0: kept mild", ge=0, le=5,
    )  # fmt: skip
    impatience: float = param(
        0.06, "1/day", "utility lost per day of waiting for an event or a parcel", ASSUMPTION, ge=0, le=5
    )
    hassle_aversion: float = param(
        0.8, "1", "utility lost to pre-sale, deposit and threshold arithmetic", ASSUMPTION, ge=0, le=10
    )
    storage_packs: float = param(
        4.0, "packs", "room at home: most packs of one category bought ahead", ASSUMPTION, ge=1, le=100
    )
    service_sensitivity: float = param(
        1.0, "1", "multiplies what lateness, waits and promises do to trust", ASSUMPTION, ge=0, le=10
    )
    content_sensitivity: float = param(
        0.3, "utility", "liking of a SKU with full content against one without; content also halves deliberation",
        ASSUMPTION, ge=0, le=10,
    )  # fmt: skip
    deliberation: float = param(1.0, "1", "multiplies every category's deliberation", ASSUMPTION, ge=0, le=20)
    need: dict[str, float] = param(
        {}, "1", "multiplier on the category's need per visit; 1 where a category is not named", ASSUMPTION
    )
    taste: dict[str, float] = param(
        {}, "utility", "extra utility of a product role (traffic, profit, repeat, image)", ASSUMPTION
    )


class Behaviour(Section):
    """The mechanisms that move demand through time; setting a weight to 0 turns one off."""

    reference_weight: float = param(
        0.15, "1", "weight of gains and losses against the remembered price, times beta",
        "Ecdat panels: present in 3 of 5 categories; size: lifts and elasticity lie within their bands", ge=0, le=5,
    )  # fmt: skip
    reference_memory: float = param(
        0.6, "1/week", "share of the remembered price kept per week", "assumption; used on Ecdat panels",
        gt=0, lt=1,
    )  # fmt: skip
    waiting_weight: float = param(
        1.0, "1", "scale of the value of waiting for an announced event; 0 = nobody waits", ASSUMPTION,
        ge=0, le=5,
    )  # fmt: skip
    waiting_intercept: float = param(
        0.0, "utility", "value of waiting [iv] beside what the saving is worth and what the days cost", ASSUMPTION,
        ge=-10, le=10,
    )  # fmt: skip
    waiting_days: int = param(
        30, "days", "how long a purchase that was put off until an announced event stays wanted; then it lapses, or "
        "has been made elsewhere", ASSUMPTION, ge=0, le=365,
    )  # fmt: skip
    waiting_return: float = param(
        0.5, "share/day", "chance, each day that an announced event runs, that who has put a purchase off comes for it "
        "beside his usual visits", ASSUMPTION, ge=0, le=1,
    )  # fmt: skip
    stockpiling: float = param(
        0.6, "packs", "extra packs per unit of storability x beta x relative gain; 0 = nobody stockpiles",
        "assumption; `make credibility` prints the lifts and shares that follow", ge=0, le=20,
    )  # fmt: skip
    fatigue_per_ritual: float = param(
        0.35, "1", "fatigue gained by living through a festival of ritual strength 1",
        "Bain 2021-23 against AlixPartners 2023: mixed, kept weak", ge=0, le=10,
    )  # fmt: skip
    fatigue_half_life_days: float = param(60.0, "days", "time in which fatigue halves", ASSUMPTION, gt=0, le=3650)
    fatigue_damping: float = param(
        1.0, "1", "attention to rituals falls as exp(-kappa x fatigue)", ASSUMPTION, ge=0, le=20
    )
    message_cap_per_week: float = param(
        2.0, "messages/week", "messages a person takes before they tire him", ASSUMPTION, ge=0, le=50
    )
    message_attention: float = param(
        0.35, "1", "rise of the visit rate on the day after a message", ASSUMPTION, ge=0, le=10
    )
    message_fatigue: float = param(0.05, "1", "fatigue gained per message beyond the cap", ASSUMPTION, ge=0, le=5)
    ritual_attention: float = param(
        2.2, "1", "rise of the visit rate under a ritual of strength 1",
        "orders at festivals 3-15 x (Olist 6.0, Ta Feng 3.7)", ge=0, le=100,
    )  # fmt: skip
    ritual_discovery: float = param(
        0.5, "1", "share of the ritual's pull that reaches people who are not customers yet", ASSUMPTION,
        ge=0, le=5,
    )  # fmt: skip
    first_hour_share: float = param(
        0.25, "share", "share of a festival day's extra visits in its first hour",
        "2019: 37 % of the day's GMV within 64 minutes", ge=0, le=1,
    )  # fmt: skip
    trust_start: float = param(0.8, "1", "trust of a customer without experience", ASSUMPTION, ge=0, le=1)
    trust_visit_weight: float = param(1.2, "1", "log visit rate per unit of trust", ASSUMPTION, ge=0, le=10)
    trust_choice_weight: float = param(1.0, "utility", "utility of buying per unit of trust", ASSUMPTION, ge=0, le=10)
    kept_promise: float = param(0.02, "1", "share of missing trust regained by a kept promise", ASSUMPTION, ge=0, le=1)
    late_first: float = param(
        0.16, "1", "trust lost when a person's first order is late",
        "Intelipost: six-month repurchase 42 % on time, 33 % late", ge=0, le=1,
    )  # fmt: skip
    late_established: float = param(
        0.05, "1", "trust lost when a later order is late", "Intelipost: engaged customers -5..-9 %", ge=0, le=1
    )
    stockout_hit: float = param(
        0.015, "1", "trust lost when what was wanted is sold out",
        "Anderson, Fitzsimons & Simester 2006: future orders hit; size not readable, assumption", ge=0, le=1,
    )  # fmt: skip
    regret_hit: float = param(
        0.02, "1", "trust lost by who bought and then sees it cheaper, in any channel", ASSUMPTION, ge=0, le=1
    )
    regret_days: int = param(15, "days", "how long after buying a lower price is regretted",
        "price-protection windows at festivals are 15 days and more; assumption", ge=0, le=365)  # fmt: skip
    regret_gap: float = param(0.05, "share", "how much cheaper it must be to be noticed", ASSUMPTION, ge=0, le=1)
    gift_hit: float = param(0.03, "1", "trust lost when a promised gift is missing", ASSUMPTION, ge=0, le=1)
    misfit_utility: float = param(
        0.7, "utility", "utility lost on a neighbour of one's own size", ASSUMPTION, ge=0, le=20
    )
    misfit_returns: float = param(
        2.0, "1", "multiplies the return chance of a line in a neighbour of one's own size", ASSUMPTION, ge=0, le=10
    )
    other_channel: float = param(
        1.0, "utility", "utility lost in a channel that is not one's own", ASSUMPTION, ge=0, le=20
    )
    deliberation_days: int = param(
        14, "days", "how long a look is remembered: who looks again within it has slept on it", ASSUMPTION, ge=0, le=365
    )
    wait_hit: float = param(0.03, "1", "trust lost when a call for help is abandoned", ASSUMPTION, ge=0, le=1)
    leave_trust_weight: float = param(
        3.0, "1", "log hazard of leaving after an order per unit of missing trust", ASSUMPTION, ge=0, le=20
    )
    leave_a: float = param(
        0.484,
        "1",
        "Beta a of the chance to leave per usual order: an order more, because something was cheap, drives nobody away",
        "CDNOW BG/NBD",
        gt=0,
        le=100,
    )
    leave_b: float = param(2.112, "1", "Beta b of the chance to leave per usual order", "CDNOW BG/NBD", gt=0, le=100)
    established_orders: int = param(
        10, "orders", "orders that customers at the start have behind them: who has stayed after x orders leaves "
        "with a chance from Beta(a, b + x)", ASSUMPTION, ge=0, le=10_000,
    )  # fmt: skip
    appeal_sd: float = param(
        0.4, "utility", "standard deviation of each SKU's appeal from week to week",
        "gives a SKU-week variance over mean of about 2.2 at 10 units a week, as Complete Journey has", ge=0, le=5,
    )  # fmt: skip
    event_acquired_rate: float = param(
        0.85, "1", "visit rate of a customer won at a festival, against others",
        "prweb: 20 % fewer later purchases; counter-evidence Complete Journey", ge=0, le=2,
    )  # fmt: skip
    speed_utility: float = param(
        0.01, "utility/day", "utility per day of faster promise", "Fisher, Gallino & Xu: +1.0 % demand a day",
        ge=0, le=1,
    )  # fmt: skip


class Channel(Section):
    """A place to buy: its pull and its returns."""

    share: float = param(1.0, "share", "share of consumers who prefer it", ge=0, le=1)
    return_multiplier: float = param(
        1.0, "1", "multiplies the return chance", "livestream 30-50 % against 10-15 %", ge=0, le=10
    )
    impulse: float = param(
        0.0, "utility", "extra utility of buying here: livestreams sell on impulse", ASSUMPTION, ge=-10, le=10
    )
    hours: tuple[int, int] = param((0, 24), "hour of day", "open from, to; a livestream may run 19 to 24", strict=False)


class RivalFestival(Section):
    """A festival of the rival."""

    start: Moment = param(..., "local time", "first second")
    end: Moment = param(..., "local time", "last moment")
    depth: float = param(0.2, "share", "cut of the rival's prices", ge=0, le=0.95)


class Rival(Section):
    """The outside option: a rival price index around 1 with its own festival discounts."""

    price_sd: float = param(0.01, "1", "daily shock of the log price index", ASSUMPTION, ge=0, le=0.5)
    price_persistence: float = param(0.9, "1", "AR(1) coefficient per day", ASSUMPTION, ge=0, lt=1)
    pull: float = param(
        0.8, "1", "utility of buying elsewhere per unit of log price below usual", ASSUMPTION, ge=0, le=10
    )
    festivals: dict[str, RivalFestival] = Field(default={}, description="the rival's own festivals, by name")


class Market(Section):
    """Everything about the people."""

    consumers: int = param(100_000, "people", "size of the market, customers and prospects", ge=1, le=20_000_000)
    prospect_share: float = param(
        0.3, "share", "people who have not bought yet when the world starts", ASSUMPTION, ge=0, le=1
    )
    discovery_per_day: float = param(0.006, "visits/day", "rate at which a prospect comes by", ASSUMPTION, ge=0, le=1)
    cities: dict[str, City] = Field(description="the cities, by name; shares sum to 1", min_length=1)
    segments: dict[str, Segment] = Field(description="the segments, by name; shares sum to 1", min_length=1)
    channels: dict[str, Channel] = Field(
        default={"app": Channel()}, description="the channels, by name; shares sum to 1", min_length=1
    )
    behaviour: Behaviour = Field(default=Behaviour(), description="the mechanisms of demand")
    choice_draws: Literal["coupled", "inverse_cdf"] = param(
        "coupled", "name", "coupled: one Gumbel draw per alternative, so that improving one SKU moves buyers only "
        "toward it; inverse_cdf: one uniform a choice, which moves others too (to study coupling)",
    )  # fmt: skip
    rival: Rival = Field(default=Rival(), description="the rival outside")
    cold_waves: list[ColdWave] = Field(default=[], description="dated cold waves, beside random ones", max_length=500)
    spring_festival_demand: float = param(
        1.0, "1", "factor on visits from New Year's Eve through the seven days of the Spring Festival; 1 = a week "
        "like any other", ASSUMPTION, ge=0, le=10,
    )  # fmt: skip
    hour_profile: list[float] = param(
        list(HOURLY_DOUBLE_HUMP), "weight", "visits by hour of a normal day, 24 weights", ASSUMPTION,
        min_length=24, max_length=24,
    )  # fmt: skip
    weekday_profile: list[float] = param(
        [0.97, 0.96, 0.97, 0.98, 1.0, 1.06, 1.06], "weight", "visits by weekday, Monday first, 7 weights",
        ASSUMPTION, min_length=7, max_length=7,
    )  # fmt: skip

    @field_validator("hour_profile", "weekday_profile")
    @classmethod
    def _weights(cls, value: list[float]) -> list[float]:
        if min(value) < 0 or sum(value) <= 0:
            raise ValueError("must be weights of at least 0 with a positive sum")
        return value
