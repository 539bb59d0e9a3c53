"""Tiny CIFAR archives in the exact official formats, written without the code that reads them."""

import io
import pickle
import struct
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray


class _Python2Pickler(pickle._Pickler):
    """Writes what cPickle of Python 2 wrote in protocol 2: strings are bytes."""

    dispatch: ClassVar[dict[Any, Any]] = dict(pickle._Pickler.dispatch)  # type: ignore[attr-defined]

    def _save_string(self, value: str | bytes) -> None:
        data = value.encode("latin1") if isinstance(value, str) else value
        short = len(data) < 256
        head = b"U" + bytes([len(data)]) if short else b"T" + struct.pack("<i", len(data))
        self.write(head + data)  # type: ignore[attr-defined]
        self.memoize(value)  # type: ignore[attr-defined]

    dispatch[str] = _save_string
    dispatch[bytes] = _save_string


def python2_pickle(value: Any) -> bytes:
    """The pickle of a value as Python 2 with the NumPy of its time wrote it."""
    stream = io.BytesIO()
    _Python2Pickler(stream, protocol=2).dump(value)
    return stream.getvalue().replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")


def images(count: int, seed: int) -> NDArray[np.uint8]:
    """(count, 3072): random bytes."""
    return np.random.default_rng(seed).integers(0, 256, (count, 3072), dtype=np.uint8)


def labels(count: int, classes: int = 10) -> list[int]:
    return [i % classes for i in range(count)]


def batch10(count: int, seed: int, name: str = "training batch 1 of 5") -> dict[str, Any]:
    return {
        "batch_label": name,
        "labels": labels(count),
        "data": images(count, seed),
        "filenames": [f"leptodactylus_pentadactylus_s_{i:06}.png" for i in range(count)],
    }


def cifar10_python(count: int = 20) -> dict[str, bytes]:
    """Members by name; `count` images in each of the five batches and in the test batch."""
    folder = "cifar-10-batches-py"
    members = {f"{folder}/data_batch_{n}": python2_pickle(batch10(count, n)) for n in range(1, 6)}
    members[f"{folder}/test_batch"] = python2_pickle(batch10(count, 6, "testing batch 1 of 1"))
    members[f"{folder}/batches.meta"] = python2_pickle(
        {"num_cases_per_batch": count, "label_names": ["airplane"], "num_vis": 3072}
    )
    members[f"{folder}/readme.html"] = b"<html></html>"
    return members


def cifar10_binary(count: int = 20) -> dict[str, bytes]:
    """The same images as `cifar10_python`."""
    folder = "cifar-10-batches-bin"
    names = [*(f"{folder}/data_batch_{n}.bin" for n in range(1, 6)), f"{folder}/test_batch.bin"]
    return {
        name: b"".join(
            bytes([label]) + row.tobytes()
            for label, row in zip(labels(count), images(count, seed), strict=True)
        )
        for seed, name in enumerate(names, start=1)
    }


def cifar100_python(count: int = 200) -> dict[str, bytes]:
    def part(seed: int) -> bytes:
        fine = labels(count, 100)
        return python2_pickle(
            {
                "filenames": [f"{i}.png" for i in range(count)],
                "batch_label": "training batch 1 of 1",
                "fine_labels": fine,
                "coarse_labels": [label // 5 for label in fine],
                "data": images(count, seed),
            }
        )

    return {"cifar-100-python/train": part(1), "cifar-100-python/test": part(2)}


def cifar100_binary(count: int = 200) -> dict[str, bytes]:
    """The same images as `cifar100_python`: coarse label, fine label, pixels."""

    def part(seed: int) -> bytes:
        return b"".join(
            bytes([label // 5, label]) + row.tobytes()
            for label, row in zip(labels(count, 100), images(count, seed), strict=True)
        )

    return {"cifar-100-binary/train.bin": part(1), "cifar-100-binary/test.bin": part(2)}


def write(path: Path, members: Mapping[str, bytes]) -> Path:
    """The members as a .tar.gz archive."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path
