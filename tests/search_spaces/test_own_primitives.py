"""Graphs with own primitives: text, JSON, canonical form, digest, analysis, generated code."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from search_spaces.canonical import canonical, canonical_and_digest, digest
from search_spaces.codegen import class_sha256, generate
from search_spaces.codegen_own import obstacles
from search_spaces.cost import Cost
from search_spaces.errors import GraphError, TextError, UnknownPrimitiveError
from search_spaces.graph import Graph
from search_spaces.layer import layer_class
from search_spaces.mutation import VARIED_MUTATION, mutate_by_weight
from search_spaces.own_registry import registered
from search_spaces.primitives import OWN
from search_spaces.properties import properties
from search_spaces.sampling import sample, sample_uniform
from search_spaces.space import SearchSpace
from search_spaces.text import parse
from search_spaces.text_printer import format_graph
from search_spaces.zoo import ZOO, zoo_graph
from tests.support.claims import census
from tests.support.compare import assert_same
from tests.support.graph_changes import ordered_form, rewritten
from tests.support.own_functions import ALL, HERE, INLINED

MORE = ("add", "mul", "div", "neg", "abs", "max", "mean[s]", "std[bs]", "rms[sg]")


@pytest.fixture
def known() -> Iterator[None]:
    with registered(*ALL):
        yield


def space() -> SearchSpace:
    return SearchSpace("own", ("x", "0", "v0", "v1", "1"), (*OWN, *MORE), 7)


def graphs(count: int, first: int = 0) -> list[Graph]:
    """Random graphs that read x, half of their primitives own ones."""
    drawn = (sample(space(), np.random.default_rng(first + i)) for i in range(count))
    return [graph for graph in drawn if any(n.op in OWN for _, n in graph.active_nodes())]


@pytest.mark.usefixtures("known")
def test_text_and_json_read_back_what_was_written() -> None:
    for graph in graphs(300):
        assert Graph.from_json(graph.to_json()) == graph
        assert ordered_form(parse(format_graph(graph))) == ordered_form(graph)
    assert format_graph(parse("gate(mish(x), v1) - cubic(x)")) == "gate(mish(x), v1) - cubic(x)"
    with pytest.raises(TextError, match="'mish' is a primitive and needs inputs, as in mish"):
        parse("mish + x")
    with pytest.raises(TextError, match=r"needs inputs, as in blended\(x, v1, v0\)"):
        parse("blended + x")
    with pytest.raises(TextError, match="'mish' has a meaning already"):
        parse("mish = x; mish")
    with pytest.raises(TextError, match="gate takes 2 inputs, given 1"):
        parse("gate(x)")


@pytest.mark.usefixtures("known")
def test_the_canonical_form_computes_the_same_and_rewritten_graphs_share_it() -> None:
    rng = np.random.default_rng(1)
    finite = 0
    for seed, graph in enumerate(graphs(300, 1000)):
        simplified, expected = canonical_and_digest(graph)
        assert canonical_and_digest(rewritten(graph, rng)) == (simplified, expected)
        assert digest(simplified) == expected
        finite += assert_same(graph, simplified, seed)
    assert finite >= 100


@pytest.mark.usefixtures("known")
def test_claims_give_laws_and_silence_gives_none() -> None:
    for left, right in (
        ("cubic(-x)", "-cubic(x)"),
        ("bump(-x)", "bump(x)"),
        ("bump(abs(x))", "bump(x)"),
        ("geometric(x, v1)", "geometric(v1, x)"),
        ("abs(bump(x))", "bump(x)"),
        ("max(bump(x), 0)", "bump(x)"),
    ):
        assert digest(parse(left)) == digest(parse(right)), (left, right)
    for left, right in (
        ("mish(-x)", "-mish(x)"),
        ("mish(-x)", "mish(x)"),
        ("cubic(-x)", "cubic(x)"),
        ("gate(x, v1)", "gate(v1, x)"),
        ("abs(geometric(x, v1))", "geometric(x, v1)"),
        ("leaky(x)", "mish(x)"),
    ):
        assert digest(parse(left)) != digest(parse(right)), (left, right)


@pytest.mark.usefixtures("known")
def test_no_false_property_is_claimed() -> None:
    drawn = [sample_uniform(space(), np.random.default_rng(i)) for i in range(1500)]
    found = census(drawn)
    assert not found.false, found.false[:5]
    assert found.tested > 300
    assert found.seen["homogeneous"] > 30


@pytest.mark.usefixtures("known")
def test_what_is_claimed_of_known_graphs() -> None:
    assert properties(parse("cubic(x)")).degree == 3
    assert properties(parse("geometric(x, mean[s](x))")).degree == 1
    assert properties(parse("cubic(x / std[s](x))")).degree == 0
    assert properties(parse("mish(x / std[s](x))")).degree == 0
    assert properties(parse("mish(x)")).degree is None
    assert properties(parse("geometric(x, v1)")).degree is None
    assert properties(parse("mish(x - mean[s](x))")).shift_invariant
    assert not properties(parse("mish(x)")).affine
    # One operation of the affine; the input and the output are kept beside tanh's result.
    assert properties(parse("mish(x)")).cost == Cost(passes=4, reductions=0, bytes=32, kept=3)


def test_degrees_are_those_that_are_stated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, degree in (("tiny", 0.0004), ("third", 1 / 3)):
        (tmp_path / f"{name}_ops.py").write_text(
            "import torch\n\nfrom search_spaces.own_primitive import primitive\n\n\n"
            f"@primitive(degree={degree})\ndef {name}(x: torch.Tensor) -> torch.Tensor:\n"
            f"    return torch.pow(torch.abs(x), {degree})\n"
        )
    monkeypatch.syspath_prepend(tmp_path)
    with registered("tiny_ops:tiny", "third_ops:third"):
        assert properties(parse("tiny(x)")).degree == 0.0004
        assert properties(parse("a = third(x); a * a * a")).degree == 1


@pytest.mark.usefixtures("known")
def test_generated_code_computes_what_the_function_does() -> None:
    x = torch.randn(3, 6, 4, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    v1 = torch.linspace(-1, 2, 6, dtype=torch.float64)
    for text in ("geometric(mish(x), v1)", "blended(leaky(x), helped(x), cubic(v1))"):
        layer = layer_class(parse(text))(6, dtype=torch.float64)
        layer.v1.data.copy_(v1)
        v = v1.view(1, -1, 1, 1)
        call = {name: own.function for name, own in OWN.items()}
        expected = (
            call["geometric"](call["mish"](x), v)
            if "mish" in text
            else call["blended"](call["leaky"](x), call["helped"](x), call["cubic"](v))
        )
        torch.testing.assert_close(layer(x), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.usefixtures("known")
def test_a_value_never_hides_a_function_of_its_name() -> None:
    """`gate` names the value of a sigmoid too."""
    x = torch.linspace(-2, 2, 24, dtype=torch.float64).view(2, 3, 4)
    layer = layer_class(parse("a = sigmoid(x); gate(a, x) * a + a"))(4, dtype=torch.float64)
    a = torch.sigmoid(x)
    torch.testing.assert_close(layer(x), a * torch.sigmoid(x) * a + a)


def test_code_of_other_layers_does_not_depend_on_what_is_known() -> None:
    texts = [generate(zoo_graph(name)).source for name in ZOO]
    digests = [digest(zoo_graph(name)) for name in ZOO]
    with registered(*ALL):
        assert [generate(zoo_graph(name)).source for name in ZOO] == texts
        assert [digest(zoo_graph(name)) for name in ZOO] == digests


def test_modules_stand_alone_and_pass_lint_and_types(tmp_path: Path) -> None:
    with registered(*INLINED):
        drawn = [canonical(graph) for graph in graphs(40, 3000)]
        calls = [(own.name, ", ".join(("x", "v1", "v0")[: own.arity])) for own in OWN.values()]
        drawn += [parse(f"{name}({inputs})") for name, inputs in calls]
        assert not any(map(obstacles, drawn))
        codes = [generate(graph) for graph in drawn]
    # To mypy a power of floats may be any number, in layers without own primitives too.
    codes = [code for code in codes if "self.eps**0.5" not in code.source]
    assert len(codes) > 30
    for i, code in enumerate(codes):
        assert class_sha256(code.source) == code.class_sha256
        (tmp_path / f"layer_{i}.py").write_text(code.source)
        exec(compile(code.source, "layer", "exec"), {"__name__": "layer"})
    rules = "E,W,F,I,N,B,UP,SIM,RUF,C4,RET,PIE,PERF"
    options = ["--isolated", "--line-length=100", f"--select={rules}", "--target-version=py311"]
    for command in (
        ("ruff", "check", *options, str(tmp_path)),
        ("mypy", "--strict", "--config-file=", str(tmp_path)),
    ):
        done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.usefixtures("known")
def test_definitions_are_the_authors_text_with_the_names_of_the_module() -> None:
    source = generate(parse("bump(mish(x))")).source
    assert source.startswith(
        '''\
import math

import torch
from torch import nn
from torch.nn import functional


def bump(x: torch.Tensor, width: float = 2.0) -> torch.Tensor:
    # Never below the floor.
    return torch.exp(-torch.square(x) / width) + 1 / math.pi


def mish(x: torch.Tensor) -> torch.Tensor:
    """Mish, by Misra."""
    return x * torch.tanh(functional.softplus(x))


class NormAct(nn.Module):
    """y = bump(mish(x))
