"""Results as they print from Python."""

from __future__ import annotations

from evonas.leaderboard import Entry, Leaderboard
from evonas.plain_table import plain_table
from evonas.scoring import LayerScores, ScoreList, Subject
from results_db.records import EvaluationRecord


def entry(name: str, number: int | None, text: str, scores: dict[str, float]) -> Entry:
    mean = sum(scores.values()) / 2 if len(scores) == 2 else None
    return Entry(
        name=name,
        number=number,
        digest=name,
        text=text,
        verdict="SCORED" if mean else "LOW_QUALITY",
        reason="",
        scores=scores,
        mean=mean,
        costs={"bytes": 16.0} if mean else {},
    )


def scored(name: str, *seeds: dict[str, float], known: bool = False) -> LayerScores:
    subject = Subject(name, f"{name}(x)", name, "", is_baseline=known)
    records = {
        seed: EvaluationRecord(
            key=f"{name}{seed}",
            digest=name,
            verdict="SCORED" if len(scores) == 2 else "DIVERGED",
            reason="",
            scores=scores,
            seconds=1.0,
            class_sha256="",
        )
        for seed, scores in enumerate(seeds)
    }
    return LayerScores(subject, records)


def test_columns_are_as_wide_as_what_is_in_them() -> None:
    rows = [("a", "1", "x", "y"), ("long name", "22.5", "max", "x + 1")]
    assert plain_table(("layer", "mean", "verdict", "formula"), rows).split("\n") == [
        "layer      mean  verdict  formula",
        "a             1  x        y",
        "long name  22.5  max      x + 1",
    ]


def test_a_board_prints_as_a_table() -> None:
    found = (entry("1a2b3c4d", 3, "a = tanh(x)\na * a", {"resnet": 0.5, "vit": 0.25}),)
    known = (entry("BN-ReLU", None, "max(x, 0)", {"vit": 0.125}),)
    board = Leaderboard("tiny", ("resnet", "vit"), known, found, ("bytes",))
    assert str(board).split("\n") == [
        "run tiny",
        "layer               resnet    vit  bytes   mean  verdict      formula",
        "1a2b3c4d             0.500  0.250     16  0.375  scored       a = tanh(x); a * a",
        "BN-ReLU (baseline)       -  0.125      -      -  low quality  max(x, 0)",
    ]
    assert repr(board).startswith("Leaderboard(run=")
    assert str(Leaderboard("new", ("vit",), (), ())) == (
        "run new\nlayer  vit  mean  verdict  formula"
    )


def test_scores_print_as_a_table() -> None:
    both = {"resnet": 0.5, "vit": 0.25}
    scores = ScoreList([scored("tanh", both, both), scored("erf", {}, {"vit": 0.25}, known=True)])
    scores.append(LayerScores(Subject("relu", "relu(x)", "relu", ""), failures=["lost"]))
    assert str(scores).split("\n") == [
        "layer                  resnet             vit           mean  verdicts    formula",
        "tanh            0.500 ± 0.000   0.250 ± 0.000  0.375 ± 0.000  2 scored    tanh(x)",
        "erf (baseline)              -  0.250 (1 of 2)              -  2 diverged  erf(x)",
        "relu                        -               -              -  lost        relu(x)",
    ]
    assert str(scores[0]).split("\n")[1].startswith("tanh   0.500 ± 0.000  0.250 ± 0.000")
    assert repr(scores).startswith("[LayerScores(subject=")
    assert scores == list(scores)
    assert str(ScoreList()) == "layer  mean  verdicts  formula"
