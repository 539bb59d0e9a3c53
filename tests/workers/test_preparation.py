"""Before workers evaluate: data that changed since they were read are read again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.workers.test_arrays import arrays
from tests.workers.tiny import TINY
from workers.data import ArraysConfig, load_data
from workers.evaluation import evaluation_key
from workers.preparation import prepare

_COUNTS = {"train": 30, "val": 10, "test": 5}


def test_a_file_that_changed_in_a_session_has_another_key_and_is_read_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "data.npz"
    data = ArraysConfig(str(path))
    config = replace(TINY, data=data)
    keys, labels = [], []
    for classes in (4, 4, 3):
        np.savez(path, **arrays(**{f"y_{n}": np.arange(c) % classes for n, c in _COUNTS.items()}))
        prepare(config)
        keys.append(evaluation_key("d", config, 0, True))
        labels.append(load_data(data).classes)
    assert labels == [4, 4, 3]
    assert keys[0] == keys[1] != keys[2]


def test_embedded_data_are_not_made_again() -> None:
    before = load_data(TINY.data)
    prepare(TINY)
    assert load_data(TINY.data) is before
