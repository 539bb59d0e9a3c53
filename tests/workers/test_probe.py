"""The probe computes what the layer does; its varied inputs reach the ranges that they promise."""

from __future__ import annotations

import numpy as np
import pytest

from search_spaces.layer import layer_class
from search_spaces.text import parse
from workers.probe import probe
from workers.probe_inputs import ProbeInputs, unit_inputs, varied_inputs


@pytest.mark.parametrize("inputs", [unit_inputs(), varied_inputs()], ids=["unit", "varied"])
def test_values_of_a_layer_known_by_hand(inputs: ProbeInputs) -> None:
    found = probe(layer_class(parse("v1 * x + mean[bs](x)")), inputs)
    channels = inputs.x.shape[1]
    starts = {"weight": np.ones(channels), "bias": np.zeros(channels), "v1": np.ones(channels)}
    training, evaluation = (
        {
            name: np.asarray(values.get(name, start)).reshape(1, -1, 1, 1)
            for name, start in starts.items()
        }
        for values in inputs.parameters or ({}, {})
    )
    x, cotangent, unseen = (t.numpy() for t in (inputs.x, inputs.cotangent, inputs.unseen))
    mean = x.mean((0, 2, 3), keepdims=True)
    np.testing.assert_array_equal(found.x, x)
    np.testing.assert_allclose(
        found.output, training["weight"] * (training["v1"] * x + mean) + training["bias"]
    )
    through_mean = (training["weight"] * cotangent).mean((0, 2, 3), keepdims=True)
    np.testing.assert_allclose(
        found.gradient, training["weight"] * training["v1"] * cotangent + through_mean
    )
    running = 0.1 * mean  # after one update from 0
    np.testing.assert_allclose(
        found.evaluated,
        evaluation["weight"] * (evaluation["v1"] * unseen + running) + evaluation["bias"],
    )


def test_a_layer_without_x_has_no_gradient() -> None:
    assert not probe(layer_class(parse("v0 * v1")), varied_inputs()).gradient.any()


def test_varied_inputs_reach_what_they_promise() -> None:
    inputs = varied_inputs()
    x, unseen = inputs.x.numpy(), inputs.unseen.numpy()
    sizes = np.sqrt(np.square(x).mean((1, 2, 3)))
    assert sizes.min() < 1 < 5 < sizes.max()
    assert (x.mean((0, 2, 3)) > np.maximum(1, x.std((0, 2, 3)))).any()
    groups = unseen.reshape(len(unseen), inputs.groups, -1)
    rms = np.sqrt(np.square(unseen).mean((1, 2, 3)))
    assert (groups.mean(2).max(1) > rms).any()
    assert (unseen.mean((1, 2, 3)) > unseen.std((1, 2, 3))).any()
    for values in inputs.parameters or ():
        for name in ("v0", "v1", "weight"):
            assert values[name].min() < 0 < 0.3 < values[name].mean()
