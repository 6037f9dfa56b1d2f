"""Waterfalls, retention, churn, stock, trade-off and the figures of single experiments: every number of the frame."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from sim.errors import UsageError
from sim.report.churn_by_cause import CAUSES, churn_by_cause
from sim.report.figures import EXPERIMENTS
from sim.report.retention_curves import LEAST_CUSTOMERS, retention_curves, second_orders
from sim.report.stock_and_ageing import PANELS, stock_and_ageing
from sim.report.style import DARK, FONT_PT, LIGHT, Theme
from sim.report.trade_off import front, trade_off
from sim.report.waterfall import difference_waterfall, grouped, profit_waterfall


def _sibling(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"report_more_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


made = _sibling("frames")
PLAIN = made.scenario()
PAIRS = list(itertools.product(PLAIN.schedules, PLAIN.line_ups))


def panels(ax: Axes) -> list[Axes]:
    return [child for child in ax.child_axes if isinstance(child, Axes)]


def bars(ax: Axes) -> list[Rectangle]:
    return [bar for bar in ax.patches if isinstance(bar, Rectangle)]


def _profit(pnl: pd.DataFrame) -> pd.Series:
    """Profit a pair and replication, as the metric has it: all accounts from the first scored day on."""
    counted = pnl[pnl["day"] >= PLAIN.calendar.warm_up_days]
    return counted.groupby(["schedule", "line_up", "replication"])["yuan"].sum()


def test_the_waterfalls_steps_add_up_to_profit_with_accounts_that_nobody_named() -> None:
    pnl = made.pnl(PLAIN, 3)
    table, profit = grouped(pnl, PLAIN), _profit(pnl)
    assert list(table) == ["sales at list price", "cost of goods", "warehouse labour", "other"]
    assert table.sum(axis=1).to_dict() == pytest.approx(profit.to_dict())
    ax = profit_waterfall(pnl, PLAIN)
    assert len(panels(ax)) == len(PAIRS)
    for panel, pair in zip(panels(ax), PAIRS, strict=True):
        widths = [bar.get_width() for bar in bars(panel)]
        assert widths[:-1] == pytest.approx((table.loc[pair].mean() / 1e3).tolist())
        assert widths[-1] == pytest.approx(profit.loc[pair].mean() / 1e3)
        assert panel.get_xlabel() == "thousand yuan"


def test_the_difference_waterfall_ends_at_the_paired_difference() -> None:
    pnl = made.pnl(PLAIN, 3)
    profit = _profit(pnl)
    ax = difference_waterfall(pnl, PLAIN)
    assert len(panels(ax)) == len(PAIRS) - 1
    for panel, pair in zip(panels(ax), PAIRS[1:], strict=True):
        expected = float((profit.loc[pair] - profit.loc[PAIRS[0]]).mean())
        assert bars(panel)[-1].get_width() == pytest.approx(expected / 1e3)


def test_a_difference_of_one_seed_has_no_whiskers_and_no_baseline_says_so() -> None:
    pnl = made.pnl(PLAIN, 1)
    assert len(panels(difference_waterfall(pnl, PLAIN))) == 3
    other = pnl[pnl["schedule"] != "big_promo"]
    assert "nothing to compare" in [text.get_text() for text in difference_waterfall(other, PLAIN).texts]


def test_retention_draws_every_source_and_pair_with_its_shares() -> None:
    cohorts = made.cohorts(PLAIN, 2)
    ax = retention_curves(cohorts, PLAIN)
    assert len(panels(ax)) == 4
    for source, panel in enumerate(panels(ax)):
        assert len(panel.lines) == len(PAIRS)
        for line, (schedule, line_up) in zip(panel.lines, PAIRS, strict=True):
            mine = cohorts[
                (cohorts["schedule"] == schedule) & (cohorts["line_up"] == line_up) & (cohorts["source"] == source)
            ]
            days = len(np.asarray(line.get_ydata()))
            came = mine[(mine["days_to_second_order"] >= 0) & (mine["days_to_second_order"] <= days)]
            last = came["customers"].sum() / mine["customers"].sum()
            assert np.asarray(line.get_ydata())[-1] == pytest.approx(last)


def test_retention_counts_people_a_run_and_draws_no_curve_of_a_handful() -> None:
    """Every pair and seed holds the same customers: adding them up would count each of them eight times."""
    cohorts = made.cohorts(PLAIN, 2)
    alike = cohorts[(cohorts["schedule"] == PAIRS[0][0]) & (cohorts["line_up"] == PAIRS[0][1]) & (cohorts["seed"] == 0)]
    people = int(alike.loc[alike["source"] == 0, "customers"].sum())
    few = alike["customers"].where(alike["source"] != 3, (alike["days_to_second_order"] < 0) * (LEAST_CUSTOMERS - 1))
    alike = alike.assign(customers=few)
    runs = [alike.assign(schedule=s, line_up=up, seed=seed) for s, up in PAIRS for seed in (0, 1)]
    drawn = panels(retention_curves(pd.concat(runs), PLAIN))
    assert drawn[0].get_title(loc="left") == f"there at the start ({people:,} customers a run)"
    assert [len(panel.lines) for panel in drawn] == [len(PAIRS)] * 3 + [0]
    assert [text.get_text() for text in drawn[3].texts] == ["fewer than 20 customers a run: no curve"]


def test_second_orders_by_hand() -> None:
    table = pd.DataFrame({"days_to_second_order": [1, 3, -1], "customers": [2, 3, 5]})
    assert second_orders(table, 4).tolist() == pytest.approx([0.2, 0.2, 0.5, 0.5])


def test_churn_draws_every_cause_of_every_pair() -> None:
    runs = made.runs(PLAIN, 3)
    ax = churn_by_cause(runs, PLAIN)
    widths = [bar.get_width() for bar in bars(ax)]
    means = runs.groupby(["schedule", "line_up"], sort=False)[list(CAUSES)].mean()
    assert widths == pytest.approx(means.to_numpy().ravel().tolist())


def test_tiny_worlds_have_whole_ticks() -> None:
    runs = made.runs(PLAIN, 1).assign(**dict.fromkeys(CAUSES, 0.4))
    ticks = churn_by_cause(runs, PLAIN).get_xticks()
    assert len(set(ticks)) == len(ticks) and all(tick == int(tick) for tick in ticks)


def test_failed_runs_are_not_drawn_as_zero() -> None:
    runs = made.runs(PLAIN, 2)
    runs.loc[runs["replication"] == 1, "status"] = "failed"
    runs.loc[runs["replication"] == 1, ["peak_load", "profit", "left_natural"]] = float("nan")
    done = runs[runs["status"] == "done"]
    assert [b.get_width() for b in bars(churn_by_cause(runs, PLAIN))] == [
        b.get_width() for b in bars(churn_by_cause(done, PLAIN))
    ]


def test_stock_draws_every_column_of_every_pair() -> None:
    daily = made.daily(PLAIN, 2)
    ax = stock_and_ageing(daily, PLAIN)
    assert len(panels(ax)) == len(PANELS)
    for panel, (column, (_, unit, factor)) in zip(panels(ax), PANELS.items(), strict=True):
        assert panel.get_ylabel() == unit
        for line, (schedule, line_up) in zip(panel.lines, PAIRS, strict=True):
            mine = daily[(daily["schedule"] == schedule) & (daily["line_up"] == line_up)]
            expected = mine.groupby("date")[column].mean() * factor
            assert np.asarray(line.get_ydata()).tolist() == pytest.approx(expected.tolist())


def test_trade_off_draws_every_pair_and_fills_the_front() -> None:
    runs = made.runs(PLAIN, 3)
    ax = trade_off(runs, PLAIN)
    means = runs.groupby(["schedule", "line_up"], sort=False)[["peak_load", "profit", "retention_90d"]].mean()
    for panel, aim, unit in zip(panels(ax), ("profit", "retention_90d"), (1e3, 1), strict=True):
        found = [(float(np.asarray(m.get_xdata())[0]), float(np.asarray(m.get_ydata())[0])) for m in panel.lines]
        expected = list(zip(means["peak_load"], means[aim] / unit, strict=True))
        assert np.ravel(found).tolist() == pytest.approx(np.ravel(expected).tolist())
        filled = [line.get_markerfacecolor() != LIGHT.paper for line in panel.lines]
        assert filled == front(means.to_numpy()).tolist() == [False, True, False, True]


def test_the_front_by_hand() -> None:
    rows = np.array([[1.0, 5.0, 0.5], [1.0, 6.0, 0.5], [2.0, 7.0, 0.4], [3.0, 6.0, 0.4], [1.0, 6.0, 0.5]])
    assert front(rows).tolist() == [False, True, True, False, True]


def test_every_row_of_an_experiments_table_is_drawn() -> None:
    tables = made.experiments()
    ax = EXPERIMENTS["bump_decomposition"](tables["bump_decomposition"])
    assert sorted(bar.get_height() for bar in bars(ax) if bar.get_zorder()) == pytest.approx(
        sorted(tables["bump_decomposition"]["units_mean"])
    )
    ax = EXPERIMENTS["forecast_fan"](tables["forecast_fan"])
    assert {line.get_label() for line in ax.lines} == {"q50", "actual"} and len(ax.collections) == 2
    bins = tables["reliability"]
    dots = [c for c in EXPERIMENTS["reliability"](bins).collections if len(c.get_offsets()) and c.get_label()[0] != "_"]
    assert sorted(y for c in dots for y in np.asarray(c.get_offsets())[:, 1]) == pytest.approx(sorted(bins["observed"]))
    path = tables["smoothing_path"]
    lines = [panel.lines[0] for panel in panels(EXPERIMENTS["smoothing_path"](path))]
    assert [y for line in lines for y in np.asarray(line.get_ydata())] == pytest.approx(path["mean"].tolist())
    cells = tables["tournament_matrix"]
    assert len(bars(EXPERIMENTS["tournament_matrix"](cells))) == len(cells)


def test_every_risk_is_drawn_with_its_loss_and_what_no_future_saw_is_counted() -> None:
    risks = made.experiments()["risk_list"]
    ax = EXPERIMENTS["risk_list"](risks)
    dots = {str(line.get_label()): line for line in ax.lines if len(np.asarray(line.get_xdata())) == 1}
    seen = risks[risks["probability"] > 0].set_index("name")
    assert {name: float(np.asarray(dot.get_xdata())[0]) for name, dot in dots.items()} == seen["probability"].to_dict()
    assert [dots[name].get_marker() for name in seen.index] == ["s", "o", "D", "o"]
    spans = [np.asarray(line.get_xdata()).tolist() for line in ax.lines if len(np.asarray(line.get_xdata())) == 2]
    assert spans == seen[["low", "high"]].to_numpy().tolist()
    texts = [text.get_text() for text in ax.texts]
    assert texts[-4:] == ["12,345,678 yuan", "120 yuan", "1 yuan", "unknown"]
    assert texts[1].endswith("1 more came true in no future")


def test_the_bumps_key_counts_the_campaign_alone_and_the_paths_band_is_the_differences() -> None:
    tables = made.experiments()
    bump = tables["bump_decomposition"]
    ax = EXPERIMENTS["bump_decomposition"](bump)
    own = bump[(bump["period"] == "campaign") & (bump["part"] == "incremental")]["units_mean"].sum()
    assert ax.get_legend().get_texts()[0].get_text() == f"gained and kept {own:+,.0f}"
    path = tables["smoothing_path"]
    mine = path[path["metric"] == "profit"]
    band = panels(EXPERIMENTS["smoothing_path"](path))[0].collections[0].get_paths()[0].vertices
    assert band[:, 1].min() == pytest.approx(float((mine["mean"] - mine["difference"] + mine["low"]).min()))


def test_the_fan_shades_and_names_campaigns() -> None:
    ax = EXPERIMENTS["forecast_fan"](made.experiments()["forecast_fan"])
    assert [bar.get_width() for bar in bars(ax)] == [3.0, 1.0]
    assert [text.get_text() for text in ax.texts[-2:]] == ["part", "new_year_goods"]


def _texts(ax: Axes) -> Iterator[Text]:
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    FigureCanvasAgg(figure).draw()
    for one in figure.findobj(Axes):
        assert isinstance(one, Axes)
        legend = one.get_legend()
        yield from (t for t in one.texts if t.get_text())
        yield from (t for t in (one.title, one._left_title) if t.get_text())  # type: ignore[attr-defined]  # no public name
        yield from legend.get_texts() if legend is not None else ()
        for axis, ends in ((one.xaxis, one.get_xlim()), (one.yaxis, one.get_ylim())):
            if not one.axison:
                continue
            yield from (
                label
                for tick in axis.get_major_ticks()
                for label in (tick.label1, tick.label2)
                if label.get_visible() and label.get_text() and min(ends) <= tick.get_loc() <= max(ends)
            )
            yield from [axis.label] if axis.label.get_text() else []


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["part", made.HOSTILE[0], made.HOSTILE[1]], ids=["plain", "script", "emoji"])
@pytest.mark.parametrize("figure", EXPERIMENTS)
def test_text_of_an_experiments_figure_is_inside_and_apart(figure: str, name: str, theme: Theme) -> None:
    ax = EXPERIMENTS[figure](made.experiments(name)[figure], theme=theme)
    whole = ax.get_figure(root=True)
    boxes = []
    for text in _texts(ax):
        assert float(text.get_fontsize()) >= FONT_PT
        box = text.get_window_extent()
        assert whole.bbox.x0 - 1 <= box.x0 and box.x1 <= whole.bbox.x1 + 1, text.get_text()
        assert whole.bbox.y0 - 1 <= box.y0 and box.y1 <= whole.bbox.y1 + 1, text.get_text()
        boxes.append((box.padded(-1.5), text.get_text()))
    hits = [(a, b) for (one, a), (two, b) in itertools.combinations(boxes, 2) if one.overlaps(two)]
    assert not hits


@pytest.mark.parametrize("figure", EXPERIMENTS)
def test_an_empty_table_is_said_and_a_wrong_one_refused(figure: str) -> None:
    EXPERIMENTS[figure](pd.DataFrame())
    with pytest.raises(UsageError, match=f"{figure}: columns: must include .*, got colour"):
        EXPERIMENTS[figure](pd.DataFrame({"colour": ["blue"]}))
