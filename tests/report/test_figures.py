"""Figures: nothing dropped, units named, the same bytes, no harm from names, no overlap."""

from __future__ import annotations

import importlib.util
import itertools
import warnings
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from sim.report.figures import FIGURES, Frames, daily_orders, hourly_load, paired_differences, save_figures
from sim.report.labels import fit, plain, spread, width_in
from sim.report.style import DARK, FONT_PT, LIGHT, WIDTH_IN


def _sibling(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"report_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


made = _sibling("frames")
PLAIN = made.scenario()
H0, H1 = made.HOSTILE
HOSTILE = made.scenario(
    {H0: ["double11", H1], H1: ["year_end_good_price", H1], "$a$_$": ["new_year_goods"]},
    (H1, "_x$y$", H0),
    {"double12": H1},
)
ONE = made.scenario({"big_promo": ["double12"]}, ("gut_feel",))
WORLDS = {"plain": (PLAIN, 4), "hostile": (HOSTILE, 2), "one": (ONE, 1)}


@pytest.fixture(autouse=True)
def warnings_are_errors() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def frames(world: str) -> Frames:
    scenario, seeds = WORLDS[world]
    return Frames(
        made.runs(scenario, seeds),
        made.comparison(scenario),
        made.daily(scenario, seeds),
        made.hourly(scenario, seeds),
        scenario,
        made.pnl(scenario, seeds),
        made.cohorts(scenario, seeds),
    )


def panels(ax: Axes) -> list[Axes]:
    return [child for child in ax.child_axes if isinstance(child, Axes)]


def _visible(figure: Figure) -> Iterator[Text]:
    """The texts on the page: of an Axes without axis lines, only what was put there by hand."""
    for ax in figure.findobj(Axes):
        assert isinstance(ax, Axes)
        yield from (text for text in ax.texts if text.get_text().strip())
        legend = ax.get_legend()
        yield from legend.get_texts() if legend is not None else ()
        yield from (text for text in (ax.title, ax._left_title) if text.get_text())
        for axis, side in ((ax.xaxis, "x"), (ax.yaxis, "y")):
            low, high = sorted(ax.get_xlim() if side == "x" else ax.get_ylim())
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()] if ax.axison else ():
                if low <= tick.get_loc() <= high and tick.label1.get_visible() and tick.label1.get_text():
                    yield tick.label1
            if ax.axison and axis.label.get_text():
                yield axis.label


def drawn(ax: Axes) -> Figure:
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    FigureCanvasAgg(figure).draw()
    return figure


@pytest.mark.parametrize("world", WORLDS)
def test_daily_orders_draws_every_series_with_its_numbers(world: str) -> None:
    data = frames(world)
    ax = daily_orders(data.daily, data.scenario)
    lines = [line for line in ax.lines if not str(line.get_label()).startswith("_child")]
    means = data.daily.groupby(["schedule", "line_up", "date"], sort=False)["orders"].mean()
    expected = {tuple(np.round(m.to_numpy(), 6)) for _, m in means.groupby(level=[0, 1], sort=False)}
    assert {tuple(np.round(np.asarray(line.get_ydata()), 6)) for line in lines} == expected
    assert ax.get_ylabel() == "orders/day" and ax.get_xlabel() == "date"
    texts = [text.get_text() for text in ax.texts]
    used = {name for plan in data.scenario.schedules.values() for name in plan}
    assert all(fit(name, 1.6) in texts for name in used)
    assert f"scored: {data.scenario.calendar.scored_days} days" in texts


def test_daily_orders_has_a_band_only_where_seeds_differ() -> None:
    assert len(daily_orders(made.daily(PLAIN, 4), PLAIN).collections) == 4
    assert len(daily_orders(made.daily(PLAIN, 1), PLAIN).collections) == 0


def test_campaign_outside_the_simulated_days_is_not_named() -> None:
    short = ONE.calendar.model_copy(update={"settlement_days": 0, "scored_days": 30})
    late = ONE.model_copy(update={"calendar": short})
    data = made.daily(ONE, 2)
    ax = daily_orders(data[data["day"] < late.calendar.days], late)
    assert "double12" not in [text.get_text() for text in ax.texts]


