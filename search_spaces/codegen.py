"""The only lowering of a graph: Python source that the search executes and exports write.

A module holds the plain layer as a function, `norm_act`, the class that calls it, and in its
generated form an autograd function beside it that computes the same with a backward pass of its
own (`codegen_function`).
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import keyword
import re
import textwrap
from dataclasses import dataclass

from search_spaces.canonical import canonical
from search_spaces.codegen_additions import without_additions
from search_spaces.codegen_body import write_body
from search_spaces.codegen_function import SETTINGS, Function, function_of, function_text
from search_spaces.codegen_kernel import kernel_of
from search_spaces.codegen_module import ARGUMENTS, HELPERS, class_text, imports_text, plain_text
from search_spaces.codegen_own import definitions, modules, own_primitives
from search_spaces.codegen_plan import Plan, plan
from search_spaces.codegen_synced import SYNCED_NAMES
from search_spaces.codegen_text import words_of
from search_spaces.cost import cost
from search_spaces.graph import Graph
from search_spaces.text_printer import format_graph
from search_spaces.varies import varying_axes

# Part of every evaluation's version: raise it when the generated code computes something else.
CODEGEN_VERSION = 4

# Characters of a documentation line, beside its indentation and the opening quotes.
_WIDTH = 93
_WRAPPER = textwrap.TextWrapper(
    _WIDTH + 4, initial_indent="    ", subsequent_indent=" " * 8, break_long_words=False
)
_ARGUMENTS = textwrap.indent(ARGUMENTS, "    ").lstrip()
_CLASS_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}", re.ASCII)
# What modules call by name: their imports, their functions, and those of additions to them; and
# what stands for something else where additions call the class.
_TAKEN = frozenset(
    (
        *("Any", "Callable", "functional", "inspect", "math", "nn", "torch", "warnings"),
        *("NormActFunction", "norm_act", "norm_layer", "synchronize", *HELPERS),
        *("_generated", "_forward", *SYNCED_NAMES, *dir(builtins)),
        *("layer", "num_features", "apply_act", "eps", "groups", "momentum", "channels_last"),
        *("group_size", "device", "dtype", "inplace", "act_layer", "act_kwargs"),
        *("count", "module", "network", "process_group", "_"),
    )
)


@dataclass(frozen=True, slots=True)
class GeneratedCode:
    """A module's source, and the SHA-256 of all but its class's name and docstring."""

    source: str
    class_sha256: str


def generate(
    graph: Graph,
    class_name: str = "NormAct",
    docstring: str | None = None,
    *,
    plain: bool = False,
) -> GeneratedCode:
    """The module that computes `graph` as it stands.

    `docstring` opens the documentation of the class, by default with the formula. `plain` leaves
    out the autograd function. Raises ValueError if `class_name` is not an ASCII identifier, or
    means something in the module already.
    """
    if keyword.iskeyword(class_name) or not _CLASS_NAME.fullmatch(class_name):
        raise ValueError(
            f"class_name must be an ASCII identifier, such as NormAct, given {class_name!r:.120}"
        )
    if class_name in _TAKEN:
        raise ValueError(
            f"class_name {class_name!r} means something in the module already; choose another, "
            "such as NormAct"
        )
    if any(own.name == class_name for own in own_primitives(graph)):
        raise ValueError(f"class_name {class_name!r} is a function that the layer calls")
    about = _formula(graph) if docstring is None else docstring
    documentation = f'    """{_indented(about)}{_ARGUMENTS}\n    """'
    above, below = _around_the_docstring(graph, plain)
    source = f"{above}class {class_name}(nn.Module):\n{documentation}\n\n{below}"
    return GeneratedCode(source, _digest(above, below))


def class_sha256(source: str) -> str:
    """The hash of a generated module, read back from its source as an export stands on disk.

    Additions to it (`codegen_additions`) do not count.
    Raises ValueError if the source is not one module with one layer that opens with a docstring.
    """
    expected = "expected the source of one generated module: imports and a class with a docstring"
    source = without_additions(source)
    try:
        classes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    except SyntaxError as error:
        raise ValueError(f"{expected}; given what is not Python: {error}") from None
    if not classes or ast.get_docstring(classes[-1]) is None:
        raise ValueError(expected)
    lines = source.split("\n")
    above = "".join(f"{line}\n" for line in lines[: classes[-1].lineno - 1])
    return _digest(above, "\n".join(lines[classes[-1].body[0].end_lineno :]))


def form(graph: Graph) -> str:
    """Which form `generate` chooses for a graph: plain, generated or kernel."""
    return _form(graph, plan(graph))[0]


def _form(graph: Graph, plan_: Plan) -> tuple[str, Function | None]:
    if own_primitives(graph):
        return "plain", None  # they have no rule
    simplest = canonical(graph)
    kernel = kernel_of(simplest, plan_)
    if kernel:
        return "kernel", kernel
    if cost(simplest, varying_axes(simplest)).kept <= 1 and not plan_.has_deviations:
        return "plain", None  # nothing to save
    function = function_of(plan_)
    return ("generated", function) if function else ("plain", None)


def _around_the_docstring(graph: Graph, plain: bool) -> tuple[str, str]:
    """The module above and below the head of its class."""
    plan_ = plan(graph)
    body = write_body(plan_)
    function = None if plain else _form(graph, plan_)[1]
    lines = [*body.lines, *((*function.forward, *function.backward) if function else ())]
    words = words_of(lines)
    words |= {"_mean_square"} if "_var_mean" in words else set()
    settings = (name for name in SETTINGS if name in words)
    arguments = ("x", *plan_.parameters, "weight", "bias", *settings)
    blocks = [f"{definition}\n" for definition in definitions(graph)]
    blocks += (helper for name, helper in HELPERS.items() if name in words)
    if function:
        blocks.append(function_text(function, arguments))
    below = f"{class_text(plan_, body, arguments, function)}\n\n{plain_text(body, arguments)}"
    above = "".join(f"{block}\n\n" for block in blocks)
    return f"{imports_text(above + below, modules(graph))}\n\n\n{above}", below


def _formula(graph: Graph) -> str:
    *lines, output = format_graph(graph).split("\n")
    return "\n".join((*lines, f"y = {output}"))


def _digest(above: str, below: str) -> str:
    return hashlib.sha256(f"{above.strip()}\n{below.strip()}".encode()).hexdigest()


def _indented(about: str) -> str:
    """Text inside a docstring at class level, whatever characters are in it, and a blank line."""
    escaped = about.strip().replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    if not escaped:
        return ""
    lines = []
    for line in escaped.split("\n"):
        if not line.isascii() or not line.isprintable():
            line = "".join(map(_printable, line))
        lines += _WRAPPER.wrap(line) if len(line) > _WIDTH else [f"    {line}".rstrip()]
    return "\n".join(lines).lstrip() + "\n\n    "


def _printable(character: str) -> str:
    if character.isascii() and character.isprintable():
        return character
    return ascii(character)[1:-1]
