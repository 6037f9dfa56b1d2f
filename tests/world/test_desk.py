"""The service desk by hand: types of tickets, who is taken first, who tries again, how long they waited."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim.contracts import Forecast, Roster, Staffer, View
from sim.errors import StrategyError
from sim.ledger import TICKET_TYPES, wait_quantile
from sim.metrics import all_metrics
from sim.scenario.root import Scenario
from strategies.staffing.fixed import Fixed
from tests.waits import wait_bins
from tests.world.markets import Nobody, Played, Tree, market, play

PRE_SALE, ORDER, LATE, WRONG, PRICE, RETURNS = range(6)
QUIET: Tree = {"question_per_visit": 0.0, "contacts_per_order": 0.0, "contacts_if_late": 0.0, "bot_containment": 0.0}


def desk(days: int = 4, consumers: int = 500, **terms: Any) -> Scenario:
    """Nobody asks anything unless the test says so; 20 agents; half of what is bought comes back within days."""
    things = {"thing": {"need": 1.0, "storability": 0.0, "not_now": 1.0, "return_rate": 0.5}}
    return market(
        days, market={"consumers": consumers}, catalogue={"categories": things},
        operations={"service_desk": {"agents": 20} | QUIET | terms},
    )  # fmt: skip


class Log:
    """What reached the agents' queue and what left it, by ticket."""

    def __init__(self) -> None:
        self.kind: dict[int, int] = {}
        self.opened: dict[int, int] = {}
        self.service: dict[int, int] = {}
        self.start: dict[int, int] = {}

    def listen(self, world: Any) -> None:
        """Hangs itself between the desk and its station."""
        station, tickets = world.desk.station, world.desk.tickets
        push, take = station.push, station.take

        def pushing(job: np.ndarray, arrival: np.ndarray, service: np.ndarray, *rest: Any) -> None:
            rows = zip(job, arrival, service, tickets.get("kind", job), strict=True)
            for n, at, length, kind in rows:
                self.kind[int(n)], self.opened[int(n)], self.service[int(n)] = int(kind), int(at), int(length)
            push(job, arrival, service, *rest)

        def taking() -> Any:
            gone = take()
            self.start |= {int(n): int(s) for n, s in zip(gone[0], gone[1], strict=True)}
            return gone

        station.push, station.take = pushing, taking


def logged(scenario: Scenario, **strategies: Any) -> tuple[Played, Log]:
    log = Log()
    return play(scenario, before=log.listen, **strategies), log


@pytest.mark.parametrize(
    ("kind", "terms"),
    [
        (PRE_SALE, {"question_per_visit": 0.3}), (ORDER, {"contacts_per_order": 1.0}),
        (WRONG, {"contacts_per_parcel": 0.4}), (RETURNS, {"contacts_per_return": 1.0}),
    ],
)  # fmt: skip
def test_each_cause_opens_tickets_of_its_type(kind: int, terms: Tree) -> None:
    days = 20 if kind == RETURNS else 6
    history = play(desk(days, 200, **terms)).history
    assert np.array_equal(history.tickets_by_type[kind], history.daily["tickets"])
    assert history.daily["tickets"].sum() > 50


def test_everybody_whose_return_was_inspected_asks_the_next_day() -> None:
    """One unit a line: as many tickets as units came back the day before."""
    history = play(desk(20, 200, contacts_per_return=1.0)).history
    assert history.tickets_by_type[RETURNS][1:].tolist() == history.daily["returned_units"][:-1].tolist()


def test_late_parcels_make_people_ask_where_they_are() -> None:
    scenario = desk(6, contacts_if_late=1.0)
    late = scenario.model_copy(update={"operations": scenario.operations.model_copy(update={"promise_hours": 1.0})})
    assert play(scenario).history.tickets_by_type.sum() == 0
    history = play(late).history
    asked = history.tickets_by_type.sum(axis=1)
    assert asked[LATE] > 100 and asked.sum() == asked[LATE]


