"""Anchors of the user's own: checked in a fresh process, trained like the others."""

import re
from dataclasses import replace

import pytest

from tests.workers.layers import graph_of
from tests.workers.tiny import DATA, TINY
from workers.anchors.own import OwnConfig
from workers.anchors.own_check import OwnAnchorError, check_in_fresh_process, problem_of
from workers.data import load_data
from workers.evaluation import evaluate, evaluation_key
from workers.preparation import prepare
from workers.settings import AnchorConfig
from workers.stability import StabilityConfig

NETWORKS = "tests.workers.own_networks"


def test_a_good_one_is_trained_and_scored() -> None:
    anchor = AnchorConfig(f"{NETWORKS}:good", OwnConfig())
    config = replace(TINY, anchors=(anchor,))
    prepare(config)
    results = [evaluate(graph_of("BN-ReLU").to_json(), config) for _ in range(2)]
    assert results[0].verdict == "scored"
    assert list(results[0].scores) == [f"{NETWORKS}:good"]
    assert results[0].scores == results[1].scores
    explosive = replace(config, stability=StabilityConfig(steps=9, first_steps=9, batch=4))
    assert evaluate(graph_of("exp(x * x)").to_json(), explosive).verdict == "unstable"


def test_the_key_knows_the_code() -> None:
    config = replace(TINY, anchors=(AnchorConfig(f"{NETWORKS}:good", OwnConfig()),))
    other = replace(TINY, anchors=(AnchorConfig(f"{NETWORKS}:good", OwnConfig("2")),))
    keys = {evaluation_key("d", c, 0, True) for c in (config, other, TINY)}
    assert len(keys) == 3


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        ("wrong_shape", r"gives \(2, 9\) for inputs \(2, 3, 8, 8\); return logits \(2, 10\)"),
        ("without_layer", r"never calls norm_act"),
        ("unused_layer", r"never calls norm_act"),
        ("dropout", r"other outputs when it is made again.*dropout"),
        ("changing", r"other outputs when it is made again"),
    ],
)
def test_bad_ones_are_refused(factory: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.anchors.own_check._Layer.calls", 0)
    problem = problem_of(f"{NETWORKS}:{factory}", (3, 8, 8), 10, text=False)
    assert problem is not None
    with pytest.raises(ValueError, match=message):
        raise ValueError(problem)


def test_frozen_weights_stay_where_they_are() -> None:
    name = f"{NETWORKS}:frozen_stem"
    config = replace(TINY, anchors=(AnchorConfig(name, OwnConfig()),))
    assert evaluate(graph_of("BN-ReLU").to_json(), config).verdict == "scored"
    assert problem_of(name, (3, 8, 8), 10, text=False, climbed=True) is None


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        ("fused", r"cannot be differentiated twice.*not implemented.*stability\.steps to 0$"),
        ("frozen", r"no matrix or kernel of its own for the stability protocol.*another anchor"),
    ],
)
def test_what_the_stability_protocol_cannot_climb_is_refused_where_it_climbs(
    factory: str, message: str
) -> None:
    name = f"{NETWORKS}:{factory}"
    assert problem_of(name, (3, 8, 8), 10, text=False) is None
    problem = problem_of(name, (3, 8, 8), 10, text=False, climbed=True)
    assert problem is not None
    assert re.search(message, problem)


def test_only_the_first_anchor_is_climbed_and_only_if_the_protocol_is_on() -> None:
    anchor = AnchorConfig(f"{NETWORKS}:fused", OwnConfig())
    with pytest.raises(OwnAnchorError, match="differentiated twice"):
        prepare(replace(TINY, anchors=(anchor, *TINY.anchors)))
    prepare(replace(TINY, anchors=(*TINY.anchors, anchor)))
    prepare(replace(TINY, anchors=(anchor,)), protocols=False)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (f"{NETWORKS}:raising", r"RuntimeError: out of ideas"),
        (f"{NETWORKS}:leaving", r"SystemExit: 0"),
        (f"{NETWORKS}:no_module", r"TypeError: .* returned a builtin.*torch\.nn\.Module"),
        ("no_such_module:make", r"DottedNameError: cannot import no_such_module:make"),
    ],
)
def test_the_process_reports_what_was_raised(name: str, message: str) -> None:
    with pytest.raises(OwnAnchorError, match=rf"anchor {name}: {message}"):
        check_in_fresh_process(name, load_data(DATA))
