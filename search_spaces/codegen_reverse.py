"""Reverse differentiation of a lowered layer, with small factors kept apart from full tensors."""

from __future__ import annotations

from search_spaces.adjoints import ADJOINTS, FLAT_AT_ZERO
from search_spaces.derivation import Derivation, LinearForm
from search_spaces.index_sets import ALL_AXES, Axes


def gradients(derivation: Derivation, output: int, wanted: tuple[int, ...]) -> tuple[int, ...]:
    """Gradients with respect to the leaves `wanted`, given `grad`, that with respect to `output`.

    A full leaf has a full gradient; a small one's varies along no more axes than the leaf.
    """
    return _Reverse(derivation).gradients(output, wanted)


class _Reverse:
    def __init__(self, derivation: Derivation) -> None:
        self.to = derivation
        self.adjoints: dict[int, LinearForm] = {}

    def gradients(self, output: int, wanted: tuple[int, ...]) -> tuple[int, ...]:
        self.adjoints[output] = self.to.form(self.to.leaf("grad"))
        for number in reversed(self.to.below(output)):
            if number in self.adjoints and self.to.inputs[number]:
                self.pass_on(number, self.adjoints.pop(number))
        nothing = LinearForm((), self.to.zero)
        return tuple(self.to.full(self.adjoints.get(leaf, nothing)) for leaf in wanted)

    def pass_on(self, number: int, gradient: LinearForm) -> None:
        """Give the inputs of a value their shares of its gradient."""
        op, inputs = self.to.op[number], self.to.inputs[number]
        head, _, axes = op.partition(":")
        if op == "linear":
            self.through_linear(number, gradient)
        elif op in ("add", "neg"):
            for each in inputs:
                self.give(each, self.to.negative(gradient) if op == "neg" else gradient, number)
        elif head in ("mean", "moment", "square", "variance") and axes:
            self.through_statistic(head, number, gradient)
        else:
            if len(gradient.terms) > 1 or (gradient.terms and gradient.constant != self.to.zero):
                gradient = self.to.form(self.to.full(gradient))
            letters = {letter: self.to.form(i) for letter, i in zip("ab", inputs, strict=False)}
            letters |= {"g": gradient, "y": self.to.form(number)}
            rules = ADJOINTS[op]
            if op == "max" and self.to.zero in inputs:  # relu of a small value
                rules = (FLAT_AT_ZERO,) * 2
            for each, rule in zip(inputs, rules, strict=True):
                self.give(each, self.to.evaluate(rule, letters), number)

    def through_linear(self, number: int, gradient: LinearForm) -> None:
        *terms, constant = self.to.inputs[number]
        self.give(constant, gradient, number)
        if len(gradient.terms) > 1:
            gradient = self.to.form(self.to.full(gradient))
        for tensor, coefficient in zip(terms[::2], terms[1::2], strict=True):
            self.give(tensor, self.to.scaled(gradient, coefficient), number)
            if self.to.inputs[coefficient] or self.is_parameter(coefficient):
                self.give(coefficient, self.times(gradient, tensor), number)

    def times(self, gradient: LinearForm, tensor: int) -> LinearForm:
        """gradient * tensor, associated so that the product with one factor is shared."""
        op, inputs = self.to.op[tensor], self.to.inputs[tensor]
        if op == "relu" and self.to.op[inputs[0]] == "linear":
            # g relu(a) = g' a with g' the gradient of a, whose products with the terms of a are
            # needed for their coefficients.
            slope = self.to.call("relu_backward", (gradient, self.to.form(inputs[0])))
            *parts, constant = self.to.inputs[inputs[0]]
            total = self.to.scaled(slope, constant)
            for full, coefficient in zip(parts[::2], parts[1::2], strict=True):
                share = self.to.product(slope, self.to.form(full))
                total = self.to.add(total, self.to.scaled(share, coefficient))
            return total
        if op in ("mul", "div") and all(self.to.is_full(i) for i in inputs):
            a, b = (self.to.form(i) for i in inputs)
            inner = self.to.product(gradient, a) if op == "mul" else self.to.quotient(gradient, b)
            return self.to.product(inner, b if op == "mul" else a)
        return self.to.product(gradient, self.to.form(tensor))

    def through_statistic(self, head: str, number: int, gradient: LinearForm) -> None:
        (tensor,) = self.to.inputs[number]
        axes = self.to.op[number].partition(":")[2]
        count = self.to.leaf(f"count:{axes}")
        share = self.to.scaled(gradient, count, "div")
        if head in ("square", "variance"):
            share = self.to.scaled(share, self.to.leaf("2"))
            difference = self.to.form(tensor)
            if head == "variance":
                mean = self.to.form(self.to.make(f"moment:{axes}", (tensor,)))
                difference = self.to.add(difference, self.to.negative(mean))
            share = self.to.scaled(difference, share.constant)
        self.give(tensor, share, tensor)

    def give(self, number: int, gradient: LinearForm, value: int) -> None:
        """Add to the gradient of an input of `value`."""
        if not self.to.inputs[number] and not self.is_parameter(number):
            return
        if not self.to.is_full(number):
            varies: Axes = ALL_AXES if gradient.terms else self.to.axes[value]
            total = self.to.reduced(gradient, varies, self.to.axes[number])
            gradient = LinearForm((), total)
        known = self.adjoints.get(number)
        self.adjoints[number] = gradient if known is None else self.to.add(known, gradient)

    def is_parameter(self, number: int) -> bool:
        """Whether a leaf is the input or trainable."""
        return self.to.op[number] in ("x", "v0", "v1", "alpha", "shift", "weight", "bias")
