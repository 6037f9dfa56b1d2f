"""Rules in conflict, out of reach or without effect are told in one line each, and nothing else is."""

from __future__ import annotations

import random
import time
from pathlib import Path

import numpy as np
import pytest

from sim.errors import ScenarioError
from sim.scenario import load_scenario
from sim.scenario.expected import STAY, belonging, orders_while, visits_while, window
from sim.scenario.stacking import Shelf, deals, live_sets
from sim.scenario.warnings import warnings_of
from tests.scenario.test_faults import mutate

HEAD = "extends: plain.yaml\n"
PLAIN = """extends: shipped:double12.yaml
campaigns: {double12: {gifts: {tote_bag: null}, bundles: {lunch_and_rice: null}, price_match: null}}
market: {channels: {app: {share: 1}, livestream: null, store: null}}
catalogue:
  services: {size_guide: null, set_up_films: null, long_warranty: null, trade_in: null, skin_care_set: null}
  skus: {tee: {sizes: null}, thermal: {sizes: null}, jeans: {sizes: null}, down_jacket: {sizes: null},
         cashmere: {sizes: null}}
"""
"""The shipped festival without gift, bundle, promise, services, sizes and further channels: each case adds its own."""
LIVE = "market: {channels: {app: {share: 0.6}, live: {share: 0.4}}}\n"
DRINKS = "sd_1053690, sd_5569230, sd_5569471, sd_8090521, sd_8090537"
AT_SALVAGE = (
    ": stock bought for it and not sold by then counts at 75% of its cost, which may decide the profit; leave at least "
    "28 days"
)
EARLY = (
    "campaigns.double12: is announced 19.2 days before the first scored day 2023-11-20 and is not in schedule "
    "always_on, three_weeks: what buyers put off until it counts for nothing; begin to score on 2023-10-31"
)
SMALLER = "; make one of the offers smaller or name fewer skus"


def warnings(folder: Path, text: str) -> list[str]:
    """Warnings of a scenario file that extends the shipped one."""
    file = folder / "mine.yaml"
    file.write_text(HEAD + text)
    (folder / "plain.yaml").write_text(PLAIN)
    return warnings_of(load_scenario(file))


