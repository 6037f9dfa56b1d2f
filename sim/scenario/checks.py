"""Checks that need more than one part of a scenario: names that exist, shares, dates, offers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from sim import plugins
from sim.errors import PluginError, did_you_mean
from sim.scenario.catalogue import ROLES
from sim.scenario.faults import PLACES, SIZES, Fault
from sim.scenario.operations import STANDARD
from sim.scenario.reader import Path
from sim.scenario.root import KINDS, Written
from sim.scenario.schedules import KEvents, Staged, most_pieces, source_of

Problem = tuple[Path, str, str | None, str | None]
"""(path, must be, got, did you mean)"""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_\-]{0,63}")
_MOST = {"skus": 2000, "categories": 200, "cities": 200, "segments": 50, "channels": 10, "warehouses": 50,
         "campaigns": 500, "services": 200, "festivals": 200, "faults": 200, "promises": 100}  # fmt: skip
MOST_SIZES, MOST_VARIANTS, MOST_GIFTS = 64, 32_000, 1_000
"""Sizes of one SKU; sizes of all, an SKU without them counting one; gifts of one schedule."""


def faults_of(scenario: Written, metrics: Collection[str] | None = None) -> list[Problem]:
    """All faults of a scenario whose parts are each right; `metrics` are the names of those that exist."""
    checks = (_names, _sizes, _shares, _references, _variants, _services, _bundles, _gifts, _channels, _schedules,
              _dates, _numbers, _strategies, _faults, _triage, _promises)  # fmt: skip
    found = [problem for check in checks for problem in check(scenario)]
    for n, item in enumerate(scenario.compare.metrics if metrics is not None else ()):
        found += _unknown(("compare", "metrics", n), item, metrics or (), "a metric")
    return found


def _unknown(path: Path, got: str, known: Iterable[str], what: str) -> Iterator[Problem]:
    names = list(known)
    if got not in names:
        listed = ", ".join(names[:8]) + (" ..." if len(names) > 8 else "")
        yield path, f"must be {what} ({listed})", repr(got), did_you_mean(got, names)


def _named_parts(s: Written) -> dict[Path, Iterable[str]]:
    """Where users give names."""
    return {
        ("market", "cities"): s.market.cities, ("market", "segments"): s.market.segments,
        ("market", "channels"): s.market.channels, ("catalogue", "categories"): s.catalogue.categories,
        ("catalogue", "skus"): s.catalogue.skus, ("operations", "warehouses"): s.operations.warehouses,
        ("operations", "suppliers"): s.operations.suppliers, ("campaigns",): s.campaigns,
        ("operations", "promises"): s.operations.promises,
        ("schedules",): s.schedules, ("line_ups",): s.line_ups, ("catalogue", "services"): s.catalogue.services,
        ("market", "rival", "festivals"): s.market.rival.festivals, ("faults",): s.faults,
        **{("campaigns", name, "gifts"): c.gifts for name, c in s.campaigns.items()},
        **{("campaigns", name, "bundles"): c.bundles for name, c in s.campaigns.items()},
    }  # fmt: skip


def _names(s: Written) -> Iterator[Problem]:
    for path, names in _named_parts(s).items():
        for name in names:
            if not _NAME.fullmatch(name):
                yield (*path, name), "must be a name of letters, digits, _ and -, at most 64", repr(name[:80]), None


def _sizes(s: Written) -> Iterator[Problem]:
    for path, names in _named_parts(s).items():
        most, count = _MOST.get(str(path[-1])), len(list(names))
        if most is not None and count > most:
            yield path, f"must have at most {most} entries", str(count), None
    made = sum(most_pieces(entry, len(s.market.cities)) for schedule in s.schedules.values() for entry in schedule)
    if made > _MOST["campaigns"]:
        yield ("schedules",), f"must generate at most {_MOST['campaigns']} campaigns", str(made), None
    if s.calendar.days > 3660:
        yield ("calendar",), "must span at most 3,660 days in all", str(s.calendar.days), None
    if not 2000 <= s.calendar.start.year <= 2100:
        yield ("calendar", "start"), "must lie in the years 2000 to 2100", str(s.calendar.start), None


def _shares(s: Written) -> Iterator[Problem]:
    parts = {
        "cities": [city.share for city in s.market.cities.values()],
        "segments": [segment.share for segment in s.market.segments.values()],
        "channels": [channel.share for channel in s.market.channels.values()],
    }
    for name, shares in parts.items():
        total = sum(shares)
        if abs(total - 1.0) > 1e-6:
            yield ("market", name), "must have shares that sum to 1", f"{total:.6g}", None


def _references(s: Written) -> Iterator[Problem]:
    ops, skus, categories = s.operations, s.catalogue.skus, s.catalogue.categories
    for name, sku in skus.items():
        yield from _unknown(("catalogue", "skus", name, "category"), sku.category, categories, "a category")
        if sku.supplier is not None:
            yield from _unknown(("catalogue", "skus", name, "supplier"), sku.supplier, ops.suppliers, "a supplier")
        for n, item in enumerate(sku.channels):
            yield from _unknown(("catalogue", "skus", name, "channels", n), item, s.market.channels, "a channel")
    for name in categories:
        if not any(sku.category == name for sku in skus.values()):
            yield ("catalogue", "categories", name), "must have at least one SKU", None, None
    for name in ops.couriers:
        yield from _unknown(("operations", "couriers", name), name, s.market.cities, "a city")
    for name, city in s.market.cities.items():
        if name not in ops.couriers:
            yield ("operations", "couriers"), f"must have a fleet for each city, {name!r} has none", None, None
        for warehouse in city.line_haul_hours:
            path: Path = ("market", "cities", name, "line_haul_hours", warehouse)
            yield from _unknown(path, warehouse, ops.warehouses, "a warehouse")
    for name, store in ops.stores.items():
        path = ("operations", "stores", name)
        yield from _unknown(path, name, s.market.cities, "a city")
        yield from _unknown((*path, "channel"), store.channel, s.market.channels, "a channel")
    for name, segment in s.market.segments.items():
        for category in segment.need:
            yield from _unknown(("market", "segments", name, "need", category), category, categories, "a category")
        for role in segment.taste:
            yield from _unknown(("market", "segments", name, "taste", role), role, ROLES, "a role")
    for n, wave in enumerate(s.market.cold_waves):
        for m, item in enumerate(wave.cities):
            yield from _unknown(("market", "cold_waves", n, "cities", m), item, s.market.cities, "a city")
    for name, campaign in s.campaigns.items():
        named = (
            ("skus", campaign.skus, [*categories, *skus], "a SKU or category"),
            ("cities", campaign.cities, list(s.market.cities), "a city"),
            ("channels", campaign.channels, list(s.market.channels), "a channel"),
        )
        for key, items, known, what in named:
            for n, item in enumerate(items):
                yield from _unknown(("campaigns", name, key, n), item, known, what)
    compare = s.compare
    if compare.baseline is not None:
        yield from _unknown(("compare", "baseline", "schedule"), compare.baseline.schedule, s.schedules, "a schedule")
        yield from _unknown(("compare", "baseline", "line_up"), compare.baseline.line_up, s.line_ups, "a line-up")
    for n, item in enumerate(compare.schedules):
        yield from _unknown(("compare", "schedules", n), item, s.schedules, "a schedule")
    for n, item in enumerate(compare.line_ups):
        yield from _unknown(("compare", "line_ups", n), item, s.line_ups, "a line-up")


def _variants(s: Written) -> Iterator[Problem]:
    """Size curves."""
    for name, sku in s.catalogue.skus.items():
        path: Path = ("catalogue", "skus", name, "sizes")
        for size, share in sku.sizes.items():
            if share <= 0.0:
                yield (*path, size), "must be a number above 0", f"{share:g}", None
        if sku.sizes and abs(sum(sku.sizes.values()) - 1.0) > 1e-6:
            yield path, "must have shares that sum to 1", f"{sum(sku.sizes.values()):.6g}", None
        if len(sku.sizes) > MOST_SIZES:
            yield path, f"must have at most {MOST_SIZES} entries", str(len(sku.sizes)), None
    variants = sum(max(1, len(sku.sizes)) for sku in s.catalogue.skus.values())
    if variants > MOST_VARIANTS:
        yield ("catalogue", "skus"), f"must have at most {MOST_VARIANTS:,} sizes in all", f"{variants:,}", None


def _services(s: Written) -> Iterator[Problem]:
    """Service assets: whom they belong to, and the fields that only one kind has."""
    skus, categories = s.catalogue.skus, s.catalogue.categories
    for name, service in s.catalogue.services.items():
        path: Path = ("catalogue", "services", name)
        for n, item in enumerate(service.skus):
            yield from _unknown((*path, "skus", n), item, [*categories, *skus], "a SKU or category")
        if service.kind == "matching_sets":
            if service.partner is None:
                yield (*path, "partner"), "must be given: the SKU that goes with these", None, None
            else:
                yield from _unknown((*path, "partner"), service.partner, skus, "a SKU")
        elif service.partner is not None:
            yield (*path, "partner"), f"must not be given: {service.kind} has none", repr(service.partner), None
        if service.kind == "warranty" and service.price_yuan <= 0.0:
            yield (*path, "price_yuan"), "must be a number above 0 for a warranty", f"{service.price_yuan:g}", None


def _bundles(s: Written) -> Iterator[Problem]:
    """Two different SKUs each, and no SKU in two bundles of a campaign."""
    for name, campaign in s.campaigns.items():
        owner: dict[str, str] = {}
        for key, bundle in campaign.bundles.items():
            path: Path = ("campaigns", name, "bundles", key, "skus")
            for n, sku in enumerate(bundle.skus):
                yield from _unknown((*path, n), sku, s.catalogue.skus, "a SKU")
            if bundle.skus[0] == bundle.skus[1]:
                yield path, "must be two different SKUs", f"{bundle.skus[0]!r} twice", None
            for n, sku in enumerate(dict.fromkeys(bundle.skus)):
                if owner.setdefault(sku, key) != key:
                    yield (*path, n), f"must be in one bundle of its campaign, it is in {owner[sku]!r}", repr(sku), None


def _gifts(s: Written) -> Iterator[Problem]:
    """SKUs that exist, and no more gifts in a schedule than an order's record tells apart."""
    known = [*s.catalogue.categories, *s.catalogue.skus]
    for name, campaign in s.campaigns.items():
        for key, gift in campaign.gifts.items():
            for n, item in enumerate(gift.skus):
                yield from _unknown(("campaigns", name, "gifts", key, "skus", n), item, known, "a SKU or category")
    for name, schedule in s.schedules.items():
        count = 0
        for entry in schedule:
            source = source_of(entry)[0]
            times = entry.k_events if isinstance(entry, KEvents) else entry.weeks if isinstance(entry, Staged) else 1
            count += times * len(s.campaigns[source].gifts) if source in s.campaigns else 0
        if count > MOST_GIFTS:
            yield ("schedules", name), f"must hold at most {MOST_GIFTS} gifts in all", str(count), None


