"""Image folders: classes by sub-folder, three splits by file, bad files named."""

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from workers.data import DataError, FolderConfig, data_identity, load_data

COLOURS = {"blue": (0, 0, 200), "green": (0, 200, 0), "red": (200, 0, 0)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "images"
    suffixes = (".png", ".jpg", ".bmp", ".webp")
    for name, colour in COLOURS.items():
        (root / name).mkdir(parents=True)
        for i in range(10):
            shade = tuple(max(0, value - 3 * i) for value in colour)
            Image.new("RGB", (7 + i, 9), shade).save(root / name / f"{i}{suffixes[i % 4]}")
    (root / "red" / "notes.txt").write_text("not an image")
    return root


def test_classes_in_the_order_of_names_and_splits_by_file(folder: Path) -> None:
    data = load_data(FolderConfig(str(folder), size=8))
    assert (data.shape, data.classes) == ((3, 8, 8), 3)
    splits = (data.train, data.validation, data.read_test())
    assert [len(split) for split in splits] == [18, 6, 6]
    for split in splits:
        brightest = split.inputs.float().mean((2, 3)).argmax(1)
        assert brightest.tolist() == (2 - split.labels).tolist()  # blue is class 0, channel 2
    levels = torch.cat([s.inputs.amax((1, 2, 3)) for s in splits])
    assert sorted(levels.tolist()) == pytest.approx(
        sorted([200 - 3 * i for i in range(10)] * 3), abs=2
    )


def test_equal_settings_give_equal_splits_and_other_seeds_others(folder: Path) -> None:
    from workers.data import folder as source

    first, second = (source.load(FolderConfig(str(folder), size=4)) for _ in range(2))
    assert torch.equal(first.train.inputs, second.train.inputs)
    other = source.load(FolderConfig(str(folder), size=4, seed=1))
    assert not torch.equal(first.train.inputs, other.train.inputs)


def test_the_identity_changes_with_names_and_contents(folder: Path) -> None:
    config = FolderConfig(str(folder))
    first = data_identity(config)
    assert first == data_identity(config)
    (folder / "red" / "0.png").rename(folder / "red" / "a.png")
    second = data_identity(config)
    Image.new("RGB", (8, 8)).save(folder / "red" / "a.png")
    assert len({first, second, data_identity(config)}) == 3


def test_file_names_need_not_be_utf_8(folder: Path) -> None:
    first = data_identity(FolderConfig(str(folder)))
    odd = folder / "red" / os.fsdecode(b"caf\xe9.png")
    (folder / "red" / "0.png").rename(odd)
    assert data_identity(FolderConfig(str(folder))) != first
    assert len(load_data(FolderConfig(str(folder))).train) == 18


def test_sixteen_bits_a_pixel_are_refused(folder: Path) -> None:
    grey = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    for file in folder.glob("red/*.png"):
        Image.fromarray(grey).save(file)
    with pytest.raises(DataError, match=r"red.*png has 16 bits a pixel.*scale its values to 0"):
        load_data(FolderConfig(str(folder)))


def bomb(path: Path, width: int, height: int) -> None:
    """A few hundred bytes of PNG that claim so many pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(("width", "height"), [(60_000, 60_000), (9_000, 9_000)])
def test_decompression_bombs_are_refused(folder: Path, width: int, height: int) -> None:
    for file in folder.glob("red/*.*"):
        bomb(file.with_suffix(".png"), width, height)
    with pytest.raises(DataError, match=r"scale it down"):
        load_data(FolderConfig(str(folder)))


@pytest.mark.parametrize(
    "content", [b"", b"text", b"\x89PNG\r\n\x1a\n", b"%!PS-Adobe-3.0 EPSF-3.0\n"]
)
def test_damaged_images_are_named(folder: Path, content: bytes) -> None:
    for file in folder.glob("red/*.*"):
        file.write_bytes(content)
    with pytest.raises(DataError, match=r"cannot read the image .*red.*mend or remove it"):
        load_data(FolderConfig(str(folder), seed=len(content)))


def test_a_cut_image_is_named(folder: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    for file in folder.glob("red/*.png"):
        Image.fromarray(noise).save(file)
        file.write_bytes(file.read_bytes()[:3000])
    with pytest.raises(DataError, match=r"cannot read the image .*red"):
        load_data(FolderConfig(str(folder), validation=0.1, test=0.1))


def test_folders_that_cannot_be_used(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read .*none: No such file"):
        load_data(FolderConfig(str(tmp_path / "none")))
    with pytest.raises(
        DataError, match=r"0 sub-folders; give a folder with one sub-folder a class"
    ):
        load_data(FolderConfig(str(folder / "red")))
    (folder / "empty").mkdir()
    with pytest.raises(DataError, match=r"no images in empty"):
        load_data(FolderConfig(str(folder)))
    Image.new("RGB", (8, 8)).save(folder / "empty" / "0.png")
    with pytest.raises(DataError, match=r"empty: 1 images are too few for three splits"):
        load_data(FolderConfig(str(folder)))
