"""The card of an export: what was measured, what was not, and pictures that are there."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from evonas.exports.card import NOT_MEASURED
from evonas.exports.export import Extras, export_layer
from evonas.layers import resolve
from results_db import ResultsDB
from tests.evonas.small_database import BEST


def sections(text: str) -> dict[str, str]:
    """Title -> text of the sections of a card."""
    _, *parts = re.split(r"^## (.*)$", text, flags=re.MULTILINE)
    return {title: body.strip() for title, body in zip(parts[::2], parts[1::2], strict=True)}


def test_what_was_not_measured_is_said(tmp_path: Path) -> None:
    export_layer(resolve("EvoNorm-B0"), tmp_path, extras=Extras(steps=None))
    text = (tmp_path / "card.md").read_text()
    assert text.startswith("# EvoNormB0\n")
    found = sections(text)
    for title in ("Cost", "Batch size", "Low precision"):
        assert found[title] == NOT_MEASURED
    assert found["Scores"] == "No run has scored it."
    assert found["Properties"].startswith("- mixes the batch\n- not causal\n- mixes positions\n")
    assert "no mask is taken" in found["Properties"]
    assert "Not tried: other tasks" in found["Not tried"]
    assert "Other files" not in found
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", text)
    assert pictures == ["graph.svg", "response.svg"]
    for name in pictures:
        root = ElementTree.parse(tmp_path / name).getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"


def test_what_was_measured_is_there(tmp_path: Path) -> None:
    export_layer(resolve("EvoNorm-B0"), tmp_path, extras=Extras(steps=2))
    found = sections((tmp_path / "card.md").read_text())
    cost = [line for line in found["Cost"].split("\n") if line.startswith("|")]
    assert [line.split("|")[1].strip() for line in cost[2:]] == [
        "this layer",
        "nn.BatchNorm2d, nn.ReLU",
        "nn.GroupNorm, nn.ReLU",
    ]
    assert all(
        re.search(r"\| \d+\.\d\d \| \d+\.\d\d x \| [12]\.\d\d \|", line) for line in cost[2:]
    )
    assert "(32, 64, 28, 28)" in found["Cost"]
    assert re.search(r"^\| BN-ReLU \|( \d+\.\d % \|){5}$", found["Batch size"], re.MULTILINE)
    rows = re.findall(r"^\| (b?float\d+) \| \d", found["Low precision"], re.MULTILINE)
    assert rows == ["float32", "bfloat16", "float16"]
    assert "2 steps of a small residual network" in found["Low precision"]


def test_scores_stand_beside_the_baselines(database: Path) -> None:
    with ResultsDB.open("sqlite:///evonas.db") as db:
        export_layer(resolve(BEST, db), database / "out", db, extras=Extras(steps=None))
    found = sections(Path("out/card.md").read_text())["Scores"]
    assert "Candidate 3 of the run first, scored with groups=4." in found
    assert "|  | resnet | vit | mobilenet | mean |  |" in found
    assert "| this layer | 0.750 | 0.500 | 0.625 | 0.625 |  |" in found
    assert "| rectifier | 0.500 | - | - | - | rejected: unstable |" in found


@pytest.mark.parametrize("name", ["EvoNorm-S0", "tanh"])
def test_a_layer_that_does_not_mix_the_batch_is_not_measured_for_it(
    name: str, tmp_path: Path
) -> None:
    export_layer(resolve(name), tmp_path, extras=Extras(steps=None))
    found = sections((tmp_path / "card.md").read_text())
    assert found["Batch size"].startswith("No moment over the batch")
