"""Data of the user's own by dotted name: what the function raises and returns is checked."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.workers.tiny import DATA
from workers.data import DataError, Dataset, OwnDataConfig, Scale, Split, TextConfig, load_data

HERE = "tests.workers.test_own_data"
IMAGES, LABELS = torch.zeros(4, 3, 8, 8), torch.arange(4)
SPLITS: list[Split] = []  # that the function below returns, for validation and test


def raising() -> None:
    raise FileNotFoundError("no my.npz")


def given() -> Dataset:
    validation, test = SPLITS
    return replace(load_data(DATA), validation=validation, read_test=lambda: test)


def text() -> Dataset:
    return load_data(TextConfig(context=16, validation=8))


def test_what_the_function_raises_is_told() -> None:
    with pytest.raises(DataError, match=r"raising\(\) raised FileNotFoundError: no my\.npz; it is"):
        load_data(OwnDataConfig(f"{HERE}:raising"))


@pytest.mark.parametrize(
    ("split", "message"),
    [
        # In validation these would be compared with each prediction of the batch, in silence.
        (Split(IMAGES, LABELS[:, None]), r"labels \(4, 1\) of torch.int64 .* give labels \(4,\)"),
        (Split(IMAGES, LABELS.int()), r"labels \(4,\) of torch.int32"),
        (Split(IMAGES, LABELS[:3]), r"labels \(3,\)"),
        (
            Split(IMAGES[:0], LABELS[:0]),
            r"labels \(0,\) .* give labels \(0,\) of int64, at least one",
        ),
        (Split(IMAGES, LABELS + 7), r"labels 7 .. 10 for 10 classes; number them 0 .. 9"),
        (Split(IMAGES, LABELS - 1), r"labels -1 .. 2 for 10 classes"),
        (Split(IMAGES.double(), LABELS), r"inputs \(4, 3, 8, 8\) of torch.float64; give images"),
        (Split(IMAGES[0], LABELS[:3]), r"inputs \(3, 8, 8\) of torch.float32"),
        (Split(IMAGES[:, 0, 0].long(), LABELS), r"labels \(4,\) .* give labels \(4, 8\) of int64"),
    ],
)
def test_splits_that_cannot_be_scored_are_refused(
    split: Split, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fine = Split(IMAGES, LABELS)
    monkeypatch.setattr(f"{HERE}.SPLITS", [split, fine])
    with pytest.raises(DataError, match=rf"given: validation has {message}"):
        load_data(OwnDataConfig(f"{HERE}:given", version=message))
    monkeypatch.setattr(f"{HERE}.SPLITS", [fine, split])
    data = load_data(OwnDataConfig(f"{HERE}:given", version=f"{message} in the third split"))
    with pytest.raises(DataError, match=rf"given: test has {message}"):
        data.read_test()


def test_images_of_bytes_and_characters_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    scale = Scale(torch.zeros(3, 1, 1), torch.ones(3, 1, 1))
    split = Split(IMAGES.byte(), LABELS, scale)
    monkeypatch.setattr(f"{HERE}.SPLITS", [split, split])
    data = load_data(OwnDataConfig(f"{HERE}:given", version="bytes"))
    assert torch.equal(data.validation.inputs, split.inputs)
    assert torch.equal(data.read_test().inputs, split.inputs)
    assert load_data(OwnDataConfig(f"{HERE}:text")).shape == (16,)
