"""Which layers are reranked: each once, whoever names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from evonas.config import RunConfig, load_config
from evonas.contenders import contenders
from evonas.layers import LayerError
from results_db.store import ResultsDB
from tests.evonas.rerank_runs import RUN, SETTINGS, searched

OWN = "tests.workers.test_own_layers:Tanh"


@pytest.fixture
def db(here: Path) -> ResultsDB:
    searched()
    return ResultsDB.open("sqlite:///evonas.db")


@pytest.fixture(scope="module")
def config() -> RunConfig:
    return load_config("quick", overrides=SETTINGS)


def chosen(
    db: ResultsDB, config: RunConfig, count: int, *given: str
) -> list[tuple[str, int | None]]:
    found = contenders(db, RUN, count, given, config)
    return [(layer.kind, layer.number) for layer in found.layers]


def test_equal_layers_are_counted_once_and_do_not_take_a_place(
    db: ResultsDB, config: RunConfig
) -> None:
    found = contenders(db, RUN, 3, (), config)
    assert [layer.number for layer in found.layers] == [0, 3, 4, None, None]
    assert [layer.subject.name for layer in found.layers[3:]] == ["BN-ReLU", "GN-ReLU"]
    assert found.left_out == (
        "candidate 1 computes what candidate 0 computes",
        "candidate 2 computes what BN-ReLU computes",
    )
    assert len({layer.subject.digest for layer in found.layers}) == 5


def test_count_is_of_layers_found(db: ResultsDB, config: RunConfig) -> None:
    baselines: list[tuple[str, int | None]] = [("baseline", None)] * 2
    assert chosen(db, config, 1) == [("found", 0), *baselines]
    assert chosen(db, config, 50) == [("found", 0), ("found", 3), ("found", 4), *baselines]


def test_layers_given_stand_beside_unless_they_are_there_already(
    db: ResultsDB, config: RunConfig
) -> None:
    given = (OWN, "tanh(x)", "bn-relu", "max(x, 0) / rms[sc](x)")
    found = contenders(db, RUN, 3, given, config)
    kinds = [layer.kind for layer in found.layers]
    assert kinds == ["found"] * 3 + ["baseline"] * 2 + ["given"] * 2
    assert [layer.subject.name for layer in found.layers[5:]] == ["Tanh", "tanh"]
    with pytest.raises(LayerError, match="no layer is called"):
        contenders(db, RUN, 3, ("nothing_such",), config)


def test_classes_of_one_name_are_told_apart(db: ResultsDB, config: RunConfig) -> None:
    """One called as another class is, one as a baseline is; whoever is alone keeps a short name."""
    other = "torch.nn.modules.activation:Tanh"
    names = [layer.subject.name for layer in contenders(db, RUN, 1, (OWN, other), config).layers]
    assert names[1:] == ["BN-ReLU", "GN-ReLU", OWN, other]
    activation = "torch.nn.modules.activation:GELU"
    with_gelu = config.model_copy(update={"baselines": ("GELU",)})
    names = [
        layer.subject.name for layer in contenders(db, RUN, 1, (OWN, activation), with_gelu).layers
    ]
    assert names[1:] == ["GELU", "Tanh", activation]
