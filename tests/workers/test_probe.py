"""The probe computes what the layer does; its varied inputs reach the ranges that they promise."""

from __future__ import annotations

import numpy as np

from search_spaces.layer import layer_class
from search_spaces.text import parse
from workers.probe import probe
from workers.probe_inputs import unit_inputs, varied_inputs


def test_values_of_a_layer_known_by_hand() -> None:
    inputs = unit_inputs()
    found = probe(layer_class(parse("v1 * x + mean[bs](x)")), inputs)
    x, cotangent, unseen = (t.numpy() for t in (inputs.x, inputs.cotangent, inputs.unseen))
    mean = x.mean((0, 2, 3), keepdims=True)
    np.testing.assert_array_equal(found.x, x)
    np.testing.assert_allclose(found.output, x + mean)
    np.testing.assert_allclose(found.gradient, cotangent + cotangent.mean((0, 2, 3), keepdims=True))
    np.testing.assert_allclose(found.evaluated, unseen + 0.1 * mean)  # one update of the estimate


def test_steps_of_training_known_by_hand() -> None:
    inputs = varied_inputs()
    x, cotangent, unseen = (t.numpy() for t in (inputs.x, inputs.cotangent, inputs.unseen))
    over = (0, 2, 3)
    weight, v1, bias = (np.full((1, x.shape[1], 1, 1), start) for start in (1.0, 1.0, 0.0))
    for _ in range(inputs.steps):
        gradients = [
            (cotangent * factor).sum(over, keepdims=True) for factor in (v1 * x, weight * x, 1.0)
        ]
        weight, v1, bias = (
            0.99 * value - 1.5 * gradient / (1e-3 + np.abs(gradient))
            for value, gradient in zip((weight, v1, bias), gradients, strict=True)
        )
    found = probe(layer_class(parse("v1 * x")), inputs)
    np.testing.assert_allclose(found.output, weight * v1 * x + bias, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.evaluated, weight * v1 * unseen + bias, rtol=1e-9, atol=1e-12)


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
