"""Small values as Python expressions: vectors, statistics and numbers beside the full tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search_spaces.codegen_calls import call_text
from search_spaces.codegen_expressions import ATOM, MAX_INLINE, NOUNS, PRODUCT, SUM, UNARY
from search_spaces.index_sets import INDEX_SETS

if TYPE_CHECKING:
    from search_spaces.codegen_passes import Passes

_INFIX = {"add": ("+", SUM), "mul": ("*", PRODUCT), "div": ("/", PRODUCT)}
_NUMBER_TEXTS = {"eps": "eps", "root_of_eps": "eps**0.5"}
_STATISTICS = {"moment": "mean", "square": "mean_square", "variance": "var"}
# What values are called: those of primitives, and of the parts that gradients are made of.
VALUE_NOUNS = NOUNS | {
    "ln": "logarithm",
    "sign": "sign",
    "root": "root",
    "inverse_root": "inverse_root",
    "relu_backward": "gradient",
    "sigmoid_backward": "gradient",
    "tanh_backward": "gradient",
}
_ROOTS = {"variance": "std", "square": "rms"}
_SET_NAMES = {frozenset(axes): name for name, axes in INDEX_SETS.items()}


def dimensions(axes: str, grouped: bool) -> str:
    """Dimensions of (B, C, S), or of (B, G, C / G, S) if grouped, as source text."""
    at = sorted({"bgws".index(a) if grouped else "bgs".index(a.replace("w", "g")) for a in axes})
    return str(at[0]) if len(at) == 1 else f"({', '.join(map(str, at))})"


def axes_name(axes: str) -> str:
    """How names call a set of axes: as the text form does where it has a name for it."""
    return _SET_NAMES.get(frozenset(axes), axes)


class SmallValues:
    """Expressions of the small values of `passes`; its lines and names are shared."""

    def __init__(self, passes: Passes) -> None:
        self.passes = passes
        self.of = passes.of
        self.binds: dict[int, tuple[str, int]] = {}

    def add(self, number: int) -> None:
        """Take up a value: it waits inline if it is short and read once, else it gets a line."""
        if self.of.is_number(number) and not self.of.inputs[number]:
            return
        text, binds = self.compose(number)
        waiting = [i for i in self.of.inputs[number] if i in self.binds]
        for i in sorted(set(waiting), key=lambda i: (-len(self.binds[i][0]), i)):
            if len(text) <= MAX_INLINE:
                break
            self.assign(i, self.binds.pop(i)[0])
            text, binds = self.compose(number)
        once = self.passes.readings[number] == 1 and number not in self.passes.roots
        if once and len(text) <= MAX_INLINE:
            self.binds[number] = (text, binds)
        else:
            self.assign(number, text)

    def assign(self, number: int, text: str) -> None:
        name = self.passes.name(self.noun(number))
        self.passes.lines.append(f"{name} = {text}")
        self.passes.names[number] = name

    def noun(self, number: int) -> str:
        """What a value is called: root(variance + eps) is a std, as in the plain form."""
        op = self.of.op[number]
        head, colon, axes = op.partition(":")
        if colon:
            return f"{head}_{axes_name(axes)}"
        if op == "root":
            (total,) = self.of.inputs[number]
            for term in self.of.inputs[total]:
                head, _, axes = self.of.op[term].partition(":")
                if head in _ROOTS and axes:
                    return f"{_ROOTS[head]}_{axes_name(axes)}"
        return VALUE_NOUNS[op]

    def text(self, number: int, binds: int = SUM) -> str:
        """A name or an expression, in parentheses if it binds less tightly than `binds`."""
        if number in self.passes.names:
            return self.passes.names[number]
        if number in self.binds:
            text, own = self.binds[number]
        else:
            text, own = self.compose(number)
        return text if own >= binds else f"({text})"

    def tensor(self, number: int) -> str:
        """The same for a function that takes no Python number."""
        text = self.text(number)
        return f"x.new_full((1,), {text})" if self.of.is_number(number) else text

    def compose(self, number: int) -> tuple[str, int]:
        op, inputs = self.of.op[number], self.of.inputs[number]
        head, colon, axes = op.partition(":")
        if head == "count":
            sizes = dimensions(axes, self.passes.grouped).strip("()").split(", ")
            text = " * ".join(f"x.shape[{i}]" for i in sizes)
            return text, PRODUCT if len(sizes) > 1 else ATOM
        if not inputs:
            return _NUMBER_TEXTS.get(op, op), ATOM
        if colon:
            at = dimensions(axes, self.passes.grouped)
            return f"{self.text(inputs[0], ATOM)}.{head}({at}, keepdim=True)", ATOM
        if op == "neg":
            return f"-{self.text(inputs[0], UNARY)}", UNARY
        if op in _INFIX:
            return self.infix(op, *inputs)
        return call_text(op, map(self.tensor, inputs)), ATOM

    def infix(self, op: str, left: int, right: int) -> tuple[str, int]:
        sign, binds = _INFIX[op]
        if op == "add":
            for minus, other in ((right, left), (left, right)):
                if self.of.op[minus] == "neg" and minus not in self.passes.names:
                    (inner,) = self.of.inputs[minus]
                    return f"{self.text(other, SUM)} - {self.text(inner, PRODUCT)}", SUM
        zero = op == "div" and self.of.op[right] == "0" and self.of.is_number(left)
        first = self.tensor(left) if zero else self.text(left, binds)
        return f"{first} {sign} {self.text(right, binds + 1)}", binds

    def scale(self, factor: int) -> str:
        """A call that scales a tensor in place."""
        op, inputs = self.of.op[factor], self.of.inputs[factor]
        if op == "neg" and inputs[0] == self.of.one:
            return ".neg_()"
        if op == "div" and inputs[0] == self.of.one:
            return f".div_({self.text(inputs[1])})"
        return f".mul_({self.text(factor)})"

    def plus(self, name: str, other: str, factor: int, into: str) -> str:
        """A tensor plus a scaled one; `into` is the argument `out`, if any."""
        method, scale = self.addition(factor)
        return f"torch.{method}({name}, {other}{scale}{into})"

    def accumulate(self, other: str, factor: int) -> str:
        """A call that adds a scaled tensor in place."""
        method, scale = self.addition(factor)
        negated = self.of.op[factor] == "neg" and factor not in self.passes.names
        if method == "addcmul" and negated:
            scale = f", {self.text(self.of.inputs[factor][0])}, value=-1"
        return f".{method}_({other}{scale})"

    def addition(self, factor: int) -> tuple[str, str]:
        """The method that adds a tensor times a factor, and its arguments behind the tensor."""
        op, inputs = self.of.op[factor], self.of.inputs[factor]
        if factor == self.of.one:
            return "add", ""
        if op == "neg" and inputs[0] == self.of.one:
            return "sub", ""
        if self.of.is_number(factor):
            return "add", f", alpha={self.text(factor)}"
        return "addcmul", f", {self.text(factor)}"

    def shift(self, constant: int) -> str:
        """A call that adds a small value to a tensor in place."""
        if self.of.op[constant] == "neg" and constant not in self.passes.names:
            return f".sub_({self.text(self.of.inputs[constant][0])})"
        return f".add_({self.text(constant)})"

    def add_statistics(self, tensor: int, wanted: dict[str, int]) -> None:
        """Lines for statistics of one full tensor; `wanted` maps operations to numbers."""
        source = self.passes.names[tensor]
        for op, number in sorted(wanted.items(), reverse=True):  # a variance brings its mean along
            if number in self.passes.names:
                continue
            head, _, axes = op.partition(":")
            at = dimensions(axes, self.passes.grouped)
            over = at if at[0] == "(" else f"({at},)"
            name = self.passes.name(f"{_STATISTICS[head]}_{axes_name(axes)}")
            self.passes.names[number] = name
            if head == "variance":
                mean, mean_name = wanted.get(f"moment:{axes}"), "_"
                if mean is not None:
                    mean_name = self.passes.name(f"mean_{axes_name(axes)}")
                    self.passes.names[mean] = mean_name
                line = f"{name}, {mean_name} = _var_mean({source}, {over})"
            elif head == "square":
                line = f"{name} = _mean_square({source}, {over})"
            else:
                line = f"{name} = {source}.mean({at}, keepdim=True)"
            self.passes.lines.append(line)
