"""The digits task: deterministic, split by scan, standardised, as hard as asked."""

from dataclasses import replace

import numpy as np
import torch

from tests.workers.tiny import DATA
from workers.data import digits, load_data


def test_equal_settings_give_equal_tensors_and_other_seeds_others() -> None:
    first, second = digits.load(DATA), digits.load(DATA)
    for a, b in (
        (first.train, second.train),
        (first.validation, second.validation),
        (first.read_test(), second.read_test()),
    ):
        assert torch.equal(a.inputs, b.inputs)
        assert torch.equal(a.labels, b.labels)
    other = digits.load(replace(DATA, seed=1))
    assert not torch.equal(first.train.inputs, other.train.inputs)


def test_one_process_loads_a_task_once() -> None:
    assert load_data(DATA) is load_data(replace(DATA))


def test_every_scan_is_in_exactly_one_split() -> None:
    splits = digits.split_scans(1797, seed=3)
    assert sorted(np.concatenate(list(splits.values())).tolist()) == list(range(1797))
    assert [len(splits[n]) for n in ("train", "validation", "test")] == [1078, 360, 359]


def test_shapes_labels_and_standardisation() -> None:
    data = load_data(DATA)
    assert data.shape == (3, 8, 8)
    assert data.classes == 10
    assert data.train.inputs.dtype == torch.float32
    assert data.train.labels.dtype == torch.int64
    assert torch.allclose(data.train.inputs.mean((0, 2, 3)), torch.zeros(3), atol=1e-4)
    assert torch.allclose(data.train.inputs.std((0, 2, 3)), torch.ones(3), atol=1e-4)
    assert 0.1 <= data.guess < 0.2


def test_more_images_than_scans_repeat_each_scan_about_equally_often() -> None:
    data = digits.load(replace(DATA, train=3000))
    shares = data.train.labels.bincount() / 3000
    assert shares.min() > 0.07
    assert shares.max() < 0.13


def test_dark_digits_and_clutter_change_the_pictures() -> None:
    plain = digits.load(replace(DATA, noise=0.0)).train.inputs
    assert not torch.equal(plain, digits.load(replace(DATA, noise=0.0, dark=1.0)).train.inputs)
    assert not torch.equal(plain, digits.load(replace(DATA, noise=0.0, clutter=2)).train.inputs)
