"""The data of the proxy tasks, as tensors cached once a process."""

from functools import lru_cache

from workers.data import digits
from workers.data.dataset import Dataset, Split
from workers.data.digits import DigitsConfig

__all__ = ["Dataset", "DigitsConfig", "Split", "load_data"]

DataConfig = DigitsConfig


@lru_cache(maxsize=4)
def load_data(config: DataConfig) -> Dataset:
    """The data set of `config`, the same tensors at every call: never write to them."""
    return digits.load(config)
