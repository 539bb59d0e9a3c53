"""The formula of a graph in LaTeX: writing alone, for people to read."""

from __future__ import annotations

import re

from search_spaces.graph import Graph, Node
from search_spaces.primitives import MOMENTS
from search_spaces.text_printer import line_names

# How tightly an expression binds; a leaf needs no brackets under an exponent either.
_SUM, _PRODUCT, _FACTOR, _LEAF = range(4)
_Written = tuple[str, int]

_INITIAL = {"v0": "v_0", "v1": "v_1", "alpha": r"\alpha", "shift": r"\mathrm{shift}"}
# Functions whose argument stands in brackets behind their name.
_NAMES = {
    "sigmoid": r"\operatorname{sigmoid}",
    "tanh": r"\tanh",
    "exp": r"\exp",
    "log": r"\operatorname{log}_{\pm}",
    "sqrt": r"\operatorname{sqrt}_{\pm}",
    "max": r"\max",
    "min": r"\min",
    "erf": r"\operatorname{erf}",
    "softplus": r"\operatorname{softplus}",
    "relu": r"\operatorname{ReLU}",
}
# What the names mean that are not usual: the functions of negative numbers, as they are computed.
_LEGEND = {
    "log": r"\operatorname{log}_{\pm}(t) = \operatorname{sign}(t)\,\ln(|t| + \epsilon)",
    "sqrt": r"\operatorname{sqrt}_{\pm}(t) = \operatorname{sign}(t)\,\sqrt{|t| + \epsilon}",
    "mean": r"\operatorname{mean}_{A}(t): \text{ over the axes } A",
    "rms": r"\operatorname{rms}_{A}(t) = \sqrt{\operatorname{mean}_{A}(t^{2}) + \epsilon}",
    "std": r"\operatorname{std}_{A}(t) = "
    r"\sqrt{\operatorname{mean}_{A}((t - \operatorname{mean}_{A}(t))^{2}) + \epsilon}",
}


def latex_lines(graph: Graph) -> list[str]:
    """An equation for each value that has a line of its own in the text form, the last of y."""
    return _Printer(graph).lines()


def latex(graph: Graph) -> str:
    """The equations as one aligned block, without the surrounding dollars."""
    lines = latex_lines(graph)
    if len(lines) == 1:
        return lines[0]
    aligned = " \\\\\n".join(line.replace(" = ", " &= ", 1) for line in lines)
    return f"\\begin{{aligned}}\n{aligned}\n\\end{{aligned}}"


def latex_legend(graph: Graph) -> list[str]:
    """What the functions and moments in it mean, where that is not plain."""
    ops = {node.op for _, node in graph.active_nodes()}
    used = ops | {MOMENTS[op][0] for op in ops if op in MOMENTS}
    return [meaning for name, meaning in _LEGEND.items() if name in used]


class _Printer:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.names = {i: _line(name) for i, name in line_names(graph).items()}
        self.written: dict[int, _Written] = {}

    def lines(self) -> list[str]:
        lines = []
        for position in self.graph.active():
            node = self.graph.node(position)
            if node is None:
                name = self.graph.initial[position]
                self.written[position] = (_INITIAL.get(name, name), _LEAF)
                continue
            self.written[position] = self.expression(node)
            if position in self.names:
                lines.append(f"{self.names[position]} = {self.written[position][0]}")
                self.written[position] = (self.names[position], _LEAF)
        return [*lines, f"y = {self.written[self.graph.output][0]}"]

    def expression(self, node: Node) -> _Written:
        inputs = [self.written[i] for i in node.inputs]
        texts = [text for text, _ in inputs]
        match node.op:
            case "add":
                if texts[1].startswith("-") and self.is_negation(node.inputs[1]):
                    return f"{texts[0]} - {texts[1][1:]}", _SUM
                return f"{texts[0]} + {_signless(texts[1])}", _SUM
            case "sub":
                return f"{texts[0]} - {_at_least(inputs[1], _PRODUCT)}", _SUM
            case "mul":
                left, right = (_at_least(each, _PRODUCT) for each in inputs)
                times = r"\cdot" if right[0].isdigit() else r"\,"
                return f"{left} {times} {right}", _PRODUCT
            case "div":
                return rf"\frac{{{texts[0]}}}{{{texts[1]}}}", _FACTOR
            case "neg":
                return f"-{_at_least(inputs[0], _PRODUCT)}", _PRODUCT
            case "abs":
                return rf"\left|{texts[0]}\right|", _LEAF
            case "square":
                return f"{_at_least(inputs[0], _LEAF)}^{{2}}", _FACTOR
            case "rsqrt":
                return rf"\frac{{1}}{{\sqrt{{\left|{texts[0]}\right| + \epsilon}}}}", _FACTOR
        return rf"{_name(node.op)}\left({', '.join(texts)}\right)", _FACTOR

    def is_negation(self, position: int) -> bool:
        """Whether a value is a negation that has no line of its own."""
        node = self.graph.node(position)
        return node is not None and node.op == "neg" and position not in self.names


def _line(name: str) -> str:
    """`b1` is b with an index; y is the output, so a line of that name is `y_{0}`."""
    letter, digits = name[0], "0" if name == "y" else name[1:]
    return f"{letter}_{{{digits}}}" if digits else letter


def _name(op: str) -> str:
    if op in MOMENTS:
        kind, index_set = MOMENTS[op]
        return rf"\operatorname{{{kind}}}_{{{index_set}}}"
    own = re.sub(r"[^A-Za-z0-9]", "", op)  # an underscore would be an index
    return _NAMES.get(op, rf"\operatorname{{{own}}}")


def _at_least(written: _Written, binds: int) -> str:
    text, own = written
    return text if own >= binds and not text.startswith("-") else rf"\left({text}\right)"


def _signless(text: str) -> str:
    return rf"\left({text}\right)" if text.startswith("-") else text
