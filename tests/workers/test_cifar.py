"""CIFAR archives: read right, split by source, and refused when damaged, foreign or hostile."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.workers import cifar_archives as archives
from workers.data import CifarConfig, DataError, cifar, data_identity
from workers.data.dataset import Dataset

Members = dict[str, bytes]


def config_of(path: Path, **settings: object) -> CifarConfig:
    md5 = hashlib.md5(path.read_bytes()).hexdigest()
    return CifarConfig(**{"path": str(path), "md5": md5, "validation": 10, **settings})  # type: ignore[arg-type]


def load(path: Path, **settings: object) -> Dataset:
    return cifar.load(config_of(path, **settings))


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    return archives.write(tmp_path / "binary.tar.gz", archives.cifar10_binary())


def test_python_and_binary_versions_hold_the_same(binary: Path, tmp_path: Path) -> None:
    python = archives.write(tmp_path / "python.tar.gz", archives.cifar10_python())
    first, second = load(binary), load(python)
    for a, b in (
        (first.train, second.train),
        (first.validation, second.validation),
        (first.read_test(), second.read_test()),
    ):
        assert torch.equal(a.inputs, b.inputs)
        assert torch.equal(a.labels, b.labels)
    assert (first.classes, first.shape) == (10, (3, 32, 32))
    assert (len(first.train), len(first.validation), len(first.read_test())) == (90, 10, 20)


def test_pixels_are_red_green_and_blue_planes_row_by_row(binary: Path) -> None:
    test = load(binary).read_test()
    expected = archives.images(20, 6).reshape(20, 3, 32, 32)
    assert np.array_equal(test.inputs.numpy(), expected)
    assert test.labels.tolist() == archives.labels(20)


def test_training_and_validation_part_the_official_training_set(binary: Path) -> None:
    data = load(binary)
    rows = torch.cat([data.train.inputs, data.validation.inputs]).flatten(1).tolist()
    official = np.concatenate([archives.images(20, n) for n in range(1, 6)])
    assert sorted(rows) == sorted(official.tolist())
    other = load(binary, seed=1)
    assert not torch.equal(data.validation.inputs, other.validation.inputs)


def test_inputs_are_standardised_with_the_training_images(binary: Path) -> None:
    data = load(binary)
    images, labels = data.train.take(torch.arange(90))
    assert data.train.inputs.dtype == torch.uint8
    assert torch.allclose(images.mean((0, 2, 3)), torch.zeros(3), atol=1e-5)
    assert torch.allclose(images.std((0, 2, 3), correction=0), torch.ones(3), atol=1e-5)
    assert torch.equal(labels, data.train.labels)
    assert data.validation.scale is data.train.scale


@pytest.mark.parametrize(
    ("labels", "classes", "expected"), [("fine", 100, 37), ("coarse", 20, 37 // 5)]
)
def test_cifar_100_in_both_versions_with_both_labels(
    tmp_path: Path, labels: str, classes: int, expected: int
) -> None:
    settings = {"kind": "cifar100", "labels": labels}
    python = archives.write(tmp_path / "python.tar.gz", archives.cifar100_python())
    binary = archives.write(tmp_path / "binary.tar.gz", archives.cifar100_binary())
    for path in (python, binary):
        data = load(path, **settings)
        assert data.classes == classes
        assert int(data.read_test().labels[37]) == expected
        assert np.array_equal(data.read_test().inputs.flatten(1).numpy(), archives.images(200, 2))


def test_fewer_training_images_may_be_asked_for(binary: Path) -> None:
    assert len(load(binary, train=40).train) == 40
    with pytest.raises(DataError, match=r"10 images for validation and 91 .* of 100"):
        load(binary, train=91)


def test_an_archive_of_another_content_is_named(binary: Path) -> None:
    with pytest.raises(DataError, match=r"its MD5 is [0-9a-f]{32}, not .* or "):
        cifar.load(replace(config_of(binary), md5=None))
    with pytest.raises(DataError, match=r"its MD5 is .*, not 00"):
        cifar.load(replace(config_of(binary), md5="00"))


def _without_batch(path: Path) -> None:
    members = archives.cifar10_binary()
    del members["cifar-10-batches-bin/data_batch_3.bin"]
    archives.write(path, members)


def _cut(path: Path, share: float) -> None:
    archives.write(path, archives.cifar10_binary())
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])


def _flipped(path: Path) -> None:
    archives.write(path, archives.cifar10_binary())
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    path.write_bytes(whole)


def _with_batch(path: Path, content: bytes) -> None:
    archives.write(path, archives.cifar10_binary() | {_BATCH: content})


def _with_members(path: Path, members: Members) -> None:
    archives.write(path, members)


def _link(path: Path, kind: bytes, target: str) -> None:
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo(_BATCH)
        info.type, info.linkname = kind, target
        archive.addfile(info)


_BATCH = "cifar-10-batches-bin/data_batch_1.bin"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.write_bytes(b""), r"is no sound \.tar\.gz"),
        (lambda path: path.write_bytes(b"not an archive"), r"is no sound \.tar\.gz"),
        (lambda path: path.write_bytes(gzip.compress(b"plain text")), r"is no sound \.tar\.gz"),
        (partial(_cut, share=0.01), r"is no sound \.tar\.gz .*cut short"),
        (partial(_cut, share=0.5), r"is no sound \.tar\.gz .*cut short"),
        (_flipped, r"is no sound \.tar\.gz"),
        (_without_batch, r"is not the archive of cifar10: it lacks .*data_batch_3\.bin"),
        (partial(_with_members, members={"a.txt": b"a"}), r"is not the archive of cifar10"),
        (partial(_with_members, members=archives.cifar100_binary(5)), r"is not the archive"),
        (partial(_with_batch, content=b""), r"data_batch_1\.bin has 0 bytes"),
        (partial(_with_batch, content=b"1" * 3074), r"3,074 bytes, not a multiple of 3073"),
        (partial(_with_batch, content=b"\x0a" + bytes(3072)), r"labels are not within 0 \.\. 9"),
        (
            partial(_with_members, members={"../outside": b"", **archives.cifar10_binary(1)}),
            r"has a member '\.\./outside' that leads out of its folder",
        ),
        (
            partial(_with_members, members={"/etc/passwd": b"", **archives.cifar10_binary(1)}),
            r"has a member '/etc/passwd' that leads out",
        ),
        (partial(_link, kind=tarfile.SYMTYPE, target="/etc/passwd"), r"is a link or no file"),
        (partial(_link, kind=tarfile.LNKTYPE, target="/etc/passwd"), r"is a link or no file"),
        (partial(_link, kind=tarfile.FIFOTYPE, target=""), r"is a link or no file"),
    ],
)
def test_bad_archives_are_typed_errors(
    tmp_path: Path, make: Callable[[Path], None], message: str
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    path = folder / "archive.tar.gz"
    make(path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DataError, match=message):
        load(path, validation=1)
    assert sorted(tmp_path.rglob("*")) == before, "nothing is extracted"


def test_an_archive_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.data.tar_archive._LARGEST_ARCHIVE", 100_000)
    path = archives.write(tmp_path / "bomb.tar.gz", {"padding": bytes(10_000_000)})
    with pytest.raises(DataError, match=r"unpacks to far more than a CIFAR archive"):
        load(path)
    monkeypatch.setattr("workers.data.tar_archive._LARGEST_MEMBER", 1000)
    path = archives.write(tmp_path / "large.tar.gz", {_BATCH: bytes(3073)})
    with pytest.raises(DataError, match=r"has a member .* of 3,073 bytes"):
        load(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": "none"}, r"data_batch_1 has no list of whole numbers"),
        ({"labels": [1, 2]}, r"data_batch_1 has 20 images and 2 labels"),
        ({"labels": [True] * 20}, r"data_batch_1 has no list of whole numbers"),
        ({"labels": [2**70] * 20}, r"data_batch_1 has no list of whole numbers"),
        ({"data": [1, 2]}, r"data_batch_1 has no array `data`"),
        ({"data": np.zeros((20, 3071), np.uint8)}, r"data_batch_1 has no array `data`"),
        ({"data": np.zeros((20, 3072), np.float32)}, r"something other than bytes"),
        ({"data": np.full((20, 3072), None)}, r"asks for|other than bytes"),
    ],
)
def test_bad_batches_are_typed_errors(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    batch = archives.python2_pickle(archives.batch10(20, 1) | change)
    members = archives.cifar10_python() | {"cifar-10-batches-py/data_batch_1": batch}
    with pytest.raises(DataError, match=message):
        load(archives.write(tmp_path / "python.tar.gz", members))


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    config = CifarConfig(path=str(tmp_path / "none.tar.gz"))
    with pytest.raises(DataError, match=r"cannot read .*none\.tar\.gz: No such file.*download"):
        cifar.load(config)


def test_the_identity_is_the_checksum(binary: Path) -> None:
    config = config_of(binary)
    assert data_identity(config) == config.md5
    assert data_identity(CifarConfig()) == "c32a1d4ab5d03f1284b67883e8d87530"
    binary.write_bytes(binary.read_bytes() + b"more")
    assert data_identity(config) == hashlib.md5(binary.read_bytes()).hexdigest() != config.md5


def test_a_tar_may_list_its_folder_first(tmp_path: Path) -> None:
    path = tmp_path / "archive.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        folder = tarfile.TarInfo("cifar-10-batches-bin/")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, content in archives.cifar10_binary().items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    assert len(load(path).train) == 90
