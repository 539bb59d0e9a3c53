"""A layer's graph as a drawing: SVG that needs no other program, no font and no script."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape

import networkx as nx

from evonas.layout import Bend, Vertex, layered
from search_spaces.graph import NAMED_INITIAL, Graph
from search_spaces.index_sets import ALL_AXES
from search_spaces.primitives import COMMUTATIVE, MOMENTS
from search_spaces.text_printer import format_graph, line_names
from search_spaces.varies import varying_axes

_HEIGHT, _BETWEEN, _GAP, _MARGIN = 38.0, 40.0, 24.0, 16.0
_LETTER = 8.5  # width of a character of 14 units, in the widest of the fonts
_LEAST_WIDTH = 46.0
_FONT = "DejaVu Sans Mono, Menlo, Consolas, monospace"
# Kind of value -> its box: fill, line, radius of the corners.
_BOXES = {
    "input": ("#dbe9fb", "#2f6fb5", 19),
    "trainable": ("#dff2e1", "#3b8a4a", 19),
    "constant": ("#eeeeee", "#8a8a8a", 19),
    "moment": ("#fdebd0", "#c07a1c", 5),
    "element-wise": ("#ffffff", "#5a6472", 5),
    "output": ("#dbe9fb", "#2f6fb5", 19),
}
_SIGNS = {
    "add": "+",
    "sub": "\N{MINUS SIGN}",
    "mul": "\N{MULTIPLICATION SIGN}",
    "div": "\N{DIVISION SIGN}",
}
_LONGEST = 10  # characters of a constant
# Of full tensors, and of smaller values.
_THICK, _THIN = 'stroke="#39424e" stroke-width="2.2"', 'stroke="#8d96a0" stroke-width="1.3"'


@dataclass(frozen=True, slots=True)
class _Value:
    """What is drawn of a value; `ordered`: whether its inputs are numbered, as they may not change
    places.
    """

    words: str
    kind: str
    note: str
    is_full: bool
    inputs: tuple[int, ...] = ()
    ordered: bool = False

    @property
    def width(self) -> float:
        return max(_LEAST_WIDTH, _LETTER * len(self.words) + 22)


def svg(graph: Graph) -> str:
    """An SVG document with the active part of a graph, `x` at the top and the output below.

    Values that have a name in the formula have it here. Thick lines are full tensors, thin ones
    vectors, statistics and numbers. Inputs are numbered where their order matters.
    """
    return _Drawing(graph).document()


def _values(graph: Graph) -> Iterator[tuple[int, _Value]]:
    axes, names = varying_axes(graph), line_names(graph)
    for position in graph.active():
        node, is_full = graph.node(position), axes[position] == ALL_AXES
        if node is None:
            name = graph.initial[position]
            kind = "input" if name == "x" else "trainable" if name in NAMED_INITIAL else "constant"
            short = (
                name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}\N{HORIZONTAL ELLIPSIS}"
            )
            yield position, _Value(short, kind, NAMED_INITIAL.get(name, name), is_full)
            continue
        ordered = len(node.inputs) > 1 and node.op not in COMMUTATIVE
        words = _SIGNS.get(node.op, node.op)
        if position in names:
            words = f"{names[position]} = {words}"
        kind = "moment" if node.op in MOMENTS else "element-wise"
        yield position, _Value(words, kind, node.op, is_full, node.inputs, ordered)
    affine = "then y * weight + bias, one of each per channel"
    yield graph.output + 1, _Value("y", "output", affine, True, (graph.output,))


class _Drawing:
    def __init__(self, graph: Graph) -> None:
        self.formula = format_graph(graph)
        self.values = dict(_values(graph))
        wired: nx.DiGraph[int] = nx.DiGraph()
        wired.add_nodes_from(self.values)
        for position, value in self.values.items():
            wired.add_edges_from((source, position) for source in value.inputs)
        layout = layered(wired, {i: value.width for i, value in self.values.items()}, _GAP)
        self.middle = layout.middle
        self.rank = {v: k for k, row in enumerate(layout.ranks) for v in row}

    def document(self) -> str:
        halves = {v: self.values[v].width / 2 if isinstance(v, int) else 0 for v in self.rank}
        left = min(self.middle[v] - half for v, half in halves.items()) - _MARGIN
        right = max(self.middle[v] + half for v, half in halves.items()) + _MARGIN
        width, height = right - left, _top(1 + max(self.rank.values())) - _BETWEEN + 2 * _MARGIN
        place = f'x="{left:.1f}" y="{-_MARGIN:.1f}" width="{width:.1f}" height="{height:.1f}"'
        return "\n".join(
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width:.0f}" '
                f'height="{height:.0f}" viewBox="{left:.1f} {-_MARGIN:.1f} {width:.1f} '
                f'{height:.1f}" font-family="{_FONT}" text-anchor="middle">',
                f"<title>{escape(self.formula)}</title>",
                f'<rect {place} rx="8" fill="#ffffff"/>',
                '<g fill="none" stroke-linecap="round">',
                *self.lines(full=False),
                *self.lines(full=True),
                "</g>",
                *(line for v in self.rank if isinstance(v, int) for line in self.box(v)),
                "</svg>\n",
            )
        )

    def lines(self, *, full: bool) -> Iterator[str]:
        """Every line that carries full tensors, or smaller values."""
        style = _THICK if full else _THIN
        for vertex in self.rank:
            if isinstance(vertex, Bend):
                if self.values[vertex.source].is_full == full:
                    yield f'<path {style} d="{self.past(vertex)}"/>'
                continue
            for upper, port, _ in self.ports(vertex):
                if self.values[upper.source if isinstance(upper, Bend) else upper].is_full == full:
                    yield f'<path {style} d="{self.between(upper, vertex, port)}"/>'

    def ports(self, position: int) -> list[tuple[Vertex, float, int]]:
        """From where each input comes, where it enters the box, and which it is; from the left."""
        value = self.values[position]
        above = [self.above(source, self.rank[position]) for source in value.inputs]
        from_left = sorted(range(len(above)), key=lambda i: self.middle[above[i]])
        first, step = self.middle[position] - value.width / 2, value.width / (len(above) + 1)
        return [(above[i], first + step * k, i + 1) for k, i in enumerate(from_left, 1)]

    def above(self, source: int, rank: int) -> Vertex:
        """Where the line of a value leaves the rank above."""
        return source if self.rank[source] == rank - 1 else Bend(source, rank - 1)

    def past(self, bend: Bend) -> str:
        """The line of a value into a rank, and past its boxes."""
        into = self.between(self.above(*bend), bend, self.middle[bend])
        return f"{into} V {_top(bend.rank) + _HEIGHT:.1f}"

    def between(self, upper: Vertex, lower: Vertex, x: float) -> str:
        """A line down to the next rank, upright at both ends, so that it keeps off the boxes."""
        start, end = _top(self.rank[upper]) + _HEIGHT, _top(self.rank[lower])
        half = (start + end) / 2
        left = self.middle[upper]
        bent = f"{left:.1f} {half:.1f} {x:.1f} {half:.1f} {x:.1f} {end:.1f}"
        return f"M {left:.1f} {start:.1f} C {bent}"

    def box(self, position: int) -> Iterator[str]:
        value = self.values[position]
        fill, line, radius = _BOXES[value.kind]
        x, y = self.middle[position], _top(self.rank[position])
        low = 5 if value.ordered else 0  # below the numbers of the inputs
        yield (
            f'<g><title>{escape(value.note)}</title><rect x="{x - value.width / 2:.1f}" '
            f'y="{y:.1f}" width="{value.width:.1f}" height="{_HEIGHT:.0f}" rx="{radius}" '
            f'fill="{fill}" stroke="{line}" stroke-width="1.4"/><text x="{x:.1f}" '
            f'y="{y + _HEIGHT / 2 + 5 + low:.1f}" font-size="14" fill="#14181d">'
            f"{escape(value.words)}</text></g>"
        )
        for _, port, number in self.ports(position) if value.ordered else ():
            yield (
                f'<text x="{port:.1f}" y="{y + 11:.1f}" font-size="10" fill="#5a6472">'
                f"{number}</text>"
            )


def _top(rank: int) -> float:
    return rank * (_HEIGHT + _BETWEEN)