CASES: dict[str, list[str]] = {
    # offers that add up: 129 x 0.85 = 109.65; a sixth off 300 leaves 91.38; minus the gift's part, 109.65 / 300 of 20
    "campaigns: {double12: {skus: [kettle], gifts: {mug: {unit_cost_yuan: 20, stock_units: 99999}}}}": [
        "campaigns.double12.threshold: spend_yuan 300 is more than the two dearest eligible SKUs together (219.30 yuan "
        "at markdown 0.15): hardly an order reaches it; lower spend_yuan",
        "campaigns.double12: markdown 0.15, threshold 300 - 50, gift mug 20 yuan: 1 SKU below cost, the worst "
        "kettle with "
        "84.06 yuan left of a unit that costs 88.00" + SMALLER,
    ],
    # a gift that is not there costs nothing
    "campaigns: {double12: {skus: [kettle], threshold: null, gifts: {mug: {unit_cost_yuan: 90, stock_units: 0}}}}": [
        "campaigns.double12.gifts.mug: stock_units 0 against about 260 orders in 2.17 days (both for 100,000 "
        "consumers; "
        "visit rates taken 2.76 times the usual for ritual 0.8); raise stock_units or name fewer skus",
    ],
    # 79 x 0.85 x 0.5 = 33.58 < 36 / 1.05 = 34.29; jeans 199 x 0.85 x 0.5 x (1 - 50 / 300) = 70.48 < 92 / 1.05 = 87.62
    "campaigns: {double12: {bundles: {warm: {skus: [tee, jeans], saving: 0.5}}}}": [
        "campaigns.double12: markdown 0.15, threshold 300 - 50, bundle warm 0.5: 2 SKUs below cost, the worst jeans "
        "with "
        "87.62 yuan left of a unit that costs 92.00; red_lines.margin_floor -0.05 clips tee, jeans" + SMALLER,
    ],
    # each alone is harmless, together in one schedule they are not
    "campaigns: {year_end_good_price: {markdown: 0.2, ritual: 0}, double12: {markdown: 0, presale: null}}\n"
    "schedules: {both: [double11, year_end_good_price, double12]}": [
        "campaigns.year_end_good_price + campaigns.double12: markdown 0.2 with threshold 300 - 50: 9 SKUs below "
        "cost, the "
        f"worst hair_dryer with 132.67 yuan left of a unit that costs 137.00{SMALLER}",
    ],
    # ... and in two schedules they never meet
    "campaigns: {year_end_good_price: {markdown: 0.2, ritual: 0}, double12: {markdown: 0, presale: null}}": [],
    # ... nor in two cities
    "campaigns: {year_end_good_price: {markdown: 0.2, cities: [hangzhou]}, double12: {markdown: 0, presale: null, "
    "cities: "
    "[chengdu]}}\nschedules: {both: [double11, year_end_good_price, double12]}": [],
    # a floor above cost clips what is no loss yet
    "red_lines: {margin_floor: 0.3}\nschedules: {big_promo: [double12], always_on: [double12], three_weeks: null}": [
        "campaigns.double12: markdown 0.15, threshold 300 - 50: red_lines.margin_floor 0.3 clips "
        f"{DRINKS} and 5 more{SMALLER}",
    ],
    # thresholds
    "campaigns: {double12: {threshold: {spend_yuan: 3000}}}": [
        "campaigns.double12.threshold: spend_yuan 3000 is more than the two dearest eligible SKUs together (2038.30 "
        "yuan "
        "at markdown 0.15): hardly an order reaches it; lower spend_yuan",
    ],
    "campaigns: {double12: {threshold: {spend_yuan: 54, save_yuan: 5}}}": [
        "campaigns.double12.threshold: spend_yuan 54 is no more than the cheapest eligible SKU (54.40 yuan at markdown "
        "0.15): everybody gets it; raise spend_yuan",
    ],
    "campaigns: {double12: {threshold: {spend_yuan: 55, save_yuan: 5}}}": [],
    # gifts
    "campaigns: {double12: {skus: [apparel], gifts: {mug: {stock_units: 9, skus: [kettle]}}}}": [
        "campaigns.double12.gifts.mug: goes with no SKU of its campaign; name some that the campaign has",
    ],
    "market: {consumers: 20000}\ncampaigns: {double12: {gifts: {pin: {unit_cost_yuan: 0.1, stock_units: 500}}}}": [
        "campaigns.double12.gifts.pin: stock_units 500 against about 10,000 orders in 2.17 days (both for 100,000 "
        "consumers; visit rates taken 2.76 times the usual for ritual 0.8); raise stock_units or name fewer skus",
    ],
    "campaigns: {double12: {gifts: {pin: {unit_cost_yuan: 0.1, stock_units: 20000}}}}": [],
    # pre-sales
    "campaigns: {double12: {presale: {deposit: 0.25}}}": [
        "campaigns.double12.presale: deposit 0.25 of the price, Tmall allows at most 0.2; lower it",
    ],
    "campaigns: {double12: {presale: {deposit: 0.2}}}": [],
    "campaigns: {double12: {markdown: 0, skus: [apparel]}}": [
        "campaigns.double12.presale: takes deposits on 5 SKUs that the campaign does not mark down: nobody gains by "
        "paying early; set a markdown or leave the pre-sale out",
    ],
    # one source, twelve generated campaigns, three schedules: one line
    "campaigns: {double12: {presale: {deposit: 0.25}}}\nschedules: {a: [double11, {k_events: 12, of: double12}], b: "
    "[double11, {k_events: 12, of: double12}], big_promo: [double11]}": [
        "campaigns.double12/1 of 12.presale (and 11 more like it): deposit 0.25 of the price, Tmall allows at most "
        "0.2; "
        "lower it",
    ],
    # channels
    LIVE + "campaigns: {double12: {channels: [live], skus: [tee, jeans], threshold: null}}": [
        "campaigns.double12.channels: in channel live 2 SKUs (tee, jeans) cost up to 0.15 less than in app, "
        "red_lines.channel_gap is 0.1; add app to its channels or lower its markdown of 0.15",
    ],
    LIVE + "campaigns: {double12: {channels: [app]}}": [],
    LIVE + "red_lines: {channel_gap: 0.15}\ncampaigns: {double12: {channels: [live]}}": [],
    LIVE + "catalogue: {skus: {tee: {channels: [live]}}}\ncampaigns: {double12: {channels: [live], skus: [tee, "
    "jeans], threshold: null}}": [
        "campaigns.double12.channels: in channel live 1 SKU (jeans) cost up to 0.15 less than in app, "
        "red_lines.channel_gap is 0.1; add app to its channels or lower its markdown of 0.15",
    ],
    # one campaign after another
    "campaigns: {double11: {price_match: {days: 30}, skus: [tee], threshold: null}, double12: {markdown: 0.2, skus: "
    "[apparel]}}": [
        "campaigns.double11 + campaigns.double12: the first promises to match prices for 30 days, the second starts "
        "28.8 "
        "days after the first with markdown 0.2 against 0.15 on 1 SKU: claims are certain (claim_share 0.5 of who sees "
        "it); shorten price_match.days or make the second no deeper",
    ],
    "campaigns: {double11: {price_match: {days: 28}, skus: [tee], threshold: null}, double12: {markdown: 0.2, skus: "
    "[apparel]}}": [],
    "campaigns: {double11: {price_match: {days: 30}, skus: [tee], threshold: null}, double12: {markdown: 0.2, skus: "
    "[jeans]}}": [],
    "campaigns: {double11: {price_match: {days: 30}, cities: [hangzhou]}, double12: {markdown: 0.2, skus: [apparel], "
    "cities: [chengdu]}}": [],
    "campaigns: {double12: {markdown: 0.2, skus: [apparel], announced_days: 40}}": [
        EARLY,
        "campaigns.double11 + campaigns.double12: the second is announced 11.2 days before the first ends and is "
        "deeper "
        "(markdown 0.2, threshold 300 - 50 against markdown 0.15, threshold 300 - 50): buyers wait for it; lower its "
        "announced_days",
    ],
    "campaigns: {double12: {announced_days: 40}}": [EARLY],  # nobody waits for the same price
    "schedules: {both: [double11, year_end_good_price, double12]}": [
        "campaigns.year_end_good_price + campaigns.double12: rituals 0.04 and 0.8 run together in hangzhou, chengdu, "
        "where only the stronger pulls; move one or set its ritual to 0",
    ],
    "campaigns: {double12: {cities: [chengdu]}}\nschedules: {both: [double11, year_end_good_price, double12]}": [
        "campaigns.year_end_good_price + campaigns.double12: rituals 0.04 and 0.8 run together in chengdu, where "
        "only the "
        "stronger pulls; move one or set its ritual to 0",
    ],
    # announced, or begun, before the first scored day
    "calendar: {start: 2023-10-11}": [
        "campaigns.double12: is announced 3.2 days before the first scored day 2023-11-30 and is not in "
        "schedule always_on, three_weeks: what buyers put off until it counts for nothing; begin to score on "
        "2023-11-26",
        "campaigns.year_end_good_price: is announced 2.0 days before the first scored day 2023-11-30 and is not in "
        "schedule big_promo, three_weeks: what buyers put off until it counts for nothing; begin to score on "
        "2023-11-28",
        "campaigns.double12_three_weeks: starts 10.0 days before the first scored day 2023-11-30 and is not in "
        "schedule big_promo, always_on: its first sales count for nothing; begin to score on 2023-11-20",
    ],
    # ... of all schedules alike is a common past; what saves nothing is not waited for
    "calendar: {start: 2023-10-11}\nschedules: {big_promo: [double12], always_on: [double12], three_weeks: null}\n"
    "compare: {schedules: []}": [],
    "calendar: {start: 2023-10-11}\ncampaigns: {double12: {markdown: 0, threshold: null, presale: null}}\n"
    "schedules: {big_promo: [double12], always_on: [], three_weeks: null}": [],
    # beside the scored days
    "schedules: {big_promo: [double12]}": [
        "campaigns.double11: ends before the first scored day 2023-11-20 and is not in schedule big_promo, which thus "
        "starts from another past; put it in all schedules or in none",
    ],
    "calendar: {scored_days: 20}": [
        f"calendar: ends 8 days after the last of double12_three_weeks, year_end_good_price{AT_SALVAGE}",
        "campaigns.double12: starts 2023-12-10 20:00, after the last scored day 2023-12-09: its sales count for "
        "nothing; "
        "move it or lengthen scored_days",
    ],
    # an end too soon after a campaign
    "calendar: {scored_days: 41, settlement_days: 30}": [],
    "calendar: {scored_days: 42, settlement_days: 27}": [
        f"calendar: ends 27 days after the last of year_end_good_price{AT_SALVAGE}",
    ],
    "calendar: {scored_days: 42, settlement_days: 4}": [
        f"calendar: ends 4 days after the last of double12, double12_three_weeks, year_end_good_price{AT_SALVAGE}",
    ],
    "calendar: {scored_days: 42, settlement_days: 4}\noperations: {finance: {salvage_share: 1}}": [],
    "calendar: {scored_days: 20, settlement_days: 0}": [
        f"calendar: ends 0 days after the last of double12_three_weeks, year_end_good_price{AT_SALVAGE}",
        "campaigns.double12: lies outside the calendar and never runs",
    ],
    # services
    "catalogue: {services: {fit: {kind: size_advice, skus: [apparel]}}}": [
        "catalogue.services.fit: size_advice belongs to 5 SKUs without sizes: no return to avoid; name SKUs with "
        "sizes or "
        "leave it out",
    ],
    "catalogue: {services: {fit: {kind: size_advice, skus: [apparel]}}, skus: {tee: {sizes: {S: 0.5, L: 0.5}}}}": [],
    "catalogue: {services: {fit: {kind: size_advice, skus: [tee]}}, skus: {tee: {sizes: {S: 0.5, L: 0.5}}}, "
    "categories: {apparel: {return_rate: 0}}}": [
        "catalogue.services.fit: size_advice belongs to 1 SKU with return_rate 0: no return to avoid; leave it out",
    ],
    "catalogue: {services: {swap: {kind: trade_in, skus: [apparel]}}, categories: {apparel: {storability: 0}}}": [
        "catalogue.services.swap: trade_in belongs to 5 SKUs of storability 0: need does not wait for what is at home; "
        "leave it out",
    ],
    "catalogue: {services: {how: {kind: tutorials}}}\noperations: {service_desk: {contacts_per_order: 0}}": [
        "catalogue.services.how: tutorials avoids contacts, but operations.service_desk.contacts_per_order is 0; "
        "leave it "
        "out",
    ],
    "catalogue: {services: {care: {kind: warranty, price_yuan: 9, effect: 0}}}": [
        "catalogue.services.care: warranty has effect 0; raise effect or leave it out",
    ],
    "catalogue: {services: {sets: {kind: matching_sets, skus: [tee], partner: tee}}}": [
        "catalogue.services.sets: matching_sets has no SKU beside its partner 'tee'; name the SKUs it goes with",
    ],
    LIVE + "catalogue: {services: {sets: {kind: matching_sets, skus: [tee], partner: jeans}}, skus: {tee: {channels: "
    "[live]}, jeans: {channels: [app]}}}": [
        "catalogue.services.sets: matching_sets has a partner 'jeans' in no channel of its 1 SKU; share one",
    ],
    "catalogue: {services: {sets: {kind: matching_sets, skus: [apparel], partner: jeans}, how: {kind: tutorials}, "
    "care: {kind: warranty, price_yuan: 9}, swap: {kind: trade_in}}}": [],
}  # fmt: skip


