"""Steps of a model that cannot be traced: what the order in nn.Sequential tells, and no more."""

from __future__ import annotations

from typing import TypeGuard

from torch import nn

from evonas.swaps.steps import INPUT, MODULE, UNKNOWN, Flow, Parts, Step


def order(parts: Parts, obstacle: str) -> Flow:
    """The flow within each nn.Sequential; what its last module is read by stays unknown.

    So do the calls of a module in it that another module holds too.
    """
    path_of = parts.path_of()
    sequences = [m for m in parts.model.modules() if _is_sequence(m)]
    steps: list[Step] = []
    for sequence in sequences:
        where = path_of[id(sequence)]
        steps.append(Step(INPUT, "an input"))
        for module in sequence:  # a module that stands there twice is called twice
            steps.append(Step(MODULE, path_of[id(module)], (len(steps) - 1,), where=where))
        steps.append(Step(UNKNOWN, "unknown", (len(steps) - 1,)))
    within = {id(module) for sequence in sequences for module in sequence}
    for holder in parts.model.modules():
        for module in () if _is_sequence(holder) else holder.children():
            if id(module) in within:
                steps.append(Step(UNKNOWN, "unknown"))
                where = path_of[id(holder)]
                steps.append(Step(MODULE, path_of[id(module)], (len(steps) - 1,), where=where))
                steps.append(Step(UNKNOWN, "unknown", (len(steps) - 1,)))
    return Flow(parts, steps, "the order in nn.Sequential alone", obstacle)


def _is_sequence(module: nn.Module) -> TypeGuard[nn.Sequential]:
    return type(module).forward is nn.Sequential.forward