'''
    )


@pytest.mark.usefixtures("known")
def test_the_class_never_takes_the_name_of_a_function_that_it_calls() -> None:
    assert "class mish(" in generate(parse("cubic(x)"), "mish").source
    with pytest.raises(ValueError, match="'mish' is a function that the layer calls"):
        generate(parse("mish(x)"), "mish")


@pytest.mark.usefixtures("known")
def test_mutations_stay_in_the_space() -> None:
    rng = np.random.default_rng(4)
    graph, seen = sample(space(), rng), set()
    for _ in range(60):
        graph = mutate_by_weight(graph, space(), rng, VARIED_MUTATION).graph
        assert len(graph.nodes) == space().num_nodes
        seen |= {node.op for _, node in graph.active_nodes()}
    assert len(seen & OWN.keys()) >= 6


def test_a_graph_or_text_never_makes_a_function_known() -> None:
    document = parse("tanh(x)").to_json().replace("tanh", "mish")
    for read in (Graph.from_json, lambda _: parse("mish(x)")):
        with pytest.raises(GraphError, match="is named with --primitive MODULE:mish"):
            read(document)
    for name in (f"{HERE}:mish", "os.system", "__import__", "mi\u0455h", "m" * 50, ""):
        hostile = parse("tanh(x)").to_json().replace("tanh", name)
        with pytest.raises(UnknownPrimitiveError, match="unknown primitive") as raised:
            Graph.from_json(hostile)
        assert "--primitive" not in str(raised.value)
    assert not OWN
