"""Own images as files: a folder with one sub-folder a class."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from workers.data.dataset import Dataset, Scale, Split
from workers.data.download import file_hash
from workers.data.errors import DataError

_SUFFIXES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".bmp": "BMP", ".webp": "WEBP"}
_LARGEST = 50_000_000  # pixels of one file; a small file can unpack to any size


@dataclass(frozen=True, slots=True)
class FolderConfig:
    """path: the folder, with PNG, JPEG, BMP or WebP files in one sub-folder a class.

    size: side in pixels that every image is scaled to, as RGB; validation, test: shares of the
    files of each class, drawn by `seed`; the rest is for training.
    """

    path: str
    kind: Literal["folder"] = "folder"
    size: int = 32
    validation: float = 0.2
    test: float = 0.2
    seed: int = 0


def load(config: FolderConfig) -> Dataset:
    """The images of the folder, classes in the order of their names. Raises DataError."""
    classes = _classes(config)
    splits: dict[str, list[tuple[Path, int]]] = {"train": [], "validation": [], "test": []}
    for label, files in enumerate(classes.values()):
        rng = np.random.default_rng([config.seed, label])
        order = [files[i] for i in rng.permutation(len(files))]
        held = max(1, round(config.validation * len(files)))
        third = max(1, round(config.test * len(files)))
        if held + third >= len(files):
            raise DataError(
                f"{files[0].parent}: {len(files)} images are too few for three splits; add images "
                "or lower evaluation.data.validation and test"
            )
        for name, part in (
            ("validation", order[:held]),
            ("test", order[held : held + third]),
            ("train", order[held + third :]),
        ):
            splits[name] += [(file, label) for file in part]
    train = _images(splits["train"], config.size)
    scale = Scale.of(train)

    def split(name: str, images: torch.Tensor | None = None) -> Split:
        images = _images(splits[name], config.size) if images is None else images
        return Split(images, torch.tensor([label for _, label in splits[name]]), scale)

    return Dataset(split("train", train), split("validation"), len(classes), lambda: split("test"))


def identity(config: FolderConfig) -> str:
    """A SHA-256 over names and contents of all images. Raises DataError."""
    total = hashlib.sha256()
    for name, files in _classes(config).items():
        for file in files:
            # A name need not be UTF-8.
            total.update(os.fsencode(f"{name}/{file.name}") + f" {file_hash(file)}\n".encode())
    return total.hexdigest()


def _classes(config: FolderConfig) -> dict[str, list[Path]]:
    """The image files of each class, both in the order of names."""
    root = Path(config.path).expanduser()
    try:
        folders = sorted(f for f in root.iterdir() if f.is_dir() and not f.name.startswith("."))
        found = {
            f.name: sorted(file for file in f.iterdir() if file.suffix.lower() in _SUFFIXES)
            for f in folders
        }
    except OSError as error:
        raise DataError(f"cannot read {root}: {error.strerror}") from error
    empty = [name for name, files in found.items() if not files]
    if len(found) < 2 or empty:
        problem = f"no images in {', '.join(empty)}" if empty else f"{len(found)} sub-folders"
        raise DataError(
            f"{root}: {problem}; give a folder with one sub-folder a class, each with files "
            f"{', '.join(_SUFFIXES)}"
        )
    return found


def _images(files: Sequence[tuple[Path, int]], size: int) -> torch.Tensor:
    """(N, 3, size, size) bytes."""
    image_module = _pillow()
    pixels = np.stack([_pixels(image_module, file, size) for file, _ in files])
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)))


def _pixels(image_module: Any, file: Path, size: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """(size, size, 3)."""
    try:
        with image_module.open(file, formats=tuple(set(_SUFFIXES.values()))) as image:
            width, height = image.size
            if width * height > _LARGEST:
                raise DataError(
                    f"{file} unpacks to {width:,} x {height:,} pixels; scale it down, at most "
                    f"{_LARGEST:,} are read"
                )
            if image.mode.startswith("I"):  # convert() would make white of all above 255
                raise DataError(
                    f"{file} has 16 bits a pixel, and 8 are read; scale its values to 0..255 and "
                    "save it as an image of 8 bits"
                )
            small = image.convert("RGB").resize((size, size), image_module.Resampling.BILINEAR)
            return np.asarray(small, dtype=np.uint8)
    except DataError:
        raise
    except image_module.DecompressionBombError as error:
        raise DataError(f"{file}: {error}; scale it down") from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:  # what Pillow raises for damage
        raise DataError(f"cannot read the image {file}: {error}; mend or remove it") from error


def _pillow() -> Any:
    try:
        from PIL import Image
    except ModuleNotFoundError as error:
        raise DataError(
            "an image folder is read with Pillow; install it with `pip install 'evonas[images]'`"
        ) from error
    return Image
