"""Fixtures of the evonas tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

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


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Small models are slower on several threads that wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
