"""A forward pass as steps that read each other: modules, functions, and the output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from torch import nn

from evonas.swaps.activations import is_activation
from evonas.swaps.norms import Norm, norm_of

# Functions that leave the numbers as they are: an activation may as well come before them.
_MOVES = frozenset(
    (
        *("permute", "transpose", "movedim", "moveaxis", "swapaxes", "swapdims", "contiguous"),
        *("reshape", "view", "flatten", "unflatten", "squeeze", "unsqueeze"),
    )
)
_SAME = (nn.Identity, nn.Flatten, nn.Unflatten)
INPUT, FUNCTION, MODULE, OUTPUT, UNKNOWN = "input", "function", "module", "output", "unknown"


@dataclass(frozen=True, slots=True)
class Step:
    """A call of a module by its path, or of a function by its name.

    `reads` are the numbers of the steps whose results it takes; `shape` is that of its first
    tensor, None if it is not known; `where`: the path of the module that calls it.
    """

    kind: str
    name: str
    reads: tuple[int, ...] = ()
    shape: tuple[int, ...] | None = None
    where: str = ""


@dataclass(frozen=True, slots=True)
class Parts:
    """The modules of a model that matter, by their first path."""

    model: nn.Module
    norms: Mapping[str, Norm]
    activations: frozenset[str]
    leaves: frozenset[int]  # ids of modules that need not be looked into

    def path_of(self) -> dict[int, str]:
        """Path by the id of the module; a module at several paths has its first."""
        return {id(module): path for path, module in self.model.named_modules()}


def parts_of(model: nn.Module, activations: tuple[type[nn.Module], ...] = ()) -> Parts:
    """The norms and activations of a model; `activations` are classes of the user's own."""
    norms, found = {}, set()
    inside: set[int] = set()  # modules within a norm
    for path, module in model.named_modules():
        if id(module) in inside:
            continue
        if norm := norm_of(module):
            norms[path] = norm
            inside.update(id(part) for part in module.modules())
        elif is_activation(module, activations):
            found.add(path)
    matter = {id(model.get_submodule(path)) for path in (*norms, *found)}
    leaves = frozenset(
        id(module)
        for module in model.modules()
        if id(module) in matter or not any(id(part) in matter for part in module.modules())
    )
    return Parts(model, norms, frozenset(found), leaves)


@dataclass(frozen=True, slots=True)
class Flow:
    """The steps of a model, and in words how they were found."""

    parts: Parts
    steps: Sequence[Step]
    how: str
    obstacle: str = ""  # what kept it from being seen whole
    _readers: dict[int, list[int]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for number, step in enumerate(self.steps):
            for read in step.reads:
                self._readers.setdefault(read, []).append(number)

    def calls(self, path: str) -> list[int]:
        """The steps that call a module."""
        return [n for n, s in enumerate(self.steps) if s.kind == MODULE and s.name == path]

    def readers(self, number: int) -> list[int]:
        """The steps that take a step's result, seen through what only moves numbers about."""
        found = []
        for reader in self._readers.get(number, ()):
            found += self.readers(reader) if self._moves(self.steps[reader]) else [reader]
        return found

    def origins(self, number: int) -> list[int]:
        """The steps whose results a step takes, seen through what only moves numbers about."""
        found = []
        for read in self.steps[number].reads:
            found += self.origins(read) if self._moves(self.steps[read]) else [read]
        return found

    def paths(self) -> Iterator[str]:
        """The paths of norms and activations that are called."""
        return (step.name for step in self.steps if step.kind == MODULE)

    def _moves(self, step: Step) -> bool:
        if step.kind == FUNCTION:
            return step.name in _MOVES
        return step.kind == MODULE and type(self.parts.model.get_submodule(step.name)) in _SAME