def _channels(s: Written) -> Iterator[Problem]:
    """Opening hours; somebody is always open; somebody's own channel sells each SKU."""
    channels, sound = s.market.channels, True
    for name, channel in channels.items():
        first, last = channel.hours
        if not 0 <= first < last <= 24:
            sound = False
            must = "must be two hours from 0 to 24, the first earlier"
            yield ("market", "channels", name, "hours"), must, f"[{first}, {last}]", None
    shut = [h for h in range(24) if not any(c.hours[0] <= h < c.hours[1] for c in channels.values())]
    if sound and shut:
        got = f"none open at {', '.join(f'{h}:00' for h in shut)}"
        yield ("market", "channels"), "must have one that is open at any hour", got, None
    preferred = [name for name, channel in channels.items() if channel.share > 0.0]
    for name, sku in s.catalogue.skus.items():
        if sku.channels and channels.keys() >= set(sku.channels) and not set(sku.channels) & set(preferred):
            must = f"must name a channel with a share above 0 ({', '.join(preferred)})"
            yield ("catalogue", "skus", name, "channels"), must, str(sku.channels), None


def _schedules(s: Written) -> Iterator[Problem]:
    wrong = {str(path[1]) for path, *_ in _dates(s) if path[0] == "campaigns"}
    sound = {name for name, c in s.campaigns.items() if name not in wrong and s.market.cities.keys() >= set(c.cities)}
    if any(_sizes(s)):
        sound = set()
    for name, schedule in s.schedules.items():
        for n, entry in enumerate(schedule):
            source, key = source_of(entry)
            path: Path = ("schedules", name, n) if key is None else ("schedules", name, n, key)
            yield from _unknown(path, source, s.campaigns, "a campaign")
            if entry in schedule[:n]:
                got = repr(entry if isinstance(entry, str) else entry.model_dump(exclude_none=True))
                yield ("schedules", name, n), "must name each campaign once", got, None
            elif source in sound:
                try:
                    s.generated(name, n)
                except ValueError as error:
                    yield ("schedules", name, n), str(error), None, None