@pytest.mark.parametrize("text", CASES)
def test_each_warning_is_told_once_and_no_other(tmp_path: Path, text: str) -> None:
    assert warnings(tmp_path, text) == CASES[text]


def test_the_shipped_scenarios_warn_only_of_what_is_so() -> None:
    assert warnings_of(load_scenario("double12")) == []
    assert warnings_of(load_scenario("year")) == [YEAR]


YEAR = (  # true: 26 November, 20:00, lies before 3 December, 0:00, and half of the markdown is on offer by then
    "campaigns.double11-2024/week 4 of 4 + campaigns.double12-2024: the second is announced 6.17 days before the first "
    "ends and is deeper (markdown 0.15, threshold 300 - 50 against markdown 0.075, threshold 300 - 25): buyers wait "
    "for "
    "it; lower its announced_days"
)


def test_campaigns_live_together_by_city_and_hour() -> None:
    cities = ["campaigns.double12.cities=[chengdu]", "schedules={x: [double11, year_end_good_price, double12]}"]
    scenario = load_scenario("double12", [*cities, "compare.baseline=null"])
    assert {tuple(name for name, _ in live) for live in live_sets(scenario, "x")} == {
        ("double11",), ("year_end_good_price",), ("year_end_good_price", "double12"),
    }  # fmt: skip


