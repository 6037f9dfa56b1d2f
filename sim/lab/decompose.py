"""Where a campaign's bump came from: twins on the same draws, to the unit.

Worlds [on] with and [off] without the campaign, under less and less of what moves demand through it: as they are; with
more stock than can be sold; then also without stockpiling; then also with the campaign unannounced. E, B, A are the
units of a world that ship in, before and after the campaign (`sales.Window`), R those of E that come back, in a cell
of SKU x channel x segment x city. The bump of a pair of worlds is E(on) - E(off). Then

    lost_to_stockout = bump as it is - bump with unlimited stock (below 0 where the shelf was empty)
    stockpiled       = bump with unlimited stock - bump when also nobody stockpiles
    postponed        = bump when nobody stockpiles - bump when the campaign is also unannounced: people who waited

and the last bump, of a campaign that surprises, is taken apart by what the same people did in its twin:

    switched_channel = units bought in place of the same SKU in another channel or the pre-sale, person by person
    switched_sku     = units bought in place of another SKU of the category, likewise (`sales.replaced`)
    from_before      = B(off) - B(on): bought in the pre-sale rather than before, or moved by the merchant's acts ahead
    pulled_forward   = A(off) - A(on): bought in the campaign rather than after it
    returned         = R(on) - R(off) as it is: units of the bump that come back
    incremental      = what is left: units that the shop gained over all the weeks, and that stay sold

so that, cell by cell and in whole units, E(on) = E(off) + the nine parts. Both switches stand with + where a unit was
bought and with - where its twin was left, and add up to 0 over a category; their gross flow stands beside them, as does
what people held back before the campaign because they waited: some of them never come. Timing, switching and more use
are Gupta's (1988) and van Heerde, Leeflang & Wittink's (2004); mechanism twins are what a simulated market adds. They
depend on their order: what stockpilers and those who waited would have bought and found gone stands with + in
`stockpiled` or `postponed` and with - in `lost_to_stockout`; a unit that needs both the announcement and stockpiling
counts as stockpiled; returns of any of the bump are taken off `incremental`. What stockpilers buy less of afterwards is
inside `stockpiled`; the split beside the bands counts it as cross-period.
A mechanism that is off makes a twin of the same key, lived through once: its part is exactly 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.actors.base import named
from sim.actors.view import shop_of
from sim.contracts import Ints
from sim.lab import store
from sim.lab.bump_days import day_parts, days_frame
from sim.lab.credibility.bands import BANDS
from sim.lab.credibility.bench import Bench
from sim.lab.moved import Split, split_of
from sim.lab.sales import Sales, Window, replaced, watch
from sim.lab.texts import aligned, column_form, interval, number, share
from sim.lab.twins import Change, Progress, Twin, came_through, changed, chosen, live_each, mean_of, schedule_with
from sim.scenario import Scenario

PARTS: dict[str, str] = {
    "incremental": "gained over all the weeks, and kept",
    "returned": "of the bump, comes back",
    "pulled_forward": "would have been bought after",
    "postponed": "waited for, because it was announced",
    "from_before": "moved into the pre-sale, or by what the merchant does ahead",
    "stockpiled": "because people stock up",
    "switched_sku": "in place of another SKU, in less out",
    "switched_channel": "in place of another channel, in less out",
    "lost_to_stockout": "not sold for want of stock",
}
"""Parts of the bump and what they are."""
_GROSS: dict[str, str] = {
    "from_other_sku": "gross: units bought in place of another SKU",
    "from_other_channel": "gross: in place of another channel",
    "held_back": "not bought before because people waited, bought in the end or not",
}
"""Flows that are shown beside the parts and are none of them."""
_LEVELS = ("total", "promoted", "category", "sku", "channel", "segment", "city")


@dataclass(frozen=True)
class Decomposition:
    """A campaign's units, taken apart."""

    scenario: Scenario
    campaign: str
    schedule: str
    line_up: str
    cells: pd.DataFrame = field(repr=False)
    """One row a replication and cell with any unit: units = baseline + bump, bump = the parts; whole units."""
    splits: list[dict[str, Split]] = field(repr=False)
    """By replication: the bands' split of `all`, `storable` and `perishable` promoted SKUs."""
    replications: list[int]
    """Those that came through, whether anything was sold in them or not."""
    days: pd.DataFrame = field(repr=False)
    """Mean units and 95 % interval by part and day around the campaign; see `bump_days.days_frame`."""
    failures: list[str] = field(default_factory=list)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Mean units and 95 % interval over replications, and both as a share of the mean bump, by level and part."""
        return _summary(self.cells, self.replications)

    def bands(self) -> list[dict[str, Any]]:
        """The shares that have a published band, beside it."""
        return _beside_bands(self.splits)

    def text(self) -> str:
        """The tables for people."""
        total = {row["part"]: row for row in self.summary.to_dict("records") if row["level"] == "total"}
        rows = [("part", "units", "95 % interval", "of the bump", "95 % interval", "")]
        parts = ("units", "baseline", "bump", *PARTS, *_GROSS)
        form = column_form(total[part]["mean"] for part in parts)
        for part in parts:
            row, of_bump = total[part], ("", "")
            if part in PARTS or part in _GROSS:
                of_bump = share(row["share"]), interval(row["share_low"], row["share_high"], "{:.1%}")
            units = form.format(row["mean"]), interval(row["low"], row["high"], form)
            rows.append((part, *units, *of_bump, _MEANING[part]))
        n = len(self.replications)
        title = f"{self.campaign} in {self.schedule} with {self.line_up}: its units, mean of {n} replications"
        head = ("share of the bump of promoted SKUs", "", "band", "", "source")
        known = [head] + [
            (b["name"], number(b["share"]), f"{b['low']:g} .. {b['high']:g}", b["verdict"], b["source"].split(";")[0])
            for b in self.bands()
        ]  # fmt: skip
        note = (
            "The bands were measured on single SKUs cut for a week; where a campaign promotes a whole category, there "
            "is nothing left in it to switch from."
        )
        return "\n".join([title, "", *aligned(rows, {1, 2, 3, 4}, {0, 3, 3 + len(PARTS)}), "", self._by_category(), "",
                          *aligned(known, {1}), "", note])  # fmt: skip

    def _by_category(self) -> str:
        rows = self.summary[self.summary["level"] == "category"]
        head = ("category", "units", "bump", *PARTS)
        table = rows.pivot(index="name", columns="part", values="mean").reindex(columns=list(head[1:]))
        form = column_form(table.to_numpy(float).ravel())
        cells = [(str(name), *(form.format(table.loc[name, part]) for part in head[1:])) for name in table.index]
        return "\n".join(aligned([head, *cells], set(range(1, len(head)))))

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; NaN becomes null."""
        rows = self.summary.astype(object).where(self.summary.notna(), None).to_dict("records")
        bands = [{k: (None if v != v else v) for k, v in row.items()} for row in self.bands()]
        head = {"campaign": self.campaign, "schedule": self.schedule, "line_up": self.line_up, "parts": PARTS}
        return {
            **head,
            "replications": len(self.replications),
            "summary": rows,
            "bands": bands,
            "failed": self.failures,
        }

    def write(self, folder: Path) -> None:
        """decomposition.parquet: all cells; decomposition.csv: means and intervals; bump_decomposition.csv: by day."""
        store.write_parquet(folder / "decomposition.parquet", self.cells)
        store.write_csv(folder / "decomposition.csv", self.summary)
        store.write_csv(folder / "bump_decomposition.csv", self.days)


