"""What a scenario allows and probably does not mean: rules in conflict, out of reach or without effect, found without
simulating. One line each: path, numbers, what to do. Campaigns count as far as a schedule lets them run.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from sim.scenario.campaigns import Campaign
from sim.scenario.catalogue import Service
from sim.scenario.expected import THRESHOLD_PULL, belonging, orders_while, window
from sim.scenario.festivals import FIRST_YEAR, LAST_YEAR
from sim.scenario.root import Scenario
from sim.scenario.stacking import Deal, Live, Shelf, deals, inversions, live_sets

MOST_DEPOSIT = 0.2
"""Largest deposit on the price that Tmall allows (2016)."""
LEAST_AFTER_DAYS = 28
"""Days in which what is left of the stock bought for a campaign is sold."""
_SHOWN = 5
_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)


@dataclass(frozen=True)
class _Note:
    """A warning about campaigns; `text` holds no names of theirs, so that generated ones can share a line."""

    campaigns: tuple[str, ...]
    part: str
    text: str

    @property
    def path(self) -> str:
        return " + ".join(f"campaigns.{name}" for name in self.campaigns) + self.part


def warnings_of(scenario: Scenario) -> list[str]:
    """All warnings of a scenario, each once, however many schedules share a campaign."""
    shelf, notes = Shelf.of(scenario), list[_Note]()
    used = {name: scenario.campaigns[name] for entries in scenario.schedules.values() for name in entries}
    run = {name: c for name, c in used.items() if window(scenario, c)[0] < window(scenario, c)[1]}
    notes += [_Note((n,), "", "lies outside the calendar and never runs") for n in used if n not in run]
    notes += _unscored(scenario, run)
    for name, c in run.items():
        notes += _threshold(scenario, shelf, name, c)
        notes += _presale(scenario, name, c)
        notes += _gifts(scenario, name, c)
    notes += _together(scenario, shelf)
    for entries in scenario.schedules.values():
        notes += _sequence(scenario, {name: run[name] for name in entries if name in run})
    return [*_calendar(scenario, run), *_services(scenario, shelf), *_merged(notes)]


def _merged(notes: list[_Note]) -> Iterator[str]:
    """Each once; of the pieces of one generated campaign the first speaks for those with the same words."""
    groups: dict[tuple[object, ...], list[_Note]] = {}
    for note in dict.fromkeys(notes):
        sources = tuple(name.split("/")[0] for name in note.campaigns)
        groups.setdefault((sources, note.part, note.text), []).append(note)
    for same in groups.values():
        more = f" (and {len(same) - 1} more like it)" if len(same) > 1 else ""
        yield f"{same[0].path}{more}: {same[0].text}"


def _some(names: Iterable[str]) -> str:
    """The first of many names, and how many are left out."""
    listed = list(names)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more


def _skus(count: int) -> str:
    return "1 SKU" if count == 1 else f"{count} SKUs"


def _about(number: float) -> str:
    """Two digits, for estimates."""
    return f"{float(f'{number:.2g}'):,.0f}"


# ---- when --------------------------------------------------------------------------------------
def _calendar(s: Scenario, run: dict[str, Campaign]) -> Iterator[str]:
    calendar = s.calendar
    gifts = any(category.gift_demand for category in s.catalogue.categories.values())
    years = calendar.start.year, calendar.date_of(calendar.days).year
    if (gifts or s.market.spring_festival_demand != 1.0) and not FIRST_YEAR <= years[0] <= years[1] <= LAST_YEAR:
        yield f"calendar: lunar festivals are known for {FIRST_YEAR} to {LAST_YEAR} alone, other years have none"
    end, share = s.scored[1] + calendar.settlement_days * _DAY, s.operations.finance.salvage_share
    late = {
        name: c.end
        for name, c in run.items()
        if c.start < s.scored[1] and c.end >= s.scored[0] and end - c.end < LEAST_AFTER_DAYS * _DAY
    }
    if late and share < 1:
        names, days = _some(sorted(late)), max(0, (end - max(late.values())) // _DAY)
        counts = (
            f"stock bought for it and not sold by then counts at {share:.0%} of its cost, which may decide the profit"
        )
        yield f"calendar: ends {days} days after the last of {names}: {counts}; leave at least {LEAST_AFTER_DAYS} days"


def _unscored(s: Scenario, run: dict[str, Campaign]) -> Iterator[_Note]:
    """Campaigns beside the scored days. One in the warm-up of every schedule is a common past, and meant."""
    first, last = s.scored
    for name, c in run.items():
        if c.start >= last:
            text = (
                f"starts {c.start:%Y-%m-%d %H:%M}, after the last scored day {last - _DAY:%Y-%m-%d}: its sales count "
            )
            yield _Note((name,), "", f"{text}for nothing; move it or lengthen scored_days")
        without = [schedule for schedule, entries in s.schedules.items() if name not in entries]
        told = c.start - c.announced_days * _DAY if c.markdown > 0 or c.threshold else c.start
        if without and told < first <= c.end and c.start < last:
            what, lost = ("starts", "its first sales count") if c.start < first else (
                "is announced", "what buyers put off until it counts")  # fmt: skip
            text = (
                f"{what} {(first - told) / _DAY:.1f} days before the first scored day {first:%Y-%m-%d} and is not in "
                f"schedule {_some(without)}: {lost} for nothing; begin to score on {told:%Y-%m-%d}"
            )
            yield _Note((name,), "", text)
        if c.end < first and without:
            text = f"ends before the first scored day {first:%Y-%m-%d} and is not in schedule {_some(without)}, which "
            yield _Note((name,), "", f"{text}thus starts from another past; put it in all schedules or in none")


def _sequence(s: Scenario, run: dict[str, Campaign]) -> Iterator[_Note]:
    """Pairs of campaigns of one schedule that share a city, the earlier first."""
    mine = {name: belonging(s, c.skus) for name, c in run.items()}
    ordered = sorted(run.items(), key=lambda item: (item[1].start, item[0]))
    for n, (name, first) in enumerate(ordered):
        for later, second in ordered[n + 1 :]:
            cities = [city for city in s.market.cities if _runs_in(first, city) and _runs_in(second, city)]
            both = int((mine[name] & mine[later]).sum())
            found = [_rituals(first, second, cities), _waiting(first, second), _claims(s, first, second, both)]
            for text in (found if both else found[:1]) if cities else []:
                if text:
                    yield _Note((name, later), "", text)


def _runs_in(campaign: Campaign, city: str) -> bool:
    return not campaign.cities or city in campaign.cities


def _rituals(first: Campaign, second: Campaign, cities: list[str]) -> str | None:
    """Two festivals at once."""
    if not (first.ritual > 0 and second.ritual > 0 and second.start <= first.end):
        return None
    return (
        f"rituals {first.ritual:.3g} and {second.ritual:.3g} run together in {_some(cities)}, where only the stronger "
        "pulls; move one or set its ritual to 0"
    )


def _waiting(first: Campaign, second: Campaign) -> str | None:
    """A deeper campaign that is announced before the one before it has ended."""
    announced = second.start - second.announced_days * _DAY
    if not (announced <= first.end < second.start and _felt(second) < _felt(first) - 1e-9):
        return None
    return (
        f"the second is announced {(first.end + _SECOND - announced) / _DAY:.3g} days before the first ends and is "
        f"deeper ({_offer(second)} against {_offer(first)}): buyers wait for it; lower its announced_days"
    )


def _claims(s: Scenario, first: Campaign, second: Campaign, skus: int) -> str | None:
    """A promise to match prices, and a lower price while it holds."""
    promise, gap = first.price_match, (second.start - first.end - _SECOND) / _DAY
    cheaper = 1.0 - (1.0 - second.markdown) / (1.0 - first.markdown)
    if promise is None or second.start <= first.start or gap > promise.days:
        return None
    if cheaper <= s.market.behaviour.regret_gap:
        return None
    when = f"{gap:.3g} days after the first" if gap > 0 else "while the first runs"
    return (
        f"the first promises to match prices for {promise.days} days, the second starts {when} with markdown "
        f"{second.markdown:.3g} against {first.markdown:.3g} on {_skus(skus)}: claims are certain (claim_share "
        f"{promise.claim_share:g} of who sees it); shorten price_match.days or make the second no deeper"
    )


def _felt(campaign: Campaign) -> float:
    """Log price index that buyers expect of a campaign: lower is deeper."""
    rule = campaign.threshold
    return math.log(1.0 - campaign.markdown) - (THRESHOLD_PULL * rule.save_yuan / rule.spend_yuan if rule else 0.0)


# ---- what is offered ---------------------------------------------------------------------------
def _offer(campaign: Campaign) -> str:
    """All that lowers a price."""
    rule = campaign.threshold
    parts = [f"markdown {campaign.markdown:.3g}"] if campaign.markdown or not rule else []
    parts += [f"threshold {rule.spend_yuan:g} - {rule.save_yuan:.4g}"] if rule else []
    parts += [f"bundle {name} {bundle.saving:g}" for name, bundle in campaign.bundles.items()]
    parts += [f"gift {name} {gift.unit_cost_yuan:g} yuan" for name, gift in campaign.gifts.items()]
    return ", ".join(parts)


def _together(s: Scenario, shelf: Shelf) -> Iterator[_Note]:
    """Of all campaigns that run together somewhere in a schedule: prices below cost or floor, and inversions."""
    lives: dict[tuple[str, ...], Live] = {}
    for schedule in s.schedules:
        lives |= {tuple(name for name, _ in live): live for live in live_sets(s, schedule)}
    worst: dict[tuple[str, ...], dict[int, Deal]] = {}
    turned: dict[tuple[str, str], dict[int, float]] = {}
    for live in lives.values():
        for deal in deals(s, shelf, live):
            known = worst.setdefault(deal.campaigns, {})
            if deal.sku not in known or deal.kept < known[deal.sku].kept:
                known[deal.sku] = deal
        for name, channel, sku, cheaper in inversions(s, shelf, live):
            cut = turned.setdefault((name, channel), {})
            cut[sku] = max(cheaper, cut.get(sku, 0.0))
    for names, found in worst.items():
        fewer = [part for others, part in worst.items() if set(others) < set(names)]
        fresh = [d for d in found.values() if not any(_told(d, part) for part in fewer)]
        if fresh:
            yield _Note(names, "", f"{' with '.join(_offer(s.campaigns[n]) for n in names)}: {_below(s, shelf, fresh)}")
    first = next(iter(s.market.channels))
    for (name, channel), cut in turned.items():
        text = (
            f"in channel {channel} {_skus(len(cut))} ({_some(shelf.names[k] for k in cut)}) cost up to "
            f"{max(cut.values()):.3g} less than in {first}, red_lines.channel_gap is {s.red_lines.channel_gap:g}; "
            f"add {first} to its channels or lower its markdown of {s.campaigns[name].markdown:.3g}"
        )
        yield _Note((name,), ".channels", text)


def _told(deal: Deal, fewer: dict[int, Deal]) -> bool:
    """Whether fewer campaigns do the same to an SKU already."""
    other = fewer.get(deal.sku)
    return other is not None and other.loss >= deal.loss and other.clipped >= deal.clipped


def _below(s: Scenario, shelf: Shelf, found: list[Deal]) -> str:
    """What happens to SKUs whose offers add up too far."""
    losses, clipped = [d for d in found if d.loss], [d for d in found if d.clipped]
    parts = []
    if losses:
        d = min(losses, key=lambda d: d.kept / shelf.cost[d.sku])
        parts += [f"{_skus(len(losses))} below cost, the worst {shelf.names[d.sku]} with {d.kept:.2f} yuan left of a "
                  f"unit that costs {shelf.cost[d.sku]:.2f}"]  # fmt: skip
    if clipped:
        parts += [
            f"red_lines.margin_floor {s.red_lines.margin_floor:g} clips {_some(shelf.names[d.sku] for d in clipped)}"
        ]
    return "; ".join([*parts, "make one of the offers smaller or name fewer skus"])


def _threshold(s: Scenario, shelf: Shelf, name: str, c: Campaign) -> Iterator[_Note]:
    """A threshold that every order reaches, or that the two dearest eligible SKUs together do not."""
    mine = belonging(s, c.skus)
    if c.threshold is None or not mine.any():
        return
    prices, spend = sorted(shelf.price[mine] * (1.0 - c.markdown)), c.threshold.spend_yuan
    if spend <= prices[0]:
        text = f"spend_yuan {spend:g} is no more than the cheapest eligible SKU ({prices[0]:.2f} yuan at markdown "
        yield _Note((name,), ".threshold", f"{text}{c.markdown:.3g}): everybody gets it; raise spend_yuan")
    two = prices[-1] + prices[-2 if len(prices) > 1 else -1]
    if two < spend:
        text = f"spend_yuan {spend:g} is more than the two dearest eligible SKUs together ({two:.2f} yuan at markdown "
        yield _Note((name,), ".threshold", f"{text}{c.markdown:.3g}): hardly an order reaches it; lower spend_yuan")


def _presale(s: Scenario, name: str, c: Campaign) -> Iterator[_Note]:
    """Deposits beyond the platform's rule, and deposits that buy nothing."""
    if c.presale is None:
        return
    if c.presale.deposit > MOST_DEPOSIT:
        text = f"deposit {c.presale.deposit:g} of the price, Tmall allows at most {MOST_DEPOSIT:g}; lower it"
        yield _Note((name,), ".presale", text)
    if c.markdown == 0.0:
        text = (
            f"takes deposits on {_skus(int(belonging(s, c.skus).sum()))} that the campaign does not mark down: nobody "
        )
        yield _Note((name,), ".presale", f"{text}gains by paying early; set a markdown or leave the pre-sale out")


