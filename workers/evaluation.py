"""Evaluation of one layer: first stability steps, quality, proxy training, more stability steps."""

import hashlib
import json
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from pathlib import Path

import torch

from search_spaces.codegen import CODEGEN_VERSION
from search_spaces.graph import Graph
from search_spaces.layer import layer_class, layer_code
from workers.anchors import AnchorNetwork, NormAct, build_network
from workers.data import load_data
from workers.quality import quality_threshold
from workers.settings import AnchorConfig, EvaluationConfig
from workers.stability import Ascent
from workers.training import DivergedError, Training, batch_indices
from workers.verdict import Verdict

EVALUATION_VERSION = 1  # raise whenever a number can change under an unchanged config


@dataclass(frozen=True, slots=True)
class Evaluation:
    """verdict; reason: short, for people, "" if scored; scores: validation accuracy by anchor name.

    seconds: wall time of the whole; class_sha256: of the class body that was executed.
    """

    verdict: Verdict
    reason: str
    scores: dict[str, float]
    seconds: float
    class_sha256: str


def evaluate(
    graph_json: str,
    config: EvaluationConfig,
    seed_index: int = 0,
    stop_at_rejection: bool = True,
) -> Evaluation:
    """Evaluate the layer of a graph. Pure: equal arguments give equal verdicts and scores.

    stop_at_rejection=False (baselines, audits) goes on after a rejection and returns the first
    rejection with the scores of all anchors that did not diverge. Raises GraphError for bad JSON.
    """
    graph = Graph.from_json(graph_json)
    sha256 = layer_code(graph).class_sha256
    return evaluate_layer(layer_class(graph), sha256, config, seed_index, stop_at_rejection)


def evaluate_layer(
    layer: NormAct,
    class_sha256: str,
    config: EvaluationConfig,
    seed_index: int = 0,
    stop_at_rejection: bool = True,
) -> Evaluation:
    """As `evaluate`, for any layer called as layer(num_features, apply_act=True, groups=...)."""
    start = time.perf_counter()
    course = _Course(partial(layer, groups=config.groups), config, seed_index)
    rejected: tuple[Verdict, str] | None = None
    with _one_thread():
        for stage in (course.first_ascent, course.quality, course.scores, course.full_ascent):
            for rejection in stage():
                rejected = rejected or rejection
                if stop_at_rejection:
                    return course.result(rejection, start, class_sha256)
    return course.result(rejected or (Verdict.SCORED, ""), start, class_sha256)


Rejections = Iterator[tuple[Verdict, str]]


class _Course:
    """The stages of one evaluation in order of cost; each yields the rejections it finds."""

    def __init__(self, norm_act: NormAct, config: EvaluationConfig, seed_index: int) -> None:
        self._norm_act = norm_act
        self._config = config
        self._seed = seed_index
        self._data = load_data(config.data)
        self._ascent: Ascent | None = None
        self._trainings: dict[str, Training] = {}
        self._scores: dict[str, float] = {}

    def first_ascent(self) -> Rejections:
        config = self._config.stability
        yield from self._climb(min(config.first_steps, config.steps))

    def full_ascent(self) -> Rejections:
        yield from self._climb(self._config.stability.steps)

    def quality(self) -> Rejections:
        """Train every anchor up to its quality step, in order of cost."""
        threshold = quality_threshold(self._config.quality, self._data.guess)
        for anchor in self._config.anchors:
            training = self._training(anchor)
            try:
                step = self._config.quality_step(anchor)
                if step > 0:
                    training.advance(min(step, training.config.steps))
                    accuracy = training.accuracy()
                    if accuracy < threshold:
                        yield (
                            Verdict.LOW_QUALITY,
                            f"accuracy {accuracy:.3f} at step {training.step} on {anchor.name}, "
                            f"threshold {threshold:.3f}",
                        )
            except DivergedError as error:
                del self._trainings[anchor.name]
                yield Verdict.DIVERGED, f"{error} on {anchor.name}"

    def scores(self) -> Rejections:
        """Finish the training of every anchor that has not diverged."""
        for name, training in self._trainings.items():
            try:
                training.advance()
                self._scores[name] = training.accuracy()
            except DivergedError as error:
                yield Verdict.DIVERGED, f"{error} on {name}"

    def result(self, end: tuple[Verdict, str], start: float, class_sha256: str) -> Evaluation:
        seconds = time.perf_counter() - start
        return Evaluation(end[0], end[1], self._scores, seconds, class_sha256)

    def _climb(self, until: int) -> Rejections:
        if self._ascent is None:
            self._ascent = self._new_ascent()
        anchor = self._config.anchors[0].name
        if self._ascent.exploded is None and (explosion := self._ascent.advance(until)):
            yield (
                Verdict.UNSTABLE,
                f"gradient norm {explosion.norm:.1e} at step {explosion.step} on {anchor}",
            )

    def _new_ascent(self) -> Ascent:
        config = self._config.stability
        network = self._network(self._config.anchors[0])
        train = self._data.train
        # The images of the first training batches, whatever the training's batch size is.
        indices = batch_indices(len(train.labels), config.batch, 1, (self._seed, 0))[0]
        images, labels = train.images[indices], train.labels[indices]
        return Ascent(network.module, network.weights, images, labels, config)

    def _training(self, anchor: AnchorConfig) -> Training:
        config = self._config.training_of(anchor)
        module = self._network(anchor).module
        training = Training(module, self._data, config, (self._seed, 0))
        self._trainings[anchor.name] = training
        return training

    def _network(self, anchor: AnchorConfig) -> AnchorNetwork:
        data = self._data
        return build_network(
            anchor.name, anchor.network, self._norm_act, data.shape, data.classes, (self._seed, 1)
        )


@contextmanager
def _one_thread() -> Iterator[None]:
    """One torch thread, so that sums are taken in one order, on busy and idle machines alike."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def evaluation_key(
    digest: str, config: EvaluationConfig, seed_index: int, stop_at_rejection: bool
) -> str:
    """SHA-256 hex over everything that could change the verdict or a score."""
    parts = {
        "digest": digest,
        "config": asdict(config),
        "seed_index": seed_index,
        "stop_at_rejection": stop_at_rejection,
        "evaluation": EVALUATION_VERSION,
        "codegen": CODEGEN_VERSION,
        "torch": torch.__version__,
        "hardware": hardware_class(),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@lru_cache(maxsize=1)
def hardware_class() -> str:
    """Architecture, instruction set and model of the CPU; those that agree give equal numbers."""
    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        model = names[0] if names else model
    capability = torch.backends.cpu.get_cpu_capability()
    return f"cpu {platform.machine()} {capability} {model}".strip()
