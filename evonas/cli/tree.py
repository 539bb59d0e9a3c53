"""A layer's graph in the terminal: a tree for the output, and one for each shared part."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from evonas.cli.property_words import axis_words
from search_spaces.graph import Graph
from search_spaces.index_sets import ALL_AXES
from search_spaces.primitives import ELEMENTWISE
from search_spaces.text_printer import line_names
from search_spaces.varies import varying_axes

_NAME = "bold cyan"


def tree_lines(graph: Graph) -> Iterator[Text]:
    """Inputs hang below what uses them, in the order of the text form; shared parts come first, and
    stand elsewhere by their name. What is no full tensor says what it varies over.
    """
    names, axes = line_names(graph), varying_axes(graph)

    def label(position: int) -> Text:
        node = graph.node(position)
        word = node.op if node else graph.initial[position]
        if node and node.op in ELEMENTWISE:
            word = ELEMENTWISE[node.op].infix or word
        text = Text(word, style="cyan")
        if axes[position] != ALL_AXES:
            over = " x ".join(axis_words(axes[position]))
            text.append(f"  over {over}" if over else "  one number", style="dim")
        return text

    def below(position: int, guide: str) -> Iterator[Text]:
        node = graph.node(position)
        inputs = node.inputs if node else ()
        for k, source in enumerate(inputs):
            is_last = k == len(inputs) - 1
            branch = Text(guide + ("└── " if is_last else "├── "), style="dim")
            if source in names:
                yield Text.assemble(branch, (names[source], _NAME))
                continue
            yield Text.assemble(branch, label(source))
            yield from below(source, guide + ("    " if is_last else "│   "))

    for position in (*names, graph.output):
        name = names.get(position, "y")
        yield Text.assemble((f"{name} = ", _NAME), label(position))
        yield from below(position, "")