def test_each_type_has_its_own_bot_share_and_handle_time() -> None:
    """Orders: none contained, 3 minutes; questions: all contained."""
    own = {"order": {"bot_containment": 0.0, "handle_minutes": 3.0}, "pre_sale": {"bot_containment": 1.0}}
    played, log = logged(
        desk(contacts_per_order=1.0, question_per_visit=0.3, bot_containment=0.5, handle_cv=0.0, tickets=own)
    )
    assert set(log.kind.values()) == {ORDER} and set(log.service.values()) == {180}
    by_type = played.history.tickets_by_type.sum(axis=1)
    assert by_type[PRE_SALE] == played.history.daily["tickets_bot"].sum() > 0
    assert by_type[ORDER] == len(log.kind)


@pytest.mark.parametrize("triage", [[], ["wrong_or_missing"], ["order", "wrong_or_missing"]])
def test_triage_decides_who_is_taken_first(triage: list[str]) -> None:
    """One agent, long calls, patient callers: nobody starts while a more urgent one, or an earlier equal, waits."""
    terms = {"agents": 1, "concurrency": 1, "patience_minutes": 9000.0, "handle_minutes": 20.0}
    _, log = logged(desk(5, 300, contacts_per_order=0.35, contacts_per_parcel=0.35, triage=triage, **terms))
    urgency = [triage.index(name) if name in triage else len(triage) for name in TICKET_TYPES]
    served = [n for n, start in log.start.items() if start >= 0]
    start, opened = (np.array([table[n] for n in served]) for table in (log.start, log.opened))
    rank = np.array([urgency[log.kind[n]] for n in served])
    waiting = (opened[None, :] < start[:, None]) & (start[None, :] > start[:, None])
    sooner = (rank[None, :] < rank[:, None]) | ((rank[None, :] == rank[:, None]) & (opened[None, :] < opened[:, None]))
    assert waiting.any() and not (waiting & sooner).any()
    assert (start > opened).sum() > 20 and {log.kind[n] for n in served} == {ORDER, WRONG}


class Sorts(Staffer):
    """The usual hours, and tickets in an order of his own."""

    def __init__(self, *triage: str) -> None:
        self.triage = triage

    def roster(self, view: View, forecast: Forecast, rng: np.random.Generator) -> Roster:
        return replace(Fixed().roster(view, forecast, rng), triage=self.triage)


def test_a_staffer_s_triage_is_the_scenario_s() -> None:
    """The same order, told every morning instead of written once: the same tickets at the same seconds. Before the
    first morning nobody has been asked, so the desk is told at midnight."""
    order = ["order", "wrong_or_missing"]
    terms = {"agents": 1, "concurrency": 1, "patience_minutes": 9000.0, "handle_minutes": 20.0,
             "contacts_per_order": 0.35, "contacts_per_parcel": 0.35}  # fmt: skip
    _, plain = logged(desk(5, 300, **terms), staffing=Fixed())
    _, written = logged(desk(5, 300, triage=order, **terms), staffing=Fixed())
    told = Log()
    begin = (told.listen, lambda world: world.desk.sort(order))
    play(desk(5, 300, **terms), before=lambda world: [do(world) for do in begin], staffing=Sorts(*order))
    assert told.start == written.start != plain.start


@pytest.mark.parametrize(
    ("triage", "message"),
    [
        (("oder",), r"triage must name some of .*got 'oder'; did you mean 'order'\?"),
        (("order", "order"), "triage must name each once, got 'order' twice"),
        ("order", "triage must be a tuple of names, got str"),
    ],
)
def test_a_triage_that_cannot_be_is_refused(triage: Any, message: str) -> None:
    mine = Sorts()
    mine.triage = triage
    with pytest.raises(StrategyError, match=message):
        play(desk(1), staffing=mine)