def _dates(s: Written) -> Iterator[Problem]:
    for name, c in s.campaigns.items():
        path: Path = ("campaigns", name)
        if c.end <= c.start:
            yield (*path, "end"), "must lie after the start", str(c.end), None
        if c.presale is not None and c.presale.start >= c.start:
            yield (*path, "presale", "start"), "must lie before the campaign's start", str(c.presale.start), None
        early = c.presale.start if c.presale else c.start
        for key, moment in (("start", c.start), ("end", c.end), ("presale", early)):
            if not 2000 <= moment.year <= 2100:
                yield (*path, key), "must lie in the years 2000 to 2100", str(moment), None
    for name, festival in s.market.rival.festivals.items():
        path = ("market", "rival", "festivals", name)
        if festival.end <= festival.start:
            yield (*path, "end"), "must lie after the start", str(festival.end), None
        for key, moment in (("start", festival.start), ("end", festival.end)):
            if not 2000 <= moment.year <= 2100:
                yield (*path, key), "must lie in the years 2000 to 2100", str(moment), None
    first, last = s.operations.courier_hours
    if not 0 <= first < last <= 24:
        yield (
            ("operations", "courier_hours"),
            "must be two hours from 0 to 24, the first earlier",
            f"[{first}, {last}]",
            None,
        )
    for name, warehouse in s.operations.warehouses.items():
        waves = warehouse.waves
        if not all(0 <= hour <= 23 for hour in waves) or len(set(waves)) < len(waves):
            yield ("operations", "warehouses", name, "waves"), "must be different hours from 0 to 23", str(waves), None