_MEANING = {
    **PARTS, **_GROSS, "units": "shipped in the campaign's window", "baseline": "the same window without the campaign",
    "bump": "the difference: what is taken apart",
}  # fmt: skip


def decompose(
    scenario: Scenario, campaign: str, *, schedule: str | None = None, line_up: str | None = None,
    replications: int | None = None, seed: int | None = None, workers: int | None = None, out: Path | None = None,
    progress: Progress | None = None,
) -> Decomposition:  # fmt: skip
    """Lives through the twins of `campaign` in `schedule` (the first that holds it) with `line_up` (the baseline's) and
    takes its units apart. Writes tables where `out` is given. Raises UsageError for names that do not exist."""
    schedule = schedule_with(scenario, campaign, schedule)
    line_up = chosen(scenario, schedule, line_up)[1]
    if out is not None:
        store.prepare(out)
    window = Window.of(scenario, campaign)
    frames: dict[int, pd.DataFrame] = {}
    splits: dict[int, dict[str, Split]] = {}
    days: dict[int, dict[str, NDArray[np.float64]]] = {}
    failures: list[str] = []
    for replication, worlds in live_each(
        twins(scenario, campaign, schedule, line_up), watch(window), scenario.seed if seed is None else seed,
        replications or scenario.replications, workers or 1, progress, failures,
    ):  # fmt: skip
        parts = parts_of(worlds, _categories(scenario))
        frames[replication] = _frame(scenario, campaign, replication, parts)
        splits[replication] = _splits(scenario, campaign, worlds["on"], worlds["off"])
        days[replication] = day_parts(worlds)
    kept = came_through(frames, failures)
    cells = pd.concat([frames[r] for r in kept], ignore_index=True)
    by_seed, by_day = [splits[r] for r in kept], days_frame([days[r] for r in kept], window)
    result = Decomposition(scenario, campaign, schedule, line_up, cells, by_seed, kept, by_day, sorted(failures))
    if out is not None:
        result.write(out)
    return result


