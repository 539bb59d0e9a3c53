"""The words of a rerank's table."""

from __future__ import annotations

import pytest

from evonas.cli.options import Format
from evonas.cli.rerank_listing import show_rerank
from results_db.records import AnchorResult, RerankedLayer, RerankRecord

TEST = (0.5, 0.25, 0.75)


def record(references: int) -> RerankRecord:
    """One layer found beside so many baselines, on one anchor."""
    names = {"found": ["mine"], "baseline": [f"known {n}" for n in range(references)]}
    layers = tuple(
        RerankedLayer(
            name=name,
            kind=kind,
            digest=name,
            text="x",
            results={"resnet": AnchorResult(rate=1.0, validation=0.5, test=TEST)},
        )
        for kind, several in names.items()
        for name in several
    )
    settings = {
        "seeds": len(TEST),
        "rate_seeds": 1,
        "rates": [1.0],
        "evaluation": {"anchors": [{"name": "resnet"}]},
    }
    return RerankRecord(run="run", key="key", settings=settings, layers=layers)


@pytest.mark.parametrize(("references", "said"), [(1, "1 comparison,"), (2, "2 comparisons,")])
def test_numbers_agree_with_their_nouns(
    capsys: pytest.CaptureFixture[str], references: int, said: str
) -> None:
    show_rerank(record(references), Format.TABLE)
    shown = capsys.readouterr().out
    assert said in shown
    assert "on 1 other seed. So is the order, but what failed comes last" in shown
