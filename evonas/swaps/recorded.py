"""Steps of a model by a forward pass that is recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import fields, is_dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

from evonas.swaps.steps import FUNCTION, INPUT, MODULE, OUTPUT, Flow, Parts, Step

# Functions that use the numbers of a tensor and return none.
_USES = frozenset(("item", "tolist", "numpy", "__bool__", "__float__", "__int__", "__array__"))


class _Recorder(TorchFunctionMode):
    """The steps so far, and which of them made each tensor that is alive."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self.steps: list[Step] = []
        self._made = WeakTensorKeyDictionary()
        self._open: list[tuple[int, ...]] = []  # what the leaves that are running have read
        self._inside = [""]  # paths of the other modules that are running
        self._paths = parts.path_of()
        self._leaves = parts.leaves

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        reads = () if self._open else self._reads((args, kwargs))
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", str(func))
        if not self._open and (any(True for _ in _tensors(result)) or name in _USES):
            shape = _shape((args, kwargs))
            self._add(Step(FUNCTION, name, reads, shape, self._inside[-1]), result)
        return result

    def hook(self, module: nn.Module) -> Iterator[Any]:
        """Hooks on a module, each a handle that removes it."""
        leaf, path = id(module) in self._leaves, self._paths[id(module)]

        def before(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            if leaf:
                self._open.append(self._reads((args, kwargs)))
            else:
                self._inside.append(path)

        def after(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
            if not leaf:
                self._inside.pop()
                return
            reads = self._open.pop()
            if not self._open:
                shape = _shape((args, kwargs))
                self._add(Step(MODULE, path, reads, shape, self._inside[-1]), out)

        yield module.register_forward_pre_hook(before, with_kwargs=True)
        yield module.register_forward_hook(after, with_kwargs=True)

    def end(self, output: Any) -> None:
        """The last step: what the model returns."""
        self.steps.append(Step(OUTPUT, "the output of the model", self._reads(output)))

    def _reads(self, value: Any) -> tuple[int, ...]:
        return tuple(self._number(tensor) for tensor in _tensors(value))

    def _number(self, tensor: Tensor) -> int:
        if tensor not in self._made:
            self._add(Step(INPUT, "an input"), tensor)
        return int(self._made[tensor])

    def _add(self, step: Step, made: Any) -> None:
        for tensor in _tensors(made):
            self._made[tensor] = len(self.steps)
        self.steps.append(step)


def record(parts: Parts, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Flow:
    """The flow of a model in one evaluation pass without gradients, which leaves no trace in it.

    Raises whatever the model raises at these arguments.
    """
    recorder = _Recorder(parts)
    with ExitStack() as stack:
        stack.enter_context(_undisturbed(parts.model))
        for module in parts.model.modules():
            for handle in recorder.hook(module):
                stack.callback(handle.remove)
        with recorder:
            output = parts.model(*args, **kwargs)
    recorder.end(output)
    return Flow(parts, recorder.steps, "a recorded forward pass")


@contextmanager
def _undisturbed(model: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients; modes and random numbers are as before afterwards."""
    training = {module: module.training for module in model.modules()}
    devices = {p.device.index or 0 for p in model.parameters() if p.is_cuda}
    fast = torch.backends.mha.get_fastpath_enabled()
    try:
        torch.backends.mha.set_fastpath_enabled(False)  # it calls no modules
        for module in training:
            module.training = False
        with torch.no_grad(), torch.random.fork_rng(list(devices)):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        for module, mode in training.items():
            module.training = mode


def _shape(value: Any) -> tuple[int, ...] | None:
    return next((tuple(tensor.shape) for tensor in _tensors(value)), None)


def _tensors(value: Any) -> Iterator[Tensor]:
    """The tensors in nested containers and dataclasses."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _tensors(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _tensors(part)
    elif is_dataclass(value) and not isinstance(value, type):
        for name in fields(value):
            yield from _tensors(getattr(value, name.name))
