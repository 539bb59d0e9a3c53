"""`evonas simulate`."""

from __future__ import annotations

from pathlib import Path

from tests.evonas.command_line import as_json, run

SMALL = ("simulate", "--budget", "12", "--seeds", "2", "--set", "evolution.lag=4")
VARIANT = "evolution.lag=2; evolution.window=8"


def test_settings_are_compared_and_the_searches_written(here: Path) -> None:
    found = as_json(*SMALL, "--variant", VARIANT, "--to", "study")
    assert [row["setting"] for row in found] == ["as given", "random search", VARIANT]
    assert found[0]["p"] is None
    assert all(0.0 <= row["found"] <= 1.0 for row in found)
    lines = (here / "study" / "searches.csv").read_text().splitlines()
    assert len(lines) == 1 + 3 * 2
    assert (here / "study" / "found.svg").stat().st_size > 1000


def test_a_run_of_the_database_is_the_table(database: Path) -> None:
    found = as_json(*SMALL, "--table", "first", "--workers", "2")
    assert all(0.0 < row["busy"] <= 1.0 for row in found)


def test_a_bad_variant_is_named(here: Path) -> None:
    result = run(*SMALL, "--variant", "evolution.lagg=2")
    assert result.exit_code == 2
    assert "evolution.lag" in result.output


def test_a_table_that_does_not_exist(here: Path) -> None:
    assert "no database" in run(*SMALL, "--table", "r").output.lower()
    assert run(*SMALL, "--table", "r").exit_code == 1
    assert not list(here.iterdir())
