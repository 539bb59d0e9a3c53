"""Steps of a model by symbolic tracing, without an input (torch.fx)."""

from __future__ import annotations

import inspect

from torch import fx, nn

from evonas.swaps.steps import FUNCTION, INPUT, MODULE, OUTPUT, Flow, Parts, Step

# Of a traced value, and no use of its numbers.
_METADATA = frozenset(("shape", "dtype", "device", "ndim", "size", "dim", "numel", "is_cuda"))


class _Tracer(fx.Tracer):
    """Goes into those modules alone that hold norms or activations."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self._leaves = parts.leaves

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return id(m) in self._leaves


def trace(parts: Parts) -> Flow:
    """The flow of a model; raises whatever its forward raises at symbolic values."""
    options = inspect.signature(parts.model.forward).parameters.values()
    defaults = {
        option.name: option.default for option in options if option.default is not option.empty
    }
    graph = _Tracer(parts).trace(parts.model, concrete_args=defaults)
    path_of = parts.path_of()
    numbers: dict[fx.Node, int] = {}
    steps: list[Step] = []
    for node in graph.nodes:
        if _name(node) in _METADATA:
            continue
        reads = tuple(numbers[read] for read in node.all_input_nodes if read in numbers)
        kind, name = FUNCTION, _name(node)
        if node.op == "call_module":
            kind, name = MODULE, path_of[id(parts.model.get_submodule(str(node.target)))]
        elif node.op in ("placeholder", "get_attr"):
            kind = INPUT
        elif node.op == "output":
            kind = OUTPUT
        callers = [path for path, _ in node.meta.get("nn_module_stack", {}).values()]
        callers = ["", *callers[: -1 if kind == MODULE else None]]
        where = path_of[id(parts.model.get_submodule(callers[-1]))]
        numbers[node] = len(steps)
        steps.append(Step(kind, name, reads, where=where))
    return Flow(parts, steps, "torch.fx")


def _name(node: fx.Node) -> str:
    """What a node calls, as people call it; for `getattr(x, "shape")` the attribute."""
    if node.op != "call_function":
        return str(node.target)
    name = getattr(node.target, "__name__", str(node.target))
    return str(node.args[1]) if name == "getattr" else name
