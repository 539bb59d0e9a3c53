"""Generated source as text: lint, types, names, sharing, hashes, hostile names."""

from __future__ import annotations

import ast
import builtins
import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import TypeGuard

import numpy as np
import pytest
import torch

from search_spaces.codegen import class_sha256, generate
from search_spaces.codegen_norm_layer import IMPORTS, norm_layer_block
from search_spaces.codegen_synced import synced_blocks
from search_spaces.graph import Graph
from search_spaces.text import parse
from search_spaces.zoo import ZOO, zoo_graph
from tests.support.graphs import random_graph
from tests.support.processes import outputs_by_hash_seed


def body(text: str) -> list[str]:
    """The lines of the plain function below those that shape its arguments."""
    function = generate(parse(text), plain=True).source.split("\ndef norm_act(")[1]
    lines = [line[4:] for line in function.split(":\n", 1)[1].splitlines()]
    return lines[1 + max(i for i, line in enumerate(lines) if line.startswith("bias = ")) :]


@pytest.fixture(scope="module")
def sources() -> list[str]:
    """Modules of the zoo and of random graphs, small and large."""
    graphs = [zoo_graph(name) for name in ZOO]
    graphs += [random_graph(np.random.default_rng(seed), 4 + seed % 12) for seed in range(150)]
    graphs += [random_graph(np.random.default_rng(seed), 500) for seed in range(5)]
    return [generate(graph).source for graph in graphs]


def test_generated_modules_pass_ruff_and_strict_types(sources: list[str], tmp_path: Path) -> None:
    for i, source in enumerate(sources):
        (tmp_path / f"layer_{i}.py").write_text(source)
    rules = "E,W,F,I,N,B,UP,SIM,RUF,C4,RET,PIE,PERF"
    options = ["--isolated", "--line-length=100", f"--select={rules}", "--target-version=py311"]
    lint = subprocess.run(
        [sys.executable, "-m", "ruff", "check", *options, str(tmp_path)],
        capture_output=True,
        text=True,
    )
    assert lint.returncode == 0, lint.stdout[-5000:]
    style = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length=100", "--check"]
    zoo_files = [str(tmp_path / f"layer_{i}.py") for i in range(len(ZOO))]
    formatted = subprocess.run([*style, *zoo_files], capture_output=True, text=True)
    assert formatted.returncode == 0, formatted.stdout[-5000:]
    types = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", str(tmp_path)],
        capture_output=True,
        text=True,
    )
    assert types.returncode == 0, types.stdout[-5000:]


def test_imports_torch_alone_and_every_name_is_used(sources: list[str]) -> None:
    for source in sources:
        tree = ast.parse(source)
        imported = {
            name.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in node.names
        }
        assert imported <= {"inspect", "torch", "nn", "functional", "warnings", "Any"}
        stores = [
            n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and type(n.ctx) is ast.Store
        ]
        loads = {
            n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and type(n.ctx) is ast.Load
        }
        fields = ("running_", "_", "plain")
        assert not {name for name in set(stores) - loads if not name.startswith(fields)}
        assert "self.eps = eps" not in source or source.count("self.eps") > 1


def test_a_value_that_became_part_of_anothers_call_has_no_line() -> None:
    source = generate(parse("log(x) / rms[c](x)")).source
    backward = source.partition("def backward")[2].partition("\nclass ")[0]
    assert ".div_(rms_c)" in backward
    assert "1 / rms_c" not in backward


def test_moments_of_one_argument_are_computed_together() -> None:
    lines = body("max(v1 * (x - mean[bs](x)) / std[bs](x) + v0, 0)")
    assert lines == [
        "if running_mean is None or running_var is None:",
        "    var_bs, mean_bs = _var_mean(x, (0, 2))",
        "else:",
        "    mean_bs = running_mean.to(x.dtype).view(1, -1, 1)",
        "    var_bs = running_var.to(x.dtype).view(1, -1, 1)",
        "std_bs = torch.sqrt(var_bs + eps)",
        "return torch.relu(v1 * (x - mean_bs) / std_bs + v0) * weight + bias, mean_bs, var_bs",
    ]


def test_short_values_are_inline_and_shared_ones_have_a_line() -> None:
    assert body("x * sigmoid(v1 * x) / std[sg](x)") == [
        "var_sg, _ = _var_mean(x, (2, 3))",
        "std_sg = torch.sqrt(var_sg + eps)",
        "return (x * torch.sigmoid(v1 * x) / std_sg * weight + bias).flatten(1, 2)",
    ]
    assert body("a = x - mean[s](x)\na * sigmoid(a)") == [
        "mean_s = torch.mean(x, dim=2, keepdim=True)",
        "centered = x - mean_s",
        "return centered * torch.sigmoid(centered) * weight + bias",
    ]


def test_a_moment_averages_over_no_more_than_its_argument_varies_along() -> None:
    assert body("x * rms[bs](v1)") == [
        "return x * torch.sqrt(torch.square(v1) + eps) * weight + bias"
    ]
    assert body("x / std[s](mean[s](x))") == ["return x / eps**0.5 * weight + bias"]
    assert (
        body("x + mean[sc](mean[s](x))")[1] == "mean_sc = torch.mean(mean_s, dim=1, keepdim=True)"
    )


