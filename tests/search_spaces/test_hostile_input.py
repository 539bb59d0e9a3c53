"""Hostile texts and documents reach nearly every branch of the readers, and break none."""

from __future__ import annotations

import json
from pathlib import Path

import coverage
import numpy as np
import pytest

from search_spaces import graph as graph_module
from search_spaces import text as text_module
from search_spaces import text_printer as printer_module
from search_spaces import text_tokens as tokens_module
from tests.support.hostile import hostile_document, hostile_text
from tests.support.readers import is_graph, is_layer

# What reads a document; the rest of its module is about graphs that are read already.
_JSON_READERS = ("Graph.from_json", "Graph.__post_init__", "_from_document", "_wrong_node")


def test_hostile_input_reaches_nearly_every_branch_of_the_readers(tmp_path: Path) -> None:
    """Of the parser, its tokens, the printer, and what reads JSON."""
    modules = (text_module, tokens_module, printer_module, graph_module)
    files = [str(module.__file__) for module in modules]
    rng = np.random.default_rng(13)
    texts = [hostile_text(rng) for _ in range(4000)]
    documents = [hostile_document(rng) for _ in range(4000)]
    measured = coverage.Coverage(branch=True, data_file=None, include=files, config_file=False)
    with measured.collect():
        read = sum(map(is_layer, texts)), sum(map(is_graph, documents))
    assert 400 < read[0] < 3000, read
    assert 400 < read[1] < 3300, read
    measured.json_report(outfile=str(tmp_path / "report.json"))
    report = json.loads((tmp_path / "report.json").read_text())
    branches = covered = 0
    missing = []
    for path, found in report["files"].items():
        for name, function in found["functions"].items():
            if name == "" or (path.endswith("graph.py") and name not in _JSON_READERS):
                continue
            branches += function["summary"]["num_branches"]
            covered += function["summary"]["covered_branches"]
            missing += [(path, name, *arc) for arc in function["missing_branches"]]
    assert len(report["files"]) == len(files)
    assert branches > 100
    assert covered >= 0.95 * branches, missing


@pytest.mark.slow
def test_fifty_thousand_hostile_texts() -> None:
    rng = np.random.default_rng(12)
    assert sum(is_layer(hostile_text(rng)) for _ in range(50_000)) > 5000


@pytest.mark.slow
def test_fifty_thousand_hostile_documents() -> None:
    rng = np.random.default_rng(22)
    assert sum(is_graph(hostile_document(rng)) for _ in range(50_000)) > 5000
