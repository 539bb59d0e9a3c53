"""The only lowering of a graph: Python source that the search executes and exports write."""

from __future__ import annotations

import ast
import hashlib
import keyword
import re
import textwrap
from dataclasses import dataclass

from search_spaces.codegen_body import write_body
from search_spaces.codegen_module import ARGUMENTS, class_text, imports_text
from search_spaces.codegen_own import definitions, modules
from search_spaces.codegen_plan import plan
from search_spaces.graph import Graph
from search_spaces.text_printer import format_graph

# Part of every evaluation's version: raise it when the generated code computes something else.
CODEGEN_VERSION = 1

# Characters of a documentation line, beside its indentation and the opening quotes.
_WIDTH = 93
_WRAPPER = textwrap.TextWrapper(
    _WIDTH + 4, initial_indent="    ", subsequent_indent=" " * 8, break_long_words=False
)
_ARGUMENTS = textwrap.indent(ARGUMENTS, "    ").lstrip()
_CLASS_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}", re.ASCII)


@dataclass(frozen=True, slots=True)
class GeneratedCode:
    """A module's source, and the SHA-256 of all but the class's name and docstring."""

    source: str
    class_sha256: str


def generate(
    graph: Graph, class_name: str = "NormAct", docstring: str | None = None
) -> GeneratedCode:
    """The module that computes `graph` as it stands.

    `docstring` opens the documentation of the class, by default with the formula. Raises ValueError
    if `class_name` is not an ASCII identifier.
    """
    if not _CLASS_NAME.fullmatch(class_name) or keyword.iskeyword(class_name):
        raise ValueError(
            f"class_name must be an ASCII identifier, such as NormAct, given {class_name!r:.120}"
        )
    body = class_text(plan_ := plan(graph), write_body(plan_))
    above = "\n\n\n".join((imports_text(body, modules(graph)), *definitions(graph)))
    digest = _digest(above, body)
    about = f"y = {format_graph(graph)}" if docstring is None else docstring
    documentation = f'    """{_indented(about)}{_ARGUMENTS}\n    """'
    source = f"{above}\n\n\nclass {class_name}(nn.Module):\n{documentation}\n\n{body}"
    return GeneratedCode(source, digest)


def class_sha256(source: str) -> str:
    """The hash of a generated module, read back from its source as an export stands on disk.

    Raises ValueError if the source is not one module with one class that opens with a docstring.
    """
    classes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    if len(classes) != 1 or ast.get_docstring(classes[0]) is None:
        raise ValueError(
            "expected the source of one generated module: imports and a class with a docstring"
        )
    docstring_end = classes[0].body[0].end_lineno
    lines = source.split("\n")
    above = "\n".join(lines[: classes[0].lineno - 1]).strip("\n")
    return _digest(above, "\n".join(lines[docstring_end:]).strip("\n") + "\n")


def _digest(above: str, body: str) -> str:
    return hashlib.sha256(f"{above}\n{body}".encode()).hexdigest()


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
