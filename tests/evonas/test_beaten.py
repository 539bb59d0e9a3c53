"""What `top` says of baselines, and of layers that are nearly equal."""

from __future__ import annotations

from pathlib import Path

import pytest

from evonas.beaten import Beaten, beaten_sentences
from evonas.leaderboard import leaderboard
from results_db import BaselineRecord, EvaluationRecord, ResultsDB
from results_db.writer import RunWriter
from search_spaces.canonical import canonical
from search_spaces.layer import plain_layer_class
from search_spaces.text import parse
from tests.evonas.command_line import as_json, succeed
from tests.evonas.small_database import BEST, PARENT_SCORES, RUN, SCORES, candidate
from workers.fingerprint import fingerprint
from workers.verdict import Verdict

URL = "sqlite:///evonas.db"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ((), []),
        ((Beaten("A", True, True),), ["A layer found scores above A on every anchor."]),
        (
            (Beaten("A", True, True), Beaten("B", True, False), Beaten("C", True, True)),
            [
                "A layer found scores above A and C on every anchor.",
                "By the mean alone, one scores above B.",
            ],
        ),
        (
            tuple(Beaten(name, False, False) for name in "ABC"),
            ["No layer found scores above A, B or C."],
        ),
    ],
)
def test_sentences(found: tuple[Beaten, ...], said: list[str]) -> None:
    assert beaten_sentences(found) == said


def shifted(scores: dict[str, float], change: float) -> dict[str, float]:
    return {anchor: score + change for anchor, score in scores.items()}


def store_baseline(writer: RunWriter, name: str, scores: dict[str, float]) -> None:
    key = f"key of {name}"
    writer.store_evaluation(
        EvaluationRecord(key=key, digest="c1-0", verdict="scored", scores=scores)
    )
    writer.store_baseline(
        BaselineRecord(name=name, text="tanh(x)", digest="c1-0", evaluation_key=key)
    )


def test_top_says_which_baselines_are_beaten(database: Path) -> None:
    with ResultsDB.open(URL) as db, db.writer(RUN) as writer:
        for name, change in (("LN-ReLU", -0.1), ("SiLU", 0.0), ("tanh", 0.0)):
            scores = shifted(SCORES, change)
            if name == "SiLU":
                scores = {**scores, "resnet": SCORES["resnet"] + 0.1, "vit": 0.0}
            store_baseline(writer, name, scores)
    shown = succeed("top")
    assert "A layer found scores above LN-ReLU on every anchor." in shown
    assert "By the mean alone, one scores above SiLU." in shown
    assert "No layer found scores above BN-ReLU or tanh." in shown  # as good is not above
    assert "Search scores: validation accuracy" in shown
    beaten = {row["name"]: row["beaten"] for row in as_json("top") if row["kind"] == "baseline"}
    assert beaten == {
        "BN-ReLU": "no",
        "LN-ReLU": "everywhere",
        "SiLU": "by the mean",
        "rectifier": None,  # rejected
        "tanh": "no",
    }


def test_with_further_seeds_means_count_and_who_fell_beats_nobody(database: Path) -> None:
    """Candidate 3 was lucky on its first seed; 10 was better still, and then rejected."""
    lucky, fallen = {"repeat_of": 3, "attempts": 0}, {"repeat_of": 10, "attempts": 0}
    rows = [
        *(
            candidate(
                6 + i, BEST, Verdict.SCORED, scores=shifted(SCORES, -0.5), seed_index=1 + i, **lucky
            )
            for i in (0, 1)
        ),
        candidate(8, "max(x, 1)", Verdict.LOW_QUALITY),
        candidate(9, "max(x, v1)", Verdict.LOW_QUALITY),
        candidate(10, "x / rms[s](x)", Verdict.SCORED, scores=shifted(SCORES, 0.2)),
        candidate(11, "x / rms[s](x)", Verdict.UNSTABLE, seed_index=1, **fallen),
    ]
    with ResultsDB.open(URL) as db, db.writer(RUN) as writer:
        store_baseline(writer, "LN-ReLU", shifted(SCORES, -0.1))
        store_baseline(writer, "SiLU", shifted(PARENT_SCORES, -0.05))  # candidate 0 is above it
        writer.commit(rows)
    shown = succeed("top")
    assert "A layer found scores above SiLU on every anchor." in shown
    assert "No layer found scores above BN-ReLU or LN-ReLU." in shown
    assert "mean alone" not in shown
    assert "on one seed" not in shown
    assert "the mean where there are several seeds" in " ".join(shown.split())
    beaten = {row["name"]: row["beaten"] for row in as_json("top")}
    assert (beaten["LN-ReLU"], beaten["SiLU"]) == ("no", "everywhere")


def test_nearly_equal_layers_are_marked(database: Path) -> None:
    texts = (
        "tanh(x) * (x / rms[bs](x))",
        "tanh(x) * (x / rms[bs](x + std[s](0)))",  # an epsilon away
        "tanh(x) * (x / std[bs](x))",
        "tanh(x) * (x / rms[bs](x)) + std[s](0) * x",
    )
    with ResultsDB.open(URL) as db, db.writer(RUN) as writer:
        rows = [
            candidate(
                6 + i,
                text,
                Verdict.SCORED,
                scores=dict.fromkeys(SCORES, 0.9 - i / 100),
                fingerprint=fingerprint(plain_layer_class(canonical(parse(text)))),
            )
            for i, text in enumerate(texts)
        ]
        writer.commit(rows)
    with ResultsDB.open(URL) as db:
        found = leaderboard(db, RUN).found
    assert [entry.number for entry in found] == [6, 7, 8, 9, 3, 0]
    first = found[0].name
    assert [entry.like for entry in found] == [None, first, None, first, None, None]
    shown = succeed("top")
    assert shown.count(f"\u2248 {first}") == 2
    assert "\u2248 LAYER: their outputs differ by less than 1%." in shown
    assert [row["nearly_equal_to"] for row in as_json("top")][:3] == [None, first, None]