def test_the_deepest_order_may_have_no_threshold_in_it() -> None:
    """A gift of 30 yuan weighs more on one kettle at 109.65 than a sixth off a basket of 300 in which it is shared."""
    gifts = "campaigns.double12.gifts={mug: {unit_cost_yuan: 30, stock_units: 1}}"
    scenario = load_scenario("double12", [gifts])
    shelf = Shelf.of(scenario)
    (live,) = [live for live in live_sets(scenario, "big_promo") if live[0][0] == "double12"]
    kettle = next(d for d in deals(scenario, shelf, live) if shelf.names[d.sku] == "kettle")
    assert kettle.kept == pytest.approx(129 * 0.85 - 30) and kettle.loss and not kettle.clipped


def test_expected_orders_follow_the_campaign() -> None:
    base = load_scenario("double12")
    every, c = belonging(base, []), base.campaigns["double12"]
    plain = c.model_copy(update={"ritual": 0.0})
    assert visits_while(base, plain).sum() < visits_while(base, c).sum() < 2.76 * 1.5 * visits_while(base, plain).sum()
    orders = orders_while(base, c, every)
    assert 0.0 < orders_while(base, c, belonging(base, ["apparel"])) < orders < STAY * visits_while(base, c).sum()
    assert orders < orders_while(base, c, every, appeal=0.5)
    assert orders > orders_while(base, c.model_copy(update={"markdown": 0.0}), every)
    assert orders_while(base, c, ~every) == 0.0
    one = c.model_copy(update={"cities": ["hangzhou"], "traffic_yuan_per_day": 0.0})
    both = c.model_copy(update={"traffic_yuan_per_day": 0.0})
    assert visits_while(base, one).sum() == pytest.approx(0.55 * visits_while(base, both).sum())
    bought = visits_while(base, c).sum() - visits_while(base, both).sum()
    begin, end = window(base, c)
    assert bought == pytest.approx(3000 / 0.6 * (end - begin).total_seconds() / 86_400)


