"""What cannot be a primitive, and what the error says."""

from __future__ import annotations

from pathlib import Path

import pytest

from search_spaces.errors import PrimitiveError
from search_spaces.own_registry import load, register_all, registered
from search_spaces.primitives import ARITIES, COMMUTATIVE, ELEMENTWISE, OWN
from tests.support.own_functions import ALL, HERE

REFUSED = "tests.support.refused_functions"

# Function -> what the error says.
REFUSALS = {
    "unannotated": r"annotated with torch.Tensor: def unannotated\(x: torch.Tensor, y: torch.",
    "scaled": "a parameter without annotation: factor",
    "with_a_fixed_tensor": "a tensor with a default: scale; .* is a plain number",
    "of_floats": "'x' is not",
    "misspelt": "annotations of misspelt cannot be read: name 'Tensr'",
    "of_many": r"by position, without \* and",
    "by_keyword": r"by position, without \* and",
    "of_nothing": "takes 0 inputs; a primitive takes 1 to 3",
    "of_four": "takes 4 inputs; a primitive takes 1 to 3",
    "lambda_function": "defined with def at the top of its module",
    "partial_function": "defined with def at the top of its module",
    "Square": "defined with def at the top of its module",
    "indented": "at the top of its module, not inside an if or try block; move it out",
    "importing": "put imports at the top of its module",
    "stateful": "keep no state",
    "raising": r"raised RuntimeError on inputs of the shapes \(2, 2, 3, 5\): Boolean value",
    "to_list": "returned a list, not a tensor",
    "summed": r"returned the shape \(\) for inputs of the shapes \(2, 2, 3, 5\)",
    "in_double": "returned torch.float64 for inputs of torch.float32",
    "in_place": "changes its input in place",
    "zeroed_in_place": "changes its input in place",
    "logarithm": "not finite on ordinary numbers",
    "noisy": "another result when it is called again",
    "counting": "another result when it is called again",
    "centered": "not element-wise: one input element changes other elements",
    "relative": "not element-wise: one input element changes other elements",
    "placed": "not element-wise: its output depends on where an element stands",
    "sized": "not element-wise: its output depends on the shape",
    "detached": "not differentiable in every input",
    "constant": "not differentiable in every input",
    "of_the_first": "not differentiable in every input",
    "wrong_gradient": "the gradient of wrong_gradient is wrong",
    "differentiable_once": "the second derivative of differentiable_once is wrong or missing",
    "affine": r"affine is affine in its inputs; write it with \+",
    "average": "average is affine in its inputs",
    "not_even": "stated to be even, but f",
    "even_but_at_zero": "stated to be even, but f.* at 0 perhaps",
    "not_odd": "stated to be odd, but f",
    "odd_of_two": "takes 2 inputs: it cannot be odd",
    "not_commutative": "stated to be commutative, but f",
    "commutative_but_at_ties": "stated to be commutative, but f.* gradients differ",
    "commutative_alone": "only two can change places",
    "not_positive": "stated to be positive, but it is not above 0",
    "not_of_degree_two": "stated to be degree=2, but f",
    "of_no_degree": "must be a number, given nan",
    "sigmoid": "'sigmoid' is a primitive already",
    "alpha": "the name 'alpha' is taken",
    "functional": "the name 'functional' is taken",
    "pow": "the name 'pow' is taken",
    "weight": "the name 'weight' is taken",
    "norm_act": "the name 'norm_act' is taken",
    "running_mean": "the name 'running_mean' is taken",
    "smooth_abs": "the name 'smooth_abs' is taken",
    "process_group": "the name 'process_group' is taken",
    "f": "'f' cannot name a primitive",
    "b12": "'b12' cannot name a primitive",
    "gate_2": "'gate_2' cannot name a primitive; allowed: 2 to 40 ASCII letters",
    "_hidden": "'_hidden' cannot name a primitive",
    "nothing": "has no 'nothing'",
    "centred": "has no 'centred' .did you mean 'centered'",
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_function_that_cannot_be_a_primitive_is_refused_for_its_reason(name: str) -> None:
    with pytest.raises(PrimitiveError, match=REFUSALS[name]):
        load(f"{REFUSED}:{name}")
    assert name not in OWN


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mish", "named as MODULE:FUNCTION, such as my_ops:mish; given 'mish'"),
        ("my ops:mish", "named as MODULE:FUNCTION"),
        ("my_ops:mish()", "named as MODULE:FUNCTION"),
        ("../my_ops:mish", "named as MODULE:FUNCTION"),
        ("my_ops:mi\u0455h", "named as MODULE:FUNCTION"),
        ("my_ops:mish@12", "named as MODULE:FUNCTION"),
        ("no_such_module:mish", "cannot import no_such_module:mish.*in the working directory"),
        (f"{HERE}:mish@{'0' * 32}", "has changed: its source has the hash .* wanted is 00000000"),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused(text: str, said: str) -> None:
    with pytest.raises(PrimitiveError, match=said):
        load(text)


def test_a_module_that_fails_when_it_is_imported_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_ops.py").write_text("raise ZeroDivisionError('at the top')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PrimitiveError, match="broken_ops:mish: ZeroDivisionError: at"):
        load("broken_ops:mish")


def test_sound_functions_are_known_inside_the_block_and_forgotten_after_it() -> None:
    before = (dict(ELEMENTWISE), dict(ARITIES), set(COMMUTATIVE))
    with registered(*ALL) as own:
        assert [(p.name, p.arity) for p in own] == [
            ("mish", 1), ("cubic", 1), ("bump", 1), ("geometric", 2), ("gate", 2), ("blended", 3),
            ("leaky", 1), ("helped", 1),
        ]  # fmt: skip
        assert {"geometric"} == COMMUTATIVE - before[2]
        assert all(ARITIES[p.name] == ELEMENTWISE[p.name].arity == p.arity for p in own)
        # Operations, and full tensors that the backward pass keeps beside the inputs.
        assert {p.name: (p.passes, p.kept) for p in own[:3]} == {
            "mish": (3, 1),  # softplus, tanh, product; tanh's result
            "cubic": (2, 1),  # square, product; the square
            "bump": (5, 1),  # square, minus, quotient, exponential, sum; the exponential
        }
    assert before == (ELEMENTWISE, ARITIES, COMMUTATIVE)
    assert not OWN


def test_registering_again_is_no_error_and_another_function_of_the_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other_ops.py").write_text(
        "import torch\n\n\ndef mish(x: torch.Tensor) -> torch.Tensor:\n    return x * x\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with registered(f"{HERE}:mish") as (own,):
        assert register_all([f"{HERE}:mish", f"{HERE}.mish", own.pinned]) == (own.pinned,)
        with pytest.raises(PrimitiveError, match="two functions with the name 'mish'; rename one"):
            register_all(["other_ops:mish"])
        assert OWN["mish"] is own


def test_operations_in_place_are_passes_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = "import torch\n\n\ndef bent(x: torch.Tensor) -> torch.Tensor:\n    return "
    monkeypatch.syspath_prepend(tmp_path)
    for module, body in (("new", "torch.square(x) + 1.0"), ("over", "torch.square(x).add_(1.0)")):
        (tmp_path / f"{module}_ops.py").write_text(head + body + "\n")
        assert load(f"{module}_ops:bent").passes == 2


def test_a_function_that_is_constant_in_pieces_is_admitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "step_ops.py").write_text(
        "import torch\n\n\ndef upward(x: torch.Tensor) -> torch.Tensor:\n    return torch.sign(x)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert load("step_ops:upward").arity == 1
