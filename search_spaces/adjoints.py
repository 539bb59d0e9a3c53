"""Rules of reverse differentiation: what an operation passes on to its inputs.

`a` and `b` are the inputs, `y` is the value, `g` the gradient with respect to it. Sums, differences
and products with small values (vectors, statistics, numbers) have no rule: linear forms carry them.
"""

from __future__ import annotations

from search_spaces.patterns import Pattern, read_pattern

# One operation a line, one gradient for each input. A tie of max or min splits evenly; relu, the
# form of max(a, 0), is flat at 0.
_RULES: dict[str, tuple[str, ...]] = {
    "mul": ("mul(g, b)", "mul(g, a)"),
    "div": ("div(g, b)", "neg(div(mul(div(g, b), a), b))"),
    "max": (
        "mul(0.5, add(g, mul(g, sign(add(a, neg(b))))))",
        "mul(0.5, add(g, neg(mul(g, sign(add(a, neg(b)))))))",
    ),
    "min": (
        "mul(0.5, add(g, neg(mul(g, sign(add(a, neg(b)))))))",
        "mul(0.5, add(g, mul(g, sign(add(a, neg(b))))))",
    ),
    "relu": ("relu_backward(g, a)",),
    "sigmoid": ("sigmoid_backward(g, y)",),
    "tanh": ("tanh_backward(g, y)",),
    "exp": ("mul(g, y)",),
    "abs": ("mul(g, sign(a))",),
    "sign": ("0",),
    "square": ("mul(2, mul(g, a))",),
    # 2 / sqrt(pi) exp(-a^2)
    "erf": ("mul(1.1283791670955126, mul(g, exp(neg(square(a)))))",),
    "softplus": ("mul(g, sigmoid(a))",),
    # ln(a), sqrt(a), 1 / sqrt(a): parts of log, sqrt, rsqrt, rms and std.
    "ln": ("div(g, a)",),
    "root": ("mul(0.5, div(g, y))",),
    "inverse_root": ("neg(mul(0.5, mul(g, mul(y, square(y)))))",),
}

ADJOINTS: dict[str, tuple[Pattern, ...]] = {
    op: tuple(read_pattern(rule) for rule in rules) for op, rules in _RULES.items()
}

# max(a, 0), as which relu of a small value is derived.
FLAT_AT_ZERO = read_pattern("mul(g, sign(y))")

# Fused in torch, and linear in their first argument.
FUSED_BACKWARD = ("relu_backward", "sigmoid_backward", "tanh_backward")

# Primitives that are more than one operation with a rule.
COMPOSED: dict[str, Pattern] = {
    "log": read_pattern("mul(sign(a), ln(add(abs(a), eps)))"),
    "sqrt": read_pattern("mul(sign(a), root(add(abs(a), eps)))"),
    "rsqrt": read_pattern("inverse_root(add(abs(a), eps))"),
    "sub": read_pattern("add(a, neg(b))"),
    "smooth_abs": read_pattern("root(add(square(a), eps))"),
}