def test_nobody_comes_twice_a_day_in_the_wildest_festival() -> None:
    wild = ["market.behaviour.first_hour_share=1", "campaigns.double12.traffic_yuan_per_day=0"]
    scenario = load_scenario("double12", wild)
    assert 50_000 < visits_while(scenario, scenario.campaigns["double12"]).sum() < 3 * 100_000


def test_visits_of_a_plain_day_are_those_of_the_gamma_mixture() -> None:
    settings = ["market.prospect_share=0", "campaigns.double12.start=2023-12-12T00:00", "campaigns.double12.ritual=0",
                "campaigns.double12.traffic_yuan_per_day=0"]  # fmt: skip
    scenario = load_scenario("double12", settings)
    segments = scenario.market.segments.values()
    rates = np.array([s.visits_per_day for s in segments])
    per_day = 100_000 * np.array([s.share for s in segments]) * (1 - (1 + rates / 0.27) ** -0.27)
    assert visits_while(scenario, scenario.campaigns["double12"]) == pytest.approx(per_day)


RICH = """\
extends: plain.yaml
market:
  channels:
    app: {share: 0.6}
    live: {share: 0.4, hours: [19, 24], impulse: 0.5}
  rival: {festivals: {sale: {start: 2023-12-01T00:00, end: 2023-12-03T00:00}}}
red_lines: {margin_floor: 0.1, channel_gap: 0.05}
catalogue:
  skus:
    tee: {sizes: {S: 0.25, M: 0.5, L: 0.25}, content: 0.5}
    jeans: {channels: [live]}
  services:
    fit: {kind: size_advice, skus: [apparel]}
    how: {kind: tutorials}
    sets: {kind: matching_sets, skus: [tee], partner: jeans}
    care: {kind: warranty, price_yuan: 20}
    swap: {kind: trade_in, skus: [small_appliances]}
campaigns:
  double11: {price_match: {days: 40}, cities: [hangzhou]}
  double12:
    channels: [live]
    markdown: 0.4
    presale: {deposit: 0.3}
    threshold: {spend_yuan: 500}
    gifts:
      mug: {unit_cost_yuan: 9, stock_units: 100}
      pin: {stock_units: 5, skus: [tee]}
    bundles:
      warm: {skus: [tee, jeans], saving: 0.3}
  year_end_good_price: {markdown: 0.1, gifts: {bag: {stock_units: 900}}}
schedules:
  both: [double11, year_end_good_price, double12]
  pieces: [double11, {k_events: 5, of: double12}]
  stages: [double11, {staged: double12, weeks: 3}]
"""


