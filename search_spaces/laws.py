"""Exact laws of the layer language: they hold in value and gradient, in training and evaluation.

A law is (left, right) in the notation of calls; the letters a and b stand for any value, `a+` for
one that is proved to be positive, `a~` for one proved to be never below zero and flat where it is
zero. The inputs of commutative primitives match in either order; a moment stands for any index set,
the same one on both sides.

Laws of moments that look at axes are in `expressions`: a mean over axes that its argument does not
vary along is the argument, a std over such axes is sqrt(eps), a mean of a mean is one mean, a term
that does not vary along the axes of a std leaves it.
"""

from __future__ import annotations

LAWS: tuple[tuple[str, str], ...] = (
    # Spellings outside the paper's primitives are rewritten into them.
    ("sub(a, b)", "add(a, neg(b))"),
    ("relu(a)", "max(a, 0)"),
    # Zero.
    ("add(a, 0)", "a"),
    ("mul(a, 0)", "0"),
    ("div(0, a+)", "0"),
    ("neg(0)", "0"),
    ("abs(0)", "0"),
    ("square(0)", "0"),
    ("sqrt(0)", "0"),
    ("log(0)", "0"),
    ("tanh(0)", "0"),
    ("erf(0)", "0"),
    # One.
    ("mul(a, 1)", "a"),
    ("div(a, 1)", "a"),
    ("div(a+, a)", "1"),
    ("square(1)", "1"),
    ("exp(0)", "1"),
    ("sigmoid(0)", "0.5"),
    # Signs move outward and cancel.
    ("neg(neg(a))", "a"),
    ("mul(neg(a), b)", "neg(mul(a, b))"),
    ("div(neg(a), b)", "neg(div(a, b))"),
    ("div(a, neg(b))", "neg(div(a, b))"),
    ("add(neg(a), neg(b))", "neg(add(a, b))"),
    ("add(a, neg(a))", "0"),
    ("tanh(neg(a))", "neg(tanh(a))"),
    ("sqrt(neg(a))", "neg(sqrt(a))"),
    ("log(neg(a))", "neg(log(a))"),
    ("erf(neg(a))", "neg(erf(a))"),
    ("min(neg(a), neg(b))", "neg(max(a, b))"),
    # Even functions forget the sign.
    ("max(a, neg(a))", "abs(a)"),
    ("min(a, neg(a))", "neg(abs(a))"),
    ("abs(neg(a))", "abs(a)"),
    ("square(neg(a))", "square(a)"),
    ("square(abs(a))", "square(a)"),
    ("rsqrt(neg(a))", "rsqrt(a)"),
    ("rsqrt(abs(a))", "rsqrt(a)"),
    # What is positive already.
    ("abs(a~)", "a"),
    ("max(a~, 0)", "a"),
    ("max(a~, neg(b+))", "a"),
    # The same thing twice.
    ("mul(a, a)", "square(a)"),
    ("max(a, a)", "a"),
    ("min(a, a)", "a"),
    # Moments: a sign leaves the mean, and the even moments forget it (running estimates included).
    ("mean(neg(a))", "neg(mean(a))"),
    ("rms(neg(a))", "rms(a)"),
    ("rms(abs(a))", "rms(a)"),
    ("std(neg(a))", "std(a)"),
)