def _gifts(s: Scenario, name: str, c: Campaign) -> Iterator[_Note]:
    """Gifts that go with nothing, or that run out before the campaign does."""
    begin, end = window(s, c)
    for key, gift in c.gifts.items():
        mine = belonging(s, c.skus) & belonging(s, gift.skus)
        part = f".gifts.{key}"
        if not mine.any():
            yield _Note((name,), part, "goes with no SKU of its campaign; name some that the campaign has")
            continue
        expected = orders_while(s, c, mine, gift.appeal) * 100_000 / s.market.consumers
        if gift.stock_units < expected:
            times, days = 1.0 + c.ritual * s.market.behaviour.ritual_attention, (end - begin) / _DAY
            text = (
                f"stock_units {gift.stock_units:,} against about {_about(expected)} orders in {days:.3g} days (both "
                f"for 100,000 consumers; visit rates taken {times:.3g} times the usual for ritual {c.ritual:.3g}); "
                "raise stock_units or name fewer skus"
            )
            yield _Note((name,), part, text)


# ---- services ----------------------------------------------------------------------------------
def _services(s: Scenario, shelf: Shelf) -> Iterator[str]:
    for name, service in s.catalogue.services.items():
        idle = _idle(s, shelf, service)
        if idle:
            yield f"catalogue.services.{name}: {service.kind} {idle}"


