"""What one worker can tell before it evaluates anything: its machine, and how groups fall out."""

from dataclasses import dataclass
from typing import Any

from torch import nn

from workers.anchors import build_network
from workers.data import load_data
from workers.evaluation import hardware_class
from workers.own_layers import ChannelAffine
from workers.settings import EvaluationConfig


@dataclass(frozen=True, slots=True)
class Survey:
    """hardware: the class of the machine; channels: that layers of each anchor have, ascending."""

    hardware: str
    channels: dict[str, tuple[int, ...]]


def survey(config: EvaluationConfig) -> Survey:
    """Builds every anchor once, to see where layers stand. Raises what building and data raise."""
    channels = {}
    for anchor in config.anchors:
        met: set[int] = set()

        def norm_act(num_features: int, apply_act: bool = True, met: set[int] = met) -> nn.Module:
            if apply_act:
                met.add(num_features)
            return ChannelAffine(num_features)

        data: Any = load_data(config.data_of(anchor), config.device)
        build_network(anchor.name, anchor.network, norm_act, data.shape, data.classes, (0, 1))
        channels[anchor.name] = tuple(sorted(met))
    return Survey(hardware_class(config.device), channels)


def group_remarks(groups: int, channels: dict[str, tuple[int, ...]]) -> list[str]:
    """What must be said of so many groups of channels in these anchors: at most a sentence each on
    those that do not divide the channels, and on those that leave one channel a group.
    """
    taken = {
        (anchor, count): max(n for n in range(1, groups + 1) if count % n == 0)
        for anchor, counts in channels.items()
        for count in counts
    }
    smaller = [
        f"{n} of {count} in {anchor}"
        for (anchor, count), n in taken.items()
        if n < groups and count >= groups
    ]
    alone = [f"{count} in {anchor}" for (anchor, count), n in taken.items() if n == count > 1]
    remarks = []
    if smaller:
        remarks.append(
            f"evaluation.groups = {groups} does not divide all channels, so that layers take the "
            f"next smaller number that does: {', '.join(smaller)}"
        )
    if alone:
        remarks.append(
            f"evaluation.groups = {groups} leaves one channel a group, which is instance norm in "
            f"disguise, where there are few channels: {', '.join(alone)}; lower it"
        )
    return remarks
