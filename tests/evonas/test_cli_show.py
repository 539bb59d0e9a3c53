"""`evonas show`, and everything a LAYER may be."""

from __future__ import annotations

import csv
import io
from dataclasses import fields
from pathlib import Path

import pytest

from evonas.drawing import svg
from evonas.exports.export import export_layer
from evonas.layers import LayerError, layer_of, resolve
from results_db import ResultsDB
from search_spaces.canonical import canonical, digest
from search_spaces.errors import TextError
from search_spaces.properties import Properties
from search_spaces.text import parse
from search_spaces.zoo import zoo_graph
from tests.evonas.command_line import as_json, run, succeed
from tests.evonas.small_database import BEST, HISTORY, RUN, SCORES, candidate
from workers.verdict import Verdict

S0 = "x * sigmoid(v1 * x) / std[sg](x)"
S0_DIGEST = digest(parse(S0))


@pytest.mark.parametrize(
    "given", [S0, "EvoNorm-S0", "evonorm_s0", S0_DIGEST, S0_DIGEST[3:11], f" {S0} "]
)
def test_ways_to_name_a_layer(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("EvoNorm-S0").write_text("a file of the user's")
    layer = resolve(given)
    assert layer.graph == canonical(parse(S0))
    assert layer.zoo == "EvoNorm-S0"


def test_a_digest_prefix_is_looked_up_in_the_database(database: Path) -> None:
    with ResultsDB.open("sqlite:///evonas.db") as db:
        layer = resolve(str(HISTORY[3].digest)[3:9], db)
    assert layer.graph == canonical(parse(BEST))
    assert [found.candidate.number for found in layer.found] == [3]


def test_an_ambiguous_prefix_lists_the_layers(database: Path) -> None:
    start: dict[str, str] = {}
    for number in range(2000):
        text = f"x + {number + 2}"
        key = digest(parse(text))[3:7]
        if key in start:
            break
        start[key] = text
    with ResultsDB.open("sqlite:///evonas.db") as db:
        with db.writer(RUN) as writer:
            writer.commit([candidate(6, start[key], Verdict.LOW_QUALITY, fingerprint=())])
            writer.commit([candidate(7, text, Verdict.LOW_QUALITY, fingerprint=())])
        with pytest.raises(LayerError, match="2 layers have digests that start with"):
            resolve(key, db)


def test_words_that_are_neither_name_nor_text_form() -> None:
    with pytest.raises(LayerError, match="did you mean 'EvoNorm-S0'"):
        resolve("EvoNrm-S0")
    with pytest.raises(LayerError, match="no digest in the zoo"):
        resolve("deadbeef")
    for text in ("x +", "x/y", "x / tahn(x)", "2/y"):
        with pytest.raises(TextError, match="column"):
            resolve(text)


def test_an_exported_file_is_read_and_not_executed(here: Path) -> None:
    for text in (S0, BEST, "x + " + " + ".join(["tanh(x * v1)"] * 30)):
        layer = layer_of(parse(text))
        path = export_layer(layer, here, overwrite=True).path
        trap = here / "trap.py"
        trap.write_text(f"raise SystemExit('executed')\n{path.read_text()}")
        assert resolve(str(trap)).digest == layer.digest


def test_a_file_without_a_header_or_with_a_changed_one(here: Path) -> None:
    path = export_layer(layer_of(zoo_graph("tanh")), here).path
    path.write_text(path.read_text().replace("    tanh(x)\n", "    tanh(v1 * x)\n", 1))
    with pytest.raises(LayerError, match="was changed"):
        resolve("layer.py")
    for content in ("", "x = 1\n", "class A:\n    pass\n", "def f(:\n", "\0"):
        path.write_text(content)
        with pytest.raises(LayerError, match="has no header"):
            resolve("layer.py")


def test_a_path_of_nothing_is_no_formula(here: Path) -> None:
    given = ("missing.py", "layers/missing.py", "layers/missing", "./missing", "missing.onnx")
    for path in (*given, str(here / "missing"), "../x", Path("tanh"), Path("layers/missing")):
        with pytest.raises(LayerError, match="there is no file"):
            resolve(path)
    (here / "layers" / "one").mkdir(parents=True)
    for folder in ("layers", "layers/one"):
        with pytest.raises(LayerError, match=f"{folder} is a folder; give the exported file in it"):
            resolve(folder)
    (here / "tanh").mkdir()
    assert resolve("tanh").zoo == "tanh"


def test_show_a_layer_that_a_run_found(database: Path) -> None:
    facts = as_json("show", BEST)
    assert facts["equal_to"] is None
    assert facts["properties"]["mixes_batch"]
    (found,) = facts["found"]
    assert (found["run"], found["number"], found["scores"]) == (RUN, 3, SCORES)
    assert [ancestor["number"] for ancestor in found["ancestors"]] == [0]
    shown = succeed("show", str(HISTORY[3].digest)[3:11])
    assert "candidate 3: scored" in shown
    assert "a = " in shown
    assert str(HISTORY[3].digest) in shown


def test_show_has_every_property_in_every_form(here: Path) -> None:
    names = [field.name for field in fields(Properties)]
    path = export_layer(layer_of(parse(S0)), here).path
    for given in ("EvoNorm-S0", S0, S0_DIGEST[3:12], str(path)):
        found = as_json("show", given)["properties"]
        assert list(found) == [*names, "values", "form", "meets"]
        assert found["form"] == "generated"
        assert found["cost"] == {"passes": 5, "reductions": 1, "bytes": 48, "kept": 4}
        assert found["meets"] == ["batch-independent", "activates"]
        assert found["values"][0] == {
            "value": "x",
            "inputs": [],
            "varies_over": ["batch", "positions", "channels"],
        }
        (std,) = (value for value in found["values"] if value["value"] == "std[sg]")
        assert std["varies_over"] == ["batch", "groups"]
        (row,) = csv.DictReader(io.StringIO(succeed("show", given, "--format", "csv")))
        assert not [cell for cell in row.values() if "{" in cell or "[{" in cell]
        assert row["cost_bytes"] == "48"
        assert set(names) - {"cost"} <= set(row)
        assert row["values"] == "5 full tensors, 1 over batch x groups, 1 over channels"
        shown = " ".join(succeed("show", given).split())
        for words in (
            "5 operations, 1 of them a moment",
            "values 5 full tensors",
            "depends on x yes, by an element-wise path",
            "mixes positions, channels",
            "scaling of x no law proved",
            "shift of x no invariance proved",
            "affine not proved",
            "a full tensor: 5, the closing affine counted; reductions: 1",
            "float32: 48; full tensors kept for the backward pass: 4",
            "form generated: a backward pass of its own",
            "meets batch-independent, activates",
        ):
            assert words in shown


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("BN-ReLU", "f(k x) = f(x) for k > 0 (degree 0), in training"),
        ("BN-ReLU", "shift of x f(x + c) = f(x), in training"),
        ("GN-ReLU", "f(k x) = f(x) for k > 0 (degree 0) shift of x f(x + c) = f(x) affine"),
        ("BN-ReLU", "differs between training and evaluation"),
        ("ReLU", "f(k x) = k f(x) for k > 0 (degree 1)"),
        ("x * x", "f(k x) = k^2 f(x)"),
        ("RMSNorm", "affine but for its statistics: it normalizes and does not activate"),
        ("v1 * x", "affine yes: a network of such layers is linear"),
        ("std[s](x)", "depends on x through statistics alone"),
        ("v0", "depends on x no: a constant"),
        ("tanh", "mixes nothing: every element for itself"),
        ("x + alpha", "1 single number"),
    ],
)
def test_show_says_what_holds(here: Path, given: str, said: str) -> None:
    assert said in " ".join(succeed("show", given).split())


