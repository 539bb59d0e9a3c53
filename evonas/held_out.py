"""Settings for reranking a run: what its search did not train on, and longer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from evonas.config import RunConfig, config_from_dict, preset_document
from evonas.config_document import laid_over, override, plain, read_run_file
from evonas.config_errors import ConfigError
from workers.anchors import NetworkConfig
from workers.anchors.larger import is_larger, larger, size
from workers.data import SOURCES, DataConfig
from workers.settings import AnchorConfig, EvaluationConfig

LONGER = 2  # times the inputs that the search trained on, at least


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The settings, and in words, by anchor, what sets them apart from the run's."""

    evaluation: EvaluationConfig
    differences: dict[str, str]


def rerank_config(
    run: RunConfig,
    preset: str,
    file: Path | None = None,
    overrides: Sequence[str] = (),
    anchors: Sequence[str] = (),
) -> RunConfig:
    """The preset, with the run file and `key.path=value` on top; anchors by name, those that the
    preset lacks with the network of its defaults; none: the preset's.

    The device is the run's, and its data if they are of another kind than the preset's. Raises
    ConfigError.
    """
    document = preset_document(preset)
    evaluation = document["evaluation"]
    evaluation["device"] = run.evaluation.device
    if evaluation.get("data", {}).get("kind", "digits") != run.evaluation.data.kind:
        evaluation["data"] = plain(asdict(run.evaluation.data))
    if file is not None:
        document = laid_over(document, read_run_file(file))
    known = document["evaluation"]["anchors"]
    names = [anchor["name"] for anchor in known]
    known += [{"name": name, "network": {}} for name in anchors if name not in names]
    for setting in overrides:
        override(document, setting)
    if anchors:
        by_name = {anchor["name"]: anchor for anchor in document["evaluation"]["anchors"]}
        document["evaluation"]["anchors"] = [by_name[name] for name in dict.fromkeys(anchors)]
    document.pop("space", None)  # a search's: it may be a file beside another
    return config_from_dict(document)


def held_out(run: EvaluationConfig, given: EvaluationConfig) -> HeldOut:
    """The given settings, changed as far as they are too near to those of the run.

    An anchor that the run has is made deeper and wider, unless it is larger than the run's already;
    a batch size that the run has is halved, and the learning rate with it (the linear rule); steps
    are multiplied until each anchor sees LONGER times the inputs of the run's. Raises ConfigError
    if the data are dealt otherwise, so that the run may have seen the test data.
    """
    for anchor in given.anchors:
        _check_test_data(given.data_of(anchor), [run.data_of(a) for a in run.anchors])
    changed = [_anchor(anchor, run, given) for anchor in given.anchors]
    evaluation = replace(given, anchors=tuple(anchor for anchor, _ in changed))
    return HeldOut(evaluation, {anchor.name: words for anchor, words in changed})


def _anchor(
    anchor: AnchorConfig, run: EvaluationConfig, given: EvaluationConfig
) -> tuple[AnchorConfig, str]:
    """The anchor with a network and a training of its own, and what is different."""
    words = []
    used = next((other for other in run.anchors if other.name == anchor.name), None)
    network = anchor.network
    if used is None:
        words.append("not in the run")
    elif size(network) is None:
        words.append("the network of the run")
    else:
        while not is_larger(network, used.network):
            network = larger(network)
        words.append(_growth(network, used.network))
    training = given.training_of(anchor)
    batch, rate, steps = training.batch, training.learning_rate, training.steps
    batches = {run.training_of(other).batch for other in run.anchors}
    while batch in batches and batch > 2:
        batch, rate = batch // 2, rate * (batch // 2) / batch
    words.append(f"batch {batch} (run: {', '.join(map(str, sorted(batches)))})")
    trainings = [run.training_of(other) for other in ([used] if used else run.anchors)]
    seen = max(other.steps * other.batch for other in trainings)
    steps *= max(1, math.ceil(LONGER * seen / (steps * batch)))
    words.append(f"{steps * batch / seen:.1f} times the inputs" if seen else f"{steps} steps")
    changed = replace(anchor, network=network, batch=batch, learning_rate=rate, steps=steps)
    return changed, ", ".join(words)


def _growth(network: NetworkConfig, used: NetworkConfig) -> str:
    """How large both are."""
    (blocks, channels), (fewer, narrower) = size(network) or (0, 0), size(used) or (0, 0)
    return f"{blocks} blocks and {channels} channels (run: {fewer} and {narrower})"


def _check_test_data(data: DataConfig, used: Sequence[DataConfig]) -> None:
    for other in used:
        names = SOURCES[data.kind].dealt_by if other.kind == data.kind else ()
        differing = {name: getattr(other, name) for name in names if _differ(name, data, other)}
        if differing:
            settings = ", ".join(f"{name}={value}" for name, value in differing.items())
            raise ConfigError(
                f"the search dealt the data of kind {data.kind!r} with {settings}, so it may have "
                "trained on what would be the test data; set the same under evaluation.data"
            )


def _differ(name: str, data: Any, other: Any) -> bool:
    return bool(getattr(data, name) != getattr(other, name))
