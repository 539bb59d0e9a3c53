"""A derivation as lines of torch code: a pass over a full tensor each, in place where possible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from search_spaces.adjoints import FUSED_BACKWARD
from search_spaces.codegen_calls import FUNCTIONS, call_text, call_text_into
from search_spaces.codegen_small import VALUE_NOUNS, SmallValues, dimensions
from search_spaces.derivation import Derivation

# Functions that are no in-place methods as well.
_NO_METHOD = ("maximum", "minimum")
# The longest line that calls are chained on, in characters.
_MAX_CHAIN = 80


class Passes:
    """Lines that compute `roots`, in this order, from values that have names already."""

    def __init__(
        self, derivation: Derivation, roots: Iterable[int], given: Mapping[int, str], grouped: bool
    ) -> None:
        self.of = derivation
        self.lines: list[str] = []
        self.grouped = grouped
        self.roots = tuple(roots)
        self.names = dict(given)
        self.taken = {*given.values(), "x", "grad", "eps", "groups", "ctx"}
        self.owned: set[int] = set()
        self.spare: list[str] = []  # full tensors that may be overwritten
        self.without_tanh: set[int] = set()
        self.order = self.ordered()
        self.without_tanh = self.slopes_alone()
        if self.without_tanh:
            self.order = self.ordered()
        self.uses = Counter(i for n in self.order for i in set(self.needs(n)))
        self.uses.update(self.roots)
        self.readings = Counter(self.uses)  # in all; `uses` counts those still to come
        self.small = SmallValues(self)

    def write(self) -> tuple[str, ...]:
        """The lines; `text` then tells what a root is called."""
        for number in self.order:
            if number in self.names:
                continue
            inputs = self.of.inputs[number]
            if self.of.is_statistic(number):
                self.add_statistics(inputs[0])
            elif self.of.op[number].startswith("sum:") and self.of.is_full(inputs[0]):
                self.add_sum(number)
            elif self.of.is_full(number):
                self.add_full(number)
            else:
                self.small.add(number)
        return tuple(self.lines)

    def ordered(self) -> list[int]:
        """What the roots need, inputs first; what comes early in `roots` is computed early."""
        order: list[int] = []
        seen: set[int] = set(self.names)
        for root in self.roots:
            stack = [(root, False)]
            while stack:
                number, done = stack.pop()
                if done:
                    order.append(number)
                elif number not in seen:
                    seen.add(number)
                    stack.append((number, True))
                    stack.extend((i, False) for i in reversed(self.needs(number)))
        return order

    def needs(self, number: int) -> tuple[int, ...]:
        """The values that the lines of one read."""
        if number in self.names:
            return ()
        inputs = self.of.inputs[number]
        return (inputs[0], *self.of.inputs[inputs[1]]) if number in self.without_tanh else inputs

    def slopes_alone(self) -> set[int]:
        """The slopes of tanh where its value is not needed: sigmoid gives them sooner."""
        readers: dict[int, set[int]] = {}
        for number in self.order:
            for each in self.needs(number):
                readers.setdefault(each, set()).add(number)
        return {
            slope
            for number, slopes in readers.items()
            if self.of.op[number] == "tanh"
            and self.of.is_full(number)
            and number not in self.roots
            and all(self.of.op[slope] == "tanh_backward" for slope in slopes)
            for slope in slopes
        }

    def name(self, noun: str) -> str:
        """A noun, numbered if it is taken."""
        name, count = noun, 1
        while name in self.taken:
            count += 1
            name = f"{noun}_{count}"
        self.taken.add(name)
        return name

    def text(self, number: int) -> str:
        """What stands for a value: a name, or an expression if it is small."""
        return self.names[number] if number in self.names else self.small.text(number)

    def read(self, numbers: Iterable[int]) -> list[int]:
        """Count one reading of each; the full tensors among them that nobody needs any more."""
        free = []
        for number in dict.fromkeys(numbers):
            self.uses[number] -= 1
            if not self.uses[number] and number in self.owned:
                free.append(number)
        return free

    def into(self, free: list[int]) -> str:
        """The argument `out` if a tensor is free to be overwritten."""
        self.spare += (self.names[number] for number in free)
        return f", out={self.spare.pop()}" if self.spare else ""

    def add_full(self, number: int) -> None:
        op, inputs = self.of.op[number], self.of.inputs[number]
        if op == "linear":
            self.add_linear(number)
            return
        free = self.read(self.needs(number))
        if number in self.without_tanh:
            line = self.tanh_slope(inputs[0], self.of.inputs[inputs[1]][0], free)
        elif op == "tanh":
            self.spare += (self.names[i] for i in free)
            line = f"_tanh({self.small.tensor(inputs[0])})"
        elif op in FUSED_BACKWARD:
            texts = [self.text(i) for i in inputs]
            into = self.into(free).removeprefix(", out=")
            line = call_text_into(op, texts, into) if into else call_text(op, texts)
        elif op == "softplus":
            line = call_text(op, (self.small.tensor(inputs[0]),))
        elif op == "div" and inputs[0] == self.of.one:
            line = self.call("reciprocal", inputs[1:], free)
        else:
            line = self.call(FUNCTIONS[op].removeprefix("torch."), inputs, free)
        self.assign(number, VALUE_NOUNS[op], line)

    def call(self, method: str, inputs: tuple[int, ...], free: list[int]) -> str:
        """A call in place if an input is free, else into a spare tensor or a new one."""
        order = inputs
        if len(inputs) == 2 and inputs[0] not in free and method in ("mul", "add"):
            order = inputs[::-1] if inputs[1] in free else inputs
        if order[0] in free and method not in _NO_METHOD:
            rest = ", ".join(self.text(i) for i in order[1:])
            self.spare += (self.names[i] for i in free if i != order[0])
            return f"{self.names[order[0]]}.{method}_({rest})"
        texts = [self.small.tensor(order[0]), *(self.text(i) for i in order[1:])]
        if method in _NO_METHOD:
            texts = [self.small.tensor(i) for i in order]
        elif method == "relu":  # it has no `out`
            method, texts = "clamp_min", [*texts, "0"]
        return f"torch.{method}({', '.join(texts)}{self.into(free)})"

    def tanh_slope(self, gradient: int, argument: int, free: list[int]) -> str:
        """tanh'(a) = 4 s (1 - s) with s = sigmoid(2 a)."""
        first, gate = self.text(gradient), self.name(VALUE_NOUNS["sigmoid"])
        if argument in free:
            free.remove(argument)
            start = f"{self.text(argument)}.mul_(2)"
        else:
            start = f"torch.mul({self.text(argument)}, 2{self.into([])})"
        self.lines.append(f"{gate} = {start}.sigmoid_()")
        self.spare += (self.names[i] for i in free)
        return f"{call_text_into('sigmoid_backward', (first, gate), gate)}.mul_(4)"

    def assign(self, number: int, noun: str, line: str) -> None:
        self.names[number] = self.name(noun)
        self.owned.add(number)
        self.lines.append(f"{self.names[number]} = {line}")

    def add_linear(self, number: int) -> None:
        """A sum of scaled tensors, begun in a tensor that is free if there is one."""
        *parts, constant = self.of.inputs[number]
        terms = list(zip(parts[::2], parts[1::2], strict=True))
        free = self.read(self.of.inputs[number])
        one, zero = self.of.one, self.of.zero
        terms.sort(key=lambda term: (term[0] not in free, term[1] != one))
        (tensor, factor), *rest = terms
        name = self.names[tensor]
        if tensor in free:
            line = name if factor == one else f"{name}{self.small.scale(factor)}"
            into = ""
        else:
            into = self.into([])
            if factor == one and rest:
                (other, scale), *rest = rest
                line = self.small.plus(name, self.names[other], scale, into)
            elif factor == one:
                line = f"torch.add({name}, {self.text(constant)}{into})"
                constant = zero
            else:
                line = f"torch.mul({name}, {self.text(factor)}{into})"
        calls = [self.small.accumulate(self.names[n], scale) for n, scale in rest]
        if constant != zero:
            calls.append(self.small.shift(constant))
        self.spare += (self.names[i] for i in free if i != tensor)
        self.assign(number, "total" if len(terms) > 1 else "scaled", line)
        for call in calls:
            if len(self.lines[-1]) + len(call) <= _MAX_CHAIN:
                self.lines[-1] += call
            else:
                self.lines.append(f"{self.names[number]}{call}")

    def add_sum(self, number: int) -> None:
        (tensor,) = self.of.inputs[number]
        self.spare += (self.names[i] for i in self.read((tensor,)))
        axes = self.of.op[number].partition(":")[2]
        at = dimensions(axes, self.grouped)
        self.names[number] = self.name("sum_" + axes.replace("gw", "c"))
        self.lines.append(f"{self.names[number]} = {self.names[tensor]}.sum({at}, keepdim=True)")

    def add_statistics(self, tensor: int) -> None:
        """All statistics of one full tensor."""
        wanted = {
            self.of.op[n]: n
            for n in self.order
            if self.of.inputs[n] == (tensor,) and n not in self.names and self.of.is_statistic(n)
        }
        self.uses[tensor] -= len(wanted)
        self.small.add_statistics(tensor, wanted)