@pytest.mark.parametrize("world", WORLDS)
def test_hourly_load_draws_arrivals_and_capacity_of_every_pair(world: str) -> None:
    data = frames(world)
    ax = hourly_load(data.hourly, scenario=data.scenario)
    pairs = list(itertools.product(data.scenario.schedules, data.scenario.line_ups))
    assert len(panels(ax)) == len(pairs)
    work = data.hourly[data.hourly["station"].str.endswith("/pick_pack")]
    calendar = data.scenario.calendar
    work = work[work["day"].between(calendar.warm_up_days, calendar.warm_up_days + calendar.scored_days - 1)]
    for (schedule, line_up), panel in zip(pairs, panels(ax), strict=True):
        mine = work[(work["schedule"] == schedule) & (work["line_up"] == line_up)]
        peak = mine.groupby(["seed", "day", "hour"])["arrivals"].sum().groupby(["day", "hour"]).mean().max()
        arrivals, capacity = panel.lines
        assert [arrivals.get_label(), capacity.get_label()] == ["arrivals", "capacity"]
        assert np.asarray(arrivals.get_ydata()).max() == pytest.approx(peak)
        assert np.asarray(capacity.get_ydata()).max() > 0
    assert panels(ax)[0].get_ylabel() == "parcels/hour"
    assert len({panel.get_ylim() for panel in panels(ax)}) == 1


def test_hourly_load_without_scenario_counts_days() -> None:
    ax = hourly_load(made.hourly(ONE, 1))
    assert [t.get_text() for t in panels(ax)[0].get_xticklabels(minor=True)] == ["day 71", "day 72", "day 73"]


def test_hourly_load_explains_the_queue_only_where_there_is_one() -> None:
    hourly = made.hourly(ONE, 1)
    for factor, told in ((0.5, True), (2.0, False)):
        ax = hourly_load(hourly.assign(capacity=factor * hourly["arrivals"].max()))
        legend = ax.get_legend()
        assert legend is not None
        assert ("above capacity: the queue grows" in [text.get_text() for text in legend.get_texts()]) == told


def test_hourly_load_at_the_edge_of_the_calendar() -> None:
    hourly = made.hourly(ONE, 1)
    drawn(hourly_load(hourly[hourly["day"] == 72]))


@pytest.mark.parametrize("world", ["plain", "hostile"])
def test_paired_differences_draws_every_row(world: str) -> None:
    data = frames(world)
    ax = paired_differences(data.comparison)
    dots = [line for line in ax.lines if len(np.asarray(line.get_xdata())) == 1]
    expected = 100 * data.comparison["difference"] / data.comparison["baseline_mean"]
    found = [float(np.asarray(line.get_xdata())[0]) for line in dots]
    assert found == pytest.approx(expected.tolist())
    texts = [text.get_text() for text in ax.texts]
    verdicts = data.comparison["verdict"].tolist()
    assert [text for text in texts if text in set(verdicts)] == verdicts
    assert ax.get_xlabel() == "difference, % of baseline mean"
    assert {"profit", "peak_load", "retention_90d"} <= set(texts)


def test_paired_differences_tells_what_it_cannot_place() -> None:
    table = made.comparison(PLAIN)
    table.loc[0, ["difference", "low", "high"]] = [12e6, 8e6, 20e6]
    table.loc[1, ["low", "high", "p_holm"]] = float("nan")
    table.loc[3, ["baseline_mean", "difference", "low", "high"]] = [0.0, 2.5, 1.0, 4.0]
    table.loc[4, ["baseline_mean", "difference", "low", "high"]] = [-2.0, 1.0, 0.5, 1.5]
    ax = paired_differences(table)
    texts = [text.get_text() for text in ax.texts]
    assert {"+278 % [186, 464]", "−1.2 %, no interval", "+2.5 [1.0, 4.0]", "+50.0 % [25.0, 75.0]"} <= set(texts)
    assert ax.get_xlim()[1] < 220
    drawn(ax)


def test_paired_differences_names_the_baselines_where_there_are_two() -> None:
    table = made.comparison(PLAIN)
    table.loc[table["schedule"] == "always_on", "baseline_line_up"] = "closed_loop"
    texts = [text.get_text() for text in paired_differences(table).texts]
    assert "Paired differences" in texts


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("figure", FIGURES)
def test_text_is_readable_inside_the_figure_and_apart(figure: str, world: str, theme: object) -> None:
    ax = FIGURES[figure](frames(world), theme)
    whole = drawn(ax)
    assert whole.get_figwidth() == WIDTH_IN
    page = whole.bbox
    boxes = []
    for text in _visible(whole):
        assert float(text.get_fontsize()) >= FONT_PT
        box = text.get_window_extent()
        assert box.x0 >= page.x0 - 1 and box.x1 <= page.x1 + 1, text.get_text()
        assert box.y0 >= page.y0 - 1 and box.y1 <= page.y1 + 1, text.get_text()
        boxes.append((box.padded(-1.5), text.get_text()))
    hits = [(a, b) for (one, a), (two, b) in itertools.combinations(boxes, 2) if one.overlaps(two)]
    assert not hits


