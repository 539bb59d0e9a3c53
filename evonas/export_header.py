"""The header of an exported layer, written into its class's docstring and read back."""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from evonas.version import version

_WIDTH = 80  # below what generated docstrings are wrapped at
_FORMULA = "Formula, before the closing `* weight + bias`:"
_DIGEST = "Digest: "


@dataclass(frozen=True, slots=True)
class Header:
    """What names the layer of an exported file."""

    text: str
    digest: str


def write_header(text: str, digest: str, facts: Sequence[str]) -> str:
    """The docstring's opening; `facts` are paragraphs of their own (scores, where it was found)."""
    lines = [
        f"Normalization and activation in one layer, written by evonas {version()}.",
        "",
        _FORMULA,
        "",
    ]
    for line in text.split("\n"):
        wrapped = textwrap.wrap(line, _WIDTH, break_long_words=False, break_on_hyphens=False)
        lines += [f"{'    ' if i == 0 else '        '}{part}" for i, part in enumerate(wrapped)]
    lines += ["", f"{_DIGEST}{digest}"]
    for fact in facts:
        lines += ["", fact]
    return "\n".join(lines)


def read_header(source: bytes) -> Header | None:
    """The header of an exported module's source; None if it is anything else."""
    try:
        with warnings.catch_warnings(action="ignore"):
            module = ast.parse(source)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    for node in module.body:
        if isinstance(node, ast.ClassDef) and (
            header := _from_docstring(ast.get_docstring(node) or "")
        ):
            return header
    return None


def _from_docstring(docstring: str) -> Header | None:
    _, _, rest = docstring.partition(f"{_FORMULA}\n\n")
    formula, _, below = rest.partition("\n\n")
    digest = re.match(rf"{_DIGEST}(c\d+-[0-9a-f]{{32}})(\n|$)", below)
    if not formula or digest is None:
        return None
    lines: list[str] = []
    for line in formula.split("\n"):
        if line.startswith("        ") and lines:
            lines[-1] += f" {line.strip()}"  # a continued line
        else:
            lines.append(line.strip())
    return Header("\n".join(lines), digest[1])
