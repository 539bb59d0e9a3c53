"""All that is known of a layer, as plain values."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from evonas.cli.property_words import flat_facts, property_facts
from evonas.layers import Layer, one_line, short
from evonas.leaderboard import ancestors, anchors_of, measured
from evonas.nearest import nearest_known
from evonas.reranked import Reranked, reranked
from results_db.records import FoundLayer
from results_db.repeats import mean_scores
from results_db.store import ResultsDB
from search_spaces.zoo import ZOO

_LISTS = ("found", "measured", "reranked", "properties", "nearest")


def layer_facts(layer: Layer, db: ResultsDB | None) -> dict[str, Any]:
    """All that is known of a layer, JSON-able."""
    nearest = None if layer.zoo else nearest_known(layer.graph)
    return {
        "formula": layer.text,
        "text": one_line(layer.text),
        "digest": layer.digest,
        "equal_to": layer.zoo,
        "source": ZOO[layer.zoo].source if layer.zoo else None,
        "nearest": asdict(nearest) if nearest else None,
        "properties": property_facts(layer.graph),
        "found": [
            {
                "run": found.run,
                "number": found.candidate.number,
                "verdict": found.candidate.verdict,
                "reason": found.candidate.reason,
                "scores": {
                    anchor: found.candidate.scores[anchor]
                    for anchor in anchors_of(db.run(found.run))
                    if anchor in found.candidate.scores
                },
                "mean": found.candidate.mean_score,
                **_further_seeds(found, db),
                "parent": found.candidate.parent,
                "donor": found.candidate.donor,
                "ancestors": [
                    {
                        "number": a.number,
                        "digest": short(a.digest),
                        "text": one_line(a.text),
                        "mean": a.mean_score,
                        "parent": a.parent,
                        "donor": a.donor,
                    }
                    for a in ancestors(db, found.run, found.candidate)
                ],
            }
            for found in layer.found
            if db is not None
        ],
        "measured": [] if db is None else _measured(layer, db),
        "reranked": [] if db is None else [_reranked(each) for each in reranked(db, layer.digest)],
    }


def _reranked(found: Reranked) -> dict[str, Any]:
    """How a layer did in a rerank; `said` is the same in words."""
    return {
        "run": found.run,
        "kind": found.kind,
        "place": found.place,
        "best": found.is_best,
        "seeds": found.seeds,
        "tests": {anchor: asdict(test) for anchor, test in found.standing.tests.items()},
        "failures": list(found.standing.failures),
        "better": found.better,
        "worse": found.worse,
        "said": str(found),
    }


def _further_seeds(found: FoundLayer, db: ResultsDB) -> dict[str, Any]:
    """How often a candidate was evaluated, the means over the seeds, and how each further one
    ended.
    """
    rows = db.repeats(found.run, of=found.candidate.number)
    seeds, means = mean_scores(found.candidate, rows)
    return {
        "seeds": seeds,
        "mean_scores": means,
        "further_seeds": [
            {
                "number": row.number,
                "seed": row.seed_index,
                "verdict": row.verdict,
                "reason": row.reason,
                "scores": row.scores,
            }
            for row in rows
        ],
    }


def _measured(layer: Layer, db: ResultsDB) -> list[dict[str, Any]]:
    """The scores of a layer as a baseline of runs."""
    return [
        {
            "run": run,
            "baseline": entry.name,
            "verdict": entry.verdict,
            "reason": entry.reason,
            "scores": {
                anchor: entry.scores[anchor]
                for anchor in anchors_of(db.run(run))
                if anchor in entry.scores
            },
            "mean": entry.mean,
        }
        for run, entry in measured(db, layer.digest)
    ]


def flat_rows(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """The same as rows of plain values, one for each run that found or measured the layer."""
    nearest = facts["nearest"] or {"name": facts["equal_to"], "distance": 0}
    row = {
        **{key: value for key, value in facts.items() if key not in _LISTS},
        "nearest": nearest["name"],
        "nearest_distance": nearest["distance"],
        **flat_facts(facts["properties"]),
    }
    scored = [*facts["found"], *facts["measured"]] or [{}]
    keys = ("run", "number", "baseline", "verdict", "reason", "parent", "donor")
    anchors = list(dict.fromkeys(anchor for place in scored for anchor in place.get("scores", ())))
    return [
        {
            **row,
            **{key: place.get(key) for key in keys},
            **{anchor: place.get("scores", {}).get(anchor) for anchor in anchors},
            "mean": place.get("mean"),
        }
        for place in scored
    ]
