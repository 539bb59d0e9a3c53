"""A graph as a torch module: its generated source, executed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, FunctionType

from torch import nn

from search_spaces.canonical import canonical_and_digest
from search_spaces.codegen import GeneratedCode, generate
from search_spaces.codegen_own import functions
from search_spaces.graph import Graph

_METHOD = "_norm_act"
_LAST_METHOD = f"    def {_METHOD}("


def layer_class(graph: Graph) -> type[nn.Module]:
    """The layer that a graph's canonical form computes.

    Its constructor takes (num_features, apply_act=True, eps=1e-5, groups=32, momentum=0.1,
    channels_last=False, group_size=None, device=None, dtype=None), as every generated class does.
    """
    return _built(*canonical_and_digest(graph))[1]


def layer_code(graph: Graph) -> GeneratedCode:
    """The source that `layer_class` executes for a graph, and the hash of its class."""
    return _built(*canonical_and_digest(graph))[0]


def execute(
    code: GeneratedCode, name: str, given: Mapping[str, object] | None = None
) -> type[nn.Module]:
    """The class of a generated module; tracebacks show its lines under `name`.

    `given` are functions that the source uses and does not define.

    The source is compiled in two parts, because compiling takes longest and the first part (all but
    the documentation and the last method) repeats from layer to layer.
    """
    start = code.source.index(_LAST_METHOD)
    namespace: dict[str, object] = {"__name__": name, "__loader__": _Source(code.source)}
    namespace |= given or {}
    exec(_compiled_frame(_without_documentation(code.source[:start])), namespace)
    layer = next(
        value
        for value in namespace.values()
        if isinstance(value, type) and issubclass(value, nn.Module)
    )
    # Indented as it stands, and on its own line number.
    blank = "\n" * (code.source.count("\n", 0, start) - 1)
    exec(compile(f"{blank}if True:\n{code.source[start:]}", f"{name}.py", "exec"), namespace)
    method = namespace.pop(_METHOD)
    assert isinstance(method, FunctionType)
    method.__qualname__ = f"{layer.__qualname__}.{_METHOD}"
    setattr(layer, _METHOD, method)
    return layer


@lru_cache(maxsize=512)
def _compiled_frame(source: str) -> CodeType:
    return compile(source, "evonas_layer.py", "exec")


def _without_documentation(source: str) -> str:
    """The source with the docstring of its class left blank, line by line."""
    start = source.index('    """', source.rindex("\nclass "))
    end = source.index('\n    """\n', start)
    return source[:start] + "\n" * source.count("\n", start, end + 1) + source[end + 8 :]


@dataclass(frozen=True, slots=True)
class _Source:
    """What `linecache` asks for the lines of a module that is not a file."""

    text: str

    def get_source(self, name: str) -> str:
        return self.text


@lru_cache(maxsize=2048)
def _built(graph: Graph, layer_digest: str) -> tuple[GeneratedCode, type[nn.Module]]:
    code = generate(graph)
    name = f"evonas_layer_{layer_digest.replace('-', '_')}"
    return code, execute(code, name, functions(graph))
