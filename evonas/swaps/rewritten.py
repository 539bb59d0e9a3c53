"""Blocks that call an activation as a function, or one activation in several places, without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import fx, nn

from evonas.swaps.activations import is_activation_name
from evonas.swaps.steps import Flow, Parts


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A block's class without some activations, and by the path of the norm what was taken out."""

    block: str
    new_class: type[nn.Module]
    taken: Mapping[str, str]


class _Tracer(fx.Tracer):
    """Goes into no module: the statements of one forward alone."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return True


def blocks_of(flow: Flow, norms: Mapping[str, str]) -> dict[str, list[str]]:
    """The paths of norms by the block whose forward calls the norm and what reads it.

    Norms are left out that another module calls than their activation.
    """
    found: dict[str, list[str]] = {}
    for path in norms:
        calls = flow.calls(path)
        callers = {flow.steps[step].where for call in calls for step in (call, *flow.readers(call))}
        if len(callers) == 1:
            found.setdefault(callers.pop(), []).append(path)
    return found


def rewritten(parts: Parts, block: str, norms: list[str]) -> Rewritten | str:
    """The block without the activations after `norms`, or why there is none; it stays as it is."""
    module = parts.model.get_submodule(block)
    if "forward" in vars(module):
        return "its forward was replaced already"
    try:
        graphs = [_traced(module, mode) for mode in (not module.training, module.training)]
    except Exception as error:
        return f"torch.fx cannot trace it ({type(error).__name__})"
    if graphs[0].python_code("self").src != graphs[1].python_code("self").src:
        return "it computes something else in training than in evaluation"
    graph, taken = graphs[1], {}
    for path in norms:
        name = path.removeprefix(f"{block}." if block else "")
        calls = [node for node in graph.nodes if node.op == "call_module" and node.target == name]
        readers = {reader: _activation(reader, parts, block) for n in calls for reader in n.users}
        if calls and len(readers) == len(calls) and all(len(n.users) == 1 for n in calls):
            if not all(readers.values()):
                continue
            for reader in readers:
                reader.replace_all_uses_with(reader.all_input_nodes[0])
                graph.erase_node(reader)
            taken[path] = " and ".join(sorted(set(filter(None, readers.values()))))
    kind = type(module)
    forward = type(fx.GraphModule(module, graph)).forward
    new_class = type(kind.__name__, (kind,), {"forward": forward, "__module__": __name__})
    return Rewritten(block, new_class, taken)


def _traced(module: nn.Module, training: bool) -> fx.Graph:
    """The statements of a module's forward in one mode, which is the module's own afterwards."""
    mode = module.training
    module.training = training
    try:
        graph = _Tracer().trace(module)
    finally:
        module.training = mode
    return graph


def _activation(node: fx.Node, parts: Parts, block: str) -> str:
    """The activation that a node calls, in words; "" if it calls none."""
    if len(node.all_input_nodes) != 1:
        return ""
    if node.op == "call_module":
        name = f"{block}.{node.target}" if block else str(node.target)
        known = {id(parts.model.get_submodule(path)) for path in parts.activations}
        return name if id(parts.model.get_submodule(name)) in known else ""
    name = getattr(node.target, "__name__", str(node.target))
    return f"the function {name.strip('_')}" if is_activation_name(name) else ""