def test_dead_nodes_leave_no_trace() -> None:
    graph = parse("exp(x) * std[bs](x) + v1")
    with_dead = Graph(graph.initial, (*graph.nodes, parse("tanh(x)").nodes[0]))
    assert generate(with_dead).class_sha256 == generate(parse("tanh(x)")).class_sha256


def test_the_hash_ignores_name_and_docstring_and_nothing_else() -> None:
    graph = parse("x * sigmoid(v1 * x)")
    first = generate(graph)
    other = generate(graph, "EvoNormS0", 'Found by """ me \\ \n\n in run "x"\x00\u2028\U0001f600')
    assert first.class_sha256 == other.class_sha256
    assert first.source != other.source
    for code in (first, other):
        assert class_sha256(code.source) == code.class_sha256
    assert generate(parse("x * sigmoid(x)")).class_sha256 != first.class_sha256
    assert class_sha256(first.source.replace("sigmoid", "tanh")) != first.class_sha256
    for text in ("import torch\n", "def ("):
        with pytest.raises(ValueError, match="one generated module"):
            class_sha256(text)


@pytest.mark.parametrize(
    "name", ["", "1a", "class", "a b", "A(nn.Module):\n    pass\nclass B", "\uff21"]
)
def test_class_names_that_are_not_identifiers_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="class_name must be an ASCII identifier"):
        generate(parse("x"), name)


def defined(node: ast.stmt) -> set[str]:
    """The names that a top-level statement gives a meaning."""
    match node:
        case ast.FunctionDef() | ast.ClassDef():
            return {node.name}
        case ast.Import() | ast.ImportFrom():
            return {alias.name for alias in node.names}
    return {part.id for part in ast.walk(node) if is_stored(part)}


def hiding(node: ast.stmt) -> set[str]:
    """The names within a top-level function that makes layers, which would hide their class."""
    if not (isinstance(node, ast.FunctionDef) and node.name in ("norm_layer", "synchronize")):
        return set()
    inner = {part.name for part in ast.walk(node) if isinstance(part, ast.FunctionDef)}
    arguments = {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)}
    return inner | arguments | {part.id for part in ast.walk(node) if is_stored(part)}


def is_stored(part: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)


@pytest.mark.parametrize(
    ("text", "among"),
    [
        ("x * sigmoid(v1 * x) / std[sg](x)", {"max", "super", "warnings", "layer", "groups"}),
        ("x / rms[bs](x)", {"tuple", "_generated", "_Group", "count"}),
    ],
)
def test_class_names_that_mean_something_in_the_module_are_refused(
    text: str, among: set[str]
) -> None:
    graph = parse(text)
    blocks = (norm_layer_block("NormAct"), *synced_blocks(graph, "NormAct"))
    module = ast.parse("\n".join((generate(graph).source, *IMPORTS, *blocks)))
    read = {part.id for part in ast.walk(module) if isinstance(part, ast.Name)}
    names = set().union(*map(defined, module.body)) | (read & set(dir(builtins)))
    names |= {"_", *set().union(*map(hiding, module.body))}
    assert among <= names
    for name in names - {"NormAct", "SyncedNormAct"}:
        with pytest.raises(ValueError, match=f"class_name '{name}' means something in the module"):
            generate(graph, name)


def test_the_default_docstring_is_the_formula() -> None:
    code = generate(parse("a = v1 * x\na * sigmoid(a)"))
    assert '"""a = v1 * x\n    y = a * sigmoid(a)\n\n    Takes images' in code.source
    assert '"""y = tanh(x)\n\n    Takes images' in generate(parse("tanh(x)")).source


@pytest.mark.parametrize(
    "text", ['"""', '\\"""', "\\", '"', "a\n", "\r\n", "\ud800", "{x}", "\\N{DASH}", ""]
)
def test_any_docstring_stays_a_docstring(text: str) -> None:
    code = generate(parse("tanh(x)"), docstring=text)
    tree = ast.parse(code.source)
    (built,) = (node for node in tree.body if isinstance(node, ast.ClassDef))
    assert "Takes images" in (ast.get_docstring(built) or "")
    assert class_sha256(code.source) == code.class_sha256 == generate(parse("tanh(x)")).class_sha256


def test_the_code_is_the_same_in_every_process() -> None:
    script = (
        "import numpy as np\n"
        "from search_spaces.codegen import generate\n"
        "from tests.support.graphs import random_graph\n"
        "import sys\n"
        "for s in range(20): print(generate(random_graph(np.random.default_rng(s))).class_sha256)\n"
        "assert 'torch' not in sys.modules, 'code generation imports torch'\n"
    )
    runs = outputs_by_hash_seed(script)
    assert runs[0] == runs[1] != ""


def test_an_exported_module_runs_without_evonas(tmp_path: Path) -> None:
    path = tmp_path / "layer.py"
    path.write_text(generate(zoo_graph("EvoNorm-B0"), "EvoNormB0").source)
    specification = importlib.util.spec_from_file_location("exported", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    assert module.EvoNormB0(8)(torch.randn(2, 8, 4, 4)).shape == (2, 8, 4, 4)
    assert not any(name in path.read_text() for name in ("search_spaces", "evonas"))