def _idle(s: Scenario, shelf: Shelf, service: Service) -> str | None:
    """Why a service does nothing of its kind; None where it does."""
    mine = [s.catalogue.skus[sku] for sku, its in zip(shelf.names, belonging(s, service.skus), strict=True) if its]
    shelves = [s.catalogue.categories[sku.category] for sku in mine]
    count = _skus(len(mine))
    if service.kind == "matching_sets":
        partner = s.catalogue.skus[service.partner or ""]
        others, everywhere = [sku for sku in mine if sku is not partner], set(s.market.channels)
        if not others:
            return f"has no SKU beside its partner {service.partner!r}; name the SKUs it goes with"
        place = set(partner.channels) or everywhere
        if not any(place & (set(sku.channels) or everywhere) for sku in others):
            return f"has a partner {service.partner!r} in no channel of its {_skus(len(others))}; share one"
        return None
    if service.effect == 0.0 and (service.appeal == 0.0 or service.kind == "warranty"):
        return "has effect 0; raise effect or leave it out"
    if service.kind == "size_advice" and not any(sku.sizes for sku in mine):
        return f"belongs to {count} without sizes: no return to avoid; name SKUs with sizes or leave it out"
    if service.kind == "size_advice" and not any(c.return_rate for c in shelves):
        return f"belongs to {count} with return_rate 0: no return to avoid; leave it out"
    if service.kind == "tutorials" and s.operations.service_desk.contacts_per_order == 0.0:
        return "avoids contacts, but operations.service_desk.contacts_per_order is 0; leave it out"
    if service.kind == "trade_in" and not any(c.storability for c in shelves):
        return f"belongs to {count} of storability 0: need does not wait for what is at home; leave it out"
    return None
