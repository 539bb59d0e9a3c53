"""Own data by dotted name: a function that returns arrays, or a Dataset."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from search_spaces.dotted import load_object, source_hash
from workers.data.arrays import dataset_of
from workers.data.dataset import Dataset
from workers.data.errors import DataError


@dataclass(frozen=True, slots=True)
class OwnDataConfig:
    """loader: `my_package.my_module:function`, called without arguments; it returns a mapping of
    arrays as in an .npz file, or a `workers.data.Dataset`, the same at every call.

    version: change it when the data change and the module does not. channels: of the arrays.
    """

    loader: str
    kind: Literal["own"] = "own"
    version: str = ""
    channels: Literal["first", "last"] = "last"


def load(config: OwnDataConfig) -> Dataset:
    """What the function returns. Raises DottedNameError, DataError."""
    found = load_object(config.loader)()
    if isinstance(found, Dataset):
        return found
    if isinstance(found, Mapping):
        return dataset_of(found, config.channels, config.loader)
    raise DataError(
        f"{config.loader} returned a {type(found).__name__}; return a mapping of arrays x_train, "
        "y_train, x_val, y_val, or a workers.data.Dataset"
    )


def identity(config: OwnDataConfig) -> str:
    """The SHA-256 of the module's file. Raises DottedNameError."""
    return source_hash(config.loader)
