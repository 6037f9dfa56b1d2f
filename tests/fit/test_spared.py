"""Fitting loses nothing that was there: not the orders, not a scenario written by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.errors import UsageError
from sim.fit.job import fit_file
from tests.fit.test_malformed_orders import HEAD, plain


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    file = tmp_path / "d.csv"
    file.write_text(HEAD + "".join(plain()))
    return file


@pytest.mark.parametrize(
    ("out", "report", "message"),
    [
        ("d.csv", None, "--out: must be a file of its own"),
        ("my.yaml", "d.csv", "--report: must be a file of its own"),
        ("my.yaml", "my.yaml", "--report: must be a file of its own"),
        ("hand.yaml", None, "--out: must be a new file or one that is as fit wrote it"),
        ("my.yaml", "hand.yaml", "--report: must be a new file or one that is as fit wrote it"),
        (".", None, "--out: must be a new file or one that is as fit wrote it"),
        ("d_rows.yaml", "d_rows.html", "--yuan: must be a number above 0"),
    ],
)
def test_what_is_there_is_spared(orders: Path, out: str, report: str | None, message: str) -> None:
    folder, before = orders.parent, orders.read_text()
    (folder / "hand.yaml").write_text("extends: shipped:double12.yaml\n")
    page = None if report is None else folder / report
    with pytest.raises(UsageError, match=message):
        fit_file(orders, folder / out, float("nan"), replications=0, report=page)
    assert orders.read_text() == before
    assert (folder / "hand.yaml").read_text() == "extends: shipped:double12.yaml\n"
    assert sorted(file.name for file in folder.iterdir()) == ["d.csv", "hand.yaml"]


def test_the_list_of_rows_is_no_name_for_the_orders(orders: Path) -> None:
    rows = orders.rename(orders.with_name("my_rows.csv"))
    with pytest.raises(UsageError, match="--out: must be a file of its own"):
        fit_file(rows, rows.with_name("my.yaml"), replications=0)


def test_a_fitted_scenario_that_was_edited_is_spared(orders: Path) -> None:
    file = orders.with_name("my.yaml")
    fit_file(orders, file, replications=0)
    edited = file.read_text().replace("replications: 5", "replications: 9")
    file.write_text(edited)
    with pytest.raises(UsageError, match="--out: must be a new file or one that is as fit wrote it"):
        fit_file(orders, file, replications=0)
    assert file.read_text() == edited


def test_what_fit_wrote_is_written_anew(orders: Path) -> None:
    for _ in range(2):
        done = fit_file(orders, orders.with_name("my.yaml"), replications=0)
        assert all(file.exists() for file in done.files)


@pytest.mark.parametrize("yuan", [0.0, -1.0, float("inf"), float("nan"), 1e300])
def test_a_currency_is_worth_something(orders: Path, yuan: float) -> None:
    with pytest.raises(UsageError, match="--yuan: must be a number above 0 and below 1,000,000"):
        fit_file(orders, orders.with_name("my.yaml"), yuan, replications=0)
