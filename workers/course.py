"""The stages of one evaluation, in order of cost."""

from collections.abc import Iterator
from typing import NamedTuple

from workers.anchors import AnchorNetwork, NormAct, build_network
from workers.data import Dataset, load_data
from workers.quality import quality_threshold
from workers.settings import AnchorConfig, EvaluationConfig
from workers.stability import Ascent
from workers.training import DivergedError, Training, batch_indices
from workers.unfit import on_anchor
from workers.verdict import Verdict


class Rejection(NamedTuple):
    """What a stage rejected the layer for."""

    verdict: Verdict
    reason: str


class Course:
    """One layer's way through the stages; iterate `rejections` as far as wanted.

    scores: validation accuracy by anchor, so far; early: the same at the quality steps;
    ascent: the stability protocol, once begun.
    """

    def __init__(self, norm_act: NormAct, config: EvaluationConfig, seed_index: int) -> None:
        self.scores: dict[str, float] = {}
        self.early: dict[str, float] = {}
        self._norm_act = norm_act
        self._config = config
        self._seed = seed_index
        self.ascent: Ascent | None = None
        self._trainings: dict[str, Training] = {}

    def rejections(self) -> Iterator[Rejection]:
        """Do the work, cheap first; whoever stops at the first rejection saves the rest of it."""
        stability = self._config.stability
        yield from self._climb(min(stability.first_steps, stability.steps))
        yield from self._begin_trainings()
        yield from self._finish_trainings()
        yield from self._climb(stability.steps)

    def new_ascent(self) -> Ascent:
        """The stability protocol on the cheapest anchor, from its first step."""
        config = self._config.stability
        network = _network(self._norm_act, self._config, self._config.anchors[0], self._seed)
        train = self._data(self._config.anchors[0]).train
        indices = batch_indices(len(train), config.batch, 1, (self._seed, 0))[0]
        inputs, labels = train.take(indices.to(self._config.device))
        return Ascent(network.module, network.weights, inputs, labels, config)

    def _climb(self, until: int) -> Iterator[Rejection]:
        """The stability protocol, on the cheapest anchor, from where it stands to step `until`."""
        if until < 1:
            return
        name, explosion = self._config.anchors[0].name, None
        with on_anchor(name):
            if self.ascent is None:
                self.ascent = self.new_ascent()
            if self.ascent.exploded is None:
                explosion = self.ascent.advance(until)
        if explosion:
            yield Rejection(
                Verdict.UNSTABLE,
                f"gradient norm {explosion.norm:.1e} at step {explosion.step} on {name}",
            )

    def _begin_trainings(self) -> Iterator[Rejection]:
        """Train each anchor up to its quality step, cheapest first, and ask for its accuracy."""
        for anchor in self._config.anchors:
            data = self._data(anchor)
            threshold = quality_threshold(self._config.quality, data.guess)
            with on_anchor(anchor.name):
                training = begin_training(self._norm_act, self._config, anchor, self._seed)
            step = min(self._config.quality_step(anchor), training.config.steps)
            try:
                with on_anchor(anchor.name):
                    training.advance(step)
                    if step > 0:
                        self.early[anchor.name] = training.accuracy()
            except DivergedError as error:
                yield Rejection(Verdict.DIVERGED, f"{error} on {anchor.name}")
                continue
            self._trainings[anchor.name] = training
            accuracy = self.early.get(anchor.name, threshold)
            if accuracy < threshold:
                yield Rejection(
                    Verdict.LOW_QUALITY,
                    f"accuracy {accuracy:.3f} at step {step} on {anchor.name}, "
                    f"threshold {threshold:.3f}",
                )

    def _finish_trainings(self) -> Iterator[Rejection]:
        """Train on to the end whatever has not diverged, and score it."""
        for name, training in self._trainings.items():
            try:
                with on_anchor(name):
                    training.advance()
                    self.scores[name] = training.accuracy()
            except DivergedError as error:
                yield Rejection(Verdict.DIVERGED, f"{error} on {name}")

    def _data(self, anchor: AnchorConfig) -> Dataset:
        return load_data(self._config.data_of(anchor), self._config.device)


def begin_training(
    norm_act: NormAct, config: EvaluationConfig, anchor: AnchorConfig, seed_index: int
) -> Training:
    """The training of an anchor, at step 0; weights and batches depend on the seed alone."""
    data = load_data(config.data_of(anchor), config.device)
    network = _network(norm_act, config, anchor, seed_index)
    return Training(network.module, data, config.training_of(anchor), (seed_index, 0))


def _network(
    norm_act: NormAct, config: EvaluationConfig, anchor: AnchorConfig, seed_index: int
) -> AnchorNetwork:
    data = load_data(config.data_of(anchor), config.device)
    seed = (seed_index, 1)
    network = build_network(anchor.name, anchor.network, norm_act, data.shape, data.classes, seed)
    network.module.to(config.device)
    return network
