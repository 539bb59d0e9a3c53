"""Own images as arrays: an .npz file with x_train, y_train, x_val, y_val (x_test, y_test)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from workers.data.dataset import Dataset, Scale, Split
from workers.data.download import file_hash
from workers.data.errors import DataError

_NAMES = (
    "give arrays x_train, y_train, x_val, y_val, and x_test, y_test for reranking: images "
    "(N, H, W, C) or (N, H, W) and whole numbers from 0"
)
_MOST = 2**63 - 1  # of a label, as int64


@dataclass(frozen=True, slots=True)
class ArraysConfig:
    """path: of the .npz file; channels: where images (N, ., ., .) have them."""

    path: str
    kind: Literal["npz"] = "npz"
    channels: Literal["first", "last"] = "last"


def load(config: ArraysConfig) -> Dataset:
    """The data of the file; arrays of objects are never read. Raises DataError."""
    path = Path(config.path).expanduser()
    return dataset_of(_read(path), config.channels, str(path))


def identity(config: ArraysConfig) -> str:
    """The SHA-256 of the file. Raises DataError."""
    return file_hash(Path(config.path).expanduser())


def dataset_of(
    arrays: Mapping[str, Any], channels: Literal["first", "last"], where: str
) -> Dataset:
    """The data set of arrays by name; `where` names their source. Raises DataError."""
    train, labels = _split(arrays, "train", channels, where)
    classes = int(labels.max()) + 1
    if not 2 <= classes <= len(labels):
        raise DataError(
            f"{where}: y_train has labels up to {classes - 1:,} for {len(labels):,} images; number "
            "two classes or more from 0, without gaps"
        )
    scale = Scale.of(train)
    shape = tuple(train.shape[1:])

    def standardised(name: str) -> Split:
        images, labels = _split(arrays, name, channels, where)
        if tuple(images.shape[1:]) != shape or int(labels.max()) >= classes:
            raise DataError(
                f"{where}: x_{name}, y_{name} differ from x_train, y_train in shape or have labels "
                f"that training has not: {tuple(images.shape[1:])} against {shape}, "
                f"{int(labels.max()) + 1} against {classes} classes"
            )
        if images.dtype != train.dtype:
            kinds = {torch.uint8: "bytes"}
            raise DataError(
                f"{where}: x_{name} are {kinds.get(images.dtype, 'numbers')} and x_train are "
                f"{kinds.get(train.dtype, 'numbers')}, which may differ in scale; give both as "
                "uint8 or neither"
            )
        if images.dtype == torch.uint8:
            return Split(images, labels, scale)
        return Split((images - scale.mean) / scale.std, labels)

    return Dataset(
        standardised("train"), standardised("val"), classes, _reader(standardised, arrays, where)
    )


def _reader(
    standardised: Callable[[str], Split], arrays: Mapping[str, Any], where: str
) -> Callable[[], Split]:
    def read_test() -> Split:
        if "x_test" not in arrays:
            raise DataError(f"{where} has no third split for reranking; add x_test and y_test")
        return standardised("test")

    return read_test


def _read(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as stream:
            file = np.load(stream, allow_pickle=False)
            if isinstance(file, np.lib.npyio.NpzFile):
                return {name: file[name] for name in file.files if name[:2] in ("x_", "y_")}
    except Exception as error:  # zipfile, zlib and NumPy each have their own for a damaged file
        raise DataError(f"cannot read {path} as .npz ({error}); {_NAMES}") from error
    raise DataError(f"{path} holds one array; {_NAMES}")


def _split(
    arrays: Mapping[str, Any], name: str, channels: Literal["first", "last"], where: str
) -> tuple[Tensor, Tensor]:
    """Images (N, C, H, W), bytes or float32, and labels (N,) int64."""
    x_name, y_name = f"x_{name}", f"y_{name}"
    if x_name not in arrays or y_name not in arrays:
        raise DataError(f"{where} lacks {x_name} or {y_name}; {_NAMES}")
    x, y = np.asarray(arrays[x_name]), np.asarray(arrays[y_name])
    if x.ndim not in (3, 4) or x.size == 0 or x.dtype.kind not in "uif":
        raise DataError(f"{where}: {x_name} is {x.dtype} of shape {x.shape}; {_NAMES}")
    y = y.reshape(-1) if y.ndim == 2 and y.shape[1] == 1 else y
    counts = y.ndim == 1 and y.dtype.kind in "ui" and len(y) == len(x)
    if not counts or y.min() < 0 or y.max() > _MOST:
        raise DataError(
            f"{where}: {y_name} is {y.dtype} of shape {y.shape} for {len(x)} images; {_NAMES}"
        )
    if x.ndim == 3:
        x = x[:, None]
    elif channels == "last":
        x = np.moveaxis(x, -1, 1)
    with np.errstate(over="ignore"):  # what float32 cannot hold is told below
        x = np.ascontiguousarray(x if x.dtype == np.uint8 else x.astype("f4"))
    images = torch.from_numpy(x)
    if images.is_floating_point() and not bool(torch.isfinite(images).all()):
        raise DataError(f"{where}: {x_name} has values that are not finite; clean them first")
    return images, torch.from_numpy(y.astype(np.int64))
