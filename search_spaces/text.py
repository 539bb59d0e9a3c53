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

from typing import NoReturn

from search_spaces.errors import TextError, counted, nearest, own_hint
from search_spaces.graph import MAX_NODES, NAMED_INITIAL, Graph, Node, is_constant
from search_spaces.index_sets import INDEX_SETS
from search_spaces.primitives import ELEMENTWISE, MOMENT_KINDS, arity, moment_name
from search_spaces.text_tokens import Token, tokens_of

MAX_DEPTH = 100

_INFIX = {p.infix: p.name for p in ELEMENTWISE.values() if p.infix}
_BREAKS = ("\n", ";")
_EXAMPLES = ("x", "v1", "v0")  # inputs of an example: no primitive takes more
_INITIAL_ORDER = {name: i for i, name in enumerate(NAMED_INITIAL)}


def parse(text: str) -> Graph:
    """The graph of a text form, one node for every operation as written; raises TextError."""
    return _Parser(text).layer()


class _Parser:
    """Recursive descent; values are numbered in the order in which they are read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens_of(text)
        self.at = 0
        self.depth = 0
        self.named: dict[str, int] = {}  # name of a line -> number of its value
        self.initial: dict[str, int] = {}  # name of an initial value -> its number
        self.values: list[tuple[str, tuple[int, ...]]] = []  # primitive, numbers of its inputs

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def fail(self, message: str, token: Token | None = None) -> NoReturn:
        token = token or self.token
        raise TextError(message, self.text, token.line, token.column)

    def expect(self, kind: str, purpose: str) -> None:
        if self.token.kind != kind:
            self.fail(f"expected {kind!r} {purpose}, found {self.token.text!r:.40}")
        self.at += 1

    def skip_breaks(self) -> None:
        while self.token.kind in _BREAKS:
            self.at += 1

    def layer(self) -> Graph:
        self.skip_breaks()
        while self.token.kind == "name" and self.tokens[self.at + 1].kind == "=":
            self.definition()
            self.skip_breaks()
        output = self.sum()
        if self.token.kind != "end":
            self.fail(f"expected an operator or the end, found {self.token.text!r:.40}")
        return self.graph(output)

    def definition(self) -> None:
        name = self.token.text
        if name in NAMED_INITIAL or name in ELEMENTWISE or name in MOMENT_KINDS:
            self.fail(f"{name!r} has a meaning already; choose another name")
        if name in self.named:
            self.fail(f"{name!r:.40} is defined twice")
        self.at += 2
        self.named[name] = self.sum()
        if self.token.kind == "end":
            self.fail("expected a last line without a name: the layer's output")
        if self.token.kind not in _BREAKS:
            self.fail(f"expected an operator, ';' or a new line, found {self.token.text!r:.40}")

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
        match token.kind:
            case "number":
                self.at += 1
                if not is_constant(token.text):
                    what = "a plain decimal number below a million with at most 17 decimals"
                    self.fail(f"a constant is {what}, given {token.text!r:.40}", token)
                return self.value(token.text)
            case "(":
                self.at += 1
                value = self.sum()
                self.expect(")", "to close the parenthesis")
                return value
            case "name":
                self.at += 1
                if self.token.kind in ("(", "["):
                    return self.call(token)
                return self.named_value(token)
        allowed = "a name, a number, '-' or '('"
        self.fail(f"expected a value, found {token.text!r}; allowed: {allowed}")

    def named_value(self, token: Token) -> int:
        name = token.text
        if name in self.named:
            return self.named[name]
        if name in NAMED_INITIAL:
            return self.value(name)
        if name in ELEMENTWISE or name in MOMENT_KINDS:
            self.fail(f"{name!r} is a primitive and needs inputs, as in {_example(name)}", token)
        hint = nearest(name, (*NAMED_INITIAL, *list(self.named)[:100]))
        allowed = f"{', '.join(NAMED_INITIAL)} and names defined on earlier lines"
        self.fail(f"unknown value {name!r:.40}{hint}; allowed: {allowed}", token)

    def call(self, name: Token) -> int:
        op = name.text
        if op not in ELEMENTWISE and op not in MOMENT_KINDS:
            known = (*ELEMENTWISE, *MOMENT_KINDS)
            allowed = f"{', '.join(known)}{own_hint(op)}"
            self.fail(f"unknown primitive {op!r:.40}{nearest(op, known)}; allowed: {allowed}", name)
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
            self.fail(f"{op} takes {counted(arity(op), 'input')}, given {len(inputs)}", name)
        return self.value(op, *inputs)

    def index_set(self, kind: str) -> str:
        allowed = ", ".join(INDEX_SETS)
        if self.token.kind != "[":
            self.fail(f"{kind} needs an index set, as in {kind}[bs](x); allowed: {allowed}")
        self.at += 1
        name = self.token.text
        if self.token.kind == "]":
            self.fail(f"{kind}[] names no index set, as {kind}[bs](x) does; allowed: {allowed}")
        if self.token.kind != "name" or name not in INDEX_SETS:
            same = [known for known in INDEX_SETS if sorted(known) == sorted(name)]
            hint = nearest(name, same or INDEX_SETS)
            self.fail(f"unknown index set {name!r:.40}{hint}; allowed: {allowed}")
        self.at += 1
        self.expect("]", "to close the index set")
        return name

    def value(self, op: str, *inputs: int) -> int:
        """Number of a value, above its inputs'. Initial values are shared, written ones are not."""
        if not inputs and op in self.initial:
            return self.initial[op]
        if len(self.values) >= MAX_NODES:
            self.fail(f"a layer has at most {MAX_NODES} values")
        self.values.append((op, inputs))
        if not inputs:
            self.initial[op] = len(self.values) - 1
        return len(self.values) - 1

    def graph(self, output: int) -> Graph:
        """The values that `output` depends on; initial ones first, in the order of their table."""
        wanted = {output}
        for number in range(output, -1, -1):
            if number in wanted:
                wanted.update(self.values[number][1])
        initial = [n for n in sorted(wanted) if not self.values[n][1]]
        initial.sort(key=lambda n: _INITIAL_ORDER.get(self.values[n][0], len(NAMED_INITIAL)))
        computed = [n for n in sorted(wanted) if self.values[n][1]]
        position = {number: i for i, number in enumerate((*initial, *computed))}
        nodes = [
            Node(self.values[n][0], tuple(position[i] for i in self.values[n][1])) for n in computed
        ]
        return Graph(tuple(self.values[n][0] for n in initial), tuple(nodes))


def _example(name: str) -> str:
    if name in MOMENT_KINDS:
        return f"{name}[bs](x)"
    return f"{name}({', '.join(_EXAMPLES[: arity(name)])})"
