"""Retraining: one training of one layer on one anchor, without protocols, with or without a test.

The only reader of the third split of the data. A rate of learning is chosen among trainings that
are not tested; what is tested is trained with other seeds.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from functools import partial

from search_spaces.graph import Graph
from search_spaces.layer import layer_class, layer_code
from workers.course import begin_training
from workers.data import load_data
from workers.evaluation import Evaluation, evaluation_key, hardware_class
from workers.own_layers import own_layer
from workers.quality import QualityConfig
from workers.settings import AnchorConfig, EvaluationConfig
from workers.stability import StabilityConfig
from workers.threads import one_thread, repeatable, seeded
from workers.training import DivergedError
from workers.unfit import on_anchor
from workers.verdict import Verdict

VALIDATION, TEST = "validation", "test"  # the names of the two scores


def alone(config: EvaluationConfig, anchor: AnchorConfig) -> EvaluationConfig:
    """The settings with one anchor and without protocols: what a retraining depends on."""
    return replace(
        config,
        anchors=(replace(anchor, quality_step=None),),
        quality=QualityConfig(step=0),
        stability=StabilityConfig(steps=0, first_steps=0),
    )


def retrain(
    given: str, is_own: bool, config: EvaluationConfig, seed_index: int, tested: bool
) -> Evaluation:
    """Train a layer, its graph's JSON or its class by dotted name, on the one anchor of `config`.

    The scores are the validation accuracy and, if `tested`, the test accuracy of the same weights.
    The verdict is SCORED or DIVERGED. Pure: equal arguments give equal scores.
    """
    start = time.perf_counter()
    if is_own:
        layer, sha256 = own_layer(given), ""
    else:
        graph = Graph.from_json(given)
        layer, sha256 = layer_class(graph), layer_code(graph).class_sha256
    (anchor,) = config.anchors
    verdict, reason, scores = Verdict.SCORED, "", {}
    device = config.device
    with one_thread(), repeatable(device), seeded(seed_index, device), on_anchor(anchor.name):
        try:
            norm_act = partial(layer, groups=config.groups)
            training = begin_training(norm_act, config, anchor, seed_index)
            training.advance()
            scores = {VALIDATION: training.accuracy()}
            if tested:
                data = load_data(config.data_of(anchor), device)
                scores[TEST] = training.accuracy(data.read_test())
        except DivergedError as error:
            verdict, reason, scores = Verdict.DIVERGED, f"{error} on {anchor.name}", {}
    seconds, hardware = time.perf_counter() - start, hardware_class(device)
    return Evaluation(verdict, reason, scores, seconds, sha256, hardware=hardware)


def check_test_data(config: EvaluationConfig) -> None:
    """Raises DataError for an anchor whose data have no third split, before anything is trained."""
    for anchor in config.anchors:
        load_data(config.data_of(anchor), config.device).read_test()


def retraining_key(
    digest: str,
    config: EvaluationConfig,
    seed_index: int,
    tested: bool,
    hardware: str | None = None,
) -> str:
    """As `evaluation_key`, of a retraining."""
    evaluation = evaluation_key(digest, config, seed_index, False, hardware)
    return hashlib.sha256(f"retraining {tested} {evaluation}".encode()).hexdigest()