def test_show_a_layer_that_a_run_measured_as_a_baseline(database: Path) -> None:
    facts = as_json("show", "ReLU")
    assert facts["found"] == []
    first, second = facts["measured"]
    assert (first["run"], first["baseline"], first["verdict"]) == (RUN, "BN-ReLU", "scored")
    assert first["scores"] == {**SCORES, "resnet": 0.875}
    assert (second["baseline"], second["mean"]) == ("rectifier", None)
    shown = succeed("show", "ReLU")
    assert f"run {RUN}, baseline BN-ReLU: scored" in shown
    assert "resnet 0.875   vit 0.500   mobilenet 0.625   mean 0.667" in shown
    assert "No run" not in shown
    assert "No run in this database has scored this layer" in succeed("show", "tanh(x) / 2")


def test_show_as_csv_has_a_row_with_scores_for_each_run(database: Path) -> None:
    with ResultsDB.open("sqlite:///evonas.db") as db:
        db.create_run("other", 1, db.run(RUN).config)
        with db.writer("other") as writer:
            reason = "accuracy 0.1 at step 60"
            writer.commit([candidate(0, BEST, Verdict.LOW_QUALITY, reason=reason)])
    rows = list(csv.DictReader(io.StringIO(succeed("show", BEST, "--format", "csv"))))
    assert [(row["run"], row["number"], row["verdict"]) for row in rows] == [
        (RUN, "3", "scored"),
        ("other", "0", "low_quality"),
    ]
    assert [rows[0][anchor] for anchor in SCORES] == ["0.75", "0.5", "0.625"]
    assert (rows[0]["mean"], rows[1]["mean"], rows[1]["resnet"]) == ("0.625", "", "")
    measured = list(csv.DictReader(io.StringIO(succeed("show", "ReLU", "--format", "csv"))))
    assert [row["baseline"] for row in measured] == ["BN-ReLU", "rectifier"]
    assert [row["resnet"] for row in measured] == ["0.875", "0.5"]


