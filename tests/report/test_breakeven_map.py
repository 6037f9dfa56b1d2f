"""The break-even map as a picture: what is hatched, where the line runs, colours by the metric's good direction."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from sim.report.breakeven_map import WIDTH_IN, breakeven_map, save_breakeven
from sim.report.style import BLUE, VERMILLION, style


def frames(metric: str = "profit", unit: str = "yuan") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Difference 1000 (x - y) on a 4 x 4 grid: the line is the diagonal."""
    ticks = (0.0, 1.0, 2.0, 3.0)
    points = pd.DataFrame([
        {"x_path": "campaigns.double12.markdown", "x": x, "x_unit": "share", "y_path": "operations.couriers.h.couriers",
         "y": y, "y_unit": "people", "level": 0, "schedule": "big_promo", "baseline_schedule": "always_on",
         "line_up": "gut_feel", "metric": metric, "unit": unit, "difference": 1000 * (x - y), "pairs": 5}
        for y, x in product(ticks, ticks)
    ])  # fmt: skip
    cells = pd.DataFrame([
        {"x_low": x, "x_high": x + 1, "y_low": y, "y_high": y + 1, "level": 0, "difference": 1000 * (x - y),
         "verdict": "undecided" if x == y else "tie" if (x, y) == (0, 2) else "better" if x > y else "worse"}
        for y, x in product(ticks[:3], ticks[:3])
    ])  # fmt: skip
    return points, cells


def faces(metric: str, unit: str) -> dict[str, np.ndarray]:
    """Mean colour of the cells by verdict."""
    points, cells = frames(metric, unit)
    ax = breakeven_map(points, cells)
    shown = [c for c in ax.collections if c.get_zorder() == 1]
    present = [v for v in ("better", "worse", "tie", "undecided") if (cells["verdict"] == v).any()]
    return {v: c.get_facecolor()[:, :3].mean(axis=0) for v, c in zip(present, shown, strict=True)}


def near(color: np.ndarray, end: str) -> float:
    return float(np.abs(color - to_rgb(end)).sum())


def test_the_line_is_where_the_difference_is_zero_and_doubt_is_hatched() -> None:
    points, cells = frames()
    ax = breakeven_map(points, cells)
    (line,) = [c for c in ax.collections if c.get_zorder() == 3]
    path = np.concatenate([p.vertices for p in line.get_paths()])
    assert np.allclose(path[:, 0], path[:, 1]) and np.ptp(path[:, 0]) > 2.9
    hatched = {c.get_hatch(): len(c.get_paths()) for c in ax.collections if c.get_hatch()}
    assert hatched == {"/////": 3, "....": 1}
    figure = ax.get_figure(root=True)
    told = [t.get_text() for t in figure.legends[0].get_texts()]
    assert told == ["break-even", "undecided", "tie (\N{PLUS-MINUS SIGN}1 %)"]
    assert ax.get_xlabel() == "campaigns.double12.markdown (share)"
    assert "couriers (people)" in ax.get_ylabel()


def test_blue_is_better_whichever_way_the_metric_counts() -> None:
    profit, late = faces("profit", "yuan"), faces("late_share", "share")
    assert near(profit["better"], BLUE) < near(profit["better"], VERMILLION)
    assert near(late["better"], VERMILLION) < near(late["better"], BLUE)  # a higher late share is worse


def test_text_stays_in_the_picture_at_column_width_and_a_map_without_a_line_is_drawn() -> None:
    points, cells = frames()
    for shift in (0.0, 9000.0, np.nan):
        ax = breakeven_map(points.assign(difference=points["difference"] + shift),
                           cells.assign(difference=cells["difference"] + shift))  # fmt: skip
        figure = ax.get_figure(root=True)
        assert isinstance(figure, Figure) and figure.get_size_inches()[0] == WIDTH_IN
        with style():
            box = figure.get_tightbbox()
        assert box.x0 >= 0 and box.x1 <= WIDTH_IN and box.y0 >= 0 and box.y1 <= figure.get_size_inches()[1]


def test_the_same_bytes_each_time(tmp_path: Path) -> None:
    points, cells = frames()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    first, second = save_breakeven(tmp_path / "a", points, cells), save_breakeven(tmp_path / "b", points, cells)
    assert [p.name for p in first] == ["breakeven_map.png", "breakeven_map.svg"]
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    assert save_breakeven(tmp_path, pd.DataFrame(), pd.DataFrame()) == []
