"""A graph as a torch module: its generated source, executed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from torch import nn

from search_spaces.canonical import canonical_and_digest
from search_spaces.codegen import GeneratedCode, generate
from search_spaces.graph import Graph


def layer_class(graph: Graph) -> type[nn.Module]:
    """The layer that a graph's canonical form computes.

    Its constructor takes (num_features, apply_act=True, eps=1e-5, groups=32, momentum=0.1,
    channels_last=False, group_size=None, device=None, dtype=None), as every generated class does.
    """
    return _built(*canonical_and_digest(graph))[1]


def layer_code(graph: Graph) -> GeneratedCode:
    """The source that `layer_class` executes for a graph, and the hash of its class."""
    return _built(*canonical_and_digest(graph))[0]


def execute(code: GeneratedCode, name: str) -> type[nn.Module]:
    """The class of a generated module; tracebacks show its lines under `name`."""
    namespace: dict[str, object] = {"__name__": name, "__loader__": _Source(code.source)}
    exec(compile(code.source, f"{name}.py", "exec"), namespace)
    return next(
        value
        for value in namespace.values()
        if isinstance(value, type) and issubclass(value, nn.Module)
    )


@dataclass(frozen=True, slots=True)
class _Source:
    """What `linecache` asks for the lines of a module that is not a file."""

    text: str

    def get_source(self, name: str) -> str:
        return self.text


@lru_cache(maxsize=2048)
def _built(graph: Graph, layer_digest: str) -> tuple[GeneratedCode, type[nn.Module]]:
    code = generate(graph)
    return code, execute(code, f"evonas_layer_{layer_digest.replace('-', '_')}")
