"""What a layer's reranks say, in `show` and in exports."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from evonas.layers import resolve
from evonas.reranked import reranked
from results_db.records import RerankRecord
from results_db.store import ResultsDB
from tests.evonas.command_line import as_json, succeed
from tests.evonas.small_database import BEST, RUN
from tests.evonas.test_standings import LAYERS, RECORD


def store(db: ResultsDB) -> RerankRecord:
    """A rerank of the run in which its best layer is `chosen`."""
    digest = resolve(BEST).digest
    layers = tuple(
        replace(layer, digest=digest) if layer.name == "chosen" else layer for layer in LAYERS
    )
    record = replace(RECORD, run=RUN, settings={**RECORD.settings, "seeds": 5}, layers=layers)
    db.store_rerank(record)
    return record


def test_a_layer_is_found_in_the_reranks_that_hold_it(database: Path) -> None:
    with ResultsDB.open("sqlite:///evonas.db") as db:
        assert reranked(db, "chosen") == []
        store(db)
        (found,) = reranked(db, resolve(BEST).digest)
        (lucky,) = reranked(db, "lucky")
        (baseline,) = reranked(db, "BN")
    assert (found.place, found.layers, found.is_best) == (1, 3, True)
    assert (lucky.place, lucky.is_best) == (2, False)
    assert found.better == "BN (resnet), GN (resnet)"
    assert found.worse == "BN (vit), mine (vit)"
    assert "place 2 of 3 in validation" in str(lucky)
    assert "the best of the run in validation" in str(found)
    assert "significantly" not in str(baseline)


def test_show_and_export_tell_it(database: Path) -> None:
    assert as_json("show", BEST)["reranked"] == []
    with ResultsDB.open("sqlite:///evonas.db") as db:
        store(db)
        (found,) = reranked(db, resolve(BEST).digest)
    shown = succeed("show", BEST)
    assert "reranked: test accuracy over 5 seeds resnet 0.6" in " ".join(shown.split())
    (fact,) = as_json("show", BEST)["reranked"]
    assert fact["said"] == str(found)
    assert fact["tests"].keys() == {"resnet", "vit"}
    succeed("show", BEST, "--format", "csv")
    succeed("export", BEST, "--to", "out", "--no-measure")
    source = " ".join((database / "out/layer.py").read_text(encoding="utf-8").split())
    assert f"Reranked: {found}.".replace("±", "+/-") in source
