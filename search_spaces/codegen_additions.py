"""What an export has beside the code that was trained: marked, and left out of its hash."""

from __future__ import annotations

from collections.abc import Sequence

_MARK = "# Beside the layer that was trained, and no part of its hash: all below."
_AND_IMPORTS = "# Nor are these imports:"
_INDENT = "#     "
_TORCH = "import torch\n"


def with_additions(source: str, blocks: Sequence[str], imports: Sequence[str] = ()) -> str:
    """A generated module with top-level statements after it.

    `blocks` are written two empty lines apart; `imports` are lines of the standard library that
    they need. The result is laid out as ruff does it.
    """
    if not blocks:
        return source
    standard, _, rest = source.partition(_TORCH)
    known = standard.strip().split("\n") if standard.strip() else []
    new = sorted(set(imports) - set(known))
    ordered = sorted((*known, *new), key=lambda line: (line.startswith("from "), line))
    head = "".join(f"{line}\n" for line in ordered) + ("\n" if ordered else "")
    mark = "\n".join([_MARK, *([_AND_IMPORTS] if new else []), *(_INDENT + line for line in new)])
    below = "".join(f"\n\n\n{block.strip()}" for block in (mark, *blocks))
    return f"{head}{_TORCH}{rest.rstrip()}{below}\n"


def without_additions(source: str) -> str:
    """The module that `with_additions` was given."""
    module, found, below = source.partition(f"\n\n\n{_MARK}\n")
    if not found:
        return source
    lines = below.split("\n")
    if lines[0] == _AND_IMPORTS:
        for line in lines[1:]:
            if not line.startswith(_INDENT):
                break
            module = module.replace(f"{line.removeprefix(_INDENT)}\n", "", 1)
    return f"{module}\n".lstrip("\n")
