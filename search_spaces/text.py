"""The text form: reading it over a closed vocabulary, with errors that point at the column.

    layer      = { name "=" sum (newline | ";") } sum
    sum        = product { ("+" | "-") product }
    product    = unary { ("*" | "/") unary }
    unary      = "-" unary | atom
    atom       = number | name | "(" sum ")" | call
    call       = primitive [ "[" index set "]" ] "(" sum { "," sum } ")"

`a - b` means `a + -b`. Nothing in a text is ever evaluated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from search_spaces.errors import TextError, nearest
from search_spaces.graph import MAX_NODES, NAMED_INITIAL, Graph, Node, is_constant
from search_spaces.index_sets import INDEX_SETS
from search_spaces.primitives import ELEMENTWISE, MOMENT_KINDS, arity, moment_name

MAX_LENGTH = 20_000
MAX_DEPTH = 100

_TOKEN = re.compile(r"[ \t\r]*(?:(\d+(?:\.\d+)?)|([A-Za-z_][A-Za-z0-9_]*)|([-+*/(),=\[\]\n;]))", re.ASCII)
_INFIX = {p.infix: p.name for p in ELEMENTWISE.values() if p.infix}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # "number", "name", "end" or the character itself
    text: str
    line: int
    column: int


def parse(text: str) -> Graph:
    """The graph of a text form, one node for every operation as written; raises TextError."""
    return _Parser(text).layer()


def _tokens(text: str) -> list[_Token]:
    if len(text) > MAX_LENGTH:
        raise TextError(f"a text form has at most {MAX_LENGTH} characters, given {len(text)}", "", 0, 0)
    tokens: list[_Token] = []
    at, line, line_start = 0, 0, 0
    end = len(text.rstrip(" \t\r\n;"))
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            at += len(text[at:]) - len(text[at:].lstrip(" \t\r"))
            allowed = "names, numbers and + - * / ( ) [ ] , = ;"
            raise TextError(
                f"unexpected character {text[at]!a}; allowed: {allowed}", text, line, at - line_start
            )
        number, name, symbol = match.groups()
        word = number or name or symbol
        kind = "number" if number else "name" if name else symbol
        tokens.append(_Token(kind, word, line, match.end() - len(word) - line_start))
        at = match.end()
        if symbol == "\n":
            line, line_start = line + 1, at
    tokens.append(_Token("end", "the end", line, end - line_start))
    return tokens


class _Parser:
    """Recursive descent; values are positions in the graph that grows as they are read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.at = 0
        self.depth = 0
        self.named: dict[str, int] = {}  # name of a line -> key of its value
        self.values: list[tuple[str, tuple[int, ...]]] = []  # key -> primitive, keys of its inputs

    @property
    def token(self) -> _Token:
        return self.tokens[self.at]

    def fail(self, message: str, token: _Token | None = None) -> NoReturn:
        token = token or self.token
        raise TextError(message, self.text, token.line, token.column)

    def expect(self, kind: str, purpose: str) -> _Token:
        if self.token.kind != kind:
            self.fail(f"expected {kind!r} {purpose}, found {self.token.text!r}")
        self.at += 1
        return self.tokens[self.at - 1]

    def skip_breaks(self) -> None:
        while self.token.kind in ("\n", ";"):
            self.at += 1

    def layer(self) -> Graph:
        self.skip_breaks()
        while self.token.kind == "name" and self.tokens[self.at + 1].kind == "=":
            name = self.token
            if name.text in NAMED_INITIAL or name.text in ELEMENTWISE or name.text in MOMENT_KINDS:
                self.fail(f"{name.text!r} has a meaning already; choose another name")
            if name.text in self.named:
                self.fail(f"{name.text!r} is defined twice")
            self.at += 2
            self.named[name.text] = self.sum()
            if self.token.kind not in ("\n", ";"):
                self.fail(f"expected an operator, ';' or a new line, found {self.token.text!r}")
            self.skip_breaks()
        output = self.sum()
        if self.token.kind != "end":
            self.fail(f"expected an operator or the end, found {self.token.text!r}")
        return self.graph(output)

    def sum(self) -> int:
        left = self.product()
        while self.token.kind in ("+", "-"):
            sign = self.token.kind
            self.at += 1
            right = self.product()
            left = self.value("add", left, self.value("neg", right) if sign == "-" else right)
        return left

    def product(self) -> int:
        left = self.unary()
        while self.token.kind in ("*", "/"):
            op = _INFIX[self.token.kind]
            self.at += 1
            left = self.value(op, left, self.unary())
        return left

    def unary(self) -> int:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"nested deeper than {MAX_DEPTH}; name parts of it on lines of their own")
        if self.token.kind == "-":
            self.at += 1
            value = self.value("neg", self.unary())
        else:
            value = self.atom()
        self.depth -= 1
        return value

    def atom(self) -> int:
        token = self.token
        if token.kind == "number":
            self.at += 1
            if not is_constant(token.text):
                self.fail(f"a constant is a plain decimal number below a million, given {token.text!r:.40}", token)
            return self.value(token.text)
        if token.kind == "(":
            self.at += 1
            value = self.sum()
            self.expect(")", "to close the parenthesis")
            return value
        if token.kind != "name":
            self.fail(f"expected a value, found {token.text!r}; allowed: a name, a number, '-' or '('")
        self.at += 1
        if self.token.kind in ("(", "["):
            return self.call(token)
        if token.text in self.named:
            return self.named[token.text]
        if token.text in NAMED_INITIAL:
            return self.value(token.text)
        known = (*NAMED_INITIAL, *self.named)
        if token.text in ELEMENTWISE or token.text in MOMENT_KINDS:
            self.fail(f"{token.text!r} is a primitive and needs inputs, as in {self.example(token.text)}", token)
        self.fail(
            f"unknown value {token.text!r:.40}{nearest(token.text, known)}; allowed: {', '.join(known)}", token
        )

    def example(self, name: str) -> str:
        if name in MOMENT_KINDS:
            return f"{name}[bs](x)"
        return f"{name}(x, v1)" if arity(name) == 2 else f"{name}(x)"

    def call(self, name: _Token) -> int:
        if name.text not in ELEMENTWISE and name.text not in MOMENT_KINDS:
            known = (*ELEMENTWISE, *MOMENT_KINDS)
            hint = nearest(name.text, known)
            self.fail(f"unknown primitive {name.text!r:.40}{hint}; allowed: {', '.join(known)}", name)
        op = name.text
        if op in MOMENT_KINDS:
            op = moment_name(op, self.index_set(op))
        elif self.token.kind == "[":
            self.fail(f"{op} takes no index set; only {', '.join(MOMENT_KINDS)} do")
        self.expect("(", "before the inputs")
        inputs = [self.sum()]
        while self.token.kind == ",":
            self.at += 1
            inputs.append(self.sum())
        self.expect(")", "after the inputs")
        if len(inputs) != arity(op):
            self.fail(f"{op} takes {arity(op)} inputs, given {len(inputs)}", name)
        return self.value(op, *inputs)

    def index_set(self, kind: str) -> str:
        allowed = ", ".join(INDEX_SETS)
        if self.token.kind != "[":
            self.fail(f"{kind} needs an index set, as in {kind}[bs](x); allowed: {allowed}")
        self.at += 1
        token = self.token
        if token.kind != "name" or token.text not in INDEX_SETS:
            self.fail(f"unknown index set {token.text!r:.40}{nearest(token.text, INDEX_SETS)}; allowed: {allowed}")
        self.at += 1
        self.expect("]", "to close the index set")
        return token.text

    def value(self, op: str, *inputs: int) -> int:
        """Key of a value; the inputs' keys are smaller. Initial values are shared, written ones are not."""
        if not inputs:
            for key, (known, _) in enumerate(self.values):
                if known == op:
                    return key
        if len(self.values) >= MAX_NODES:
            self.fail(f"a layer has at most {MAX_NODES} values")
        self.values.append((op, inputs))
        return len(self.values) - 1

    def graph(self, output: int) -> Graph:
        """The values that `output` depends on; initial ones first, in the order of their table."""
        wanted = {output}
        for key in range(output, -1, -1):
            if key in wanted:
                wanted.update(self.values[key][1])
        order = (*NAMED_INITIAL, *(op for op, _ in self.values))
        initial = sorted((k for k in wanted if not self.values[k][1]), key=lambda k: order.index(self.values[k][0]))
        computed = [key for key in sorted(wanted) if self.values[key][1]]
        position = {key: i for i, key in enumerate((*initial, *computed))}
        nodes = (Node(self.values[k][0], tuple(position[i] for i in self.values[k][1])) for k in computed)
        return Graph(tuple(self.values[key][0] for key in initial), tuple(nodes))