def twins(scenario: Scenario, campaign: str, schedule: str, line_up: str) -> dict[str, Twin]:
    """The seven worlds by name."""
    ops = scenario.operations
    plenty: list[Change] = [(("operations", "warehouses", name, "start_days"), 1000.0) for name in ops.warehouses]
    for city in ops.stores:
        plenty += [(("operations", "stores", city, "stock_days"), 1000.0),
                   (("operations", "stores", city, "shelf_litres"), 1e9)]  # fmt: skip
    calm: list[Change] = [*plenty, (("market", "behaviour", "stockpiling"), 0.0)]
    surprise: Change = (("campaigns", campaign, "announced_days"), 0.0)
    off: Change = (("schedules", schedule), [name for name in scenario.schedules[schedule] if name != campaign])
    made: dict[str, list[Change]] = {
        "on": [], "off": [off], "plenty on": plenty, "plenty off": [*plenty, off], "no stockpiling on": calm,
        "no stockpiling off": [*calm, off], "unannounced on": [*calm, surprise],
    }  # fmt: skip
    return {name: Twin(changed(scenario, *changes), schedule, line_up) for name, changes in made.items()}


def parts_of(worlds: dict[str, Sales], category: Ints) -> dict[str, Ints]:
    """(K, O, S, C) whole units by name: units, baseline, bump, each part, the flows beside them. `category` (K,)."""
    on, off, surprise, calm = (worlds[n] for n in ("on", "off", "unannounced on", "no stockpiling off"))
    bump = on.event - off.event
    plenty = worlds["plenty on"].event - worlds["plenty off"].event
    unstocked = worlds["no stockpiling on"].event - calm.event
    core = surprise.event - calm.event
    keys, channel, sku = replaced(surprise.lines, calm.lines, category)
    cells = {
        "from_other_sku": np.maximum(sku, 0), "from_other_channel": np.maximum(channel, 0), "switched_sku": sku,
        "switched_channel": channel,
    }  # fmt: skip
    switched = {name: _to_cells(surprise, calm, keys, units) for name, units in cells.items()}
    before, after = calm.before - surprise.before, calm.after - surprise.after
    returned = on.returned - off.returned
    rest = core - switched["switched_sku"] - switched["switched_channel"]
    parts = {
        "incremental": rest - before - after - returned, "returned": returned, "pulled_forward": after,
        "postponed": unstocked - core, "from_before": before, "stockpiled": plenty - unstocked, **switched,
        "lost_to_stockout": bump - plenty, "held_back": surprise.before - worlds["no stockpiling on"].before,
    }  # fmt: skip
    return {"units": on.event, "baseline": off.event, "bump": bump, **{p: parts[p] for p in (*PARTS, *_GROSS)}}


def _to_cells(one: Sales, other: Sales, keys: Ints, units: Ints) -> Ints:
    """(K, O, S, C) sums of units by person, SKU and offer; segment and city are known from either world's people."""
    out = np.zeros_like(one.event)
    where = np.concatenate([one.homes, other.homes])
    people, first = np.unique(where[:, 0], return_index=True)
    home = where[first[np.searchsorted(people, keys[:, 0])]]
    np.add.at(out, (keys[:, 1], keys[:, 2], home[:, 1], home[:, 2]), units)
    return out