def test_300_mutants_warn_in_plain_lines_or_are_refused(tmp_path: Path) -> None:
    file, valid, lines = tmp_path / "mutant.yaml", 0, 0
    (tmp_path / "plain.yaml").write_text(PLAIN)
    file.write_text(RICH)
    assert len(warnings_of(load_scenario(file))) > 12
    for n in range(300):
        file.write_bytes(mutate(RICH, random.Random(n)))
        try:
            scenario = load_scenario(file)
        except ScenarioError as error:
            assert all(str(fault).count("\n") == 0 for fault in error.faults), n
            continue
        told = warnings_of(scenario)
        assert len(set(told)) == len(told) and all("\n" not in line and ": " in line for line in told), n
        valid, lines = valid + 1, lines + len(told)
    assert valid > 20 and lines > 200


def test_hundreds_of_campaigns_are_read_quickly() -> None:
    entries = ", ".join(f"{{k_events: 50, of: year_end_good_price, days: 1.{n}}}" for n in range(1, 9))
    settings = ["campaigns.year_end_good_price.markdown=0.01", "campaigns.year_end_good_price.ritual=0"]
    scenario = load_scenario("double12", [*settings, f"schedules.x=[double11, {entries}]"])
    assert len(scenario.schedules["x"]) == 401
    begin = time.perf_counter()
    assert len(warnings_of(scenario)) < 100
    assert time.perf_counter() - begin < 5.0
