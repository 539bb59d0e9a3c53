"""What one worker can tell before it evaluates anything: of its machine, of groups, of guessing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from search_spaces.dotted import DottedNameError
from workers.anchors import build_network
from workers.anchors.errors import AnchorError
from workers.data import DataError, load_data
from workers.evaluation import hardware_class
from workers.own_layers import ChannelAffine
from workers.quality import quality_threshold
from workers.settings import EvaluationConfig

#: What a run cannot do with: networks that cannot be built, and data that cannot be used.
UNUSABLE = (AnchorError, DataError, DottedNameError)


@dataclass(frozen=True, slots=True)
class Survey:
    """hardware: the class of the machine; channels: that layers of each anchor have, ascending;
    guesses: the accuracy of always guessing the commonest class on the data of each anchor;
    examples: how many it trains on;
    problem: why data cannot be used or a network cannot be built, None if all can.
    """

    hardware: str
    channels: dict[str, tuple[int, ...]]
    guesses: dict[str, float] = field(default_factory=dict)
    examples: dict[str, int] = field(default_factory=dict)
    problem: AnchorError | DataError | DottedNameError | None = None


def survey(config: EvaluationConfig) -> Survey:
    """Reads all data and builds every anchor once, to see where layers stand."""
    channels, guesses, examples = {}, {}, {}
    problem: AnchorError | DataError | DottedNameError | None = None
    for anchor in config.anchors:
        met: set[int] = set()

        def norm_act(num_features: int, apply_act: bool = True, met: set[int] = met) -> nn.Module:
            if apply_act:
                met.add(num_features)
            return ChannelAffine(num_features)

        try:
            data: Any = load_data(config.data_of(anchor), config.device)
            guesses[anchor.name], examples[anchor.name] = data.guess, len(data.train.inputs)
            build_network(anchor.name, anchor.network, norm_act, data.shape, data.classes, (0, 1))
        except UNUSABLE as error:
            problem = problem or error
        channels[anchor.name] = tuple(sorted(met))
    return Survey(hardware_class(config.device), channels, guesses, examples, problem)


def remarks(config: EvaluationConfig, found: Survey) -> Iterator[str]:
    """Sentences on settings that are allowed and hardly meant, given what a worker found."""
    yield from group_remarks(config.groups, found.channels)
    yield from quality_remarks(config, found.guesses)
    yield from training_remarks(config, found.examples)


def training_remarks(config: EvaluationConfig, examples: Mapping[str, int]) -> Iterator[str]:
    """A sentence on each training whose rate never gets where it should, or whose batches hold more
    than there is.
    """
    for anchor in config.anchors:
        training = config.training_of(anchor)
        if training.warmup > training.steps:
            yield (
                f"the warm-up of {anchor.name} takes {training.warmup} steps, its training "
                f"{training.steps}, so that the learning rate never reaches "
                f"{training.learning_rate:g}; lower evaluation.training.warmup"
            )
        count = examples.get(anchor.name, training.batch)
        if training.batch > count:
            yield (
                f"a batch of {training.batch:,} for {anchor.name} is more than the {count:,} "
                "examples that it trains on; lower evaluation.training.batch"
            )


def quality_remarks(config: EvaluationConfig, guesses: Mapping[str, float]) -> list[str]:
    """A sentence on each anchor at which the quality protocol must reject every layer."""
    remarks = []
    for anchor in config.anchors:
        guess = guesses.get(anchor.name, 0.0)
        threshold = quality_threshold(config.quality, guess)
        if threshold >= 1 and config.quality_step(anchor) > 0:
            remarks.append(
                f"the quality protocol asks an accuracy of {threshold:.2f} of {anchor.name}, where "
                f"always guessing the commonest class gives {guess:.2f}, and rejects all that are "
                "below; set evaluation.quality.threshold to one that layers can reach, or lower "
                "evaluation.quality.factor"
            )
    return remarks


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
