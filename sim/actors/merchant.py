"""The merchant: looks at 06:00, asks his five strategies, and acts on what they answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from sim import plugins
from sim.actors import answers
from sim.actors.answers import Inspector
from sim.actors.base import Actor
from sim.actors.deadline import Deadline, Overdue
from sim.actors.view import view_of
from sim.contracts import (
    HORIZON_DAYS,
    Answer,
    Forecaster,
    LineUp,
    Offers,
    Outreach,
    Pricer,
    Roster,
    Staffer,
    Stocker,
    StockPlan,
    Touches,
    View,
)  # fmt: skip
from sim.errors import StrategyError

if TYPE_CHECKING:
    from sim.world import World


class Merchant(Actor):
    """View -> forecast -> stock orders -> roster -> offers -> outreach, once a day."""

    def __init__(self, world: World, line_up: LineUp) -> None:
        super().__init__(world)
        self.line_up = line_up
        self.last: Answer | None = None
        self.deadline = Deadline(world.spec.compare.decision_seconds)

    def _ask(self, kind: str, question: Callable[..., object], view: View, *more: object) -> tuple[object, Inspector]:
        """One strategy's answer; whatever it raises becomes a StrategyError that names it. Oracles see the truth."""
        world, strategy = self.world, self.line_up[kind]
        told = (world.with_truth(view) if strategy.info == "oracle" else view, *more)
        look = Inspector(f"{kind}/{type(strategy).__name__}", world.day)
        rng = world.streams.generator(f"strategy {kind}", world.day)
        late = look.fail(f"must answer within {self.deadline.seconds:g} s, was stopped")
        try:
            with self.deadline.watch(str(late)), plugins.printing_aside():
                return question(*told, rng), look
        except Overdue:
            raise late from None
        except (StrategyError, KeyboardInterrupt):
            raise
        except BaseException as error:  # a user's code may fail in any way, SystemExit too; it costs this run only
            raise look.fail(f"must answer without an error, raised {plugins.told(error)}") from error

    def decide(self) -> None:
        """06:00: five questions, five answers, acted upon."""
        view = view_of(self.world)
        if any(strategy.info == "oracle" for strategy in self.line_up.values()):
            self.world.with_truth(view)  # the first time a whole twin is lived through: on nobody's clock
        with self.deadline.several():
            self.last = answer = self._answers(view)
        self._buy(answer.stock)
        self._staff(answer.roster)
        self._offer(answer.offers)
        self._write(answer.touches)

    def _answers(self, view: View) -> Answer:
        """What the strategies say; each may know the forecast. Raises StrategyError."""
        up, shop = self.line_up, self.world.shop
        forecaster, stocker, staffer = up["forecasting"], up["stocking"], up["staffing"]
        pricer, outreach = up["pricing"], up["outreach"]
        assert isinstance(forecaster, Forecaster) and isinstance(stocker, Stocker) and isinstance(staffer, Staffer)
        assert isinstance(pricer, Pricer) and isinstance(outreach, Outreach)
        told: Any
        told, look = self._ask("forecasting", forecaster.forecast, view, HORIZON_DAYS)
        forecast = answers.check_forecast(look, told, shop, HORIZON_DAYS)
        told, look = self._ask("stocking", stocker.order, view, forecast)
        stock = answers.check_stock(look, told, shop)
        told, look = self._ask("staffing", staffer.roster, view, forecast)
        roster = answers.check_roster(look, told, shop)
        told, look = self._ask("pricing", pricer.price, view, forecast)
        offers = answers.check_offers(look, told, shop)
        told, look = self._ask("outreach", outreach.touch, view, forecast)
        touches = answers.check_touches(look, told, shop)
        return Answer(forecast, stock, roster, offers, touches)

    def _buy(self, plan: StockPlan) -> None:
        """Purchase orders go to each SKU's supplier, at least the minimum, stores' to their home; transfers leave."""
        world = self.world
        minimum, wanted = world.shop.minimum_order[:, None], plan.orders.copy()
        for store in world.stores:
            wanted[:, store.home] += wanted[:, store.number]
            wanted[:, store.number] = 0
        units = np.where(wanted > 0, np.maximum(wanted, minimum), 0)
        for name, supplier in world.suppliers.items():
            mine = world.supplier_of == name
            if units[mine].any():
                supplier.order(np.where(mine[:, None], units, 0))
        if plan.transfers.any():
            world.inventory.transfer(plan.transfers)

    def _staff(self, roster: Roster) -> None:
        """Crews get their shifts, fleets their couriers, the desk its bot."""
        world = self.world
        for crew, wage in zip(world.crews, world.shop.station_hour_yuan, strict=True):
            n = crew.index
            crew.start(roster.regular_hours[n], roster.overtime_hours[n], roster.temps[n], float(wage))
        for fleet in world.fleets:
            n = fleet.number
            overtime = float(roster.courier_overtime_hours[n])
            fleet.start(int(roster.couriers[n]), float(roster.surge[n]), overtime)
        world.desk.bot_share = roster.bot_share
        world.desk.sort(roster.triage)

    def _offer(self, offers: Offers) -> None:
        """Prices go on the shelf; what a red line had to correct is counted."""
        world = self.world
        corrected = world.counter.put(offers.prices, offers.coupons)
        world.ledger.count("red_line_corrections", corrected)

    def _write(self, touches: Touches) -> None:
        """Messages go out and are paid for."""
        world = self.world
        if not touches.share.any():
            return
        coupon = np.where(touches.content == 1, np.round(100 * touches.coupon), 0).astype(np.int64)
        sent = world.consumers.write_to(touches.share, coupon)
        world.records.messages[:, world.day] = sent
        cost = round(100 * world.spec.operations.finance.message_yuan * int(sent.sum()))
        world.ledger.book("outreach", "cash", -cost)
