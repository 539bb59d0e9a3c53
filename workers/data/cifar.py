"""CIFAR-10 and CIFAR-100 from the official archives of Krizhevsky (2009), python and binary."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workers.data import safe_pickle
from workers.data.dataset import Dataset, Scale, Split
from workers.data.download import check_md5, fetch, file_hash
from workers.data.errors import DataError
from workers.data.tar_archive import read_members

_SHAPE = (3, 32, 32)
_PIXELS = 3072  # bytes of one image: its red, green and blue plane, each row by row
_BYTE = range(256)  # what a label can be in either version
_URL = "https://www.cs.toronto.edu/~kriz/"


@dataclass(frozen=True, slots=True)
class CifarConfig:
    """path: an archive, any version; None: the one named by `version`, downloaded once.

    md5: of an archive of your own; None: one of the official ones. train: images to train on, 0 for
    all that are left; validation: images held out of the official training set, drawn by `seed`;
    the third split is the official test set. labels: those of CIFAR-100.
    """

    kind: Literal["cifar10", "cifar100"] = "cifar10"
    path: str | None = None
    version: Literal["binary", "python"] = "binary"
    md5: str | None = None
    train: int = 0
    validation: int = 5000
    labels: Literal["fine", "coarse"] = "fine"
    seed: int = 0


class _Images(NamedTuple):
    pixels: NDArray[np.uint8]  # (N, 3072)
    fine: NDArray[np.int64]
    coarse: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Archive:
    """One official archive: its file name, checksum, members, and how to read a member."""

    file: str
    md5: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    read: Callable[[bytes, str], _Images]


def _read_python(content: bytes, name: str) -> _Images:
    """A dictionary with `data`, and `labels` or `fine_labels` and `coarse_labels`."""
    batch = safe_pickle.load(content, name)
    fine = batch.get("labels", batch.get("fine_labels"))
    coarse = batch.get("coarse_labels", fine)
    pixels = batch.get("data")
    if not isinstance(pixels, np.ndarray) or pixels.ndim != 2 or pixels.shape[1] != _PIXELS:
        raise DataError(f"{name} has no array `data` of rows of {_PIXELS} bytes")
    for labels in (fine, coarse):
        if type(labels) is not list or not all(type(n) is int and n in _BYTE for n in labels):
            raise DataError(f"{name} has no list of whole numbers `labels` or `fine_labels`")
        if len(labels) != len(pixels):
            raise DataError(f"{name} has {len(pixels)} images and {len(labels)} labels")
    return _Images(pixels, np.array(fine, np.int64), np.array(coarse, np.int64))


def _read_binary(label_bytes: int) -> Callable[[bytes, str], _Images]:
    """Rows of labels (CIFAR-100: coarse, then fine) and pixels."""

    def read(content: bytes, name: str) -> _Images:
        row = label_bytes + _PIXELS
        if not content or len(content) % row:
            raise DataError(f"{name} has {len(content):,} bytes, not a multiple of {row}")
        rows = np.frombuffer(content, np.uint8).reshape(-1, row)
        coarse, fine = rows[:, 0].astype(np.int64), rows[:, label_bytes - 1].astype(np.int64)
        return _Images(rows[:, label_bytes:], fine, coarse)

    return read


_BATCHES = tuple(f"data_batch_{n}" for n in range(1, 6))
_ARCHIVES: dict[tuple[str, str], _Archive] = {
    ("cifar10", "python"): _Archive(
        "cifar-10-python.tar.gz",
        "c58f30108f718f92721af3b95e74349a",
        tuple(f"cifar-10-batches-py/{name}" for name in _BATCHES),
        ("cifar-10-batches-py/test_batch",),
        _read_python,
    ),
    ("cifar10", "binary"): _Archive(
        "cifar-10-binary.tar.gz",
        "c32a1d4ab5d03f1284b67883e8d87530",
        tuple(f"cifar-10-batches-bin/{name}.bin" for name in _BATCHES),
        ("cifar-10-batches-bin/test_batch.bin",),
        _read_binary(1),
    ),
    ("cifar100", "python"): _Archive(
        "cifar-100-python.tar.gz",
        "eb9058c3a382ffc7106e4002c42a8d85",
        ("cifar-100-python/train",),
        ("cifar-100-python/test",),
        _read_python,
    ),
    ("cifar100", "binary"): _Archive(
        "cifar-100-binary.tar.gz",
        "03b5dce01913d631647c71ecec9e9cb8",
        ("cifar-100-binary/train.bin",),
        ("cifar-100-binary/test.bin",),
        _read_binary(2),
    ),
}
_CLASSES = {("cifar10", "fine"): 10, ("cifar100", "fine"): 100, ("cifar100", "coarse"): 20}


def load(config: CifarConfig) -> Dataset:
    """Training and validation images from the official training set. Raises DataError."""
    pixels, labels = _read(config, test=False)
    order = torch.from_numpy(np.random.default_rng([config.seed, 0]).permutation(len(labels)))
    needed = config.validation + max(config.train, 1)
    if config.validation < 1 or needed > len(labels):
        raise DataError(
            f"{config.kind}: {config.validation} images for validation and {config.train or 'some'}"
            f" for training were asked of {len(labels)}; change evaluation.data.validation or train"
        )
    held, rest = order[: config.validation], order[config.validation :]
    rest = rest[: config.train or None]
    scale = Scale.of(pixels[rest])
    return Dataset(
        Split(pixels[rest], labels[rest], scale),
        Split(pixels[held], labels[held], scale),
        _classes(config),
        lambda: Split(*_read(config, test=True), scale),
    )


def identity(config: CifarConfig) -> str:
    """What the content is known by: the MD5 of the archive. Raises DataError."""
    if config.path is None:
        return config.md5 or _ARCHIVES[config.kind, config.version].md5
    path = Path(config.path).expanduser()
    try:
        facts = path.stat()
    except OSError as error:
        raise DataError(
            f"evaluation.data.path: cannot read {path}: {error.strerror}; give the path of an "
            "official archive, or leave it out to download one"
        ) from None
    return _md5(path, facts.st_mtime_ns, facts.st_size)


def prepare(config: CifarConfig) -> None:
    """Have the archive here and checked. Raises DataError."""
    _checked_path(config)


@lru_cache(maxsize=8)
def _md5(path: Path, _changed: int, _size: int) -> str:
    return file_hash(path, "md5")


def _checked_path(config: CifarConfig) -> Path:
    if config.path is None:
        archive = _ARCHIVES[config.kind, config.version]
        return fetch(_URL + archive.file, config.md5 or archive.md5)
    path, found = Path(config.path).expanduser(), identity(config)
    official = [archive.md5 for (kind, _), archive in _ARCHIVES.items() if kind == config.kind]
    if found not in ([config.md5] if config.md5 else official):
        check_md5(path, config.md5 or " or ".join(official))
    return path


def _read(config: CifarConfig, *, test: bool) -> tuple[Tensor, Tensor]:
    """Images (N, 3, 32, 32) of bytes and labels (N,) of one part of the archive."""
    path = _checked_path(config)
    versions = [archive for (kind, _), archive in _ARCHIVES.items() if kind == config.kind]
    names = {name for archive in versions for name in (archive.test if test else archive.train)}
    members = read_members(path, names)
    archive = next((a for a in versions if members.keys() <= {*a.train, *a.test} and members), None)
    wanted = (archive.test if test else archive.train) if archive else ()
    missing = sorted(set(wanted) - members.keys())
    if archive is None or missing:
        raise DataError(
            f"{path} is not the archive of {config.kind}: it lacks "
            f"{', '.join(missing or sorted(names))}"
        )
    parts = [archive.read(members.pop(name), name) for name in wanted]
    pixels = np.concatenate([part.pixels for part in parts]).reshape(-1, *_SHAPE)
    coarse = config.kind == "cifar100" and config.labels == "coarse"
    labels = np.concatenate([part.coarse if coarse else part.fine for part in parts])
    if len(labels) == 0 or labels.min() < 0 or labels.max() >= _classes(config):
        raise DataError(f"{path}: labels are not within 0 .. {_classes(config) - 1}")
    return torch.from_numpy(pixels), torch.from_numpy(labels)


def _classes(config: CifarConfig) -> int:
    return _CLASSES[config.kind, config.labels if config.kind == "cifar100" else "fine"]
