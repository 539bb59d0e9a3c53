"""Checks an anchor of the user's own in a process of its own, before anything depends on it.

    python -P -m workers.anchors.own_check my_package.my_module:factory < facts.json

prints what is wrong, or nothing; the facts are shape, classes, whether inputs are text, and whether
the stability protocol runs on the network.
"""

import json
import math
import os
import subprocess
import sys
from typing import Any

import torch
from torch import Tensor, nn

from workers.anchors import AnchorNetwork, build_network
from workers.anchors.errors import AnchorError
from workers.anchors.own import OwnConfig
from workers.data import Dataset
from workers.stability import Ascent, StabilityConfig

_TIMEOUT = 300.0  # seconds, the import of torch and of the user's packages included
_LIMITLESS = StabilityConfig(threshold=math.inf)


class OwnAnchorError(AnchorError):
    """The user's network cannot be an anchor; the message says why."""


def check_in_fresh_process(name: str, data: Dataset, climbed: bool = False) -> None:
    """Raises OwnAnchorError unless the factory can be imported, uses the layer, gives logits of the
    right shape, learns, is the same when it is made again and, if it is to be `climbed` by the
    stability protocol, has the second derivatives which that takes.

    In a fresh process, because a worker is one: what this process happens to have imported or
    defined does not count. It looks for modules where this one does.
    """
    is_text = data.train.inputs.dtype == torch.int64
    facts = json.dumps([list(data.shape), data.classes, is_text, climbed])
    command = [sys.executable, "-P", "-m", "workers.anchors.own_check", name]
    path = os.pathsep.join(os.path.abspath(folder) for folder in sys.path)
    try:
        done = subprocess.run(
            command,
            input=facts,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
            env={**os.environ, "PYTHONPATH": path},
        )
    except subprocess.TimeoutExpired:
        raise OwnAnchorError(f"anchor {name}: no answer within {_TIMEOUT:.0f} seconds") from None
    if done.returncode:
        problem = (done.stdout.strip() or done.stderr.strip())[-2000:]
        raise OwnAnchorError(f"anchor {name}: {problem or f'exit code {done.returncode}'}")


class _Layer(nn.Module):
    """Stands for any layer: learns a gain, and counts its calls."""

    calls = 0

    def __init__(self, num_features: int, apply_act: bool = True) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        _Layer.calls += 1
        return self.gain * x


def problem_of(
    name: str, shape: tuple[int, ...], classes: int, text: bool, climbed: bool = False
) -> str | None:
    """What is wrong with the network of a factory for such inputs, None if nothing is."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn((2, *shape), generator=generator)
    if text:
        x = torch.randint(classes, (2, *shape), generator=generator)
    expected = (2, *shape, classes) if text else (2, classes)
    outputs: list[Tensor] = []
    for _ in range(2):
        network = build_network(name, OwnConfig(), _Layer, shape, classes, (0, 1))
        logits = network.module.train()(x)
        if not isinstance(logits, Tensor) or tuple(logits.shape) != expected:
            found = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
            return f"gives {found} for inputs {tuple(x.shape)}; return logits {expected}"
        outputs.append(logits)
    if not _Layer.calls:
        return "never calls norm_act(num_features); put what it returns into the network"
    if not torch.equal(*outputs):
        return (
            "gives other outputs when it is made again from the same seed; leave out dropout and "
            "other random numbers, and generators of its own"
        )
    outputs[0].square().sum().backward()  # type: ignore[no-untyped-call]
    return _obstacle(network, x, torch.zeros(expected[:-1], dtype=torch.int64)) if climbed else None


def _obstacle(network: AnchorNetwork, x: Tensor, labels: Tensor) -> str | None:
    """Why the stability protocol cannot climb, None if it can."""
    advice = "list another anchor first, or set evaluation.stability.steps to 0"
    if not network.weights:
        return f"has no matrix or kernel of its own for the stability protocol to move; {advice}"
    try:
        Ascent(network.module, network.weights, x, labels, _LIMITLESS).advance(1)
    except RuntimeError as error:
        return (
            f"cannot be differentiated twice, as the stability protocol does ({error}); write what "
            f"is fused (scaled_dot_product_attention, say) in plain operations, {advice}"
        )
    return None


def main(arguments: list[str]) -> int:
    """Exit code 1 and the problem on standard output, or 0."""
    shape, classes, text, climbed = json.load(sys.stdin)
    try:
        problem: Any = problem_of(arguments[0], tuple(shape), classes, text, climbed)
    except (Exception, SystemExit) as error:  # whatever the user's code raises
        problem = f"{type(error).__name__}: {error}"
    if problem is None:
        return 0
    sys.stdout.write(f"{problem}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
