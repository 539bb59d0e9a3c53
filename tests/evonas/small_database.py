"""A small database with one run, made through results_db as a search would."""

from __future__ import annotations

from evonas.config import load_config
from results_db import BaselineRecord, CandidateRecord, EvaluationRecord, ResultsDB
from search_spaces.canonical import canonical, digest
from search_spaces.codegen import generate
from search_spaces.graph import Graph
from search_spaces.text import parse
from search_spaces.text_printer import format_graph
from workers.verdict import Verdict

RUN = "first"
BEST = "a = x * sigmoid(v1 * x); a / std[bs](a + v0)"
SCORES = {"resnet": 0.75, "vit": 0.5, "mobilenet": 0.625}
PARENT_SCORES = {"resnet": 0.5, "vit": 0.25, "mobilenet": 0.375}


def candidate(number: int, text: str, verdict: Verdict, **fields: object) -> CandidateRecord:
    """A row with the digest, code and text that a search would store."""
    graph: Graph = parse(text)
    known: dict[str, object] = {
        "graph_json": graph.to_json(),
        "digest": digest(graph),
        "text": format_graph(canonical(graph)),
        "class_sha256": generate(canonical(graph)).class_sha256,
        "attempts": 10,
        "refused": {"stack": 6, "no path": 3},
        "fingerprint": (float(number),),
        "seconds": 1.5,
        "worker": "host:1",
    }
    return CandidateRecord(number=number, verdict=verdict, **{**known, **fields})  # type: ignore[arg-type]


HISTORY = (
    candidate(0, "x / std[bs](x)", Verdict.SCORED, scores=PARENT_SCORES),
    candidate(1, "exp(x)", Verdict.UNSTABLE, reason="gradient norm 3.2e+09 at step 4 on resnet"),
    candidate(2, "tanh(x)", Verdict.LOW_QUALITY, reason="accuracy 0.12 at step 60 on vit"),
    candidate(3, BEST, Verdict.SCORED, scores=SCORES, parent=0),
    candidate(4, "x / std[bs](x)", Verdict.DUPLICATE, duplicate_of=0, class_sha256=""),
    candidate(5, "x * x", Verdict.UNSTABLE, scores=SCORES, reason="gradient norm 1.0e+09"),
)


def make_database(url: str, *, state: str = "interrupted", budget: int = 20) -> None:
    """Fill the database with the run `first` and two of its baselines."""
    config = load_config("quick", overrides=[f"budget={budget}", "seed=7"])
    with ResultsDB.open(url) as db:
        db.create_run(RUN, config.seed, config.to_dict(), budget=config.budget)
        with db.writer(RUN) as writer:
            baselines = (
                ("BN-ReLU", Verdict.SCORED, {**SCORES, "resnet": 0.875}),
                ("rectifier", Verdict.UNSTABLE, {"resnet": 0.5}),
            )
            for name, verdict, scores in baselines:
                key, layer = f"key of {name}", digest(parse("max(x, 0)"))
                writer.store_evaluation(
                    EvaluationRecord(
                        key=key,
                        digest=layer,
                        verdict=verdict,
                        scores=scores,
                        class_sha256=generate(parse("max(x, 0)")).class_sha256,
                    )
                )
                writer.store_baseline(
                    BaselineRecord(name=name, text="max(x, 0)", digest=layer, evaluation_key=key)
                )
            writer.commit(HISTORY)
            writer.set_state(state)
