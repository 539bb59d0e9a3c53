"""A run with candidates to rerank, and settings under which a training takes a fraction of a
second.
"""

from __future__ import annotations

from collections.abc import Sequence

from evonas.config import load_config
from results_db.records import CandidateRecord
from results_db.store import ResultsDB
from tests.evonas.small_database import candidate
from workers.verdict import Verdict

RUN = "searched"
SETTINGS = (
    "evaluation.training.steps=3",
    "evaluation.training.warmup=0",
    "evaluation.training.batch=8",
    *(f"evaluation.anchors.{name}.learning_rate=0.03" for name in ("resnet", "vit", "mobilenet")),
    "evaluation.anchors.vit.warmup=0",
    "evaluation.anchors.resnet.network={stem=4, widths=[4, 8], depths=[1, 1], strides=[2, 2]}",
    "evaluation.anchors.vit.network={patch=4, stem=4, width=8, depth=1, heads=2}",
    "evaluation.anchors.mobilenet.network={stem=4, widths=[4, 8], strides=[2, 2], head=8}",
    "evaluation.data={size=8, train=64, validation=64, test=32}",
    "evaluation.groups=2",
    "baselines=['BN-ReLU', 'GN-ReLU']",
)
OPTIONS = [part for setting in SETTINGS for part in ("--set", setting)]
OPTIONS += ["--preset", "quick", "--workers", "0"]
# In the order of their scores; the second equals the first, the third is a baseline.
FOUND = (
    "x * sigmoid(x) / std[bs](x)",
    "sigmoid(x) * x / std[bs](x)",
    "max(v1 * (x - mean[bs](x)) / std[bs](x) + v0, 0)",
    "max(x, 0) / rms[sc](x)",
    "tanh(x) / std[sg](x)",
)
FINGERPRINTS = ((1.0, 2.0), (1.0, 2.0), (), (3.0, 4.0), (5.0, 6.0))


def searched(
    url: str = "sqlite:///evonas.db", texts: Sequence[str] = FOUND, further: Sequence[str] = ()
) -> None:
    """Make the run; its candidates have falling scores."""
    config = load_config("quick", overrides=[*SETTINGS, *further])
    rows = [_row(number, text) for number, text in enumerate(texts)]
    with ResultsDB.open(url) as db:
        db.create_run(RUN, 0, config.to_dict(), budget=len(rows))
        with db.writer(RUN) as writer:
            writer.commit(rows)
            writer.set_state("finished")


def _row(number: int, text: str) -> CandidateRecord:
    scores = dict.fromkeys(("resnet", "vit", "mobilenet"), 0.9 - number / 100)
    values: tuple[float, ...] = (float(number), 1.0)
    if text in FOUND:
        values = FINGERPRINTS[FOUND.index(text)] or _of_batch_norm()
    return candidate(number, text, Verdict.SCORED, scores=scores, fingerprint=values)


def _of_batch_norm() -> tuple[float, ...]:
    from search_spaces.layer import plain_layer_class
    from search_spaces.zoo import zoo_graph
    from workers.fingerprint import fingerprint

    return fingerprint(plain_layer_class(zoo_graph("BN-ReLU")))
