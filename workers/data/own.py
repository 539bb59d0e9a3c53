"""Own data by dotted name: a function that returns arrays, or a Dataset."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import torch

from search_spaces.dotted import load_object, source_hash
from workers.data.arrays import dataset_of
from workers.data.dataset import Dataset, Split
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
    """What the function returns. Raises DottedNameError, DataError, for what it raises too."""
    loader = load_object(config.loader)
    try:
        found = loader()
    except DataError:
        raise
    except Exception as error:  # whatever the user's code raises
        raise DataError(
            f"{config.loader}() raised {type(error).__name__}: {error!s:.300}; it is called "
            "without arguments, on every worker"
        ) from error
    if isinstance(found, Dataset):
        _check(found.train, found.classes, f"{config.loader}: train")
        _check(found.validation, found.classes, f"{config.loader}: validation")
        return replace(found, read_test=partial(_read_test, found, config.loader))
    if isinstance(found, Mapping):
        return dataset_of(found, config.channels, config.loader)
    raise DataError(
        f"{config.loader} returned a {type(found).__name__}; return a mapping of arrays x_train, "
        "y_train, x_val, y_val, or a workers.data.Dataset"
    )


def _read_test(data: Dataset, loader: str) -> Split:
    split = data.read_test()
    _check(split, data.classes, f"{loader}: test")
    return split


def _check(split: Split, classes: int, where: str) -> None:
    """Raises DataError for what would be trained and scored as something else, or not at all."""
    inputs, labels = split.inputs, split.labels
    text = inputs.ndim == 2 and inputs.dtype == torch.int64
    images = inputs.ndim == 4 and (inputs.dtype == torch.float32 or split.scale is not None)
    if not (text or images):
        raise DataError(
            f"{where} has inputs {tuple(inputs.shape)} of {inputs.dtype}; give images (N, C, H, W) "
            "of float32, or of bytes with a scale, or characters (N, T) of int64"
        )
    expected = tuple(inputs.shape) if text else (len(inputs),)
    if tuple(labels.shape) != expected or labels.dtype != torch.int64 or not labels.numel():
        raise DataError(
            f"{where} has labels {tuple(labels.shape)} of {labels.dtype} for inputs "
            f"{tuple(inputs.shape)}; give labels {expected} of int64, at least one"
        )
    if int(labels.min()) < 0 or int(labels.max()) >= classes:
        raise DataError(
            f"{where} has labels {int(labels.min())} .. {int(labels.max())} for {classes} classes; "
            f"number them 0 .. {classes - 1}"
        )


def identity(config: OwnDataConfig) -> str:
    """The SHA-256 of the module's file. Raises DottedNameError."""
    return source_hash(config.loader)
