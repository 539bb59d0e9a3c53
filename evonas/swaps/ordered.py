"""Steps of a model that cannot be traced: what the order in nn.Sequential tells, and no more."""

from __future__ import annotations

from torch import nn

from evonas.swaps.steps import INPUT, MODULE, UNKNOWN, Flow, Parts, Step


def order(parts: Parts, obstacle: str) -> Flow:
    """The flow within each nn.Sequential; what its last module is read by stays unknown."""
    path_of = parts.path_of()
    steps: list[Step] = []
    for sequence in parts.model.modules():
        if type(sequence).forward is not nn.Sequential.forward:
            continue
        steps.append(Step(INPUT, "an input"))
        for module in sequence.children():
            reads = (len(steps) - 1,)
            steps.append(Step(MODULE, path_of[id(module)], reads))
        steps.append(Step(UNKNOWN, "unknown", (len(steps) - 1,)))
    return Flow(parts, steps, "the order in nn.Sequential alone", obstacle)