def test_show_names_the_nearest_known_layer(here: Path) -> None:
    assert as_json("show", S0.replace("std", "rms"))["nearest"] == {
        "name": "EvoNorm-S0",
        "distance": 1,
        "is_least": True,
    }
    said = "EvoNorm-S0, 1 edit of values and inputs away (graph edit distance)"
    assert said in " ".join(succeed("show", S0.replace("std", "rms")).split())
    assert as_json("show", S0)["nearest"] is None


@pytest.mark.parametrize("width", [40, 80])
def test_show_draws_the_graph(here: Path, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = [line[2:].rstrip() for line in succeed("show", "BN-SiLU").splitlines()]
    drawn = lines[lines.index("a = +") :]
    assert drawn[: drawn.index("")] == [
        "a = +",
        "├── /",
        "│   ├── *",
        "│   │   ├── v1  over channels",
        "│   │   └── +",
        "│   │       ├── x",
        "│   │       └── neg  over channels",
        "│   │           └── mean[bs]  over channels",
        "│   │               └── x",
        "│   └── std[bs]  over channels",
        "│       └── x",
        "└── v0  over channels",
        "y = *",
        "├── a",
        "└── sigmoid",
        "    └── a",
    ]


def test_a_deep_graph_is_drawn_whole(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    deep = "x"
    for _ in range(30):
        deep = f"sigmoid({deep} + v0)"
    lines = [line.strip() for line in succeed("show", deep).splitlines()]
    assert sum("── sigmoid" in line for line in lines) == 29
    assert sum("── v0  over channels" in line for line in lines) == 30


def test_show_writes_the_drawing(here: Path) -> None:
    succeed("show", S0, "--svg", "s0.svg")
    assert Path("s0.svg").read_text() == svg(canonical(parse(S0)))
    assert "s0.png is to be an SVG drawing" in run("show", S0, "--svg", "s0.png").stderr
    result = run("show", S0, "--svg", "missing/s0.svg")
    assert result.exit_code == 2
    said = " ".join(result.stderr.replace("\u2502", "").split())
    assert "missing/s0.svg cannot be written: No such file or directory" in said


def test_show_names_the_known_layer_without_any_database(here: Path) -> None:
    assert "EvoNorm-S0" in succeed("show", S0)
    assert not list(here.iterdir())


def test_the_text_form_shown_can_be_given_back(here: Path) -> None:
    facts = as_json("show", BEST)
    assert "; " in facts["text"]
    assert as_json("show", facts["text"])["digest"] == facts["digest"]
    assert "digest" in succeed("show", BEST, "--format", "csv")
