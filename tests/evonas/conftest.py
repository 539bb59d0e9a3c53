"""Fixtures of the evonas tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.evonas.small_database import make_database


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, with the database's address unset."""
    monkeypatch.delenv("EVONAS_DB", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def database(here: Path) -> Path:
    """A working directory whose evonas.db holds the run `first`."""
    make_database("sqlite:///evonas.db")
    return here