def _categories(scenario: Scenario) -> Ints:
    shop = shop_of(scenario)
    return np.unique(np.array(shop.category), return_inverse=True)[1].astype(np.int64)


def _promoted(scenario: Scenario, campaign: str) -> NDArray[np.bool_]:
    return named(shop_of(scenario), scenario.campaigns[campaign].skus)


def _frame(scenario: Scenario, campaign: str, replication: int, parts: dict[str, Ints]) -> pd.DataFrame:
    """Cells as rows; those without any unit are left out."""
    shop = shop_of(scenario)
    some = np.any([table != 0 for table in parts.values()], axis=0)
    k, o, s, c = np.nonzero(some)
    offers = np.array([*shop.channels, "pre-sale"])
    head = {
        "replication": np.full(k.size, replication), "sku": np.array(shop.skus)[k],
        "category": np.array(shop.category)[k], "promoted": _promoted(scenario, campaign)[k], "channel": offers[o],
        "segment": np.array(list(scenario.market.segments))[s], "city": np.array(shop.cities)[c],
    }  # fmt: skip
    return pd.DataFrame({**head, **{name: table[some] for name, table in parts.items()}})


def _splits(scenario: Scenario, campaign: str, on: Sales, off: Sales) -> dict[str, Split]:
    """The bands' split of promoted SKUs by kind."""

    def over(table: Ints) -> Ints:
        return np.asarray(table.sum(axis=(1, 2, 3)))

    shop, bench = shop_of(scenario), Bench(0, scenario)
    kind, category = np.array([bench.kind(name) for name in shop.category]), np.array(shop.category)
    now = over(on.event - off.event)
    always = now + over(on.before - off.before) + over(on.after - off.after)
    promoted, out = _promoted(scenario, campaign), {}
    for name in ("all", "storable", "perishable"):
        own = promoted & ((kind == name) | (name == "all"))
        out[name] = split_of(now, always, on.soon - off.soon, own, np.isin(category, category[own]))
    return out


def _summary(cells: pd.DataFrame, every: list[int]) -> pd.DataFrame:
    parts = ["units", "baseline", "bump", *PARTS, *_GROSS]
    rows = []
    for level in _LEVELS:
        names = ["all"] if level == "total" else list(cells[level].astype(str).unique())
        for name in names:
            mine = cells if level == "total" else cells[cells[level].astype(str) == name]
            mine = mine.groupby("replication")[parts].sum().reindex(every, fill_value=0)
            bump = float(mine["bump"].mean())
            for part in parts:
                d = mean_of(mine[part].to_numpy(np.float64))
                shares = [x / bump if bump else float("nan") for x in (d.mean, d.low, d.high)]
                rows.append(
                    (level, name, part, d.mean, d.low, d.high, shares[0], min(shares[1:]), max(shares[1:]), d.pairs)
                )
    columns = ["level", "name", "part", "mean", "low", "high", "share", "share_low", "share_high", "replications"]
    return pd.DataFrame(rows, columns=columns)


def _beside_bands(splits: list[dict[str, Split]]) -> list[dict[str, Any]]:
    def total(kind: str) -> Split:
        return sum((s[kind] for s in splits), Split(0, 0, 0, 0, 0, 0))

    every, storable, perishable = total("all"), total("storable"), total("perishable")
    wanted = {
        "bump_switching": (storable.switching, storable.bump),
        "bump_cross_period": (storable.cross_period, storable.bump),
        "bump_expansion": (storable.expansion, storable.bump),
        "incremental_share": (every.expansion + every.elsewhere, every.bump),
        "dip_storable": (storable.deficit, storable.bump), "dip_perishable": (perishable.deficit, perishable.bump),
    }  # fmt: skip
    rows = []
    for name, (units, bump) in wanted.items():
        band, part = BANDS[name], units / bump if bump else float("nan")
        verdict = "in" if band.holds(part) else "no bump" if not bump else "outside"
        rows.append({"name": name, "share": part, "low": band.low, "high": band.high, "verdict": verdict,
                     "source": band.source})  # fmt: skip
    return rows
