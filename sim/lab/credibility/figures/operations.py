"""What a festival does to orders, parcels, promises, returns and contacts; shipped worlds, 100,000 consumers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.contracts import Floats
from sim.lab.credibility.bench import FESTIVAL_RITUAL, Bench
from sim.lab.credibility.figures import figure
from sim.ledger import History

RUSH_DAYS = 7
"""Days after a festival's end that still count as festival: its parcels arrive then."""
CLEAR_DAYS = 30
"""Days after a festival's end from which days count as normal."""


def days_of(history: History) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(festival days with the rush after them, normal days) among the scored days; pre-sale days are neither."""
    scenario, scored = history.scenario, np.arange(history.scored.start, history.scored.stop)
    rush, odd = np.zeros(scored.size, np.bool_), np.zeros(scored.size, np.bool_)
    for name in scenario.schedules[history.schedule]:
        c = scenario.campaigns[name]
        if c.ritual < FESTIVAL_RITUAL:
            continue
        begin, end = (scenario.calendar.second_of(moment) // 86_400 for moment in (c.start, c.end))
        early = scenario.calendar.second_of(c.presale.start) // 86_400 if c.presale else begin
        rush |= (scored >= begin) & (scored <= end + RUSH_DAYS)
        odd |= (scored >= early) & (scored <= end + CLEAR_DAYS)
    return scored[rush], scored[~(odd | rush)]


def peak(days: Floats) -> float:
    """Largest / median; NaN when the median is 0.

    >>> peak(np.array([1.0, 1.0, 3.0]))
    3.0
    """
    middle = float(np.median(days))
    return float(days.max()) / middle if middle > 0 else float("nan")


def _scored(history: History, name: str) -> Floats:
    return np.asarray(history.daily[name][history.scored], np.float64)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")


@figure("order_peak_festival", "orders: busiest / median scored day, baseline pair")
def order_peak_festival(bench: Bench) -> float:
    """big_promo with gut_feel."""
    return peak(_scored(bench.baseline().history, "orders"))


@figure("parcel_peak_single_day", "parcels dispatched: busiest / median scored day, baseline pair (three days)")
def parcel_peak_single_day(bench: Bench) -> float:
    """The shipped festival lasts three days with one peak; the band is of single-day festivals."""
    return peak(_scored(bench.baseline().history, "parcels_dispatched"))


@figure("parcel_peak_three_weeks", "the same, the festival spread over three weeks, gut_feel")
def parcel_peak_three_weeks(bench: Bench) -> float:
    """three_weeks: as much promotion money as the baseline's festival."""
    return peak(_scored(bench.shipped("three_weeks", "gut_feel").history, "parcels_dispatched"))


def _always_on(bench: Bench) -> Floats:
    return _scored(bench.shipped("always_on", "closed_loop").history, "parcels_dispatched")


@figure("parcel_peak_always_on_daily", "parcels dispatched: busiest / median scored day, always_on with closed_loop")
def parcel_peak_always_on_daily(bench: Bench) -> float:
    """No festival in the scored days."""
    return peak(_always_on(bench))


@figure("parcel_peak_always_on_weekly", "the same by week")
def parcel_peak_always_on_weekly(bench: Bench) -> float:
    """Whole weeks from the first scored day."""
    days = _always_on(bench)
    weeks = days.size // 7
    return peak(days[: 7 * weeks].reshape(weeks, 7).sum(axis=1))


def late(history: History, days: NDArray[np.int64]) -> float:
    """Share of the parcels delivered on these days that came late."""
    return _ratio(
        float(history.daily["parcels_late"][days].sum()), float(history.daily["parcels_delivered"][days].sum())
    )


def hours(history: History, days: NDArray[np.int64]) -> float:
    """Mean hours from order to door of the parcels delivered on these days."""
    parcels = history.daily["parcels_delivered"][days]
    return _ratio(float(np.nansum(history.daily["order_to_door_hours"][days] * parcels)), float(parcels.sum()))


@figure("door_hours_normal", "hours from order to door, normal days, baseline pair")
def door_hours_normal(bench: Bench) -> float:
    """By day of delivery."""
    history = bench.baseline().history
    return hours(history, days_of(history)[1])


@figure("late_share_normal", "late share of parcels delivered on normal days, baseline pair")
def late_share_normal(bench: Bench) -> float:
    """Late against the shop's promise of 72 hours."""
    history = bench.baseline().history
    return late(history, days_of(history)[1])


@figure(
    "late_ratio", "late share of parcels delivered in the festival and 7 days after / on normal days, baseline pair"
)
def late_ratio(bench: Bench) -> float:
    """By day of delivery: History does not hold the order's day."""
    history = bench.baseline().history
    rush, normal = days_of(history)
    return _ratio(late(history, rush), late(history, normal))


@figure("delivery_time_increase", "hours from order to door: the same days / normal days - 1, baseline pair")
def delivery_time_increase(bench: Bench) -> float:
    """By day of delivery."""
    history = bench.baseline().history
    rush, normal = days_of(history)
    return _ratio(hours(history, rush), hours(history, normal)) - 1.0


@figure("return_general", "units returned / units ordered, scored days, all categories, baseline pair")
def return_general(bench: Bench) -> float:
    """A ratio of flows: what comes back on a day was bought on an earlier one."""
    history = bench.baseline().history
    return _ratio(float(_scored(history, "returned_units").sum()), float(_scored(history, "units").sum()))


@figure("return_apparel", "the same, apparel")
def return_apparel(bench: Bench) -> float:
    """The category of this name; NaN where there is none."""
    world = bench.baseline()
    mine, scored = [c == "apparel" for c in world.category], world.history.scored
    return _ratio(float(world.returned[mine, scored].sum()), float(world.units[mine, scored].sum()))