def test_who_gave_up_tries_again_the_next_day() -> None:
    """Without agents everybody gives up within seconds; with a repeat share of 1 each comes back every day."""
    terms = {"agents": 0, "contacts_per_order": 1.0, "patience_minutes": 0.05}
    once = play(desk(5, **terms), staffing=Nobody()).history.daily
    again = play(desk(5, repeat_share=1.0, **terms), staffing=Nobody()).history.daily
    assert np.cumsum(once["tickets"] - once["tickets_abandoned"]).max() <= 1  # at midnight somebody may be waiting
    assert again["tickets"][1:].tolist() == (once["tickets"][1:] + again["tickets_abandoned"][:-1]).tolist()
    half = play(desk(5, repeat_share=0.5, **terms), staffing=Nobody()).history.daily
    back = (half["tickets"][1:] - once["tickets"][1:]).sum() / half["tickets_abandoned"][:-1].sum()
    assert back == pytest.approx(0.5, abs=0.05)


def test_waits_are_counted_to_the_second_and_their_percentile_to_nine_percent() -> None:
    terms = {"agents": 2, "concurrency": 1, "handle_minutes": 12.0, "patience_minutes": 600.0}
    played, log = logged(desk(5, 400, contacts_per_order=0.7, **terms))
    waits = np.array([start - log.opened[n] for n, start in log.start.items() if start >= 0])
    history = played.history
    assert waits.size > 200 and waits.max() > 3600
    assert history.wait_counts[-1].sum() == waits.size and history.wait_seconds[-1].sum() == waits.sum()
    of = {name: metric.of(history) for name, metric in all_metrics().items()}
    assert of["desk_wait_minutes"] == pytest.approx(waits.mean() / 60)
    exact = np.quantile(waits, 0.99, method="inverted_cdf") / 60
    assert of["desk_wait_p99_minutes"] == pytest.approx(exact, rel=0.0906)


def test_bins_are_a_fifth_wide_and_hold_every_wait() -> None:
    """0 s; [1, 1.19) s; 2 s begins bin 5, 4 s bin 9; 256 s bin 33."""
    counts = wait_bins(np.array([0, 0, 1, 2, 3, 4, 256, 10**9]))
    assert {n: int(c) for n, c in enumerate(counts) if c} == {0: 2, 1: 1, 5: 1, 7: 1, 9: 1, 33: 1, 95: 1}
    every = np.arange(1, 100_000)
    for wait in every[::997]:
        assert wait_quantile(wait_bins([wait]), 0.5) == pytest.approx(wait, rel=0.0906)
    powers = 2 ** np.arange(23)  # a logarithm that is a hair below a whole number must not fall into the bin before
    assert np.flatnonzero(wait_bins(powers)).tolist() == (1 + 4 * np.arange(23)).tolist()
    assert np.isnan(wait_quantile(wait_bins(np.zeros(0, np.int64)), 0.99))
    assert wait_quantile(wait_bins(np.array([0] * 99 + [600])), 0.99) == 0.0


def test_wait_at_pick_pack_is_the_time_from_order_to_work() -> None:
    """One picker by day: the mean of what was dispatched, by its own clock."""
    scenario = market(4, market={"consumers": 100}, operations={"warehouses": {"w": {"pickers": 1}}})
    waits: list[np.ndarray] = []

    def listen(world: Any) -> None:
        take = world.warehouses[0].pick_pack.take

        def taking() -> Any:
            gone = take()
            waits.append(gone[1] - world.parcels.get("placed", gone[0]))
            return gone

        world.warehouses[0].pick_pack.take = taking

    history = play(scenario, before=listen).history
    every = np.concatenate(waits)
    assert every.size > 100 and history.wait_counts[0].sum() == every.size
    assert all_metrics()["pick_pack_wait_hours"].of(history) == pytest.approx(every.mean() / 3600)
    assert history.finished_hourly[0].sum() == every.size
