"""Networks of the user's own by dotted name: a function `factory(norm_act) -> nn.Module`."""

from dataclasses import dataclass

from torch import nn

from search_spaces.dotted import load_object
from workers.anchors.weights import NormAct


@dataclass(frozen=True, slots=True)
class OwnConfig:
    """version: change it when the network changes and the factory's module does not."""

    version: str = ""


def build(name: str, norm_act: NormAct) -> nn.Module:
    """What the factory returns. Raises DottedNameError, TypeError."""
    module = load_object(name)(norm_act)
    if not isinstance(module, nn.Module):
        raise TypeError(f"{name} returned a {type(module).__name__}; return a torch.nn.Module")
    return module