@figure("return_event_ratio", "share of lines that come back: bought at a festival / at other times, baseline pair")
def return_event_ratio(bench: Bench) -> float:
    """Lines handed over on scored days, each followed until it is kept or sent back; pre-sale counts as festival."""
    history = bench.baseline().history
    other, event = (_ratio(*pair) for pair in zip(history.lines_returned, history.lines_delivered, strict=True))
    return _ratio(event, other)


def lag_quantile(lags: NDArray[np.int64], share: float) -> float:
    """Days within which this share of returns is back, within a day's bin in proportion.

    >>> lag_quantile(np.array([0, 4, 4]), 0.25)
    1.5
    """
    upto = np.cumsum(lags)
    if upto[-1] == 0:
        return float("nan")
    n = int(np.searchsorted(upto, share * upto[-1]))
    return n + float(share * upto[-1] - (upto[n] - lags[n])) / float(lags[n])


@figure("return_lag_median_days", "days from the order to the returns dock, median of returned lines, baseline pair")
def return_lag_median_days(bench: Bench) -> float:
    """The scenario's lag counts from the door; the band, like this figure, from the purchase."""
    return lag_quantile(bench.baseline().history.return_lags, 0.5)


@figure("return_within_30d", "share of returned lines on the dock within 30 days of the order, baseline pair")
def return_within_30d(bench: Bench) -> float:
    """Lines handed over on scored days, none cut off by the end of the run."""
    lags = bench.baseline().history.return_lags
    return _ratio(float(lags[:31].sum()), float(lags.sum()))


@figure("human_contacts_per_100_orders", "contacts passed on by the bot per 100 orders, normal days, baseline pair")
def human_contacts_per_100_orders(bench: Bench) -> float:
    """Served or given up in the queue."""
    history = bench.baseline().history
    _, normal = days_of(history)
    daily = history.daily
    people = float((daily["tickets"][normal] - daily["tickets_bot"][normal]).sum())
    return 100 * _ratio(people, float(daily["orders"][normal].sum()))


@figure("contact_hour_peak_over_mean", "contacts in the busiest hour of the festival / in a mean normal hour")
def contact_hour_peak_over_mean(bench: Bench) -> float:
    """Those that reach a person; baseline pair."""
    history = bench.baseline().history
    rush, normal = days_of(history)
    desk = history.arrivals_hourly[history.stations.index("service_desk")]
    return _ratio(float(desk[rush].max()), float(desk[normal].mean()))


def load(parcels: Floats, people: Floats) -> Floats:
    """(C, days) parcels a courier hands over; 0 where nobody is on the road.

    >>> load(np.array([[200.0, 30.0]]), np.array([[2.0, 0.0]]))
    array([[100.,   0.]])
    """
    return np.divide(parcels, people, out=np.zeros_like(parcels), where=people > 0)


@figure(
    "courier_peak_over_normal", "parcels a courier hands over: busiest / median scored day, worst city, baseline pair"
)
def courier_peak_over_normal(bench: Bench) -> float:
    """Surge runs count as couriers; overtime is worked by the same people."""
    history = bench.baseline().history
    parcels = history.courier_finished_hourly[:, history.scored].sum(axis=2).astype(np.float64)
    return max(peak(city) for city in load(parcels, history.couriers_on_road[:, history.scored]))


@figure("pack_orders_per_hour", "orders picked and packed per hour worked on the busiest scored day, baseline pair")
def pack_orders_per_hour(bench: Bench) -> float:
    """The day on which most are; hours of regular staff, overtime and temps, idle ones included."""
    history = bench.baseline().history
    mine = [n for n, name in enumerate(history.stations) if name.endswith("/pick_pack")]
    packed = history.finished_hourly[mine][:, history.scored].sum(axis=(0, 2)).astype(np.float64)
    worked = history.hours_worked[mine][:, :, history.scored].sum(axis=(0, 1))
    return _ratio(float(packed.max()), float(worked[int(np.argmax(packed))]))


def matched_repeat(history: History, days: int) -> float:
    """Share of customers who order again within `days` of a first order that came late / the same of first orders of
    the same day that came in time, the days weighted by late ones; NaN where no day has both.

    Won in the run, by the day of the first order; somebody with two parcels that day counts as late when one was.
    """
    who, when = history.order_customer, history.order_day.astype(np.int64)
    first = np.full(history.source.size, np.iinfo(np.int64).max)
    np.minimum.at(first, who, when)
    again = np.zeros(first.size, np.bool_)
    again[who[(when > first[who]) & (when <= first[who] + days)]] = True
    late = np.zeros(first.size, np.bool_)
    ill = history.late_day.astype(np.int64) == first[history.late_customer]
    late[history.late_customer[ill]] = True
    followed = (history.source > 0) & (first <= history.scenario.calendar.days - 1 - days)
    back = expected = 0.0
    for day in np.unique(first[followed & late]):
        mine = followed & (first == day)
        if (mine & ~late).any():
            back += float(again[mine & late].sum())
            expected += float((mine & late).sum()) * float(again[mine & ~late].mean())
    return _ratio(back, expected)


REPEAT_DAYS = 120
"""Days a first order is followed; the source follows 180, which leaves too few of the shipped calendar's 210."""


@figure("late_repeat_ratio_first", "reorder within 120 days, first order late / in time on the same day, baseline pair")
def late_repeat_ratio_first(bench: Bench) -> float:
    """Matched by the day of the order, as late ones cluster after a festival, when others are won."""
    return matched_repeat(bench.baseline().history, REPEAT_DAYS)
