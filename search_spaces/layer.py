"""A graph as a torch module: its generated source, executed."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, ModuleType
from typing import Any, SupportsIndex

from torch import nn

from search_spaces.canonical import canonical_and_digest
from search_spaces.codegen import GeneratedCode, generate
from search_spaces.codegen_own import functions
from search_spaces.graph import Graph

_LAST = "\n\n\ndef norm_act("
_MOST_MODULES = 2048
_importable: deque[str] = deque()  # names of generated modules, the oldest first


def layer_class(graph: Graph) -> type[nn.Module]:
    """The layer that a graph's canonical form computes.

    Its constructor takes (num_features, apply_act=True, eps=1e-5, groups=32, momentum=0.1,
    channels_last=False, group_size=None, device=None, dtype=None), as every generated class does.
    """
    return _built(*canonical_and_digest(graph), False)[1]


def plain_layer_class(graph: Graph, digest: str | None = None) -> type[nn.Module]:
    """The same without a backward pass of its own: quicker to make, slower to train.

    `digest` is given for a graph that is in canonical form already, and is its digest.
    """
    form = canonical_and_digest(graph) if digest is None else (graph, digest)
    return _built(*form, True)[1]


def leave_to_autograd(network: nn.Module) -> None:
    """Switch the layers of a network to plain form, which is quicker for second derivatives."""
    for module in network.modules():
        if hasattr(type(module), "plain"):
            setattr(module, "plain", True)  # noqa: B010 - nn.Module types its attributes


def layer_code(graph: Graph) -> GeneratedCode:
    """The source that `layer_class` executes for a graph, and its hash."""
    return _built(*canonical_and_digest(graph), False)[0]


def execute(
    code: GeneratedCode, name: str, given: Mapping[str, object] | None = None
) -> type[nn.Module]:
    """The class of a generated module; tracebacks show its lines under `name`.

    `given` are functions that the source uses and does not define.

    The source is compiled in two parts, because compiling takes longest and the first part (all but
    the documentation and the last function) of plain modules repeats from layer to layer.
    """
    return _execute(code, ModuleType(name), given or {})


def _execute(
    code: GeneratedCode, module: ModuleType, given: Mapping[str, object]
) -> type[nn.Module]:
    name, namespace = module.__name__, module.__dict__
    namespace.update(given, __loader__=_Source(code.source))
    start = code.source.index(_LAST) + 3
    if "(torch.autograd.Function)" in code.source:
        exec(compile(code.source, f"{name}.py", "exec"), namespace)
    else:
        exec(_compiled_frame(_without_documentation(code.source[:start])), namespace)
        blank = "\n" * code.source.count("\n", 0, start)  # on its own line numbers
        exec(compile(blank + code.source[start:], f"{name}.py", "exec"), namespace)
    return next(
        value
        for value in namespace.values()
        if isinstance(value, type) and issubclass(value, nn.Module)
    )


@lru_cache(maxsize=512)
def _compiled_frame(source: str) -> CodeType:
    return compile(source, "evonas_layer.py", "exec")


def _without_documentation(source: str) -> str:
    """The source with the docstring of its class left blank, line by line."""
    start = source.index('    """', source.index("(nn.Module):\n"))
    end = source.index('\n    """\n', start)
    return source[:start] + "\n" * source.count("\n", start, end + 1) + source[end + 8 :]


@dataclass(frozen=True, slots=True)
class _Source:
    """What `linecache` asks for the lines of a module that is not a file."""

    text: str

    def get_source(self, name: str) -> str:
        return self.text


@lru_cache(maxsize=_MOST_MODULES)
def _built(graph: Graph, layer_digest: str, plain: bool) -> tuple[GeneratedCode, type[nn.Module]]:
    code = generate(graph, plain=plain)
    module = ModuleType(f"evonas_layer_{layer_digest.replace('-', '_')}")
    if not plain:
        _make_importable(module)
    built = _execute(code, module, functions(graph))
    if not plain:
        _pickle_by_graph(built, graph.to_json())
    return code, built


def _pickle_by_graph(built: type[nn.Module], graph_json: str) -> None:
    """Let instances be read by other processes, which have no module of that name."""

    def reduced(layer: nn.Module, protocol: SupportsIndex) -> Any:
        if type(layer) is built:
            return _blank, (graph_json,), layer.__dict__
        return object.__reduce_ex__(layer, protocol)

    setattr(built, "__reduce_ex__", reduced)  # noqa: B010 - beside the source, which is hashed


def _blank(graph_json: str) -> nn.Module:
    """A layer before its state is set."""
    kind = layer_class(Graph.from_json(graph_json))
    return kind.__new__(kind)


def _make_importable(module: ModuleType) -> None:
    """torch.compile imports the module of whatever it finds inside a network."""
    sys.modules[module.__name__] = module
    _importable.append(module.__name__)
    if len(_importable) > _MOST_MODULES:
        sys.modules.pop(_importable.popleft(), None)
