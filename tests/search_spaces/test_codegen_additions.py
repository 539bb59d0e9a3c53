"""What stands in a module beside the code that was trained: written, and taken out again."""

from __future__ import annotations

import pytest

from search_spaces.codegen import class_sha256, generate
from search_spaces.codegen_additions import with_additions, without_additions
from search_spaces.text import parse
from tests.support.layers import TEXTS

BLOCKS = ("ONE: Any = 1", "def two() -> None:\n    pass\n")
IMPORTS = ("import warnings", "from collections.abc import Callable", "from typing import Any")


@pytest.mark.parametrize("text", [*TEXTS, "x"])
@pytest.mark.parametrize("imports", [(), IMPORTS[:1], IMPORTS])
def test_additions_are_taken_out_exactly(text: str, imports: tuple[str, ...]) -> None:
    code = generate(parse(text))
    added = with_additions(code.source, BLOCKS, imports)
    assert without_additions(added) == code.source
    assert class_sha256(added) == code.class_sha256
    assert added.count("from typing import Any\n") == max(
        code.source.count("from typing import Any\n"), "from typing import Any" in imports
    ) + (added.count("#     from typing import Any\n"))
    namespace: dict[str, object] = {"__name__": "module"}
    exec(added, namespace)
    assert namespace["ONE"] == 1


def test_a_change_beside_the_mark_counts() -> None:
    code = generate(parse("tanh(x)"))
    added = with_additions(code.source, BLOCKS, IMPORTS)
    assert class_sha256(added.replace("tanh", "sigmoid")) != code.class_sha256
    assert class_sha256(f"import os\n{added}") != code.class_sha256


def test_nothing_added_is_nothing_changed() -> None:
    source = generate(parse("tanh(x)")).source
    assert with_additions(source, (), IMPORTS) == without_additions(source) == source
