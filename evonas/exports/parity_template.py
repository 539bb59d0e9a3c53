"""The text of `test_layer.py`; names in angle brackets are filled in."""

TEMPLATE = '''\
"""layer.py against numbers that were stored when it was <WRITTEN_BY>.

Run `python -m pytest test_layer.py` beside layer.py; it needs pytest and torch alone.
"""

import ast
import hashlib
import importlib.util
import io
from pathlib import Path

import pytest
import torch

# From the file beside this one, whatever else is called `layer`.
SPEC = importlib.util.spec_from_file_location("layer", Path(__file__).with_name("layer.py"))
assert SPEC is not None
assert SPEC.loader is not None
MODULE = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(MODULE)
NormAct: type[torch.nn.Module] = MODULE.NormAct

DIGEST = "<DIGEST>"
CHANNELS, GROUPS = <CHANNELS>, <GROUPS>
LAYOUTS = ("images", "channels last", "channels last in memory", "tokens")
# float64 is to agree but for the last places; float32 within its rounding on the machine that
# wrote this, with a margin.
TOLERANCES = {torch.float64: 1e-9, torch.float32: <TOLERANCE>}


def numbers(text: str, shape: tuple[int, ...]) -> torch.Tensor:
    return torch.tensor([float(each) for each in text.split()], dtype=torch.float64).view(shape)


STATE = {
<STATE>
}
<NUMBERS>


def new_layer(dtype: torch.dtype = torch.float64, layout: str = "images") -> torch.nn.Module:
    at_end = layout == "channels last"
    layer = NormAct(CHANNELS, groups=GROUPS, channels_last=at_end, dtype=dtype)
    layer.load_state_dict(STATE)
    return layer


def laid_out(images: torch.Tensor, layout: str) -> torch.Tensor:
    match layout:
        case "channels last":
            return images.movedim(1, -1).contiguous()
        case "channels last in memory":
            return images.contiguous(memory_format=torch.channels_last)
        case "tokens":
            return images.flatten(2).transpose(1, 2).contiguous()
    return images


def assert_close(found: torch.Tensor, expected: torch.Tensor) -> None:
    tolerance = TOLERANCES[found.dtype]
    torch.testing.assert_close(
        found, expected.to(found.dtype), rtol=tolerance, atol=tolerance, equal_nan=True
    )


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", TOLERANCES)
def test_training(dtype: torch.dtype, layout: str) -> None:
    layer = new_layer(dtype, layout)
    x = laid_out(IMAGES.to(dtype), layout).requires_grad_()
    y = layer(x)
    assert_close(y, laid_out(TRAINING, layout))
    cotangent = laid_out(COTANGENT.to(dtype), layout)
    (gradient,) = torch.autograd.grad(y, x, cotangent, materialize_grads=True)
    assert_close(gradient, laid_out(GRADIENT, layout))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", TOLERANCES)
def test_evaluation(dtype: torch.dtype, layout: str) -> None:
    layer = new_layer(dtype, layout)
    x = laid_out(IMAGES.to(dtype), layout)
    layer(x)  # the running estimates, if there are any, take one step
    with torch.no_grad():
        y = layer.eval()(x)
    # Running estimates are float32, whatever the layer computes in.
    torch.testing.assert_close(
        y.float(),
        laid_out(EVALUATION, layout).float(),
        rtol=TOLERANCES[torch.float32],
        atol=TOLERANCES[torch.float32],
        equal_nan=True,
    )


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_features(dtype: torch.dtype) -> None:
    assert_close(new_layer(dtype)(IMAGES[:, :, 0, 0].to(dtype)), FEATURES)


<SKIP>def test_gradients_in_training() -> None:
    layer = new_layer()
    names = [name for name, _ in layer.named_parameters()]
    values = [value.detach().clone().requires_grad_() for value in layer.parameters()]

    def computed(x: torch.Tensor, *parameters: torch.Tensor) -> torch.Tensor:
        given = dict(zip(names, parameters, strict=True))
        y: torch.Tensor = torch.func.functional_call(layer, given, (x,))
        return y

    x = IMAGES.clone().requires_grad_()
    assert torch.autograd.gradcheck(computed, (x, *values), atol=1e-4)


def test_the_state_dict_goes_through_a_file() -> None:
    layer = new_layer(torch.float32)
    layer(IMAGES.float())
    assert list(layer.state_dict()) == list(STATE)
    file = io.BytesIO()
    torch.save(layer.state_dict(), file)
    file.seek(0)
    other = NormAct(CHANNELS, groups=GROUPS)
    other.load_state_dict(torch.load(file, weights_only=True))
    for name, value in layer.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name
    x = IMAGES.float()
    torch.testing.assert_close(other.eval()(x), layer.eval()(x), rtol=0, atol=0, equal_nan=True)


def test_low_precision_stays_low() -> None:
    for dtype in (torch.bfloat16, torch.float16):
        assert new_layer(torch.float32)(IMAGES.to(dtype)).dtype == dtype


def test_without_the_activation_the_affine_is_left() -> None:
    layer = NormAct(CHANNELS, apply_act=False)
    assert list(layer.state_dict()) == ["weight", "bias"]
    assert torch.equal(layer(IMAGES.float()), IMAGES.float())


def test_the_code_is_what_was_trained() -> None:
    """All but the name and the docstring of the class, and what is marked as beside it."""
    source = Path(__file__).with_name("layer.py").read_text(encoding="utf-8")
    source, _, below = source.partition("\\n\\n\\n# Beside the layer that was trained")
    for line in below.split("\\n"):
        if line.startswith("#     "):
            source = source.replace(line.removeprefix("#     ") + "\\n", "", 1)
    source = source.lstrip("\\n")
    *_, layer = (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    documentation = ast.get_docstring(layer)
    assert documentation is not None
    assert f"Digest: {DIGEST}" in documentation
    lines = source.split("\\n")
    above = "\\n".join(lines[: layer.lineno - 1]).strip()
    code = "\\n".join(lines[layer.body[0].end_lineno :]).strip()
    found = hashlib.sha256(f"{above}\\n{code}".encode()).hexdigest()
    assert f"Class: {found}" in documentation
'''
