"""Every fault of a scenario is told with its place, all at once, and never as a traceback."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from sim.errors import ScenarioError
from sim.scenario import load_scenario
from sim.scenario.checks import faults_of
from sim.scenario.merge import SHIPPED
from sim.scenario.reader import MOST_BYTES
from sim.scenario.root import Written

HEAD = "extends: shipped:double12.yaml\n"


def faults(folder: Path, text: str | bytes) -> list[str]:
    """Messages of a scenario file `mine.yaml` with this text, its folder left out."""
    file = folder / "mine.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file)
    assert caught.value.exit_code == 2
    return [str(fault).replace(f"{folder}/", "") for fault in caught.value.faults]


CASES = {
    "market: {consumers: lots}": "mine.yaml:2:10: market.consumers: must be a whole number of at least 1, got 'lots'",
    "market: {consumers: 0}": "mine.yaml:2:10: market.consumers: must be a whole number of at least 1, got 0",
    "market: {consumers: 1.5}": "mine.yaml:2:10: market.consumers: must be a whole number of at least 1, got 1.5",
    "market: {consumers: true}": "mine.yaml:2:10: market.consumers: must be a whole number of at least 1, got True",
    "market: {consumers: '5'}": "mine.yaml:2:10: market.consumers: must be a whole number of at least 1, got '5'",
    "market: 3": "mine.yaml:2:1: market: must be a mapping, got 3",
    "replicatons: 3": "mine.yaml:2:1: must have known keys only, got 'replicatons'; did you mean 'replications'?",
    "market: {consumer: 3}": "mine.yaml:2:10: market: must have known keys only, got 'consumer'; "
    "did you mean 'consumers'?",
    "seed: 1\nseed: 2": "mine.yaml:3:1: seed: must stand only once, this is a duplicate key",
    "seed: -1": "mine.yaml:2:1: seed: must be a whole number of at least 0, got -1",
    "seed: .nan": "mine.yaml:2:1: seed: must be a whole number of at least 0, got nan",
    "seed: !!int 3": "mine.yaml:2:7: tag:yaml.org,2002:int: must not use tags",
    "seed: &a 3": "mine.yaml:2:7: &a: must not use anchors",
    "market: !!python/object:os.system {}": "mine.yaml:2:9: tag:yaml.org,2002:python/object:os.system: "
    "must not use tags",
    "market: {<<: 3}": "mine.yaml:2:10: market: must not use merge keys ('<<'): use extends",
    "? [1, 2]\n: 3": "mine.yaml:2:3: must have plain names as keys",
    "seed: [1": "mine.yaml:3:1: must be valid YAML: did not find expected ',' or ']'",
    "\tseed: 1": "mine.yaml:2:1: must be valid YAML: found a tab character that violates indentation",
    "seed: 1\n---\nseed: 2": "mine.yaml:3:1: must be one document, this is a second one",
    "market: {cities: {hangzhou: {share: 0.7}}}": "mine.yaml:2:10: market.cities: must have shares that sum to 1, "
    "got 1.15",
    "market: {segments: {rare_large: {share: 0.2}}}": "mine.yaml:2:10: market.segments: must have shares that sum "
    "to 1, got 1.05",
    "market: {segments: {rare_larg: {share: 0.15}}}": "mine.yaml:2:21: market.segments: must have shares that sum "
    "to 1, got 1.15 with 'rare_larg'; did you mean 'rare_large'?",
    "market: {segments: {service_sensitive: {share: 0.2}}}": "mine.yaml:2:10: market.segments: must have shares that "
    "sum to 1, got 1.05",
    "market: {channels: {liverstream: {impulse: 0.4}}}": "mine.yaml:2:21: market.channels: must have shares that sum "
    "to 1, got 2 with 'liverstream'; did you mean 'livestream'?",
    "catalogue: {categories: {aparel: {need: 0.3}}}": "mine.yaml:2:26: catalogue.categories.aparel: must have at "
    "least one SKU; did you mean 'apparel'?",
    "campaigns: {double12: {end: 2023-12-01T00:00}}": "mine.yaml:2:24: campaigns.double12.end: must lie after the "
    "start, got 2023-12-01 00:00:00",
    "campaigns: {double12: {end: tomorrow}}": "mine.yaml:2:24: campaigns.double12.end: must be a date and time like "
    "2023-12-10T20:00, got 'tomorrow'",
    "campaigns: {double12: {end: '2023-12-12T23:00+08:00'}}": "mine.yaml:2:24: campaigns.double12.end: must be local "
    "time, without a time zone, got '2023-12-12T23:00+08:00'",
    "campaigns: {double12: {presale: {start: 2023-12-20T00:00}}}": "mine.yaml:2:34: campaigns.double12.presale.start: "
    "must lie before the campaign's start, got 2023-12-20 00:00:00",
    "campaigns: {double12: {markdown: 1.5}}": "mine.yaml:2:24: campaigns.double12.markdown: must be a number of at "
    "most 0.95, got 1.5",
    "campaigns: {double12: {threshold: {save_yuan: 400}}}": "mine.yaml:2:36: "
    "campaigns.double12.threshold.save_yuan: must be less than spend_yuan, got 400",
    "campaigns: {double12: {skus: [tea]}}": "mine.yaml:2:31: campaigns.double12.skus.0: must be a SKU or category "
    "(soft_drinks, skincare, apparel, small_appliances, sd_1053690, sd_5569230, sd_5569471, sd_8090521 ...), "
    "got 'tea'; did you mean 'tee'?",
    "schedules: {big_promo: [double13]}": "mine.yaml:2:25: schedules.big_promo.0: must be a campaign (double11, "
    "double12, year_end_good_price, double12_three_weeks), got 'double13'; did you mean 'double12'?",
    "schedules: {big_promo: [double11, double11]}": "mine.yaml:2:35: schedules.big_promo.1: must name each campaign "
    "once, got 'double11'",
    "calendar: {start: 2023-13-01}": "mine.yaml:2:12: calendar.start: must be a date like 2023-10-01, "
    "got '2023-13-01'",
    "calendar: {scored_days: 3660, settlement_days: 100}": "mine.yaml:2:1: calendar: must span at most 3,660 days in "
    "all, got 3810",
    "catalogue: {skus: {tee: {category: aparel}}}": "mine.yaml:2:26: catalogue.skus.tee.category: must be a category "
    "(soft_drinks, skincare, apparel, small_appliances), got 'aparel'; did you mean 'apparel'?",
    "catalogue: {skus: {tee: {role: trafic}}}": "mine.yaml:2:26: catalogue.skus.tee.role: must be 'traffic', "
    "'profit', 'repeat' or 'image', got 'trafic'; did you mean 'traffic'?",
    "catalogue: {skus: {new: {category: apparel}}}": "mine.yaml:2:20: catalogue.skus.new.list_price_yuan: must be "
    "given",
    "catalogue: {skus: {'a b': {category: apparel, list_price_yuan: 5, unit_cost_yuan: 2}}}": "mine.yaml:2:20: "
    "catalogue.skus.a b: must be a name of letters, digits, _ and -, at most 64, got 'a b'",
    "operations: {couriers: {paris: {couriers: 3}}}": "mine.yaml:2:25: operations.couriers.paris: must be a city "
    "(hangzhou, chengdu), got 'paris'",
    "operations: {couriers: {chengdu: null}}": "mine.yaml:2:14: operations.couriers: must have a fleet for each "
    "city, 'chengdu' has none",
    "operations: {courier_hours: [20, 8]}": "mine.yaml:2:14: operations.courier_hours: must be two hours from 0 to "
    "24, the first earlier, got [20, 8]",
    "line_ups: {closed_loop: {stocking: newsvender}}": "mine.yaml:2:26: line_ups.closed_loop.stocking: stocking "
    "strategy must be one that exists, got 'newsvender'; did you mean 'newsvendor'?",
    "line_ups: {closed_loop: {stocking: ./no.py:Mine}}": "mine.yaml:2:26: line_ups.closed_loop.stocking: strategy "
    "'./no.py:Mine': must be an existing file, got no.py",
    "line_ups: {mine: {stocking: newsvendor}}": "mine.yaml:2:12: line_ups.mine.forecasting: must be given",
    "compare: {baseline: {schedule: bigpromo}}": "mine.yaml:2:22: compare.baseline.schedule: must be a schedule "
    "(big_promo, always_on, three_weeks), got 'bigpromo'; did you mean 'big_promo'?",
    "market: {cities: {chengdu: {line_haul_hours: {hangzhou_dc: -50}}}}": "mine.yaml:2:47: "
    "market.cities.chengdu.line_haul_hours.hangzhou_dc: must be a number from 0 to 1000, got -50",
    "line_ups: {closed_loop: {pricing: {use: personal, floor: .inf}}}": "mine.yaml:2:26: "
    "line_ups.closed_loop.pricing: pricing strategy 'personal': floor must be a finite number, got inf",
    "operations: {warehouses: {hangzhou_dc: {waves: [8, 8]}}}": "mine.yaml:2:41: "
    "operations.warehouses.hangzhou_dc.waves: must be different hours from 0 to 23, got [8, 8]",
    "market: {cold_waves: [{start: 2024-01-20, cities: [chengdoo]}]}": "mine.yaml:2:52: "
    "market.cold_waves.0.cities.0: must be a city (hangzhou, chengdu), got 'chengdoo'; did you mean 'chengdu'?",
    "market: {cold_waves: [{days: 3}]}": "mine.yaml:2:23: market.cold_waves.0.start: must be given",
    "market: {cities: {chengdu: {climate: {persistence: 1}}}}": "mine.yaml:2:39: "
    "market.cities.chengdu.climate.persistence: must be a number of at most 0.99, got 1",
    "catalogue: {categories: {apparel: {season: [1, 2]}}}": "mine.yaml:2:36: catalogue.categories.apparel.season: "
    "must be 12 weights of at least 0 with a positive sum, or empty, got [1, 2]",
    "campaigns: {double12: {cities: [hangzou]}}": "mine.yaml:2:33: campaigns.double12.cities.0: must be a city "
    "(hangzhou, chengdu), got 'hangzou'; did you mean 'hangzhou'?",
    "campaigns: {double12: {channels: [stall]}}": "mine.yaml:2:35: campaigns.double12.channels.0: must be a channel "
    "(app, livestream, store), got 'stall'",
    "schedules: {x: [{k_events: 12, of: doble12}]}": "mine.yaml:2:32: schedules.x.0.of: must be a campaign (double11, "
    "double12, year_end_good_price, double12_three_weeks), got 'doble12'; did you mean 'double12'?",
    "schedules: {x: [double11, {staged: 618}]}": "mine.yaml:2:28: schedules.x.1.staged: must be text, got 618",
    "schedules: {x: [{staged: none}]}": "mine.yaml:2:18: schedules.x.0.staged: must be a campaign (double11, "
    "double12, year_end_good_price, double12_three_weeks), got 'none'",
    "schedules: {x: [{k_events: 53, of: double12}]}": "mine.yaml:2:18: schedules.x.0.k_events: must be a whole number "
    "of at most 52, got 53",
    "schedules: {x: [{k_events: 0, of: double12}]}": "mine.yaml:2:18: schedules.x.0.k_events: must be a whole number "
    "of at least 1, got 0",
    "schedules: {x: [{k_event: 3, of: double12}]}": "mine.yaml:2:18: schedules.x.0: must have known keys only, got "
    "'k_event'; did you mean 'k_events'?",
    "schedules: {x: [{staged: double12, week: 3}]}": "mine.yaml:2:36: schedules.x.0: must have known keys only, got "
    "'week'; did you mean 'weeks'?",
    "schedules: {x: [{of: double12}]}": "mine.yaml:2:17: schedules.x.0.k_events: must be given",
    "schedules: {x: [[double12]]}": "mine.yaml:2:17: schedules.x.0: must be text, got ['double12']",
    "schedules: {x: [{k_events: 52, of: double12}]}": "mine.yaml:2:17: schedules.x.0: must leave room for its events: "
    "130 scored days hold 52 of at most 1.17 days that start at 20:00, not of 2.17 days",
    "schedules: {x: [{k_events: 1, of: double12, days: 0.25}]}": "mine.yaml:2:17: schedules.x.0: must have longer "
    "events: to keep the budget, one of 0.25 days needs a markdown of 1.3, a ritual of 6.93 and a saving of 433.3 yuan",
    "schedules: {x: [{staged: double12}, {staged: double12}]}": "mine.yaml:2:37: schedules.x.1: must name each "
    "campaign once, got {'staged': 'double12', 'weeks': 4}",
    "campaigns: {a/b: {start: 2024-01-01, end: 2024-01-02}}": "mine.yaml:2:13: campaigns.a/b: must be a name of "
    "letters, digits, _ and -, at most 64, got 'a/b'",
    "catalogue: {skus: {serum: {sizes: {S: 0.5, M: 0.4}}}}": "mine.yaml:2:28: catalogue.skus.serum.sizes: must have "
    "shares that sum to 1, got 0.9",
    "catalogue: {skus: {serum: {sizes: {S: 1.1, M: -0.1}}}}": "mine.yaml:2:44: catalogue.skus.serum.sizes.M: must be "
    "a number above 0, got -0.1",
    "catalogue: {skus: {serum: {sizes: {S: 1, M: 0}}}}": "mine.yaml:2:42: catalogue.skus.serum.sizes.M: must be a "
    "number above 0, got 0",
    "catalogue: {skus: {serum: {sizes: {" + ", ".join(f"s{n}: 0.0153846154" for n in range(65)) + "}}}}": "mine.yaml:2"
    ":28: catalogue.skus.serum.sizes: must have at most 64 entries, got 65",
    "catalogue: {skus: {tee: {channels: [ap]}}}": "mine.yaml:2:37: catalogue.skus.tee.channels.0: must be a channel "
    "(app, livestream, store), got 'ap'; did you mean 'app'?",
    "market: {channels: {shop: {share: 0}}}\ncatalogue: {skus: {tee: {channels: [shop]}}}": "mine.yaml"
    ":3:26: catalogue.skus.tee.channels: must name a channel with a share above 0 (app, livestream, store), got "
    "['shop']",
    "market: {channels: {app: {hours: [8, 25]}}}": "mine.yaml:2:27: market.channels.app.hours: must be two hours from "
    "0 to 24, the first earlier, got [8, 25]",
    "market: {channels: {app: {hours: [8, 8]}}}": "mine.yaml:2:27: market.channels.app.hours: must be two hours from 0 "
    "to 24, the first earlier, got [8, 8]",
    "market: {channels: {app: {share: 0.5, hours: [2, 12]}, live: {share: 0.5, hours: [12, 24]}}}": "mine.yaml:2:10: "
    "market.channels: must have one that is open at any hour, got none open at 0:00, 1:00",
    "market: {rival: {festivals: {sale: {start: 2023-12-02T00:00, end: 2023-12-01T00:00}}}}": "mine.yaml:2:62: "
    "market.rival.festivals.sale.end: must lie after the start, got 2023-12-01 00:00:00",
    "market: {rival: {festivals: {sale: {start: 1023-12-02T00:00, end: 2023-12-01T00:00}}}}": "mine.yaml:2:37: "
    "market.rival.festivals.sale.start: must lie in the years 2000 to 2100, got 1023-12-02 00:00:00",
    "catalogue: {services: {care: {kind: tutorials, skus: [aparel]}}}": "mine.yaml:2:55: catalogue.services.care.skus.0"
    ": must be a SKU or category (soft_drinks, skincare, apparel, small_appliances, sd_1053690, sd_5569230, "
    "sd_5569471, sd_8090521 ...), got 'aparel'; did you mean 'apparel'?",
    "catalogue: {services: {care: {kind: tutorial}}}": "mine.yaml:2:31: catalogue.services.care.kind: must be "
    "'size_advice', 'tutorials', 'matching_sets', 'warranty' or 'trade_in', got 'tutorial'; did you mean 'tutorials'?",
    "catalogue: {services: {sets: {kind: matching_sets}}}": "mine.yaml:2:24: catalogue.services.sets.partner: must be "
    "given: the SKU that goes with these",
    "catalogue: {services: {sets: {kind: matching_sets, partner: jean}}}": "mine.yaml:2:52: "
    "catalogue.services.sets.partner: must be a SKU (sd_1053690, sd_5569230, sd_5569471, sd_8090521, sd_8090537, "
    "cleanser, moisturiser, serum ...), got 'jean'; did you mean 'jeans'?",
    "catalogue: {services: {sets: {kind: trade_in, partner: jeans}}}": "mine.yaml:2:47: catalogue.services.sets.partner"
    ": must not be given: trade_in has none, got 'jeans'",
    "catalogue: {services: {care: {kind: warranty}}}": "mine.yaml:2:24: catalogue.services.care.price_yuan: must be a "
    "number above 0 for a warranty, got 0",
    "catalogue: {services: {a b: {kind: tutorials}}}": "mine.yaml:2:24: catalogue.services.a b: must be a name of "
    "letters, digits, _ and -, at most 64, got 'a b'",
    "campaigns: {double12: {bundles: {warm: {skus: [tee, jean]}}}}": "mine.yaml:2:53: "
    "campaigns.double12.bundles.warm.skus.1: must be a SKU (sd_1053690, sd_5569230, sd_5569471, sd_8090521, "
    "sd_8090537, cleanser, moisturiser, serum ...), got 'jean'; did you mean 'jeans'?",
    "campaigns: {double12: {bundles: {warm: {skus: [tee, apparel]}}}}": "mine.yaml:2:53: "
    "campaigns.double12.bundles.warm.skus.1: must be a SKU (sd_1053690, sd_5569230, sd_5569471, sd_8090521, "
    "sd_8090537, cleanser, moisturiser, serum ...), got 'apparel'",
    "campaigns: {double12: {bundles: {warm: {skus: [tee, tee]}}}}": "mine.yaml:2:41: "
    "campaigns.double12.bundles.warm.skus: must be two different SKUs, got 'tee' twice",
    "campaigns: {double12: {bundles: {a: {skus: [tee, jeans]}, b: {skus: [kettle, jeans]}}}}": "mine.yaml:2:78: "
    "campaigns.double12.bundles.b.skus.1: must be in one bundle of its campaign, it is in 'a', got 'jeans'",
    "campaigns: {double12: {gifts: {mug: {stock_units: 5, skus: [te]}}}}": "mine.yaml:2:61: "
    "campaigns.double12.gifts.mug.skus.0: must be a SKU or category (soft_drinks, skincare, apparel, small_appliances, "
    "sd_1053690, sd_5569230, sd_5569471, sd_8090521 ...), got 'te'; did you mean 'tee'?",
    "campaigns: {double12: {gifts: {mug: {skus: [tee]}}}}": "mine.yaml:2:32: campaigns.double12.gifts.mug.stock_units: "
    "must be given",
    "campaigns: {double12: {gifts: {" + ", ".join(f"g{n}: {{stock_units: 1}}" for n in range(99)) + "}}}\n"
    "schedules: {x: [{k_events: 11, of: double12}]}": "mine.yaml:3:13: schedules.x: must hold at most 1000 gifts in "
    "all, got 1100",
    "market: {hour_profile: [1, 2]}": "mine.yaml:2:10: market.hour_profile: must have at least 24 entries, got 2",
}  # fmt: skip


@pytest.mark.parametrize("text", CASES)
def test_each_fault_is_told_with_its_place(tmp_path: Path, text: str) -> None:
    assert CASES[text] in faults(tmp_path, HEAD + text)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "mine.yaml:1:1: must be a mapping of scenario fields, got nothing"),
        (b"- 1\n- 2\n", "mine.yaml:1:1: must be a mapping of scenario fields, got list"),
        (b"name: x\nb: \xff\xfe", "mine.yaml:2:1: must be UTF-8 text, got byte 11"),
        (b"a" * (MOST_BYTES + 1), f"mine.yaml:1:1: must be at most {MOST_BYTES:,} bytes, got 1,000,001"),
        (b"a: " + b"[" * 100 + b"]" * 100, "mine.yaml:1:67: must be nested at most 64 levels deep"),
        (b"a: [" + b"1, " * 10_001 + b"]", "mine.yaml:1:29996: must hold at most 10,000 values"),
        (b"a: &a [1]\nb: [*a, *a]", "mine.yaml:1:4: &a: must not use anchors"),
        (b"extends: ../../../etc/passwd", "mine.yaml:1:1: extends: must stay inside the scenario's folder, "
                                          "got '../../../etc/passwd'"),
        (b"extends: shipped:../README.md", "mine.yaml:1:1: extends: must stay inside the scenario's folder, "
                                           "got 'shipped:../README.md'"),
        (b"extends: none.yaml", "mine.yaml:1:1: extends: must be an existing file, got 'none.yaml'"),
        (b"extends: [a]", "mine.yaml:1:1: extends: must be the path of a scenario file, got ['a']"),
        (b'extends: "a\\0b.yaml"', "mine.yaml:1:1: extends: must be the path of a scenario file, got 'a\\x00b.yaml'"),
        (b"extends: " + b"a" * 5000, "mine.yaml:1:1: extends: must be the path of a scenario file, got "
                                      "'" + "a" * 80 + "'"),
        (b"a: ! 5", "mine.yaml:1:4: !: must not use tags"),
        (b"extends: mine.yaml", "mine.yaml:1:1: extends: must not lead back to itself, got 'mine.yaml'"),
    ],
)  # fmt: skip
def test_files_that_are_no_scenarios(tmp_path: Path, raw: bytes, message: str) -> None:
    assert message in faults(tmp_path, raw)


def test_the_sizes_of_all_skus_have_a_limit() -> None:
    shipped = load_scenario("double12")
    tee = shipped.catalogue.skus["tee"].model_copy(update={"sizes": {f"s{n}": 1 / 64 for n in range(64)}})
    skus = shipped.catalogue.skus | {f"tee{n}": tee for n in range(500)}
    catalogue = shipped.catalogue.model_copy(update={"skus": skus})
    told = faults_of(Written(**dict(shipped) | {"catalogue": catalogue}))
    assert told == [(("catalogue", "skus"), "must have at most 32,000 sizes in all", "32,035", None)]


def test_ten_generated_campaigns_may_hold_three_gifts_each() -> None:
    gifts = "{a: {stock_units: 1}, b: {stock_units: 1}, c: {stock_units: 1}}"
    settings = [f"campaigns.double12.gifts={gifts}", "schedules.x=[{k_events: 10, of: double12}]"]
    assert len(load_scenario("double12", settings).schedules["x"]) == 10


def test_a_wrong_type_does_not_hide_a_wrong_name(tmp_path: Path) -> None:
    told = faults(tmp_path, HEAD + "seed: x\nschedules: {big_promo: [double13]}\n")
    assert [message.split(": ")[1] for message in told] == ["seed", "schedules.big_promo.0"]


def test_a_metric_is_a_name_like_any_other(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(HEAD + "compare:\n  metrics: [profit, retention]\nschedules: {big_promo: [double13]}\nseed: x\n")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file, metrics=["profit", "retention_90d"])
    told = [str(fault).replace(f"{tmp_path}/", "") for fault in caught.value.faults]
    assert told[0] == ("mine.yaml:3:21: compare.metrics.1: must be a metric (profit, retention_90d), got 'retention'; "
                       "did you mean 'retention_90d'?")  # fmt: skip
    assert [message.split(": ")[1] for message in told[1:]] == ["schedules.big_promo.0", "seed"]


@pytest.mark.parametrize(
    ("written", "hint"),
    [("doubel12", "shipped:double12.yaml"), ("double12", "shipped:double12.yaml"), ("shop.yaml", "shops.yaml"),
     ("shipped:doubel12.yaml", "shipped:double12.yaml"), ("shipped:base/houshold.yaml", "shipped:base/household.yaml"),
     ("parts/shop.yaml", "parts/shops.yml"), ("min.yaml", None)],
)  # fmt: skip
def test_a_misspelt_extends_gets_the_nearest_file(tmp_path: Path, written: str, hint: str | None) -> None:
    (tmp_path / "parts").mkdir()
    for name in ("shops.yaml", "parts/shops.yml"):
        (tmp_path / name).write_text("seed: 1\n")
    told = faults(tmp_path, f"extends: {written}")
    more = f"; did you mean {hint!r}?" if hint else ""
    assert told == [f"mine.yaml:1:1: extends: must be an existing file, got {written!r}{more}"]


def test_a_misspelt_file_gets_the_nearest_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "autumn.yaml").write_text(HEAD)
    for written, hint in (("autum.yaml", "autumn.yaml"), ("autum", "autumn.yaml"), ("doubel12.yml", "double12"),
                          (f"{tmp_path}/autum.yaml", f"{tmp_path}/autumn.yaml")):  # fmt: skip
        with pytest.raises(ScenarioError, match=r"must be a .*file") as caught:
            load_scenario(written)
        assert str(caught.value).endswith(f"; did you mean {hint!r}?")


def test_a_link_out_of_the_folder_is_an_escape(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "outside.yaml").write_text("name: x")
    (inner / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    assert "must stay inside" in faults(inner, "extends: link.yaml")[0]


def test_all_faults_at_once_in_order(tmp_path: Path) -> None:
    text = HEAD + "seed: x\nmarket: {consumers: 0, citys: {}}\nreplications: 0\n"
    places = [message.split(": ")[0] for message in faults(tmp_path, text)]
    assert places == ["mine.yaml:2:1", "mine.yaml:3:10", "mine.yaml:3:24", "mine.yaml:4:1"]


def test_names_are_checked_beside_what_lacks_a_value(tmp_path: Path) -> None:
    """An SKU without a price is taken out, and nothing is said of it but that."""
    told = faults(tmp_path, HEAD + (
        "name: x\ncatalogue: {skus: {extra: {category: skincare}}}\n"
        "campaigns: {double12: {markdown: 2, gifts: {g: {unit_cost_yuan: 1, stock_units: 5, skus: [extra]}}}}\n"
        "schedules: {big_promo: [duble12]}\nline_ups: {gut_feel: {pricing: list_prise}}\n"
    ))  # fmt: skip
    assert [message.split(": ")[1] for message in told] == [
        "catalogue.skus.extra.list_price_yuan", "catalogue.skus.extra.unit_cost_yuan", "campaigns.double12.markdown",
        "schedules.big_promo.0", "line_ups.gut_feel.pricing",
    ]  # fmt: skip
    assert "got 'duble12'; did you mean 'double12'?" in told[3]


def test_a_file_without_anything_is_named(tmp_path: Path) -> None:
    told = faults(tmp_path, "{}\n")
    assert told[0] == "mine.yaml:1:1: name: must be given" and len(told) > 3


def test_thousands_of_faults_are_told_quickly(tmp_path: Path) -> None:
    begin = time.perf_counter()
    assert len(faults(tmp_path, HEAD + "".join(f"x{n}: 1\n" for n in range(4_000)))) == 4_000
    assert time.perf_counter() - begin < 2.0


def test_a_strategy_file_may_even_exit(tmp_path: Path) -> None:
    (tmp_path / "exit.py").write_text("raise SystemExit(3)")
    told = faults(tmp_path, HEAD + "line_ups: {closed_loop: {pricing: ./exit.py:Mine}}")
    assert "could not be imported, SystemExit: 3" in told[0]


def test_unknown_names_and_files() -> None:
    for reference, words in (("duoble12", "did you mean 'double12'?"), ("no/such.yaml", "a scenario file that exists"),
                             (str(SHIPPED), "a scenario file that exists")):  # fmt: skip
        with pytest.raises(ScenarioError, match=r"must be") as caught:
            load_scenario(reference)
        assert words in str(caught.value)


VALUES = (
    "lots", "-1", "1e999", "[]", "{}", "null", ".nan", "10:30", "NO", "'", "99999999999999999999999", "2023-99-99",
    "[[[[[]]]]]", "\u4e2d\u6587", "&a", "*a", "!!python/name:os.system", "0x", "0.3.4",
)  # fmt: skip


def mutate(text: str, rng: random.Random) -> bytes:
    """One to three random injuries of a good scenario."""
    lines = text.splitlines()
    for _ in range(rng.randint(1, 3)):
        n = rng.randrange(len(lines))
        kind = rng.randrange(9)
        if kind == 0:
            del lines[n]
            lines = lines or [""]
        elif kind == 1:
            lines.insert(n, lines[rng.randrange(len(lines))])
        elif kind == 2 and ":" in lines[n]:
            key = lines[n].split(":")[0]
            values = VALUES
            lines[n] = f"{key}: {rng.choice(values)}"
        elif kind == 3:
            at = rng.randrange(len(lines[n]) + 1)
            lines[n] = lines[n][:at] + chr(rng.randrange(1, 0x2FF)) + lines[n][at:]
        elif kind == 4 and lines[n]:
            at = rng.randrange(len(lines[n]))
            lines[n] = lines[n][:at] + lines[n][at + 1 :]
        elif kind == 5:
            lines[n] = "  " * rng.randrange(4) + lines[n].lstrip()
        elif kind == 6:
            a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
            lines[a], lines[b] = lines[b], lines[a]
        elif kind == 7:
            lines[n] = lines[n].replace("_", rng.choice(["", "-", "__"]), 1)
        else:
            lines[n] += rng.choice([" x", " #", ":", " {", " ]", ", a: 1", "\t"])
    raw = "\n".join(lines).encode("utf-8", "surrogatepass")
    if rng.random() < 0.05:
        at = rng.randrange(len(raw))
        raw = raw[:at] + bytes([rng.randrange(256)]) + raw[at:]
    return raw


def whole() -> str:
    """The shipped scenario in one text, base first."""
    base = (SHIPPED / "base" / "household.yaml").read_text()
    top = (SHIPPED / "double12.yaml").read_text()
    top = "\n".join(line for line in top.splitlines() if not line.startswith(("extends", "name", "seed:")))
    return base + "\n" + top


def survive(folder: Path, first: int, count: int) -> tuple[int, int]:
    """Loads mutants; returns how many were valid and how many refused. Anything else fails."""
    text, valid, refused = whole(), 0, 0
    for n in range(first, first + count):
        file = folder / "mutant.yaml"
        file.write_bytes(mutate(text, random.Random(n)))
        begin = time.perf_counter()
        try:
            load_scenario(file)
            valid += 1
        except ScenarioError as error:
            refused += 1
            assert error.faults, n
            for fault in error.faults:
                assert fault.where.startswith((str(file), "scenario")), (n, str(fault))
                assert str(fault).count("\n") == 0, (n, str(fault))
        assert time.perf_counter() - begin < 2.0, n
    return valid, refused


def test_500_mutants_are_valid_or_located(tmp_path: Path) -> None:
    valid, refused = survive(tmp_path, 0, 500)
    assert valid + refused == 500 and refused > 150


@pytest.mark.slow
def test_5000_mutants_are_valid_or_located(tmp_path: Path) -> None:
    valid, refused = survive(tmp_path, 10_000, 5_000)
    assert valid + refused == 5_000 and refused > 1_500
