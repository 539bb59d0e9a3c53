"""The data of the proxy tasks, as tensors cached once a process."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from workers.data import arrays, cifar, digits, folder, own, text
from workers.data.arrays import ArraysConfig
from workers.data.cifar import CifarConfig
from workers.data.dataset import Dataset, Scale, Split
from workers.data.digits import DigitsConfig
from workers.data.errors import DataError
from workers.data.folder import FolderConfig
from workers.data.own import OwnDataConfig
from workers.data.text import TextConfig

__all__ = [
    "SOURCES",
    "ArraysConfig",
    "CifarConfig",
    "DataConfig",
    "DataError",
    "Dataset",
    "DigitsConfig",
    "FolderConfig",
    "OwnDataConfig",
    "Scale",
    "Source",
    "Split",
    "TextConfig",
    "data_identity",
    "load_data",
    "prepare_data",
]

DataConfig = DigitsConfig | CifarConfig | ArraysConfig | FolderConfig | TextConfig | OwnDataConfig


@dataclass(frozen=True, slots=True)
class Source:
    """config: its settings' class; load(config) reads it; identity(config): a name of its content.

    gives: what an input is; None: whatever the user's function returns. prepare(config) has the
    content here, if that takes long. dealt_by: the settings that deal the source to the splits.
    """

    config: type[Any]
    load: Callable[[Any], Dataset]
    identity: Callable[[Any], str]
    gives: Literal["images", "text"] | None = "images"
    prepare: Callable[[Any], None] | None = None
    dealt_by: tuple[str, ...] = ()


def _embedded(_: DigitsConfig) -> str:
    return ""  # the settings say all


_CIFAR = Source(CifarConfig, cifar.load, cifar.identity, prepare=cifar.prepare)
#: By `kind`. To add one: write data/<name>.py, extend DataConfig, add a line here.
SOURCES: dict[str, Source] = {
    "digits": Source(DigitsConfig, digits.load, _embedded, dealt_by=("seed",)),
    "cifar10": _CIFAR,
    "cifar100": _CIFAR,
    "npz": Source(ArraysConfig, arrays.load, arrays.identity),
    "folder": Source(
        FolderConfig, folder.load, folder.identity, dealt_by=("seed", "validation", "test")
    ),
    "text": Source(TextConfig, text.load, text.identity, gives="text", dealt_by=("seed",)),
    "own": Source(OwnDataConfig, own.load, own.identity, gives=None),
}


def load_data(config: DataConfig, device: str = "cpu") -> Dataset:
    """The data set of `config` on a device, the same tensors at every call: never write to them.

    Raises DataError for files that cannot be read or used.
    """
    return _loaded(config, device)


@lru_cache(maxsize=4)
def _loaded(config: DataConfig, device: str) -> Dataset:
    return SOURCES[config.kind].load(config).to(device)


def data_identity(config: DataConfig) -> str:
    """What an evaluation key has to say of the content behind `config`, "" for nothing.

    Raises DataError if it is not there.
    """
    return SOURCES[config.kind].identity(config)


def prepare_data(config: DataConfig) -> None:
    """Download what has to be downloaded, before many workers ask for it, and forget what this
    process has read of files, which may have changed since. Raises DataError.
    """
    source = SOURCES[config.kind]
    if source.prepare is not None:
        source.prepare(config)
    if source.identity is not _embedded:
        _loaded.cache_clear()
