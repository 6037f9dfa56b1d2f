"""results/README.md is what the declarations say."""

from pathlib import Path

from sim.report.columns import results_readme

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_up_to_date() -> None:
    assert (ROOT / "results" / "README.md").read_text() == results_readme() + "\n"
