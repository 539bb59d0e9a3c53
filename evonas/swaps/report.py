"""What `swap` did, one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn

from evonas.swaps.steps import Flow


@dataclass(frozen=True, slots=True)
class Replaced:
    """A norm whose place a layer took, and the activations that are part of the layer now.

    These are paths of modules that became nn.Identity; or what a rewritten block calls no more, a
    module that others still call, or a function.
    """

    path: str
    was: str  # its class
    activations: tuple[str, ...]
    now: str  # the layer, as it prints itself


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """A norm or an activation that stays, and why."""

    path: str
    was: str
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was replaced, what was left alone and why, and in words how the model was seen."""

    replaced: tuple[Replaced, ...]
    left_alone: tuple[LeftAlone, ...]
    seen_by: str
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [
            f"{len(self.replaced)} replaced, {len(self.left_alone)} left alone; "
            f"seen by {self.seen_by}"
        ]
        lines += [f"  {remark}" for remark in self.remarks]
        paths = [*(entry.path for entry in self.replaced), *(kept.path for kept in self.left_alone)]
        width = max(map(len, paths), default=0)
        for change in self.replaced:
            taken = "".join(f" + {path}" for path in change.activations)
            lines.append(f"  {change.path:{width}}  {change.was}{taken} -> {change.now}")
        for kept in self.left_alone:
            lines.append(f"  {kept.path:{width}}  {kept.was} stays: {kept.why}")
        return "\n".join(lines)


def report_of(
    flow: Flow,
    new: Mapping[str, nn.Module],
    taken: Mapping[str, tuple[str, ...]],
    stay: Mapping[str, str],
    remarks: tuple[str, ...],
) -> Report:
    """The report, in the order of the model, which has its old modules still.

    `new` are the layers by path, `taken` the activations that they take in, and `stay` is why other
    modules stay.
    """
    replaced, left_alone = [], []
    for path, module in flow.parts.model.named_modules():
        was = type(module).__name__
        if path in new:
            now = repr(new[path]).replace("\n", "")
            replaced.append(Replaced(path, was, taken.get(path, ()), now))
        elif path in stay:
            left_alone.append(LeftAlone(path, was, stay[path]))
    return Report(tuple(replaced), tuple(left_alone), flow.how, remarks)