def test_missing_line_up_and_no_runs(tmp_path: Path) -> None:
    data = frames("plain")

    def without(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[(frame["schedule"] != "always_on") | (frame["line_up"] != "closed_loop")]

    ax = hourly_load(without(data.hourly), scenario=PLAIN)
    assert "no run finished" in [text.get_text() for text in panels(ax)[-1].texts]
    labelled = [line for line in daily_orders(without(data.daily), PLAIN).lines if " · " in str(line.get_label())]
    assert len(labelled) == 3
    empty = pd.DataFrame()
    assert len(save_figures(tmp_path, empty, empty, empty, empty, PLAIN)) == 2 * (len(FIGURES) - 3)
    assert len(save_figures(tmp_path, empty, empty, empty, empty, PLAIN, pnl=empty, cohorts=empty)) == 2 * len(FIGURES)


def test_categories_and_datetimes_are_taken_as_they_come_from_parquet() -> None:
    data = frames("plain")
    typed = data.daily.astype({"schedule": "category", "line_up": "category"})
    typed["date"] = pd.to_datetime(typed["date"])
    one, two = daily_orders(data.daily, PLAIN), daily_orders(typed, PLAIN)
    assert [np.asarray(a.get_ydata()).tolist() for a in one.lines] == [
        np.asarray(b.get_ydata()).tolist() for b in two.lines
    ]


def test_ax_of_the_caller_is_used_and_settings_are_left_alone() -> None:
    before = dict(mpl.rcParams)
    data = frames("plain")
    mine = [Figure(figsize=(10, 6)).add_axes((0.2, 0.2, 0.5, 0.6)) for _ in FIGURES]
    assert daily_orders(data.daily, PLAIN, mine[0]) is mine[0]
    assert hourly_load(data.hourly, mine[1]) is mine[1]
    assert paired_differences(data.comparison, mine[2]) is mine[2]
    for ax in mine:
        drawn(ax)
    assert dict(mpl.rcParams) == before


def test_files_are_the_same_bytes_each_time_whatever_the_users_settings(tmp_path: Path) -> None:
    data = frames("hostile")

    def save(folder: str) -> list[Path]:
        return save_figures(
            tmp_path / folder, data.runs, data.comparison, data.daily, data.hourly, data.scenario, pnl=data.pnl,
            cohorts=data.cohorts,
        )  # fmt: skip

    first = save("a")
    with mpl.rc_context({"font.size": 20, "svg.hashsalt": "other", "axes.grid": True, "savefig.dpi": 30}):
        second = save("b")
    assert [path.name for path in first] == [f"{name}{end}" for name in FIGURES for end in (".png", ".svg")]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert sorted(p.name for p in (tmp_path / "a" / "figures").iterdir()) == sorted(p.name for p in first)
    for path in first:
        if path.suffix == ".svg":
            text = path.read_text(encoding="utf-8")
            assert "<script" not in text and "<dc:date>" not in text
            ElementTree.fromstring(text)


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = frames("one")
    arguments = (tmp_path, data.runs, data.comparison, data.daily, data.hourly, data.scenario)
    old = {path: path.read_bytes() for path in save_figures(*arguments)}

    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="disk full"):
        save_figures(*arguments)
    assert {path: path.read_bytes() for path in (tmp_path / "figures").iterdir()} == old


def test_names_become_harmless() -> None:
    assert plain("a\n\x00\u202eb") == "a b"
    assert plain("🔥") == "□" and plain("\x00") == "(no name)"
    assert fit("$\\frac{1}{0}$", 9) == r"\$\frac{1}{0}\$"
    short = fit("the same long beginning 1", 1.0)
    assert short.endswith("1") and "…" in short and width_in(short) <= 1.0


def test_spread_keeps_order_gap_and_bounds() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        wanted = rng.uniform(-2, 12, 8).tolist()
        places = spread(wanted, 1.0, 0.0, 10.0)
        ranked = [places[i] for i in np.argsort(wanted, kind="stable")]
        assert min(np.diff(ranked)) >= 1 - 1e-9 and ranked[0] >= -1e-9 and ranked[-1] <= 10 + 1e-9
    assert spread([3.0, 1.0], 1.0, 0.0, 10.0) == [3.0, 1.0]
    assert spread([], 1.0, 0.0, 1.0) == []
