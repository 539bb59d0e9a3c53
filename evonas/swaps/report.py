"""What `swap` did, one by one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Replaced:
    """A norm whose place a layer took, and the activation modules that became nn.Identity."""

    path: str
    was: str  # its class
    activations: tuple[str, ...]  # their paths
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
