"""Own arrays: .npz files and functions of the user's own, read right or refused with the reason."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from search_spaces.dotted import DottedNameError
from workers.data import (
    ArraysConfig,
    DataConfig,
    DataError,
    OwnDataConfig,
    data_identity,
    load_data,
)
from workers.data import arrays as source


def arrays(**changes: Any) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    made: dict[str, Any] = {
        f"x_{name}": rng.integers(0, 256, (count, 6, 4, 3), dtype=np.uint8)
        for name, count in (("train", 30), ("val", 10), ("test", 5))
    }
    made |= {
        f"y_{name}": np.arange(len(made[f"x_{name}"])) % 4 for name in ("train", "val", "test")
    }
    made |= changes
    return {name: value for name, value in made.items() if value is not None}


def config(tmp_path: Path, **changes: Any) -> ArraysConfig:
    path = tmp_path / "data.npz"
    np.savez(path, **arrays(**changes))
    return ArraysConfig(str(path))


def test_bytes_with_channels_last(tmp_path: Path) -> None:
    data = load_data(config(tmp_path))
    assert (data.shape, data.classes) == ((3, 6, 4), 4)
    assert [len(data.train), len(data.validation), len(data.read_test())] == [30, 10, 5]
    expected = torch.from_numpy(arrays()["x_val"].transpose(0, 3, 1, 2).copy())
    assert torch.equal(data.validation.inputs, expected)
    images, labels = data.train.take(slice(None))
    assert torch.allclose(images.mean((0, 2, 3)), torch.zeros(3), atol=1e-5)
    assert torch.allclose(images.std((0, 2, 3), correction=0), torch.ones(3), atol=1e-5)
    assert labels.tolist() == arrays()["y_train"].tolist()


def test_numbers_give_the_same_as_bytes(tmp_path: Path) -> None:
    as_bytes = load_data(config(tmp_path))
    floats = {name: arrays()[name].astype(np.float64) for name in ("x_train", "x_val", "x_test")}
    folder = tmp_path / "floats"
    folder.mkdir()
    as_numbers = load_data(config(folder, **floats))
    assert as_numbers.train.inputs.dtype == torch.float32
    for a, b in (
        (as_bytes.train, as_numbers.train),
        (as_bytes.validation, as_numbers.validation),
        (as_bytes.read_test(), as_numbers.read_test()),
    ):
        assert torch.allclose(a.take(slice(None))[0], b.take(slice(None))[0], atol=1e-6)


def test_grey_images_and_channels_first(tmp_path: Path) -> None:
    grey = {name: value[..., 0] for name, value in arrays().items() if name.startswith("x_")}
    assert load_data(config(tmp_path, **grey)).shape == (1, 6, 4)
    path = tmp_path / "first.npz"
    np.savez(path, **arrays())
    assert load_data(ArraysConfig(str(path), channels="first")).shape == (6, 4, 3)


def test_a_channel_that_never_changes_stays_finite(tmp_path: Path) -> None:
    images = arrays()["x_train"]
    images[..., 1] = 7
    inputs, _ = load_data(config(tmp_path, x_train=images)).train.take(slice(None))
    assert bool((inputs[:, 1] == 0).all())


def test_the_third_split_is_asked_for_only_when_read(tmp_path: Path) -> None:
    data = load_data(config(tmp_path, x_test=None, y_test=None))
    with pytest.raises(DataError, match=r"no third split for reranking; add x_test and y_test"):
        data.read_test()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x_train": None}, r"lacks x_train or y_train; give arrays"),
        ({"y_val": None}, r"lacks x_val or y_val; give arrays"),
        ({"x_train": np.zeros((3, 4))}, r"x_train is float64 of shape \(3, 4\)"),
        ({"x_train": np.zeros((0, 6, 4, 3))}, r"x_train is float64 of shape \(0, 6, 4, 3\)"),
        ({"x_train": np.full((30, 6, 4, 3), "a")}, r"x_train is <U1"),
        ({"x_train": np.full((30, 6, 4, 3), np.nan)}, r"x_train has values that are not finite"),
        ({"y_train": np.zeros(29, int)}, r"y_train is int64 of shape \(29,\) for 30 images"),
        ({"y_train": np.zeros(30)}, r"y_train is float64"),
        ({"y_train": np.full(30, -1)}, r"y_train is int64"),
        ({"y_val": np.full(10, 4)}, r"labels that training has not.*5 against 4 classes"),
        (
            {"x_val": np.zeros((10, 5, 4, 3))},
            r"differ from x_train.*\(3, 5, 4\) against \(3, 6, 4\)",
        ),
        ({"x_train": np.array([object()] * 30)}, r"cannot read .*allow_pickle"),
        ({"y_train": np.full(30, 2**64 - 1, np.uint64)}, r"y_train is uint64"),
        ({"y_train": np.arange(30) % 2 * 2**32}, r"labels up to 4,294,967,296 for 30 images; numb"),
        ({"y_train": np.zeros(30, int), "y_val": np.zeros(10, int)}, r"labels up to 0 for 30 im"),
        ({"x_val": np.full((10, 6, 4, 3), 0.5)}, r"x_val are numbers and x_train are bytes"),
        ({"x_train": np.full((30, 6, 4, 3), 1e300)}, r"x_train has values that are not finite"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_data(config(tmp_path, **changes))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no zip"])
def test_files_that_are_no_npz(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "data.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"cannot read .*data\.npz as \.npz"):
        load_data(ArraysConfig(str(path)))


def test_a_single_array_and_a_cut_file(tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(DataError, match=r"holds one array"):
        load_data(ArraysConfig(str(tmp_path / "one.npy")))
    path = Path(config(tmp_path).path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"cannot read .* as \.npz"):
        load_data(ArraysConfig(str(path)))


def test_whatever_is_damaged_in_a_file_is_a_data_error(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    np.savez_compressed(path, **arrays())
    whole, refused = path.read_bytes(), 0
    rng = np.random.default_rng(0)
    for _ in range(200):
        damaged = bytearray(whole)
        damaged[int(rng.integers(len(whole)))] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        try:
            source.load(ArraysConfig(str(path)))
        except DataError:
            refused += 1
    assert refused > 150  # the others meet a date, or another byte that nothing reads


def test_the_identity_changes_with_the_content(tmp_path: Path) -> None:
    first = data_identity(config(tmp_path))
    assert first == data_identity(config(tmp_path))
    assert first != data_identity(config(tmp_path, y_val=np.zeros(10, int)))


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "my_arrays.py").write_text(
        "from tests.workers.test_arrays import arrays\n"
        "from workers.data import DigitsConfig, load_data\n"
        "def digits(): return load_data(DigitsConfig(size=8, train=32, validation=16))\n"
        "def nothing(): return 3\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_arrays", raising=False)
    return "my_arrays"


def test_a_function_may_return_arrays_or_a_dataset(module: str) -> None:
    assert load_data(OwnDataConfig(f"{module}:arrays")).shape == (3, 6, 4)
    assert load_data(OwnDataConfig(f"{module}:digits")).shape == (3, 8, 8)
    assert len(data_identity(OwnDataConfig(f"{module}:arrays"))) == 64


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("my_arrays:nothing", DataError, r"returned a int; return a mapping"),
        (
            "my_arrays:missing",
            DottedNameError,
            r"my_arrays:missing: .* has no 'missing'",
        ),
        ("no_such_module:x", DottedNameError, r"cannot import .*ModuleNotFound.*PYTHONPATH"),
        ("os.system", DottedNameError, r"'os\.system' is no dotted name; write my_package"),
        ("a; b:c", DottedNameError, r"is no dotted name"),
    ],
)
@pytest.mark.usefixtures("module")
def test_functions_that_cannot_be_used(name: str, error: type[Exception], message: str) -> None:
    config: DataConfig = OwnDataConfig(name)
    with pytest.raises(error, match=message):
        load_data(config)