def _promises(s: Written) -> Iterator[Problem]:
    """Promise classes that exist, and when the dock's goods are released."""
    ops = s.operations
    if STANDARD in ops.promises:
        must = "must not be given: promise_hours is the class of this name"
        yield ("operations", "promises", STANDARD), must, None, None
    for name, segment in s.market.segments.items():
        known = [STANDARD, *ops.promises]
        yield from _unknown(("market", "segments", name, "promise"), segment.promise, known, "a promise class")
    hours = ops.release_hours
    if not all(7 <= hour <= 23 for hour in hours) or len(set(hours)) < len(hours):
        yield ("operations", "release_hours"), "must be different hours from 7 to 23", str(hours), None


def _numbers(s: Written) -> Iterator[Problem]:
    for name, c in s.campaigns.items():
        rule = c.threshold
        if rule is not None and rule.save_yuan >= rule.spend_yuan:
            yield (
                ("campaigns", name, "threshold", "save_yuan"),
                "must be less than spend_yuan",
                f"{rule.save_yuan:g}",
                None,
            )
    for path, values, low, high in _free_numbers(s):
        for key, value in values.items():
            if not low <= value <= high:
                yield (*path, key), f"must be a number from {low:g} to {high:g}", f"{value:g}", None
    for name in s.catalogue.skus:
        if name in s.catalogue.categories:
            yield ("catalogue", "skus", name), "must not have the name of a category", repr(name), None
    if s.market.consumers * s.calendar.days > 20_000_000_000:
        yield ("market", "consumers"), "must leave at most 20 billion consumer-days", str(s.market.consumers), None


def _free_numbers(s: Written) -> Iterator[tuple[Path, dict[str, float], float, float]]:
    """Mappings from a name to a number, and the bounds of the numbers."""
    for name, city in s.market.cities.items():
        yield ("market", "cities", name, "line_haul_hours"), city.line_haul_hours, 0, 1000
    for name, segment in s.market.segments.items():
        yield ("market", "segments", name, "need"), segment.need, 0, 100
        yield ("market", "segments", name, "taste"), segment.taste, -20, 20


def _strategies(s: Written) -> Iterator[Problem]:
    for name, line_up in s.line_ups.items():
        for kind in KINDS:
            use = getattr(line_up, kind)
            try:
                plugins.build(kind, use.use, use.parameters, s.folder)
            except PluginError as error:
                yield ("line_ups", name, kind), str(error), None, None


def _faults(s: Written) -> Iterator[Problem]:
    """Places that exist and belong to the kind, windows within the calendar."""
    known: dict[str, Iterable[str]] = {
        "cities": s.market.cities,
        "warehouses": s.operations.warehouses,
        "suppliers": s.operations.suppliers,
    }
    one = {"cities": "a city", "warehouses": "a warehouse", "suppliers": "a supplier"}
    for name, fault in s.faults.items():
        path: Path = ("faults", name)
        for key, names in known.items():
            for n, item in enumerate(getattr(fault, key)):
                yield from _unknown((*path, key, n), item, names, one[key])
            if getattr(fault, key) and PLACES[fault.kind] != key:
                yield (*path, key), f"must not be given: {fault.kind} has none", str(getattr(fault, key)), None
        for key in ("share", "days", "drop_celsius"):
            value = getattr(fault, key)
            if value != Fault.model_fields[key].default and key != SIZES.get(fault.kind, "share"):
                yield (*path, key), f"must not be given: {fault.kind} has none", f"{value:g}", None
        last = s.calendar.second_of(fault.end)
        if fault.end <= fault.start:
            yield (*path, "end"), "must lie after the start", str(fault.end), None
        elif s.calendar.second_of(fault.start) < 0 or last > 86_400 * s.calendar.days:
            first, days = s.calendar.start, s.calendar.days
            got = f"{fault.start} to {fault.end}"
            yield path, f"must lie within the calendar, {first} and the {days:,} days from it", got, None


def _triage(s: Written) -> Iterator[Problem]:
    triage = s.operations.service_desk.triage
    for n, item in enumerate(triage):
        if item in triage[:n]:
            yield ("operations", "service_desk", "triage", n), "must name each type once", repr(item), None
